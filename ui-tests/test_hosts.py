"""The journey of a person through each host: show, colour, circle, wait."""

from collections.abc import Callable, Iterator
from importlib.metadata import version

import pytest

from hosts.journey import CELLS, Host, journey
from hosts.notebook import NotebookPage, write_notebook
from hosts.notebook7 import Notebook7


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
