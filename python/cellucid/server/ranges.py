"""Which part of a resource a request asks for (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BYTES = 64 * 1024 * 1024
"""The longest body of one answer: proxies on the way hold whole answers in memory, some refuse longer ones."""

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.IGNORECASE)


class RangeError(ValueError):
    """The part that is asked for is not there, or the whole is too long for one answer."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes ``start`` to ``stop`` of a resource."""

    start: int
    stop: int
    whole: bool
    """The request asked for no part, or for one in a way that may be overlooked: the answer is 200."""


def part_of(header: str | None, if_range: str | None, length: int, etag: str) -> Part:
    """The part that is asked for.

    A header that is no single range of bytes is overlooked, as is one for another version of the resource, or for an
    empty one, which has no part that could be named. A part that is longer than an answer may be is cut to the longest.

    Args:
        header: ``Range``, if there is one.
        if_range: ``If-Range``, if there is one.
        length: Of the whole, in bytes.
        etag: Of the resource now, in quotes.

    Raises:
        RangeError: The part begins behind the end, or the whole is wanted and longer than an answer may be.
    """
    match = _RANGE.fullmatch(header.strip()) if header is not None and length > 0 else None
    if match is None or (if_range is not None and if_range.strip() != etag):
        if length > MAX_BYTES:
            raise RangeError(f"the resource has {length} bytes; ask for parts of at most {MAX_BYTES} with Range")
        return Part(0, length, whole=True)
    first, last, suffix = match.groups()
    if suffix is not None:
        start, stop = max(0, length - int(suffix)), length
        if int(suffix) == 0:
            raise RangeError("the last 0 bytes are no part")
    else:
        start = int(first)
        stop = min(int(last) + 1, length) if last else length
        if last and int(last) < start:  # no range at all by the grammar, and so overlooked
            return part_of(None, None, length, etag)
    if start >= length:
        raise RangeError(f"byte {start} lies behind the end of {length} bytes")
    return Part(start, min(stop, start + MAX_BYTES), whole=False)


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names this version of the resource."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
