"""Messages from a page that come in parts."""

import base64

import numpy as np
import pytest
from test_posted import pack

from cellucid.channel.checks import BadMessage
from cellucid.channel.comm import CommCarrier
from cellucid.channel.messages import Event, Part
from cellucid.channel.pace import Pace
from cellucid.channel.parts import PART_BYTES, Parts

EVENT = {"kind": "event", "page": "p1", "seq": 1, "event": "mine", "payload": {"a": 1}}
DATA = np.arange(1_200_000, dtype="<u4").tobytes()  # more than a part holds


def parts_of(messages, transfer=1, page="p1", text=False):
    packed = pack(messages)
    slices = [packed[start : start + PART_BYTES] for start in range(0, len(packed), PART_BYTES)]
    for index, part in enumerate(slices):
        coded = base64.b64encode(part).decode() if text else None
        yield Part(page, transfer, index, len(slices), coded), [] if text else [memoryview(part)]


@pytest.mark.parametrize("text", [False, True])
def test_a_message_is_put_together_again(text):
    parts = Parts()
    taken = [parts.take(*part) for part in parts_of([(EVENT, [DATA, b"x"])], text=text)]
    *before, [(content, buffers)] = taken
    assert before == [[]] * (len(taken) - 1)
    assert len(taken) == 2
    assert content == EVENT
    assert [bytes(buffer) for buffer in buffers] == [DATA, b"x"]


def test_pages_do_not_mix():
    parts = Parts()
    both = [list(parts_of([(EVENT, [DATA])], page=page)) for page in ("p1", "p2")]
    taken = [parts.take(*page[index]) for index in (0, 1) for page in both]
    assert [len(whole) for whole in taken] == [0, 0, 1, 1]


def test_a_message_that_is_sent_again_starts_anew():
    parts = Parts()
    first, again = list(parts_of([(EVENT, [DATA])])), list(parts_of([(EVENT, [DATA])], transfer=2))
    assert parts.take(*first[0]) == []
    assert parts.take(*again[0]) == []
    with pytest.raises(BadMessage, match="does not follow"):
        parts.take(*first[1])
    with pytest.raises(BadMessage, match="does not follow"):
        parts.take(*again[1])
    assert parts.take(*again[0]) == []
    assert len(parts.take(*again[1])) == 1


@pytest.mark.parametrize(
    ("part", "buffers", "says"),
    [
        (Part("p1", 1, 0, 2, None), [], "one buffer expected"),
        (Part("p1", 1, 0, 2, None), [memoryview(b"x")] * 2, "one buffer expected"),
        (Part("p1", 1, 0, 2, "abc"), [], "no base64"),
        (Part("p1", 1, 0, 2, None), [memoryview(b"short")], "5 bytes"),
        (Part("p1", 1, 0, 1, None), [memoryview(bytes(PART_BYTES + 1))], f"{PART_BYTES + 1} bytes"),
        (Part("p1", 1, 1, 2, None), [memoryview(b"x")], "does not follow"),
        (Part("p1", 1, 2, 2, None), [memoryview(b"x")], "does not follow"),
        (Part("p1", 1, 0, 1, None), [memoryview(b"nothing packed")], "the head ends"),
    ],
)
def test_what_is_no_part_is_refused(part, buffers, says):
    with pytest.raises(BadMessage, match=says):
        Parts().take(part, buffers)


def test_pages_that_never_finish_are_forgotten(monkeypatch):
    monkeypatch.setattr("cellucid.channel.parts.MAX_BYTES", 3 * PART_BYTES)
    parts = Parts()
    started = [next(parts_of([(EVENT, [DATA])], page=f"p{page}")) for page in range(20)]
    for part in started:
        parts.take(*part)
    assert list(parts._begun) == ["p17", "p18", "p19"]
    parts.clear()
    assert not parts._begun


def test_the_carrier_hands_on_the_message(caplog):
    heard = []
    carrier = CommCarrier(lambda *_: None, lambda *args: heard.append(args), Pace())
    for part, buffers in parts_of([(EVENT, [DATA])]):
        content = {name: getattr(part, name) for name in ("page", "transfer", "index", "count", "text")}
        carrier.receive({"kind": "part", **content}, buffers)
    [(message, buffers)] = heard
    assert isinstance(message, Event)
    assert bytes(buffers[0]) == DATA
    carrier.receive({"kind": "part", "page": "p1", "transfer": 3, "index": 1, "count": 2, "text": "AA=="}, [])
    inner = next(parts_of([({"kind": "part", "page": "p1", "transfer": 1, "index": 0, "count": 1, "text": ""}, [])]))
    carrier.receive({"kind": "part", "page": "p1", "transfer": 4, "index": 0, "count": 1, "text": None}, inner[1])
    assert len(heard) == 1
    assert "does not follow" in caplog.text
