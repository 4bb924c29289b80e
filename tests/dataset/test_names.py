"""Names of genes, for the search, and of cells, for the tooltip."""

from __future__ import annotations

import json
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from cellucid.dataset import (
    AmbiguousGene,
    AnnDataDataset,
    Dataset,
    DatasetChanged,
    FieldRef,
    UnknownResource,
    open_dataset,
)
from cellucid.dataset.encode import quote_key


def small(n_cells: int = 4, **parts: Any) -> ad.AnnData:
    """An AnnData with a UMAP and five genes."""
    defaults = {
        "X": np.arange(n_cells * 5, dtype=np.float32).reshape(n_cells, 5),
        "obs": pd.DataFrame(index=[f"c{i}" for i in range(n_cells)]),
        "var": pd.DataFrame(index=list("ABCDE")),
        "obsm": {"X_umap": np.arange(n_cells * 2, dtype=float).reshape(n_cells, 2)},
    }
    return ad.AnnData(**(defaults | parts))


def read_json(dataset: Dataset, path: str) -> Any:
    return json.loads(bytes(dataset.read(path).data))


def test_each_matrix_lists_its_genes() -> None:
    adata = small(var=pd.DataFrame(index=[f"ENSG{i}" for i in range(5)]))
    adata.raw = adata.copy()
    adata = adata[:, :2].copy()
    adata.var_names = ["sym1", "sym2"]
    dataset = open_dataset(adata)
    raw = {"genes": [f"ENSG{i}" for i in range(5)], "ambiguous": 0}
    assert read_json(dataset, "var/genes.json") == raw
    assert read_json(dataset, "layers/raw/var/genes.json") == raw
    assert read_json(dataset, "layers/X/var/genes.json") == {"genes": ["sym1", "sym2"], "ambiguous": 0}
    assert dataset.read("layers/X/var/genes.json") is dataset.read("layers/X/var/genes.json")
    with pytest.raises(UnknownResource, match="no layer 'nope'; expected one of 'raw', 'X'"):
        dataset.read("layers/nope/var/genes.json")


HOSTILE = ["genes.json", "a/b", "..", "%41", "", "\ud800", "é", "genes.json.values.f32", 'a"b\\']


def test_whatever_genes_and_layers_are_called_each_listed_gene_can_be_read() -> None:
    x = np.arange(4 * len(HOSTILE), dtype=np.float32).reshape(4, -1)
    adata = small(X=x, var=pd.DataFrame(index=HOSTILE), layers={name: x * 2 for name in HOSTILE})
    dataset = open_dataset(adata)
    assert read_json(dataset, "var/genes.json") == {"genes": HOSTILE, "ambiguous": 0}
    for layer in HOSTILE:
        assert read_json(dataset, f"layers/{quote_key(layer)}/var/genes.json")["genes"] == HOSTILE
    for j, gene in enumerate(HOSTILE):
        assert np.array_equal(dataset.read(f"var/{quote_key(gene)}.values.f32").as_array(), x[:, j])
        assert np.array_equal(dataset.gene(gene, "a/b"), x[:, j] * 2)


def test_genes_whose_names_are_no_str_are_listed_and_read_as_str() -> None:
    adata = small()
    adata.var.index = pd.Index([7, "A", 2.5, None, "7"], dtype=object)  # anndata's own setters make some of them str
    with pytest.warns(UserWarning, match="1 gene names are not unique, for example '7'"):
        dataset = open_dataset(adata)
    assert read_json(dataset, "var/genes.json") == {"genes": ["A", "2.5", "None"], "ambiguous": 1}
    assert list(dataset.genes) == ["7", "A", "2.5", "None", "7"]
    assert dataset.gene("2.5").tolist() == [2, 7, 12, 17]
    assert dataset.resolve_field("None") == FieldRef("gene", "None")
    assert dataset.read("var/None.values.f32").as_array().tolist() == [3, 8, 13, 18]
    with pytest.raises(AmbiguousGene, match="2 columns are named '7': 0, 4"):
        dataset.gene("7")
    assert len(set(dataset.resources())) == len(dataset.resources())


def test_numbers_as_gene_names_are_listed_and_read_as_str() -> None:
    adata = small()
    adata.var.index = pd.RangeIndex(5)
    dataset = open_dataset(adata)
    assert read_json(dataset, "var/genes.json") == {"genes": ["0", "1", "2", "3", "4"], "ambiguous": 0}
    assert dataset.gene("3").tolist() == dataset.read("var/3.values.f32").as_array().tolist() == [3, 8, 13, 18]
    adata.var.index = pd.RangeIndex(1, 6)
    dataset.clear_cache()
    with pytest.raises(DatasetChanged, match="number 0 was 0 and is 1"):
        dataset.gene("3")


@pytest.mark.parametrize("x", [None, np.zeros((4, 0), dtype=np.float32)])
def test_without_genes_the_list_is_empty(x: Any) -> None:
    adata = ad.AnnData(x, obs=pd.DataFrame(index=list("abcd")), obsm={"X_umap": np.zeros((4, 2))})
    dataset = open_dataset(adata)
    assert read_json(dataset, "var/genes.json") == {"genes": [], "ambiguous": 0}
    if x is None:
        with pytest.raises(UnknownResource, match="no matrix"):
            dataset.read("layers/X/var/genes.json")


def names_of(dataset: Dataset) -> list[str]:
    """All cell names, by the blocks that the manifest tells of."""
    listing = read_json(dataset, "manifest.json")["cell_names"]
    paths = [listing["path"].format(block=block) for block in range(-(-dataset.n_cells // listing["block"]))]
    assert [path for path in dataset.resources() if path.startswith("cells/")] == paths
    blocks = [read_json(dataset, path)["names"] for path in paths]
    assert all(len(block) == listing["block"] for block in blocks[:-1])
    return [name for block in blocks for name in block]


@pytest.mark.parametrize(("n_cells", "n_blocks"), [(1, 1), (1023, 1), (1024, 1), (1025, 2), (2048, 2)])
def test_cell_names_come_in_blocks(n_cells: int, n_blocks: int) -> None:
    dataset = open_dataset(small(n_cells))
    assert read_json(dataset, "manifest.json")["cell_names"] == {"path": "cells/names.{block}.json", "block": 1024}
    assert names_of(dataset) == [f"c{i}" for i in range(n_cells)]
    for unknown in (n_blocks, -1, "00", "0.5", "", "{block}"):
        with pytest.raises(UnknownResource, match="there is no resource"):
            dataset.read(f"cells/names.{unknown}.json")


def test_cell_names_are_those_of_the_opening() -> None:
    adata = small()
    dataset = open_dataset(adata)
    adata.obs_names = list("wxyz")
    assert names_of(dataset) == ["c0", "c1", "c2", "c3"]
    adata._inplace_subset_obs([0])
    dataset.clear_cache()
    assert names_of(dataset) == ["c0", "c1", "c2", "c3"]
    assert names_of(dataset.reopen()) == ["w"]


def test_cell_names_are_told_as_str() -> None:
    adata = small()
    for names in (pd.RangeIndex(4), pd.Index([1, "a/b", None, 2.5], dtype=object), pd.CategoricalIndex(list("abcd"))):
        adata.obs.index = names
        assert names_of(open_dataset(adata)) == [str(name) for name in names]


def test_names_that_the_dataset_does_not_keep_are_not_in_the_manifest() -> None:
    class Nameless(AnnDataDataset):
        cell_names = None
        has_cell_names = False

    assert read_json(Nameless(small()), "manifest.json")["cell_names"] is None
