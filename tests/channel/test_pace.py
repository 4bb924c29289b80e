"""How fast messages leave."""

import threading
import time

from cellucid.channel.pace import Pace


def wait(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_few_messages_leave_at_once_on_the_callers_thread():
    sent, pace = [], Pace(per_second=1, burst=5)
    for number in range(5):
        pace.send(lambda n=number: sent.append((n, threading.current_thread())))
    assert sent == [(number, threading.current_thread()) for number in range(5)]


def test_many_messages_leave_in_order_and_none_is_lost():
    sent, pace = [], Pace(per_second=5000, burst=10)
    for number in range(300):
        pace.send(lambda n=number: sent.append((n, threading.current_thread().name)))
    wait(lambda: pace.waiting == 0)
    assert [number for number, _ in sent] == list(range(300))
    assert sent[-1][1] == "cellucid-pace"


def test_no_more_leave_than_may():
    pace, times = Pace(per_second=200, burst=20), []
    for _ in range(60):
        pace.send(lambda: times.append(time.monotonic()))
    wait(lambda: pace.waiting == 0)
    assert len(times) == 60
    assert times[-1] - times[0] >= 39 / 200 - 0.01  # the rest of 40 at 200 a second; a slow machine takes longer


def test_of_the_same_key_only_the_latest_leaves_in_the_place_of_the_first():
    gate, sent, pace = threading.Event(), [], Pace(per_second=1000, burst=1)
    pace.send(lambda: None)
    pace.send(gate.wait)  # holds up the rest
    for number in range(100):
        pace.send(lambda n=number: sent.append(("camera", n)), key="camera")
        if number == 50:
            pace.send(lambda: sent.append("zoom"))
    gate.set()
    wait(lambda: pace.waiting == 0)
    assert sent == [("camera", 99), "zoom"]


def test_a_value_that_is_set_again_and_again_leaves_all_the_same():
    pace, sent = Pace(per_second=1000, burst=1), []
    stop = threading.Event()

    def commands():
        while not stop.is_set():
            pace.send(lambda: None)
            time.sleep(0.0005)  # faster than they may leave

    thread = threading.Thread(target=commands)
    thread.start()
    while not sent:
        pace.send(lambda: sent.append(1), key="camera")
    stop.set()
    thread.join()


def test_owners_take_turns_and_one_that_sends_much_does_not_hold_up_another():
    gate, sent, pace = threading.Event(), [], Pace(per_second=2000, burst=1)
    pace.send(lambda: None)
    pace.send(gate.wait, owner="first")
    for number in range(50):
        pace.send(lambda n=number: sent.append(("first", n)), owner="first")
    for number in range(3):
        pace.send(lambda n=number: sent.append(("second", n)), owner="second")
    gate.set()
    wait(lambda: pace.waiting == 0)
    assert [n for owner, n in sent if owner == "first"] == list(range(50))
    assert [n for owner, n in sent if owner == "second"] == [0, 1, 2]
    assert sent.index(("second", 2)) <= 6


def test_what_is_set_while_its_message_leaves_leaves_once_more():
    pace, values, sent = Pace(per_second=1000, burst=1), [1], []
    pace.send(lambda: None)

    def send():
        sent.append(values[-1])
        if len(values) == 1:
            values.append(2)
            pace.send(lambda: sent.append(values[-1]), key="x")

    pace.send(send, key="x")
    wait(lambda: pace.waiting == 0)
    assert sent == [1, 2]


def test_answers_are_counted_but_never_wait():
    pace, sent = Pace(per_second=2000, burst=10), []
    for _ in range(30):
        pace.spend()
    pace.send(lambda: sent.append(1))
    assert sent == [], "they have used up what may leave"
    wait(lambda: sent == [1])


def test_a_message_that_cannot_be_sent_does_not_hold_up_the_others(caplog):
    pace, sent = Pace(per_second=1000, burst=1), []
    pace.send(lambda: None)
    pace.send(lambda: 1 / 0)
    pace.send(lambda: sent.append(1))
    wait(lambda: sent == [1])
    assert "ZeroDivisionError" in caplog.text


def test_ten_threads_at_once_lose_nothing_and_keep_their_own_order():
    pace, sent = Pace(per_second=20_000, burst=5), []
    threads = [
        threading.Thread(target=lambda t=t: [pace.send(lambda n=n: sent.append((t, n))) for n in range(50)])
        for t in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait(lambda: pace.waiting == 0)
    for t in range(10):
        assert [n for thread, n in sent if thread == t] == list(range(50))
