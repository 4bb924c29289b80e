"""Several messages with their buffers in one body: how events come by HTTP, and what comes by the comm in parts."""

from __future__ import annotations

import json

from cellucid.channel.checks import BadMessage

MAX_HEAD = 4 * 1024 * 1024
"""Bytes of the JSON of one body."""

MAX_MESSAGES = 256
MAX_BUFFERS = 256
"""Of one message."""

_LENGTH = 4  # bytes that hold the head's length


def unpack(body: bytes) -> list[tuple[object, list[memoryview]]]:
    """The messages of a body, each with its buffers; what the messages are is not looked at.

    Raises:
        BadMessage: the body is not what docs/design/0003-events-and-waits.md says.
    """
    length = int.from_bytes(body[:_LENGTH], "little")
    end = _LENGTH + length
    if len(body) < end:
        raise BadMessage(f"body: the head ends at byte {end}, there are {len(body)}")
    if length > MAX_HEAD:
        raise BadMessage(f"body: a head of {length} bytes, more than {MAX_HEAD}")
    try:
        head = json.loads(body[_LENGTH:end])
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"body: the head is no JSON: {type(error).__name__}") from error
    messages = head.get("messages") if isinstance(head, dict) else None
    if not isinstance(messages, list):
        raise BadMessage("body: the head has no list of messages")
    if len(messages) > MAX_MESSAGES:
        raise BadMessage(f"body: {len(messages)} messages, more than {MAX_MESSAGES}")
    data = memoryview(body)[end:]
    unpacked: list[tuple[object, list[memoryview]]] = []
    for message in messages:
        sizes = message.get("buffers") if isinstance(message, dict) else None
        if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
            raise BadMessage("body: a message does not say how long its buffers are")
        if len(sizes) > MAX_BUFFERS:
            raise BadMessage(f"body: {len(sizes)} buffers of one message, more than {MAX_BUFFERS}")
        if sum(sizes) > len(data):
            raise BadMessage("body: the buffers are longer than the body")
        buffers = []
        for size in sizes:
            buffers.append(data[:size])
            data = data[size:]
        unpacked.append((message.get("content"), buffers))
    if len(data):
        raise BadMessage(f"body: {len(data)} bytes are left over")
    return unpacked
