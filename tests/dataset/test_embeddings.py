from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from cellucid.dataset import DatasetError, UnknownEmbedding, embeddings
from cellucid.dataset.embeddings import (
    ROWS_A_STEP,
    coordinates,
    current_coordinates,
    find_components,
    find_embeddings,
    unknown_embedding,
)

XY = np.array([[0.0, 1.0], [2.0, -3.0], [np.nan, 5.0]])


def test_umap_comes_first_and_pca_last_and_the_rest_by_their_names() -> None:
    keys = ["X_pca", "X_b", "X_a", "spatial", "X_draw_graph_fa", "X_tsne", "velocity_umap", "X_umap", "X_umap_2"]
    expected = ["X_umap", "X_umap_2", "X_tsne", "X_draw_graph_fa", "spatial", "X_a", "X_b", "X_pca", "velocity_umap"]
    assert list(find_embeddings(dict.fromkeys(keys, XY))) == expected


@pytest.mark.parametrize(
    "stored",
    [
        XY,
        np.asfortranarray(XY.astype(np.float32)),
        sparse.csr_matrix(XY),
        sparse.csc_array(XY),
        pd.DataFrame(XY),
        pd.DataFrame({"x": pd.array([0, 2, None], dtype="Int64"), "y": [1.0, -3.0, 5.0]}),
        np.ma.MaskedArray(np.nan_to_num(XY), mask=np.isnan(XY)),
    ],
)
def test_two_numeric_columns_are_an_embedding_in_any_container(stored: Any) -> None:
    embedding = find_embeddings({"X_umap": stored})["X_umap"]
    assert np.array_equal(coordinates(stored), XY.astype(np.float32), equal_nan=True)
    assert coordinates(stored).flags.c_contiguous
    assert not np.shares_memory(coordinates(stored), stored if isinstance(stored, np.ndarray) else XY)
    assert (embedding.n_placed, embedding.dimensions) == (2, 2)
    assert (embedding.min, embedding.max) == ((0.0, -3.0), (2.0, 1.0))


@pytest.mark.parametrize("kind", [sparse.csc_matrix, sparse.csc_array, sparse.coo_matrix, sparse.coo_array])
def test_sparse_coordinates_are_turned_once_for_all_rows(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "ROWS_A_STEP", 3)
    points = np.arange(40.0).reshape(10, 4)
    stored, turned = kind(points), []
    for form in (sparse.csc_matrix, sparse.csc_array):
        real = form.tocsr
        monkeypatch.setattr(form, "tocsr", lambda self, *args, real=real, **options: turned.append(1) or real(self))
    assert np.array_equal(coordinates(stored, [3, 0]), points[:, [3, 0]])
    assert turned == [1]


@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, sparse.csr_matrix, pd.DataFrame])
def test_three_numeric_columns_are_an_embedding_in_any_container(make: Callable[[Any], Any]) -> None:
    stored = make(np.array([[0.0, 1.0, 2.0], [3.0, -4.0, 5.0]]))
    embedding = find_embeddings({"X_umap": stored})["X_umap"]
    assert (embedding.dimensions, embedding.n_placed) == (3, 2)
    assert (embedding.min, embedding.max) == ((0.0, -4.0, 2.0), (3.0, 1.0, 5.0))
    assert coordinates(stored).tolist() == [[0, 1, 2], [3, -4, 5]]


def test_of_equal_rank_the_plane_comes_first_and_rank_counts_more() -> None:
    space = np.zeros((3, 3))
    keys = {"X_b": space, "X_pca": XY, "X_tsne": XY, "X_umap_3d": space, "X_a": XY, "X_umap": XY, "X_umap_old": space}
    assert list(find_embeddings(keys)) == ["X_umap", "X_umap_3d", "X_umap_old", "X_tsne", "X_a", "X_b", "X_pca"]


def test_any_numeric_columns_are_offered_and_of_more_than_three_the_first() -> None:
    ten = np.arange(30).reshape(3, 10)
    obsm = {
        "one": np.array([[3.0], [1.0], [np.nan]]),
        "ten": ten,
        "X_umap_3d": np.zeros((3, 3)),
        "X_umap": XY,
        "text": pd.DataFrame({"a": ["x", "y", "z"], "b": 1}),
        "complex": XY + 1j,
        "flags": XY > 0,
        "empty": np.zeros((3, 0)),
    }
    found = find_embeddings(obsm)
    assert {key: embedding.dimensions for key, embedding in found.items()} == {
        "X_umap": 2, "X_umap_3d": 3, "ten": 3, "one": 1,
    }  # fmt: skip
    assert (found["one"].min, found["one"].max, found["one"].n_placed) == ((1,), (3,), 2)
    assert np.array_equal(coordinates(ten), ten[:, :3])
    assert found["ten"].max == (20, 21, 22)


def test_a_cell_without_a_third_coordinate_is_not_placed() -> None:
    space = np.array([[0, 1, 2], [30, 40, np.nan], [30, 40, np.inf], [5, 6, 7]])
    embedding = find_embeddings({"X_umap": space})["X_umap"]
    assert (embedding.n_placed, embedding.min, embedding.max) == (2, (0, 1, 2), (5, 6, 7))


def test_without_one_the_error_lists_what_is_there_and_what_to_do() -> None:
    with pytest.raises(
        DatasetError, match=r"'flags' \(3, 2\), 'deep' \(3, 1, 1\).*none of it is numbers.*sc\.tl\.umap"
    ):
        find_embeddings({"flags": XY > 0, "deep": np.zeros((3, 1, 1))})
    with pytest.raises(DatasetError, match="obsm has no entries"):
        find_embeddings({})


