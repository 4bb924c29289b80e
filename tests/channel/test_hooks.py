"""Hooks: who is called, where, in which order, and what happens when one raises or does not return."""

import asyncio
import sys
import threading
import time

import pytest

from cellucid.channel.hooks import Dispatcher, HookEvent, HookRegistry


@pytest.fixture
def registry():
    return HookRegistry()


@pytest.fixture
def errors():
    return []


@pytest.fixture
def dispatcher(registry, errors):
    dispatcher = Dispatcher("test", registry, lambda event, error: errors.append((event, error)))
    yield dispatcher
    dispatcher.close()


def drain(dispatcher, registry):
    """Wait until everything queued so far was dispatched."""
    done = threading.Event()
    registry.register("drained", lambda _: done.set())
    dispatcher.submit("drained", HookEvent({}))
    assert done.wait(10)


def test_hooks_run_in_order_on_their_own_named_thread(dispatcher, registry):
    seen = []
    registry.register("click", lambda event: seen.append((event["cell"], threading.current_thread().name)))
    for cell in range(100):
        dispatcher.submit("click", HookEvent({"cell": cell}))
    drain(dispatcher, registry)
    assert seen == [(cell, "cellucid-hooks-test") for cell in range(100)]


def test_a_raising_hook_is_told_and_the_next_one_runs(dispatcher, registry, errors, caplog):
    seen = []

    def broken(event):
        raise KeyError("a bug of the user's")

    registry.register("click", broken)
    registry.register("click", seen.append)
    dispatcher.submit("click", HookEvent({"cell": 1}))
    drain(dispatcher, registry)
    assert [event["cell"] for event in seen] == [1]
    [(name, error)] = errors
    assert name == "click"
    assert isinstance(error, KeyError)
    [record] = [record for record in caplog.records if record.name == "cellucid.hooks"]
    assert record.exc_info is not None
    assert "broken" in record.getMessage()


def test_a_hook_that_exits_and_a_report_that_raises_do_not_end_the_thread(registry):
    def report(event, error):
        raise ValueError("an observer of errors is the user's code too")

    dispatcher = Dispatcher("sturdy", registry, report)
    seen = []
    registry.register("click", lambda event: sys.exit(1))
    registry.register("click", seen.append)
    for _ in range(2):
        dispatcher.submit("click", HookEvent({}))
    drain(dispatcher, registry)
    assert len(seen) == 2
    dispatcher.close()


def test_async_hooks_are_awaited_on_the_same_thread_before_the_next_hook_runs(dispatcher, registry, errors):
    seen = []

    async def slow(event):
        await asyncio.sleep(0.01)
        seen.append(("async", threading.current_thread().name))

    async def broken(event):
        raise KeyError("async bug")

    registry.register("click", slow)
    registry.register("click", broken)
    registry.register("click", lambda event: seen.append(("plain", threading.current_thread().name)))
    dispatcher.submit("click", HookEvent({}))
    drain(dispatcher, registry)
    assert seen == [("async", "cellucid-hooks-test"), ("plain", "cellucid-hooks-test")]
    assert [type(error) for _, error in errors] == [KeyError]


def test_message_hooks_get_every_event_with_its_name(dispatcher, registry):
    seen = []
    registry.register("message", lambda event: seen.append(dict(event)))
    dispatcher.submit("click", HookEvent({"cell": 7}))
    dispatcher.submit("mine", HookEvent({"x": 1}))
    drain(dispatcher, registry)
    seen = [event for event in seen if event["event"] != "drained"]
    assert seen == [{"event": "click", "cell": 7}, {"event": "mine", "x": 1}]


def test_a_hook_may_unregister_itself_and_others_while_it_runs(dispatcher, registry):
    seen = []

    def once(event):
        seen.append("once")
        assert registry.unregister("click", once)

    registry.register("click", once)
    registry.register("click", lambda _: seen.append("always"))
    for _ in range(2):
        dispatcher.submit("click", HookEvent({}))
    drain(dispatcher, registry)
    assert seen == ["once", "always", "always"]
    assert not registry.unregister("click", once)


def test_what_is_not_callable_is_no_hook(registry):
    with pytest.raises(TypeError, match="int"):
        registry.register("click", 7)


def test_cleared_hooks_are_not_called(dispatcher, registry):
    seen = []
    registry.register("click", seen.append)
    registry.register("selection", seen.append)
    registry.clear("click")
    dispatcher.submit("click", HookEvent({}))
    drain(dispatcher, registry)
    assert seen == []
    registry.clear()
    assert registry.of("selection") == ()


