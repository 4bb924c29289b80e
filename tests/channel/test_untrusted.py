"""Whatever arrives from a browser is read or refused: it raises nowhere, breaks nothing and passes for nobody else."""

import base64
import contextlib
import copy
import http.client
import itertools
import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import traitlets
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cellucid import CellucidWidget
from cellucid.channel import parts
from cellucid.channel.checks import BadMessage
from cellucid.channel.messages import BadEvent, Upstream, parse
from cellucid.channel.pace import Pace
from cellucid.channel.posted import unpack
from cellucid.channel.selection import EncodedCells
from cellucid.server import data_server
from cellucid.widget.host import MIRRORED
from pages import page_sets

N_CELLS = 10
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text())
GOOD = [vector["message"] for vector in VECTORS["upstream"]["good"]]
EVENTS = sorted({message["event"] for message in GOOD if message["kind"] == "event"})
METHODS = sorted({message["method"] for message in GOOD if message["kind"] == "request"})
READ_ONLY = sorted(
    name
    for name, trait in CellucidWidget.class_traits(sync=True).items()
    if trait.read_only or name.startswith("_view")
)


# -- a widget whose comm is Jupyter's in all but the network ---------------------------------------------------------


class Wire:
    """Keeps what a widget sends, and bears no more than Jupyter does: JSON in valid Unicode, and flat buffers."""

    comm_id = "wire"

    def __init__(self):
        self.sent, self.unfit = [], []

    def send(self, data=None, metadata=None, buffers=None):
        try:
            json.dumps(data, ensure_ascii=False).encode()
            flat = [bytes(memoryview(buffer).cast("B")) for buffer in buffers or ()]
        except BaseException as error:
            self.unfit.append(error)
            raise
        self.sent.append((data, flat))

    def on_msg(self, callback):
        pass

    def close(self):
        pass

    def said(self, kind):
        return [data["content"] for data, _ in self.sent if data.get("content", {}).get("kind") == kind]


class Unpaced(CellucidWidget):
    """A widget whose messages leave at once, however many."""

    _pace = Pace(per_second=1e9, burst=1e9)


class Log(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def make_cells():
    rng = np.random.default_rng(0)
    obs = pd.DataFrame(
        {
            "leiden": pd.Categorical(["0", "1", "2", None, "0", "1", "2", "0", "1", "0"]),
            "score": [0.0, 1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        },
        index=[f"cell-{n}" for n in range(N_CELLS)],
    )
    counts = rng.poisson(1, (N_CELLS, 3)).astype(np.float32)
    data = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=["CD3E", "MS4A1", "leiden"]))
    data.layers["double"] = counts * 2
    data.obsm["X_umap"] = rng.normal(size=(N_CELLS, 2)).astype(np.float32)
    data.obsm["X_umap_3d"] = rng.normal(size=(N_CELLS, 3)).astype(np.float32)
    return data


CELLS = make_cells()


@contextlib.contextmanager
def live():
    """A new widget, its wire, and what was logged."""
    log, logger = Log(), logging.getLogger("cellucid.jupyter")
    widget, wire = Unpaced(CELLS), Wire()
    widget.comm = wire
    logger.addHandler(log)
    logger.propagate = False  # pytest would write out thousands of tracebacks
    try:
        yield widget, wire, log
    finally:
        logger.propagate = True
        logger.removeHandler(log)
        widget.close()


