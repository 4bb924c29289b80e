"""The journey of a person through each host: show, colour, circle, wait."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from conftest import VIEWPORT
from hosts.chromium import launch
from hosts.journey import CELLS, Host, circle_half, journey, wait_until
from hosts.jupyterlab import JupyterLab
from hosts.marimo import Marimo, MarimoPage
from hosts.marimo import write_notebook as write_marimo_notebook
from hosts.notebook import CellFailed, NotebookPage, NotebookServer, write_notebook
from hosts.notebook7 import Notebook7
from hosts.relay import RelayedServer
from hosts.shaping import Shaper
from hosts.widget import WidgetPage

LAB = f"jupyterlab {version('jupyterlab')}"


@pytest.fixture
def open_in(context, watch, request) -> Iterator[Callable[..., NotebookPage]]:
    """`open_in(server)`: a notebook of `CELLS`. With `near=False` the page reaches no port but the server's."""
    opened: list[NotebookPage] = []

    def open_notebook(server: NotebookServer, root_dir: Path, *, near: bool = True) -> NotebookPage:
        path = write_notebook(root_dir / f"{request.node.name}.ipynb", CELLS).name
        page = NotebookPage(context.new_page(), server, path)
        opened.append(page)
        watch(page)
        if not near:
            origin = "/".join(server.url().split("/", 3)[:3])
            page.page.route(lambda url: not url.startswith(f"{origin}/"), lambda route: route.abort())
        return page.open()

    yield open_notebook
    for page in opened:
        page.close()


def test_jupyterlab_over_http(notebook):
    page = notebook(CELLS)
    page.run_all()
    visit = journey(page, Host("JupyterLab", LAB, real=True))
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()


@pytest.fixture
def notebook_7(tmp_path) -> Iterator[Notebook7]:
    with Notebook7(tmp_path) as server:
        yield server


@pytest.mark.slow
def test_notebook_7(notebook_7, open_in):
    page = open_in(notebook_7, notebook_7.root_dir)
    page.run_all()
    visit = journey(page, Host("Notebook 7", f"notebook {version('notebook')}", real=True))
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()


@pytest.fixture
def deep_lab(tmp_path) -> Iterator[JupyterLab]:
    with JupyterLab(tmp_path, base_path="/deep/er/") as server:
        yield server


@pytest.mark.slow
def test_jupyterlab_below_a_base_url_with_no_other_port_open(deep_lab, open_in):
    page = open_in(deep_lab, deep_lab.root_dir, near=False)
    page.run_all()
    visit = journey(page, Host("JupyterLab below a base URL", LAB, real=True))
    assert visit.transport == "proxy"
    port = page.execute("from cellucid.server import data_server\nprint(data_server().port)")
    assert page.execute("print(w.server_url)") == f"{deep_lab.base_url}proxy/{port}/"
    visit.save()


@pytest.fixture
def far_lab(lab) -> Iterator[RelayedServer]:
    """The session's JupyterLab at the other end of a slow line."""
    with Shaper(lab.port) as line:
        yield RelayedServer(lab, line)


@pytest.mark.slow
def test_jupyterlab_at_the_end_of_a_slow_line(lab, far_lab, open_in):
    page = open_in(far_lab, lab.root_dir, near=False)
    page.run_all()
    visit = journey(page, Host("JupyterLab behind SSH, 50 ms and 2 MB/s", LAB, real=True), seconds=120)
    assert visit.transport == "proxy"
    assert far_lab.relay.carried > 1_000_000
    visit.save()


@pytest.mark.slow
def test_where_the_data_server_is_far_and_jupyter_near_the_proxy_is_taken(notebook, lab, playwright, watch):
    server = "from cellucid.server import data_server\ndata_server().start()\nprint(data_server().port)"
    first = notebook([server, *CELLS])
    port = int(first.execute(server))
    first.page.close()
    with Shaper(port, delay=0.5) as line:
        # What this browser takes for the data server's port is the near end of the line.
        far = launch(playwright, args=[f"--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{line.port}"])
        page = NotebookPage(far.new_page(viewport=VIEWPORT), lab, first.path)
        watch(page)
        page.open()
        for cell in range(3):  # one by one: Jupyter is to be quick when the viewer measures it
            page.run_cell(cell)
        visit = journey(page, Host("", "", real=True))
        assert visit.transport == "proxy", page.execute("print(w.debug_connection())")
        assert visit.moved.get("direct", 0) == 0
        assert line.asked > 0, "the way was tried"
        far.close()


