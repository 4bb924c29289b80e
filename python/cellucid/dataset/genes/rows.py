"""Genes out of CSR rows: by binary search where each row is sorted by gene, by looking at every entry where not."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.errors import DatasetError
from cellucid.dataset.genes.kernels import kernel, read_only
from cellucid.dataset.genes.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Entries looked at in one step: the comparison's result is 1 MB, and even where every entry is a hit no temporary is
# larger than 8 MB.
STEP = 1 << 20
# Rows searched in one step of numpy's: its temporaries stay in the second-level cache.
ROWS_A_SEARCH = 1 << 14


@dataclass(frozen=True, eq=False)
class Rows:
    """The entries of a CSR matrix, row after row. They are only read."""

    indptr: NDArray[Any]
    """Where each row begins among the entries, and where the last one ends: ``(n_rows + 1,)``."""
    indices: NDArray[Any]
    """The gene of each entry."""
    data: NDArray[Any]
    """The value of each entry."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1


def columns(rows: Rows, first: int, last: int, genes: NDArray[np.intp], in_order: bool) -> NDArray[Any]:
    """The values of some genes in rows ``first .. last - 1``, in the matrix's own type.

    Args:
        rows: The matrix.
        first: The first row.
        last: The one after the last.
        genes: Numbers of genes, ascending and each once.
        in_order: Whether every row is sorted by gene.

    Returns:
        ``(len(genes), last - first)``; a cell's duplicate entries are summed as scipy sums them.

    Raises:
        DatasetError: The rows do not lie one after the other among the entries.
    """
    found = np.zeros((len(genes), last - first), dtype=rows.data.dtype)
    if in_order:
        search = kernel("search", rows.indptr, rows.indices, rows.data)
        if search is not None:
            parts = map(read_only, (rows.indptr, rows.indices, rows.data))
            if search(*parts, first, last, genes, found) < 0:
                raise overlapping()
            return found
        if _search_is_shorter(rows, first, last, len(genes)):
            for start in range(first, last, ROWS_A_SEARCH):
                stop = min(start + ROWS_A_SEARCH, last)
                for k, gene in enumerate(genes):
                    _search(rows, start, stop, int(gene), found[k, start - first : stop - first])
            return found
    _scan(rows, first, last, genes, found)
    return found


def overlapping() -> DatasetError:
    """The error for an `indptr` that no CSR matrix has."""
    return DatasetError("cannot read genes: the matrix is corrupt, its indptr is not ascending within the entries")


