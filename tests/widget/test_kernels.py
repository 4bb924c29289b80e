"""Hooks and waits in real kernels, with every ipykernel that people have; what a page would send comes from here."""

import http.client
import json
import socket

import psutil
import pytest

from kernels import Kernel

SETUP = """
import asyncio, json, os, sys, threading
import anndata, ipywidgets
import numpy as np
from IPython.display import display
from cellucid import CellucidWidget
from cellucid.server import data_server

adata = anndata.AnnData(np.zeros((10, 2), "float32"), obsm={"X_umap": np.zeros((10, 2), "float32")})
"""

OPEN = """
w = CellucidWidget(adata)
print(json.dumps([w.model_id, w.viewer_id, data_server().port, data_server().token]))
"""


class Page:
    """A new widget `w` of the kernel, and what a browser that shows it sends.

    Args:
        subshell: The kernel's thread that is to serve the comm; None is the main one.
    """

    def __init__(self, kernel, subshell=None):
        self._kernel = kernel
        self._subshell = subshell
        self._seq = 0
        self.opened = kernel.run(OPEN)
        self.comm, self.viewer, self.port, self._token = json.loads(self.opened.stdout)

    def send(self, name, payload):
        """An event by the comm."""
        data = {"method": "custom", "content": self._event(name, payload)}
        self._kernel.send_comm(self.comm, data, self._subshell)

    def post(self, name, payload):
        """An event by HTTP."""
        head = json.dumps({"messages": [{"content": self._event(name, payload), "buffers": []}]}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            body, headers = len(head).to_bytes(4, "little") + head, {"X-Cellucid-Token": self._token}
            connection.request("POST", f"/_cellucid/events?viewerId={self.viewer}", body, headers)
            answer = connection.getresponse()
            assert (answer.status, len(json.loads(answer.read())["acks"])) == (200, 1)
        finally:
            connection.close()

    def choose_the_comm_alone(self):
        """What a page tells first where no other road leads to the kernel."""
        road = {"name": "comm", "base": None, "reason": "the proxy is missing"}
        for name, payload in (("transport", road), ("ready", {"n_cells": 10, "dimensions": 2})):
            self.send(name, payload)
            self._kernel.until(lambda: self._seq in self._acks())  # a sub-shell may overtake the main thread

    def click_until_it_ends(self, click, run):
        """Clicks on cell 6, until a run of a cell that waits for one has ended."""
        click("click", clicked(6))
        while not self._kernel.soon(lambda: run.ended, 0.3):
            click("click", clicked(6))

    def _event(self, name, payload):
        self._seq += 1
        return {"kind": "event", "page": "p1", "seq": self._seq, "event": name, "payload": payload}

    def _acks(self):
        told = [message["content"] for message in self._kernel.heard if message["msg_type"] == "comm_msg"]
        said = [content["data"].get("content", {}) for content in told if content["comm_id"] == self.comm]
        return {content["seq"] for content in said if content.get("kind") == "ack"}


def clicked(cell):
    return {"cell": cell, "button": 0, "shift": False, "ctrl": False}


@pytest.fixture
def page(kernel):
    return Page(kernel)


def test_a_widget_opens_its_comm(page):
    assert page.comm in [content["comm_id"] for content in page.opened.messages("comm_open")]


def test_the_report_names_what_is_known_of_this_ipykernel(kernel, page):
    said = kernel.run("print('may miss' in repr(w.debug_connection(timeout=0.1)))").stdout
    assert said == f"{kernel.version == '7.3.0'}\n"


# -- where hooks print and display -----------------------------------------------------------------------------------

HOOK = """
@w.on_click
def tell(event):
    print("hook printed", event["cell"], threading.current_thread().name)
    print("hook complained", event["cell"], file=sys.stderr)
    display(f"hook displayed {event['cell']}")
"""

ASYNC_HOOK = """
@w.on_click
async def tell(event):
    await asyncio.sleep(0)
    print("hook printed", event["cell"], threading.current_thread().name)
    await asyncio.to_thread(print, "hook complained", event["cell"], file=sys.stderr)
    display(f"hook displayed {event['cell']}")
"""


@pytest.mark.parametrize("hook", [HOOK, ASYNC_HOOK], ids=["hook", "async hook"])
@pytest.mark.parametrize("road", [Page.send, Page.post], ids=["comm", "HTTP"])
def test_what_a_hook_prints_and_displays_lands_under_its_cell(kernel, page, hook, road):
    cell = kernel.run(hook)
    later = kernel.run("print('a later cell')")
    road(page, "click", clicked(3))
    kernel.until(lambda: cell.stdout and cell.stderr and cell.displays)
    assert cell.stdout == f"hook printed 3 cellucid-hooks-{page.viewer[:8]}\n"
    assert cell.stderr == "hook complained 3\n"
    assert cell.displays == ["'hook displayed 3'"]
    assert later.stdout == "a later cell\n"


MEETING = """
hook_began, hook_may_end, hook_ended = threading.Event(), threading.Event(), threading.Event()

@w.on_click
{}def meet(event):
    print("hook begins")
    hook_began.set()
    {}
    print("hook ends")
    print("hook complains", file=sys.stderr)
    display("hook displays")
    hook_ended.set()
"""

OTHER_CELL = """
print("main waits")
assert hook_began.wait(60)
print("main goes on")
thread = threading.Thread(target=lambda: (print("thread prints"), display("thread displays")))
thread.start()
thread.join()
display("main displays")
hook_may_end.set()
assert hook_ended.wait(60)
print("main complains", file=sys.stderr)
"""


@pytest.mark.parametrize(
    "hook",
    [
        MEETING.format("", "hook_may_end.wait(60)"),
        MEETING.format("async ", "await asyncio.to_thread(hook_may_end.wait, 60)"),
    ],
    ids=["hook", "async hook"],
)
def test_a_cell_that_runs_meanwhile_keeps_its_own_output(kernel, page, hook):
    cell = kernel.run(hook)
    other = kernel.begin(OTHER_CELL)
    kernel.until(lambda: other.stdout)
    page.post("click", clicked(3))
    kernel.until(lambda: other.ended and cell.stdout.endswith("ends\n") and cell.stderr and cell.displays)
    assert other.error is None
    assert other.stdout == "main waits\nmain goes on\nthread prints\n"
    assert other.stderr == "main complains\n"
    assert other.displays == ["'thread displays'", "'main displays'"]
    assert cell.stdout == "hook begins\nhook ends\n"
    assert cell.stderr == "hook complains\n"
    assert cell.displays == ["'hook displays'"]


def test_each_hook_has_its_own_cell(kernel, page):
    first = kernel.run("@w.on_click\ndef one(event): print('one')")
    second = kernel.run("@w.on_click\ndef two(event): print('two'); display(2)")
    page.send("click", clicked(3))
    kernel.until(lambda: first.stdout and second.stdout and second.displays)
    assert (first.stdout, first.displays) == ("one\n", [])
    assert (second.stdout, second.displays) == ("two\n", ["2"])


def test_it_lands_under_the_latest_run_of_the_cell(kernel, page):
    kernel.run("tell = lambda event: (print('told'), display('shown'))")
    register_once = "if not w._talk.hooks.of('click'): w.on_click(tell)"
    first = kernel.run(register_once, cell="the cell")
    second = kernel.run(register_once, cell="the cell")
    kernel.run("pass", cell="another")
    page.send("click", clicked(3))
    kernel.until(lambda: second.stdout and second.displays)
    assert (first.stdout, first.displays) == ("", [])


def test_an_output_widget_catches_what_a_hook_prints_and_displays_in_it(kernel, page):
    kernel.run("""
out, caught = ipywidgets.Output(), []

@w.on_click
def tell(event):
    with out:
        caught.append(out.msg_id)
        print("printed into it")
        display("displayed into it")
""")
    page.send("click", clicked(3))
    kernel.until(lambda: under(kernel, "printed into it") and under(kernel, "displayed into it"))
    caught = kernel.run("print(*caught)").stdout.strip()
    assert under(kernel, "printed into it") == under(kernel, "displayed into it") == {caught}


def under(kernel, text):
    """The requests under which a text was printed or displayed."""
    return {
        message["parent_header"].get("msg_id")
        for message in kernel.heard
        if message["msg_type"] in ("stream", "display_data") and text in str(message["content"])
    }


# -- waits -----------------------------------------------------------------------------------------------------------

# Which thread of a kernel takes a comm's messages while a cell awaits.
SERVED_MEANWHILE = {"6.31.0": (), "7.3.0": ("sub-shell",), "7.4.0": ("main", "sub-shell")}


def test_a_cell_that_blocks_hears_an_event_by_http(kernel, page):
    cell = kernel.begin("print('heard', w.wait_for_event('click', timeout=60)['cell'])")
    page.click_until_it_ends(page.post, cell)
    assert (cell.error, cell.stdout) == (None, "heard 6\n")


def test_a_cell_that_blocks_the_only_road_is_told_how_to_wait(kernel, page):
    page.choose_the_comm_alone()
    cell = kernel.begin("w.wait_for_event('click', timeout=60)").end()
    name, text = cell.error
    assert name == "ConnectionError"
    assert "the proxy is missing" in text
    assert "await widget.wait_for_event_async" in text


def test_a_cell_that_blocks_hears_a_comm_that_a_subshell_serves(kernel):
    if "sub-shell" not in SERVED_MEANWHILE[kernel.version]:
        pytest.skip(f"ipykernel {kernel.version} has no sub-shells")
    page = Page(kernel, kernel.make_subshell())
    page.choose_the_comm_alone()
    cell = kernel.begin("print('heard', w.wait_for_event('click', timeout=60)['cell'])")
    page.click_until_it_ends(page.send, cell)
    assert (cell.error, cell.stdout) == (None, "heard 6\n")


def test_a_cell_that_blocks_the_road_it_has_just_drawn_to_itself_is_told_so(kernel):
    if kernel.version != "7.4.0":
        pytest.skip(f"ipykernel {kernel.version} serves a comm on the same thread, whoever has sent on it last")
    page = Page(kernel, kernel.make_subshell())
    page.choose_the_comm_alone()
    cell = kernel.begin("w.point_size = 2.0\nw.wait_for_event('click', timeout=60)").end()
    assert cell.error[0] == "ConnectionError"


@pytest.mark.parametrize("thread", ["main", "sub-shell"])
def test_a_cell_that_awaits_hears_the_comm_where_it_is_served(kernel, thread):
    if thread not in SERVED_MEANWHILE[kernel.version]:
        pytest.skip(f"ipykernel {kernel.version} serves no comm on its {thread} thread while a cell awaits")
    page = Page(kernel, kernel.make_subshell() if thread == "sub-shell" else None)
    page.choose_the_comm_alone()
    cell = kernel.begin("print('heard', (await w.wait_for_event_async('click', timeout=60))['cell'])")
    page.click_until_it_ends(page.send, cell)
    assert (cell.error, cell.stdout) == (None, "heard 6\n")


def test_where_it_is_not_served_the_wait_ends_in_time_and_the_event_comes_after_the_cell(kernel, page):
    if "main" in SERVED_MEANWHILE[kernel.version]:
        pytest.skip(f"ipykernel {kernel.version} serves the comm while a cell awaits")
    page.choose_the_comm_alone()
    cell = kernel.begin("print('awaits')\nawait w.wait_for_event_async('click', timeout=0.5)")
    kernel.until(lambda: cell.stdout)
    page.send("click", clicked(6))
    assert cell.end().error == ("TimeoutError", "no 'click' event within 0.5 s")
    assert kernel.run("print(w.state.click['cell'])").stdout == "6\n"


def test_the_stop_button_ends_a_wait(kernel, page):
    page.post("ready", {"n_cells": 10, "dimensions": 2})
    cell = kernel.begin("print('waits')\nw.wait_for_event('click')")
    kernel.until(lambda: cell.stdout)
    kernel.interrupt()
    assert cell.end().error[0] == "KeyboardInterrupt"
    after = kernel.begin("print('heard', w.wait_for_event('click', timeout=60)['cell'])")
    page.click_until_it_ends(page.post, after)
    assert after.stdout == "heard 6\n"


# -- the end; these take the kernel down -----------------------------------------------------------------------------


@pytest.mark.parametrize("end", [Kernel.restart, Kernel.stop], ids=["restart", "shutdown"])
def test_a_kernel_that_ends_leaves_no_process_and_no_port(kernel, end):
    kernel.run(SETUP)
    page = Page(kernel)
    process = psutil.Process(int(kernel.run("print(os.getpid())").stdout))
    family = [process, *process.children(recursive=True)]
    page.post("click", clicked(3))
    end(kernel)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", page.port), timeout=10)
