"""Loops over CSR entries, compiled by numba where that is installed.

numba is optional and slow to start, so nobody waits for it: who asks for a kernel that is not compiled gets None and
does the work with numpy, to the same values, while a thread compiles it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from importlib.util import find_spec
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Kernel = Callable[..., int]

log = logging.getLogger(__name__)


def _rows_sorted(indptr: Any, indices: Any, first: int, last: int) -> int:
    """1 where the gene numbers of no row in ``first .. last - 1`` descend, 0 where they do, -1 where rows overlap."""
    for row in range(first, last):
        start, stop = indptr[row], indptr[row + 1]
        if start < 0 or stop < start or stop > indices.size:
            return -1
        for entry in range(start + 1, stop):
            if indices[entry] < indices[entry - 1]:
                return 0
    return 1


def _search(indptr: Any, indices: Any, data: Any, first: int, last: int, genes: Any, found: Any) -> int:
    """Adds the entries of ascending genes in sorted rows ``first .. last - 1`` to ``found[gene, row]``; -1 as above.

    The first gene is searched in some rows at a time, one step in all of them before the next step, without branches:
    the processor then fetches the entries of these rows side by side. The other genes are sought near the one before.
    """
    # Unsigned, as numba asks of each signed index whether it counts from the end.
    zero, one, n_genes = np.uintp(0), np.uintp(1), np.uintp(genes.size)
    gene = genes[zero]
    lows, lefts = np.empty(64, dtype=np.uintp), np.empty(64, dtype=np.uintp)
    for begin in range(np.uintp(first), np.uintp(last), np.uintp(lows.size)):
        n_rows, longest = min(np.uintp(lows.size), np.uintp(last) - begin), zero
        for k in range(n_rows):
            low, stop = np.uintp(indptr[begin + k]), np.uintp(indptr[begin + k + one])
            if stop < low or stop > np.uintp(indices.size):
                return -1
            # An empty row may begin behind the last entry, where there is nothing to look at.
            lows[k], lefts[k] = low if low < stop else zero, stop - low
            longest = max(longest, stop - low)
        while longest > one:
            for k in range(n_rows):
                low, half = lows[k], lefts[k] >> one
                lows[k] = low + half if indices[low + half - min(half, one)] < gene else low
                lefts[k] -= half
            longest -= longest >> one
        for k in range(n_rows):
            low, stop = lows[k], np.uintp(indptr[begin + k + one])
            if not lefts[k] or indices[low] < gene:
                low = low + one if lefts[k] else stop
            while low < stop and indices[low] == gene:
                found[zero, begin + k - np.uintp(first)] += data[low]
                low += one
            lows[k] = low
        if n_genes == one:
            continue
        for k in range(n_rows):
            low, stop, g = lows[k], np.uintp(indptr[begin + k + one]), one
            while low < stop:
                while g < n_genes and genes[g] < indices[low]:
                    g += one
                if g == n_genes:
                    break
                if indices[low] == genes[g]:
                    found[g, begin + k - np.uintp(first)] += data[low]
                    low += one
                    continue
                step = one
                while low + step < stop and indices[low + step] < genes[g]:
                    low += step
                    step <<= one
                low, high = low + one, min(low + step, stop)
                while low < high:
                    middle = (low + high) >> one
                    if indices[middle] < genes[g]:
                        low = middle + one
                    else:
                        high = middle
    return 1


def _transpose(indptr: Any, indices: Any, data: Any, starts: Any, rows: Any, values: Any, tile: int) -> int:
    """Sorts the entries of some rows by gene, stably.

    Args:
        indptr: Where the rows begin among the entries, from 0 on.
        indices: The genes of the entries.
        data: Their values.
        starts: Zeros, one a gene and one more; becomes where each gene begins.
        rows: Becomes the row of each entry.
        values: Becomes the value of each entry.
        tile: How many entries are put in place at a time, where every row is sorted: so many that their places stay in
            the cache.

    Returns:
        1, or -1 where a gene number is out of range; nothing is sorted then.
    """
    n_genes = starts.size - 1
    n_rows = indptr.size - 1
    for row in range(n_rows):
        before = 0
        for entry in range(indptr[row], indptr[row + 1]):
            gene = indices[entry]
            if gene < 0 or gene >= n_genes:
                return -1
            if gene < before:
                tile = indices.size
            before = gene
            starts[gene + 1] += 1
    for gene in range(n_genes):
        starts[gene + 1] += starts[gene]
    # Each gene's start serves as its cursor, which ends as the start of the next; then all are shifted back.
    cursors = indptr[:-1].copy()
    first = 0
    while first < n_genes:
        # The genes of this tile: of each row, the entries from its cursor on.
        end = starts[first] + tile
        after = first + 1
        while after < n_genes and starts[after + 1] <= end:
            after += 1
        for row in range(n_rows):
            entry = cursors[row]
            while entry < indptr[row + 1]:
                gene = indices[entry]
                if gene >= after:
                    break
                place = starts[gene]
                rows[place] = row
                values[place] = data[entry]
                starts[gene] = place + 1
                entry += 1
            cursors[row] = entry
        first = after
    for gene in range(n_genes, 0, -1):
        starts[gene] = starts[gene - 1]
    starts[0] = 0
    return 1


_SOURCES: dict[str, Kernel] = {"rows_sorted": _rows_sorted, "search": _search, "transpose": _transpose}

# Fewer entries than this are done by numpy before numba is loaded.
WORTH_COMPILING = 1 << 20

_lock = Lock()
_one_at_a_time = Lock()
_compiled: dict[tuple[Any, ...], Future[Kernel | None]] = {}


def kernel(name: str, *arrays: NDArray[Any]) -> Kernel | None:
    """A compiled kernel for arrays of these types, or None where there is none (yet), or too little to do.

    Args:
        name: ``"rows_sorted"``, ``"search"`` or ``"transpose"``.
        *arrays: What it will be called with: where rows begin, the genes of entries, and so on.
    """
    if len(arrays[1]) < WORTH_COMPILING or not all(map(_suits, arrays)) or not _installed():
        return None
    compiling = _begin(name, tuple(array.dtype for array in arrays))
    return compiling.result() if compiling.done() else None


def compile_now(name: str, *dtypes: Any) -> bool:
    """Waits until a kernel is compiled for arrays of these types; whether there is one then. For benchmarks."""
    return _installed() and _begin(name, tuple(map(np.dtype, dtypes))).result() is not None


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same numbers, as numba sees arrays that it cannot write to: one compiled kernel then suits all of them."""
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


