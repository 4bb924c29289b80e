"""A JupyterLab whose own environment has no anywidget: the cell says what to do, and no longer once it is done."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cells import LOAD
from hosts.jupyterlab import JupyterLab
from hosts.notebook import NotebookPage, write_notebook
from hosts.widget import WidgetPage

SENTENCE = "The viewer could not start here: install anywidget 0.11 in the environment that runs Jupyter"


class LabWithoutAnywidget(JupyterLab):
    """As if anywidget were installed for the kernel alone, until `install` is called."""

    @property
    def _switched_off(self) -> Path:
        return self._home / "config" / "labconfig" / "page_config.json"

    def command(self):
        self._switched_off.parent.mkdir(parents=True)
        self._switched_off.write_text(json.dumps({"disabledExtensions": {"anywidget": True}}))
        return super().command()

    def install(self):
        self._switched_off.unlink()


@pytest.fixture
def bare_lab(tmp_path) -> Iterator[LabWithoutAnywidget]:
    with LabWithoutAnywidget(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    "show",
    [
        pytest.param("w", id="alone"),
        pytest.param("import ipywidgets\nipywidgets.VBox([w])", id="inside another", marks=pytest.mark.slow),
    ],
)
def test_the_cell_says_what_to_install_until_it_is_installed(bare_lab, context, watch, show):
    write_notebook(bare_lab.root_dir / "cells.ipynb", [LOAD, f"w = CellucidWidget(adata)\n{show}", "'after'"])
    page = NotebookPage(context.new_page(), bare_lab, "cells.ipynb")
    watch(page)
    page.open().run_all()
    said = page.cell_output(1).get_by_role("status").filter(has_text=SENTENCE)
    said.wait_for(timeout=60_000)
    assert said.count() == 1
    page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    assert SENTENCE not in (bare_lab.root_dir / "cells.ipynb").read_text(), "a saved notebook does not complain"

    bare_lab.install()
    page.open()
    assert WidgetPage(page).settle(60)["cells_drawn"] == 700
    page.cell_output(1).get_by_text(SENTENCE).wait_for(state="detached")
    page.close()
