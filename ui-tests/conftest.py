"""The hosts as fixtures; what a failed test saw is kept in build/ui-failures/<test>/."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from hosts.chromium import launch
from hosts.jupyterlab import JupyterLab
from hosts.notebook import NotebookPage, write_notebook

FAILURES = Path(__file__).parent.parent / "build" / "ui-failures"
VIEWPORT = {"width": 1280, "height": 900}

OpenNotebook = Callable[..., NotebookPage]

# A CI that gives up sends SIGTERM: as Ctrl+C it lets the fixtures stop JupyterLab and its kernels.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """One JupyterLab for all tests; each test has its own notebook and kernel.

    ``UI_IPYKERNEL`` names a folder with another ipykernel than the environment's, as ``make kernels`` installs them.
    """
    folder = os.environ.get("UI_IPYKERNEL")
    with JupyterLab(tmp_path_factory.mktemp("notebooks"), env={"PYTHONPATH": folder} if folder else None) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all tests; each test has its own pages."""
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One browser profile for all tests: with a cold cache JupyterLab takes twice as long to open."""
    shared = browser.new_context(viewport=VIEWPORT)
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def spare() -> list[Page]:
    """Pages with a JupyterLab that shows no notebook: to load one takes longer than most tests."""
    return []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Lets the fixtures below know at teardown whether the test failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def notebook(
    lab: JupyterLab, context: BrowserContext, spare: list[Page], request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """`notebook(cells)` writes a notebook of these code cells and opens it in a page that shows no other.

    `notebook(cells, name="second")` opens another one in the same test; `notebook(path="second.ipynb")` opens one
    that is there already. A page that is found as good as new after a test serves another one.
    """
    opened: list[NotebookPage] = []
    test = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.name).strip("-")

    def open_notebook(cells: list[str] | None = None, *, name: str = "", path: str | None = None) -> NotebookPage:
        if path is None:
            path = f"{test}{'-' if name else ''}{name}.ipynb"
            write_notebook(lab.root_dir / path, cells or [""])
        load = not spare
        driven = NotebookPage(context.new_page() if load else spare.pop(), lab, path)
        opened.append(driven)
        return driven.open(load=load)

    yield open_notebook

    failed = request.node.stash.get(FAILED, False)
    if failed:
        save_failure(FAILURES / test, opened, lab)
    for driven in opened:
        if not failed and not spare and driven.leave():
            spare.append(driven.page)
        elif not driven.page.is_closed():
            driven.page.close(run_before_unload=False)
    lab.shutdown_kernels()
    lab.reset_settings()


def save_failure(folder: Path, opened: list[NotebookPage], lab: JupyterLab) -> None:
    """Keeps each page's picture and console, and the server's log."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, driven in enumerate(opened):
        (folder / f"console-{number}.txt").write_text("\n".join(driven.console))
        if not driven.page.is_closed():
            driven.page.screenshot(path=folder / f"page-{number}.png")
    (folder / "jupyterlab.log").write_text(lab.log_tail(lines=2000))
    print(f"what the test saw: {folder}")
