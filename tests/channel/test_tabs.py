"""What Python says to browser tabs, kept until they fetch it."""

import json
import threading

import pytest

from cellucid.channel import tabs as room
from cellucid.channel.tabs import KEPT, KEPT_BYTES, MAX_TABS, Tabs


def custom(page=None, **content):
    return {"method": "custom", "content": {"page": page, **content}}


def texts(tab, after=0):
    return [json.loads(said.text)["content"] for said in tab.after(after)]


@pytest.fixture
def left():
    return []


@pytest.fixture
def tabs(left):
    made = Tabs(left.append)
    yield made
    made.close()


def test_a_tab_hears_what_is_for_everybody_in_order(tabs):
    tab = tabs.tab("a")
    assert tabs.send(custom(n=1), []), "the comm needs it, too"
    assert tabs.send({"method": "update", "state": {"opacity": 0.5}, "buffer_paths": []}, [])
    assert texts(tab) == [{"page": None, "n": 1}, {"opacity": 0.5}]
    assert [said.number for said in tab.after(0)] == [1, 2]
    assert [said.number for said in tab.after(1)] == [2]


def test_what_is_for_one_page_goes_where_that_page_is_and_nowhere_else(tabs):
    one, other = tabs.tab("one"), tabs.tab("other")
    tabs.speaks("one", "P")
    assert not tabs.send(custom("P"), [])
    assert len(texts(one)) == 1
    assert texts(other) == []
    assert tabs.send(custom("in the notebook"), [])
    assert len(texts(one)) == 1


def test_without_tabs_nothing_is_even_encoded(tabs):
    assert tabs.send({"method": "custom", "content": {"value": object()}}, [])


def test_what_is_no_json_goes_by_the_comm_alone(tabs, caplog):
    tab = tabs.tab("a")
    assert tabs.send(custom(value=float("nan")), [])
    assert tab.after(0) == []
    assert "not sent to the tabs" in caplog.text


def test_opening_a_comm_is_not_for_tabs(tabs):
    tab = tabs.tab("a")
    assert tabs.send({"method": "request_states"}, [])
    assert tab.after(0) == []


def test_buffers_are_found_by_their_message(tabs):
    tab = tabs.tab("a")
    tabs.send(custom(), [memoryview(b"one"), memoryview(b"")])
    said = tab.find(1)
    assert [bytes(buffer) for buffer in said.buffers] == [b"one", b""]
    assert json.loads(said.text)["buffers"] == [3, 0]
    assert tab.find(2) is None


def test_the_oldest_are_forgotten_by_number_and_by_bytes(tabs):
    tab = tabs.tab("a")
    for n in range(KEPT + 5):
        tabs.send(custom(n=n), [])
    assert [said.number for said in tab.after(0)] == list(range(6, KEPT + 6))
    tabs.send(custom(n="long"), [memoryview(bytes(KEPT_BYTES))])
    assert [said["n"] for said in texts(tab)] == ["long"], "the newest is kept whatever its length"
    tabs.send(custom(n="short"), [])
    assert [said["n"] for said in texts(tab)] == ["short"]


def test_who_listens_is_woken_until_it_leaves(tabs):
    tab = tabs.tab("a")
    woken = []
    leave = tab.listen(lambda: woken.append(1))
    tabs.send(custom(), [])
    assert woken == [1]
    leave()
    tabs.send(custom(), [])
    assert woken == [1]


def test_a_tab_that_nobody_listens_to_is_gone_with_its_pages(tabs, left, monkeypatch):
    monkeypatch.setattr(room, "GONE", 0.05)
    tab = tabs.tab("a")
    tabs.speaks("a", "P")
    leave = tab.listen(lambda: None)
    threading.Event().wait(0.2)
    assert not tab.closed, "somebody listens"
    leave()
    closed = threading.Event()
    tab.listen(closed.set)()  # it comes back for a moment
    for _ in range(100):
        if left:
            break
        threading.Event().wait(0.05)
    assert left == ["P"]
    assert tab.closed
    assert tabs.tab("a") is not tab


def test_too_many_tabs_take_the_place_of_one_that_nobody_listens_to(tabs, left):
    first = tabs.tab("tab-0")
    first.listen(lambda: None)
    tabs.speaks("tab-1", "P")
    for n in range(2, MAX_TABS + 1):
        tabs.tab(f"tab-{n}").listen(lambda: None)
    assert not first.closed
    assert left == ["P"]
    with pytest.raises(RuntimeError, match="64 tabs"):
        tabs.tab("one more")


def test_a_tab_that_was_gone_counts_anew_in_another_epoch(tabs):
    tab = tabs.tab("a")
    tabs.send(custom(n=1), [])
    tabs._drop(tab)
    again = tabs.tab("a")
    assert again.epoch != tab.epoch
    tabs.send(custom(n=2), [])
    assert [said.number for said in again.after(0)] == [1]


def test_a_tab_that_somebody_came_back_to_stays(tabs, left):
    tab = tabs.tab("a")
    tabs.speaks("a", "P")
    tab.listen(lambda: None)
    tabs._drop(tab)  # as the timer does that fired a moment before
    assert tabs.tab("a") is tab
    assert left == []


def test_what_is_kept_does_not_keep_what_it_is_a_part_of(tabs):
    tab = tabs.tab("a")
    whole = bytearray(1000)
    tabs.send(custom(), [memoryview(whole)[:10]])
    assert bytes(tab.find(1).buffers[0]) == bytes(10)
    whole.extend(b"x")  # a view of it would forbid that


def test_closed_tabs_wake_who_listens_and_no_new_one_opens(tabs):
    tab = tabs.tab("a")
    woken = threading.Event()
    tab.listen(woken.set)
    tabs.close()
    assert woken.is_set()
    assert tab.closed
    assert tabs.send(custom(), [])
    with pytest.raises(RuntimeError, match="stopped"):
        tabs.tab("b")