def test_one_that_places_no_cell_is_left_out_or_an_error_if_it_is_the_only_one() -> None:
    nowhere = np.full((3, 2), np.inf)
    with pytest.raises(DatasetError, match="no cell has finite coordinates in 'X_umap'"):
        find_embeddings({"X_umap": nowhere})
    with pytest.warns(UserWarning, match="left out of the embeddings.*'X_umap'"):
        assert list(find_embeddings({"X_umap": nowhere, "X_tsne": XY})) == ["X_tsne"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("empty", r"'empty' cannot be shown: it has shape \(3, 0\), .* at least one column; expected one of 'X_umap'"),
        ("deep", r"it has shape \(3, 2, 2\)"),
        ("flags", "its values are not real numbers"),
        ("nowhere", "no cell has finite coordinates there"),
        ("new", r"has come or changed since the data were opened; call the widget's refresh\(\) \(or open the data"),
        ("umap", r"no embedding 'umap'\. Did you mean 'X_umap'\? There are: 'X_umap'\."),
        ("zzzzzz", r"no embedding 'zzzzzz'\. There are: 'X_umap'\.$"),
    ],
)
def test_a_key_that_cannot_be_shown_is_answered_with_the_reason_or_close_ones(key: str, message: str) -> None:
    obsm = {
        "X_umap": XY,
        "empty": np.zeros((3, 0)),
        "deep": np.zeros((3, 2, 2)),
        "flags": XY > 0,
        "nowhere": np.full((3, 2), np.nan),
        "new": XY,
    }
    with pytest.raises(KeyError, match=message):
        raise unknown_embedding(key, ["X_umap"], obsm)


PCA = np.arange(30, dtype=np.float64).reshape(3, 10)


@pytest.mark.parametrize(
    ("key", "canonical", "columns"),
    [
        ("X_pca:1,3", "X_pca:1,3", [0, 2]),
        (" X_pca : 3 , 1 ", "X_pca:3,1", [2, 0]),
        ("X_pca:10", "X_pca:10", [9]),
        ("X_pca:2,4,6", "X_pca:2,4,6", [1, 3, 5]),
        ("X_umap:2", "X_umap:2", [1]),
    ],
)
@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, sparse.csr_matrix, sparse.coo_matrix, pd.DataFrame])
def test_components_are_counted_from_one(
    key: str, canonical: str, columns: list[int], make: Callable[[Any], Any]
) -> None:
    obsm = {"X_pca": make(PCA), "X_umap": XY}
    embedding = find_components(key, obsm, obsm)
    whole = PCA if "pca" in key else XY
    points = whole[:, columns].astype(np.float32)
    assert (embedding.key, embedding.dimensions) == (canonical, len(columns))
    assert embedding.n_placed == np.isfinite(points).all(axis=1).sum()
    assert embedding.max == tuple(points.max(axis=0).tolist())
    assert np.array_equal(current_coordinates(embedding, obsm), points, equal_nan=True)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("X_pca:1,11", "'X_pca' has 10 columns, counted from 1; there is no 11"),
        ("X_pca:0", "'X_pca' has 10 columns, counted from 1; there is no 0"),
        ("X_pca:1,2,3,4", "expected 1 to 3 different ones, as in 'X_pca:1,2'"),
        ("X_pca:1,1", "expected 1 to 3 different ones"),
        ("X_pca:", "there is no embedding 'X_pca:'. Did you mean 'X_pca'"),
        ("X_pca:1,", "no embedding"),
        ("X_pca:a", "no embedding"),
        ("X_pcs:1,2", "no embedding 'X_pcs:1,2'"),
        ("flags:1,2", "'flags' cannot be shown: its values are not real numbers"),
    ],
)
def test_components_that_are_not_there_are_answered_with_the_reason(key: str, reason: str) -> None:
    obsm = {"X_pca": PCA, "flags": XY > 0}
    with pytest.raises(UnknownEmbedding, match=reason):
        find_components(key, ["X_pca"], obsm)


def test_an_entry_that_is_called_like_components_is_itself() -> None:
    obsm = {"X_pca": PCA, "X_pca:1,2": XY}
    embedding = find_embeddings(obsm)["X_pca:1,2"]
    assert np.array_equal(current_coordinates(embedding, obsm), XY.astype(np.float32), equal_nan=True)


@pytest.mark.parametrize(
    ("key", "y_down"),
    [("spatial", True), ("X_spatial", True), ("spatial_hires", True), ("X_umap", False), ("X_spatialPCA", False)],
)
def test_only_pixels_are_counted_downwards(key: str, y_down: bool) -> None:
    assert find_embeddings({key: XY})[key].y_down is y_down


def test_the_axes_of_pixels_that_are_swapped_point_where_they_do() -> None:
    obsm = {"spatial": np.zeros((3, 3))}
    assert find_components("spatial:1,2", obsm, obsm).y_down
    assert not find_components("spatial:2,1", obsm, obsm).y_down
    assert not find_components("spatial:1", obsm, obsm).y_down


@pytest.mark.parametrize("n", [ROWS_A_STEP - 1, ROWS_A_STEP, ROWS_A_STEP + 1])
def test_more_cells_than_are_measured_at_a_time_are_measured_as_one(n: int) -> None:
    points = np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32)
    points[-1] = np.nan
    embedding = find_embeddings({"X_umap": points})["X_umap"]
    assert (embedding.n_placed, embedding.min) == (n - 1, tuple(points[:-1].min(axis=0).tolist()))
    assert np.array_equal(coordinates(points), points, equal_nan=True)