def wait(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def settle(widget):
    """Until every request that came has been answered."""
    wait(lambda: not widget._talk._requests._open)


def event(name, payload, seq=1, page="p1"):
    return {"kind": "event", "page": page, "seq": seq, "event": name, "payload": payload}


def request(number, page="p1", method="selection", **params):
    return {"kind": "request", "page": page, "id": number, "method": method, "params": params}


def lasso(cells, seq=1, page="p1"):
    sent = EncodedCells.of(np.array(cells, dtype=np.uint32), N_CELLS)
    payload = {"source": "lasso", "encoding": sent.encoding, "count": sent.count}
    return event("selection", payload, seq, page), [sent.data]


def pack(messages):
    """The body of a post of `(content, buffers)`."""
    entries = [{"content": content, "buffers": [len(data) for data in buffers]} for content, buffers in messages]
    return body_of({"messages": entries}, b"".join(b"".join(buffers) for _, buffers in messages))


def body_of(head, data=b""):
    coded = json.dumps(head).encode()
    return len(coded).to_bytes(4, "little") + coded + data


def assert_sound(widget, wire):
    """What the widget is and says is valid, nothing in it has failed, and a new page goes on with it."""
    settle(widget)
    assert wire.unfit == []
    assert [error for error in widget.errors if error["source"] == "observer"] == []
    assert_valid_traits(widget)
    before = widget.selection.tolist()
    for cells, seq in (([N_CELLS - 1], 1), (before, 2)):
        content, buffers = lasso(cells, seq, "afterwards")
        widget._handle_custom_msg(content, [memoryview(buffers[0])])
        assert widget.selection.tolist() == cells
        ack = wire.said("ack")[-1]
        assert (ack["page"], ack["seq"], ack["error"]) == ("afterwards", seq, None)


def assert_valid_traits(widget):
    cells = widget.selection.tolist()
    assert cells == sorted(set(cells))
    assert all(0 <= cell < N_CELLS for cell in cells)
    assert widget.n_visible == widget._host.count_visible()
    for name in MIRRORED:
        value = getattr(widget, name)
        setattr(widget, name, value)  # its own validation
        assert getattr(widget, name) == value
    state = {name: value for name, value in widget.get_state().items() if name != "_esm"}
    json.dumps(state, ensure_ascii=False, allow_nan=False).encode()  # what a page that is reloaded asks for


# -- values that nobody expects --------------------------------------------------------------------------------------


def nested(depth, key):
    value = None
    for _ in range(depth):
        value = [value] if key is None else {key: value}
    return value


numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from([0, -1, 1, 2, 3, 0.5, -0.0, 1e308, 2**31, 2**32, 2**53 - 1, 2**53, 2**63, -(2**64), 10**400])
)
texts = (
    st.text(st.characters(), max_size=20)  # lone surrogates, too
    | st.sampled_from(["", "p1", "x" * 100_000, "é" * 10_001, "\ud800", "a\x00b", "a\nb", "../..", "__proto__"])
)
deep = st.builds(nested, st.integers(1, 5000), st.sampled_from([None, "a"]))
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(texts, inside, max_size=4),
    max_leaves=8,
)
anything = values | deep
pages = st.sampled_from(["p1", "p2"])
few = st.integers(0, 4)

envelopes = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["request", "cancel", "event", "part", "reply", "ack", "command"]) | anything,
        "page": pages | anything,
        "id": few | anything,
        "seq": few | anything,
        "method": st.sampled_from(METHODS) | anything,
        "event": st.sampled_from([*EVENTS, "mine", "message"]) | anything,
        "params": st.dictionaries(st.sampled_from(["path", "offset", "length"]), anything) | anything,
        "payload": st.dictionaries(texts | st.sampled_from(["cell", "count", "message"]), anything) | anything,
    },
)


def objects_in(value, depth=0):
    """The objects in a value that are not too deep in it, the outermost first."""
    if isinstance(value, dict):
        yield value
    if depth < 5 and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from objects_in(item, depth + 1)


def spoil(draw, message):
    """Take some keys out of a message, add some, or let them hold something else."""
    places = [place for place in objects_in(message) if place]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places))
        key = draw(st.sampled_from(sorted(place) or ["kind"]) | texts)
        if draw(st.booleans()):
            place.pop(key, None)
        else:
            place[key] = draw(anything)


@st.composite
def spoilt_messages(draw):
    message = copy.deepcopy(draw(st.sampled_from(GOOD)))
    spoil(draw, message)
    return message


@st.composite
def numbered_messages(draw):
    """Messages that fit, of two pages, with numbers that often do not."""
    message = copy.deepcopy(draw(st.sampled_from(GOOD)))
    message["page"] = draw(pages)
    for key in message.keys() & {"id", "seq"}:
        message[key] = draw(few)
    return message


messages = numbered_messages() | spoilt_messages() | envelopes | anything
buffers_of_messages = st.lists(st.binary(max_size=60), max_size=3)


# -- messages --------------------------------------------------------------------------------------------------------


