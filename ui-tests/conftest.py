"""The hosts as fixtures; what a failed test saw is kept in build/ui-failures/<test>/."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from hosts.chromium import launch
from hosts.failure import Watched, save_failure
from hosts.jupyterlab import JupyterLab
from hosts.notebook import NotebookPage, write_notebook
from hosts.waking import kept_awake, misses_requests

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
    notebooks, env = tmp_path_factory.mktemp("notebooks"), {"PYTHONPATH": folder} if folder else None
    with (
        JupyterLab(notebooks, env=env) as running,
        kept_awake(running.connection_files) if folder and misses_requests(folder) else nullcontext(),
    ):
        yield running


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives all browsers."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One headless Chromium for all tests; each test has its own pages."""
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


WATCHED = pytest.StashKey[list[Watched]]()
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keeps what a failed test saw, and lets the fixtures below know at teardown that it has failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        if watched := item.stash.get(WATCHED, []):
            folder = FAILURES / file_name(item)
            save_failure(folder, watched)
            report.sections.append(("what the test saw", str(folder)))
    return report


def file_name(item: pytest.Item) -> str:
    """A name for files of a test."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", item.name).strip("-")


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Callable[[Watched], None]:
    """`watch(page)`: what the page shows, and what its server logs, is kept if the test fails."""
    watched = request.node.stash.setdefault(WATCHED, [])
    return watched.append


@pytest.fixture
def notebook(
    lab: JupyterLab,
    context: BrowserContext,
    spare: list[Page],
    watch: Callable[[Watched], None],
    request: pytest.FixtureRequest,
) -> Iterator[OpenNotebook]:
    """`notebook(cells)` writes a notebook of these code cells and opens it in a page that shows no other.

    `notebook(cells, name="second")` opens another one in the same test; `notebook(path="second.ipynb")` opens one
    that is there already. A page that is found as good as new after a test serves another one.
    """
    opened: list[NotebookPage] = []
    test = file_name(request.node)

    def open_notebook(cells: list[str] | None = None, *, name: str = "", path: str | None = None) -> NotebookPage:
        if path is None:
            path = f"{test}{'-' if name else ''}{name}.ipynb"
            write_notebook(lab.root_dir / path, cells or [""])
        load = not spare
        driven = NotebookPage(context.new_page() if load else spare.pop(), lab, path)
        opened.append(driven)
        watch(driven)
        return driven.open(load=load)

    yield open_notebook

    failed = request.node.stash.get(FAILED, False)
    for driven in opened:
        if not failed and not spare and driven.leave():
            spare.append(driven.page)
        elif not driven.page.is_closed():
            driven.page.close(run_before_unload=False)
    lab.shutdown_kernels()
    lab.reset_settings()
