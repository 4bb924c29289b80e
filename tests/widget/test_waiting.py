"""Waits and posted events of a widget, over real HTTP, without a browser."""

import asyncio
import http.client
import json
import threading

import numpy as np
import pytest

from cellucid import CellucidWidget
from cellucid.channel.selection import EncodedCells
from cellucid.server import data_server


def event(name, payload, seq=1, page="p1"):
    return {"kind": "event", "page": page, "seq": seq, "event": name, "payload": payload}


class Refused(Exception):
    """The server's status."""


def post(widget, *messages, token=None, viewer=None):
    """Post events as a page does; returns the acks."""
    entries = [{"content": content, "buffers": [len(data) for data in buffers]} for content, buffers in messages]
    head = json.dumps({"messages": entries}).encode()
    body = len(head).to_bytes(4, "little") + head + b"".join(b"".join(buffers) for _, buffers in messages)
    connection = http.client.HTTPConnection("127.0.0.1", data_server().port, timeout=10)
    headers = {"X-Cellucid-Token": data_server().token if token is None else token}
    try:
        connection.request("POST", f"/_cellucid/events?viewerId={viewer or widget.viewer_id}", body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 200:
        raise Refused(answer.status)
    return said["acks"]


def lasso(cells, seq=1, page="p1"):
    sent = EncodedCells.of(np.array(cells, dtype=np.uint32), 10)
    payload = {"source": "lasso", "encoding": sent.encoding, "count": len(cells)}
    return event("selection", payload, seq, page), [sent.data]


def later(call, *args):
    thread = threading.Timer(0.1, call, args)
    thread.start()
    return thread


def test_a_selection_that_is_posted_is_the_widgets_and_wakes_who_waits(shown):
    later(post, shown, lasso([3, 5]))
    heard = shown.wait_for_event("selection", timeout=10)
    assert (heard["cells"], heard["source"], list(heard["names"])) == ([3, 5], "lasso", ["cell-3", "cell-5"])
    assert shown.selection.tolist() == [3, 5]


def test_what_comes_by_both_roads_is_taken_once_and_in_order(shown):
    heard = []
    shown.observe(lambda change: heard.append(change["new"].tolist()), "selection")
    first, second = lasso([1], 1), lasso([2], 2)
    assert [ack["seq"] for ack in post(shown, first, second)] == [1, 2]
    shown._handle_custom_msg(first[0], [memoryview(first[1][0])])
    shown._handle_custom_msg(second[0], [memoryview(second[1][0])])
    assert [ack["seq"] for ack in post(shown, lasso([9], 5))] == [2], "those before it will come again"
    assert heard == [[1], [2]]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (({"kind": "request", "page": "p1", "id": 1, "method": "selection", "params": {}}, []), 400),
        ((7, []), 400),
    ],
)
def test_what_is_no_event_is_refused(shown, message, status):
    with pytest.raises(Refused) as refused:
        post(shown, message)
    assert refused.value.args == (status,)


def test_an_event_that_is_none_of_the_table_is_refused_and_does_not_hold_up_the_next(shown):
    [refused, taken] = post(shown, (event("selection", {"source": 3}), []), lasso([2], 2))
    assert "selection.source" in refused["error"]
    assert (refused["seq"], taken["seq"], taken["error"]) == (1, 2, None)
    shown._handle_custom_msg(event("click", {"cell": "x"}, 3), [])
    shown._handle_custom_msg(*lasso([3], 4))
    assert shown.selection.tolist() == [3]


def test_strangers_and_events_of_nobody_are_refused(shown):
    with pytest.raises(Refused) as refused:
        post(shown, lasso([1]), token="wrong")
    assert refused.value.args == (401,)
    with pytest.raises(Refused) as refused:
        post(shown, lasso([1]), viewer="another")
    assert refused.value.args == (404,)
    shown.close()
    with pytest.raises(Refused) as refused:
        post(shown, lasso([1]))
    assert refused.value.args == (404,)
    assert shown.selection.tolist() == []


def test_a_body_that_is_too_long_is_refused(shown):
    # The server answers in the middle of the body, and may close the connection while we still send.
    with pytest.raises((Refused, ConnectionError)) as refused:
        post(shown, ({}, [bytes(17 << 20)]))
    if refused.type is Refused:
        assert refused.value.args == (413,)


def test_a_predicate_says_which_event_will_do(shown):
    later(post, shown, lasso([1], 1), lasso([1, 2], 2), lasso([4], 3))
    heard = shown.wait_for_event("selection", 10, lambda event: len(event["cells"]) == 2)
    assert heard["cells"] == [1, 2]


