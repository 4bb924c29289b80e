"""The journey of a person through each host: show, colour, circle, wait."""

from collections.abc import Callable, Iterator
from importlib.metadata import version

import pytest

from conftest import VIEWPORT
from hosts.journey import CELLS, Host, circle_half, journey, wait_until
from hosts.marimo import Marimo, MarimoPage
from hosts.marimo import write_notebook as write_marimo_notebook
from hosts.notebook import CellFailed, NotebookPage, write_notebook
from hosts.notebook7 import Notebook7
from hosts.widget import WidgetPage


@pytest.fixture
def open_in(context, watch) -> Iterator[Callable[..., NotebookPage]]:
    """`open_in(server)`: a notebook with `CELLS`, all of which have run."""
    opened: list[NotebookPage] = []

    def run(server: Notebook7) -> NotebookPage:
        path = write_notebook(server.root_dir / "journey.ipynb", CELLS).name
        page = NotebookPage(context.new_page(), server, path)
        opened.append(page)
        watch(page)
        page.open().run_all()
        return page

    yield run
    for page in opened:
        page.close()


def test_jupyterlab_over_http(notebook):
    page = notebook(CELLS)
    page.run_all()
    visit = journey(page, Host("JupyterLab", f"jupyterlab {version('jupyterlab')}", real=True))
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()


@pytest.fixture
def notebook_7(tmp_path) -> Iterator[Notebook7]:
    with Notebook7(tmp_path) as server:
        yield server


@pytest.mark.slow
def test_notebook_7(notebook_7, open_in):
    page = open_in(notebook_7)
    visit = journey(page, Host("Notebook 7", f"notebook {version('notebook')}", real=True))
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()


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
def test_marimo_far_away_has_the_comm_and_hooks_and_says_that_waits_are_in_vain(marimo, marimo_page):
    load, show = CELLS
    cells = [
        load,
        show.replace("\nw", "\nheard = []\nw.on_selection(lambda event: heard.append(len(event['cells'])))\nw"),
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
