"""Embeddings of three columns: turned by hand, and selected as numpy would."""

import json

import numpy as np
import pytest

from cells import LOAD, few_cells, inside, isolated, rgb
from hosts.widget import WidgetPage

SPACE = """
rng = np.random.default_rng(1)
adata.obsm["X_space"] = np.c_[adata.obsm["X_umap"], rng.normal(scale=3, size=adata.n_obs)].astype(np.float32)
adata.obsm["X_space"][:5, 2] = np.nan
w = CellucidWidget(adata, embedding="X_space", color_by="bulk_labels", point_size=0.36)
w
"""


def space():
    """The same coordinates as in the notebook."""
    adata = few_cells()
    depth = np.random.default_rng(1).normal(scale=3, size=adata.n_obs)
    coordinates = np.c_[adata.obsm["X_umap"], depth].astype(np.float32)
    coordinates[:5, 2] = np.nan
    return coordinates


@pytest.fixture
def opened(notebook):
    page = notebook([LOAD, SPACE])
    page.run_all()
    widget = WidgetPage(page)
    assert widget.settle()["cells_drawn"] == 695
    return page, widget


def turn(widget, dx, dy):
    plot = widget.inspect()["plot"]
    middle = np.array([plot["width"], plot["height"]]) / 2
    before = widget.inspect()["camera"]
    widget.draw([middle, middle + np.array([dx, dy])])
    widget.wait_until("(state) => state.settled")
    after = widget.inspect()["camera"]
    assert (before["azimuth"], before["elevation"]) != (after["azimuth"], after["elevation"])


def rectangle(widget, part):
    plot = widget.inspect()["plot"]
    size = np.array([plot["width"], plot["height"]])
    return [corner * size for corner in ([0.5, 0.1], [part, 0.1], [part, 0.9], [0.5, 0.9])]


def test_every_cell_is_where_the_cameras_definition_puts_it(opened):
    _page, widget = opened
    adata = few_cells()
    coordinates = space()
    turn(widget, 130, -60)
    pixels = widget.project(coordinates)
    placed = np.isfinite(coordinates).all(axis=1)
    alone = np.flatnonzero(placed)[isolated(pixels[placed], 6)]
    inside_plot = alone[(pixels[alone] > 4).all(axis=1)]
    assert len(inside_plot) > 20
    colors = rgb(list(adata.uns["bulk_labels_colors"]))[adata.obs["bulk_labels"].cat.codes]
    # The far ones fade towards the white page, by half at most: hues stay, so look for colours on that line.
    picture = widget.pixels()
    x, y = np.floor(pixels[inside_plot]).astype(int).T
    seen = picture[y, x].astype(float)
    own = colors[inside_plot].astype(float)
    span = ((255 - own) * (255 - own)).sum(axis=1)
    rest = ((255 - seen) * (255 - own)).sum(axis=1) / span
    off = np.abs(seen - (255 - rest[:, None] * (255 - own))).max(axis=1)
    assert np.mean(off < 6) > 0.95
    assert rest.min() > 0.45
    assert rest.max() < 1.05
    assert np.ptp(rest) > 0.1, "depth is seen"


def test_a_lasso_after_a_turn_catches_what_numpy_says(opened):
    page, widget = opened
    turn(widget, 90, 70)
    coordinates = space()
    widget.press("l")
    visited = widget.draw(rectangle(widget, 0.95))
    page.wait_for("len(w.selection) > 0")
    pixels = widget.project(coordinates)
    placed = np.isfinite(coordinates).all(axis=1)
    expected = [cell for cell in inside(np.nan_to_num(pixels, nan=-1e9), visited) if placed[cell]]
    assert len(expected) > 30
    assert json.loads(page.execute("print(w.selection.tolist())")) == expected


def test_a_box_after_a_turn_catches_what_numpy_says_and_a_second_one_from_another_side_narrows_it(opened):
    page, widget = opened
    coordinates = space()
    widget.press("b")
    plot = widget.inspect()["plot"]
    size = np.array([plot["width"], plot["height"]])

    def between(low, high):
        pixels = widget.project(coordinates)
        return set(np.flatnonzero(((pixels >= low) & (pixels <= high)).all(axis=1)).tolist())

    first = widget.draw([size * 0.2, size * 0.6])
    page.wait_for("len(w.selection) > 0")
    expected = between(first[0], first[-1])
    assert set(json.loads(page.execute("print(w.selection.tolist())"))) == expected
    widget.press("v")
    turn(widget, -200, 40)
    widget.press("b")
    page.page.keyboard.down("Alt")
    second = widget.draw([size * 0.3, size * 0.7], hold="Shift")
    page.page.keyboard.up("Alt")
    narrowed = expected & between(second[0], second[-1])
    assert 0 < len(narrowed) < len(expected)
    page.wait_for(f"len(w.selection) == {len(narrowed)}")
    assert set(json.loads(page.execute("print(w.selection.tolist())"))) == narrowed


def test_the_camera_travels_both_ways(opened):
    page, widget = opened
    turn(widget, 50, 20)
    camera = widget.inspect()["camera"]
    page.wait_for(f"abs(w.camera['azimuth'] - {camera['azimuth']}) < 1e-9")
    page.execute("w.camera = {'azimuth': 10, 'elevation': 80, 'zoom': 2}")
    widget.wait_until("(state) => state.settled && state.camera.zoom === 2")
    camera = widget.inspect()["camera"]
    assert (camera["azimuth"], camera["elevation"]) == (10, 80)
    page.execute("w.dimension = 2")
    widget.wait_until("(state) => state.settled && state.camera.axes === 2")
    assert widget.inspect()["cells_drawn"] == 695
    assert page.execute("sorted(w.camera)") == "['center', 'zoom']"
    page.execute("w.embedding = 'X_umap'")
    widget.wait_until("(state) => state.settled && state.cells_drawn === 700")
