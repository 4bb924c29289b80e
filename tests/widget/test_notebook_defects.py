"""What went wrong in other notebook viewers of cells and does not here, by the numbers of the list of defects.

Rows, or parts of them, that other tests cover:

- J1, between call and first look → channel/test_waits.py, test_what_happens_between_the_call_and_the_first_look…
- J3, a wait in a hook → test_waiting.py, test_a_wait_in_a_hook_does_not_hold_up_what_it_waits_for
- J7, commands before the display → test_driving.py, test_commands_before_the_display_come_when_the_viewer_is_there
- J9, the server's answers and log → server/test_security.py, test_neither_token_nor_files_are_in_logs_and_answers
- J10 → js/tests/unit/probe.test.ts, "lead through a Hub's proxy under its base address"
- J12, hovers before hooks → channel/test_hooks.py, test_of_hovers_that_wait_in_a_row_the_latest_counts
- J14, a kernel that has ended → js/tests/unit/alive.test.ts
- J15 → test_picture.py
"""

import asyncio
import gc
import http.client
import json
import logging
import queue
import re
import socket
import threading
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ipywidgets import Widget

from cellucid import CellucidWidget
from cellucid.channel.selection import EncodedCells
from cellucid.server import data_server, life
from kernels import Kernel

ROOT = Path(__file__).parents[2]
N_CELLS = 10  # of `shown`


class Page:
    """A page of a widget in this process: it sends by the comm or by HTTP."""

    def __init__(self, widget, name="p1"):
        self.widget, self.name, self.seq = widget, name, 0

    def event(self, name, payload, data=None):
        self.seq += 1
        content = {"kind": "event", "page": self.name, "seq": self.seq, "event": name, "payload": payload}
        return content, [] if data is None else [data]

    def send(self, name, payload, data=None):
        content, buffers = self.event(name, payload, data)
        self.widget._handle_custom_msg(content, [memoryview(buffer) for buffer in buffers])

    def hover(self, cell):
        content = {"kind": "event", "page": self.name, "seq": 0, "event": "hover", "payload": {"cell": cell}}
        self.widget._handle_custom_msg(content, [])

    def post(self, name, payload, data=None):
        content, buffers = self.event(name, payload, data)
        head = json.dumps({"messages": [{"content": content, "buffers": [*map(len, buffers)]}]}).encode()
        body = len(head).to_bytes(4, "little") + head + b"".join(buffers)
        status, said = fetch("POST", f"/_cellucid/events?viewerId={self.widget.viewer_id}", body)
        assert (status, json.loads(said)["acks"][-1]["seq"]) == (200, content["seq"])

    def lasso(self, cells):
        sent = EncodedCells.of(np.array(cells, dtype=np.uint32), self.widget.n_cells)
        return "selection", {"source": "lasso", "encoding": sent.encoding, "count": sent.count}, sent.data


READY = "ready", {"n_cells": N_CELLS, "dimensions": 2}
BY_BOTH = pytest.mark.parametrize("road", [Page.send, Page.post], ids=["comm", "http"])


