"""Every trait in both directions: an ipywidget linked in Python, the viewer in the page."""

import numpy as np
import pytest

from cells import LOAD, few_cells
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
for name in ("embedding", "dimension", "color_by", "layer", "colormap", "color_limits", "point_size", "opacity",
             "filters", "tool", "height", "theme", "camera", "hovered", "selection"):
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
    assert state["traits"] == wanted | {"dataset": page.execute("print(w.dataset)")}
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


def test_what_the_mouse_and_the_keys_set_linked_ipywidgets_have(opened):
    page, widget = opened
    plot = widget.inspect()["plot"]
    page.page.mouse.move(plot["left"] + plot["width"] / 2, plot["top"] + plot["height"] / 2)
    page.page.mouse.wheel(0, -400)
    page.wait_for("linked['camera'].held['zoom'] > 1.5")
    widget.press("r")
    page.wait_for("linked['camera'].held['zoom'] == 1")
    widget.settle()

    for key, tool in (("l", "lasso"), ("b", "box"), ("v", "navigate")):
        widget.press(key)
        page.wait_for(f"linked['tool'].held == {tool!r}")

    places = widget.project(few_cells().obsm["X_umap"])
    leftmost = int(np.argmin(places[:, 0]))
    page.page.mouse.move(*(places[leftmost] + [plot["left"], plot["top"]]), steps=4)
    page.wait_for("linked['hovered'].held is not None")
    hovered = int(page.execute("linked['hovered'].held"))
    assert np.hypot(*(places[hovered] - places[leftmost])) < 8
    page.page.mouse.move(plot["left"] + 5, plot["top"] - 20)
    page.wait_for("linked['hovered'].held is None")

    widget.press("l")
    width, height = plot["width"], plot["height"]
    widget.draw([[10, 10], [width / 2, 10], [width / 2, height - 10], [10, height - 10]])
    page.wait_for("len(linked['selection'].held) > 0")
    assert page.execute("len(linked['selection'].held) == len(w.selection)") == "True"


def test_what_the_controls_set_linked_ipywidgets_have(opened):
    page, widget = opened
    root = widget.root

    root.locator(".legend .row").first.click()
    page.wait_for("linked['filters'].held == {'bulk_labels': {'hide': [adata.obs.bulk_labels.cat.categories[0]]}}")
    page.wait_for("w.n_visible == int((adata.obs.bulk_labels != adata.obs.bulk_labels.cat.categories[0]).sum())")
    root.get_by_role("button", name="Show all", exact=True).click()
    page.wait_for("linked['filters'].held == {}")

    widget.colour_by("CST3")
    page.wait_for("linked['color_by'].held == 'CST3'")
    root.get_by_role("button", name="Colours: viridis").click()
    root.get_by_role("radio", name="magma").check()
    page.wait_for("linked['colormap'].held == 'magma'")
    root.get_by_role("checkbox", name="Reversed").check()
    page.wait_for("linked['colormap'].held == 'magma_r'")
    page.page.keyboard.press("Escape")
    root.get_by_role("button", name="Upper limit of the colours").click()
    root.get_by_role("textbox", name="Upper limit of the colours").fill("p90")
    page.page.keyboard.press("Enter")
    page.wait_for("(linked['color_limits'].held or (None, None))[1] == 'p90'")

    root.get_by_role("button", name="Settings").click()
    root.get_by_role("slider", name="Point size").press("ArrowRight")
    page.wait_for("linked['point_size'].held > 1")
    root.get_by_role("slider", name="Opacity").press("ArrowLeft")
    page.wait_for("linked['opacity'].held is not None and linked['opacity'].held < 1")
    root.get_by_role("combobox", name="Genes from").select_option("X")
    page.wait_for("linked['layer'].held == 'X'")
    root.get_by_role("radio", name="Dark").check()
    page.wait_for("linked['theme'].held == 'dark'")
    page.page.keyboard.press("Escape")

    root.get_by_role("separator", name="Height of the widget").press("ArrowDown")
    page.wait_for("linked['height'].held == w.height != CellucidWidget.height.default_value")
    root.get_by_role("combobox", name="Embedding").select_option("X_space")
    page.wait_for("(linked['embedding'].held, linked['dimension'].held) == ('X_space', 3)")
    root.get_by_role("radio", name="2D").check()
    page.wait_for("linked['dimension'].held == 2")
    assert page.execute("w.errors") == "[]"
