"""The user goes on working with the AnnData: what is shown is right or refused, never something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from cellucid.dataset import Dataset, DatasetChanged, UnknownLayer, open_dataset
from cellucid.dataset.axes import Axes
from cellucid.dataset.errors import DatasetError
from cellucid.dataset.genes import GeneSource

N = 12
REMEDY = r"call the widget's refresh\(\) \(or open the data again\)"


@pytest.fixture
def adata() -> ad.AnnData:
    rows = np.arange(N, dtype=np.float32)
    made = ad.AnnData(
        sparse.csr_matrix(np.outer(rows, [1, 10, 100]).astype(np.float32)),
        obs=pd.DataFrame(
            {
                "n_counts": rows,
                "n_genes": rows + 1000,
                "leiden": pd.Categorical([str(i % 3) for i in range(N)]),
                "word": [f"w{i % 2}" for i in range(N)],
            },
            index=[f"c{i}" for i in range(N)],
        ),
        var=pd.DataFrame(index=list("ABC")),
        obsm={"X_umap": np.column_stack([rows, -rows]), "X_tsne": np.column_stack([rows, rows])},
    )
    made.uns["leiden_colors"] = ["#000001", "#000002", "#000003"]
    return made


@pytest.fixture
def dataset(adata: ad.AnnData) -> Dataset:
    return open_dataset(adata)


# ---- obs columns ----


def test_a_column_is_read_by_its_label_wherever_it_stands(adata: ad.AnnData, dataset: Dataset) -> None:
    adata.obs.insert(0, "new", 7)
    adata.obs = adata.obs[["new", "word", "leiden", "n_genes", "n_counts"]]
    assert dataset.read("obs/n_genes.values.f32").as_array().tolist() == adata.obs["n_genes"].tolist()
    assert dataset.obs("n_counts").tolist() == adata.obs["n_counts"].tolist()
    assert dataset.read("obs/leiden.codes.u8").as_array().tolist() == [i % 3 for i in range(N)]


@pytest.mark.parametrize(
    ("values", "how"),
    [
        (pd.Categorical([str(i % 4) for i in range(N)]), "had 3 categories and now has 4"),
        (pd.Categorical(["0", "x", "2"] * 4), "had 3 categories and now has 3, not all of them the same"),
        (pd.Categorical(["0"] * N, categories=[str(i) for i in range(400)]), "now has 400"),
        (np.arange(N), "was categorical and is continuous"),
        (np.full(N, 1j), "now has complex numbers"),
        (None, "is no longer there"),
    ],
)
def test_a_column_that_is_another_now_is_refused(adata: ad.AnnData, dataset: Dataset, values: Any, how: str) -> None:
    del adata.obs["leiden"]
    if values is not None:
        adata.obs["leiden"] = values
    remedy = f"obs column 'leiden' has changed since the data were opened; {REMEDY}"
    for read in (lambda: dataset.read("obs/leiden.codes.u8"), lambda: dataset.obs("leiden")):
        with pytest.raises(DatasetChanged, match=f"{remedy}.*{how}"):
            read()
    assert dataset.obs("n_counts").tolist() == list(range(N))


def test_a_continuous_column_that_has_become_categorical_is_refused(adata: ad.AnnData, dataset: Dataset) -> None:
    adata.obs["n_counts"] = "many"
    with pytest.raises(DatasetChanged, match=r"'n_counts' has changed.*was continuous and is categorical"):
        dataset.read("obs/n_counts.values.f32")


def test_categories_in_another_order_are_put_back_into_the_one_of_the_manifest(
    adata: ad.AnnData, dataset: Dataset
) -> None:
    adata.obs["leiden"] = adata.obs["leiden"].cat.reorder_categories(["2", "0", "1"])
    assert dataset.read("obs/leiden.codes.u8").as_array().tolist() == [i % 3 for i in range(N)]
    assert dataset.obs("leiden").cat.categories.tolist() == ["0", "1", "2"]


def test_words_that_anndata_turns_into_categories_are_the_same_column(adata: ad.AnnData, dataset: Dataset) -> None:
    adata.strings_to_categoricals()
    assert adata.obs["word"].dtype == "category"
    assert dataset.read("obs/word.codes.u8").as_array().tolist() == [i % 2 for i in range(N)]


# ---- cells ----


def filtered(adata: ad.AnnData) -> None:
    adata._inplace_subset_obs(np.arange(N) % 2 == 0)


def reordered(adata: ad.AnnData) -> None:
    adata._inplace_subset_obs(np.arange(N)[::-1])


def renamed(adata: ad.AnnData) -> None:
    adata.obs_names = [f"d{i}" for i in range(N)]


READS: dict[str, Callable[[Dataset], Any]] = {
    "subset": lambda dataset: dataset.subset(np.array([0, 3])),
    "query": lambda dataset: dataset.query("n_counts > 3"),
    "gene": lambda dataset: dataset.gene("A"),
    "gene path": lambda dataset: dataset.read("layers/X/var/A.values.f32"),
    "coordinates": lambda dataset: dataset.coordinates("X_umap"),
    "values": lambda dataset: dataset.read("obs/n_counts.values.f32"),
    "obs": lambda dataset: dataset.obs("leiden"),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("change", "how"),
    [
        (filtered, rf"it had 12 cells at the opening and now has 6; {REMEDY}"),
        (reordered, rf"number 0 was 'c0' and is 'c11'\); {REMEDY}"),
        (renamed, rf"number 0 was 'c0' and is 'd0'\); {REMEDY}"),
    ],
)
def test_other_cells_are_refused(
    adata: ad.AnnData, dataset: Dataset, change: Callable[[ad.AnnData], None], how: str, read: str
) -> None:
    change(adata)
    with pytest.raises(DatasetChanged, match=f"the AnnData has changed: .*{how}"):
        READS[read](dataset)


@pytest.mark.parametrize("change", [filtered, reordered, renamed])
def test_positions_keep_their_names_and_what_was_read_stays(
    adata: ad.AnnData, dataset: Dataset, change: Callable[[ad.AnnData], None]
) -> None:
    gene = dataset.gene("A")
    change(adata)
    assert list(dataset.cell_names[[3, 11]]) == ["c3", "c11"]
    assert dataset.gene("A") is not None
    assert dataset.gene("A").tolist() == gene.tolist() == list(range(N))
    assert dataset.n_cells == N
    assert dataset.read("manifest.json").nbytes


@pytest.mark.parametrize("read", READS)
def test_a_view_is_refused_when_what_it_is_a_view_of_has_changed(adata: ad.AnnData, read: str) -> None:
    view = adata[:8]
    dataset = open_dataset(view)
    reordered(adata)
    assert view.is_view
    with pytest.raises(DatasetChanged, match="the one it is a view of had 12 cells"):
        READS[read](dataset)


def test_a_view_that_becomes_an_anndata_of_its_own_is_the_same(adata: ad.AnnData) -> None:
    view = adata[2:8]
    dataset = open_dataset(view)
    with pytest.warns(ad.ImplicitModificationWarning):
        view.obs["new"] = 1
    assert not view.is_view
    reordered(adata)
    assert dataset.gene("A").tolist() == [2, 3, 4, 5, 6, 7]
    assert list(dataset.subset(np.array([0])).obs_names) == ["c2"]


def test_the_same_names_cost_nothing_and_equal_ones_one_comparison(
    adata: ad.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes, compared, equals = Axes(adata), [], pd.Index.equals
    monkeypatch.setattr(pd.Index, "equals", lambda self, other: compared.append(1) or equals(self, other))
    axes.check_cells(adata)
    axes.check_genes(adata, "X")
    assert len(compared) == 0
    adata._obs = adata.obs.set_axis([f"c{i}" for i in range(N)])
    compared.clear()
    for _ in range(3):
        axes.check_cells(adata)
    assert len(compared) == 1


def test_cells_that_change_while_they_are_read_are_refused(
    adata: ad.AnnData, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = GeneSource.columns

    def change_first(source: GeneSource, js: list[int], cancelled: object = None) -> np.ndarray:
        filtered(adata)
        return columns(source, js)

    monkeypatch.setattr(GeneSource, "columns", change_first)
    with pytest.raises(DatasetChanged, match="now has 6"):
        dataset.gene("A")


# ---- genes and matrices ----


def test_other_genes_are_refused_and_the_rest_still_shown(adata: ad.AnnData, dataset: Dataset) -> None:
    adata.var_names = ["B", "A", "C"]
    with pytest.raises(DatasetChanged, match=r"its matrix 'X' had 3 genes .*number 0 was 'A' and is 'B'"):
        dataset.gene("A")
    assert list(dataset.genes) == ["A", "B", "C"]
    assert dataset.obs("n_counts").tolist() == list(range(N))
    adata._inplace_subset_var([0, 1])
    with pytest.raises(DatasetChanged, match="had 3 genes at the opening and now has 2;"):
        dataset.read("var/A.values.f32")


def test_genes_of_raw_do_not_mind_those_of_x(adata: ad.AnnData) -> None:
    adata.raw = adata.copy()
    dataset = open_dataset(adata)
    adata._inplace_subset_var([1])
    assert dataset.gene("C").tolist() == [100 * i for i in range(N)]
    with pytest.raises(DatasetChanged, match="its matrix 'X' had 3 genes"):
        dataset.gene("B", "X")


def test_the_default_matrix_is_that_of_the_opening(adata: ad.AnnData, dataset: Dataset) -> None:
    adata.layers["twice"] = adata.X * 2
    adata.raw = adata.copy()
    adata.X = adata.X * 3
    assert dataset.default_layer == "X"
    assert dataset.gene("A").tolist() == [3 * i for i in range(N)]
    assert dataset.gene("A", "twice").tolist() == [2 * i for i in range(N)]
    with_raw = open_dataset(adata)
    adata.raw = None
    with pytest.raises(DatasetChanged, match=rf"its matrix 'raw' has gone; {REMEDY}"):
        with_raw.gene("A")
    with pytest.raises(UnknownLayer):
        with_raw.gene("A", "nope")


def test_a_view_minds_the_genes_of_what_it_is_a_view_of(adata: ad.AnnData) -> None:
    dataset = open_dataset(adata[:, 1:])
    adata._inplace_subset_var([2, 1, 0])
    with pytest.raises(DatasetChanged, match="the one it is a view of had 3 genes"):
        dataset.gene("B")


def test_the_list_of_genes_is_that_of_the_opening_or_refused(adata: ad.AnnData, dataset: Dataset) -> None:
    listed = dataset.read("layers/X/var/genes.json")
    adata.var_names = ["B", "A", "C"]
    assert dataset.read("layers/X/var/genes.json") is listed
    with pytest.raises(DatasetChanged, match=r"its matrix 'X' had 3 genes .*number 0 was 'A' and is 'B'"):
        dataset.read("var/genes.json")


def test_a_matrix_that_came_later_lists_its_genes_if_they_are_those_of_the_opening(
    adata: ad.AnnData, dataset: Dataset
) -> None:
    adata.layers["twice"] = adata.X * 2
    assert json.loads(bytes(dataset.read("layers/twice/var/genes.json").data))["genes"] == ["A", "B", "C"]
    adata.raw = adata[:, :2].copy()
    with pytest.raises(DatasetChanged, match="its matrix 'raw' had 3 genes at the opening and now has 2"):
        dataset.read("layers/raw/var/genes.json")


def test_the_list_of_genes_of_a_matrix_that_has_gone_says_so(adata: ad.AnnData) -> None:
    adata.raw = adata.copy()
    dataset = open_dataset(adata)
    adata.raw = None
    for path in ("var/genes.json", "layers/raw/var/genes.json"):
        with pytest.raises(DatasetChanged, match="its matrix 'raw' has gone"):
            dataset.read(path)


# ---- embeddings ----


@pytest.mark.parametrize("now", [None, np.zeros((N, 2)), np.zeros((N, 3))])
def test_an_embedding_that_is_another_now_is_refused(adata: ad.AnnData, dataset: Dataset, now: Any) -> None:
    del adata.obsm["X_umap"]
    if now is not None:
        adata.obsm["X_umap"] = now
    with pytest.raises(DatasetChanged, match=f"embedding 'X_umap' has changed since the data were opened; {REMEDY}"):
        dataset.coordinates("X_umap")
    assert dataset.coordinates("X_tsne").shape == (N, 2)


# ---- opening anew ----


@pytest.mark.parametrize("change", [filtered, reordered, renamed])
def test_what_was_refused_is_shown_by_the_dataset_that_is_opened_anew(
    adata: ad.AnnData, dataset: Dataset, change: Callable[[ad.AnnData], None]
) -> None:
    change(adata)
    fresh = dataset.reopen()
    assert list(fresh.cell_names) == list(adata.obs_names)
    assert fresh.gene("A").tolist() == fresh.obs("n_counts").tolist() == adata.obs["n_counts"].tolist()
    with pytest.raises(DatasetChanged):
        dataset.gene("A")


def test_the_dataset_that_is_opened_anew_has_a_cache_and_an_end_of_its_own(dataset: Dataset) -> None:
    first = dataset.read("var/A.values.f32")
    fresh = dataset.reopen()
    assert fresh.read("var/A.values.f32") is not first
    fresh.close()
    assert dataset.read("var/A.values.f32") is first
    with pytest.raises(DatasetError, match="is closed"):
        fresh.reopen()
    assert dataset.reopen().gene("A").tolist() == list(range(N))


def no_cells(adata: ad.AnnData) -> None:
    adata._inplace_subset_obs(np.zeros(N, dtype=bool))


def no_embeddings(adata: ad.AnnData) -> None:
    adata.obsm.clear()


@pytest.mark.parametrize(("change", "why"), [(no_cells, "0 cells"), (no_embeddings, "obsm has no entries")])
def test_data_that_can_no_longer_be_shown_are_not_opened_anew(
    adata: ad.AnnData, dataset: Dataset, change: Callable[[ad.AnnData], None], why: str
) -> None:
    manifest = dataset.read("manifest.json")
    change(adata)
    with pytest.raises(DatasetError, match=why):
        dataset.reopen()
    assert dataset.read("manifest.json") is manifest


def test_data_that_have_moved_to_a_file_are_the_same(adata: ad.AnnData, dataset: Dataset, tmp_path: Path) -> None:
    gene = dataset.gene("A").tolist()
    adata.filename = tmp_path / "moved.h5ad"
    dataset.clear_cache()
    for moved in (dataset, dataset.reopen()):
        assert moved.storage == "backed"
        assert moved.gene("A").tolist() == gene
    adata.file.close()


@pytest.mark.parametrize("change", [filtered, reordered, renamed])
@pytest.mark.parametrize("rows", [slice(2, 8), [0, 4, 9]])
def test_a_view_of_data_that_have_changed_shows_no_other_cells_when_it_is_opened_anew(
    adata: ad.AnnData, change: Callable[[ad.AnnData], None], rows: Any
) -> None:
    view = adata[rows]
    dataset = open_dataset(view)
    change(adata)
    for attempt in (dataset.reopen, lambda: open_dataset(view)):
        with pytest.raises(DatasetError, match=r"is a view of has other cells by now.*take the view anew"):
            attempt()


def test_a_view_of_data_with_other_genes_is_not_opened_anew(adata: ad.AnnData) -> None:
    dataset = open_dataset(adata[:, 1:])
    adata._inplace_subset_var([2, 1, 0])
    with pytest.raises(DatasetError, match="has other genes by now"):
        dataset.reopen()


# ---- the cache ----


def test_the_cache_can_be_cleared_and_what_was_read_stays(adata: ad.AnnData, dataset: Dataset) -> None:
    first = dataset.read("var/A.values.f32")
    assert dataset.read("var/A.values.f32") is first
    dataset.clear_cache()
    again = dataset.read("var/A.values.f32")
    assert again is not first
    assert again.etag == first.etag
    dataset.close()
    dataset.clear_cache()
    with pytest.raises(DatasetError, match="is closed"):
        dataset.read("var/A.values.f32")
    assert first.as_array().tolist() == list(range(N))
