"""Waiting for events, without Jupyter."""

import threading

import pytest

from cellucid.channel.hooks import HookEvent
from cellucid.channel.waits import Waits

THREADS = 10


def never(_):
    """It always makes sense to wait."""


def test_what_happens_between_the_call_and_the_first_look_is_returned():
    waits = Waits()
    waits.tell("click", HookEvent({"cell": 1}))
    with waits.waiter("click") as waiter:
        waits.tell("selection", HookEvent({}))
        waits.tell("click", HookEvent({"cell": 2}))
        waits.tell("click", HookEvent({"cell": 3}))
        assert waiter.wait(10, never, None)["cell"] == 2
        assert waiter.wait(10, never, None)["cell"] == 3
        assert waiter.wait(0, never, None) is None


def test_whoever_waits_for_messages_gets_every_event_with_its_name():
    waits = Waits()
    with waits.waiter("message") as waiter:
        waits.tell("click", HookEvent({"cell": 2}))
        assert dict(waiter.wait(10, never, None)) == {"event": "click", "cell": 2}


def test_predicates_run_on_the_thread_that_waits():
    waits, threads = Waits(), set()

    def is_seven(event):
        threads.add(threading.current_thread())
        return event["cell"] == 7

    with waits.waiter("click") as waiter:
        sender = threading.Thread(target=lambda: [waits.tell("click", HookEvent({"cell": n})) for n in range(10)])
        sender.start()
        assert waiter.wait(10, never, is_seven)["cell"] == 7
        sender.join()
    assert threads == {threading.current_thread()}


def test_the_check_ends_a_wait():
    def check(waited):
        if waited > 0.3:
            raise ConnectionError("in vain")

    with Waits().waiter("click") as waiter, pytest.raises(ConnectionError, match="in vain"):
        waiter.wait(None, check, None)


def test_events_from_many_threads_all_arrive_and_nobody_waits_afterwards():
    waits = Waits()
    with waits.waiter("click") as waiter:
        threads = [
            threading.Thread(target=lambda n=n: [waits.tell("click", HookEvent({"cell": (n, i)})) for i in range(100)])
            for n in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        heard = [waiter.wait(10, never, None)["cell"] for _ in range(100 * THREADS)]
        for thread in threads:
            thread.join()
    for n in range(THREADS):
        assert [i for m, i in heard if m == n] == list(range(100))
    assert waits._waiters == []
