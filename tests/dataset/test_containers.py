"""Whatever the cells are stored in, the dataset is the same."""

from __future__ import annotations

import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from containers import CONTAINERS, ON_DISK, opened, store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from cellucid.dataset import Dataset, elements, open_dataset

N, GENES = 60, 7


def sample() -> ad.AnnData:
    """Every kind of part that is shown, and that anndata writes."""
    random = np.random.default_rng(5)
    counts = random.poisson(0.4, (N, GENES)).astype(np.float32)
    adata = ad.AnnData(
        sparse.csr_matrix(counts),
        obs=pd.DataFrame(
            {
                "leiden": pd.Categorical([str(i % 3) for i in range(N)], categories=["2", "0", "1", "unused"]),
                "some": pd.Categorical(["a", None, "b"] * (N // 3)),
                "flag": [i % 4 == 0 for i in range(N)],
                "maybe": pd.array([True, None, False] * (N // 3), dtype="boolean"),
                "score": np.where(np.arange(N) % 7, random.normal(size=N), np.nan),
                "count": random.integers(0, 9, N),
                "whole": pd.array([1, None, 3] * (N // 3), dtype="Int64"),
                "a b": np.full(N, 7.5),
                "nothing": np.full(N, np.nan),
                "barcode": [f"bc{i}" for i in range(N)],
                "level": pd.Categorical(np.arange(N) % 4),
                "dose": pd.Categorical(np.array([0.1, 2.0, 1e-7], dtype=np.float32)[np.arange(N) % 3]),
            },
            index=[f"cell-{i}" for i in range(N)],
        ),
        var=pd.DataFrame(
            {
                "symbol": [f"S{j}" for j in range(GENES)],
                "feature_types": "Gene Expression",
                "highly": [True, *[False] * (GENES - 1)],
            },
            index=[f"G{j}" for j in range(GENES)],
        ),
        obsm={
            "X_pca": random.normal(size=(N, 5)),
            "X_umap": np.where(np.arange(N)[:, None] % 9, random.normal(size=(N, 2)), np.nan),
            "spatial": random.integers(0, 99, (N, 2)),
            "pseudotime": random.normal(size=(N, 1)),
            # Alike in rank, and in another order than by name.
            "X_map10": random.normal(size=(N, 2)),
            "X_map9": random.normal(size=(N, 2)),
            "X_map09": random.normal(size=(N, 2)),
            "sparse": sparse.csr_matrix(np.eye(N, 4)),
            "frame": pd.DataFrame({"x": np.arange(N), "y": -1.0}, index=[f"cell-{i}" for i in range(N)]),
        },
        layers={"z": sparse.csr_matrix(counts * 5), "counts": sparse.csr_matrix(counts * 2)},
    )
    adata.raw = ad.AnnData(
        sparse.csr_matrix(np.hstack([counts, counts]) * 3),
        obs=pd.DataFrame(index=adata.obs_names),
        var=pd.DataFrame({"symbol": [f"T{j}" for j in range(2 * GENES)]}, index=[f"R{j}" for j in range(2 * GENES)]),
    )
    adata.uns["leiden_colors"] = ["#000001", "#000002", "#000003", "#000004"]
    adata.uns["some_colors"] = ["red", "nonsense"]
    return adata


def everything(dataset: Dataset) -> dict[str, Any]:
    """All that a dataset says, in a form that compares."""
    said: dict[str, Any] = {"id": dataset.id, "n_cells": dataset.n_cells, "n_genes": dataset.n_genes}
    said["manifest"] = json.loads(bytes(dataset.read("manifest.json").data)) | {"name": ""}
    said["embeddings"] = {key: dataset.coordinates(key).tolist() for key in [*dataset.embeddings, "X_pca:2,5"]}
    said["fields"] = [(f.key, f.kind, f.categories, f.colors, f.range, f.n_categories) for f in dataset.fields]
    said["obs"] = {field.key: dataset.obs(field.key).astype(object).tolist() for field in dataset.fields}
    said["resources"] = {
        path: bytes(dataset.read(path).data)
        for path in dataset.resources()
        if path not in ("manifest.json", "dataset_identity.json")
    }
    said["layers"] = (dataset.layers, dataset.default_layer)
    said["genes"] = list(dataset.genes)
    said["values"] = {
        (layer, gene): dataset.gene(gene, layer).tolist()
        for layer, genes in (("raw", ("R0", "R13", "T3")), ("X", ("G3", "S6")), ("counts", ("G0",)))
        for gene in genes
    }
    said["names"] = list(dataset.cell_names)
    said["query"] = dataset.query("leiden == '0' and score > 0 and flag").tolist()
    said["subset"] = list(dataset.subset(np.array([5, 3])).obs_names)
    # NaN is not equal to itself, but its repr is.
    return {key: repr(value) for key, value in said.items()}


@pytest.fixture(scope="module")
def adata() -> ad.AnnData:
    return sample()


@pytest.fixture(scope="module")
def expected(adata: ad.AnnData) -> dict[str, Any]:
    with pytest.warns(UserWarning, match="'nonsense', which is not a colour"):
        return everything(open_dataset(adata))


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_says_the_same(
    container: str, adata: ad.AnnData, expected: dict[str, Any], tmp_path: Path
) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with opened(adata, container, tmp_path) as dataset:
            said = everything(dataset)
            kind = container.split("-")[0]
            assert dataset.storage == (kind if kind in ("h5ad", "zarr", "backed") else "in-memory")
            assert dataset.name == (container if container in ON_DISK else "AnnData")
    assert sum("'nonsense', which is not a colour" in str(warning.message) for warning in warned) == 1
    for part, value in expected.items():
        assert said[part] == value, part


def test_what_a_category_of_float32_reads_as_is_what_was_written(adata: ad.AnnData) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = open_dataset(adata)
    [dose] = [field for field in dataset.fields if field.key == "dose"]
    assert dose.categories == ("1e-07", "0.1", "2.0")
    assert list(dataset.obs("dose")[:3]) == ["0.1", "2.0", "1e-07"]


@pytest.mark.parametrize("container", ["csr", "backed-csc-plain", "h5ad-csr-plain", "zarr-csr-v2"])
def test_without_raw_and_x_genes_come_from_the_same_layer(container: str, tmp_path: Path) -> None:
    data = ad.AnnData(
        obs=pd.DataFrame(index=list("abc")),
        var=pd.DataFrame(index=["G"]),
        obsm={"X_umap": np.zeros((3, 2))},
        layers={name: np.full((3, 1), value, dtype=np.float32) for name, value in (("z", 1), ("a", 2), ("B", 3))},
    )
    with opened(data, container, tmp_path) as dataset:
        assert (dataset.layers, dataset.default_layer) == (["B", "a", "z"], "B")
        assert dataset.gene("G").tolist() == [3, 3, 3]


@pytest.mark.parametrize("n_words", [40, 1_500])
@pytest.mark.parametrize("container", ["h5ad-csr-gzip", "zarr-csr-v2"])
def test_columns_of_words_are_the_same(
    container: str, n_words: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elements, "ROWS_A_STEP", 100)
    words = np.random.default_rng(1).permutation(np.resize([f"w{i}" for i in range(n_words)], 1_600)).astype(object)
    some = pd.array(np.where(np.arange(1_600) % 3, words, None), dtype="string")
    data = ad.AnnData(
        obs=pd.DataFrame({"all": words, "some": some}, index=[f"c{i}" for i in range(1_600)]),
        obsm={"X_umap": np.zeros((1_600, 2))},
    )
    path = tmp_path / f"words.{container.split('-')[0]}"
    with ad.settings.override(allow_write_nullable_strings=True):
        (data.write_h5ad if path.suffix == ".h5ad" else data.write_zarr)(path, convert_strings_to_categoricals=False)
    with open_dataset(data) as expected, open_dataset(path) as dataset:
        for field, other in zip(dataset.fields, expected.fields, strict=True):
            assert field.n_categories == other.n_categories
            assert field.categories == other.categories
            assert dataset.obs(field.key).equals(expected.obs(field.key))


def test_what_is_wrong_with_colours_is_told_to_whoever_opens_the_file(adata: ad.AnnData, tmp_path: Path) -> None:
    path = store(adata, "h5ad-csr-plain", tmp_path)
    with pytest.warns(UserWarning, match="'nonsense'") as warned:
        open_dataset(path)
    assert [warning.filename for warning in warned] == [__file__]


def test_threads_read_the_same_of_a_file(adata: ad.AnnData, tmp_path: Path) -> None:
    for container in ("h5ad-csr-gzip", "zarr-csc-zip"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with opened(adata, container, tmp_path) as dataset, opened(adata, "csr", tmp_path) as expected:
                paths = [path for path in dataset.resources() if not path.endswith(("manifest.json", "identity.json"))]
                with ThreadPoolExecutor(8) as pool:
                    found = list(pool.map(dataset.read, paths * 3))
                for path, resource in zip(paths * 3, found, strict=True):
                    assert bytes(resource.data) == bytes(expected.read(path).data), path


def test_a_thread_that_holds_the_lock_reads_a_gene_that_another_is_reading(adata: ad.AnnData, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with opened(adata, "h5ad-csr-plain", tmp_path) as dataset, ThreadPoolExecutor(1) as pool:
            with dataset.lock:
                other = pool.submit(dataset.gene, "G3", "X")  # begins, and has to wait for the lock
                mine = dataset.gene("G3", "X")
            assert np.array_equal(other.result(timeout=30), mine)


names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=6
)


@st.composite
def anndatas(draw: st.DrawFn) -> ad.AnnData:
    """Any AnnData that anndata writes, small."""
    n, n_genes = draw(st.integers(1, 9)), draw(st.integers(1, 4))

    def one_each(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    numbers = st.floats(width=32)
    kinds: dict[str, Any] = {
        "number": lambda: np.array(one_each(numbers)),
        "count": lambda: np.array(one_each(st.integers(-(2**40), 2**40))),
        "flag": lambda: np.array(one_each(st.booleans())),
        "maybe": lambda: pd.array(one_each(st.sampled_from([True, False, None])), dtype="boolean"),
        "whole": lambda: pd.array(one_each(st.one_of(st.none(), st.integers(0, 99))), dtype="Int64"),
        "word": lambda: one_each(st.sampled_from(["b", "a", "c10", "c9"])),
        "category": lambda: pd.Categorical(
            one_each(st.sampled_from(["x", "y", None])), categories=draw(st.permutations(["x", "y", "unused"]))
        ),
        "level": lambda: pd.Categorical(one_each(st.integers(0, 3))),
    }
    labels = draw(
        st.lists(st.tuples(names, st.sampled_from(sorted(kinds))), max_size=4, unique_by=lambda pair: pair[0])
    )
    reserved = {"_index", "__categories"}
    obs = {label: kinds[kind]() for label, kind in labels if label not in reserved and label.strip(".") != ""}
    matrix = np.array([one_each(st.sampled_from([0, 0, 1, 2.5])) for _ in range(n_genes)], dtype=np.float32).T
    columns = draw(st.integers(1, 4))
    return ad.AnnData(
        sparse.csr_matrix(matrix),
        obs=pd.DataFrame(obs, index=[f"{i} {draw(names)}" for i in range(n)]),
        var=pd.DataFrame(index=[f"{j} {draw(names)}" for j in range(n_genes)]),
        obsm={"X_any": np.array([one_each(st.floats(-9, 9)) for _ in range(columns)]).T},
    )


def values(dataset: Dataset) -> dict[str, str]:
    said = {path: bytes(dataset.read(path).data).hex() for path in dataset.resources() if not path.endswith("ty.json")}
    said["fields"] = repr([(f.key, f.kind, f.categories, f.colors, f.range) for f in dataset.fields])
    return said | {"id": dataset.id, "names": repr(list(dataset.cell_names))}


@given(adata=anndatas())
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_any_anndata_is_the_same_in_memory_and_in_files(adata: ad.AnnData) -> None:
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.strings_to_categoricals()  # as writing does
        expected = values(open_dataset(adata, name="any"))
        for container in ("h5ad-csc-gzip", "backed-dense-plain", "zarr-csr-v2"):
            with opened(adata, container, Path(folder), name="any") as dataset:
                assert values(dataset) == expected


@pytest.mark.parametrize("container", ["csr", "backed-csr-plain", "h5ad-csc-gzip", "zarr-csr-v2"])
def test_what_an_export_needs_beside_is_the_same(container: str, adata: ad.AnnData, tmp_path: Path) -> None:
    adata = adata.copy()
    adata.obsp["connectivities"] = sparse.csr_matrix(np.eye(N))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with opened(adata, container, tmp_path) as dataset:
            block = dataset.gene_block(["G3", "S1"], "X")
            assert np.array_equal(block, [dataset.gene("G3", "X"), dataset.gene("G1", "X")])
            assert list(dataset.aligned("obsm")) == (list(adata.obsm) if container == "csr" else sorted(adata.obsm))
            assert np.array_equal(dataset.aligned("obsm")["X_pca"], adata.obsm["X_pca"])
            assert (dataset.aligned("obsp")["connectivities"] != adata.obsp["connectivities"]).nnz == 0
