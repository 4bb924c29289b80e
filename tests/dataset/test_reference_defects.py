"""What the reference package gets wrong when it reads an AnnData: rows A1-A10 and those E1-E24 that concern reading."""

from __future__ import annotations

import json
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from containers import opened, store
from scipy import sparse

from cellucid.dataset import AmbiguousGene, DatasetChanged, DatasetError, UnknownLayer, open_dataset
from cellucid.dataset.anndata import CACHE_BYTES

N = 12


def small(n: int = N, **parts: Any) -> ad.AnnData:
    rows = np.arange(n, dtype=np.float32)
    defaults: dict[str, Any] = {
        "X": sparse.csr_matrix(np.outer(rows, [1, 10, 100]).astype(np.float32)),
        "obs": pd.DataFrame({"score": rows}, index=[f"c{i}" for i in range(n)]),
        "var": pd.DataFrame(index=list("ABC")),
        "obsm": {"X_umap": np.column_stack([rows, -rows])},
    }
    return ad.AnnData(**(defaults | parts))


@pytest.mark.parametrize("container", ["backed-csr-plain", "backed-csc-plain", "backed-dense-plain"])
def test_a01_genes_of_the_users_own_backed_anndata_are_read(container: str, tmp_path: Path) -> None:
    with opened(small(), container, tmp_path) as dataset:
        assert dataset.gene("B").tolist() == [10 * i for i in range(N)]


def test_a02_a_gene_that_was_read_is_not_read_again(tmp_path: Path) -> None:
    with opened(small(), "h5ad-csr-gzip", tmp_path) as dataset:
        first = dataset.read("var/B.values.f32")
        assert dataset.read("var/B.values.f32") is first
        assert dataset._source.matrix("X") is dataset._source.matrix("X")


def test_a03_a_zarr_is_not_loaded_to_be_opened(tmp_path: Path) -> None:
    n = 20_000
    adata = small(n, X=np.ones((n, 200), dtype=np.float32), var=pd.DataFrame(index=[f"g{j}" for j in range(200)]))
    path = store(adata, "zarr-dense-v2", tmp_path)
    open_dataset(path).close()  # what is needed only once
    tracemalloc.start()
    dataset = open_dataset(path)
    dataset.read("manifest.json")
    dataset.read("embeddings/X_umap.f32")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < adata.X.nbytes / 3
    assert dataset.gene("g7").tolist() == [1] * n


def test_a04_arrows_are_no_picture_to_begin_with_and_a_wrong_key_is_refused() -> None:
    adata = small(obsm={"velocity_umap": np.ones((N, 2)), "X_umap": np.eye(N, 2), "X_pca": np.eye(N, 5)})
    assert open_dataset(adata).embeddings == ["X_umap", "X_pca", "velocity_umap"]
    with pytest.raises(DatasetError, match="no embedding 'X_scvi'"):
        open_dataset(adata).coordinates("X_scvi")


def test_a05_what_is_kept_is_bounded_by_bytes_and_nothing_stale_is_shown() -> None:
    adata = small()
    dataset = open_dataset(adata)
    assert dataset._cache._max_bytes == CACHE_BYTES == 256 << 20
    adata.obsm["X_umap"] = adata.obsm["X_umap"] + 1
    with pytest.raises(DatasetChanged):
        dataset.coordinates("X_umap")
    assert dataset.reopen().coordinates("X_umap")[0].tolist() == [1, 1]


def test_a06_nothing_of_the_graph_is_read_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.dataset import elements, stored_source

    adata = small()
    adata.obsp["connectivities"] = sparse.csr_matrix(np.ones((N, N)))
    path = store(adata, "h5ad-csr-plain", tmp_path)
    read: list[str] = []
    for module in (elements, stored_source):
        monkeypatch.setattr(
            module, "read_elem", lambda node, known=module.read_elem: read.append(node.name) or known(node)
        )
    dataset = open_dataset(path)
    for resource in ("manifest.json", "dataset_identity.json", "embeddings/X_umap.f32", "obs/score.values.f32"):
        dataset.read(resource)
    assert read == ["/obs/score"]


