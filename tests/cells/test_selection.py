from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from cellucid.cells import Selection, SelectionError

masks = st.lists(st.booleans(), max_size=200).map(lambda bits: np.array(bits, dtype=bool))


@given(masks)
def test_masks_and_positions_say_the_same(mask: np.ndarray) -> None:
    selection = Selection.from_mask(mask)
    assert Selection.from_positions(np.flatnonzero(mask), len(mask)) == selection
    assert Selection.from_positions(list(reversed(selection.tolist())) * 2, len(mask)) == selection
    assert np.array_equal(selection.mask(len(mask)), mask)


def test_a_selection_is_sorted_unique_uint32_and_read_only() -> None:
    given_positions = np.array([5, 1, 5])
    selection = Selection.from_positions(given_positions)
    assert selection.dtype == np.uint32
    assert selection.tolist() == [1, 5]
    with pytest.raises(ValueError, match="read-only"):
        selection[0] = 3
    with pytest.raises(ValueError, match="read-only"):
        np.add(selection, 1, out=selection)
    given_positions[:] = 0
    assert selection.tolist() == [1, 5]


def test_a_selection_does_not_follow_the_array_it_was_made_of() -> None:
    positions = np.array([1, 5], dtype=np.uint32)
    for selection in (Selection.from_positions(positions), Selection.from_sorted(positions)):
        positions[0] = 0
        assert selection.tolist() == [1, 5]
        positions[0] = 1


def test_two_selections_compare_as_one_bool() -> None:
    one, same, other = Selection([1, 2]), Selection([2, 1]), Selection([1, 3])
    assert (one == same) is True
    assert (one != same) is False
    assert (one == other) is False
    assert (one != other) is True
    assert (one == Selection.empty()) is False


def test_compared_with_anything_else_it_is_an_array() -> None:
    assert (Selection([1, 2]) == [1, 3]).tolist() == [True, False]
    assert (Selection([1, 2]) != np.array([1, 3])).tolist() == [False, True]
    assert (np.array([1, 3]) == Selection([1, 2])).tolist() == [True, False]


def test_traitlets_link_two_selections() -> None:
    class Holder(traitlets.HasTraits):
        selection = traitlets.Any(Selection.empty())

    left, right = Holder(), Holder()
    traitlets.link((left, "selection"), (right, "selection"))
    left.selection = Selection([1, 2, 3])
    assert right.selection == left.selection
    right.selection = Selection.empty()
    assert len(left.selection) == 0


def test_what_is_computed_from_a_selection_is_a_plain_array() -> None:
    selection = Selection([1, 2, 5])
    results = [
        selection + 1, selection[:2], selection[[0, 1]], selection[selection > 1], selection[...], selection.copy(),
        selection.astype(np.int64), selection.reshape(3, 1), selection.ravel(), selection.T, selection.take([0]),
        selection.repeat(2), np.concatenate([selection, selection]), np.where(selection > 1, selection, 0),
        np.sort(selection), np.union1d(selection, selection), np.setdiff1d(selection, selection), -selection,
        np.add.accumulate(selection), np.copy(selection), np.asarray(selection), selection.flatten(),
        selection.searchsorted([2]), selection.nonzero()[0], selection.cumsum(), selection.squeeze(),
        *np.array_split(selection, 2), *np.broadcast_arrays(selection, [[1], [2]], subok=True),
    ]  # fmt: skip
    assert {type(result) for result in results} == {np.ndarray}
    assert isinstance(selection[0], np.uint32)
    assert selection.sum() == 8


def test_a_copy_of_its_values_can_be_written_to() -> None:
    values = Selection([1, 2]).copy()
    values[0] = 7
    assert values.tolist() == [7, 2]


def test_copies_and_pickles_are_selections() -> None:
    selection = Selection([3, 17])
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(selection, protocol))
        assert type(again) is Selection
        assert again == selection
        assert not again.flags.writeable
    assert copy.copy(selection) == selection
    assert type(copy.deepcopy({"a": selection})["a"]) is Selection


def test_it_indexes_arrays_and_has_no_hash() -> None:
    assert np.array([10, 11, 12])[Selection([2, 0])].tolist() == [10, 12]
    with pytest.raises(TypeError, match="unhashable"):
        hash(Selection([1]))


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([-1, 2], "-1 is not among the positions 0 to 9; negative positions do not count from the end"),
        ([3, 10, 12], "10, 12 are not among the positions 0 to 9"),
        ([1.0, 2.0], "float64"),
        ([True, False], "bool"),
        ([[1, 2]], "one dimension"),
        (np.array([2**64 - 1], dtype=np.uint64), "18446744073709551615"),
    ],
)
def test_bad_positions_are_named(positions: object, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        Selection.from_positions(positions, 10)


def test_ascending_positions_are_checked_to_be_so() -> None:
    with pytest.raises(SelectionError, match="ascending"):
        Selection.from_sorted(np.array([1, 1], dtype=np.uint32))


def test_a_mask_that_is_too_short_for_the_selection_is_refused() -> None:
    with pytest.raises(SelectionError, match="position 9"):
        Selection([9]).mask(9)
    with pytest.raises(SelectionError, match="one bool for each cell"):
        Selection.from_mask([0, 1])


@pytest.mark.parametrize(
    ("positions", "text"),
    [
        ([], "Selection(0 cells)"),
        ([4], "Selection(1 cell: [4])"),
        ([3, 17, 21], "Selection(3 cells: [3, 17, 21])"),
        (range(3, 5003), "Selection(5,000 cells: [3, 4, 5, …])"),
    ],
)
def test_it_prints_short(positions: object, text: str) -> None:
    selection = Selection.from_positions(positions)
    assert repr(selection) == text
    assert str(selection) == text
    assert f"{selection}" == text
