from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.cells import CellLookup, Selection, SelectionError

OBS = pd.DataFrame(
    {"n": range(6), "louvain": list("aabbcc")},
    index=["AAAC-1", "AAAG-1", "AAAT-1", "CCCA-1", "CCCG-1", "GGGT-1"],
)


def query(expression: str) -> np.ndarray:
    try:
        return np.flatnonzero(OBS.eval(expression))
    except (SyntaxError, NameError) as error:
        raise ValueError(str(error)) from error


@pytest.fixture
def cells() -> CellLookup:
    return CellLookup(len(OBS), OBS.index, query)


@pytest.mark.parametrize(
    "what",
    [
        [1, 4],
        (4, 1, 1),
        {1, 4},
        np.array([1, 4]),
        np.array([1, 4], dtype=object),
        [np.int8(1), 4],
        range(1, 5, 3),
        pd.Index([1, 4]),
        pd.Series([4, 1], index=["x", "y"]),
        pd.Series([4, 1], dtype="Int64"),
        Selection([1, 4]),
        [False, True, False, False, True, False],
        np.array([False, True, False, False, True, False]),
        np.where([False, True, False, False, True, False]),
        pd.array([False, True, None, False, True, None], dtype="boolean"),
        [False, True, None, False, True, None],
        ["AAAG-1", "CCCG-1"],
        {"CCCG-1", "AAAG-1"},
        np.array(["CCCG-1", "AAAG-1"]),
        pd.Index(["CCCG-1", "AAAG-1", "CCCG-1"]),
        pd.Series(["CCCG-1", "AAAG-1"], dtype="category"),
        OBS.index[[1, 4]],
        "n == 1 or n == 4",
        OBS["n"].isin([1, 4]),
        OBS["n"].isin([1, 4]).reset_index(drop=True),
        OBS["n"].isin([1, 4]).sample(frac=1, random_state=1),
        OBS["n"].isin([1, 4]).astype("boolean").sort_values(),
    ],
)
def test_the_same_two_cells_in_every_way_of_saying_so(cells: CellLookup, what: Any) -> None:
    selection = cells.resolve(what)
    assert type(selection) is Selection
    assert selection.tolist() == [1, 4]


@pytest.mark.parametrize("what", [None, [], (), set(), np.array([]), pd.Index([]), range(0), "n > 100", [False] * 6])
def test_nothing_is_no_cells(cells: CellLookup, what: Any) -> None:
    assert cells.resolve(what) == Selection.empty()


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_masks_positions_and_names_agree(bits: list[bool]) -> None:
    mask = np.array(bits)
    names = pd.Index([f"cell-{i}" for i in range(len(mask))])
    cells = CellLookup(len(mask), names, query)
    expected = cells.resolve(mask)
    assert cells.resolve(np.flatnonzero(mask)) == expected
    assert cells.resolve(names[mask]) == expected
    assert cells.resolve(pd.Series(mask, index=names)[::-1]) == expected


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ([1.0, 4.0], r"got floats: 1\.0, 4\.0.*astype\(int\)"),
        (np.array([1.5]), "positions must be integers"),
        ([1, 6, 99], r"6, 99 are not among the positions 0 to 5"),
        ([-1], r"-1 is not among .* negative positions do not count from the end"),
        ([2**70], "1180591620717411303424 is not among the positions 0 to 5"),
        (np.zeros(5, dtype=bool), "5 values for 6 cells"),
        ([True, False], "2 values for 6 cells"),
        (np.zeros(0, dtype=bool), "0 values for 6 cells"),
        (pd.Series([True, False], index=["AAAC-1", "AAAG-1"]), "2 values for 6 cells.*mask.index"),
        (pd.Series([True] * 6, index=list("uvwxyz")), "not the cell names.*'u', 'v'.*'AAAC-1'.*to_numpy"),
        (pd.Series([True] * 6, index=[5, 4, 3, 2, 1, 0]), "not the cell names"),
        (["AAAC-1", "AAAC"], "1 of 2 names are not cell names: 'AAAC'; close to 'AAAC': 'AAAC-1'"),
        (["aaac-1"], "close to 'aaac-1'"),
        (["zzz"], "names look like 'AAAC-1', 'AAAG-1'"),
        ([f"q{i}" for i in range(8)], "8 of 8 names are not cell names: 'q0', 'q1', 'q2', 'q3', 'q4', …"),
        ("nn > 3", r"pandas query .*nn.*pass a list: \['NAME'\]"),
        ("AAAC-1", r"pass a list: \['AAAC-1'\]"),
        (5, r"5 of type int.*pass a list: \[5\]"),
        (True, "of type bool"),
        (["AAAC-1", 1], "mixed-integer values"),
        ([True, 3], "mixed-integer values"),
        (["AAAC-1", None], "mixed values"),
        ([[1, 2], [3, 4]], r"shape \(2, 2\)"),
        (OBS, "DataFrame"),
        ({"a": 1}, "of type dict"),
        (pd.to_datetime(["2020-01-01"]), "datetime64"),
    ],
)
def test_what_is_no_cells_is_named_with_the_way_out(cells: CellLookup, what: Any, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        cells.resolve(what)


def test_a_name_that_several_cells_have_is_ambiguous_and_the_others_are_not() -> None:
    cells = CellLookup(4, pd.Index(["a", "b", "a", "c"]), query)
    assert cells.resolve(["c", "b"]).tolist() == [1, 3]
    with pytest.raises(SelectionError, match="several cells are named 'a'"):
        cells.resolve(["a", "c"])


def test_without_names_positions_and_masks_still_work() -> None:
    cells = CellLookup(3, None, query)
    assert cells.resolve([2]).tolist() == [2]
    assert cells.resolve(pd.Series([True, False, True])).tolist() == [0, 2]
    with pytest.raises(SelectionError, match="keeps no cell names"):
        cells.resolve(["a"])
    with pytest.raises(SelectionError, match="not the cell names"):
        cells.resolve(pd.Series([True, False, True], index=list("abc")))


def test_a_dataset_of_no_cells_has_no_cells_to_select() -> None:
    cells = CellLookup(0, pd.Index([], dtype=object), query)
    assert cells.resolve(np.zeros(0, dtype=bool)) == Selection.empty()
    assert cells.resolve([]) == Selection.empty()
    with pytest.raises(SelectionError, match="0 is not among"):
        cells.resolve([0])


def test_a_selection_of_another_dataset_is_checked(cells: CellLookup) -> None:
    with pytest.raises(SelectionError, match="77 is not among"):
        cells.resolve(Selection([1, 77]))