def test_behind_a_hook_that_does_not_return_the_oldest_events_are_dropped_and_counted(registry, errors):
    dispatcher = Dispatcher("full", registry, lambda *_: None, max_events=10, max_bytes=1000)
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def slow(event):
        begun.set()
        go_on.wait(10)
        seen.append(event["n"])

    registry.register("click", slow)
    dispatcher.submit("click", HookEvent({"n": -1}))
    assert begun.wait(10)
    for n in range(25):
        dispatcher.submit("click", HookEvent({"n": n}))
    assert dispatcher.dropped == 15
    dispatcher.submit("click", HookEvent({"n": 25}, nbytes=990))
    assert dispatcher.dropped == 16
    dispatcher.submit("click", HookEvent({"n": 26}, nbytes=990))
    assert dispatcher.waiting == 1
    go_on.set()
    drain(dispatcher, registry)
    assert seen == [-1, 26]
    dispatcher.close()


def test_closing_from_inside_a_hook_returns_and_ends_the_thread(registry):
    dispatcher = Dispatcher("closing", registry, lambda *_: None)
    done = threading.Event()

    def closes(event):
        dispatcher.close()
        done.set()

    registry.register("click", closes)
    dispatcher.submit("click", HookEvent({}))
    assert done.wait(10)
    dispatcher.submit("click", HookEvent({}))
    deadline = time.monotonic() + 10
    while any(thread.name == "cellucid-hooks-closing" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_no_thread_is_started_while_nobody_listens(dispatcher):
    dispatcher.submit("click", HookEvent({}))
    assert not any(thread.name == "cellucid-hooks-test" for thread in threading.enumerate())


def test_costly_keys_are_made_once_and_when_read():
    made = []
    event = HookEvent({"source": "lasso"}, {"cells": lambda: made.append(1) or [1, 2]})
    assert "cells" in event
    assert repr(event) == "HookEvent(source='lasso', cells=…)"
    assert not made
    assert event["cells"] is event["cells"]
    assert made == [1]
    assert dict(event) == {"source": "lasso", "cells": [1, 2]}
    with pytest.raises(KeyError):
        event["names"]


def test_of_hovers_that_wait_in_a_row_the_latest_counts(dispatcher, registry):
    began, go_on, heard = threading.Event(), threading.Event(), []

    def slow(event):
        began.set()
        go_on.wait(10)
        heard.append(dict(event))

    registry.register("hover", slow)
    registry.register("click", slow)
    dispatcher.submit("hover", HookEvent({"cell": 0}))
    assert began.wait(10)
    for cell in range(1, 1000):
        dispatcher.submit("hover", HookEvent({"cell": cell}, nbytes=1))
    dispatcher.submit("click", HookEvent({"cell": 7}))
    for cell in (1, 2, None):
        dispatcher.submit("hover", HookEvent({"cell": cell}))
    assert dispatcher.waiting == 3
    go_on.set()
    drain(dispatcher, registry)
    assert heard == [{"cell": 0}, {"cell": 999}, {"cell": 7}, {"cell": None}]


def test_a_hook_that_wants_quiet_is_called_with_the_latest_event_on_the_same_thread(dispatcher, registry):
    heard, called = [], threading.Event()

    def rested(event):
        heard.append((event["cell"], threading.current_thread().name))
        called.set()

    every = []
    registry.register("click", rested, debounce=0.2)
    registry.register("click", lambda event: every.append(event["cell"]))
    for cell in range(50):
        dispatcher.submit("click", HookEvent({"cell": cell}))
    assert called.wait(10)
    assert heard == [(49, "cellucid-hooks-test")]
    assert every == list(range(50))
    called.clear()
    dispatcher.submit("click", HookEvent({"cell": 7}))
    assert called.wait(10)
    assert [cell for cell, _ in heard] == [49, 7]


def test_a_hook_that_is_unregistered_while_it_waits_for_quiet_is_not_called(dispatcher, registry):
    heard, other = [], threading.Event()
    hook = heard.append
    registry.register("click", hook, debounce=0.05)
    registry.register("click", lambda _: other.set(), debounce=0.2)
    dispatcher.submit("click", HookEvent({"cell": 1}))
    drain(dispatcher, registry)
    assert registry.unregister("click", hook)
    assert other.wait(10)
    assert heard == []


@pytest.mark.parametrize("debounce", [-1, float("nan"), float("inf"), "soon"])
def test_what_is_no_time_is_no_debounce(registry, debounce):
    with pytest.raises(ValueError, match="debounce: expected seconds"):
        registry.register("click", print, debounce)


def test_a_key_that_cannot_be_made_is_tried_again_and_says_why():
    attempts = []

    def make():
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("the data changed")
        return 7

    event = HookEvent({}, {"position": make})
    with pytest.raises(ValueError, match="the data changed"):
        event["position"]
    assert "position=…" in repr(event)
    assert (event["position"], event["position"], len(attempts)) == (7, 7, 2)
