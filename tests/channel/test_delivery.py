"""What Python tells a page arrives once, in order, or as the latest, whatever is lost on its way."""

import random
import threading

import pytest
from test_conversation import N_CELLS, Widget, event

from cellucid.channel import pages
from cellucid.channel.messages import Seen
from cellucid.channel.pace import Pace
from cellucid.channel.pages import Again, Page


class Viewer:
    """A page as the viewer's own code is: it carries out the next command, and says what it has."""

    def __init__(self, widget, name="p1"):
        self.widget, self.name = widget, name
        self.done, self.commands = [], 0
        self.selection = self.marks = self.updates = 0
        self.seq = 0

    def tell(self, name, payload):
        self.seq += 1
        self.widget.talk.receive(event(name, payload, self.name, self.seq), [])

    def ready(self):
        self.tell("ready", {"n_cells": N_CELLS, "dimensions": 2})

    def hear(self, message):
        if message["kind"] != "command" or message["page"] not in (None, self.name):
            return
        payload, number = message["payload"], message["number"]
        match message["command"]:
            case "selection" | "marks" as what:
                setattr(self, what, max(getattr(self, what), payload["revision"]))
            case "traits" if number == 0:
                self.updates = max(self.updates, payload["updates"])
        if number == self.commands + 1:
            self.commands += 1
            self.done.append((message["command"], payload))

    def say_seen(self):
        numbers = {"updates": self.updates, "selection": self.selection, "marks": self.marks}
        self.widget.talk.receive({"kind": "seen", "page": self.name, **numbers, "commands": self.commands}, [])


@pytest.fixture
def widget():
    widget = Widget(pace=Pace(per_second=1e9, burst=1e9))
    yield widget
    widget.talk.close()


def pump(widget, *viewers, lose=lambda: False):
    """Bring what Python has sent."""
    sent, widget.sent[:] = list(widget.sent), []
    for message, _ in sent:
        if not lose():
            for viewer in viewers:
                viewer.hear(message)


def test_a_thousand_kills_of_the_way_down_lose_and_double_nothing(widget):
    viewer, chance = Viewer(widget), random.Random(7)
    viewer.ready()
    wanted, kills = [], 0
    for round_ in range(1000):
        for number in range(chance.randint(1, 3)):
            wanted.append(("message", {"message": [round_, number]}))
            widget.talk.command(*wanted[-1])
        if chance.random() < 0.3:
            widget.set([round_ % N_CELLS])
        if chance.random() < 0.3:
            widget.talk.marks_changed()
        widget.updates += chance.random() < 0.3
        broken = chance.random() < 0.5
        kills += broken
        pump(widget, viewer, lose=lambda broken=broken: broken and chance.random() < 0.7)
        if not broken:
            viewer.say_seen()
        if chance.random() < 0.2:
            widget.talk._send_again()
    for _ in range(3):
        viewer.say_seen()
        widget.talk._send_again()
        pump(widget, viewer)
    assert kills > 400
    assert viewer.done == wanted
    assert (viewer.selection, viewer.marks) == (widget.talk._revision, widget.talk._marks_revision)
    assert viewer.updates == widget.updates
    viewer.say_seen()
    assert not widget.talk._send_again()
    assert widget.sent == []


def test_every_page_gets_every_command_once(widget):
    first, second = Viewer(widget, "p1"), Viewer(widget, "p2")
    first.ready()
    widget.talk.command("message", {"message": 1})
    second.ready()
    widget.talk.command("message", {"message": 2})
    pump(widget, first, second)
    assert first.done == [("message", {"message": 1}), ("message", {"message": 2})]
    assert second.done == [("message", {"message": 2})]


def test_a_page_that_was_closed_and_is_back_goes_on_with_the_next_command(widget):
    viewer = Viewer(widget)
    viewer.ready()
    widget.talk.command("message", {"message": "lost"})
    widget.sent.clear()
    viewer.tell("closed", {})
    assert not widget.talk._send_again(), "nobody is there"
    viewer.ready()
    widget.talk.command("message", {"message": "next"})
    pump(widget, viewer)
    assert viewer.done == [], "a number is missing"
    viewer.say_seen()
    widget.talk._send_again()
    pump(widget, viewer)
    assert viewer.done == [("message", {"message": "next"})]


def test_a_page_hears_nothing_again_of_its_own_selection(widget):
    viewer = Viewer(widget)
    viewer.ready()
    viewer.say_seen()
    widget.talk.receive(
        event("selection", {"source": "lasso", "encoding": "deltas", "count": 1}, "p1", viewer.seq + 1), [b"\5"]
    )
    widget.sent.clear()
    assert not widget.talk._send_again()


def test_what_waits_for_its_turn_is_not_sent_twice():
    pace = Pace(per_second=0.001, burst=2)
    widget = Widget(pace=pace)
    viewer = Viewer(widget)
    viewer.ready()
    for number in range(3):
        widget.talk.command("message", {"message": number})
    waiting = pace.waiting
    assert waiting > 0
    assert widget.talk._send_again()
    assert pace.waiting == waiting
    widget.talk.close()


def test_no_number_that_a_page_says_stops_its_commands():
    page = Page("p1", "ready")
    page.command("message", {})
    for commands in (2**53 - 1, 0, 7):
        page.has_seen(Seen("p1", 0, 0, 0, commands))
        assert page.command("message", {}).number == commands + len(page.unseen_commands())
        assert page.unseen_commands()[0].number == commands + 1


def test_it_is_tried_ever_more_rarely_until_a_page_speaks(monkeypatch):
    monkeypatch.setattr(pages, "PATIENCE", (0.01, 0.02, 0.03))
    waits, times, enough = [], [], threading.Event()
    timer = threading.Timer
    monkeypatch.setattr(threading, "Timer", lambda wait, call: waits.append(wait) or timer(wait, call))

    def send():
        times.append(threading.current_thread().name)
        if len(times) == 6:
            enough.set()
        return len(times) < 6

    again = Again(send, "t")
    again.sent()
    again.sent()
    assert enough.wait(10)
    assert set(times) == {"cellucid-again-t"}
    assert waits == [0.01, 0.02, 0.03, 0.03, 0.03, 0.03]
    again.close()
    again.sent()
    assert len(waits) == 6
