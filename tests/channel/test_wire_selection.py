"""Selections on the wire."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.channel import selection
from cellucid.channel.selection import EncodedCells


def received(encoded, n_cells=None):
    n_cells = encoded.n_cells if n_cells is None else n_cells
    return EncodedCells.received(encoded.encoding, memoryview(encoded.data), encoded.count, n_cells)


@st.composite
def selections(draw):
    """Some of up to 300 cells, or a few of very many."""
    if draw(st.booleans()):
        n_cells = draw(st.integers(0, 300))
        cells = draw(st.sets(st.integers(0, n_cells - 1))) if n_cells else set()
    else:
        n_cells = 2**32 - 1
        cells = draw(st.sets(st.integers(0, n_cells - 1)))
    return np.array(sorted(cells), dtype=np.uint32), n_cells


def leb128(number):
    """One number, the plain way."""
    coded = []
    while number >= 128:
        coded.append(number & 127 | 128)
        number >>= 7
    return bytes([*coded, number])


VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "cells.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_cells_travel_as_the_viewer_reads_and_writes_them(vector):
    positions, n_cells = np.array(vector["positions"], dtype=np.uint32), vector["n_cells"]
    encoded = EncodedCells.of(positions, n_cells)
    assert (encoded.encoding, encoded.data.hex(), encoded.count) == (vector["encoding"], vector["hex"], len(positions))
    np.testing.assert_array_equal(received(encoded).positions, positions)


@given(selections())
def test_a_selection_survives_the_wire(drawn):
    positions, n_cells = drawn
    encoded = EncodedCells.of(positions, n_cells)
    np.testing.assert_array_equal(received(encoded).positions, positions)
    assert received(encoded) == encoded


@given(selections())
def test_the_smaller_encoding_is_chosen(drawn):
    positions, n_cells = drawn
    encoded = EncodedCells.of(positions, n_cells)
    deltas = b"".join(leb128(gap - 1) for gap in np.diff(positions.astype(np.int64), prepend=-1).tolist())
    assert len(encoded.data) == min(len(deltas), (n_cells + 7) // 8)
    if encoded.encoding == "deltas":
        assert encoded.data == deltas


@pytest.mark.parametrize("n_cells", [1, 1_000_000, 10_000_000])
@pytest.mark.parametrize("part", ["none", "one", "half", "all"])
def test_selections_of_every_size(n_cells, part):
    everything = np.arange(n_cells, dtype=np.uint32)
    positions = {"none": everything[:0], "one": everything[-1:], "half": everything[::2], "all": everything}[part]
    encoded = EncodedCells.of(positions, n_cells)
    assert len(encoded.data) <= (n_cells + 7) // 8
    np.testing.assert_array_equal(received(encoded).positions, positions)


def test_a_bitmap_is_checked_without_making_positions(monkeypatch):
    encoded = EncodedCells.of(np.arange(0, 1000, 2, dtype=np.uint32), 1000)
    monkeypatch.setattr(selection.np, "unpackbits", None)
    there = received(encoded)
    assert (there.encoding, there.count, there == encoded) == ("bitmap", 500, True)
    with pytest.raises(TypeError):
        _ = there.positions


def test_positions_cannot_be_changed():
    for cells in ([1, 2], range(0, 10, 2)):
        positions = received(EncodedCells.of(np.array(cells, dtype=np.uint32), 10)).positions
        with pytest.raises(ValueError, match="read-only"):
            positions[0] = 7


def test_the_same_cells_in_the_other_encoding_are_equal():
    bitmap = EncodedCells("bitmap", bytes([0b101]), 2, 8)
    deltas = EncodedCells("deltas", bytes([0, 1]), 2, 8)
    assert bitmap == deltas
    assert bitmap != EncodedCells("deltas", bytes([1, 0]), 2, 8)
    assert bitmap != EncodedCells("bitmap", bytes([0b101]), 2, 7)


@pytest.mark.parametrize(
    ("encoding", "data", "count", "reason"),
    [
        ("bitmap", b"\x01", 1, "has 2 bytes, got 1"),
        ("bitmap", b"\x00\xff", 2, "behind the last"),
        ("bitmap", b"\x01\x00", 2, "2 cells announced, 1 sent"),
        ("deltas", b"\x01\x80", 1, "middle of a number"),
        ("deltas", b"\x80", 1, "middle of a number"),
        ("deltas", b"\x0a", 1, "behind the last"),
        ("deltas", b"\x09\x00", 2, "behind the last"),
        ("deltas", b"\x81\x00", 1, "longer than it need be"),
        ("deltas", b"\xff\xff\xff\xff\xff\x01", 1, "longer than it need be"),
        ("deltas", b"\xff\xff\xff\xff\x7f", 1, "behind the last"),
        ("deltas", b"\x03\x00", 1, "1 cells announced, 2 sent"),
        ("deltas", bytes(51), 51, "too many"),
    ],
)
def test_what_is_no_selection_of_ten_cells_is_refused(encoding, data, count, reason):
    with pytest.raises(ValueError, match=reason):
        EncodedCells.received(encoding, memoryview(data), count, n_cells=10)


@given(st.sampled_from(["bitmap", "deltas"]), st.binary(max_size=40), st.integers(0, 400), st.integers(0, 300))
def test_any_bytes_give_a_valid_selection_or_a_refusal(encoding, data, count, n_cells):
    try:
        positions = EncodedCells.received(encoding, memoryview(data), count, n_cells).positions
    except ValueError:
        return
    assert len(positions) == count
    assert positions.dtype == np.uint32
    assert np.all(np.diff(positions.astype(np.int64)) > 0)
    assert not len(positions) or positions[-1] < n_cells
