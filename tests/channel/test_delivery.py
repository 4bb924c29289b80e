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
        self.done, self.epoch, self.commands = [], 0, 0
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
        payload, number, epoch = message["payload"], message["number"], message["epoch"]
        match message["command"]:
            case "selection" | "marks" as what:
                setattr(self, what, max(getattr(self, what), payload["revision"]))
            case "traits" if payload["since"] <= self.updates:
                self.updates = max(self.updates, payload["now"])
        if epoch > self.epoch:
            self.epoch, self.commands = epoch, 0
        if epoch == self.epoch and number == self.commands + 1:
            self.commands += 1
            self.done.append((message["command"], payload))

    def say_seen(self):
        numbers = {"updates": self.updates, "selection": self.selection, "marks": self.marks}
        done = {"epoch": self.epoch, "commands": self.commands}
        self.widget.talk.receive({"kind": "seen", "page": self.name, **numbers, **done}, [])


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


def again(widget):
    """As if it were time to look."""
    for page in widget.talk.pages:
        page.due = 0
    return widget.talk.publisher.send_again()


def test_a_thousand_kills_of_the_way_down_lose_and_double_nothing(widget):
    viewer, chance = Viewer(widget), random.Random(7)
    viewer.ready()
    wanted, kills = [], 0
    for round_ in range(1000):
        for number in range(chance.randint(1, 3)):
            wanted.append(("message", {"message": [round_, number]}))
            widget.talk.publisher.command(*wanted[-1])
        if chance.random() < 0.3:
            widget.set([round_ % N_CELLS])
        if chance.random() < 0.3:
            widget.talk.publisher.marks_changed()
        widget.updates += chance.random() < 0.3
        broken = chance.random() < 0.5
        kills += broken
        pump(widget, viewer, lose=lambda broken=broken: broken and chance.random() < 0.7)
        if not broken:
            viewer.say_seen()
        if chance.random() < 0.2:
            again(widget)
    while viewer.say_seen() or again(widget) is not None:
        pump(widget, viewer)
    assert kills > 400
    assert viewer.done == wanted
    assert (viewer.selection, viewer.marks) == (widget.talk.publisher.revision, widget.talk.publisher._marks_revision)
    assert viewer.updates == widget.updates
    viewer.say_seen()
    assert again(widget) is None
    assert widget.sent == []


def test_every_page_gets_every_command_once(widget):
    first, second = Viewer(widget, "p1"), Viewer(widget, "p2")
    first.ready()
    widget.talk.publisher.command("message", {"message": 1})
    second.ready()
    widget.talk.publisher.command("message", {"message": 2})
    pump(widget, first, second)
    assert first.done == [("message", {"message": 1}), ("message", {"message": 2})]
    assert second.done == [("message", {"message": 2})]


def test_a_page_that_was_closed_and_is_back_goes_on_with_the_next_command(widget):
    viewer = Viewer(widget)
    viewer.ready()
    widget.talk.publisher.command("message", {"message": "lost"})
    widget.sent.clear()
    viewer.tell("closed", {})
    assert again(widget) is None, "nobody is there"
    viewer.ready()
    widget.talk.publisher.command("message", {"message": "next"})
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
    assert again(widget) is None


def test_what_waits_for_its_turn_is_not_sent_twice():
    pace = Pace(per_second=0.001, burst=2)
    widget = Widget(pace=pace)
    viewer = Viewer(widget)
    viewer.ready()
    for number in range(3):
        widget.talk.publisher.command("message", {"message": number})
    waiting = pace.waiting
    assert waiting > 0
    assert again(widget) is not None
    assert pace.waiting == waiting
    widget.talk.close()


def test_word_of_before_the_page_was_closed_lowers_no_number(widget):
    viewer = Viewer(widget)
    viewer.ready()
    for number in range(5):
        widget.talk.publisher.command("message", {"message": number})
    pump(widget, viewer)
    viewer.tell("closed", {})
    widget.talk.receive(
        {"kind": "seen", "page": "p1", "updates": 0, "selection": 0, "marks": 0, "epoch": 1, "commands": 3}, []
    )
    viewer.ready()
    widget.talk.publisher.command("message", {"message": "next"})
    pump(widget, viewer)
    assert viewer.done[-1] == ("message", {"message": "next"})


def test_of_more_commands_than_are_kept_the_last_arrive_whatever_was_lost(widget):
    viewer = Viewer(widget)
    viewer.ready()
    for number in range(pages.KEPT + 500):
        widget.talk.publisher.command("message", {"message": number})
    widget.sent.clear()
    while viewer.say_seen() or again(widget) is not None:
        assert len(widget.sent) <= pages.WINDOW
        pump(widget, viewer)
    assert [payload["message"] for _, payload in viewer.done] == list(range(500, pages.KEPT + 500))


def test_a_page_that_vanished_is_tried_ever_more_rarely_while_another_speaks(widget):
    dead, alive = Viewer(widget, "p1"), Viewer(widget, "p2")
    dead.ready()
    alive.ready()
    widget.talk.publisher.command("message", {"message": 1})
    pump(widget, alive)
    tries = 0
    for _ in range(6):
        alive.say_seen()
        widget.sent.clear()
        widget.talk.pages.page("p1").due -= pages.PATIENCE[0] + 0.1  # so much later
        assert widget.talk.publisher.send_again() is not None
        tries += len(widget.sent)
        assert all(content["page"] == "p1" for content, _ in widget.sent)
    assert tries == 3  # at once, after 5 s, after 10 s more


@pytest.mark.parametrize("commands", [2**53 - 1, 0, 7])
def test_no_number_that_a_page_says_stops_its_commands(commands):
    page = Page("p1", "ready")
    page.command("message", {})
    page.has_seen(Seen("p1", 0, 0, 0, 1, commands))
    assert page.command("message", {}).number == 2


def test_it_calls_back_until_all_has_arrived_also_after_an_error(monkeypatch, caplog):
    monkeypatch.setattr(pages, "PATIENCE", (0.01, 0.02))
    waits, names, enough = [], [], threading.Event()
    timer = threading.Timer
    monkeypatch.setattr(threading, "Timer", lambda wait, call: waits.append(wait) or timer(wait, call))

    def look():
        names.append(threading.current_thread().name)
        match len(names):
            case 1:
                return 0.005
            case 2:
                raise RuntimeError("a bug")
        enough.set()

    again = Again(look, "t")
    again.sent()
    again.sent()
    assert enough.wait(10)
    assert set(names) == {"cellucid-again-t"}
    assert waits == [0.01, 0.005, 0.02]
    assert "a bug" in caplog.text
    again.close()
    again.sent()
    assert len(waits) == 3


def test_an_earlier_look_takes_the_place_of_a_later_one():
    looked = threading.Event()
    again = Again(looked.set, "t")
    again.sent(600)
    again.sent(0.01)
    assert looked.wait(10)
    again.close()
