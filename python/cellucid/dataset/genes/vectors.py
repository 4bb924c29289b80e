"""Stretches of a one-dimensional array in a file, read one after the other and ahead of time."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from cellucid.dataset.errors import DatasetError
from cellucid.dataset.genes.source import Lock
from cellucid.dataset.genes.threads import pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Bytes inflated by one thread in one go, so that handing the work over does not count.
BATCH_BYTES = 1 << 20


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Names the file when it cannot be read.

    Raises:
        DatasetError: What the file's own library raised.
    """
    try:
        yield
    except DatasetError:
        raise
    # h5py raises all of these: for damaged chunks, closed files, missing filters and missing parts.
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise DatasetError(
            f"cannot read {where}: {error}. The file is damaged, closed or changed since it was opened"
        ) from error


class Vector(ABC):
    """A one-dimensional array in a file.

    Attributes:
        size: How many elements it has.
        dtype: Their type.
        where: What it is called in errors.
    """

    def __init__(self, size: int, dtype: np.dtype[Any], where: str, chunk: int | None) -> None:
        self.size, self.dtype, self.where = size, dtype, where
        # Without chunks any stretch is as good as another.
        self._chunk = chunk or 1
        self._last: _Reading | None = None

    def begin(self, start: int, stop: int) -> Callable[[], NDArray[Any]]:
        """Begins to read elements ``start .. stop - 1``; what is returned waits for them, and may be called once.

        Each chunk of the file is read once, where every stretch begins at the end of the one before.
        """
        head = self._last if self._last is not None and self._last.covers(start) else None
        first = head.end if head else start - start % self._chunk
        end = max(first, min(-(-stop // self._chunk) * self._chunk, self.size))
        base = start if head else first
        with reading(self.where):
            wait = self._begin(first, end, base)
        self._last = _Reading(start, stop, base, end, wait, head, self.where)
        return self._last.take

    @abstractmethod
    def _begin(self, first: int, end: int, base: int) -> Callable[[], NDArray[Any]]:
        """Begins to read elements ``first .. end - 1``.

        Returns:
            What waits for an array that begins with element `base` (at most `first`), whose elements before `first` may
            be anything.
        """


class _Reading:
    """A stretch on its way, and after it the rest of its last chunk, which is where the next stretch begins."""

    def __init__(
        self,
        start: int,
        stop: int,
        base: int,
        end: int,
        wait: Callable[[], NDArray[Any]],
        head: _Reading | None,
        where: str,
    ) -> None:
        self._start, self._stop, self._base, self.end = start, stop, base, end
        self._wait: Callable[[], NDArray[Any]] | None = wait
        self._head = head
        self._where = where
        self._tail: NDArray[Any] | None = None

    def covers(self, element: int) -> bool:
        """Whether the element is in the rest of the last chunk."""
        return self._stop <= element < self.end

    def take(self) -> NDArray[Any]:
        """The stretch, once it is there. It is not kept."""
        assert self._wait is not None, "taken twice"
        with reading(self._where):
            found = self._wait()
        if self._head is not None:
            rest = self._head.tail(self._start)
            found[: len(rest)] = rest
        self._wait, self._head = None, None
        self._tail = found[self._stop - self._base :].copy()
        return found[self._start - self._base : self._stop - self._base]

    def tail(self, element: int) -> NDArray[Any]:
        """The elements from this one to the end of the last chunk."""
        if self._tail is None:
            self.take()
        assert self._tail is not None
        return self._tail[element - self._stop :]


class H5Vector(Vector):
    """A dataset in HDF5.

    Chunks that are not filtered, or deflated, are taken from the file as they are stored and inflated by several
    threads; HDF5 itself would inflate one after the other. It reads everything else itself.
    """

    def __init__(self, dataset: h5py.Dataset, lock: Lock) -> None:
        where = f"{dataset.name!r} of {dataset.file.filename!r}"
        if dataset.ndim != 1:
            raise DatasetError(f"cannot read {where}: it has shape {dataset.shape}, expected one dimension")
        super().__init__(dataset.shape[0], dataset.dtype, where, dataset.chunks[0] if dataset.chunks else None)
        self._dataset, self._lock = dataset, lock
        self._filters = _filters(dataset)

    def _begin(self, first: int, end: int, base: int) -> Callable[[], NDArray[Any]]:
        found = np.empty(end - base, dtype=self.dtype)
        if self._filters is None:
            if end > first:
                with self._lock:
                    self._dataset.read_direct(found, np.s_[first:end], np.s_[first - base : end - base])
            return lambda: found
        jobs: list[Future[None]] = []
        chunks_a_batch = max(1, BATCH_BYTES // (self._chunk * self.dtype.itemsize))
        starts = range(first, end, self._chunk)
        for number in range(0, len(starts), chunks_a_batch):
            batch = []
            with self._lock:
                for start in starts[number : number + chunks_a_batch]:
                    stored = self._dataset.id.read_direct_chunk((start,))
                    batch.append((found[start - base : start - base + self._chunk], *stored))
            jobs.append(pool().submit(_unpack, batch, self._chunk, self._filters))

        def wait() -> NDArray[Any]:
            for job in jobs:
                job.result()
            return found

        return wait


def _filters(dataset: h5py.Dataset) -> tuple[int, ...] | None:
    """The filters of a dataset's chunks in the order in which they were applied; None where HDF5 has to read it."""
    # A chunk that nobody has written to is not in the file.
    if dataset.chunks is None or dataset.id.get_space_status() != h5py.h5d.SPACE_STATUS_ALLOCATED:
        return None
    properties = dataset.id.get_create_plist()
    filters = tuple(properties.get_filter(i)[0] for i in range(properties.get_nfilters()))
    return filters if set(filters) <= {_DEFLATE, _SHUFFLE} else None


_DEFLATE, _SHUFFLE = 1, 2  # H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE


def _unpack(batch: list[tuple[NDArray[Any], int, bytes]], chunk: int, filters: tuple[int, ...]) -> None:
    """Fills arrays with the values of chunks."""
    for found, mask, stored in batch:
        nbytes = chunk * found.dtype.itemsize
        raw = stored
        for number in range(len(filters) - 1, -1, -1):
            if mask >> number & 1:
                continue
            if filters[number] == _DEFLATE:
                raw = _inflated(raw, nbytes)
            else:
                by_byte = np.frombuffer(raw, dtype=np.uint8)[:nbytes].reshape(found.dtype.itemsize, -1)
                raw = by_byte.T.tobytes()
        if len(raw) != nbytes:
            raise ValueError(f"a chunk has {len(raw):,} bytes, expected {nbytes:,}")
        found[:] = np.frombuffer(raw, dtype=found.dtype)[: len(found)]


def _inflated(stored: bytes, nbytes: int) -> bytes:
    """What a chunk was before it was deflated.

    Raises:
        ValueError: It is damaged.
    """
    library = _zlib()
    try:
        found: bytes = library.decompress(stored, bufsize=nbytes)
    except library.error as error:
        raise ValueError(f"a chunk cannot be inflated ({error})") from error
    return found


@cache
def _zlib() -> Any:
    """Python's zlib, or the faster one of the extra ``fast``."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    return isal_zlib
