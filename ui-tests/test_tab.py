"""The viewer in a browser tab: of a plain Python process, and beside the notebook that made it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from cells import LOAD
from cellucid import CellucidWidget
from cellucid.connect import OVERRIDE
from cellucid.server import data_server
from hosts.widget import WidgetPage
from reverse_proxy import ReverseProxy

INSPECT = "document.querySelector('.cellucid')?.cellucid.inspect() ?? null"


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Not `wait_for_function`: the page's policy forbids the eval that it needs."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.1)


def settle(page: Page) -> dict:
    until(lambda: (page.evaluate(INSPECT) or {}).get("settled"))
    return page.evaluate(INSPECT)


def drag(page: Page) -> None:
    """A box over the middle of the plot."""
    plot = page.evaluate(INSPECT)["plot"]
    across = [(plot["left"] + part * plot["width"], plot["top"] + part * plot["height"]) for part in (0.3, 0.7)]
    page.mouse.move(*across[0])
    page.mouse.down()
    page.mouse.move(*across[1], steps=4)
    page.mouse.up()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page whose errors fail the test, and whose requests to other places are counted."""
    context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("request", lambda asked: errors.append(asked.url) if "//127.0.0.1" not in asked.url else None)
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def widget() -> Iterator[CellucidWidget]:
    rng = np.random.default_rng(0)
    obs = pd.DataFrame({"cluster": pd.Categorical(rng.choice(list("abc"), 2000))}, [f"cell-{n}" for n in range(2000)])
    adata = ad.AnnData(rng.poisson(1, (2000, 3)).astype(np.float32), obs, pd.DataFrame(index=["CD3E", "CD8A", "MS4A1"]))
    adata.obsm["X_umap"] = rng.normal(size=(2000, 2)).astype(np.float32)
    shown = CellucidWidget(adata, color_by="cluster")
    yield shown
    shown.close()


def test_a_tab_shows_selects_and_follows_python(tab, widget):
    tab.goto(widget.viewer_url)
    assert settle(tab)["cells_drawn"] == 2000
    assert "viewerToken" not in tab.url
    until(lambda: widget.ready)
    assert widget.transport == "direct"
    plot = tab.evaluate(INSPECT)["plot"]
    assert plot["height"] > 700, "the plot fills the window"

    chosen: list[int] = []
    widget.observe(lambda change: chosen.append(len(change["new"])), "selection")
    widget.tool = "box"
    until(lambda: tab.evaluate(INSPECT)["traits"]["tool"] == "box")
    drag(tab)
    until(lambda: chosen)
    assert 0 < chosen[-1] < 2000
    assert tab.evaluate(INSPECT)["selected"] == chosen[-1]

    widget.color_by = "CD3E"
    widget.select(range(10))
    until(lambda: tab.evaluate(INSPECT)["selected"] == 10)
    assert settle(tab)["traits"]["color_by"] == "CD3E"

    tab.reload()
    assert settle(tab)["selected"] == 10
    assert "viewerToken" not in tab.url
    tab.close()
    until(lambda: widget.status == "not shown")


@pytest.mark.parametrize("strips", [True, False], ids=["stripped", "kept"])
def test_a_tab_behind_a_reverse_proxy_with_a_prefix_does_all_that_it_does(tab, widget, monkeypatch, strips):
    with ReverseProxy("/lab/cells", strips=strips) as proxy:
        monkeypatch.setenv(OVERRIDE, proxy.url)
        proxy.target = data_server().port
        assert widget.viewer_url.startswith(proxy.url)
        tab.goto(widget.viewer_url)
        state = settle(tab)
        assert state["cells_drawn"] == 2000
        assert state["transport"] != "comm"
        assert tab.url.startswith(proxy.url)
        assert "Token" not in tab.url
        widget.tool = "box"
        until(lambda: tab.evaluate(INSPECT)["traits"]["tool"] == "box")
        drag(tab)
        until(lambda: len(widget.selection) > 0)
        tab.reload()
        assert settle(tab)["selected"] == len(widget.selection)


def test_a_reload_stays_where_the_page_was_whatever_its_path(tab, widget):
    address = widget.viewer_url.replace("/?", "//other.invalid/?")  # a path, that after the server's name
    tab.goto(address)
    assert settle(tab)["cells_drawn"] == 2000
    tab.reload()  # by the page that takes the token from where this one has kept it
    assert settle(tab)["cells_drawn"] == 2000
    assert tab.url == address.partition("&")[0]


def test_two_tabs_follow_each_other(tab, widget):
    other = tab.context.new_page()
    for page in (tab, other):
        page.goto(widget.viewer_url)
        settle(page)
    tab.locator(".plot").focus()
    tab.keyboard.press("b")
    until(lambda: other.evaluate(INSPECT)["traits"]["tool"] == "box")
    drag(tab)
    until(lambda: other.evaluate(INSPECT)["selected"] > 0)
    assert other.evaluate(INSPECT)["selected"] == len(widget.selection)


def test_an_address_without_the_token_says_where_it_is(browser, widget):
    page = browser.new_page()
    address = widget.viewer_url.split("&viewerToken")[0]
    assert page.goto(address).status == 401
    assert page.get_by_role("heading").inner_text() == "This address needs its token"
    assert page.evaluate(INSPECT) is None
    page.close()


def test_a_tab_hears_that_its_widget_is_gone(tab, widget):
    tab.goto(widget.viewer_url)
    settle(tab)
    widget.close()
    until(lambda: any("connection to Python has ended" in notice for notice in tab.evaluate(INSPECT)["notices"]))
    assert tab.evaluate(INSPECT)["cells_drawn"] == 2000, "the picture stays"
    tab.get_by_role("status").get_by_text("No connection to Python").wait_for()


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which a shell's background job ignores


def test_a_served_file_opens_in_a_browser_and_ctrl_c_ends_it(tab, widget, tmp_path: Path):
    widget._dataset.subset(np.arange(500)).write_h5ad(tmp_path / "some cells.h5ad")
    command = [sys.executable, "-m", "cellucid.cli", "serve", tmp_path / "some cells.h5ad", "--quiet", "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_hear_ctrl_c
    ) as process:
        tab.goto(process.stdout.readline().strip())
        assert settle(tab)["cells_drawn"] == 500
        assert tab.title() == "some cells"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == "cellucid: interrupted\n"


def test_a_tab_and_the_notebook_that_made_it_are_one_widget(notebook, tab):
    page = notebook([LOAD, "w = CellucidWidget(adata)\nw"])
    page.run_all()
    shown = WidgetPage(page)
    shown.settle()
    tab.goto(page.execute("print(w.viewer_url)").strip())
    settle(tab)
    page.execute("w.tool = 'box'")
    until(lambda: tab.evaluate(INSPECT)["traits"]["tool"] == "box")
    drag(tab)
    until(lambda: shown.inspect()["selected"] > 0)
    assert (
        shown.inspect()["selected"] == tab.evaluate(INSPECT)["selected"] == int(page.execute("print(len(w.selection))"))
    )
