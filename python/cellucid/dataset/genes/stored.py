"""Genes of a matrix in a file, as anndata writes it, without anndata loading any of it.

What the three encodings have in common whether HDF5 or zarr holds them: `hdf5.py` and `zarr_store.py` say how an array
of each is read.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from pathlib import Path
from threading import Lock as ThreadLock
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.errors import DatasetError
from cellucid.dataset.genes.blocks import BlockReader, StoredRows
from cellucid.dataset.genes.memory import csc_column
from cellucid.dataset.genes.row_index import RowIndex
from cellucid.dataset.genes.rows import columns, row_parts
from cellucid.dataset.genes.source import GeneSource
from cellucid.dataset.genes.vectors import Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.dataset.genes.source import Blocks

# What is decoded of a dense matrix in one step.
DENSE_BYTES = 1 << 26
# What was written a moment ago may be written to again without another time: the clocks of file systems are coarse.
SETTLED_NS = 2 * 10**9

READ_ONLY = "read only"
"""The `SparseParts.version` of what nobody writes to through the same handle."""


class StoredArray(ABC):
    """A two-dimensional array in a file."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    chunks: tuple[int, int] | None
    where: str

    @abstractmethod
    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """A rectangle of it."""


class SparseParts(ABC):
    """The three arrays of a compressed sparse matrix in a file."""

    shape: tuple[int, int]
    where: str
    """What the matrix is called in errors."""

    @abstractmethod
    def read(self, part: str, start: int, stop: int) -> NDArray[Any]:
        """Elements ``start .. stop - 1`` of ``"indptr"``, ``"indices"`` or ``"data"``."""

    @abstractmethod
    def length(self, part: str) -> int:
        """The number of elements of an array."""

    @abstractmethod
    def dtype(self, part: str) -> np.dtype[Any]:
        """The type of an array's elements."""

    @abstractmethod
    def vector(self, part: str) -> Vector:
        """An array, to be read from its beginning to its end."""

    @abstractmethod
    def identity(self) -> dict[str, Any] | None:
        """What tells the file from others, and from itself after it was written to; None where nothing does."""

    @abstractmethod
    def version(self) -> object:
        """Another one after a change by whoever has opened the file to write; None where that cannot be told."""

    def both(self, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The indices and values of entries ``start .. stop - 1``."""
        return self.read("indices", start, stop), self.read("data", start, stop)

    def indptr(self, n: int) -> NDArray[Any]:
        """Where each of `n` rows (or columns) begins among the entries, in as few bytes as hold it.

        Raises:
            DatasetError: It is not that.
        """
        n_entries = self.length("indices")
        problem = None
        if self.length("indptr") != n + 1:
            problem = f"its indptr has length {self.length('indptr'):,}, expected {n + 1:,} for its shape {self.shape}"
        elif self.length("data") != n_entries:
            problem = f"it has {n_entries:,} indices, but {self.length('data'):,} values"
        elif self.dtype("indptr").kind not in "iu" or self.dtype("indices").kind not in "iu":
            problem = f"its indptr is {self.dtype('indptr')} and its indices are {self.dtype('indices')}"
        if problem is None:
            found = self.read("indptr", 0, n + 1)
            if found[0] != 0 or found[-1] > n_entries or (found[1:] < found[:-1]).any():
                problem = f"its indptr does not ascend from 0 to at most {n_entries:,}, the number of its entries"
        if problem is not None:
            raise DatasetError(f"cannot read {self.where}: it is corrupt, {problem}")
        return found.astype(np.int32 if n_entries < 2**31 else np.int64)


class StoredCscGenes(GeneSource):
    """CSC in a file: a gene's entries lie together and are read at once."""

    def __init__(self, parts: SparseParts) -> None:
        super().__init__(parts.shape)
        self._parts = parts
        self._known: tuple[object, NDArray[Any]] | None = None

    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        version = self._parts.version()
        known = self._known
        if known is None or version is None or known[0] != version:
            known = self._known = version, self._parts.indptr(self.n_genes)
        indptr = known[1]
        values = np.empty((len(genes), self.n_cells), dtype=np.float32)
        for k, gene in enumerate(genes):
            start, stop = int(indptr[gene]), int(indptr[gene + 1])
            if start == stop:
                values[k] = 0
                continue
            cells, found = self._parts.both(start, stop)
            if cells.min() < 0 or cells.max() >= self.n_cells:
                raise DatasetError(
                    f"cannot read {self._parts.where}: it is corrupt, an entry is of a cell that is not among "
                    f"{self.n_cells:,}"
                )
            values[k] = csc_column(self.n_cells, cells, found)
        yield 0, values


class StoredDenseGenes(GeneSource):
    """A dense matrix in a file: some rows at a time, and of chunks those that hold the genes."""

    def __init__(self, array: StoredArray) -> None:
        super().__init__(array.shape)
        self._array = array

    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        high, wide = self._array.chunks or (1, 1)
        groups = _neighbours(genes, wide)
        width = sum(int(genes[group[-1]]) - int(genes[group[0]]) + wide for group in groups)
        step = max(1, DENSE_BYTES // (high * width * self._array.dtype.itemsize)) * high
        for start, stop in row_parts(self.n_cells, step):
            values = np.empty((len(genes), stop - start), dtype=np.float32)
            for group in groups:
                first, last = int(genes[group[0]]), int(genes[group[-1]])
                found = self._array.read(slice(start, stop), slice(first, last + 1))
                with np.errstate(over="ignore"):
                    values[group] = found[:, genes[group] - first].T
            yield start, values


def _neighbours(genes: NDArray[np.intp], wide: int) -> list[NDArray[np.intp]]:
    """Places of ascending genes, those together that lie in the same chunks or in the next ones.

    Without chunks, those whose values lie in the same page of the file.
    """
    far = wide if wide > 1 else 512
    apart = np.flatnonzero(np.diff(genes // far) > (1 if wide == 1 else 0)) + 1
    return np.split(np.arange(len(genes)), apart)


class StoredCsrGenes(GeneSource):
    """CSR in a file: read once from beginning to end, sorted by gene on the way, and kept so in a file of our own.

    The first gene is answered on the way, block by block; every further one is read from that file. Where no such file
    can be, each query reads the matrix anew.
    """

    def __init__(self, parts: SparseParts) -> None:
        super().__init__(parts.shape)
        self._parts = parts
        self._making = ThreadLock()
        self._made: RowIndex | None = None
        self._version: object = None

    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        index, process = self._index(), os.getpid()
        alone: BlockReader | None = None
        block, start = 0, 0
        while start < self.n_cells:
            if os.getpid() != process:
                index, process, alone = self._index(), os.getpid(), None
            values = index.values(block, genes)
            if values is None:
                alone = alone or BlockReader(index.stored_rows(), index.bounds)
                found = alone.read(block)
                exact = columns(found, 0, found.n_rows, genes, in_order=False)
                with np.errstate(over="ignore"):
                    values = exact.astype(np.float32)
            yield start, values
            start += values.shape[1]
            block += 1

    def _index(self) -> RowIndex:
        version = self._parts.version()
        # In a child that was forked there are no threads that read ahead, and the parent goes on writing to its file.
        made_by = None if version is None else (os.getpid(), version)
        with self._making:
            if self._made is None or made_by is None or made_by != self._version:
                self._made, self._version = RowIndex(self._rows, self.n_genes, self._key), made_by
            return self._made

    def _rows(self) -> StoredRows:
        parts = self._parts
        entry_bytes = parts.dtype("indices").itemsize + parts.dtype("data").itemsize
        return StoredRows(parts.where, self.n_genes, parts.indptr(self.n_cells), entry_bytes, parts.vector)

    def _key(self) -> dict[str, Any] | None:
        identity = self._parts.identity()
        if identity is None:
            return None
        about = {name: str(self._parts.dtype(name)) for name in ("indices", "data")}
        return {**identity, **about, "shape": list(self._parts.shape), "nnz": self._parts.length("indices")}


def file_identity(path: str) -> dict[str, Any] | None:
    """What tells a file from others and from its own earlier versions; None where it is no file on a disk."""
    try:
        whole = Path(path).resolve(strict=True)
        about = whole.stat()
    except (OSError, ValueError):
        return None
    return {"path": str(whole), **file_state(about)}


def file_state(about: os.stat_result) -> dict[str, int]:
    """What of a file is another one after it was written to or replaced.

    Its size and time alone are not: those of two uncompressed matrices can be equal, and tools set times.
    """
    return {
        "size": about.st_size,
        "mtime_ns": about.st_mtime_ns,
        "ctime_ns": about.st_ctime_ns,
        "inode": about.st_ino,
    }


def settled(identity: dict[str, Any] | None) -> object:
    """A file's `SparseParts.version`: its identity, unless it was written to just now."""
    if identity is None or time.time_ns() - max(identity["mtime_ns"], identity["ctime_ns"]) < SETTLED_NS:
        return None
    return tuple(identity.items())


def no_array(where: str, name: str) -> DatasetError:
    """The error for a sparse matrix that lacks one of its arrays."""
    return DatasetError(f"cannot read {where}: it is corrupt, it has no array {name!r} of one dimension")
