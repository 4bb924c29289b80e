"""Several events in one body, as the viewer posts them."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.channel.checks import BadMessage
from cellucid.channel.posted import unpack


def pack(messages, left_over=b""):
    """The body of `(content, buffers)`."""
    entries = [{"content": content, "buffers": [len(data) for data in buffers]} for content, buffers in messages]
    head = json.dumps({"messages": entries}).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(b"".join(buffers) for _, buffers in messages) + left_over


@given(st.lists(st.tuples(st.dictionaries(st.text(), st.integers()), st.lists(st.binary()))))
def test_messages_come_out_as_they_went_in(messages):
    unpacked = unpack(pack(messages))
    assert [(content, [bytes(data) for data in buffers]) for content, buffers in unpacked] == messages


def head(text):
    data = text.encode()
    return len(data).to_bytes(4, "little") + data


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "ends at byte 4, there are 0"),
        (b"\xff\xff\xff\xff{}", "the head ends at byte 4294967299, there are 6"),
        (head("{"), "no JSON"),
        (head("[" * 100_000), "no JSON"),
        (head("[]"), "no list of messages"),
        (head('{"messages": 3}'), "no list of messages"),
        (head('{"messages": [3]}'), "how long its buffers are"),
        (head('{"messages": [{"buffers": [-1]}]}'), "how long its buffers are"),
        (head('{"messages": [{"buffers": [true]}]}'), "how long its buffers are"),
        (head('{"messages": [{"buffers": [5]}]}') + b"1234", "longer than the body"),
        (head('{"messages": [{"buffers": [3]}]}') + b"1234", "1 bytes are left over"),
    ],
)
def test_another_body_is_refused(body, says):
    with pytest.raises(BadMessage, match=says):
        unpack(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body):
    with contextlib.suppress(BadMessage):
        unpack(body)
