"""Selections on the wire: a bitmap or deltas, whichever is smaller.

A bitmap holds cell ``i`` in bit ``i % 8`` of byte ``i // 8``. Deltas are, for each cell in ascending order, the number
of cells left out since the one before it, as LEB128: seven bits a byte, the lowest first, the eighth bit set in all but
a number's last byte (DWARF 4, section 7.6).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.uint32]

_BITS = 7
_MORE = 0x80
_LONGEST = 5  # bytes of a number below 2**32


class EncodedCells:
    """A set of cells as it travels; its row positions are made when they are first asked for.

    Args:
        encoding: ``"bitmap"`` or ``"deltas"``.
        data: the bytes.
        count: how many cells it holds.
        n_cells: cells of the dataset.
    """

    __slots__ = ("_positions", "count", "data", "encoding", "n_cells")

    def __init__(self, encoding: str, data: bytes, count: int, n_cells: int) -> None:
        self.encoding, self.data, self.count, self.n_cells = encoding, data, count, n_cells
        self._positions: Positions | None = None

    @classmethod
    def of(cls, positions: Positions, n_cells: int) -> EncodedCells:
        """Encode ascending unique row positions, ``uint32 (count,)``, each below ``n_cells``."""
        size = (n_cells + 7) // 8
        deltas = _deltas(positions) if len(positions) <= size else None  # a delta has a byte at least
        if deltas is not None and len(deltas) <= size:
            return cls("deltas", deltas, len(positions), n_cells)
        mask = np.zeros(n_cells, dtype=bool)
        mask[positions] = True
        return cls("bitmap", np.packbits(mask, bitorder="little").tobytes(), len(positions), n_cells)

    @classmethod
    def received(cls, encoding: str, data: memoryview, count: int, n_cells: int) -> EncodedCells:
        """Copy and check what a page sent. The work is that of reading its bytes, not of making positions.

        Raises:
            ValueError: wrong length, a cell that is none, or another count than announced.
        """
        cells = cls(encoding, bytes(data), count, n_cells)
        sent = cells._check_bitmap() if encoding == "bitmap" else cells._check_deltas()
        if sent != count:
            raise ValueError(f"{count} cells announced, {sent} sent")
        return cells

    @property
    def positions(self) -> Positions:
        """Row positions, ``uint32 (count,)``, ascending, unique, read-only."""
        made = self._positions
        if made is None:  # two threads may both make them
            if self.encoding == "bitmap":
                bits = np.unpackbits(np.frombuffer(self.data, dtype=np.uint8), count=self.n_cells, bitorder="little")
                made = np.flatnonzero(bits).astype(np.uint32)
            else:
                made = _positions(self.data)
            made.flags.writeable = False
            self._positions = made
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EncodedCells) or (self.count, self.n_cells) != (other.count, other.n_cells):
            return False
        if self is other or self.encoding == other.encoding:
            return self.data == other.data  # of each there is one form only
        return np.array_equal(self.positions, other.positions)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"EncodedCells({self.count:,} of {self.n_cells:,}, {self.encoding}, {len(self.data):,} bytes)"

    def _check_bitmap(self) -> int:
        size = (self.n_cells + 7) // 8
        if len(self.data) != size:
            raise ValueError(f"a bitmap of {self.n_cells} cells has {size} bytes, got {len(self.data)}")
        bits = int.from_bytes(self.data, "little")
        if bits >> self.n_cells:
            raise ValueError(f"the bitmap marks cells behind the last of {self.n_cells}")
        return bits.bit_count()

    def _check_deltas(self) -> int:
        if len(self.data) > _LONGEST * self.n_cells:
            raise ValueError(f"{len(self.data)} bytes of deltas are too many for {self.n_cells} cells")
        positions = _positions(self.data)
        if len(positions) and positions[-1] >= self.n_cells:
            raise ValueError(f"the deltas lead behind the last of {self.n_cells} cells")
        positions.flags.writeable = False
        self._positions = positions  # fewer than the bytes that came
        return len(positions)


def _deltas(positions: Positions) -> bytes:
    gaps: npt.NDArray[np.int64] = np.diff(positions.astype(np.int64), prepend=-1) - 1  # type: ignore[assignment]
    lengths = np.ones(len(gaps), dtype=np.int64)
    for place in range(1, _LONGEST):
        lengths += gaps >= 1 << (_BITS * place)
    ends = np.cumsum(lengths)
    data = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    starts = ends - lengths
    for place in range(int(lengths.max(initial=0))):
        there = lengths > place
        more = np.where(lengths[there] > place + 1, _MORE, 0)
        data[starts[there] + place] = (gaps[there] >> (_BITS * place)) & (_MORE - 1) | more
    return data.tobytes()


def _positions(data: bytes) -> Positions:
    """Decode deltas.

    Raises:
        ValueError: the last number has no end, or one is longer than it need be or than 32 bits.
    """
    values = np.frombuffer(data, dtype=np.uint8)
    if not len(values):
        return np.empty(0, dtype=np.uint32)
    ends = np.flatnonzero(values < _MORE)
    if not len(ends) or ends[-1] != len(values) - 1:
        raise ValueError("the deltas end in the middle of a number")
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST or np.any((values[ends] == 0) & (lengths > 1)):
        raise ValueError("a delta is longer than it need be")
    gaps = np.zeros(len(ends), dtype=np.int64)
    for place in range(int(lengths.max())):
        there = lengths > place
        gaps[there] |= (values[starts[there] + place] & (_MORE - 1)).astype(np.int64) << (_BITS * place)
    positions = np.cumsum(gaps + 1) - 1
    if positions[-1] > np.iinfo(np.uint32).max:
        raise ValueError("the deltas lead behind the last of 2**32 cells")
    return positions.astype(np.uint32)
