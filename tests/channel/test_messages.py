"""Both sides decode one file of vectors: this is Python's."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.channel.checks import BadMessage
from cellucid.channel.messages import (
    Ack,
    Click,
    Command,
    Custom,
    Event,
    Failure,
    Reply,
    Request,
    Upstream,
    encode,
    parse,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text())
CLASSES = {"reply": Reply, "error": Failure, "ack": Ack, "command": Command}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


def assert_read_or_refused(value: object) -> None:
    with contextlib.suppress(BadMessage):
        assert isinstance(parse(value), Upstream)


def named(vectors: list[dict]) -> list:
    return [pytest.param(vector["message"], id=vector["name"]) for vector in vectors]


@pytest.mark.parametrize("message", named(VECTORS["upstream"]["good"]))
def test_every_good_message_from_the_viewer_is_read(message):
    parsed = parse(message)
    assert parsed.page == message["page"]
    body = message.get("params", message.get("payload", {}))
    carried = parsed.params if isinstance(parsed, Request) else getattr(parsed, "payload", None)
    for key, value in body.items():
        assert getattr(carried, key) == value


@pytest.mark.parametrize("message", named(VECTORS["upstream"]["bad"]))
def test_every_bad_message_from_the_viewer_is_refused(message):
    with pytest.raises(BadMessage):
        parse(message)


@pytest.mark.parametrize("message", named(VECTORS["downstream"]["good"]))
def test_messages_to_the_viewer_are_written_as_the_viewer_reads_them(message):
    values = {key: value for key, value in message.items() if key != "kind"}
    assert encode(CLASSES[message["kind"]](**values)) == message


def test_unknown_keys_are_ignored():
    message = {"kind": "event", "page": "p", "seq": 1, "event": "click", "from": "the future"}
    payload = {"cell": 3, "button": 0, "shift": False, "ctrl": False, "pressure": 0.5}
    assert parse(message | {"payload": payload}).payload == Click(3, 0, False, False)


def test_unknown_events_are_kept_for_message_hooks():
    event = parse({"kind": "event", "page": "p", "seq": 1, "event": "my-event", "payload": {"a": [1, {"b": None}]}})
    assert isinstance(event, Event)
    assert event.event == "my-event"
    assert event.payload == Custom({"a": [1, {"b": None}]})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_unknown_events_with_numbers_that_json_has_not_are_refused(value):
    with pytest.raises(BadMessage, match="finite"):
        parse({"kind": "event", "page": "p", "seq": 1, "event": "mine", "payload": {"x": value}})


def test_a_value_of_any_depth_in_the_wrong_place_ends_in_a_refusal():
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(BadMessage, match="page"):
        parse({"kind": "cancel", "page": value, "id": 1})


def test_unknown_events_of_any_depth_end_in_a_refusal_not_in_a_crash():
    payload: dict = {}
    for _ in range(900):
        payload = {"deeper": payload}
    with pytest.raises(BadMessage, match="deeper"):
        parse({"kind": "event", "page": "p", "seq": 1, "event": "mine", "payload": payload})


@given(json_values)
def test_any_json_is_read_or_refused(value):
    assert_read_or_refused(value)


@given(st.sampled_from(VECTORS["upstream"]["good"]), st.data())
def test_a_good_message_with_one_field_spoilt_is_read_or_refused(vector, data):
    message = json.loads(json.dumps(vector["message"]))
    target = data.draw(
        st.sampled_from([part for part in (message, *message.values()) if isinstance(part, dict) and part])
    )
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(json_values)
    assert_read_or_refused(message)