def _search_is_shorter(rows: Rows, first: int, last: int, n_genes: int) -> bool:
    # A step of the search gathers one entry of each row, which is taken to cost forty comparisons of entries in line,
    # or looking four entries up among several genes.
    mean = max(1, int(rows.indptr[last] - rows.indptr[first]) // max(1, last - first))
    return n_genes * (40 if n_genes == 1 else 4) * mean.bit_length() < mean


def _search(rows: Rows, first: int, last: int, gene: int, found: NDArray[Any]) -> None:
    """Binary search in many rows at a time."""
    low = rows.indptr[first:last].astype(np.intp)
    ends = rows.indptr[first + 1 : last + 1].astype(np.intp)
    if low.size and (low[0] < 0 or (ends < low).any() or ends[-1] > len(rows.indices)):
        raise overlapping()
    high = ends
    last_entry = len(rows.indices) - 1
    for _ in range(int((ends - low).max(initial=0)).bit_length()):
        middle = (low + high) >> 1
        less = (rows.indices[np.minimum(middle, last_entry)] < gene) & (low < high)
        low = np.where(less, middle + 1, low)
        high = np.where(less, high, middle)
    cells = np.arange(last - first)
    while cells.size:
        there = low < ends
        cells, low, ends = cells[there], low[there], ends[there]
        there = rows.indices[low] == gene
        cells, low, ends = cells[there], low[there], ends[there]
        _add(found, cells, rows.data[low])
        low = low + 1  # duplicates lie next to each other


def _scan(rows: Rows, first: int, last: int, genes: NDArray[np.intp], found: NDArray[Any]) -> None:
    """Looks at every entry, whatever their order."""
    begin, end = int(rows.indptr[first]), int(rows.indptr[last])
    if begin < 0 or end > len(rows.indices) or (np.diff(rows.indptr[first : last + 1]) < 0).any():
        raise overlapping()
    # Python's numbers, as numpy would convert all entries to the type of its own.
    lowest, highest = int(genes[0]), int(genes[-1])
    slots = None
    if lowest != highest:
        slots = np.full(highest - lowest + 1, -1, dtype=np.intp)
        slots[genes - lowest] = np.arange(len(genes))
    bounds = rows.indptr[first : last + 1]
    for start in range(begin, end, STEP):
        part = rows.indices[start : min(start + STEP, end)]
        if slots is None:
            hits = np.flatnonzero(part == lowest)
        else:
            # Of genes that are neighbours, as a block of an export is, few entries are looked up.
            hits = np.flatnonzero((part >= lowest) & (part <= highest))
            slot = slots[part[hits].astype(np.intp) - lowest]
            there = slot >= 0
            hits, slot = hits[there], slot[there]
        if hits.size:
            # With needles of another type searchsorted would convert all of indptr at each step.
            cells = np.searchsorted(bounds, (hits + start).astype(bounds.dtype), side="right") - 1
            where = cells if slots is None else (slot, cells)
            _add(found[0] if slots is None else found, where, rows.data[hits + start])


def _add(found: NDArray[Any], where: Any, values: NDArray[Any]) -> None:
    """Adds entries in the matrix's own type: a cell's duplicates sum as they do in scipy."""
    np.add.at(found, where, values)


class Order:
    """Whether the rows of matrices in memory are sorted, looked up once for each.

    scipy would note its own answer on the user's matrix. Known by the identity of the arrays: whoever exchanges them is
    noticed, whoever writes into them such that sorted rows are no longer sorted is not.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], weakref.ref[Any], bool]] = {}
        self._lock = Lock()

    def is_sorted(self, rows: Rows) -> bool:
        """Whether the gene numbers of no row descend."""
        key = id(rows.indices)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[0]() is rows.indices and known[1]() is rows.indptr:
                return known[2]
        found = rows_are_sorted(rows)
        gone = weakref.ref(rows.indices, lambda _: self._known.pop(key, None))
        with self._lock:
            self._known[key] = (gone, weakref.ref(rows.indptr), found)
        return found


def rows_are_sorted(rows: Rows) -> bool:
    """Whether the gene numbers of no row descend.

    Raises:
        DatasetError: The rows do not lie one after the other among the entries.
    """
    if rows.n_rows and (rows.indptr[0] < 0 or rows.indptr[-1] > min(len(rows.indices), len(rows.data))):
        raise overlapping()
    check = kernel("rows_sorted", rows.indptr, rows.indices)
    if check is not None:
        indptr, indices = read_only(rows.indptr), read_only(rows.indices)
        answers = [1]
        for answer in in_order(lambda part: check(indptr, indices, *part), row_parts(rows.n_rows, ROWS_A_SEARCH)):
            answers.append(answer)
            if answer < 1:
                break
        if min(answers) < 0:
            raise overlapping()
        return answers[-1] == 1
    if (np.diff(rows.indptr) < 0).any():
        raise overlapping()
    begin, end = (int(rows.indptr[0]), int(rows.indptr[-1])) if rows.n_rows else (0, 0)
    for start in range(begin, end - 1, STEP):
        part = rows.indices[start : min(start + STEP + 1, end)]
        descents = np.flatnonzero(part[1:] < part[:-1])
        if descents.size:
            # A row may begin where the numbers descend.
            after = (descents + start + 1).astype(rows.indptr.dtype)
            if not np.array_equal(rows.indptr[np.searchsorted(rows.indptr, after)], after):
                return False
    return True


def row_parts(n_rows: int, size: int) -> Iterator[tuple[int, int]]:
    """All rows in parts of this many: first row, and the one after the last."""
    return ((start, min(start + size, n_rows)) for start in range(0, n_rows, size))
