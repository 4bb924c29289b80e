"""A resource that is read while it is made: its first bytes are there long before its last."""

from __future__ import annotations

import math
import time
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from cellucid.dataset.encode import ARRAY_MEDIA_TYPE
from cellucid.dataset.lock import held
from cellucid.dataset.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    Blocks = Generator[tuple[int, NDArray[np.float32]], None, None]


class GrowingResource(Resource):
    """The values of a gene, made block by block by those who need them.

    No thread of its own: who asks for bytes that are not there makes them, and whoever asks meanwhile waits for that.
    When nobody asks on, the pass stands still. An error is that of whoever met it; the next one to ask tries again.

    Args:
        length: The number of values.
        etag: What tells these values from others, without a look at them.
        begin: Begins a pass: the number of the first cell and the values from it on, in the order of the cells.
    """

    dtype = "float32"
    media_type = ARRAY_MEDIA_TYPE

    def __init__(self, length: int, etag: str, begin: Callable[[], Blocks]) -> None:
        values = np.zeros(length, dtype="<f4")
        self._values = values
        self._bytes = values.data.cast("B").toreadonly()
        self._etag = etag
        self._begin: Callable[[], Blocks] | None = begin
        self._blocks: Blocks | None = None
        self._loaded = 0
        self._lock = Lock()

    @property
    def data(self) -> memoryview:
        """All bytes, once the last is there."""
        return self.part(0, self.nbytes, math.inf)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values."""
        return self._values.shape

    @property
    def etag(self) -> str:
        """What the values were said to be told from others by."""
        return self._etag

    @property
    def is_tagged(self) -> bool:
        """It is from the beginning."""
        return True

    @property
    def nbytes(self) -> int:
        """How many bytes there will be."""
        return self._bytes.nbytes

    @property
    def loaded(self) -> int:
        """How many bytes there are."""
        return self._loaded

    def part(self, start: int, stop: int, patience: float = 0.0) -> memoryview:
        """The bytes from `start` on, at least one and at most to `stop`; see `Resource.part`."""
        end = time.monotonic() + patience
        stop = min(stop, self.nbytes)
        while start < stop and (self._loaded <= start or (self._loaded < stop and time.monotonic() < end)):
            self._grow()
        return self._bytes[start : min(stop, self._loaded)]

    def _grow(self) -> None:
        """Makes the next bytes, or waits for another thread to have made them."""
        before = self._loaded
        with held(self._lock):
            if self._loaded > before or self._begin is None:
                return
            self._blocks = self._blocks or self._begin()
            try:
                block = next(self._blocks, None)
            except BaseException:  # of a pass that was interrupted nothing more comes
                self._blocks = None
                raise
            if block is None:
                there = self._loaded // self._values.itemsize
                raise RuntimeError(f"the blocks end after {there} of {self._values.size} values")
            first, values = block
            # A pass that was begun again brings once more what is there.
            self._values[first : first + len(values)] = values
            self._loaded = max(self._loaded, self._values.itemsize * (first + len(values)))
            if self._loaded == self.nbytes:
                self._blocks.close()
                self._begin = self._blocks = None