def fetch(method, address, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", data_server().port, timeout=10)
    try:
        connection.request(method, address, body, {"X-Cellucid-Token": data_server().token})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def click(cell):
    return "click", {"cell": cell, "button": 0, "shift": False, "ctrl": False}


def wait(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def hook_thread(widget):
    return f"cellucid-hooks-{widget.viewer_id[:8]}"


def as_soon_as_somebody_waits(widget, call, *args):
    """Call a function on another thread once a wait of the widget has begun."""

    def watch():
        wait(lambda: widget._talk.waits._waiters)
        call(*args)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.fixture
def page(shown):
    return Page(shown)


@pytest.fixture
def sent(monkeypatch):
    """All that goes to the comms of widgets, with its buffers."""
    messages = []
    monkeypatch.setattr(Widget, "_send", lambda self, msg, buffers=None: messages.append((msg, buffers or [])))
    return messages


def custom(sent, command):
    contents = [(msg["content"], buffers) for msg, buffers in sent if msg["method"] == "custom"]
    return [(content["payload"], buffers) for content, buffers in contents if content.get("command") == command]


# -- waits -----------------------------------------------------------------------------------------------------------


@BY_BOTH
@pytest.mark.parametrize("awaited", [False, True], ids=["blocking", "awaited"])
def test_j01_an_answer_that_comes_before_the_question_is_sent_off_is_heard(shown, page, monkeypatch, road, awaited):
    page.send(*READY)
    send = shown._talk.carrier.send

    def send_and_answer(message, buffers=()):
        send(message, buffers)
        if getattr(message, "command", None) == "ask":
            road(page, "answer", {"id": message.payload["id"], "result": {"userAgent": "fast"}, "error": None})

    monkeypatch.setattr(shown._talk.carrier, "send", send_and_answer)
    report = asyncio.run(shown.debug_connection_async(timeout=10)) if awaited else shown.debug_connection(timeout=10)
    assert report["frontend_debug_snapshot"] == {"ok": True, "snapshot": {"userAgent": "fast"}}


@pytest.mark.parametrize("awaited", [False, True], ids=["blocking", "awaited"])
def test_j02_a_viewer_that_is_ready_right_after_the_look_is_not_waited_for(shown, page, monkeypatch, awaited):
    trait = CellucidWidget.class_traits()["ready"]
    looks = []

    def look_and_then_become_ready(widget, cls=None):
        was = type(trait).get(trait, widget, cls)
        if widget is shown and not looks:
            looks.append(was)
            page.send(*READY)
        return was

    monkeypatch.setattr(trait, "get", look_and_then_become_ready)
    if awaited:
        asyncio.run(shown.wait_for_ready_async(timeout=10))
    else:
        shown.wait_for_ready(timeout=10)
    assert looks == [False]


@BY_BOTH
@pytest.mark.parametrize("awaited", [False, True], ids=["blocking", "awaited"])
def test_j05_a_predicate_holds_up_nobody(shown, page, road, awaited):
    looked = []

    def is_eight(event):
        looked.append((event["cell"], threading.current_thread()))
        if len(looked) == 1:
            others = [
                threading.Thread(target=road, args=(page, *click(8))),
                threading.Thread(target=shown.select, args=([1],)),
                threading.Thread(target=shown.on_click, args=(print,)),
            ]
            for other in others:
                other.start()
            for other in others:
                other.join(10)
                assert not other.is_alive()
        return event["cell"] == 8

    first = as_soon_as_somebody_waits(shown, page.post, *click(3))
    if awaited:
        heard = asyncio.run(shown.wait_for_event_async("click", 20, is_eight))
    else:
        heard = shown.wait_for_event("click", 20, is_eight)
    first.join()
    assert heard["cell"] == 8
    assert looked == [(3, threading.current_thread()), (8, threading.current_thread())]
    assert shown.selection.tolist() == [1]


def test_j12_no_number_of_hovers_pushes_out_what_is_waited_for(shown, page):
    looked = []

    def is_last(event):
        looked.append(event["cell"])
        if len(looked) == 1:  # nobody looks meanwhile
            for number in range(1, 700):
                page.send(*click(number % N_CELLS))
                for cell in range(4):
                    page.hover(cell)
        return len(looked) == 700

    first = as_soon_as_somebody_waits(shown, page.post, *click(0))
    shown.wait_for_event("click", 30, is_last)
    first.join()
    assert looked == [number % N_CELLS for number in range(700)]


def test_j12_nor_what_is_awaited(shown, page):
    async def main():
        waiting = asyncio.create_task(shown.wait_for_event_async("click", timeout=10))
        while not shown._talk.waits._waiters:
            await asyncio.sleep(0)
        page.send(*click(6))
        for number in range(3000):
            page.hover(number % N_CELLS)
        return (await waiting)["cell"]

    assert asyncio.run(main()) == 6


@BY_BOTH
def test_j14_a_viewer_that_has_gone_is_not_ready_any_more(shown, page, road):
    heard = queue.Queue()
    shown.on_ready(heard.put)
    road(page, *READY)
    first = heard.get(timeout=10)
    assert (shown.ready, shown.status, shown.state.ready) == (True, "ready", first)
    road(page, "closed", {})
    assert (shown.ready, shown.status, shown.state.ready) == (False, "not shown", None)
    with pytest.raises(TimeoutError):
        shown.wait_for_ready(timeout=0.05)
    reloaded = Page(shown, "p2")
    shown._handle_custom_msg({"kind": "request", "page": "p2", "id": 1, "method": "marks", "params": {}}, [])
    assert (shown.ready, shown.status, shown.state.ready) == (False, "loading", None)
    road(reloaded, *READY)
    second = heard.get(timeout=10)
    assert (shown.ready, shown.status, shown.state.ready) == (True, "ready", second)
    assert second is not first
    shown.wait_for_ready(timeout=0)


def test_j14_a_second_display_is_seen_and_the_first_may_go(shown, page):
    heard = queue.Queue()
    shown.on_ready(heard.put)
    other = Page(shown, "p2")
    for each in (page, other):
        each.send(*READY)
        heard.get(timeout=10)
    page.send("closed", {})
    assert (shown.ready, shown.state.ready is None) == (True, False)
    other.send("closed", {})
    assert (shown.ready, shown.state.ready is None) == (False, True)


# -- hooks -----------------------------------------------------------------------------------------------------------


def test_j03_a_hook_that_hangs_holds_up_neither_data_nor_events(shown, page):
    began, free, threads = threading.Event(), threading.Event(), []

    @shown.on_click
    def hangs(event):
        threads.append(threading.current_thread().name)
        began.set()
        free.wait(60)

    try:
        page.post(*click(3))
        assert began.wait(10)
        assert fetch("GET", shown._boot["path"] + "manifest.json")[0] == 200
        page.post(*page.lasso([1, 2]))
        assert shown.selection.tolist() == [1, 2]
        page.send(*page.lasso([5]))
        assert shown.selection.tolist() == [5]
    finally:
        free.set()
    assert threads == [hook_thread(shown)]


@pytest.mark.parametrize("end", [CellucidWidget.stop, CellucidWidget.close], ids=["stop", "close"])
@BY_BOTH
def test_j03_a_hook_may_end_its_widget(shown, cube, page, road, end):
    ended = queue.Queue()
    other = CellucidWidget(cube)

    @shown.on_click
    def last(event):
        end(shown)
        ended.put(threading.current_thread().name)

    road(page, *click(3))
    assert ended.get(timeout=10) == hook_thread(shown)
    assert shown.status in ("stopped", "closed")
    wait(lambda: hook_thread(shown) not in [thread.name for thread in threading.enumerate()])
    assert fetch("GET", other._boot["path"] + "manifest.json")[0] == 200
    other.close()


def test_j04_hooks_that_unregister_themselves_are_each_called_once(shown, page):
    called = queue.Queue()

    def leave(event_name, number):
        def hook(event):
            called.put(number)
            assert shown.unregister_hook(event_name, hook)

        shown.register_hook(event_name, hook)

    for number in range(3):
        leave("message", number)
    for number in range(3, 6):
        leave("click", number)
    shown.on_click(lambda event: called.put("always"))
    for cell in (1, 2):
        page.send(*click(cell))
    heard = [called.get(timeout=10) for _ in range(8)]
    assert heard == [*range(6), "always", "always"]


def test_j04_hooks_come_and_go_on_many_threads_and_the_others_miss_nothing(shown, page):
    called, ending = queue.Queue(), threading.Event()
    shown.on_click(lambda event: called.put(event["cell"]))
    failed = []

    def come_and_go():
        def hook(event):
            pass

        try:
            while not ending.is_set():
                shown.on_click(hook)
                if not shown.unregister_hook("click", hook):
                    failed.append("gone")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    cells = [number % N_CELLS for number in range(300)]
    for cell in cells:
        page.send(*click(cell))
    heard = [called.get(timeout=10) for _ in cells]
    ending.set()
    for thread in threads:
        thread.join()
    assert (heard, failed) == (cells, [])
    assert shown._talk.hooks.counts() == {"click": 1}


def test_j17_what_a_hook_raises_is_logged_with_its_traceback_and_shown_in_the_page(shown, page, sent, caplog):
    after = threading.Event()

    @shown.on_click
    def clumsy(event):
        return {}["no such key"]

    shown.on_click(lambda event: after.set())
    page.send(*click(3))
    assert after.wait(10)
    [record] = [record for record in caplog.records if record.name == "cellucid.hooks"]
    assert record.levelno == logging.ERROR
    text = logging.Formatter().format(record)
    assert "clumsy" in record.getMessage()
    assert 'return {}["no such key"]' in text
    assert "KeyError: 'no such key'" in text
    [error] = shown.errors
    assert error["source"] == "hook"
    assert "KeyError: 'no such key'" in error["message"]
    assert [error] in [msg["state"].get("errors") for msg, _ in sent if msg["method"] == "update"]


# -- commands --------------------------------------------------------------------------------------------------------

CHOSEN = np.isin(np.arange(N_CELLS), [2, 5, 7])


@pytest.mark.parametrize(
    "cells",
    [
        np.where(CHOSEN)[0],
        list(np.flatnonzero(CHOSEN)),
        tuple(np.array([2, 5, 7], dtype=np.int8)),
        pd.Index([7, 5, 2]),
        pd.Series([2, 5, 7], dtype="Int64"),
        pd.Series(CHOSEN),
        CHOSEN,
    ],
    ids=["where", "list of int64", "tuple of int8", "Index", "Series of Int64", "Series of bool", "mask"],
)
def test_j06_what_numpy_and_pandas_find_can_be_sent(shown, page, sent, cells):
    page.send(*READY)
    shown.select(cells)
    shown.highlight_cells(cells, "red")
    shown.set_visibility(cells, False)
    shown.zoom_to(cells)
    json.dumps([msg for msg, _ in sent])
    [(selected, [data])] = custom(sent, "selection")
    (marks, buffers), [(zoom, [])] = custom(sent, "marks")[-1], custom(sent, "zoom_to")
    for told, coded in ((selected, data), (marks["hidden"], buffers[0]), (marks["highlights"][0], buffers[1])):
        positions = EncodedCells.received(told["encoding"], memoryview(coded), told["count"], N_CELLS).positions
        assert positions.tolist() == [2, 5, 7]
    assert [type(number) for number in zoom["min"] + zoom["max"]] == [float] * 4


def test_j06_messages_of_numpy_values_can_be_sent(shown, page, sent):
    page.send(*READY)
    shown.send_message(
        {
            "cells": np.where(CHOSEN),
            "one": np.int64(3),
            "half": np.float32(0.5),
            "yes": np.bool_(True),
            "names": pd.Index(["a", "b"]),
            "column": pd.Series([1, 2], dtype="Int64"),
        }
    )
    [(told, _)] = custom(sent, "message")
    expected = {"cells": [[2, 5, 7]], "one": 3, "half": 0.5, "yes": True, "names": ["a", "b"], "column": [1, 2]}
    assert json.loads(json.dumps(told)) == {"message": expected}
    shown.send_message({"type": "highlight", "cells": np.where(CHOSEN)[0]})
    assert custom(sent, "marks")[-1][0]["highlights"][0]["count"] == 3


def test_j08_nothing_is_posted_to_whoever_listens():
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "js" / "src").rglob("*.ts*")}
    assert len(sources) > 50
    assert [path.name for path, source in sources.items() if "postMessage" in source] == []


