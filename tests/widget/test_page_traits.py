"""Traits that a person sets in the viewer, and what Python sets meanwhile."""

import random
from functools import partial

import traitlets
from ipywidgets import FloatSlider, Widget

from cellucid import CellucidWidget
from cellucid.channel.pace import Pace
from cellucid.widget.paced import PacedWidget
from pages import Page


def updates(monkeypatch):
    """The updates of traits that leave for the pages: what they are news of, and the values."""
    sent = []
    monkeypatch.setattr(Widget, "_send", lambda self, msg, buffers=None: sent.append(msg))

    def left():
        states = [dict(message["state"]) for message in sent if message["method"] in ("update", "echo_update")]
        return [(state.pop("_updates"), state) for state in states]

    return left


def test_what_a_page_sets_is_not_sent_back_while_it_is_alone(shown, monkeypatch):
    page = Page(shown)
    page.ready()
    left = updates(monkeypatch)
    page.set({"point_size": 2.0})
    assert shown.point_size == 2.0
    assert left() == []
    Page(shown, "p2").ready()
    page.set({"point_size": 3.0, "filters": {"leiden": {"hide": ["0"]}}})
    assert {name for _, state in left() for name in state} == {"point_size", "filters", "n_visible"}


def test_what_python_made_of_it_is_sent(shown, monkeypatch):
    shown.observe(lambda change: shown.set_trait("point_size", 5.0), "tool")
    page = Page(shown)
    page.ready()
    left = updates(monkeypatch)
    page.set({"tool": "lasso", "point_size": 2.0, "color_limits": [0, "p99"]})
    assert shown.color_limits == (0, "p99")
    values = {}
    for news, state in left():
        values |= state
        assert news["taken"] == {"p1": 2}
    assert (values["point_size"], shown.point_size) == (5.0, 5.0)


def test_what_python_makes_nothing_new_of_is_sent_too(shown, monkeypatch):
    page = Page(shown)
    page.ready()
    left = updates(monkeypatch)
    page.set({"color_limits": [None, None]})
    assert [state for _, state in left()] == [{"color_limits": None}]


def test_every_update_says_what_it_is_news_of_before_its_values(shown, monkeypatch):
    sent = []
    monkeypatch.setattr(Widget, "_send", lambda self, msg, buffers=None: sent.append(msg))
    page = Page(shown)
    page.ready()
    shown.height = 300
    page.set({"tool": "lasso"})
    shown.theme = "dark"
    states = [message["state"] for message in sent if message["method"] == "update"]
    assert all(next(iter(state)) == "_updates" for state in [*states, shown.get_state()])
    first, *_, last = (state["_updates"] for state in states)
    assert last["names"] == ["tool", "theme"], "all that has changed since the one before, whoever has set it"
    assert (last["since"] >= first["now"], last["taken"]) == (True, {"p1": 2})
    whole = shown.get_state()["_updates"]
    assert (whole["since"], whole["names"], whole["now"]) == (0, None, shown._clock)
    assert shown.get_state()["_updates"] != whole, "a host takes an equal one for none"


def test_what_was_lost_is_told_by_the_page_that_lacks_it(shown):
    page = Page(shown)
    page.ready()
    shown.height = 300
    shown.highlight_cells([1])
    shown.select([2, 3])
    shown.reset_view()
    shown.on_hover(print)
    page.set({"theme": "dark"})
    sent = []
    shown._talk.carrier._send = lambda content, buffers: sent.append(content)
    assert shown._talk.publisher.send_again() is not None
    told = {message["command"]: message["payload"] for message in sent}
    assert {message["page"] for message in sent} == {"p1"}
    assert set(told) == {"reset_view", "selection", "marks", "traits"}
    values = told["traits"]["values"]
    assert (values["height"], values["_hover_wanted"]) == (300, True)
    assert "theme" not in values, "the page has set it"
    assert not {name for name in values if name.startswith("_")} - {"_version", "_hover_wanted"}
    page.has_seen(told["traits"]["now"], told["selection"]["revision"], told["marks"]["revision"], 1)
    assert shown._talk.publisher.send_again() is None


def test_a_page_that_missed_a_refresh_is_told_to_begin_afresh_when_it_speaks(shown):
    page = Page(shown)
    page.ready()
    shown.refresh()
    sent = []
    shown._talk.carrier._send = lambda content, buffers: sent.append(content)
    page.click(3)
    told = [message for message in sent if message["kind"] == "command"]
    assert [message["command"] for message in told] == ["traits"]
    assert told[0]["payload"]["values"]["_version"] == shown._version
    assert shown.state.click is None


def test_what_was_set_before_a_refresh_and_arrives_after_it_is_taken_where_it_fits(shown):
    page = Page(shown)
    page.ready()
    shown.refresh()
    page.set({"colormap": "magma"})
    assert shown.colormap == "magma"
    page.set({"color_by": "no such field"})
    assert (shown.color_by, shown.errors) == (None, [])


