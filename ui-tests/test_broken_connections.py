"""Connections that break: what a person does reaches Python once and in order, and a transfer ends well or says so."""

import ast
import random
import time
from contextlib import ExitStack

import pytest

from cells import LOAD, few_cells, isolated
from hosts.kernel_client import client_of
from hosts.relay import WEBSOCKET, Relay, RelayedServer
from hosts.widget import WidgetPage

KILLS = 10  # of each carrier

LISTEN = """
w = CellucidWidget(adata, color_by='bulk_labels')
heard, roads, last = [], set(), threading.Event()

@w.on_message
def hear(event):
    if event["event"] == "selection":
        heard.append(("selection", len(event["indices"])))
    elif event["event"] == "click":
        heard.append(("click", event["cell"]))
        if event["shift"]:
            last.set()

def note(change):  # an observer runs on the thread that took the event
    roads.add("comm" if threading.current_thread() is threading.main_thread() else "http")

w.observe(note, "selection")
w
"""

# A cell that waits for what a person does.
BLOCK = "import time\nfor _ in range(1200):\n    if last.is_set(): break\n    time.sleep(0.1)"

# Two pieces over the comm, one answer over HTTP.
N_MANY = 1_000_000
MANY = f"""
import scipy.sparse
many = ad.AnnData(scipy.sparse.csr_matrix(({N_MANY}, 1), dtype=np.float32))
many.obsm["X_umap"] = np.random.default_rng(0).normal(size=({N_MANY}, 2)).astype(np.float32)
"""
SHOW_MANY = "w = CellucidWidget(many)\nw"

GESTURE = """
(element, [path, shift]) => {
  const plot = element.shadowRoot.querySelector(".plot");
  const { left, top } = plot.getBoundingClientRect();
  const point = (type, [x, y], button, buttons) => {
    const at = { clientX: left + x, clientY: top + y, pointerId: 1, pointerType: "mouse", isPrimary: true };
    const held = { button, buttons, shiftKey: shift };
    plot.dispatchEvent(new PointerEvent(type, { ...at, ...held, bubbles: true, composed: true }));
  };
  point("pointerdown", path[0], 0, 1);
  for (const corner of path.slice(1)) point("pointermove", corner, -1, 1);
  point("pointerup", path.at(-1), 0, 0);
  return element.cellucid.inspect().selected;
}
"""


# What Python tells the page, in a list of the page's.
COLLECT = """
(element) => {
  window.told = [];
  element.addEventListener("cellucid-message", ({ detail }) => window.told.push(detail.number));
}
"""


class Hand:
    """Boxes and clicks on the plot, faster than a mouse, and a list of what they did as the page has it."""

    def __init__(self, widget):
        self._root = widget.root
        self._size = widget.inspect()["plot"]
        self._pixels = widget.project(few_cells().obsm["X_umap"])
        self._alone = isolated(self._pixels, 6).tolist()
        self.done = []

    def box(self, chance):
        corner = [chance.randint(40, int(self._size[side]) - 4) for side in ("width", "height")]
        self.done.append(("selection", self._root.evaluate(GESTURE, [[[4, 4], corner], False])))

    def click(self, chance, *, shift=False):
        cell = chance.choice(self._alone)
        self._root.evaluate(GESTURE, [[self._pixels[cell].tolist()], shift])
        self.done.append(("click", cell))


@pytest.fixture(scope="module")
def lab(lab):
    with Relay(lab.port, only=WEBSOCKET) as relay:
        yield RelayedServer(lab, relay)


@pytest.fixture(scope="module")
def spare():
    """Pages for these tests alone: those of others are past the relay."""
    pages = []
    yield pages
    for page in pages:
        page.close(run_before_unload=False)


@pytest.fixture
def comm(lab):
    """What the websockets of JupyterLab go through."""
    yield lab.relay
    lab.relay.let_through()


@pytest.fixture
def http():
    """What the data server is reached through, as soon as its port is known."""
    with Relay() as relay:
        yield relay


@pytest.fixture
def kernel(lab):
    """The notebook's kernel, past JupyterLab."""
    with ExitStack() as clients:

        def connect():
            (one,) = lab.request("GET", "api/kernels")
            return clients.enter_context(client_of(lab, one["id"]))

        yield connect


def value(client, expression):
    """What an expression is in the kernel, as soon as that is idle."""
    reply = client.execute("", silent=True, user_expressions={"it": expression}, reply=True, timeout=120)
    it = reply["content"]["user_expressions"]["it"]
    assert it["status"] == "ok", it
    return ast.literal_eval(it["data"]["text/plain"])


def prepare(http):
    """A first cell, after which browsers are sent to the relay."""
    override = f"os.environ['CELLUCID_CLIENT_SERVER_URL'] = {http.url!r}\n"
    return f"{LOAD}import os, threading\n{override}from cellucid.server import data_server\ndata_server().start()\n"


def run_first(page, http):
    page.run_cell(0)
    http.target = int(page.execute("print(data_server().port)"))


def page_errors(page):
    return [line for line in page.console if line.startswith("[page error]")]


