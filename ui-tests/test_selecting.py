"""Selecting, from the mouse to Python and back."""

import numpy as np
import pytest

from cells import LOAD, LOAD_MANY, few_cells, inside, isolated, many_coordinates, rgb, wrong_colors
from hosts.widget import WidgetPage

SHOW = "w = CellucidWidget(adata, color_by='bulk_labels')\nw"


def star(widget):
    """A five-pointed star drawn in one stroke: concave and crossing itself, its middle wound round twice."""
    plot = widget.inspect()["plot"]
    centre = np.array([plot["width"], plot["height"]]) / 2
    angles = np.pi / 2 + np.arange(5) * 4 * np.pi / 5
    return centre + 0.46 * plot["height"] * np.column_stack([np.cos(angles), -np.sin(angles)])


def selection(page, name="w"):
    return np.array([int(cell) for cell in page.execute(f"print(*{name}.selection)").split()])


@pytest.mark.parametrize("size", [pytest.param("700 cells", marks=pytest.mark.slow), "200,000 cells"])
def test_a_lasso_gives_exactly_the_cells_that_numpy_gives(notebook, size):
    many = size == "200,000 cells"
    page = notebook([LOAD_MANY if many else LOAD, f"w = CellucidWidget({'many' if many else 'adata'})\nw"])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle(60)
    xy = many_coordinates() if many else few_cells().obsm["X_umap"]
    widget.press("l")
    polygon = widget.unproject(widget.draw(star(widget)))
    expected = inside(xy, polygon)
    assert len(expected) > 100
    widget.wait_until(f"(state) => state.selected === {len(expected)}")
    page.wait_for("len(w.selection) > 0")
    np.testing.assert_array_equal(selection(page), expected)
    assert page.execute("print(w.selection.dtype, w.selection.flags.writeable)") == "uint32 False"


