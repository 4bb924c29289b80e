"""On a JupyterHub over https, under a name that is not this machine's: with jupyter-server-proxy and without."""

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright

from cells import inside, load_many, many_coordinates
from conftest import VIEWPORT
from hosts.chromium import launch
from hosts.hub import CHROMIUM_FLAGS, Hub, HubUser
from hosts.journey import CELLS, Host, circle_half, journey
from hosts.notebook import NotebookPage, write_notebook
from hosts.widget import WidgetPage

VERSION = f"jupyterhub {version('jupyterhub')}"
CELL_COUNT = 1_000_000

OpenAs = Callable[["Person", list[str]], NotebookPage]


class Person:
    """Somebody who has signed in, with a browser of their own."""

    def __init__(self, user: HubUser, context: BrowserContext) -> None:
        self.user = user
        self.context = context
        self.sign_in()

    def sign_in(self) -> None:
        page = self.context.new_page()
        self.user.sign_in(page)
        page.close()

    def fetch(self, page: NotebookPage, url: str, token: str | None = None) -> tuple[int, str]:
        """What a script in one of their pages gets from an address of the Hub."""
        status, text = page.page.evaluate(
            """async ([url, headers]) => {
              const answer = await fetch(url, { headers });
              return [answer.status, await answer.text()];
            }""",
            [url, {} if token is None else {"X-Cellucid-Token": token}],
        )
        return status, text


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with Hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def hub_browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright, args=CHROMIUM_FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def ada(hub: Hub, hub_browser: Browser) -> Person:
    """Her server has jupyter-server-proxy."""
    return Person(hub.user("ada"), hub_browser.new_context(viewport=VIEWPORT, ignore_https_errors=True))


@pytest.fixture(scope="module")
def ben(hub: Hub, hub_browser: Browser) -> Person:
    """His server does not."""
    return Person(hub.user("ben", proxy=False), hub_browser.new_context(viewport=VIEWPORT, ignore_https_errors=True))


@pytest.fixture
def run_as(watch, request: pytest.FixtureRequest) -> Iterator[OpenAs]:
    """`run_as(person, cells)`: a notebook of a person's, all of whose cells have run."""
    opened: list[NotebookPage] = []

    def run(person: Person, cells: list[str]) -> NotebookPage:
        path = f"{request.node.name}.ipynb"
        write_notebook(person.user.root_dir / path, cells)
        page = NotebookPage(person.context.new_page(), person.user, path)
        opened.append(page)
        watch(page)
        page.open().run_all()
        return page

    yield run
    for page in opened:
        page.close()


def test_with_the_proxy_extension_the_data_come_through_the_hub(run_as, ada):
    page = run_as(ada, CELLS)
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    visit = journey(page, Host("JupyterHub over https", VERSION, real=True))
    assert visit.transport == "proxy"
    assert visit.moved["proxy"] > 700 * 8
    assert {urlsplit(url).hostname for url in asked if url.startswith("http")} == {urlsplit(page.page.url).hostname}
    visit.save()

    tab = ada.context.new_page()
    address = page.execute("import warnings\nwarnings.simplefilter('error')\nprint(w.viewer_url)")
    assert address.startswith(f"{ada.user.base_url}proxy/")
    tab.goto(address)
    assert WidgetPage(tab).settle(60)["cells_drawn"] == 700
    assert "oken=" not in tab.url
    tab.close()


def test_without_the_proxy_extension_the_data_come_over_the_comm(run_as, ben):
    page = run_as(ben, CELLS)
    visit = journey(page, Host("JupyterHub over https, no proxy extension", VERSION, real=True), blocking=False)
    assert visit.transport == "comm"
    assert visit.moved["comm"] > 700 * 8
    visit.save()
    page.execute("import warnings\nwith warnings.catch_warnings(record=True) as told:\n    address = w.viewer_url")
    assert page.execute("print(address)").startswith("http://127.0.0.1:")
    (said,) = page.execute("print(*(warning.message for warning in told), sep='\\n')").splitlines()
    assert "reached only from the machine where the kernel runs; install jupyter-server-proxy" in said
    assert said.removeprefix("viewer_url: ").rstrip(".") in page.execute("print(w.debug_connection())")


@pytest.mark.slow
def test_a_million_cells_can_be_circled_without_the_proxy_extension(run_as, ben):
    page = run_as(ben, [load_many(CELL_COUNT, genes=20), "w = CellucidWidget(many, color_by='bulk_labels')\nw"])
    widget = WidgetPage(page)
    state = widget.settle(120)
    assert (state["cells_drawn"], state["notices"]) == (CELL_COUNT, [])
    assert state["carriers"]["comm"]["bytes_received"] > CELL_COUNT * 9
    page.wait_for("w.transport == 'comm'")
    expected = inside(many_coordinates(CELL_COUNT), widget.unproject(circle_half(widget)))
    assert CELL_COUNT / 10 < len(expected) < CELL_COUNT * 0.9
    page.wait_for(f"len(w.selection) == {len(expected)}", seconds=60)
    page.execute("np.save('circled.npy', w.selection)")
    np.testing.assert_array_equal(np.load(ben.user.root_dir / "circled.npy"), expected)


@pytest.mark.slow
def test_a_neighbour_gets_nothing_of_ones_data_through_the_hub(run_as, ada, ben):
    hers, his = run_as(ada, CELLS), run_as(ben, CELLS)
    for page in (hers, his):
        assert WidgetPage(page).settle(60)["cells_drawn"] == 700
    port, token, manifest = data_server(hers)
    address = f"{ada.user.base_url}proxy/{port}/"
    assert ada.fetch(hers, address + manifest, token)[0] == 200
    # The Hub keeps the way through her server for her, whatever a neighbour knows.
    for path in ("", "_cellucid/health", "_cellucid/info", manifest):
        assert ben.fetch(his, address + path, token)[0] == 403
    # The way through one's own server leads to every port of a machine that is shared: there the token keeps them out.
    port, token, manifest = data_server(his)
    address = f"{ada.user.base_url}proxy/{port}/"
    for path in ("_cellucid/health", "_cellucid/info", "_cellucid/datasets", manifest):
        for guess in (None, "guess", data_server(hers)[1]):
            status, text = ada.fetch(hers, address + path, guess)
            assert status in (401, 403)
            assert json.loads(text)["error"] in ("token", "host")
    assert ada.fetch(hers, address + manifest, token)[0] == 200, "the way is there"


def data_server(page: NotebookPage) -> tuple[int, str, str]:
    """The port and the token of a kernel's data server, and where the widget's manifest is."""
    server = "from cellucid.server import data_server\nprint(data_server().port, data_server().token, w._server._path)"
    port, token, path = page.execute(server).split()
    return int(port), token, f"{path.lstrip('/')}manifest.json"


@pytest.mark.slow
def test_a_log_in_that_has_expired_leaves_the_comm(run_as, ada):
    page = run_as(ada, CELLS)
    widget = WidgetPage(page)
    assert widget.settle(60)["transport"] == "proxy"
    ada.context.clear_cookies()
    try:
        page.execute("w.color_by = 'CST3'")
        widget.root.get_by_role("heading", name="CST3").wait_for()
        state = widget.settle(60)
        assert (state["transport"], state["notices"]) == ("comm", [])
        page.wait_for("w.transport == 'comm'")
        assert "no longer answers as it should" in page.execute("print(w.debug_connection()['transport']['reason'])")
    finally:
        ada.sign_in()
