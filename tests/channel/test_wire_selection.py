"""Selections on the wire."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.channel.selection import decode, encode


@st.composite
def selections(draw):
    n_cells = draw(st.integers(0, 300))
    cells = draw(st.sets(st.integers(0, n_cells - 1))) if n_cells else set()
    return np.array(sorted(cells), dtype=np.uint32), n_cells


@given(selections())
def test_a_selection_survives_the_wire(selection):
    positions, n_cells = selection
    encoding, data = encode(positions, n_cells)
    np.testing.assert_array_equal(decode(encoding, data, len(positions), n_cells), positions)


@given(selections())
def test_the_smaller_encoding_is_chosen(selection):
    positions, n_cells = selection
    _, data = encode(positions, n_cells)
    assert data.nbytes == min(4 * len(positions), (n_cells + 7) // 8)


@pytest.mark.parametrize("n_cells", [1, 1_000_000, 10_000_000])
def test_all_cells_of_a_large_dataset_take_one_bit_each(n_cells):
    everything = np.arange(n_cells, dtype=np.uint32)
    encoding, data = encode(everything, n_cells)
    assert (encoding, data.nbytes) == ("bitmap", (n_cells + 7) // 8)
    np.testing.assert_array_equal(decode(encoding, data, n_cells, n_cells), everything)


@pytest.mark.parametrize(
    ("encoding", "data", "count", "reason"),
    [
        ("bitmap", b"\x01", 1, "has 2 bytes, got 1"),
        ("bitmap", b"\x00\xff", 2, "behind the last"),
        ("bitmap", b"\x01\x00", 2, "2 cells announced, 1 sent"),
        ("positions", b"\x01\x00\x00", 1, "4 bytes each"),
        ("positions", np.array([10], "<u4").tobytes(), 1, "below 10"),
        ("positions", np.array([3, 2], "<u4").tobytes(), 2, "ascend"),
        ("positions", np.array([3, 3], "<u4").tobytes(), 2, "ascend"),
        ("positions", np.array([3, 4], "<u4").tobytes(), 1, "1 cells announced, 2 sent"),
    ],
)
def test_what_is_no_selection_of_ten_cells_is_refused(encoding, data, count, reason):
    with pytest.raises(ValueError, match=reason):
        decode(encoding, memoryview(data), count, n_cells=10)


@given(st.sampled_from(["bitmap", "positions"]), st.binary(max_size=40), st.integers(0, 400), st.integers(0, 300))
def test_any_bytes_give_a_valid_selection_or_a_refusal(encoding, data, count, n_cells):
    try:
        positions = decode(encoding, memoryview(data), count, n_cells)
    except ValueError:
        return
    assert len(positions) == count
    assert positions.dtype == np.uint32
    assert np.all(np.diff(positions.astype(np.int64)) > 0)
    assert not len(positions) or positions[-1] < n_cells