def test_shift_adds_and_alt_subtracts(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    widget = WidgetPage(page)
    plot = widget.settle()["plot"]
    xy = few_cells().obsm["X_umap"]
    width, height = plot["width"], plot["height"]

    def box(left, right):
        return np.array([[left, 0.05], [right, 0.05], [right, 0.95], [left, 0.95]]) * [width, height]

    widget.press("l")
    first = inside(xy, widget.unproject(widget.draw(box(0.2, 0.45))))
    second = inside(xy, widget.unproject(widget.draw(box(0.6, 0.8), hold="Shift")))
    both = np.union1d(first, second)
    assert len(first) > 0 < len(second)
    widget.wait_until(f"(state) => state.selected === {len(both)}")
    third = inside(xy, widget.unproject(widget.draw(box(0.3, 0.7), hold="Alt")))
    rest = np.setdiff1d(both, third)
    assert 0 < len(rest) < len(both)
    page.wait_for(f"len(w.selection) == {len(rest)}")
    np.testing.assert_array_equal(selection(page), rest)


def test_python_selects_and_the_viewer_shows_it(notebook):
    page = notebook([LOAD, "w = CellucidWidget(adata, color_by='bulk_labels', point_size=0.36)\nw"])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    page.execute("w.select(\"bulk_labels == 'Dendritic'\")")
    widget.wait_until("(state) => state.selected === 240 && state.settled")
    assert "240 selected" in widget.root.locator(".toolbar").inner_text()

    adata = few_cells()
    colors = rgb(list(adata.uns["bulk_labels_colors"]))[adata.obs["bulk_labels"].cat.codes].astype(float)
    dimmed = 255 - 0.15 * (255 - colors)
    pixels = widget.project(adata.obsm["X_umap"])
    alone = isolated(pixels, 4)
    chosen = (adata.obs["bulk_labels"] == "Dendritic").to_numpy()[alone]
    picture = widget.pixels()
    assert min(chosen.sum(), (~chosen).sum()) >= 10
    assert wrong_colors(picture, pixels, alone[chosen], colors) == 0
    assert wrong_colors(picture, pixels, alone[~chosen], dimmed) == 0

    widget.root.get_by_role("button", name="Clear the selection").click()
    page.wait_for("len(w.selection) == 0")
    widget.wait_until("(state) => state.settled")
    assert wrong_colors(widget.pixels(), pixels, alone, colors) == 0


def test_the_selection_is_there_before_the_widget_is_displayed(notebook):
    page = notebook([LOAD, "w = CellucidWidget(adata)\nw.selection = adata.obs_names[[5, 3, 699]]", "w"])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    widget.wait_until("(state) => state.selected === 3")
    assert page.execute("print(list(w.selected_names) == list(adata.obs_names[[3, 5, 699]]))") == "True"


def test_one_lasso_is_one_change_of_the_trait_and_one_call_of_the_hook(notebook):
    page = notebook(
        [
            LOAD,
            "import threading\nchanges, calls = [], []\n"
            "w = CellucidWidget(adata)\n"
            "w.observe(lambda change: changes.append(len(change.new)), 'selection')\n"
            "@w.on_selection\n"
            "def hook(event):\n"
            "    calls.append((len(event['cells']), event['source'], threading.current_thread().name,\n"
            "                  type(event['cells']).__name__, event['indices'].dtype.name,\n"
            "                  list(event['names']) == list(adata.obs_names[event['cells']])))\n"
            "w",
        ]
    )
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    sent = widget.inspect()["carriers"]["comm"]
    widget.press("l")
    widget.draw(star(widget))
    page.wait_for("len(calls) > 0")
    page.page.wait_for_timeout(300)
    count = int(page.execute("len(w.selection)"))
    assert count > 0
    assert page.execute("print(changes)") == f"[{count}]"
    assert page.execute(
        f"print(calls == [({count}, 'lasso', 'cellucid-hooks-' + w.viewer_id[:8], 'list', 'uint32', True)])"
    ) == ("True")
    after = widget.inspect()["carriers"]["comm"]
    assert after["bytes_sent"] - sent["bytes_sent"] == 88, "a bitmap of 700 cells"
    assert after["bytes_received"] == sent["bytes_received"], "no echo"


def test_clicks_reach_their_hook_with_the_cell_and_the_keys(notebook):
    page = notebook([LOAD, "clicks = []\nw = CellucidWidget(adata)\nw.on_click(lambda e: clicks.append(dict(e)))\nw"])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    pixels = widget.project(few_cells().obsm["X_umap"])
    widget.plot.click(position={"x": pixels[0][0], "y": pixels[0][1]}, modifiers=["Control"])
    page.wait_for("clicks")
    picked = int(page.execute("clicks[0]['cell']"))
    assert np.hypot(*(pixels[picked] - pixels[0])) < 1
    assert page.execute(f"clicks == [dict(cell={picked}, button=0, shift=False, ctrl=True)]") == "True"
    widget.plot.click(position={"x": 3, "y": 3})  # where no cell is
    widget.plot.click(position={"x": pixels[699][0], "y": pixels[699][1]}, button="right")
    page.wait_for("len(clicks) == 2")
    assert page.execute("clicks[1]['button']") == "2"


def test_a_lasso_can_be_called_off(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    widget = WidgetPage(page)
    plot = widget.settle()["plot"]
    widget.press("l")
    mouse = page.page.mouse
    mouse.move(plot["left"] + 50, plot["top"] + 50)
    mouse.down()
    for x, y in ((600, 60), (600, 400), (60, 400)):
        mouse.move(plot["left"] + x, plot["top"] + y, steps=10)
    widget.root.locator(".outline").wait_for()
    page.page.keyboard.press("Escape")
    widget.root.locator(".outline").wait_for(state="detached")
    mouse.up()
    assert widget.inspect()["selected"] == 0
    assert page.execute("len(w.selection)") == "0"
