"""What Python tells the viewer to do: before there is one, while there is one, and when the data have changed."""

import numpy as np

from cells import LOAD, few_cells, inside, isolated
from hosts.widget import WidgetPage

MADE = "w = CellucidWidget(adata, color_by='bulk_labels')"
HEARD = """() => {
  globalThis.heard = [];
  document.addEventListener("cellucid-message", ({ detail }) => globalThis.heard.push(detail));
}"""


def red_rings(picture, pixels, cells):
    """How many of the cells have red within eight pixels."""
    red = (picture[..., 0] > 200) & (picture[..., 1] < 60) & (picture[..., 2] < 60)
    found = 0
    for x, y in np.round(pixels[cells]).astype(int):
        found += red[max(y - 8, 0) : y + 9, max(x - 8, 0) : x + 9].any()
    return int(found)


def test_commands_before_the_display_wait_for_the_viewer(notebook):
    page = notebook(
        [
            LOAD,
            MADE + "\nw.highlight_cells([5])\nw.set_visibility(range(100, 200), False)\nw.zoom_to(range(20))\n"
            "w.send_message({'type': 'mine', 'text': 'hello'})\nw.select(range(7))",
            "w",
        ]
    )
    page.page.evaluate(HEARD)
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    widget.wait_until("(state) => state.visible === 600 && state.selected === 7 && state.camera.zoom > 1")
    page.page.wait_for_function("() => globalThis.heard.length === 1")
    assert page.page.evaluate("() => globalThis.heard[0]") == {"type": "mine", "text": "hello"}
    places = widget.project(few_cells().obsm["X_umap"][:20])
    plot = widget.inspect()["plot"]
    assert (places > 0).all()
    assert (places < [plot["width"], plot["height"]]).all()
    assert page.execute("w.n_visible") == "600"

    page.execute("w.reset_view()")
    widget.wait_until("(state) => state.camera.zoom === 1 && state.settled")

    # In one go with what it is for: the new points are still on their way when the command comes.
    page.execute("adata.obsm['X_other'] = adata.obsm['X_umap'] * 10; w.refresh()")
    page.execute("w.embedding = 'X_other'; w.zoom_to(range(20))")
    widget.wait_until("(state) => state.traits.embedding === 'X_other' && state.settled && state.camera.zoom > 1")
    places = widget.project(few_cells().obsm["X_umap"][:20] * 10)
    assert (places > 0).all()
    assert (places < [plot["width"], plot["height"]]).all()
    assert page.execute("w.errors") == "[]"


def test_highlighted_cells_are_ringed_and_hidden_ones_are_gone(notebook):
    page = notebook([LOAD, "w = CellucidWidget(adata[::25].copy(), point_size=0.4)\nw"])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    pixels = widget.project(few_cells().obsm["X_umap"][::25])
    alone = isolated(pixels, 16)
    ringed, hidden = alone[:4], alone[4:8]
    assert len(hidden) == 4
    assert red_rings(widget.pixels(), pixels, alone) == 0
    grey = widget.pixels()[tuple(np.floor(pixels[hidden]).astype(int).T[::-1])]
    assert (grey < 200).all()

    page.execute(f"w.highlight_cells({ringed.tolist()}); w.set_visibility({hidden.tolist()}, False)")
    widget.wait_until("(state) => state.visible === 24 && state.settled")
    widget.settle()
    picture = widget.pixels()
    assert red_rings(picture, pixels, ringed) == 4
    assert red_rings(picture, pixels, alone[8:]) == 0
    gone = picture[tuple(np.floor(pixels[hidden]).astype(int).T[::-1])]
    assert (gone > 240).all()
    widget.press("l")
    plot = widget.inspect()["plot"]
    width, height = plot["width"], plot["height"]
    path = widget.draw([[2, 2], [width - 2, 2], [width - 2, height - 2], [2, height - 2]])
    expected = set(inside(pixels, path).tolist()) - set(hidden.tolist())
    page.wait_for("len(w.selection) > 0")
    assert set(map(int, page.execute("print(*w.selection)").split())) == expected

    page.execute("w.clear_selection(); w.clear_highlights(); w.set_visibility(None, True)")
    widget.wait_until("(state) => state.visible === 28 && state.selected === 0 && state.settled")
    assert red_rings(widget.pixels(), pixels, ringed) == 0


def test_refresh_shows_the_data_as_they_are_now_and_keeps_what_still_is(notebook):
    page = notebook([LOAD, MADE + "\nw", "kept = None"])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    page.execute("w.select(range(100, 150)); w.point_size = 2.0; names = list(adata.obs_names[100:150])")
    widget.wait_until("(state) => state.selected === 50")
    page.execute(
        "adata._inplace_subset_obs(np.arange(700) % 2 == 0)\n"
        "adata.obs['fresh'] = adata.obs['louvain']\n"
        "w.refresh()\n"
        "w.color_by = 'fresh'"
    )
    widget.root.get_by_role("heading", name="fresh").wait_for()
    widget.wait_until("(state) => state.settled && state.selected === 25 && state.cells_drawn === 350")
    assert widget.inspect()["traits"]["point_size"] == 2
    assert page.execute("[adata.obs_names[i] for i in w.selection] == names[::2]") == "True"
    page.wait_for("w.ready")
    assert page.execute("w.errors") == "[]"
    widget.press("l")
    plot = widget.inspect()["plot"]
    width, height = plot["width"], plot["height"]
    path = widget.draw([[2, 2], [width / 2, 2], [width / 2, height - 2], [2, height - 2]])
    page.wait_for("len(w.selection) != 25")
    expected = inside(widget.project(few_cells().obsm["X_umap"][::2]), path)
    assert set(map(int, page.execute("print(*w.selection)").split())) == set(expected.tolist())


def test_commands_after_close_say_so(notebook):
    page = notebook([LOAD, MADE + "\nw"])
    page.run_all()
    WidgetPage(page).settle()
    page.execute("w.close()")
    page.page.wait_for_function("() => document.querySelector('.cellucid') === null")
    said = page.execute(
        "said = []\n"
        "for act in (w.reset_view, w.clear_highlights, lambda: w.zoom_to([1]), lambda: w.highlight_cells([1])):\n"
        "    try:\n        act()\n"
        "    except Exception as error:\n        said.append(type(error).__name__ + ': ' + str(error))\n"
        "print(len(said), set(said))"
    )
    assert said.startswith("4 "), said
    assert "closed" in said