def assert_checked(value, depth=0):
    """Nothing in a message that was read surprises who goes on with it."""
    assert depth < 50
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        assert all(isinstance(key, str) for key in value)
        for key, item in value.items():
            assert_checked(key)
            assert_checked(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            assert_checked(item, depth + 1)
    elif isinstance(value, str):
        value.encode()
    elif isinstance(value, float):
        assert np.isfinite(value)
    else:
        assert value is None or isinstance(value, int)


def assert_read_or_refused(content):
    try:
        message = parse(content)
    except BadMessage:
        return
    assert isinstance(message, Upstream)
    assert message.page.isascii()
    [number, *_] = [getattr(message, name) for name in ("seq", "id", "transfer", "updates") if hasattr(message, name)]
    assert 0 <= number < 2**53
    assert_checked(message)


@settings(deadline=None, max_examples=200)
@given(spoilt_messages())
@example(event("mine", {"value": [float("nan")]}))
@example(event("answer", {"id": 1, "result": {"value": float("-inf")}, "error": None}))
def test_a_spoilt_message_is_read_or_refused(content):
    assert_read_or_refused(content)


@settings(deadline=None, max_examples=200)
@given(envelopes | anything)
def test_what_is_hardly_a_message_is_read_or_refused(content):
    assert_read_or_refused(content)


@pytest.mark.parametrize("value", [10**5000, -(10**5000), [10**5000]], ids=["large", "negative", "in a list"])
@pytest.mark.parametrize("message", GOOD, ids=[vector["name"] for vector in VECTORS["upstream"]["good"]])
def test_a_number_that_python_would_not_even_write_is_refused(message, value):
    for key in message:
        assert_read_or_refused({**message, key: value})
    for key, part in message.items():
        for name in part if isinstance(part, dict) else ():
            assert_read_or_refused({**message, key: {**part, name: value}})


@pytest.mark.parametrize("depth", [100, 1000, 100_000])
@pytest.mark.parametrize("name", ["mine", "answer"])
def test_what_is_too_deep_is_refused(name, depth):
    payload = {"id": 1, "result": nested(depth, "deeper"), "error": None}
    with pytest.raises(BadMessage, match="nested deeper than 32"):
        parse(event(name, payload))


def test_texts_that_jupyter_cannot_send_are_mended():
    """JavaScript cuts texts between two halves of a character; one such in `errors` would keep it from every page."""
    with live() as (widget, wire, _):
        complaint = {"level": "error", "message": "cut \ud83e", "hint": "\udc00"}
        widget._handle_custom_msg(event("console", complaint), [])
        widget._handle_custom_msg(event("mine", {"cut \ud83e": ["\udc00"]}, 2), [])
        assert_sound(widget, wire)
        assert [error["message"] for error in widget.errors] == ["cut ?"]
        assert dict(widget.state.last_event) != {}


def test_only_the_pointer_goes_without_a_number():
    assert parse(event("hover", {"cell": 3}, 0)).seq == 0
    for message in GOOD:
        if message["kind"] == "event" and message["event"] != "hover":
            with pytest.raises(BadMessage, match=r"event\.seq"):
                parse({**message, "seq": 0})


# -- the comm --------------------------------------------------------------------------------------------------------


def refusal(content):
    """Why a message is refused; None for one that is read."""
    try:
        parse(content)
    except BadMessage as error:
        return error
    return None


@settings(deadline=None, max_examples=90)
@given(st.lists(st.tuples(messages, buffers_of_messages), min_size=1, max_size=6))
def test_no_message_breaks_a_widget(arriving):
    with live() as (widget, wire, log):
        for content, buffers in arriving:
            before, logged = (widget.status, widget.selection.tolist()), len(log.lines)
            widget._handle_custom_msg(content, [memoryview(data) for data in buffers])
            if (reason := refusal(content)) is not None:
                assert len(log.lines) > logged
                assert widget.selection.tolist() == before[1]
                # An event that says of which page it is tells at least that there is one.
                assert widget.status == before[0] or (isinstance(reason, BadEvent) and widget.status == "loading")
        assert all(len(line) < 11_000 for line in log.lines)
        assert_sound(widget, wire)


@st.composite
def forged_selections(draw):
    """Selections that were encoded well, and of which something may have been changed since."""
    cells = sorted(draw(st.sets(st.integers(0, N_CELLS + 20), max_size=N_CELLS)))
    claimed = draw(st.sampled_from([N_CELLS, N_CELLS + 6, 1000]))
    sent = EncodedCells.of(np.array([cell for cell in cells if cell < claimed], dtype=np.uint32), claimed)
    data = draw(st.just(sent.data) | st.binary(max_size=60))
    if data and draw(st.booleans()):
        place = draw(st.integers(0, len(data) - 1))
        data = data[:place] + draw(st.binary(max_size=3)) + data[place + 1 :]
    encoding = draw(st.just(sent.encoding) | st.sampled_from(["bitmap", "deltas"]))
    count = draw(st.just(sent.count) | st.integers(0, N_CELLS + 1) | st.sampled_from([2**32, 2**53 - 1]))
    buffers = draw(st.just([data]) | st.lists(st.just(data), max_size=3))
    return {"source": "lasso", "encoding": encoding, "count": count}, buffers


@settings(deadline=None, max_examples=150)
@given(forged_selections())
@example(({"source": "lasso", "encoding": "bitmap", "count": 2}, [b"\x05\x00"]))
@example(({"source": "lasso", "encoding": "bitmap", "count": 1}, [b"\x00\x04"]))
@example(({"source": "lasso", "encoding": "deltas", "count": 2}, [b"\x01\x00"]))
@example(({"source": "lasso", "encoding": "deltas", "count": 2}, [b"\x09\x00"]))
def test_a_selection_is_of_cells_that_are_there_or_is_none(forged):
    payload, buffers = forged
    with live() as (widget, wire, log):
        widget.select([3, 4])
        widget._handle_custom_msg(event("selection", payload), [memoryview(data) for data in buffers])
        [ack] = wire.said("ack")
        if ack["error"] is None:
            assert len(buffers) == 1
            assert len(widget.selection) == payload["count"]
        else:
            assert widget.selection.tolist() == [3, 4]
            assert any("refused a selection" in line for line in log.lines)
        assert_sound(widget, wire)


@pytest.mark.parametrize(
    "message", [message for message in GOOD if message["kind"] == "event"], ids=lambda message: message["event"]
)
def test_an_event_that_does_not_fit_is_answered_so_that_the_next_can_be_taken(message):
    with live() as (widget, wire, _):
        for seq, payload in enumerate((None, [], "x"), 1):
            widget._handle_custom_msg(event(message["event"], payload, seq), [])
            [ack] = wire.said("ack")[-1:]
            assert (ack["page"], ack["seq"], bool(ack["error"])) == ("p1", seq, True)
        content, buffers = lasso([2], 4)
        widget._handle_custom_msg(content, buffers)
        assert widget.selection.tolist() == [2]
        assert_sound(widget, wire)


@st.composite
def streams_of_parts(draw):
    """A message in parts of forty bytes, some of which may be gone, changed or in another order."""
    body = pack([(event("mine", {"text": draw(st.text(max_size=60))}), [draw(st.binary(max_size=60))])])
    pieces = [body[start : start + 40] for start in range(0, len(body), 40)]
    stream = []
    for index in draw(st.just(range(len(pieces))) | st.lists(st.sampled_from(range(len(pieces))), max_size=8)):
        part = {"kind": "part", "page": "p1", "transfer": 1, "index": index, "count": len(pieces), "text": None}
        if draw(st.integers(0, 9)) == 0:
            part[draw(st.sampled_from(sorted(part)))] = draw(few | pages | anything)
        data = draw(st.just(pieces[index]) | st.binary(max_size=60)) if draw(st.integers(0, 9)) == 0 else pieces[index]
        if draw(st.booleans()):
            stream.append(({**part, "text": base64.b64encode(data).decode()}, []))
        else:
            stream.append((part, [data] * draw(st.sampled_from([1, 1, 1, 1, 0, 2]))))
    return stream


@settings(deadline=None, max_examples=100)
@given(st.lists(streams_of_parts(), min_size=1, max_size=3))
def test_no_parts_of_messages_break_a_widget(streams):
    with pytest.MonkeyPatch.context() as patch, live() as (widget, wire, _):
        patch.setattr(parts, "PART_BYTES", 40)
        patch.setattr(parts, "MAX_BYTES", 200)
        for content, buffers in itertools.chain(*streams):
            widget._handle_custom_msg(content, [memoryview(data) for data in buffers])
        content, buffers = lasso([1, 2], 1, "p3")
        body = pack([(content, buffers)])
        pieces = [body[start : start + 40] for start in range(0, len(body), 40)]
        for index, data in enumerate(pieces):
            part = {"kind": "part", "page": "p3", "transfer": 1, "index": index, "count": len(pieces), "text": None}
            widget._handle_custom_msg(part, [memoryview(data)])
        assert widget.selection.tolist() == [1, 2]
        assert_sound(widget, wire)


# -- posts -----------------------------------------------------------------------------------------------------------


@st.composite
def bodies(draw):
    """Bodies of posts of which the bytes, or what they say, have been spoilt."""
    posted = draw(st.lists(st.tuples(messages, buffers_of_messages), min_size=1, max_size=3))
    data = b"".join(b"".join(buffers) for _, buffers in posted)
    head = {"messages": [{"content": content, "buffers": [*map(len, buffers)]} for content, buffers in posted]}
    how = draw(st.sampled_from(["good", "spoilt", "other sizes", "no head", "other bytes", "cut"]))
    if how == "spoilt":
        spoil(draw, head)
    elif how == "other sizes":
        message = draw(st.sampled_from(head["messages"]))
        message["buffers"] = draw(st.lists(st.integers(0, 100), max_size=3) | st.lists(scalars, max_size=3) | anything)
    elif how == "no head":
        head = draw(anything)
    try:
        body = body_of(head, data)
    except RecursionError:  # so deep that nobody could send it
        body = body_of({"messages": []}, data)
    place = draw(st.integers(0, len(body)))
    if how == "other bytes":
        return body[:place] + draw(st.binary(max_size=5)) + body[place + draw(st.integers(0, 5)) :]
    return body[:place] if how == "cut" else body


@settings(deadline=None, max_examples=200)
@given(bodies() | st.binary(max_size=200))
@example(body_of({"messages": [{"content": 1, "buffers": [5]}]}, b"1234"))
@example(body_of({"messages": [{"content": 1, "buffers": [-1, 5]}]}, b"1234"))
def test_a_body_is_taken_apart_or_refused(body):
    try:
        unpacked = unpack(body)
    except BadMessage:
        return
    end = 4 + int.from_bytes(body[:4], "little")
    sizes = [message["buffers"] for message in json.loads(body[4:end])["messages"]]
    assert [[len(data) for data in buffers] for _, buffers in unpacked] == sizes
    assert b"".join(data for _, buffers in unpacked for data in buffers) == body[end:]


@settings(deadline=None, max_examples=60)
@given(st.lists(bodies(), min_size=1, max_size=3))
def test_no_post_breaks_a_widget(arriving):
    with live() as (widget, wire, _):
        for body in arriving:
            with contextlib.suppress(BadMessage):
                json.dumps(widget._talk.receive_posted(body))
        assert_sound(widget, wire)


@settings(deadline=None, max_examples=40)
@given(st.lists(bodies() | st.binary(max_size=200), min_size=1, max_size=3))
def test_by_http_a_post_is_taken_or_refused(arriving):
    with live() as (widget, wire, _):
        connection = http.client.HTTPConnection("127.0.0.1", data_server().port, timeout=10)
        address, headers = f"/_cellucid/events?viewerId={widget.viewer_id}", {"X-Cellucid-Token": data_server().token}
        for body in arriving:
            connection.request("POST", address, body, headers)
            answer = connection.getresponse()
            assert answer.status in (200, 400)
            assert json.loads(answer.read()).keys() in ({"acks"}, {"error", "message", "hint"})
        connection.close()
        assert_sound(widget, wire)


# -- traits ----------------------------------------------------------------------------------------------------------

fields_of_cells = st.sampled_from(["leiden", "score", "obs:score", "gene:leiden", "CD3E", "cell-1"]) | texts
entries = st.dictionaries(st.sampled_from(["hide", "min", "max", "enabled", "keep_missing"]), anything, max_size=3)
likely = st.one_of(
    st.sampled_from(["X_umap", "X_umap_3d", "double", "X", "lasso", "dark", "viridis_r", 2, 3, 300, 0.5, ["p1", 9]]),
    fields_of_cells,
    st.dictionaries(st.sampled_from(["center", "zoom", "azimuth", "elevation"]), anything | st.lists(numbers)),
    st.dictionaries(fields_of_cells, entries | anything, max_size=3),
)
states = st.dictionaries(st.sampled_from([*MIRRORED, *READ_ONLY, "_esm", "selection"]), likely | anything)


@settings(deadline=None, max_examples=90)
@given(st.lists(states, min_size=1, max_size=3))
def test_no_value_that_a_page_sets_breaks_a_widget(arriving):
    with live() as (widget, wire, _):
        kept = [name for name in (*READ_ONLY, "_esm") if name not in ("errors", "n_visible")]
        page_sets(widget, {})
        before, boot = {name: getattr(widget, name) for name in kept}, widget._boot
        for state in arriving:
            page_sets(widget, state)
            wire.unfit.clear()  # a page's own nonsense, which ipywidgets would echo
            assert {name: getattr(widget, name) for name in kept} == before
            assert widget._boot in (boot, {})
            assert_valid_traits(widget)
        page_sets(widget, {"tool": "box", "color_by": None, "filters": {}, "height": 333})
        assert (widget.tool, widget.color_by, widget.filters, widget.height) == ("box", None, {}, 333)
        assert widget.selection.tolist() == []
        assert_sound(widget, wire)


def test_a_page_empties_the_boot_trait_and_does_no_more_to_it():
    with live() as (widget, _, _):
        before = widget._boot
        for given_boot in ({"port": 1}, None, [], "x", 0, False):
            widget.set_state({"_boot": given_boot})
            assert widget._boot == before
        widget.set_state({"_boot": {}})
        assert widget._boot == {}


# -- pages that pass for others --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(pages, st.integers(0, 8)), max_size=30))
def test_of_each_page_every_event_is_taken_once_and_in_order(arriving):
    with live() as (widget, wire, _), widget._talk.waits.waiter("mine") as waiter:
        last, wanted = {"p1": 0, "p2": 0}, []
        for page, seq in arriving:
            widget._handle_custom_msg(event("mine", {"page": page, "seq": seq}, seq, page), [])
            if seq == last[page] + 1:
                last[page] = seq
                wanted.append({"page": page, "seq": seq})
            if seq > 0:
                [ack] = wire.said("ack")[-1:]
                assert (ack["page"], ack["seq"]) == (page, last[page])
        heard = []
        while (taken := waiter.take()) is not None:
            heard.append(dict(taken))
        assert heard == wanted


def test_what_is_old_or_far_ahead_changes_nothing():
    with live() as (widget, wire, _):
        for name, (payload, data) in {
            "ready": ({"n_cells": N_CELLS, "dimensions": 2}, []),
            "selection": (lasso([1, 2])[0]["payload"], lasso([1, 2])[1]),
        }.items():
            widget._handle_custom_msg(event(name, payload, 1 if name == "ready" else 2), data)
        content, buffers = lasso([7])
        for seq in (1, 2, 4, 2**53 - 1):
            widget._handle_custom_msg({**content, "seq": seq}, buffers)
            widget._handle_custom_msg(event("closed", {}, seq), [])
        assert (widget.selection.tolist(), widget.ready, widget.status) == ([1, 2], True, "ready")
        for name in ("closed", "ready", "selection"):  # of a page that nobody has heard of, from the middle
            payload = {"n_cells": N_CELLS, "dimensions": 2, **content["payload"]}
            widget._handle_custom_msg(event(name, payload, 7, "p9"), buffers)
        assert (widget.selection.tolist(), widget.ready, widget.status) == ([1, 2], True, "ready")
        assert {ack["seq"] for ack in wire.said("ack") if ack["page"] == "p9"} == {0}
        assert_sound(widget, wire)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(["p1", "p2", "p3"]), few, st.sampled_from(METHODS)), unique_by=lambda r: r[:2])
)
def test_every_request_is_answered_once_and_to_the_page_that_asked(asked):
    with live() as (widget, wire, _):
        params = {"path": "manifest.json", "offset": 0, "length": 10}
        for page, number, method in asked:
            widget._handle_custom_msg(request(number, page, method, **params), [])
        settle(widget)
        answers = [(answer["page"], answer["id"]) for answer in wire.said("reply")]
        assert sorted(answers) == sorted((page, number) for page, number, _ in asked)
        assert wire.said("error") == []


