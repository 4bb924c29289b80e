"""What the widget draws: the right cells at the right pixels in the right colours."""

import numpy as np
import pytest
from matplotlib import colormaps

from cells import LOAD, few_cells, isolated, rgb, wrong_colors
from hosts.widget import WidgetPage

SMALL = "w = CellucidWidget(adata, color_by='bulk_labels', point_size=0.36)\nw"


@pytest.fixture
def adata():
    return few_cells()


def palette(adata, field):
    return rgb(list(adata.uns[f"{field}_colors"]))[adata.obs[field].cat.codes]


def viridis(values):
    span = (values - values.min()) / (values.max() - values.min())
    return (colormaps["viridis"](span)[:, :3] * 255).round().astype(np.uint8)


def places(widget, adata):
    """Where every cell is in the plot, and which cells stand alone."""
    pixels = widget.project(adata.obsm["X_umap"])
    return pixels, isolated(pixels, 4)


def received(state):
    """Bytes that the data took, by whichever road."""
    return sum(carrier["bytes_received"] for carrier in state["carriers"].values())


def test_every_cell_is_drawn_in_scanpys_colour(notebook, adata):
    page = notebook([LOAD, SMALL])
    page.run_all()
    widget = WidgetPage(page)
    assert widget.settle()["cells_drawn"] == 700
    pixels, alone = places(widget, adata)
    assert len(alone) >= 20
    colors = palette(adata, "bulk_labels")
    picture = widget.pixels()
    assert wrong_colors(picture, pixels, alone, colors) == 0
    # The same check must notice labels that belong to other cells.
    shuffled = np.random.default_rng(1).permutation(colors)
    assert wrong_colors(picture, pixels, alone, shuffled) > len(alone) / 2


def test_setting_color_by_recolours_by_obs_column_and_by_gene(notebook, adata):
    page = notebook([LOAD, SMALL])
    page.run_all()
    widget = WidgetPage(page)
    before = received(widget.settle())
    pixels, alone = places(widget, adata)

    page.execute("w.color_by = 'louvain'")
    widget.root.get_by_role("heading", name="louvain").wait_for()
    after = received(widget.settle())
    assert wrong_colors(widget.pixels(), pixels, alone, palette(adata, "louvain")) == 0
    assert after - before == 700, "a categorical column is one byte a cell, and nothing else travels"

    page.execute("w.color_by = 'CST3'")
    widget.root.get_by_role("heading", name="CST3").wait_for()
    widget.settle()
    values = adata.raw[:, "CST3"].X.toarray().ravel()
    assert wrong_colors(widget.pixels(), pixels, alone, viridis(values), tolerance=6) == 0
    legend = widget.root.locator(".legend").inner_text()
    assert "raw" in legend
    assert f"{values.max():.4g}" in legend

    page.execute("w.layer = 'X'")
    widget.wait_until("(state) => state.settled")
    widget.root.locator(".legend small", has_text="X").wait_for()
    widget.settle()
    scaled = np.asarray(adata[:, "CST3"].X).ravel()
    assert wrong_colors(widget.pixels(), pixels, alone, viridis(scaled), tolerance=6) == 0

    held = received(widget.inspect())
    page.execute("w.color_by = 'louvain'")
    widget.root.get_by_role("heading", name="louvain").wait_for()
    assert received(widget.settle()) == held, "a column seen before does not travel again"


def test_missing_values_are_grey_and_cells_without_coordinates_are_counted(notebook, adata):
    page = notebook(
        [
            LOAD,
            "adata.obs['score'] = np.where(np.arange(700) % 2, np.nan, 1.5)\n"
            "adata.obsm['X_umap'][:7] = np.nan\n"
            "w = CellucidWidget(adata, color_by='score', point_size=0.36)\nw",
        ]
    )
    page.run_all()
    widget = WidgetPage(page)
    assert widget.settle()["cells_drawn"] == 693
    assert "7 not placed" in widget.root.locator(".status").inner_text()
    assert "missing" in widget.root.locator(".legend").inner_text()
    pixels, alone = places(widget, adata)
    missing = [cell for cell in alone if cell % 2 and cell >= 7]
    grey = np.tile(rgb(["#d3d3d3"]), (700, 1))
    assert wrong_colors(widget.pixels(), pixels, np.array(missing), grey) == 0

    # A grey that is quiet on white shouts on black: it follows the host's theme, as the background does.
    frames = widget.inspect()["frames"]
    page.set_theme("JupyterLab Dark")
    widget.wait_until(f"(state) => state.frames > {frames} && state.settled")
    picture = widget.pixels()
    assert picture[2, 2].max() < 40
    assert wrong_colors(picture, pixels, np.array(missing), np.tile(rgb(["#4a4a4a"]), (700, 1))) == 0

    # And a view that is new, which JupyterLab makes before it has a place in the page.
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    assert (widget.pixels()[2, 2] == picture[2, 2]).all()


def test_cells_that_run_elsewhere_repaint_nothing(notebook):
    page = notebook([LOAD, SMALL])
    page.run_all()
    widget = WidgetPage(page)
    frames = widget.settle()["frames"]
    for _ in range(5):
        page.execute("None")
    assert widget.inspect()["frames"] == frames


def test_zoom_keeps_the_cell_under_the_pointer_and_pan_moves_with_the_hand(notebook, adata):
    page = notebook([LOAD, SMALL])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    pixels, alone = places(widget, adata)
    cell = alone[len(alone) // 2]
    box = widget.inspect()["plot"]
    origin = np.array([box["left"], box["top"]])
    mouse = np.round(pixels[cell] + origin)  # the browser gives whole pixels
    below = widget.unproject(mouse - origin)
    page.page.mouse.move(*mouse)
    page.page.mouse.wheel(0, -300)
    widget.wait_until("(state) => state.camera.zoom > 1.5 && state.settled")
    np.testing.assert_allclose(widget.unproject(mouse - origin), below, atol=1e-9)
    zoomed, _ = places(widget, adata)
    widget.draw([zoomed[cell], zoomed[cell] + [64, 40]])
    widget.wait_until("(state) => state.settled")
    moved, _ = places(widget, adata)
    np.testing.assert_allclose(moved[cell], zoomed[cell] + [64, 40], atol=0.6)
    near = np.array([cell])
    assert wrong_colors(widget.pixels(), moved, near, palette(adata, "bulk_labels")) == 0
    widget.press("r")
    widget.wait_until("(state) => state.camera.zoom === 1 && state.settled")


def test_the_embedding_and_the_height_follow_their_traits(notebook, adata):
    page = notebook([LOAD, "adata.obsm['X_other'] = adata.obsm['X_umap'][:, ::-1] * 3\n" + SMALL])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    page.execute("w.embedding = 'X_other'; w.height = 400")
    widget.wait_until("(state) => state.settled && Math.abs(state.plot.height - 338) < 3")
    pixels = widget.project(adata.obsm["X_umap"][:, ::-1] * 3)
    assert pixels.min() > 0
    assert pixels[:, 1].max() < 340
    alone = isolated(pixels, 4)
    assert wrong_colors(widget.pixels(), pixels, alone, palette(adata, "bulk_labels")) == 0


def test_a_message_that_comes_long_after_the_start_is_heard(notebook):
    page = notebook([LOAD, SMALL])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    # anywidget drops every message to a widget whose set-up took over two seconds, and says nothing.
    page.page.wait_for_timeout(3000)
    page.execute("w.selection = [1, 2, 3]")
    widget.wait_until("(state) => state.selected === 3")
