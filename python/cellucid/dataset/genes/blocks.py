"""A stored CSR matrix in blocks of rows, and a block sorted by gene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from cellucid.dataset.encode import float32_copy
from cellucid.dataset.errors import DatasetError
from cellucid.dataset.genes.kernels import kernel, read_only
from cellucid.dataset.genes.rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.dataset.genes.vectors import Vector

# What the entries of a block take in memory. Two blocks are there at a time, and the index of one: about 100 MB.
BLOCK_BYTES = 1 << 25
# A row's number within its block fits into 16 bits.
ROWS_A_BLOCK = 1 << 16
# Entries sorted at a time: their rows and values, 768 kB, stay in the second-level cache.
TILE = 1 << 17


@dataclass(frozen=True, eq=False)
class StoredRows:
    """A CSR matrix in a file."""

    where: str
    """What it is called in errors."""
    n_genes: int
    indptr: NDArray[Any]
    entry_bytes: int
    """What an entry takes in memory: its gene and its value."""
    vector: Callable[[str], Vector]
    """Opens ``"indices"`` or ``"data"``, to be read from beginning to end by one reader."""

    def bounds(self) -> NDArray[np.intp]:
        """Where the blocks begin among the rows, and where the last one ends: ``(n_blocks + 1,)``."""
        most = BLOCK_BYTES // self.entry_bytes
        n_rows = len(self.indptr) - 1
        bounds = [0]
        while (row := bounds[-1]) < n_rows:
            full = int(np.searchsorted(self.indptr, int(self.indptr[row]) + most, side="right")) - 1
            bounds.append(min(max(full, row + 1), row + ROWS_A_BLOCK, n_rows))
        return np.array(bounds, dtype=np.intp)


class BlockReader:
    """Reads the blocks of a matrix in their order, the next one while the caller works on this one."""

    def __init__(self, rows: StoredRows, bounds: NDArray[np.intp]) -> None:
        self._rows, self._bounds = rows, bounds
        self._indices, self._data = rows.vector("indices"), rows.vector("data")
        self._next: tuple[int, Callable[[], NDArray[Any]], Callable[[], NDArray[Any]]] | None = None

    def read(self, block: int) -> Rows:
        """The entries of one block, its rows counted from 0.

        Raises:
            DatasetError: The file cannot be read.
        """
        ready, self._next = self._next, None
        _, indices, data = ready if ready is not None and ready[0] == block else self._begin(block)
        found = Rows(self._indptr(block), _plain(indices()), _plain(data()))
        if block + 2 < len(self._bounds):
            self._next = self._begin(block + 1)
        return found

    def _begin(self, block: int) -> tuple[int, Callable[[], NDArray[Any]], Callable[[], NDArray[Any]]]:
        first, last = self._bounds[block], self._bounds[block + 1]
        start, stop = int(self._rows.indptr[first]), int(self._rows.indptr[last])
        return block, self._indices.begin(start, stop), self._data.begin(start, stop)

    def _indptr(self, block: int) -> NDArray[Any]:
        part: NDArray[Any] = self._rows.indptr[self._bounds[block] : self._bounds[block + 1] + 1]
        begin: NDArray[Any] = part - part[0]
        return begin


def _plain(numbers: NDArray[Any]) -> NDArray[Any]:
    """The numbers in a type that scipy's and numba's loops take: in this machine's byte order, halves as float32."""
    dtype = np.dtype(np.float32) if numbers.dtype == np.float16 else numbers.dtype.newbyteorder("=")
    return numbers.astype(dtype, copy=False)


@dataclass(frozen=True, eq=False)
class GeneBlock:
    """The entries of a block of rows, gene after gene, each gene's in the order of the rows, no row twice."""

    n_rows: int
    starts: NDArray[np.uint32]
    """Where each gene begins among the entries, and where the last one ends: ``(n_genes + 1,)``."""
    rows: NDArray[np.uint16]
    values: NDArray[Any]
    """uint8 or uint16 where that is exact, as it is for counts; else float32."""


def sorted_by_gene(rows: Rows, n_genes: int, where: str) -> GeneBlock:
    """A block of rows, sorted by gene.

    Args:
        rows: At most `ROWS_A_BLOCK` rows.
        n_genes: Number of genes of the matrix.
        where: What it is called in errors.

    Raises:
        DatasetError: A gene number is out of range.
    """
    starts = np.zeros(n_genes + 1, dtype=np.uint32)
    cells = np.empty(len(rows.indices), dtype=np.uint16)
    transpose = kernel("transpose", rows.indptr, rows.indices, rows.data, starts, cells)
    if transpose is not None:
        values = np.empty_like(rows.data)
        ok = transpose(*map(read_only, (rows.indptr, rows.indices, rows.data)), starts, cells, values, TILE) > 0
    else:
        ok = not rows.indices.size or (rows.indices.min() >= 0 and rows.indices.max() < n_genes)
        if ok:
            by_row = sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.n_rows, n_genes))
            by_gene = by_row.tocsc()
            starts[:], cells, values = by_gene.indptr, by_gene.indices.astype(np.uint16), by_gene.data
    if not ok:
        raise DatasetError(f"cannot read {where}: it is corrupt, an entry is of a gene that is not among {n_genes:,}")
    starts, cells, values = _without_duplicates(starts, cells, values)
    return GeneBlock(rows.n_rows, starts, cells, _smallest(values))


def _without_duplicates(
    starts: NDArray[np.uint32], cells: NDArray[np.uint16], values: NDArray[Any]
) -> tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[Any]]:
    """Entries of the same gene and row summed in the matrix's own type, one after the other, as scipy does."""
    first = np.ones(len(cells), dtype=bool)
    first[1:] = cells[1:] != cells[:-1]
    first[starts[:-1][starts[:-1] < len(cells)]] = True
    if first.all():
        return starts, cells, values
    summed = np.zeros(np.count_nonzero(first), dtype=values.dtype)
    places = np.cumsum(first)
    np.add.at(summed, places - 1, values)
    return np.concatenate([[0], places])[starts].astype(np.uint32), cells[first], summed


def _smallest(values: NDArray[Any]) -> NDArray[Any]:
    """The values, as float32 would have them, in as few bytes as hold them."""
    for dtype in (np.uint8, np.uint16):
        # The first few tell of most matrices that are no counts that they are none.
        if _fits(values[:1024], dtype) and _fits(values, dtype):
            return values.astype(dtype)
    return values if values.dtype == np.dtype("<f4") else float32_copy(values)


def _fits(values: NDArray[Any], dtype: type[np.unsignedinteger[Any]]) -> bool:
    if not values.size or values.dtype.kind == "b":
        return True
    # A comparison with NaN is false.
    if not (values.min() >= 0 and values.max() <= np.iinfo(dtype).max):
        return False
    return bool(values.dtype.kind in "iu" or (values.astype(dtype) == values).all())
