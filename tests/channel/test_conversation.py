"""Selections, requests and events between a widget and its pages, without Jupyter."""

import base64
import threading
import time
from typing import NamedTuple

import numpy as np
import pytest

from cellucid.channel.conversation import Conversation
from cellucid.channel.pace import Pace
from cellucid.channel.rpc import RequestError
from cellucid.channel.selection import EncodedCells

N_CELLS = 100


class Marks(NamedTuple):
    hidden: object
    highlights: list


class Widget:
    """A host that keeps what it is told."""

    n_cells = N_CELLS

    def __init__(self, pace=None):
        self.lock = threading.RLock()
        self.cells = EncodedCells("deltas", b"", 0, N_CELLS)
        self.sent, self.reports, self.viewers, self.hovers = [], [], [], []
        self.traits, self.updates, self.told = {}, 0, 0
        self.marks = Marks(np.array([], dtype=np.uint32), [])
        self.observer = lambda: None
        self.talk = Conversation(
            self,
            lambda content, buffers: self.sent.append((content, buffers)),
            name="t",
            lock=self.lock,
            pace=pace or Pace(),
        )

    def reads_by_http(self, since):
        return False

    def shown(self, changed):
        return 0, []

    def set(self, positions):
        self.take_selection(EncodedCells.of(np.array(positions, dtype=np.uint32), N_CELLS))

    def read_piece(self, path, offset, length):
        raise RequestError("not_found", path)

    @property
    def selection(self):
        return self.cells.positions

    def take_selection(self, cells):
        self.cells = cells
        self.talk.selection_changed()
        self.observer()

    def current_selection(self):
        return self.cells

    def names_of(self, cells):
        return lambda: [f"cell-{position}" for position in cells.positions]

    def current_marks(self):
        return self.marks

    def server(self):
        return {"port": 1234, "token": "t", "path": "/d/x/", "override": None}

    def take_hover(self, cell):
        self.hovers.append(cell)
        return {"position": lambda: {"x": 1.0}}

    def take_traits(self, changed, page, *, outdated):
        self.traits |= changed.values

    def tell_traits(self):
        self.told += 1

    def traits_since(self, moment, page):
        return self.updates, {"height": 520} if self.updates > moment else {}

    def viewers_changed(self, *, known, ready, road):
        self.viewers.append((known, ready))
        self.road = road and road.name

    def report(self, source, message, hint=""):
        self.reports.append((source, message))

    def says(self, kind):
        return [content for content, _ in self.sent if content["kind"] == kind]


@pytest.fixture
def widget():
    widget = Widget()
    yield widget
    widget.talk.close()


