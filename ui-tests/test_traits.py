"""Every trait in both directions: an ipywidget linked in Python, the viewer in the page."""

import json

import numpy as np
import pytest

from cells import LOAD
from hosts.widget import WidgetPage

SPACE = """
rng = np.random.default_rng(1)
adata.obsm["X_space"] = np.c_[adata.obsm["X_umap"], rng.normal(scale=4, size=adata.n_obs)].astype(np.float32)
"""
# One value an ipywidget can hold for each trait: `link` sets it as the trait does, and hears it.
LINKED = """
from ipywidgets import Valid
import traitlets

class Anything(Valid):
    held = traitlets.Any()

w = CellucidWidget(adata, color_by="bulk_labels")
linked = {}
for name in ("embedding", "dimension", "color_by", "layer", "colormap", "color_limits", "point_size", "opacity", "filters",
             "tool", "height", "theme", "camera", "hovered", "selection"):
    linked[name] = Anything()
    traitlets.link((w, name), (linked[name], "held"))
w
"""


@pytest.fixture
def opened(notebook):
    page = notebook([LOAD + SPACE, LINKED])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    return page, widget


def test_what_linked_ipywidgets_set_the_viewer_has(opened):
    page, widget = opened
    wanted = {
        "embedding": "X_space",
        "dimension": 2,
        "color_by": "CST3",
        "layer": "X",
        "colormap": "magma_r",
        "color_limits": [0.0, "p90"],
        "point_size": 2.5,
        "opacity": 0.5,
        "filters": {"louvain": {"hide": ["0", "1"]}, "gene:CD3D": {"min": 0.5}},
        "tool": "box",
        "height": 480,
        "theme": "dark",
    }
    for name, value in wanted.items():
        page.execute(f"linked[{name!r}].held = {value!r}")
    widget.wait_until(f"(state) => state.settled && state.traits.height === {wanted['height']}")
    widget.wait_until("(state) => state.visible < 700")
    state = widget.inspect()
    assert state["traits"] == wanted
    assert page.execute("w.n_visible") == str(state["visible"])
    assert page.execute("[w.embedding, w.dimension, w.tool, w.theme]") == "['X_space', 2, 'box', 'dark']"

    page.execute("linked['camera'].held = {'center': [1.0, 2.0], 'zoom': 3.0}")
    widget.wait_until("(state) => state.camera.zoom === 3 && state.settled")
    assert widget.inspect()["camera"]["center"][:2] == [1, 2]
    page.execute("linked['hovered'].held = 5")
    widget.wait_until("(state) => state.hovered === 5")
    page.execute("linked['selection'].held = [1, 2, 3]")
    widget.wait_until("(state) => state.selected === 3")
    assert page.execute("w.errors") == "[]"


def held(page, name):
    return json.loads(page.execute(f"import json; print(json.dumps(linked[{name!r}].held))"))


def test_what_the_mouse_and_the_keys_set_linked_ipywidgets_have(opened):
    page, widget = opened
    plot = widget.inspect()["plot"]
    centre = [plot["left"] + plot["width"] / 2, plot["top"] + plot["height"] / 2]

    page.page.mouse.move(*centre)
    page.page.mouse.wheel(0, -400)
    page.wait_for("linked['camera'].held['zoom'] > 1.5")
    widget.press("r")
    page.wait_for("linked['camera'].held['zoom'] == 1")

    for key, tool in (("l", "lasso"), ("b", "box"), ("v", "navigate")):
        widget.press(key)
        page.wait_for(f"linked['tool'].held == {tool!r}")

    cell = int(
        np.argmax(widget.project(np.array(json.loads(page.execute("print(adata.obsm['X_umap'].tolist())"))))[:, 0])
    )
    place = widget.project(np.array(json.loads(page.execute("print(adata.obsm['X_umap'].tolist())"))))[cell]
    page.page.mouse.move(plot["left"] + place[0], plot["top"] + place[1], steps=4)
    page.wait_for("linked['hovered'].held is not None")
    hovered = held(page, "hovered")
    places = widget.project(np.array(json.loads(page.execute("print(adata.obsm['X_umap'].tolist())"))))
    assert np.hypot(*(places[hovered] - place)) < 8
    page.page.mouse.move(plot["left"] + 5, plot["top"] - 20)
    page.wait_for("linked['hovered'].held is None")
