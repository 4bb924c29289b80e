"""Widgets inside others, in real kernels: what is displayed is known although nobody asks the widget."""

import pytest

from kernels import VERSIONS, Kernel

SETUP = """
import time, anndata, ipywidgets
import numpy as np
from IPython.display import display
from ipywidgets import Accordion, AppLayout, GridBox, HBox, Label, Tab, VBox
from cellucid import CellucidWidget

adata = anndata.AnnData(np.zeros((10, 2), "float32"), obsm={"X_umap": np.zeros((10, 2), "float32")})
"""

WAIT = (
    "for _ in range(300):\n    if w._talk.push.bytes_sent: break\n    time.sleep(0.02)\nprint(w._talk.push.bytes_sent)"
)


@pytest.fixture
def sent_while_a_cell_runs(kernel):
    """`sent_while_a_cell_runs(*cells)`: the bytes that widget `w` has sent unasked by the end of a cell after these."""

    def run(*cells: str) -> int:
        kernel.run("w = CellucidWidget(adata)")
        for cell in cells:
            kernel.run(cell)
        return int(kernel.run(WAIT).stdout)

    yield run
    kernel.run("w.close()")


def test_what_is_displayed_after_a_cell_that_captures_is_sent_too(tmp_path):
    with Kernel(VERSIONS[-1], tmp_path) as kernel:
        kernel.run(SETUP)
        kernel.run("%%capture\nw = CellucidWidget(adata)")
        kernel.run("display(VBox([w]))")
        assert int(kernel.run(WAIT).stdout) > 80


@pytest.mark.parametrize(
    "cell",
    [
        "VBox([w])",
        "display(HBox([Label('cells'), w]))",
        "Tab([VBox([HBox([w])])], titles=['cells'])",
        "AppLayout(center=w)",
        "out = ipywidgets.Output()\nwith out:\n    display(VBox([w]))\nout",
        "box = VBox([])\ndisplay(box)\nbox.children = [w]",
        "tab = Tab([VBox()])\ndisplay(tab)\ntab.children[0].children = [HBox([w])]",
    ],
)
def test_what_is_inside_a_displayed_widget_is_sent_while_a_cell_runs(sent_while_a_cell_runs, cell):
    assert sent_while_a_cell_runs(cell) > 80


def test_a_container_that_is_displayed_in_a_later_cell_counts_from_there(sent_while_a_cell_runs, kernel):
    kernel.run("built = VBox()")
    assert sent_while_a_cell_runs("built.children = [w]", "built") > 80


@pytest.mark.parametrize(
    "cell",
    [
        "box = VBox([w])",
        "display(VBox([Label('no cells')]))",
        "label = Label()\nlink = ipywidgets.jslink((w, 'theme'), (label, 'value'))\ndisplay(label)",
        "display('VBox([w])')",
    ],
)
def test_a_widget_that_nobody_can_see_sends_nothing(kernel, cell):
    kernel.run("w = CellucidWidget(adata)")
    kernel.run(cell)
    try:
        assert kernel.run("time.sleep(1.3)\nprint(w._talk.push.bytes_sent)").stdout == "0\n"
    finally:
        kernel.run("w.close()")


def test_a_widget_of_somebody_else_that_cannot_be_looked_into_is_displayed_all_the_same(kernel):
    run = kernel.run(
        "class Closed(VBox):\n"
        "    def trait_names(self, **metadata):\n"
        "        if metadata: raise RuntimeError('closed')\n"
        "        return super().trait_names()\n"
        "display(Closed())\n'after'"
    )
    assert len(run.messages("display_data")) == 1
    assert len(run.messages("execute_result")) == 1


@pytest.mark.parametrize("view", ["'no dict'", "{'model_id': ['no', 'name']}", "{}", "None"])
def test_what_is_no_view_is_published_all_the_same(kernel, view):
    run = kernel.run(f"display({{'text/plain': 'x', 'application/vnd.jupyter.widget-view+json': {view}}}, raw=True)")
    assert run.displays == ["x"]
