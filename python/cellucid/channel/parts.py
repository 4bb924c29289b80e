"""Messages from a page that are too large for one: put together again from their parts."""

from __future__ import annotations

import base64
import binascii

from cellucid.channel.checks import BadMessage
from cellucid.channel.messages import MAX_PARTS, Part
from cellucid.channel.posted import unpack

PART_BYTES = 4 * 1024 * 1024
"""Of all parts but the last."""

MAX_BYTES = MAX_PARTS * PART_BYTES
"""Of all that is under way to one widget: a page that has gone leaves its parts behind."""


class Parts:
    """What has come of messages in parts; one message a page at a time. Not safe from several threads."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[int, list[bytes]]] = {}

    def take(self, part: Part, buffers: list[memoryview]) -> list[tuple[object, list[memoryview]]]:
        """Add a part; returns the messages that are whole by that, mostly none.

        Raises:
            BadMessage: it has no bytes of its own, or does not follow the one before; the message is lost then, and
                comes again.
        """
        data = _bytes_of(part, buffers)
        transfer, parts = self._begun.pop(part.page, (None, []))
        if part.index == 0:
            transfer, parts = part.transfer, []
        if transfer != part.transfer or part.index != len(parts) or part.index >= part.count:
            raise BadMessage(f"part {part.index} of {part.count} does not follow the one before")
        parts.append(data)
        if len(parts) == part.count:
            return unpack(b"".join(parts))
        self._begun[part.page] = (part.transfer, parts)
        while self._nbytes() > MAX_BYTES:
            del self._begun[next(iter(self._begun))]
        return []

    def clear(self) -> None:
        """Forget what has not come whole."""
        self._begun.clear()

    def _nbytes(self) -> int:
        return sum(len(data) for _, parts in self._begun.values() for data in parts)


def _bytes_of(part: Part, buffers: list[memoryview]) -> bytes:
    if part.text is None:
        if len(buffers) != 1:
            raise BadMessage(f"part: one buffer expected, got {len(buffers)}")
        data = bytes(buffers[0])
    else:
        try:
            data = base64.b64decode(part.text, validate=True)
        except binascii.Error as error:
            raise BadMessage(f"part.text: no base64: {error}") from error
    if len(data) > PART_BYTES or (part.index < part.count - 1 and len(data) != PART_BYTES):
        raise BadMessage(f"part: {len(data)} bytes")
    return data