@pytest.fixture
def slow(monkeypatch):
    """A widget whose resources are there only once `free` is set, its wire, `free`, and what was read so far."""
    free, begun = threading.Event(), []
    with live() as (widget, wire, _):
        read = widget._dataset.read

        def wait_and_read(path):
            begun.append(path)
            assert free.wait(10)
            return read(path)

        monkeypatch.setattr(widget._dataset, "read", wait_and_read)
        yield widget, wire, free, begun
        free.set()
        settle(widget)


def test_nobody_cancels_what_another_page_has_asked_for(slow):
    widget, wire, free, begun = slow
    widget._handle_custom_msg(request(1, "p1", "read", path="manifest.json", offset=0, length=5), [])
    wait(lambda: begun)
    for page, number in (("p2", 1), ("p1", 2), ("P1", 1)):
        widget._handle_custom_msg({"kind": "cancel", "page": page, "id": number}, [])
    free.set()
    settle(widget)
    [reply] = wire.said("reply")
    assert (reply["page"], reply["id"]) == ("p1", 1)


def test_a_request_that_is_replayed_while_it_is_open_is_answered_once(slow):
    widget, wire, free, begun = slow
    content = request(1, "p1", "read", path="manifest.json", offset=0, length=5)
    for _ in range(3):
        widget._handle_custom_msg(content, [])
    wait(lambda: begun)
    free.set()
    settle(widget)
    assert [(reply["page"], reply["id"]) for reply in wire.said("reply")] == [("p1", 1)]
    assert begun == ["manifest.json"]