def soon(page, condition, seconds):
    """Whether a condition came true in time."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        page.page.wait_for_timeout(20)
    return met


def wait_for_jupyterlab(page, comm):
    """Until JupyterLab has connected again by itself; having failed it waits for some seconds."""
    assert soon(page, lambda: comm.connections, 60)


def lose_one(chance, comm, http):
    """The comm loses what it carries next, and HTTP cannot step in."""
    http.refuse()
    http.cut()
    comm.cut_after(chance.randint(1, 1000))


def break_both(chance, comm, http):
    http.cut_after(chance.randint(1, 3000))
    match chance.choice(["inside a message", "at once", "for a while"]):
        case "inside a message":
            comm.cut_after(chance.randint(1, 10_000))
        case "at once":
            comm.cut()
        case "for a while":
            comm.refuse()
            comm.cut()


def test_all_arrives_once_and_in_order_while_both_carriers_break(notebook, comm, http, kernel):
    page = notebook([prepare(http), LISTEN])
    # As in kernels without sub-shells: the comm waits for a cell to end, and then brings again what HTTP has brought.
    page.serve_comms_on_main()
    run_first(page, http)
    page.run_cell(1)
    widget = WidgetPage(page)
    assert widget.settle()["transport"] == "override"
    client = kernel()
    widget.press("b")
    hand, chance = Hand(widget), random.Random(20)
    hand.box(chance)
    assert soon(page, lambda: value(client, "sorted(roads)") == ["comm"], 30)
    widget.root.evaluate(COLLECT)
    numbers = []

    cuts = comm.cuts

    def kills():
        return comm.cuts - cuts, http.cuts

    for attempt in range(4 * KILLS):
        if min(kills()) >= KILLS:
            break
        if attempt == KILLS // 2:
            client.execute(BLOCK, silent=True)
        of_comm, of_http = kills()
        alone = attempt < KILLS // 2 and attempt % 2 == 0
        (lose_one if alone else break_both)(chance, comm, http)
        numbers.append(attempt)
        client.execute(f"w.send_message({{'number': {attempt}}}); w.point_size = {1 + attempt / 100}", silent=True)
        for _ in range(3):
            widget.press("v")  # a change of a trait
            page.page.wait_for_timeout(chance.randint(0, 30))
            widget.press("b")
            hand.box(chance) if chance.random() < 0.7 else hand.click(chance)
            page.page.wait_for_timeout(chance.randint(20, 150))
            if alone:
                wait_for_jupyterlab(page, comm)
        if not alone:  # HTTP is needed where the comm has not brought all by then
            soon(page, lambda past=of_http: kills()[1] > past, 1.5)
        if kills()[0] == of_comm:
            comm.cut()
        comm.let_through()
        http.let_through()
        wait_for_jupyterlab(page, comm)
    assert min(kills()) >= KILLS

    hand.click(chance, shift=True)
    assert value(client, "heard") == hand.done
    assert soon(page, lambda: page.page.evaluate("() => window.told") == numbers, 60)
    traits = [value(client, "w.tool"), value(client, "w.point_size")]
    assert traits == ["box", 1 + numbers[-1] / 100]
    assert soon(page, lambda: [widget.inspect()["traits"][name] for name in ("tool", "point_size")] == traits, 60)
    widget.press("v")
    assert soon(page, lambda: value(client, "w.tool") == "navigate", 60)
    widget.press("b")
    assert value(client, "(sorted(roads), w._talk.heard_by_http, w.errors)") == (["comm", "http"], True, [])
    widget.wait_until("(state) => state.notices.length === 0", 60)
    wait_for_jupyterlab(page, comm)
    hand.click(chance)
    assert soon(page, lambda: value(client, "len(heard)") >= len(hand.done), 60)
    assert value(client, "heard") == hand.done
    assert page_errors(page) == []


@pytest.mark.slow
def test_a_transfer_over_the_comm_goes_on_after_the_connection_broke(notebook, comm, http):
    page = notebook([prepare(http) + MANY, SHOW_MANY])
    run_first(page, http)
    http.refuse()
    before = comm.cuts
    comm.cut_after(2_000_000)  # in the middle of the first piece
    page.run_cell(1, wait=False)
    assert soon(page, lambda: comm.cuts == before + 1, 60)
    comm.cut_after(6_000_000)  # in the middle of the one after it
    state = WidgetPage(page).settle(45)
    assert (state["cells_drawn"], state["transport"], state["notices"]) == (N_MANY, "comm", [])
    assert comm.cuts == before + 2
    page.wait_for("(w.ready, w.errors) == (True, [])")


@pytest.mark.slow
@pytest.mark.parametrize("road", ["override", "comm"])
def test_a_kernel_that_is_restarted_in_the_middle_of_a_transfer_is_told(notebook, comm, http, road):
    page = notebook([prepare(http) + MANY, SHOW_MANY])
    run_first(page, http)
    if road == "comm":
        http.refuse()
    relay = {"override": http, "comm": comm}[road]
    relay.hold_after(6_000_000)
    page.run_cell(1, wait=False)
    assert soon(page, lambda: relay.held, 60)
    widget = WidgetPage(page)
    widget.wait_until(f"({{ carriers }}) => carriers['{road}']?.bytes_received > 500_000")
    assert widget.inspect()["cells_drawn"] == 0
    page.restart_kernel()
    widget.root.get_by_text("The kernel of this plot has ended").wait_for(timeout=10_000)

    http.let_through()
    run_first(page, http)
    page.run_cell(1)
    state = WidgetPage(page).settle(60)
    assert (state["cells_drawn"], state["transport"], state["notices"]) == (N_MANY, "override", [])
    assert page_errors(page) == []
