"""Nothing leaves the machine: every connection to elsewhere is refused and counted, and there is none."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from cells import LOAD, few_cells
from cellucid.cli import main
from hosts.notebook import NotebookPage, write_notebook
from hosts.static import StaticHost
from hosts.widget import WidgetPage

LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# In the kernel: Python tells its audit hooks of every connection and every name that is looked up, before it does it.
GUARD = """
import ipaddress, socket, sys
reached_for = []
def is_near(host):
    if host in (None, "", "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
def guard(event, given):
    if event in ("socket.connect", "socket.sendto"):
        address = given[1]
        far = isinstance(address, tuple) and not is_near(address[0])  # a socket of a file has no tuple
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        far = not is_near(given[0])
    else:
        return
    if far:
        reached_for.append((event, given))
        raise ConnectionRefusedError(f"{event} to elsewhere")
sys.addaudithook(guard)
"""

REACH_OUT = """
import contextlib
with contextlib.suppress(OSError):
    socket.socket().connect(("192.0.2.1", 80))
with contextlib.suppress(OSError):
    socket.create_connection(("example.org", 80), timeout=1)
print([event for event, given in reached_for])
"""


class Refused:
    """What pages asked for elsewhere, and did not get."""

    def __init__(self, context: BrowserContext) -> None:
        self.addresses: list[str] = []
        self.asked = 0
        context.route(self._is_far, self._refuse)
        context.on("request", lambda _: setattr(self, "asked", self.asked + 1))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note(socket.url)))

    @staticmethod
    def _is_far(url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOOPBACK

    def _refuse(self, route: Route) -> None:
        self.addresses.append(route.request.url)
        route.abort("internetdisconnected")

    def _note(self, url: str) -> None:
        if self._is_far(url):
            self.addresses.append(url)

    def notices(self, page: Page) -> bool:
        """Whether this page would have been caught: asked at the end."""
        before = len(self.addresses)
        page.goto("about:blank")
        page.evaluate("fetch('https://example.org/').catch(() => null)")
        return len(self.addresses) == before + 1


@pytest.fixture
def offline(browser: Browser) -> Iterator[tuple[BrowserContext, Refused]]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    yield context, Refused(context)
    context.close()


def use(widget: WidgetPage) -> None:
    """Look at the data as a person does."""
    widget.settle(60)
    for name in ("bulk_labels", "CST3"):
        widget.colour_by(name)
        widget.root.get_by_role("heading", name=name).wait_for()
        widget.settle()
    widget.press("l")
    plot = widget.inspect()["plot"]
    left, top, right, bottom = 0.2 * plot["width"], 0.2 * plot["height"], 0.8 * plot["width"], 0.8 * plot["height"]
    widget.draw([[left, top], [right, top], [right, bottom], [left, bottom]])
    widget.wait_until("(state) => state.selected > 0")
    assert widget.inspect()["notices"] == []


def test_the_widget_and_its_tab_reach_for_nothing_elsewhere(lab, offline):
    context, refused = offline
    cells = [GUARD, LOAD + "w = CellucidWidget(adata)\nw"]
    write_notebook(lab.root_dir / "offline.ipynb", cells)
    notebook = NotebookPage(context.new_page(), lab, "offline.ipynb").open()
    notebook.run_all()
    use(WidgetPage(notebook))
    notebook.wait_for("len(w.selection) > 0")
    notebook.execute("report = w.debug_connection()")
    tab = context.new_page()
    tab.goto(notebook.execute("print(w.viewer_url)").strip())
    use(WidgetPage(tab))
    assert refused.addresses == []
    assert refused.asked > 50
    assert notebook.execute("print(reached_for)") == "[]"
    # Both would have noticed.
    reached = notebook.execute(REACH_OUT)
    assert reached == "['socket.connect', 'socket.getaddrinfo']"
    assert refused.notices(tab)
    lab.shutdown_kernels()


def test_the_page_without_python_reaches_for_nothing_elsewhere(offline, tmp_path: Path):
    context, refused = offline
    few_cells().write_h5ad(tmp_path / "cells.h5ad")
    site = tmp_path / "site"
    assert main(["prepare", str(tmp_path / "cells.h5ad"), str(site / "cells"), "--quiet"]) == 0
    assert main(["page", str(site), "--quiet"]) == 0
    with StaticHost(site) as host:
        page = context.new_page()
        page.goto(host.url)
        use(WidgetPage(page))
        assert refused.addresses == []
        # Not even where somebody wants it to: the page's policy is in the way, before there is a request.
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        asked = refused.asked
        assert page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'not sent')") == "not sent"
        assert any("Content Security Policy" in text for text in said)
        assert refused.asked == asked
        assert refused.notices(page)