@pytest.mark.filterwarnings("ignore:.*names are not unique:UserWarning")
def test_a07_a_column_of_symbols_that_is_not_there_fails_at_once_and_repeated_genes_are_told_apart() -> None:
    with pytest.raises(DatasetError, match="gene_symbols: there is no column 'symbol'"):
        open_dataset(small(), gene_symbols="symbol")
    twice = open_dataset(small(var=pd.DataFrame({"ids": ["I1", "I2", "I3"]}, index=list("AAB"))))
    with pytest.raises(AmbiguousGene, match="Name one by 'ids': 'I1', 'I2'"):
        twice.gene("A")
    assert [twice.gene(name)[1] for name in ("I1", "I2", "B")] == [1, 10, 100]


def test_a08_layers_and_raw_can_be_chosen_and_the_colours_of_uns_are_shown() -> None:
    adata = small(layers={"twice": small().X * 2})
    adata.raw = ad.AnnData(adata.X * 3, obs=adata.obs, var=adata.var)
    adata.obs["leiden"] = pd.Categorical(list("ab") * (N // 2))
    adata.uns["leiden_colors"] = ["#123456", "tomato"]
    dataset = open_dataset(adata)
    assert [dataset.gene("A", layer)[1] for layer in (None, "raw", "X", "twice")] == [3, 3, 1, 2]
    assert dataset.fields[1].colors == ("#123456", "#ff6347")
    with pytest.raises(UnknownLayer, match="'spliced'; expected one of 'raw', 'X', 'twice'"):
        dataset.gene("A", "spliced")


@pytest.mark.parametrize("container", ["csr", "backed-csr-plain", "h5ad-csr-plain", "zarr-csr-v2"])
def test_a09_no_cells_are_refused_at_once(container: str, tmp_path: Path) -> None:
    with (
        pytest.raises(DatasetError, match=r"there is nothing to show: .* has 0 cells"),
        opened(small(0), container, tmp_path),
    ):
        pass


def test_a10_the_manifest_is_made_once_and_of_one_look_at_each_column(monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.dataset import object_source

    looked: list[str] = []
    make_field = object_source.make_field
    monkeypatch.setattr(object_source, "make_field", lambda key, *rest: looked.append(key) or make_field(key, *rest))
    dataset = open_dataset(small())
    assert dataset.read("manifest.json") is dataset.read("manifest.json")
    assert looked == ["score"]


# ---- what an export gets wrong already when it reads: the writing is tested beside `prepare` ----


def test_e01_vectors_and_coordinates_of_the_user_are_not_scaled_in_place() -> None:
    adata = small()
    before = adata.obsm["X_umap"].copy()
    dataset = open_dataset(adata)
    assert not np.shares_memory(dataset.coordinates("X_umap"), adata.obsm["X_umap"])
    assert np.array_equal(adata.obsm["X_umap"], before)


@pytest.mark.parametrize("container", ["csr", "h5ad-csr-plain", "zarr-csr-v2"])
def test_e02_a_missing_coordinate_concerns_one_cell_and_no_manifest_has_a_nan(container: str, tmp_path: Path) -> None:
    adata = small()
    adata.obsm["X_umap"][3, 1] = np.nan
    adata.obsm["X_umap"][4, 0] = np.inf
    adata.obs["nothing"] = np.nan
    with opened(adata, container, tmp_path) as dataset:
        text = bytes(dataset.read("manifest.json").data).decode()
        (entry,) = json.loads(text, parse_constant=pytest.fail)["embeddings"]
        assert (entry["n_placed"], entry["min"], entry["max"]) == (N - 2, [0, -11], [11, 0])
        assert np.isfinite(dataset.coordinates("X_umap")).sum() == 2 * N - 2
        assert dataset.fields[-1].range is None


def test_e03_names_that_are_cleaned_to_the_same_keep_their_own_resources() -> None:
    adata = small(obs=pd.DataFrame({"A/B": 1.0, "A B": 2.0, "A_B": 3.0}, index=[f"c{i}" for i in range(N)]))
    dataset = open_dataset(adata)
    paths = [path for path in dataset.resources() if path.startswith("obs/")]
    assert len(set(paths)) == 3
    assert [dataset.read(path).as_array()[0] for path in paths] == [1, 2, 3]


@pytest.mark.filterwarnings("ignore:.*names are not unique:UserWarning")
def test_e04_a_repeated_gene_name_never_shows_another_genes_values() -> None:
    dataset = open_dataset(small(var=pd.DataFrame(index=list("AAB"))))
    with pytest.raises(AmbiguousGene):
        dataset.read("var/A.values.f32")
    assert dataset.gene("B")[1] == 100


@pytest.mark.parametrize("container", ["csr", "h5ad-csr-plain"])
def test_e05_seventy_thousand_categories_stay_apart(container: str, tmp_path: Path) -> None:
    n = 70_000
    adata = ad.AnnData(
        obs=pd.DataFrame({"clone": pd.Categorical([f"k{i:05}" for i in range(n)])}, index=[f"c{i}" for i in range(n)]),
        obsm={"X_umap": np.zeros((n, 2), dtype=np.float32)},
    )
    with opened(adata, container, tmp_path) as dataset:
        codes = dataset.read("obs/clone.codes.u32").as_array()
        assert np.array_equal(codes, np.arange(n))
        assert dataset.fields[0].n_categories == len(dataset.fields[0].categories or ()) == n


@pytest.mark.parametrize("container", ["csr_array", "csc_array"])
def test_e10_scipys_sparse_arrays_are_read(container: str, tmp_path: Path) -> None:
    with opened(small(), container, tmp_path) as dataset:
        assert dataset.gene("C").tolist() == [100 * i for i in range(N)]


def test_e11_what_a_backed_anndata_has_as_its_matrix_is_read(tmp_path: Path) -> None:
    for form in ("csr", "csc", "dense"):
        with opened(small(), f"backed-{form}-plain", tmp_path) as dataset:
            assert dataset.gene("C", "X").tolist() == [100 * i for i in range(N)]


def test_e17_nothing_deprecated_is_asked_of_pandas() -> None:
    adata = small()
    adata.obs["leiden"] = pd.Categorical(list("ab") * (N // 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        warnings.simplefilter("error", DeprecationWarning)
        dataset = open_dataset(adata)
        for path in dataset.resources():
            dataset.read(path)


def test_e18_labels_that_read_the_same_become_one_category() -> None:
    adata = small()
    adata.obs["mixed"] = pd.Categorical([1, "1", 2] * (N // 3), categories=[1, "1", 2])
    dataset = open_dataset(adata)
    assert dataset.fields[1].categories == ("1", "2")
    assert dataset.read("obs/mixed.codes.u8").as_array()[:3].tolist() == [0, 0, 1]


def test_e19_repeated_and_numeric_column_names_are_shown_once_and_as_text() -> None:
    adata = small()
    adata._obs = pd.DataFrame(np.arange(3 * N).reshape(N, 3), columns=["a", "a", 3], index=adata.obs_names)
    with pytest.warns(UserWarning, match="left out of the obs fields: 'a': another column has the same name"):
        dataset = open_dataset(adata)
    assert [field.key for field in dataset.fields] == ["a", "3"]
    assert dataset.obs("a").tolist() == list(range(0, 3 * N, 3))
    assert {entry["key"] for entry in json.loads(bytes(dataset.read("dataset_identity.json").data))["obs_fields"]} == {
        "a", "3",
    }  # fmt: skip


def test_e21_keys_that_only_differ_in_case_or_are_reserved_have_paths_of_their_own() -> None:
    obs = pd.DataFrame({"con": 1.0, "CON": 2.0, "..": 3.0, "": 4.0}, index=[f"c{i}" for i in range(N)])
    dataset = open_dataset(small(obs=obs))
    paths = [path for path in dataset.resources() if path.startswith("obs/")]
    assert [dataset.read(path).as_array()[0] for path in paths] == [1, 2, 3, 4]


def test_e22_the_number_of_genes_is_that_of_the_genes() -> None:
    adata = small()
    adata.raw = adata.copy()
    dataset = open_dataset(adata[:, :2].copy())
    stats = json.loads(bytes(dataset.read("dataset_identity.json").data))["stats"]
    assert stats["n_genes"] == dataset.n_genes == len(dataset.genes) == 3


def test_e24_columns_are_counted_without_a_copy_of_the_matrix() -> None:
    adata = small(2_000, X=np.ones((2_000, 3), dtype=np.float32))
    big = np.ones((2_000, 1_000), dtype=np.float32)
    adata = ad.AnnData(big, obs=adata.obs, obsm=dict(adata.obsm))
    open_dataset(adata).close()
    tracemalloc.start()
    assert open_dataset(adata).n_genes == 1_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < big.nbytes / 4
