"""One of the named resources that a dataset is a tree of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Resource:
    """The bytes at one path of a dataset, with what is needed to read them.

    A resource is a snapshot: it never aliases the user's arrays, so that its bytes agree with its etag for ever.
    """

    data: memoryview = field(repr=False)
    """The content as read-only bytes: C order, little-endian."""
    dtype: str | None
    """Numpy's name of the elements' type (``"float32"``), or None where the content is not an array."""
    shape: tuple[int, ...]
    """Shape of the array, or the number of bytes where the content is not an array."""
    media_type: str

    @cached_property
    def etag(self) -> str:
        """A hash of the content (BLAKE2b, 128 bits, hexadecimal): equal for equal bytes."""
        return hashlib.blake2b(self.data, digest_size=16).hexdigest()

    @property
    def is_tagged(self) -> bool:
        """Whether the etag is known without a look at many bytes."""
        return "etag" in self.__dict__ or self.nbytes < 65_536

    @property
    def nbytes(self) -> int:
        """Length of the content in bytes."""
        return self.data.nbytes

    @property
    def loaded(self) -> int:
        """How many bytes are there, from the first on: all of them, unless the resource is still being made."""
        return self.nbytes

    def part(self, start: int, stop: int, patience: float = 0.0) -> memoryview:
        """The bytes from `start` on that are there: at least one, where there will be one, and at most to `stop`.

        Args:
            start: Of the first byte.
            stop: Of the byte after the last.
            patience: Seconds to wait for the others, once the first is there.

        Raises:
            DatasetError: The bytes that are still to come cannot be made.
        """
        return self.data[start:stop]

    def __len__(self) -> int:
        return self.nbytes

    def as_array(self) -> NDArray[Any]:
        """The content as a read-only array of ``shape``, without a copy.

        Raises:
            TypeError: The resource is not an array (its ``dtype`` is None).
        """
        if self.dtype is None:
            raise TypeError(f"a resource of type {self.media_type} is not an array; read its bytes from `data`")
        return np.frombuffer(self.data, dtype=np.dtype(self.dtype).newbyteorder("<")).reshape(self.shape)
