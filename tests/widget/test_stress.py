"""Much at a time: every event but hovers and cameras arrives once, in order, and the last values are right."""

import queue
import sys
import threading
import time

import anndata as ad
import numpy as np
import pytest
from ipywidgets import Widget

from cellucid import CellucidWidget
from pages import Page


@pytest.fixture
def sent(monkeypatch):
    """What goes to the comms of all widgets: when, and the message."""
    messages = []
    monkeypatch.setattr(Widget, "_send", lambda self, msg, buffers=None: messages.append((time.monotonic(), msg)))
    return messages


def wait(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def cells(n_cells):
    data = ad.AnnData(np.zeros((n_cells, 1), dtype=np.float32))
    data.obsm["X_umap"] = np.random.default_rng(0).normal(size=(n_cells, 2)).astype(np.float32)
    return data


@pytest.fixture
def million():
    widget = CellucidWidget(cells(1_000_000))
    yield widget
    widget.close()


def test_hovers_and_cameras_from_both_sides_with_a_slow_hook(shown, sent):
    page, free = Page(shown), threading.Event()
    hovers, clicks, zooms = [], [], []
    page.ready()

    @shown.on_hover
    def slow(event):
        hovers.append(event["cell"])
        free.wait(30)

    shown.on_click(lambda event: clicks.append(event["cell"]))
    shown.observe(lambda change: zooms.append(change["new"]["zoom"]), "camera")
    sent.clear()

    def python():
        for number in range(1, 5001):
            shown.camera = {"center": [0.0, 0.0], "zoom": 1 + number / 1000}

    driving = threading.Thread(target=python)
    driving.start()
    for number in range(5000):
        page.hover(number % 10)
        if number % 10 == 0:
            page.look(20 + number / 1000)
        if number % 100 == 0:
            page.click(number // 100 % 10)
    driving.join()
    shown.camera = {"center": [0.0, 0.0], "zoom": 7.5}
    free.set()
    page.click(9)
    wait(lambda: len(clicks) == 51)
    assert clicks == [*(number // 100 % 10 for number in range(0, 5000, 100)), 9], "clicks are never coalesced"
    assert hovers[-1] == shown.hovered == 4999 % 10
    assert len(hovers) <= 52, "hovers between two clicks are one"
    assert (len(zooms), zooms[-1]) == (5501, 7.5), "observers hear of each"
    wait(lambda: shown._pace.waiting == 0)
    cameras = [msg["state"]["camera"]["zoom"] for _, msg in sent if "camera" in msg.get("state", {})]
    assert cameras[-1] == 7.5
    times = [when for when, msg in sent if msg["method"] == "update"]
    in_three_seconds = max(sum(start <= when < start + 3 for when in times) for start in times[:: len(times) // 50 + 1])
    assert in_three_seconds <= 400 + 3 * 400 + 1


def test_a_hundred_selections_of_a_million_cells(million):
    page, sizes = Page(million), queue.Queue()
    million.on_selection(lambda event: sizes.put((len(event["indices"]), int(event["indices"][0]))))
    everything = np.arange(1_000_000, dtype=np.uint32)
    for number in range(100):
        page.select(everything[number:])
    heard = [sizes.get(timeout=60) for _ in range(100)]
    assert heard == [(1_000_000 - number, number) for number in range(100)]
    assert len(million.selection) == 999_901
    assert million.errors == []


def test_behind_a_hook_that_never_returns_the_oldest_go_and_it_is_told(million):
    page, stuck = Page(million), threading.Event()

    @million.on_selection
    def endless(event):
        stuck.wait(60)

    everything = np.arange(1_000_000, dtype=np.uint32)
    for number in range(80):  # 4 MB each, of 256
        page.select(everything[number:])
    assert len(million.selection) == 1_000_000 - 79, "the trait goes on"
    dropped = million._talk.dispatcher.dropped
    assert dropped > 0
    told = [error for error in million.errors if error["source"] == "hook"]
    assert len(told) == 1, "once, not for each"
    assert "endless, for 'selection', is slower than the events" in told[0]["message"]
    stuck.set()


def test_fifty_widgets_in_one_kernel(sent):
    data = cells(1000)
    widgets = [CellucidWidget(data) for _ in range(50)]
    try:
        heard = queue.Queue()
        pages = [Page(widget) for widget in widgets]
        for number, (widget, page) in enumerate(zip(widgets, pages, strict=True)):
            widget.on_selection(lambda event, n=number: heard.put((n, event["cells"])))
            page.ready()
        threads = [
            threading.Thread(target=lambda p=page, n=number: [p.select([n, 100 + step]) for step in range(20)])
            for number, page in enumerate(pages)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        all_heard = [heard.get(timeout=60) for _ in range(1000)]
        for number, widget in enumerate(widgets):
            assert [found for n, found in all_heard if n == number] == [[number, 100 + step] for step in range(20)]
            assert widget.selection.tolist() == [number, 119]
    finally:
        for widget in widgets:
            widget.close()
    ours = {f"cellucid-hooks-{widget.viewer_id[:8]}" for widget in widgets}
    wait(lambda: ours.isdisjoint(thread.name for thread in threading.enumerate()))


def test_ten_threads_that_send_and_select_at_once(shown, sent):
    page, others = Page(shown), []
    page.ready()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:

        def work(number):
            for step in range(100):
                shown.select([number])
                shown.send_message({"from": number, "step": step})
                shown.point_size = 1 + number / 10
                others.append(1)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(others) == 1000
    wait(lambda: shown._pace.waiting == 0)
    custom = [msg["content"] for _, msg in sent if msg["method"] == "custom"]
    messages = [content["payload"]["message"] for content in custom if content.get("command") == "message"]
    for number in range(10):
        assert [message["step"] for message in messages if message["from"] == number] == list(range(100))
    revisions = [content["payload"]["revision"] for content in custom if content.get("command") == "selection"]
    assert revisions == sorted(revisions)
    assert revisions[-1] == shown._talk.publisher.revision
    sizes = [msg["state"]["point_size"] for _, msg in sent if "point_size" in msg.get("state", {})]
    assert sizes[-1] == shown.point_size
