"""Genes by any name that is theirs alone: var_names, symbols, Ensembl ids."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from containers import opened, store

from cellucid.dataset import (
    AmbiguousGene,
    DatasetChanged,
    DatasetError,
    FieldRef,
    UnknownField,
    UnknownResource,
    open_dataset,
)
from cellucid.dataset.stored_source import StoredSource
from cellucid.export import prepare

ENSEMBL = ["ENSG1", "ENSG2", "ENSG3", "ENSG4", "ENSG5"]
SYMBOLS = ["CD3D", "TBCE", "TBCE", None, "MS4A1"]


def by_ensembl(**columns: Any) -> ad.AnnData:
    var = pd.DataFrame({"symbol": SYMBOLS, "feature_types": "Gene Expression", **columns}, index=ENSEMBL)
    return ad.AnnData(
        np.arange(20, dtype=np.float32).reshape(4, 5),
        obs=pd.DataFrame({"MS4A1": [1.0, 2, 3, 4]}, index=list("wxyz")),
        var=var,
        obsm={"X_umap": np.eye(4, 2)},
    )


def by_symbol() -> ad.AnnData:
    adata = by_ensembl()
    adata.var = pd.DataFrame({"gene_ids": ENSEMBL}, index=["CD3D", "TBCE", "TBCE", "x", "MS4A1"])
    return adata


@pytest.mark.parametrize("container", ["dense", "h5ad-csc-gzip", "zarr-csr-v2"])
def test_a_gene_is_found_by_every_column_of_var_that_names_it(container: str, tmp_path: Path) -> None:
    with opened(by_ensembl(), container, tmp_path) as dataset:
        assert dataset.gene("CD3D").tolist() == dataset.gene("ENSG1").tolist() == [0, 5, 10, 15]
        assert dataset.resolve_field("CD3D") == FieldRef("gene", "ENSG1")
        assert dataset.resolve_field("gene:CD3D", "X") == FieldRef("gene", "ENSG1")
        assert dataset.resolve_field("MS4A1") == FieldRef("obs", "MS4A1")
        assert dataset.resolve_field("gene:MS4A1") == FieldRef("gene", "ENSG5")
        assert dataset.read("var/CD3D.values.f32").as_array().tolist() == [0, 5, 10, 15]
        assert list(dataset.genes) == ENSEMBL
        with pytest.raises(UnknownField, match="Close matches: 'CD3D'"):
            dataset.resolve_field("cd3d")
        for no_name in ("Gene Expression", ""):
            with pytest.raises(UnknownField):
                dataset.gene(no_name)


def test_a_symbol_of_several_genes_names_them_apart() -> None:
    dataset = open_dataset(by_ensembl())
    for attempt in (dataset.gene, dataset.resolve_field):
        with pytest.raises(AmbiguousGene, match="2 genes are 'TBCE' in 'symbol': name one of 'ENSG2', 'ENSG3'"):
            attempt("TBCE")
    assert dataset.gene("ENSG3").tolist() == [2, 7, 12, 17]


@pytest.mark.filterwarnings("ignore:.*names are not unique:UserWarning")
def test_var_names_of_several_genes_are_told_apart_by_another_column() -> None:
    dataset = open_dataset(by_symbol())
    with pytest.raises(AmbiguousGene, match=r"2 columns are named 'TBCE': 1, 2. Name one by 'gene_ids': 'ENSG2', 'ENS"):
        dataset.gene("TBCE")
    assert dataset.gene("ENSG3").tolist() == [2, 7, 12, 17]
    assert dataset.gene("ENSG2").tolist() == [1, 6, 11, 16]
    assert dataset.resolve_field("ENSG3") == FieldRef("gene", "ENSG3")  # TBCE would not say which
    assert dataset.read("var/ENSG3.values.f32").as_array().tolist() == [2, 7, 12, 17]
    assert dataset.resolve_field("ENSG1") == FieldRef("gene", "CD3D")


@pytest.mark.parametrize("container", ["dense", "h5ad-csc-gzip", "zarr-csr-v2"])
def test_gene_symbols_are_shown_where_they_are_clear(container: str, tmp_path: Path) -> None:
    with opened(by_ensembl(), container, tmp_path, gene_symbols="symbol") as dataset:
        shown = ["CD3D", "ENSG2", "ENSG3", "ENSG4", "MS4A1"]
        assert list(dataset.genes) == shown
        assert json.loads(bytes(dataset.read("var/genes.json").data)) == {"genes": shown, "ambiguous": 0}
        assert dataset.gene("MS4A1").tolist() == dataset.gene("ENSG5").tolist() == [4, 9, 14, 19]
        assert dataset.resolve_field("ENSG5") == FieldRef("gene", "MS4A1")
        assert "var/MS4A1.values.f32" in dataset.resources()
        with pytest.raises(AmbiguousGene, match="name one of 'ENSG2', 'ENSG3'"):
            dataset.gene("TBCE")
        assert list(dataset.reopen().genes) == shown


def test_symbols_are_those_of_the_matrix_that_has_them() -> None:
    adata = by_ensembl()
    adata.raw = adata.copy()
    adata = adata[:, [4, 0]].copy()
    del adata.var["symbol"]
    dataset = open_dataset(adata, gene_symbols="symbol")
    assert dataset.gene("CD3D").tolist() == [0, 5, 10, 15]
    assert dataset.gene("ENSG1", "X").tolist() == [0, 5, 10, 15]
    with pytest.raises(UnknownField):
        dataset.gene("CD3D", "X")


def test_a_symbol_that_is_another_genes_name_is_not_taken() -> None:
    adata = by_ensembl(other=["ENSG2", "B", "C", "D", "E"])
    dataset = open_dataset(adata, gene_symbols="other")
    assert list(dataset.genes) == ["ENSG1", "B", "C", "D", "E"]
    assert dataset.gene("ENSG2").tolist() == [1, 6, 11, 16]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("nope", r"there is no column 'nope' of text in var; it has 'symbol', 'feature_types', 'n'"),
        ("n", "the column 'n' of var does not name the genes"),
        ("feature_types", "the column 'feature_types' of var does not name the genes"),
    ],
)
def test_symbols_that_are_none_are_refused(column: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=f"gene_symbols: {reason}"):
        open_dataset(by_ensembl(n=np.arange(5)), gene_symbols=column)


def test_genes_that_have_other_names_by_now_are_not_found_by_their_symbols() -> None:
    adata = by_ensembl()
    dataset = open_dataset(adata)
    adata.var_names = ENSEMBL[::-1]
    with pytest.raises(DatasetError):
        dataset.gene("CD3D")


# ---- the other names as the viewer's search reads them ----


def other_names(dataset: Any, path: str = "var/other_names.json") -> list[dict[str, Any]]:
    return list(json.loads(bytes(dataset.read(path).data))["columns"])


@pytest.mark.parametrize("container", ["dense", "h5ad-csc-gzip", "zarr-csr-v2"])
def test_other_names_are_a_resource_in_the_order_of_the_genes(container: str, tmp_path: Path) -> None:
    with opened(by_ensembl(), container, tmp_path) as dataset:
        assert "var/other_names.json" in dataset.resources()
        symbols = {"column": "symbol", "names": ["CD3D", "TBCE", "TBCE", "", "MS4A1"]}
        assert other_names(dataset) == other_names(dataset, "layers/X/var/other_names.json") == [symbols]
        assert list(dataset.other_gene_names()["symbol"]) == symbols["names"]
        with pytest.raises(UnknownResource):
            dataset.read("layers/nope/var/other_names.json")
    (tmp_path / "symbols").mkdir()
    with opened(by_ensembl(), container, tmp_path / "symbols", gene_symbols="symbol") as dataset:
        assert other_names(dataset) == [
            {"column": "var_names", "names": ["ENSG1", "", "", "", "ENSG5"]},
            {"column": "symbol", "names": ["", "TBCE", "TBCE", "", ""]},
        ]


@pytest.mark.filterwarnings("ignore:.*names are not unique:UserWarning")
def test_other_names_are_those_of_the_genes_that_can_be_shown() -> None:
    dataset = open_dataset(by_symbol())
    assert json.loads(bytes(dataset.read("var/genes.json").data))["genes"] == ["CD3D", "x", "MS4A1"]
    assert other_names(dataset) == [{"column": "gene_ids", "names": ["ENSG1", "ENSG4", "ENSG5"]}]


def test_texts_too_long_to_be_names_are_left_out_and_so_are_columns_beyond_a_few() -> None:
    described = by_ensembl(
        description=[f"the {number}th of many genes, described at some length" for number in "12345"]
    )
    assert [column["column"] for column in other_names(open_dataset(described))] == ["symbol"]
    assert open_dataset(described).gene(described.var["description"].iloc[1]).tolist() == [1, 6, 11, 16]
    many = by_ensembl(**{f"c{number}": [f"{number}-{gene}" for gene in range(5)] for number in range(20)})
    assert len(other_names(open_dataset(many))) == 8


def test_other_names_of_genes_that_have_changed_are_refused() -> None:
    adata = by_ensembl()
    dataset = open_dataset(adata)
    adata.var_names = ENSEMBL[::-1]
    with pytest.raises(DatasetChanged):
        dataset.read("var/other_names.json")


def test_data_without_genes_or_without_other_names_have_an_empty_list() -> None:
    nothing = ad.AnnData(obs=pd.DataFrame(index=list("wxyz")), obsm={"X_umap": np.eye(4, 2)})
    assert other_names(open_dataset(nothing)) == []
    plain = by_ensembl()
    del plain.var["symbol"]
    assert other_names(open_dataset(plain)) == []


def test_an_export_keeps_the_other_names_of_its_genes(tmp_path: Path) -> None:
    folder = prepare(by_ensembl(), tmp_path / "all", compression=6, progress=False)
    with open_dataset(folder) as dataset:
        assert other_names(dataset) == [{"column": "symbol", "names": ["CD3D", "TBCE", "TBCE", "", "MS4A1"]}]
        assert dataset.resolve_field("CD3D") == FieldRef("gene", "ENSG1")
        assert dataset.gene("CD3D").tolist() == [0, 5, 10, 15]
        assert dataset.read("var/CD3D.values.f32").as_array().tolist() == [0, 5, 10, 15]
        with pytest.raises(AmbiguousGene, match="name one of 'ENSG2', 'ENSG3'"):
            dataset.resolve_field("TBCE")
        with pytest.raises(UnknownField, match="Close matches: 'CD3D'"):
            dataset.resolve_field("cd3d")
        again = prepare(dataset, tmp_path / "again", genes=["ENSG5", "ENSG1"], progress=False)
    assert other_names(open_dataset(again)) == [{"column": "symbol", "names": ["MS4A1", "CD3D"]}]
    (again / "additions/gene_names.json").write_text('[{"column":"symbol","names":["MS4A1"]}]  ')
    for read in (lambda one: one.read("var/other_names.json"), lambda one: one.resolve_field("CD3D")):
        with pytest.raises(DatasetError, match=r"again/additions/gene_names\.json"):
            read(open_dataset(again))


def test_an_export_from_before_has_none(tmp_path: Path) -> None:
    folder = prepare(by_ensembl(), tmp_path / "old", progress=False)
    document = json.loads((folder / "additions.json").read_text())
    del document["gene_names"], document["written_by"]
    (folder / "additions.json").write_text(json.dumps(document))
    dataset = open_dataset(folder)
    assert other_names(dataset) == []
    assert dataset.cell_names is not None  # the rest of what it adds is there
    with pytest.raises(UnknownField):
        dataset.resolve_field("CD3D")


def test_a_name_is_looked_up_while_another_thread_reads_a_gene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_var = StoredSource.var
    reading: list[Thread] = []

    def var(source: StoredSource, layer: str | None) -> pd.DataFrame:
        if not reading:
            reading.append(Thread(target=dataset.gene, args=("ENSG3",), daemon=True))
            reading[0].start()
            reading[0].join(0.5)  # as far as it comes: it needs the data, and then the names
        return read_var(source, layer)

    monkeypatch.setattr(StoredSource, "var", var)
    dataset = open_dataset(store(by_ensembl(), "h5ad-csc-gzip", tmp_path))
    found: list[FieldRef] = []
    looking = Thread(target=lambda: found.append(dataset.resolve_field("CD3D")), daemon=True)
    looking.start()
    looking.join(30)
    assert found == [FieldRef("gene", "ENSG1")]
    reading[0].join(30)
    assert not reading[0].is_alive()
    dataset.close()
