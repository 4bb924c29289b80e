"""examples/hooks.ipynb as a person runs it: cell by cell, with the lasso drawn where a cell waits for it."""

import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest

from cells import few_cells, inside
from hosts.widget import WidgetPage

NOTEBOOK = Path(__file__).parent.parent / "examples" / "hooks.ipynb"


class Walk:
    """Runs the code cells of an open notebook one after the other, as they stand."""

    def __init__(self, page):
        self.page = page
        cells = nbformat.read(NOTEBOOK, as_version=4).cells
        self.left = [(index, cell.source) for index, cell in enumerate(cells) if cell.cell_type == "code"]
        self.at = None

    def run(self, words, *, wait=True):
        """Run the next cell, which must contain these words."""
        self.at, source = self.left.pop(0)
        assert words in source, f"the next cell is another one:\n{source}"
        self.page.run_cell(self.at, wait=wait)

    def said(self):
        """The output of the cell that was run last."""
        return self.page.cell_output(self.at).locator(".jp-OutputArea-output").inner_text().strip()


def lasso(widget, left, right):
    """Draw round the cells in a part of the plot's width, in the lower half; returns which cells these are."""
    plot = widget.inspect()["plot"]
    corners = np.array([[left, 0.5], [right, 0.5], [right, 0.9], [left, 0.9]]) * [plot["width"], plot["height"]]
    caught = inside(few_cells().obsm["X_umap"], widget.unproject(widget.draw(corners)))
    assert 20 < len(caught) < 600
    return caught


def numbers(text):
    return [int(number) for number in text.split()]


@pytest.fixture
def opened(lab, notebook):
    shutil.copy(NOTEBOOK, lab.root_dir / NOTEBOOK.name)
    page = notebook(path=NOTEBOOK.name)
    walk = Walk(page)
    walk.run("CellucidWidget(adata")
    widget = WidgetPage(page)
    widget.settle(60)
    return page, widget, walk


def test_every_pattern_works_as_it_is_written(opened):
    page, widget, walk = opened
    adata = few_cells()
    labels = adata.obs["bulk_labels"]

    # A queue, and a cell that waits for it.
    walk.run("circled = Queue()")
    walk.run("circled.get", wait=False)
    widget.settle()
    widget.press("l")
    caught = lasso(widget, 0.3, 0.4)
    page.wait_idle()
    assert numbers(page.execute("print(*cells)")) == caught.tolist()
    assert str(labels.iloc[caught].value_counts().iloc[0]) in walk.said()
    widget.press("v")

    # Three selections in a row are one.
    walk.run("debounce=0.25")
    assert walk.said() == "300"
    assert page.execute("rested.empty()") == "True"
    widget.wait_until("(state) => state.selected === 300")

    # The pointer over a cell, and away.
    walk.run("@w.on_hover")
    label = page.cell_output(walk.at).locator(".widget-html")  # before the pointer moves: it scrolls
    widget = WidgetPage(page, 1)
    plot = widget.settle()["plot"]
    places = widget.project(adata.obsm["X_umap"])
    leftmost = int(np.argmin(places[:, 0]))
    page.page.mouse.move(*(places[leftmost] + [plot["left"], plot["top"]]), steps=4)
    widget.wait_until("(state) => state.hovered !== null")
    hovered = widget.inspect()["hovered"]
    assert np.hypot(*(places[hovered] - places[leftmost])) < 8
    label.get_by_text(labels.iloc[hovered], exact=True).wait_for()
    page.page.mouse.move(plot["left"] + 5, plot["top"] - 20)
    label.get_by_text("No cell.").wait_for()

    # Blocking, and awaiting.
    for name, part in (("w.wait_for_event(", (0.36, 0.44)), ("await w.wait_for_event_async(", (0.55, 0.7))):
        walk.run(name, wait=False)
        widget.settle()
        widget.wait_until("(state) => state.traits.tool === 'lasso'")
        assert page.cell_is_running(walk.at)
        caught = lasso(widget, *part)
        page.wait_idle()
        assert numbers(page.execute("print(*event['indices'])")) == caught.tolist()
        assert page.execute("event['source']") == "'lasso'"
        widget.wait_until("(state) => state.traits.tool === 'navigate'")
        shown = f"n_obs × n_vars = {len(caught)} × 765" if "async" not in name else adata.obs_names[caught[0]]
        assert shown in walk.said()

    # The data under the lock: what numpy gives.
    walk.run("with w.lock:")
    column = adata[labels == "CD19+ B", "CD79A"].X
    assert f"{float(np.mean(column)):.4f}"[:5] in walk.said()
    widget.wait_until("(state) => state.selected === 95")

    # Every event by its name, also a click of the mouse.
    walk.run("@w.on_message")
    log = page.cell_output(walk.at)
    plot = widget.settle()["plot"]
    page.page.mouse.click(*(places[leftmost] + [plot["left"], plot["top"]]))
    for name in ("selection", "hover", "click"):
        log.get_by_text(name).wait_for()

    # A script in the page hears Python; a message from the page has a name of its own.
    walk.run("cellucid-message")
    script = walk.at
    assert walk.said() == "No message yet."
    walk.run('register_hook("note"')
    page.cell_output(script).get_by_text("Hello from Python.").wait_for()
    page.wait_for("notes != [] and {note['text'] for note in notes} == {'Seen: Hello from Python.'}")
    walk.run("for note in notes")
    assert "Seen: Hello from Python." in walk.said()
    log.get_by_text("note").wait_for()

    # Links: through Python, in the page, and by a control.
    walk.run("jslink")
    second, links = WidgetPage(page, 2), walk.at
    second.settle()
    slider = page.cell_output(links).get_by_role("slider").first
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for("other.point_size == size.value > 1")
    assert second.inspect()["traits"]["point_size"] == float(page.execute("size.value"))
    second.root.scroll_into_view_if_needed()
    second.press("l")
    caught = lasso(second, 0.36, 0.44)
    page.cell_output(links).get_by_text(f"{len(caught)} cells").wait_for()
    assert numbers(page.execute("print(*w.selection)")) == caught.tolist()
    widget.wait_until(f"(state) => state.selected === {len(caught)}")

    walk.run("@interact")
    page.cell_output(walk.at).get_by_role("combobox").select_option("CD79A")
    second.wait_until("(state) => state.traits.color_by === 'CD79A' && state.settled")

    walk.run("w.clear_hooks()")
    before = log.inner_text()
    page.execute("w.select([1, 2, 3])")
    page.wait_for("len(other.selection) == 3")
    assert log.inner_text() == before
    assert not walk.left
    assert page.execute("[w.errors, other.errors]") == "[[], []]"
    assert not [line for line in page.console if line.startswith("[error]") and "cellucid" in line.lower()]
