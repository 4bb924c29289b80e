"""Observers that raise: nothing of the widget's own is lost by them."""

import threading

import pytest

from cellucid import CellucidWidget
from pages import page_sets


def event(name, payload, seq=1, page="p1"):
    return {"kind": "event", "page": page, "seq": seq, "event": name, "payload": payload}


OURS = ["ready", "status", "transport", "errors", "selection", "hovered"]


def broken(change):
    raise RuntimeError("an observer's bug")


@pytest.mark.parametrize("trait", ["ready", "status", "transport"])
def test_a_viewer_gets_ready_whatever_observers_raise(shown, trait):
    shown.observe(broken, trait)
    shown.send_message({"first": 1})
    sent = []
    shown._talk.carrier._send = lambda content, buffers: sent.append(content)
    shown._talk.receive(event("transport", {"name": "comm", "base": None, "reason": "so"}), [])
    shown._talk.receive(event("ready", {"n_cells": 10, "dimensions": 2}, 2), [])
    assert (shown.ready, shown.status, shown.transport) == (True, "ready", "comm")
    assert [content["payload"]["message"] for content in sent if content["kind"] == "command"] == [{"first": 1}]
    assert shown.state.ready is not None
    shown.wait_for_ready(timeout=1)
    assert {error["source"] for error in shown.errors} == {"observer"}


def test_a_bad_value_is_taken_back_whatever_observers_of_errors_raise(shown, monkeypatch, caplog):
    sent = []
    shown.observe(broken, "errors")
    monkeypatch.setattr("ipywidgets.Widget._send", lambda self, msg, buffers=None: sent.append(msg))
    page_sets(shown, {"point_size": -5})
    assert shown.point_size == 1.0
    assert [
        msg["state"]["point_size"] for msg in sent if msg["method"] == "update" and "point_size" in msg["state"]
    ] == [1.0]
    assert shown.errors[-1]["source"] == "trait"
    assert "an observer's bug" in caplog.text


def test_a_message_never_raises_into_the_comm(shown):
    shown.observe(broken, OURS)
    shown._handle_custom_msg(event("ready", {"n_cells": 10, "dimensions": 2}), [])
    shown._handle_custom_msg(event("click", {"cell": 1, "button": 0, "shift": False, "ctrl": False}, 2), [])
    assert shown.state.click["cell"] == 1


def test_a_widget_is_closed_whatever_observers_raise(cube):
    widget = CellucidWidget(cube)
    widget.observe(broken, OURS)
    widget.close()
    assert (widget.status, widget.comm) == ("closed", None)


def test_an_error_whose_text_cannot_travel_is_mended_and_shortened(shown):
    shown._host.report("hook", "no file '\udcff'" + "x" * 10_000)
    [error] = shown.errors
    assert error["message"].startswith("no file '?'x")
    assert len(error["message"]) == 4000


def test_events_of_a_scripts_own_count_in_the_queue(shown):
    hangs = threading.Event()
    shown.register_hook("note", lambda event: hangs.wait(30))
    for number in range(4):
        shown._handle_custom_msg(event("note", {"text": "x" * 1_000_000, "list": [1, {"a": "b"}]}, number + 1), [])
    assert shown._talk.dispatcher._bytes >= 3_000_000
    hangs.set()
