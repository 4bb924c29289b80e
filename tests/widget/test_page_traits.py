"""Traits that a person sets in the viewer, and what Python sets meanwhile."""

import traitlets
from ipywidgets import FloatSlider

from cellucid import CellucidWidget
from pages import Page


def updates(monkeypatch):
    """The updates of traits that leave for the pages."""
    sent = []
    monkeypatch.setattr("ipywidgets.Widget._send", lambda self, msg, buffers=None: sent.append(msg))
    return lambda: [message["state"] for message in sent if message["method"] in ("update", "echo_update")]


def test_what_a_page_sets_is_not_sent_back(shown, monkeypatch):
    page = Page(shown)
    page.ready()
    left = updates(monkeypatch)
    page.set({"point_size": 2.0, "filters": {"leiden": {"hide": ["0"]}}})
    assert (shown.point_size, shown.filters) == (2.0, {"leiden": {"hide": ["0"]}})
    assert {name for state in left() for name in state} == {"_updates", "n_visible"}


def test_what_python_made_of_it_is_sent(shown, monkeypatch):
    shown.observe(lambda change: shown.set_trait("point_size", 5.0), "tool")
    page = Page(shown)
    page.ready()
    left = updates(monkeypatch)
    page.set({"tool": "lasso", "point_size": 2.0, "color_limits": [0, "p99"]})
    assert shown.color_limits == (0, "p99")
    assert [state.get("point_size") for state in left()] == [5.0]


def test_a_value_that_crossed_python_s_own_is_said_again(shown, monkeypatch):
    page = Page(shown)
    page.ready()
    known = shown._updates
    shown.point_size = 3.0
    shown.height = 300
    left = updates(monkeypatch)
    page.set({"point_size": 2.0, "theme": "dark"}, seen=known)  # the page shows 3 by now
    assert shown.point_size == 2.0
    assert [{**state, "_updates": 0} for state in left()] == [{"_updates": 0, "point_size": 2.0}]
    page.set({"point_size": 4.0})
    assert len(left()) == 1


def test_the_number_of_the_update_comes_first_and_with_every_state(shown, monkeypatch):
    before = shown._updates
    left = updates(monkeypatch)
    shown.height = 300
    shown.send_state()
    assert [state["_updates"] for state in left()] == [before + 1, before + 2]
    assert all(next(iter(state)) == "_updates" for state in [*left(), shown.get_state(), shown.get_state("height")])


def test_what_was_lost_is_told_by_the_page_that_lacks_it(shown):
    page = Page(shown)
    page.ready()
    shown.errors  # noqa: B018
    shown.height = 300
    shown.highlight_cells([1])
    shown.select([2, 3])
    shown.reset_view()
    sent = []
    shown._talk.carrier._send = lambda content, buffers: sent.append(content)
    assert shown._talk._send_again()
    told = {message["command"]: message["payload"] for message in sent}
    assert {message["page"] for message in sent} == {"p1"}
    assert set(told) == {"reset_view", "selection", "marks", "traits"}
    assert told["traits"]["values"]["height"] == 300
    assert not {name for name in told["traits"]["values"] if name.startswith("_") and name != "_version"}
    page.has_seen(told["traits"]["updates"], told["selection"]["revision"], told["marks"]["revision"], 1)
    assert not shown._talk._send_again()


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
    timer = widget._talk._again._timer
    assert timer.is_alive()
    widget.close()
    timer.join(10)
    assert not timer.is_alive()
