"""What is answered about a resource: its bytes, a part of them, or that they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from cellucid.server import ranges
from cellucid.server.failure import Failure

if TYPE_CHECKING:
    from cellucid.dataset import Resource


class Answer(NamedTuple):
    """A status, the headers, and what follows: a part of the resource, or other bytes."""

    status: int
    headers: dict[str, str]
    part: ranges.Part | None
    body: bytes = b""


def answer_to(method: str, asked: Mapping[str, str], resource: Resource, packed: bytes = b"") -> Answer:
    """What a request for a resource is answered.

    Args:
        method: GET or HEAD.
        asked: The request's headers, with names in lower case.
        resource: What is asked for.
        packed: The resource compressed by gzip, where the answer may be that.

    Raises:
        Failure: The part that is asked for is not there, or the whole is too long for one answer.
    """
    headers = {
        "etag": f'"{resource.etag}"',
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-cellucid-length": str(resource.nbytes),
        "x-cellucid-shape": ",".join(map(str, resource.shape)),
        "vary": "Accept-Encoding",
    }
    if resource.dtype is not None:
        headers["x-cellucid-dtype"] = resource.dtype
    if ranges.matches(asked.get("if-none-match"), headers["etag"]):
        return Answer(304, headers, None)
    typed = headers | {"content-type": resource.media_type}
    if method == "HEAD":  # Range is for GET alone, and no body is too long
        return Answer(200, typed | {"content-length": headers["x-cellucid-length"]}, None)
    if packed:  # a weak tag: the same content in other bytes
        typed |= {"etag": f"W/{headers['etag']}", "content-encoding": "gzip", "content-length": str(len(packed))}
        return Answer(200, typed, None, packed)
    length = resource.nbytes
    try:
        part = ranges.part_of(asked.get("range"), asked.get("if-range"), length, headers["etag"])
    except ranges.RangeError as error:
        raise Failure(416, "range", str(error), **headers, **{"content-range": f"bytes */{length}"}) from error
    typed["content-length"] = str(part.stop - part.start)
    if part.whole:
        return Answer(200, typed, part)
    return Answer(206, typed | {"content-range": f"bytes {part.start}-{part.stop - 1}/{length}"}, part)
