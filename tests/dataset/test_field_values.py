"""The values that a filter in Python tests."""

from __future__ import annotations

from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from cellucid.dataset import Dataset, FieldRef, UnknownField, UnknownLayer, open_dataset


def small(**parts: Any) -> ad.AnnData:
    """An AnnData with a UMAP and five genes."""
    defaults = {
        "X": np.arange(20, dtype=np.float32).reshape(4, 5),
        "obs": pd.DataFrame(index=[f"c{i}" for i in range(4)]),
        "var": pd.DataFrame(index=list("ABCDE")),
        "obsm": {"X_umap": np.arange(8, dtype=float).reshape(4, 2)},
    }
    return ad.AnnData(**(defaults | parts))


@pytest.fixture
def columns() -> Dataset:
    """Each kind of column; ``k`` is an obs column and a gene."""
    obs = pd.DataFrame(
        {
            "k": pd.Categorical(["b", None, "a", "b"], categories=["b", "a", "unused"]),
            "word": ["x10", "x9", None, "x9"],
            "flag": [True, False, True, True],
            "n": [1, np.nan, np.inf, 3],
            "whole": pd.array([1, None, 3, 4], dtype="Int64"),
        },
        index=list("wxyz"),
    )
    adata = small(obs=obs, var=pd.DataFrame(index=["A", "B", "C", "D", "k"]))
    adata.layers["twice"] = adata.X * 2
    return open_dataset(adata)


@pytest.mark.parametrize(
    ("name", "codes", "categories"),
    [
        ("k", [0, -1, 1, 0], ("b", "a", "unused")),
        ("word", [1, 0, -1, 0], ("x9", "x10")),
        ("flag", [1, 0, 1, 1], ("False", "True")),
    ],
)
def test_the_values_of_a_categorical_field_are_codes(
    columns: Dataset, name: str, codes: list[int], categories: tuple[str, ...]
) -> None:
    values = columns.field_values(columns.resolve_field(name))
    assert (values.kind, values.values.tolist(), values.categories) == ("categorical", codes, categories)
    assert np.issubdtype(values.values.dtype, np.signedinteger)


@pytest.mark.parametrize(
    ("name", "layer", "expected"),
    [
        ("n", None, [1, np.nan, np.inf, 3]),
        ("whole", "twice", [1, np.nan, 3, 4]),
        ("B", None, [1, 6, 11, 16]),
        ("B", "twice", [2, 12, 22, 32]),
        ("gene:k", None, [4, 9, 14, 19]),
    ],
)
def test_the_values_of_a_continuous_field_or_a_gene_are_float32(
    columns: Dataset, name: str, layer: str | None, expected: list[float]
) -> None:
    values = columns.field_values(columns.resolve_field(name, layer), layer)
    assert (values.kind, values.categories, values.values.dtype) == ("continuous", None, np.float32)
    np.testing.assert_array_equal(values.values, np.array(expected, dtype=np.float32))


def test_the_values_of_a_field_are_a_snapshot_that_cannot_be_written_to() -> None:
    adata = small()
    adata.obs["k"] = pd.Categorical(list("aabb"))
    adata.obs["n"] = np.arange(4, dtype=np.float32)
    dataset = open_dataset(adata)
    before = {name: dataset.field_values(dataset.resolve_field(name)).values for name in ("k", "n", "A")}
    kept = {name: values.tolist() for name, values in before.items()}
    adata.obs["k"].array[0] = "b"
    adata.obs["n"].array[0] = 7
    assert {name: values.tolist() for name, values in before.items()} == kept
    assert not any(values.flags.writeable for values in before.values())
    assert dataset.field_values(FieldRef("obs", "k")).values.tolist() == [1, 0, 1, 1]


def test_a_field_that_is_not_there_has_no_values(columns: Dataset) -> None:
    for ref, layer, error in (
        (FieldRef("obs", "nope"), None, UnknownField),
        (FieldRef("obs", "A"), None, UnknownField),
        (FieldRef("gene", "n"), None, UnknownField),
        (FieldRef("gene", "A"), "nope", UnknownLayer),
    ):
        with pytest.raises(error):
            columns.field_values(ref, layer)