@pytest.fixture(scope="module")
def marimo(tmp_path_factory) -> Iterator[Marimo]:
    pytest.importorskip("marimo", reason="marimo is not installed: `make test-all` installs it")
    with Marimo(tmp_path_factory.mktemp("marimo")) as server:
        yield server


@pytest.fixture
def marimo_page(marimo, browser, watch, request) -> Iterator[MarimoPage]:
    """A page for a notebook of the test's name, on a system that is dark; marimo is light, unless it is told."""
    context = browser.new_context(viewport=VIEWPORT, color_scheme="dark")
    page = MarimoPage(context.new_page(), marimo, f"{request.node.originalname}.py")
    watch(page)
    yield page
    page.close()
    context.close()


@pytest.mark.slow
def test_marimo(marimo, marimo_page):
    write_marimo_notebook(marimo.root_dir / marimo_page.path, CELLS)
    visit = journey(marimo_page.open(), Host("marimo", f"marimo {version('marimo')}", real=True))
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()


@pytest.mark.slow
def test_marimo_with_its_own_wrapper_round_the_widget(marimo, marimo_page):
    load, show = CELLS
    cells = [f"{load}\nimport marimo as mo", show.replace("\nw", "\nmo.ui.anywidget(w)")]
    write_marimo_notebook(marimo.root_dir / marimo_page.path, cells)
    widget = WidgetPage(marimo_page.open())
    assert widget.settle(60)["cells_drawn"] == 700
    assert (widget.pixels()[:5, :5] == 255).all(), "marimo is light"
    circle_half(widget)
    wait_until(marimo_page, "len(w.selection) > 100", 30)


@pytest.mark.slow
def test_marimo_far_away_draws_a_wrapped_widget_while_a_cell_runs(marimo, marimo_page):
    load, show = CELLS
    wait = "import time\ntime.sleep(20 if w is not None else 0)"
    cells = [f"{load}\nimport marimo as mo", show.replace("\nw", "\nmo.ui.anywidget(w)"), wait]
    write_marimo_notebook(marimo.root_dir / marimo_page.path, cells)
    marimo_page.page.route(lambda url: not url.startswith(marimo.base_url), lambda route: route.abort())
    assert WidgetPage(marimo_page.open()).settle(60)["cells_drawn"] == 700
    assert int(marimo_page.execute("print(w._talk.push.bytes_sent)")) > 700, "it was sent unasked"


HOOKS = """
heard, reports = [], []
w.on_selection(lambda event: heard.append(len(event['cells'])))
w.on_selection(lambda event: reports.append(w.debug_connection()))
"""


@pytest.mark.slow
def test_marimo_far_away_has_the_comm_and_hooks_and_says_what_is_in_vain(marimo, marimo_page):
    load, show = CELLS
    cells = [
        load,
        show.replace("\nw", f"\n{HOOKS}\nw"),
    ]
    write_marimo_notebook(marimo.root_dir / marimo_page.path, cells)
    marimo_page.page.route(lambda url: not url.startswith(marimo.base_url), lambda route: route.abort())
    widget = WidgetPage(marimo_page.open())
    state = widget.settle(60)
    assert (state["cells_drawn"], state["transport"]) == (700, "comm")
    circle_half(widget)
    wait_until(marimo_page, "heard and heard[-1] == len(w.selection) > 100", 30)
    for form in ("w.wait_for_event('selection')", "await w.wait_for_event_async('selection')"):
        with pytest.raises(CellFailed, match=r"ConnectionError: while this cell runs .* in a hook"):
            marimo_page.execute(form)
    for form in ("w.debug_connection()", "await w.debug_connection_async()"):
        report = marimo_page.execute(f"print({form})")
        assert "marimo hears its page between cells alone; a hook measures it" in report
        assert "await widget" not in report
    wait_until(marimo_page, "reports", 30)
    measured = marimo_page.execute("print(reports[-1])")
    assert "round trip  comm " in measured
    assert "not measured" not in measured
    assert "no page has told which one it runs" in measured, "marimo keeps the viewer's code where no page reads it"
