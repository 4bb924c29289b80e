"""What is answered about a resource: its bytes, a part of them, or that they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from cellucid.server import ranges
from cellucid.server.failure import Failure

if TYPE_CHECKING:
    from cellucid.dataset import Resource


class Answer(NamedTuple):
    """A status, the headers, and which bytes follow; None where none do."""

    status: int
    headers: dict[str, str]
    part: ranges.Part | None


def answer_to(method: str, asked: Mapping[str, str], resource: Resource) -> Answer:
    """What a request for a resource is answered; by its headers, with names in lower case.

    Raises:
        Failure: The part that is asked for is not there, or the whole is too long for one answer.
    """
    headers = {
        "etag": f'"{resource.etag}"',
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-cellucid-length": str(resource.nbytes),
        "x-cellucid-shape": ",".join(map(str, resource.shape)),
    }
    if resource.dtype is not None:
        headers["x-cellucid-dtype"] = resource.dtype
    if ranges.matches(asked.get("if-none-match"), headers["etag"]):
        return Answer(304, headers, None)
    typed = headers | {"content-type": resource.media_type}
    if method == "HEAD":  # Range is for GET alone, and no body is too long
        return Answer(200, typed | {"content-length": headers["x-cellucid-length"]}, None)
    length = resource.nbytes
    try:
        part = ranges.part_of(asked.get("range"), asked.get("if-range"), length, headers["etag"])
    except ranges.RangeError as error:
        raise Failure(416, "range", str(error), **headers, **{"content-range": f"bytes */{length}"}) from error
    typed["content-length"] = str(part.stop - part.start)
    if part.whole:
        return Answer(200, typed, part)
    return Answer(206, typed | {"content-range": f"bytes {part.start}-{part.stop - 1}/{length}"}, part)
