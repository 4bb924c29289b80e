from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cellucid.dataset.fields import field_series, find_column, make_field, showable_columns

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "categories", "shown"),
    [
        (pd.Categorical(["b", "a", None], categories=["b", "a", "unused"]), ["b", "a", "unused"], ["b", "a", None]),
        (pd.Categorical([1, 2, None]), ["1", "2"], ["1", "2", None]),
        (pd.Categorical([1, "1", 2, None], categories=[1, 2, "1"]), ["1", "2"], ["1", "1", "2", None]),
        ([True, False, True], ["False", "True"], ["True", "False", "True"]),
        ([True, True], ["False", "True"], ["True", "True"]),
        (pd.array([True, None, False], dtype="boolean"), ["False", "True"], ["True", None, "False"]),
        (["c10", "c2", None, "c1"], ["c1", "c2", "c10"], ["c10", "c2", None, "c1"]),
        (pd.array(["b", None, "a"], dtype="string"), ["a", "b"], ["b", None, "a"]),
        (["b", 1, None, 1.5], ["1", "1.5", "b"], ["b", "1", None, "1.5"]),
        (np.array([b"b", b"a"]), ["a", "b"], ["b", "a"]),
        ([[1], [2], None], ["[1]", "[2]"], ["[1]", "[2]", None]),
        ([None, None], [], [None, None]),
        (
            pd.to_datetime(["2021-01-01", None, "2020-05-01"]),
            ["2020-05-01 00:00:00", "2021-01-01 00:00:00"],
            ["2021-01-01 00:00:00", None, "2020-05-01 00:00:00"],
        ),
        (
            pd.to_timedelta([10, 2, None], unit="D"),
            ["2 days 00:00:00", "10 days 00:00:00"],
            ["10 days 00:00:00", "2 days 00:00:00", None],
        ),
        (pd.PeriodIndex(["2021", "2020"], freq="Y"), ["2020", "2021"], ["2021", "2020"]),
    ],
)
def test_words_flags_and_times_become_categories(values: Any, categories: list[str], shown: list[str | None]) -> None:
    series = field_series(pd.Series(values), "key")
    assert series.name == "key"
    assert list(series.cat.categories) == categories
    assert [None if pd.isna(value) else value for value in series] == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (np.array([1, 2], dtype=np.int64), [1, 2]),
        (np.array([1.5, np.nan, np.inf]), [1.5, NAN, np.inf]),
        (pd.array([1, None], dtype="Int64"), [1, NAN]),
        (pd.array([1.5, None], dtype="Float64"), [1.5, NAN]),
        (np.array([1e300]), [np.inf]),
        (np.array([1, 2], dtype=np.float16), [1, 2]),
        (pd.arrays.SparseArray([0.0, 1.0]), [0, 1]),
    ],
)
def test_numbers_become_float32_with_nan_for_missing(values: Any, shown: list[float]) -> None:
    series = field_series(pd.Series(values), "key")
    assert series.dtype == np.float32
    assert np.array_equal(series.to_numpy(), np.array(shown, dtype=np.float32), equal_nan=True)


def test_what_is_shown_is_not_the_users_column() -> None:
    column = pd.Series(np.ones(3, dtype=np.float32))
    assert not np.shares_memory(field_series(column, "key").to_numpy(), column.to_numpy())


def test_the_range_of_a_field_is_that_of_its_finite_values() -> None:
    assert make_field("x", field_series(pd.Series([1.0, NAN, np.inf, -2.0]), "x"), {}).range == (-2.0, 1.0)
    assert make_field("x", field_series(pd.Series([NAN, np.inf]), "x"), {}).range is None


def test_a_label_that_is_not_a_str_is_shown_as_one_and_gives_way_to_a_str() -> None:
    columns = showable_columns(pd.DataFrame([[0, 0, 0, 0]], columns=[3, "3", 4, "x"]))
    assert columns.labels == {"3": "3", "4": 4, "x": "x"}
    assert columns.left_out == {"3": "another column has the same name"}


@pytest.mark.parametrize(("label", "position"), [(3, 0), ("3", 1), (NAN, 2), ("x", 3)])
def test_a_column_is_found_by_exactly_its_label_and_the_first_of_several(label: Any, position: int) -> None:
    column = find_column(pd.DataFrame([[0, 1, 2, 3, 4]], columns=[3, "3", NAN, "x", "x"]), label)
    assert column is not None
    assert column.tolist() == [position]


def test_no_column_is_none() -> None:
    assert find_column(pd.DataFrame({"x": [1]}), "y") is None


@pytest.mark.parametrize(
    ("kept", "colors"),
    [
        (["#000001", "#000002", "#000003", "#000004"], ("#000001", "#000002", "#000004")),
        (None, ("#1f77b4", "#ff7f0e", "#d62728")),
    ],
)
def test_where_categories_merge_the_others_keep_their_colours(kept: Any, colors: tuple[str, ...]) -> None:
    column = pd.Series(pd.Categorical([1, "1", 2, "x"], categories=[1, 2, "1", "x"]))
    field = make_field("k", column, {} if kept is None else {"k_colors": kept})
    assert field.categories == ("1", "2", "x")
    assert field.colors == colors


def test_complex_numbers_and_repeated_labels_are_left_out() -> None:
    columns = showable_columns(pd.DataFrame([[0, 1j, 2]], columns=["a", "z", "a"]))
    assert columns.labels == {"a": "a"}
    assert columns.left_out == {"z": "complex numbers", "a": "another column has the same name"}


def test_a_column_of_a_hundred_thousand_different_words_is_quick_and_sorted() -> None:
    series = field_series(pd.Series([f"cell-{i}" for i in range(100_000)]), "barcode")
    assert series.cat.categories.is_monotonic_increasing
    assert series.iloc[-1] == "cell-99999"