@cache
def _installed() -> bool:
    return find_spec("numba") is not None


def _suits(array: NDArray[Any]) -> bool:
    kind, size = array.dtype.kind, array.dtype.itemsize
    numbers = kind in "iu" or (kind == "f" and size in (4, 8))
    return numbers and array.dtype.isnative and array.flags.c_contiguous and array.flags.aligned


def _begin(name: str, dtypes: tuple[np.dtype[Any], ...]) -> Future[Kernel | None]:
    key = (name, *dtypes)
    with _lock:
        if key not in _compiled:
            _compiled[key] = Future()
            # Not a daemon: the interpreter must not end in the middle of LLVM's work.
            Thread(target=_compile_into, args=(_compiled[key], name, dtypes), name="cellucid-compile").start()
        return _compiled[key]


def _compile_into(future: Future[Kernel | None], name: str, dtypes: tuple[np.dtype[Any], ...]) -> None:
    with _one_at_a_time:
        future.set_result(_compile(name, dtypes))


def _compile(name: str, dtypes: tuple[np.dtype[Any], ...]) -> Kernel | None:
    try:
        return _warm(_jit(name, cache=True), name, dtypes)
    except Exception as without_files:  # no folder that numba may keep its files in, or one that is full
        log.debug("numba cannot keep the kernel %s: %s", name, without_files)
    try:
        return _warm(_jit(name, cache=False), name, dtypes)
    except Exception as error:  # whatever ails numba, numpy does the work
        log.debug("numba cannot compile the kernel %s: %s", name, error)
        return None


@cache
def _jit(name: str, *, cache: bool) -> Kernel:
    import numba

    compiled: Kernel = numba.njit(nogil=True, cache=cache)(_SOURCES[name])
    return compiled


def _warm(compiled: Kernel, name: str, dtypes: tuple[np.dtype[Any], ...]) -> Kernel:
    """Calls a kernel once on next to nothing, which compiles it for these types."""
    indptr, indices = (np.zeros(n, dtype=dtype) for n, dtype in zip((2, 0), dtypes, strict=False))
    if name == "rows_sorted":
        compiled(read_only(indptr), read_only(indices), 0, 0)
        return compiled
    data = np.zeros(0, dtype=dtypes[2])
    if name == "search":
        compiled(
            *map(read_only, (indptr, indices, data)), 0, 0, np.zeros(1, np.intp), np.zeros((1, 1), dtype=data.dtype)
        )
    else:
        rows = np.zeros(0, dtype=dtypes[4])
        compiled(*map(read_only, (indptr, indices, data)), np.zeros(2, dtype=dtypes[3]), rows, data.copy(), 1)
    return compiled