def test_a_linked_widget_s_cell_is_taken_by_ipywidgets_own_message(shown):
    slider = FloatSlider()
    traitlets.dlink((shown, "hovered"), (slider, "value"), lambda cell: cell or 0)
    shown.set_state({"hovered": 4, "height": 300})
    assert (shown.hovered, slider.value, shown.height) == (4, 4.0, 520)
    shown.set_state({"hovered": 400})
    assert shown.hovered == 4


def test_a_closed_widget_leaves_nobody_who_sends_again(cube):
    widget = CellucidWidget(cube)
    Page(widget).ready()
    widget.height = 300
    timer = widget._talk.publisher._again._timer
    assert timer.is_alive()
    widget.close()
    timer.join(10)
    assert not timer.is_alive()


# -- whatever is lost ------------------------------------------------------------------------------------------------

TRAITS = ("point_size", "height", "opacity")


class Viewer(Page):
    """A page that keeps its traits as js/src/host/traits.ts does, behind connections that lose messages."""

    def __init__(self, widget, name):
        super().__init__(widget, name)
        self.own = {trait: getattr(widget, trait) for trait in TRAITS}
        self.clock = self.newest = widget._clock
        self.told_in, self.kept = {}, []

    def send(self, event, payload, data=None, *, numbered=True):
        """Keep the event until it is acknowledged."""
        self.seq += 1
        self.kept.append({"kind": "event", "page": self.name, "seq": self.seq, "event": event, "payload": payload})

    def change(self, trait, value):
        self.own[trait] = value
        self.set({trait: value})
        self.told_in[trait] = self.seq

    def say(self):
        """Bring what is kept, in order."""
        for content in list(self.kept):
            self.widget._handle_custom_msg(content, [])

    def hear_ack(self, seq):
        self.kept = [content for content in self.kept if content["seq"] > seq]

    def hear(self, values, now, since, taken):
        stale = now < self.newest
        self.newest = max(now, self.newest)
        if not stale and since <= self.clock:
            self.clock = max(self.clock, now)
        for trait in set(values) & set(TRAITS):
            if not stale and self.told_in.get(trait, 0) <= taken:
                self.own[trait] = values[trait]


def is_lost(chance, share):
    return chance.random() < share


def test_pages_and_python_agree_in_the_end_whatever_was_lost(cube, monkeypatch):
    monkeypatch.setattr(PacedWidget, "_pace", Pace(per_second=1e9, burst=1e9))
    wire = []
    monkeypatch.setattr(Widget, "_send", lambda self, msg, buffers=None: wire.append(msg))
    for seed in range(60):
        chance = random.Random(seed)
        widget = CellucidWidget(cube)
        viewers = [Viewer(widget, f"p{number}") for number in range(1 + seed % 3)]
        for viewer in viewers:
            viewer.ready()
            viewer.say()
        wire.clear()

        def deliver(lose, viewers=viewers):
            sent, wire[:] = list(wire), []
            for message in sent:
                for viewer in viewers:
                    if lose():
                        continue
                    content = message.get("content")
                    if message["method"] == "update" and "_updates" in message["state"]:
                        news = message["state"]["_updates"]
                        taken = news["taken"].get(viewer.name, 0)
                        viewer.hear(message["state"], news["now"], news["since"], taken)
                    elif content and content["kind"] == "ack" and content["page"] == viewer.name:
                        viewer.hear_ack(content["seq"])
                    elif content and content.get("command") == "traits" and content["page"] == viewer.name:
                        viewer.hear(**content["payload"])

        def again(widget=widget):
            for page in widget._talk.pages:
                page.due = 0
            return widget._talk.publisher.send_again()

        for _ in range(80):
            value = chance.randint(200, 900) / 1000
            trait = chance.choice(TRAITS)
            value = int(value * 1000) if trait == "height" else value
            match chance.randint(0, 6):
                case 0 | 1:
                    setattr(widget, trait, value)
                case 2 | 3:
                    chance.choice(viewers).change(trait, value)
                case 4:
                    chance.choice(viewers).say()
                case 5:
                    deliver(partial(is_lost, chance, chance.random()))
                case 6:
                    viewer = chance.choice(viewers)
                    viewer.has_seen(viewer.clock)
                    again()
        for _ in range(6):
            for viewer in viewers:
                viewer.say()
                viewer.has_seen(viewer.clock)
            again()
            deliver(lambda: False)
        python = {trait: getattr(widget, trait) for trait in TRAITS}
        assert [viewer.own for viewer in viewers] == [python] * len(viewers), f"seed {seed}"
        assert again() is None
        widget.close()