def test_the_same_number_of_two_pages_is_two_requests(slow):
    widget, wire, free, begun = slow
    for page, length in (("p1", 5), ("p2", 7)):
        widget._handle_custom_msg(request(1, page, "read", path="manifest.json", offset=0, length=length), [])
    wait(lambda: len(begun) == 2)
    widget._handle_custom_msg({"kind": "cancel", "page": "p1", "id": 1}, [])
    free.set()
    settle(widget)
    replies = [(data["content"]["page"], *map(len, buffers)) for data, buffers in wire.sent if buffers]
    assert replies == [("p2", 7)]


def test_only_the_page_that_was_asked_can_answer_and_only_once():
    with live() as (widget, wire, _):
        talk = widget._talk
        for page in ("p1", "p2"):
            widget._handle_custom_msg(event("ready", {"n_cells": N_CELLS, "dimensions": 2}, 1, page), [])
        with talk.asks.question("p1", "ping") as question, talk.waits.waiter(question.event) as waiter:
            talk.asks.ask(question, {})
            [ask] = [command for command in wire.said("command") if command["command"] == "ask"]
            assert ask["page"] == "p1"
            answer = {"id": question.id, "result": {"from": "p2"}, "error": None}
            widget._handle_custom_msg(event("answer", answer, 2, "p2"), [])
            widget._handle_custom_msg(event("answer", {**answer, "id": question.id + 1}, 2), [])
            widget._handle_custom_msg(event(question.event, {}, 3), [])
            assert waiter.take() is None
            widget._handle_custom_msg(event("answer", {**answer, "result": {"from": "p1"}}, 3), [])
            widget._handle_custom_msg(event("answer", {**answer, "result": {"from": "nobody"}}, 4), [])
            assert question.result(waiter.take())[0] == {"from": "p1"}
            assert waiter.take() is None
        assert_sound(widget, wire)


def test_what_python_says_is_not_taken_from_a_page():
    with live() as (widget, wire, log):
        for vector in VECTORS["downstream"]["good"]:
            widget._handle_custom_msg(vector["message"], [memoryview(b"\x01")])
        assert wire.sent == []
        assert len(log.lines) == len(VECTORS["downstream"]["good"])
        assert (widget.selection.tolist(), widget.status) == ([], "not shown")


@pytest.mark.parametrize("trait", ["ready", "n_cells", "viewer_id", "errors", "status"])
def test_a_page_sets_nothing_that_python_only_reads(trait):
    with live() as (widget, _, _):
        page_sets(widget, {})
        before = getattr(widget, trait)
        page_sets(widget, {trait: {"ready": True, "errors": [{}]}.get(trait, "forged")})
        assert getattr(widget, trait) == before
        with pytest.raises(traitlets.TraitError):
            setattr(widget, trait, before)