def test_no_text_of_the_data_is_ever_markup_or_code():
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "js" / "src").rglob("*.ts*")}
    ways = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerously|\beval\(|new Function")
    assert [path.name for path, source in sources.items() if ways.search(source)] == []


def test_j11_a_second_stop_says_nothing(shown, page, sent, capsys):
    page.send(*READY)
    shown.on_click(lambda event: None)
    shown.stop()
    assert sent != []
    sent.clear()
    shown.stop()
    assert sent == []
    shown.close()
    assert [msg["method"] for msg, _ in sent if msg["method"] == "custom"] == []
    sent.clear()
    shown.close()
    shown.stop()
    assert sent == []
    assert capsys.readouterr() == ("", "")


def test_j11_the_garbage_collector_ends_and_shows_nothing(cube, sent, capsys):
    widget = CellucidWidget(cube)
    page = Page(widget)
    page.send(*READY)
    sent.clear()
    widget.__del__()  # as the collector does, on any thread
    assert (sent, widget.status, widget.comm is None) == ([], "ready", False)
    page.post(*click(3))
    widget.close()
    sent.clear()
    del widget, page
    gc.collect()
    assert sent == []
    assert capsys.readouterr() == ("", "")


def test_j13_the_system_chooses_the_port_and_it_is_bound_once(cube, monkeypatch):
    bound, bind = [], socket.socket.bind

    def spy(self, address):
        bind(self, address)
        bound.append((address, self.getsockname()))

    monkeypatch.setattr(life, "_server", None)
    monkeypatch.setattr(socket.socket, "bind", spy)
    widgets = [CellucidWidget(cube) for _ in range(3)]
    server = data_server()
    try:
        assert bound == [(("127.0.0.1", 0), ("127.0.0.1", server.port))]
        assert [widget._boot["port"] for widget in widgets] == [server.port] * 3
        assert [widget.server_url for widget in widgets] == [f"http://127.0.0.1:{server.port}/"] * 3
        assert fetch("GET", widgets[2]._boot["path"] + "manifest.json")[0] == 200
        assert len(bound) == 1
    finally:
        for widget in widgets:
            widget.close()
        server.stop()


# -- outputs, in a real kernel ---------------------------------------------------------------------------------------

SETUP = """
import json, logging, urllib.request
import anndata, ipywidgets
import numpy as np
from cellucid import CellucidWidget, show_anndata
from cellucid.server import data_server

adata = anndata.AnnData(np.zeros((10, 2), "float32"), obsm={"X_umap": np.zeros((10, 2), "float32")})

def ask(path):
    address = w.server_url + w._boot["path"][1:] + path
    headers = {"X-Cellucid-Token": data_server().token}
    try:
        return urllib.request.urlopen(urllib.request.Request(address, headers=headers)).read()
    except urllib.error.HTTPError as error:
        return error.read()
"""
VIEW = "application/vnd.jupyter.widget-view+json"
OUTPUTS = ("stream", "display_data", "update_display_data", "execute_result", "error")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with Kernel(version("ipykernel"), tmp_path_factory.mktemp("kernel")) as kernel:
        kernel.run(SETUP)
        yield kernel


@pytest.fixture
def model(kernel):
    """The id of a new widget `w` of the kernel, which is its comm's, too."""
    return kernel.run("w = CellucidWidget(adata)\nprint(w.model_id)").stdout.strip()


def says(kernel, model, name, payload, seq):
    content = {"kind": "event", "page": "p1", "seq": seq, "event": name, "payload": payload}
    kernel.send_comm(model, {"method": "custom", "content": content})


def empties_the_boot_trait(kernel, model):
    kernel.send_comm(model, {"method": "update", "state": {"_boot": {}}, "buffer_paths": []})
    kernel.until(lambda: kernel.run("print(w._boot)").stdout.strip() == "{}")


def on_the_comm(kernel, model):
    messages = [message for message in kernel.heard if message["msg_type"].startswith("comm_")]
    return [message["content"]["data"] for message in messages if message["content"]["comm_id"] == model]


COMMANDS = """
w.select([1, 2])
w.highlight_cells(np.array([3]))
w.set_visibility([4], False)
w.zoom_to([1, 2])
w.reset_view()
w.send_message({"type": "mine"})
w.color_by = None
w.clear_highlights()
"""


def test_j07_commands_are_no_outputs_and_wait_for_the_viewer(kernel, model):
    def commands():
        said = [data["content"] for data in on_the_comm(kernel, model) if data.get("method") == "custom"]
        return [content["command"] for content in said if content["kind"] == "command"]

    once = ["zoom_to", "reset_view", "message"]
    before = kernel.run(COMMANDS)
    assert not set(once) & set(commands())
    says(kernel, model, *READY, 1)
    kernel.until(lambda: "message" in commands())
    assert [name for name in commands() if name in once] == once
    after = kernel.run(COMMANDS)
    kernel.until(lambda: commands().count("message") == 2)
    assert [name for name in commands() if name in once] == once * 2
    assert before.messages(*OUTPUTS) == after.messages(*OUTPUTS) == []


@pytest.mark.parametrize("code", ["w = show_anndata(adata)", "w = CellucidWidget(adata)\nw.display()\nw"])
def test_j07_the_output_is_the_widget_s_name_and_no_code(kernel, code):
    [output] = kernel.run(code).messages(*OUTPUTS)
    [model, shown] = kernel.run("print(w.model_id)\nprint(repr(w))").stdout.splitlines()
    assert output["data"].keys() - {"image/png"} == {VIEW, "text/plain"}
    assert (output["data"][VIEW]["model_id"], output["data"]["text/plain"]) == (model, shown)
    assert output["metadata"] == {}


def test_j09_the_token_is_in_no_output_no_log_and_no_error(kernel):
    token = kernel.run("print(data_server().token)").stdout.strip()
    assert len(token) > 20
    heard = len(kernel.heard)
    runs = [
        kernel.begin(code).end()
        for code in (
            "logging.basicConfig(level=logging.DEBUG, force=True)",
            "w = show_anndata(adata)\nprint(w.model_id)",
            "w",
            "print(w, repr(w), str(w), w._repr_mimebundle_(), w.server_url, w.to_state(), vars(data_server()).keys())",
            COMMANDS,
            "CellucidWidget(adata, color_by='no such gene')",
            "%xmode Verbose",
            "w.color_by = 'no such gene'",
            "w.wait_for_event('click', timeout=0.01)",
            "urllib.request.urlopen(w.server_url + '_cellucid/info')",
            "print(ask('manifest.json'), ask('nothing'))",
            "@w.on_selection\ndef clumsy(event): raise KeyError(event, w)\nw.select([7])",
            "print(w.debug_connection(timeout=0.01))\nprint(dict(w.debug_connection(timeout=0.01)))",
            "w.set_state({'tool': 'hammer', '_boot': {'port': 1}})\nprint(w.errors)",
            "w.refresh()",
            "w.stop()",
            "w.refresh()",
            "w.display()",
        )
    ]
    outputs = [output for run in runs for output in run.messages(*OUTPUTS)]
    raised = [run.error[0] for run in runs if run.error]
    assert raised == ["TraitError", "TraitError", "TimeoutError", "HTTPError", "RuntimeError", "RuntimeError"]
    assert any("DEBUG:cellucid" in run.stderr or "INFO:cellucid" in run.stderr for run in runs), "logs are looked at"
    assert token not in json.dumps(outputs)
    others = [message for message in kernel.heard[heard:] if not message["msg_type"].startswith("comm_")]
    assert token not in json.dumps(others, default=str)
    kernel.run("logging.getLogger().handlers.clear()")


def test_j09_what_a_notebook_saves_of_the_widget_has_no_token(kernel, model):
    token = kernel.run("print(data_server().token)").stdout.strip()
    assert token in json.dumps(on_the_comm(kernel, model)), "the page needs it"
    empties_the_boot_trait(kernel, model)
    kernel.run(COMMANDS)
    said = len(on_the_comm(kernel, model))
    kernel.send_comm(model, {"method": "request_state"})  # a page that is reloaded
    kernel.until(lambda: any("viewer_id" in data.get("state", {}) for data in on_the_comm(kernel, model)[said:]))
    assert token not in json.dumps(on_the_comm(kernel, model)[said:])
    saved = kernel.run("print(json.dumps(ipywidgets.Widget.get_manager_state(widgets=[w, w.layout])))").stdout
    assert model in saved
    assert token not in saved
    assert token not in kernel.run("print(json.dumps(w.to_state()))").stdout


def test_j09_a_page_that_asks_for_the_server_is_told_beside_the_traits(kernel, model):
    token = kernel.run("print(data_server().token)").stdout.strip()
    empties_the_boot_trait(kernel, model)
    asked = {"kind": "request", "page": "p2", "id": 1, "method": "connect", "params": {}}
    said = len(on_the_comm(kernel, model))
    kernel.send_comm(model, {"method": "custom", "content": asked})
    kernel.until(lambda: token in json.dumps(on_the_comm(kernel, model)[said:]))
    holders = [data for data in on_the_comm(kernel, model)[said:] if token in json.dumps(data)]
    assert [(data["method"], data["content"]["kind"], data["content"]["page"]) for data in holders] == [
        ("custom", "reply", "p2")
    ]
    assert kernel.run("print(w._boot)").stdout == "{}\n"


def test_j16_displaying_twice_is_two_views_of_one_model(kernel, model):
    first, second = kernel.run("w"), kernel.run("w.display()\nw.display()")
    [one], [other] = first.messages(*OUTPUTS), second.messages(*OUTPUTS)
    assert one["data"] == other["data"]
    assert one["data"][VIEW]["model_id"] == model
    says(kernel, model, *READY, 1)
    assert kernel.run("w.wait_for_ready()\nprint(w.status)").stdout == "ready\n"


def test_j16_no_element_has_a_name_of_its_own():
    """The views share one page: what has a fixed id would be there twice."""
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "js" / "src").rglob("*.ts*")}
    assert len(sources) > 50
    fixed = re.compile(r"""\bid=["']|\bid=\{["']|\.id = ["'`]|setAttribute\(["']id["']""")
    assert [path.name for path, source in sources.items() if fixed.search(source)] == []