def wait(condition):
    """Until the condition holds; a test that would wait for ever fails."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def event(name, payload, page="p1", seq=1):
    return {"kind": "event", "page": page, "seq": seq, "event": name, "payload": payload}


def select(widget, cells, *, page="p1", seq=1, source="lasso"):
    sent = EncodedCells.of(np.array(cells, dtype=np.uint32), N_CELLS)
    payload = {"source": source, "encoding": sent.encoding, "count": len(cells)}
    widget.talk.receive(event("selection", payload, page, seq), [sent.data])


def test_a_selection_from_a_page_is_taken_and_acknowledged_and_not_echoed(widget):
    select(widget, [3, 5], seq=1)
    assert widget.selection.tolist() == [3, 5]
    assert widget.says("ack") == [{"kind": "ack", "page": "p1", "seq": 1, "revision": 1, "error": None}]
    assert widget.says("command") == []


def test_other_pages_get_the_selection_and_the_one_that_made_it_does_not(widget):
    for page in ("p1", "p2"):
        widget.talk.receive(event("ready", {"n_cells": N_CELLS, "dimensions": 2}, page), [])
    select(widget, [3, 5], page="p2", seq=2)
    [command] = widget.says("command")
    assert command["without"] == "p2"
    assert command["payload"] == {"revision": 1, "n_cells": N_CELLS, "encoding": "deltas", "count": 2}


def test_a_selection_from_python_goes_to_every_page_once(widget):
    widget.set([1, 2])
    widget.set([1, 2])
    [command] = widget.says("command")
    assert (command["page"], command["without"], command["payload"]["revision"]) == (None, None, 1)


def test_revisions_order_selections_from_both_sides(widget):
    widget.set([1])
    select(widget, [2], seq=1)
    widget.set([3])
    revisions = [content.get("revision") or content["payload"]["revision"] for content, _ in widget.sent]
    assert revisions == [1, 2, 3]


def test_an_observer_that_selects_anew_comes_after_the_ack(widget):
    # The page ignores selections until its own is acknowledged: the answer must not come first.
    calls = []

    def narrow():
        if not calls:
            calls.append(1)
            widget.set(widget.selection[:1])

    widget.observer = narrow
    select(widget, [4, 5, 6])
    assert [content["kind"] for content, _ in widget.sent] == ["ack", "command"]
    assert widget.sent[1][0]["payload"] == {"revision": 2, "n_cells": N_CELLS, "encoding": "deltas", "count": 1}
    assert widget.selection.tolist() == [4]


@pytest.mark.parametrize(
    ("payload", "buffers"),
    [
        ({"source": "lasso", "encoding": "deltas", "count": 1}, []),
        ({"source": "lasso", "encoding": "deltas", "count": 1}, [b"\1", b""]),
        ({"source": "lasso", "encoding": "deltas", "count": 1}, [bytes([N_CELLS])]),
        ({"source": "lasso", "encoding": "bitmap", "count": 1}, [b"\1"]),
    ],
)
def test_a_forged_selection_is_refused_and_the_page_is_told(widget, payload, buffers):
    widget.talk.receive(event("selection", payload, seq=1), buffers)
    assert widget.selection.tolist() == []
    [ack] = widget.says("ack")
    assert (ack["seq"], ack["revision"]) == (1, 0)
    assert ack["error"]


def test_a_page_that_starts_gets_the_selection_as_it_is(widget):
    widget.set(range(0, N_CELLS, 2))
    widget.talk.receive({"kind": "request", "page": "p1", "id": 1, "method": "selection", "params": {}}, [])
    wait(lambda: widget.says("reply"))
    content, buffers = widget.sent[-1]
    assert content["result"] == {"revision": 1, "n_cells": N_CELLS, "encoding": "bitmap", "count": 50}
    assert bytes(buffers[0]) == bytes([0b01010101]) * 12 + bytes([0b0101])


def test_an_observer_that_raises_is_reported_and_the_hooks_run_all_the_same(widget):
    seen = threading.Event()
    widget.talk.hooks.register("selection", lambda _: seen.set())

    def broken():
        raise ValueError("observer's bug")

    widget.observer = broken
    select(widget, [1])
    assert seen.wait(10)
    assert widget.reports == [("observer", "ValueError: observer's bug")]


def test_hooks_get_cells_indices_names_and_source(widget):
    events = []
    widget.talk.hooks.register("selection", events.append)
    select(widget, [2, 4], source="lasso")
    widget.set([7])
    wait(lambda: len(events) == 2)
    first, second = events
    assert first["cells"] == [2, 4]
    assert first["indices"].dtype == np.uint32
    assert first["names"] == ["cell-2", "cell-4"]
    assert (first["source"], second["source"]) == ("lasso", "python")
    assert second["cells"] == [7]


def read(widget, page="p1"):
    params = {"path": "manifest.json", "offset": 0, "length": 1}
    widget.talk.receive({"kind": "request", "page": page, "id": 1, "method": "read", "params": params}, [])


def test_pages_make_the_widget_ready_and_take_that_away_again(widget):
    ready = {"n_cells": N_CELLS, "dimensions": 2}
    read(widget)
    widget.talk.receive(event("ready", ready), [])
    read(widget, "p2")
    widget.talk.receive(event("closed", {}, seq=2), [])
    widget.talk.receive(event("ready", ready, "p2"), [])
    widget.talk.receive(event("closed", {}, "p2", seq=2), [])
    assert widget.viewers == [(True, False), (True, True), (True, True), (True, False), (True, True), (False, False)]


def test_what_a_closed_page_still_says_does_not_open_it_again(widget):
    widget.talk.receive(event("ready", {"n_cells": N_CELLS, "dimensions": 2}), [])
    widget.talk.receive(event("closed", {}, seq=2), [])
    read(widget)
    widget.talk.receive({"kind": "cancel", "page": "p1", "id": 1}, [])
    assert widget.viewers[-1] == (False, False)


def test_an_event_that_is_sent_again_is_taken_once_and_acknowledged_again(widget):
    select(widget, [1], seq=1)
    select(widget, [2], seq=2)
    select(widget, [1], seq=1)
    select(widget, [2], seq=2)
    assert widget.selection.tolist() == [2]
    assert [(ack["seq"], ack["revision"]) for ack in widget.says("ack")] == [(1, 1), (2, 2), (2, 2), (2, 2)]


def test_hooks_get_selections_in_the_order_in_which_the_trait_takes_them(widget):
    events = []
    widget.talk.hooks.register("selection", lambda event: events.append((event["source"], event["cells"])))

    def narrow():
        if len(widget.selection) > 1:
            widget.set(widget.selection[:1])

    widget.observer = narrow
    select(widget, [4, 5, 6])
    wait(lambda: len(events) == 2)
    assert events == [("lasso", [4, 5, 6]), ("python", [4])]


def test_a_gesture_that_selects_the_same_again_is_an_event_all_the_same(widget):
    events = []
    widget.talk.hooks.register("selection", lambda event: events.append(event["source"]))
    select(widget, [4], seq=1)
    select(widget, [4], seq=2, source="box")
    wait(lambda: len(events) == 2)
    assert events == ["lasso", "box"]


def test_a_click_on_a_cell_that_is_not_there_calls_nobody(widget):
    clicks, done = [], threading.Event()
    widget.talk.hooks.register("click", clicks.append)
    widget.talk.hooks.register("mine", lambda _: done.set())
    keys = {"button": 0, "shift": False, "ctrl": False}
    widget.talk.receive(event("click", {"cell": N_CELLS, **keys}), [])
    widget.talk.receive(event("click", {"cell": 0, **keys}, seq=2), [])
    widget.talk.receive(event("mine", {}, seq=3), [])
    assert done.wait(10)
    assert [click["cell"] for click in clicks] == [0]


def test_what_the_browser_complains_about_is_reported(widget):
    widget.talk.receive(event("console", {"level": "error", "message": "no WebGL2", "hint": None}), [])
    assert widget.reports == [("viewer", "no WebGL2")]


def test_rubbish_never_raises_into_the_comm(widget):
    for content in (None, 7, [], {}, {"kind": "event"}, {"kind": "request", "page": "p", "id": 1, "method": "x"}):
        widget.talk.receive(content, [])
    assert widget.sent == []


def commands(widget, name):
    return [content for content in widget.says("command") if content["command"] == name]


def ready(widget, page="p1", seq=1):
    widget.talk.receive(event("ready", {"n_cells": N_CELLS, "dimensions": 2}, page, seq), [])


def test_commands_wait_for_a_viewer_and_then_go_out_in_order(widget):
    widget.talk.publisher.command("zoom_to", {"min": [0, 0]})
    widget.talk.publisher.command("message", {"message": 1})
    assert widget.says("command") == []
    ready(widget)
    assert [content["command"] for content in widget.says("command")] == ["zoom_to", "message"]
    widget.talk.publisher.command("reset_view", {})
    assert [content["command"] for content in widget.says("command")] == ["zoom_to", "message", "reset_view"]
    ready(widget, "p2")
    assert len(widget.says("command")) == 3, "a second page does not repeat them"


def test_commands_wait_again_when_the_last_viewer_is_gone(widget):
    ready(widget)
    widget.talk.receive(event("closed", {}, seq=2), [])
    widget.talk.publisher.command("reset_view", {})
    assert widget.says("command") == []
    ready(widget, seq=3)
    assert len(commands(widget, "reset_view")) == 1


def test_marks_go_to_every_page_with_one_buffer_a_group(widget):
    widget.marks = Marks(np.array([7], dtype=np.uint32), [("#ff0000", np.arange(50, dtype=np.uint32))])
    widget.talk.publisher.marks_changed()
    [(content, buffers)] = [(c, b) for c, b in widget.sent if c["kind"] == "command"]
    payload = content["payload"]
    assert payload["revision"] == 1
    assert (payload["hidden"]["encoding"], payload["hidden"]["count"]) == ("deltas", 1)
    [group] = payload["highlights"]
    assert (group["color"], group["encoding"], group["count"]) == ("#ff0000", "bitmap", 50)
    assert [bytes(buffer) for buffer in buffers] == [b"\x07", b"\xff" * 6 + b"\x03" + b"\0" * 6]


def test_a_page_that_asks_gets_the_marks_and_the_server(widget):
    for number, method in enumerate(("marks", "connect")):
        widget.talk.receive({"kind": "request", "page": "p1", "id": number, "method": method, "params": {}}, [])
    wait(lambda: len(widget.says("reply")) == 2)
    results = {content["id"]: content["result"] for content in widget.says("reply")}
    assert results[0]["highlights"] == []
    assert results[1] == {"port": 1234, "token": "t", "path": "/d/x/", "override": None}


def test_a_hover_is_taken_before_its_hook_runs(widget):
    heard, done = [], threading.Event()

    def hook(hover):
        heard.append((hover["cell"], hover["position"], list(widget.hovers)))
        done.set()

    widget.talk.hooks.register("hover", hook)
    widget.talk.receive(event("hover", {"cell": 5}), [])
    assert done.wait(10)
    assert heard == [(5, {"x": 1.0}, [5])]
    widget.talk.receive(event("hover", {"cell": N_CELLS}, seq=2), [])
    widget.talk.receive(event("hover", {"cell": None}, seq=3), [])
    assert widget.hovers == [5, None], "what is no cell is not taken"


def road(widget, name, page, seq):
    widget.talk.receive(event("transport", {"name": name, "base": None, "reason": None}, page, seq), [])


def test_the_road_is_the_newest_open_pages(widget):
    ready(widget, "p1")
    road(widget, "direct", "p1", 2)
    assert widget.road == "direct"
    ready(widget, "p2")
    road(widget, "comm", "p2", 2)
    assert widget.road == "comm"
    road(widget, "proxy", "p1", 3)
    assert widget.road == "comm"
    widget.talk.receive(event("closed", {}, "p2", 3), [])
    assert widget.road == "proxy"
    widget.talk.receive(event("closed", {}, "p1", 4), [])
    assert widget.road is None


def test_pages_that_saw_other_cells_are_heard_no_more_and_come_back_as_new_ones(widget):
    widget.talk.receive(event("ready", {"n_cells": N_CELLS, "dimensions": 2}, "old", 1), [])
    assert widget.viewers[-1][:2] == (True, True)
    widget.talk.data_changed()
    assert widget.viewers[-1][:2] == (False, False)
    select(widget, [4, 5], seq=2, page="old")
    assert widget.selection.tolist() == []
    assert [ack["seq"] for ack in widget.says("ack")] == [1, 2]
    [word] = widget.says("command")  # that there is a new version
    assert (word["command"], word["page"]) == ("traits", "old")
    widget.talk.publisher.command("reset_view", {})
    assert widget.says("command") == [word]
    widget.sent.clear()
    widget.talk.receive(event("ready", {"n_cells": N_CELLS, "dimensions": 2}, "new", 1), [])
    assert widget.viewers[-1][:2] == (True, True)
    assert [command["command"] for command in widget.says("command")] == ["reset_view"]


def test_a_repeated_answer_is_the_first_one_and_brings_what_came_after_it(widget):
    select(widget, [1], seq=1)
    widget.set([7])
    before = len(widget.says("command"))
    select(widget, [1], seq=1)  # its ack was lost
    assert [(ack["seq"], ack["revision"]) for ack in widget.says("ack")] == [(1, 1), (1, 1)]
    [latest] = widget.says("command")[before:]
    assert latest["payload"]["revision"] == 2
    assert widget.selection.tolist() == [7]


def test_what_a_person_sets_is_taken_once_and_told_where_there_are_other_pages(widget):
    payload = {"values": {"tool": "lasso"}, "camera_of": None}
    widget.talk.receive(event("traits", payload, "p1", 1), [])
    widget.talk.receive(event("traits", payload, "p1", 1), [])
    assert (widget.traits, widget.told) == ({"tool": "lasso"}, 0)
    assert [ack["seq"] for ack in widget.says("ack")] == [1, 1]
    widget.talk.receive(event("ready", {"n_cells": N_CELLS, "dimensions": 2}, "p2"), [])
    widget.talk.receive(event("traits", payload, "p1", 2), [])
    assert widget.told == 1
    assert widget.talk.taken() == {"p1": 2, "p2": 1}


def test_traits_that_cannot_be_read_are_refused_and_the_next_are_taken(widget):
    widget.talk.receive(event("traits", {"values": 7, "camera_of": None}), [])
    widget.talk.receive(event("traits", {"values": {"height": 300}, "camera_of": None}, seq=2), [])
    refusal, taken = widget.says("ack")
    assert "traits.values: expected an object, got 7" in refusal["error"]
    assert (taken["seq"], taken["error"], widget.traits) == (2, None, {"height": 300})


def test_an_event_of_a_script_is_named_to_hooks_of_all_whatever_its_keys(widget):
    events = []
    widget.talk.hooks.register("message", events.append)
    widget.talk.receive(event("mine", {"event": "another", "value": 1}), [])
    wait(lambda: events)
    assert dict(events[0]) == {"event": "mine", "value": 1}


def ask(widget, method, number, page="p1", **text):
    widget.talk.receive({"kind": "request", "page": page, "id": number, "method": method, "params": {}, **text}, [])
    wait(lambda: any(content["id"] == number and content["page"] == page for content in widget.says("reply")))


def test_what_python_sends_unasked_is_text_while_a_page_takes_that_better(widget):
    ask(widget, "selection", 1)
    widget.set([1])
    ask(widget, "selection", 2, text=True)
    ask(widget, "selection", 1, page="p2")
    widget.set([1, 2])
    widget.talk.publisher.marks_changed()
    ask(widget, "ping", 3)  # small, and no reason to change
    widget.set([1, 2, 3])
    ask(widget, "selection", 4)
    widget.set([1, 2, 3, 4])
    forms = [("text" in content, len(buffers)) for content, buffers in widget.sent if content["kind"] == "command"]
    assert forms == [(False, 1), (True, 0), (True, 0), (True, 0), (False, 1)]
    texts = [
        content["text"] for content, _ in widget.sent if content.get("command") == "selection" and "text" in content
    ]
    assert [base64.b64decode(text) for [text] in texts] == [
        EncodedCells.of(np.array(cells, dtype=np.uint32), N_CELLS).data for cells in ([1, 2], [1, 2, 3])
    ]


def test_a_page_that_took_text_and_has_gone_decides_nothing(widget):
    ask(widget, "selection", 1, text=True)
    widget.talk.receive(event("closed", {}), [])
    ask(widget, "selection", 1, page="p2")
    widget.set([1])
    assert [len(buffers) for content, buffers in widget.sent if content["kind"] == "command"] == [1]