def test_nothing_in_time_is_a_timeout(shown):
    with pytest.raises(TimeoutError, match=r"no 'click' event within 0\.05 s"):
        shown.wait_for_event("click", timeout=0.05)
    with pytest.raises(ValueError, match="timeout: expected seconds"):
        shown.wait_for_event("click", timeout=-1)


def test_a_picture_that_is_there_is_not_waited_for(shown):
    with pytest.raises(TimeoutError):
        shown.wait_for_ready(timeout=0.05)
    later(post, shown, (event("ready", {"n_cells": 10, "dimensions": 2}), []))
    shown.wait_for_ready(timeout=10)
    assert shown.ready
    shown.wait_for_ready(timeout=0)


def test_stopping_ends_a_wait(shown):
    later(shown.stop)
    with pytest.raises(RuntimeError, match="stopped"):
        shown.wait_for_event("click")
    with pytest.raises(RuntimeError, match="stopped"):
        shown.wait_for_event("click")


def test_waits_that_are_awaited_leave_the_loop_free(shown):
    async def main():
        ticks = []

        async def tick():
            while True:
                ticks.append(1)
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        later(post, shown, (event("ready", {"n_cells": 10, "dimensions": 2}), []), lasso([4], 2))
        heard, _ = await asyncio.gather(
            shown.wait_for_event_async("selection", timeout=10), shown.wait_for_ready_async(timeout=10)
        )
        ticking.cancel()
        with pytest.raises(TimeoutError):
            await shown.wait_for_event_async("selection", timeout=0.05)
        return heard["cells"], len(ticks)

    cells, ticks = asyncio.run(main())
    assert cells == [4]
    assert ticks > 3


def test_events_are_iterated_until_the_widget_is_stopped(shown):
    async def main():
        heard = []
        later(post, shown, lasso([1], 1), lasso([2], 2), lasso([], 3))
        async for event in shown.events("selection"):
            heard.append(event["cells"])
            if event["cells"] == []:
                shown.stop()
        return heard

    assert asyncio.run(main()) == [[1], [2], []]


def test_a_wait_in_a_hook_does_not_hold_up_what_it_waits_for(shown):
    heard, done = [], threading.Event()

    @shown.on_selection
    def first(event):
        if event["cells"] == [1]:
            heard.append(shown.wait_for_event("click", timeout=10)["cell"])
            done.set()

    post(shown, lasso([1], 1))
    post(shown, (event("click", {"cell": 6, "button": 0, "shift": False, "ctrl": False}, 2), []))
    assert done.wait(10)
    assert heard == [6]


def test_a_widget_that_is_gone_takes_no_posts(cube):
    widget = CellucidWidget(cube)
    viewer = widget.viewer_id
    widget.close()
    assert data_server()._registry.viewer(viewer) is None


def test_decorators_take_a_debounce(shown):
    heard, called = [], threading.Event()

    @shown.on_selection(debounce=0.1)
    def rested(event):
        heard.append(event["cells"])
        called.set()

    for cells in ([1], [1, 2], [1, 2, 3]):
        shown.select(cells)
    assert called.wait(10)
    assert heard == [[1, 2, 3]]
    assert shown.unregister_hook("selection", rested)


def test_the_state_is_what_the_viewer_said_last(shown):
    assert (shown.state.ready, shown.state.selection, shown.state.last_event_type) == (None, None, None)
    post(shown, (event("ready", {"n_cells": 10, "dimensions": 2}), []), lasso([1, 2], 2))
    before = shown.state
    assert dict(before.ready) == {"n_cells": 10, "dimensions": 2}
    assert before.selection["cells"] == [1, 2]
    assert (before.last_event_type, before.last_event) == ("selection", before.selection)
    post(shown, (event("mine", {"value": 3}, 3), []), (event("closed", {}, 4), []))
    assert (shown.state.ready, shown.state.last_event_type) == (None, "closed")
    assert shown.state.selection is before.selection
    assert shown.state.last_updated_at > before.last_updated_at
    assert before.last_event_type == "selection", "a snapshot"


def test_a_hook_finds_the_state_at_its_event_or_later(shown):
    found, done = [], threading.Event()

    @shown.on_click
    def look(event):
        found.append(shown.state.click is event)
        done.set()

    post(shown, (event("click", {"cell": 6, "button": 0, "shift": False, "ctrl": False}), []))
    assert done.wait(10)
    assert found == [True]
