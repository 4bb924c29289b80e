"""Sets of cells as text."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.cells import Selection
from cellucid.session import pack_cells, unpack_cells


@given(st.data())
def test_cells_survive_as_text(data):
    n_cells = data.draw(st.integers(1, 100))
    cells = Selection.from_positions(sorted(data.draw(st.sets(st.integers(0, n_cells - 1)))))
    text = pack_cells(cells, n_cells)
    assert text.isascii()
    assert unpack_cells(text, n_cells) == cells


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()) | st.none() | st.integers())
def test_anything_else_is_refused_and_never_crashes(text):
    with pytest.raises(ValueError, match="cells"):
        unpack_cells(text, 1000)


def test_cells_of_another_number_are_refused():
    text = pack_cells(Selection.from_positions([9]), 10)
    with pytest.raises(ValueError, match=r"9 cells|behind the last"):
        unpack_cells(text, 9)
    with pytest.raises(ValueError, match="not one of 100 cells"):
        unpack_cells(text, 100)


def test_text_that_would_grow_without_end_is_refused():
    bomb = base64.b64encode(zlib.compress(b"\0" * 10_000_000)).decode()
    with pytest.raises(ValueError, match="not one of 10 cells"):
        unpack_cells(bomb, 10)
