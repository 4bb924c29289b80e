"""What Python says about single cells: hidden ones and highlights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.cells import Marks, Selection, SelectionError
from cellucid.cells.marks import MAX_HIGHLIGHTS


def cells(*positions):
    return Selection.from_positions(list(positions))


def groups(marks):
    return [(color, group.tolist()) for color, group in marks.highlights]


def test_a_cell_has_the_colour_that_it_got_last():
    marks = Marks(10)
    marks.highlight(cells(1, 2, 3), "#ff0000")
    marks.highlight(cells(3, 4), "#00ff00")
    assert groups(marks) == [("#ff0000", [1, 2]), ("#00ff00", [3, 4])]
    marks.highlight(cells(4, 9), "#ff0000")
    assert groups(marks) == [("#00ff00", [3]), ("#ff0000", [1, 2, 4, 9])]
    marks.highlight(cells(3), "#0000ff")
    assert groups(marks) == [("#ff0000", [1, 2, 4, 9]), ("#0000ff", [3])]
    marks.clear_highlights()
    assert groups(marks) == []


def test_highlighting_no_cells_changes_nothing():
    marks = Marks(10)
    marks.highlight(cells(), "#ff0000")
    assert groups(marks) == []


@pytest.mark.parametrize("color", ["red", "#F00", "#ff00", ""])
def test_a_colour_is_six_hexadecimal_digits(color):
    with pytest.raises(ValueError, match="#rrggbb"):
        Marks(10).highlight(cells(1), color)


def test_more_colours_than_a_viewer_can_show_are_refused_and_nothing_is_lost():
    marks = Marks(1000)
    for n in range(MAX_HIGHLIGHTS):
        marks.highlight(cells(n), f"#{n:06x}")
    with pytest.raises(SelectionError, match="clear_highlights"):
        marks.highlight(cells(999), "#ffffff")
    assert len(marks.highlights) == MAX_HIGHLIGHTS
    marks.highlight(cells(999), "#000001")


def test_cells_are_hidden_and_brought_back_one_by_one_or_all():
    marks = Marks(5)
    marks.set_visibility(cells(1, 2, 3), False)
    marks.set_visibility(cells(2), True)
    assert marks.hidden.tolist() == [1, 3]
    marks.set_visibility(None, False)
    assert marks.hidden.tolist() == [0, 1, 2, 3, 4]
    marks.set_visibility(None, True)
    assert marks.hidden.tolist() == []


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_marks_follow_their_cells_into_another_order(order, hidden, red):
    marks = Marks(8)
    marks.set_visibility(cells(*hidden), False)
    marks.highlight(cells(*red), "#ff0000")
    kept = np.array(order[:6])  # two of the cells go
    positions = np.full(8, -1)
    positions[kept] = np.arange(6)
    moved = marks.moved(positions, 6)
    assert set(kept[moved.hidden].tolist()) == hidden & set(kept.tolist())
    red_there = {cell for _, group in moved.highlights for cell in kept[group].tolist()}
    assert red_there == red & set(kept.tolist())
