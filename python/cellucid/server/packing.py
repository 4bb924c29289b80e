"""Which resources leave compressed, and their compressed bytes."""

from __future__ import annotations

import re
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cellucid.dataset import Resource
from cellucid.server import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_BYTES = 1024
MAX_BYTES = 32 * 1024 * 1024
"""Of a resource: what the viewer asks for at a time, and a second of work."""
CACHE_BYTES = 64 * 1024 * 1024

_LEVEL = 1
_SAMPLE = 16_384  # bytes, of the beginning, the middle and the end
_WORTH = 0.7
_GZIP = 16 + zlib.MAX_WBITS
_CODING = re.compile(
    r"\s*([\w!#$%&'*+.^`|~-]+)\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?", re.IGNORECASE
)


def may_be_packed(method: str, asked: Mapping[str, str], resource: Resource) -> bool:
    """Whether the answer may be compressed: the whole of a resource, to one who takes gzip and for whom it pays.

    Numbers are only worth it where a network is on the way, of which a reverse proxy tells: on one machine, and through
    its own proxy, they travel faster than they shrink. A part is one of the bytes themselves. One that is the whole may
    be answered as the whole (RFC 9110, 14.2), which is how the viewer asks.
    """
    if method != "GET" or resource.loaded < resource.nbytes or not MIN_BYTES <= resource.nbytes <= MAX_BYTES:
        return False
    if resource.dtype is not None and "x-forwarded-prefix" not in asked and "x-forwarded-context" not in asked:
        return False
    if not accepts_gzip(asked.get("accept-encoding")):
        return False
    try:
        part = ranges.part_of(asked.get("range"), asked.get("if-range"), resource.nbytes, f'"{resource.etag}"')
    except ranges.RangeError:
        return False
    return (part.start, part.stop) == (0, resource.nbytes)


def accepts_gzip(header: str | None) -> bool:
    """Whether an ``Accept-Encoding`` names gzip, or all codings, and not with a weight of 0 (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for coding in (header or "").split(","):
        if (match := _CODING.fullmatch(coding)) is not None:
            weights[match[1].lower()] = float(match[2] or 1)
    return weights.get("gzip", weights.get("*", 0)) > 0


class Packed:
    """Compressed resources by etag, the most recently used ones; and of which it is known that they do not shrink."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._n_bytes = 0

    def find(self, resource: Resource) -> bytes | None:
        """What is known: the bytes, none where it does not shrink, None where that is not known yet."""
        with self._lock:
            if (kept := self._kept.get(resource.etag)) is not None:
                self._kept.move_to_end(resource.etag)
            return kept

    def get(self, resource: Resource) -> bytes:
        """The compressed bytes, none where it does not shrink. Takes 10 ms for a megabyte, in which others compute."""
        if (kept := self.find(resource)) is not None:
            return kept
        packed = _packed(resource.data)
        with self._lock:
            if resource.etag not in self._kept:
                self._kept[resource.etag] = packed
                self._n_bytes += self._size(packed)
            while self._n_bytes > self._max_bytes:
                self._n_bytes -= self._size(self._kept.popitem(last=False)[1])
        return packed

    @staticmethod
    def _size(packed: bytes) -> int:
        return len(packed) + 256  # with what the entry itself takes


def _packed(data: memoryview) -> bytes:
    sample = b"".join(_samples(data))
    if len(zlib.compress(sample, _LEVEL)) > _WORTH * len(sample):
        return b""
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    packed = packer.compress(data) + packer.flush()
    return packed if len(packed) <= _WORTH * data.nbytes else b""


def _samples(data: memoryview) -> Iterator[memoryview]:
    if data.nbytes <= 3 * _SAMPLE:
        yield data
        return
    for start in (0, (data.nbytes - _SAMPLE) // 2, data.nbytes - _SAMPLE):
        yield data[start : start + _SAMPLE]
