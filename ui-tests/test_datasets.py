"""A folder of several datasets in the notebook, and genes found by names that are not shown."""

import json

import numpy as np
import pytest

from cells import LOAD, few_cells, inside, isolated, rgb, wrong_colors
from hosts.widget import WidgetPage

# `some` has every second cell of `all`, mirrored, and one column less; what is said of `damaged` is all there is of it.
FOLDER = """
import json, shutil
from cellucid import generate_datasets_manifest, prepare, show
shutil.rmtree("several", ignore_errors=True)
genes = ["CST3", "NKG7"]
prepare(adata, "several/all", dataset_name="All cells", genes=genes, progress=False)
half = adata[::2].copy()
half.obsm["X_umap"] = half.obsm["X_umap"] * [-1, 1]
del half.obs["phase"]
prepare(half, "several/some", dataset_id="half", dataset_name="Every second cell", genes=genes, progress=False)
shutil.copytree("several/some", "several/damaged")
identity = json.loads(pathlib.Path("several/damaged/dataset_identity.json").read_text())
pathlib.Path("several/damaged/dataset_identity.json").write_text(json.dumps(identity | {"id": "damaged"}))
pathlib.Path("several/damaged/points_2d.bin").unlink()
generate_datasets_manifest("several")
"""
CELLS = {"All_cells": 700, "half": 350}
SHOW = "w = show('several', color_by='bulk_labels', point_size=0.36)"
CORNERS = np.array([[0.1, 0.05], [0.55, 0.05], [0.55, 0.95], [0.1, 0.95]])


@pytest.fixture
def adata():
    return few_cells()


def mirrored(adata):
    return adata.obsm["X_umap"][::2] * [-1, 1]


def choose(widget, name):
    """Choose a dataset in the menu, as a person does."""
    widget.root.locator(".toolbar .dataset").click()
    widget.root.get_by_role("option", name=name).click()


def shows(widget, dataset):
    """Wait until a view shows a dataset; it is another element then, which takes the place of the one before."""
    for _ in range(600):
        state = widget.inspect()
        drawn = state["cells_drawn"] == CELLS[dataset]  # the view of before has the trait's value already
        if drawn and state["traits"]["dataset"] == dataset and state["settled"] and not opening(widget):
            return
        widget.page.wait_for_timeout(50)
    raise AssertionError(f"{dataset!r} is not shown within 30 s; the viewer says {state}")


def opening(widget):
    return widget.root.locator(".dataset[aria-busy=true]").count()


def lasso(widget):
    plot = widget.inspect()["plot"]
    widget.press("l")
    return widget.unproject(widget.draw(CORNERS * [plot["width"], plot["height"]]))


def test_another_dataset_is_chosen_in_the_menu_and_drawn_coloured_and_selected(notebook, adata):
    hook = "heard = []\nw.on_selection(lambda event: heard.append(event['cells']))"
    page = notebook([LOAD, FOLDER, f"{SHOW}\n{hook}"])
    page.run_all()
    widget = WidgetPage(page)
    assert widget.settle()["cells_drawn"] == 700
    assert page.execute("[(one['name'], one['n_cells']) for one in w.datasets]") == (
        "[('All cells', 700), ('Every second cell', 350), ('Every second cell', 350)]"
    )
    expected = inside(adata.obsm["X_umap"], lasso(widget))
    page.wait_for(f"len(w.selection) == {len(expected)} and len(heard) == 1")
    page.execute("w.highlight_cells([699]); w.set_visibility([1], False)")
    widget.wait_until("(state) => state.visible === 699")

    choose(widget, "half")
    shows(widget, "half")
    state = widget.inspect()
    assert (state["cells_drawn"], state["selected"], state["visible"]) == (350, 0, 350)
    assert (state["traits"]["color_by"], state["traits"]["point_size"]) == ("bulk_labels", 0.36)
    assert widget.root.locator(".toolbar .dataset").inner_text().strip().startswith("Every second cell")
    pixels = widget.project(mirrored(adata))
    alone = isolated(pixels, 4)
    colors = rgb(list(adata.uns["bulk_labels_colors"]))[adata.obs["bulk_labels"].cat.codes[::2]]
    assert wrong_colors(widget.pixels(), pixels, alone, colors) == 0
    assert page.execute("(w.dataset, w.n_cells, len(w.selection), w.n_visible)") == "('half', 350, 0, 350)"
    page.wait_for("heard[-1] == []")
    # The focus has stayed with the menu: the next key is not the notebook's.
    assert page.page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "field dataset"

    expected = inside(mirrored(adata), lasso(widget))
    assert len(expected) > 50
    page.wait_for(f"len(w.selection) == {len(expected)} and len(heard[-1]) == {len(expected)}")
    names = json.loads(page.execute("import json; print(json.dumps(list(w.selected_names)))"))
    assert names == adata.obs_names[::2][expected].tolist()
    assert page.execute("w.errors") == "[]"


def test_one_that_cannot_be_opened_is_told_and_what_was_shown_stays(notebook):
    page = notebook([LOAD, FOLDER, SHOW])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    choose(widget, "damaged")
    widget.root.get_by_text("cannot open 'damaged'").wait_for()
    shows(widget, "All_cells")
    assert widget.inspect()["cells_drawn"] == 700
    assert widget.root.locator(".toolbar .dataset").inner_text().strip() == "All cells"
    assert page.execute("(w.dataset, w.errors[0]['source'])") == "('All_cells', 'dataset')"
    choose(widget, "half")
    shows(widget, "half")


def test_python_sets_it_in_every_view_and_a_cell_may_run_meanwhile(notebook):
    page = notebook(
        [LOAD, FOLDER, SHOW, "w", "import time\nwhile w.dataset != 'All_cells': time.sleep(0.05)\nw.n_cells"]
    )
    for cell in range(4):
        page.run_cell(cell)
    views = [WidgetPage(page, index) for index in range(2)]
    for view in views:
        view.settle()
    page.execute("w.select(range(9)); w.dataset = 'half'; w.select([3, 4])")
    for view in views:
        view.settle()
        shows(view, "half")
        view.wait_until("(state) => state.selected === 2 && state.cells_drawn === 350")
    page.run_cell(4, wait=False)  # which ends only once the choice has come
    choose(views[1], "All cells")
    page.wait_idle()
    assert "700" in page.cell_output(4).inner_text()
    for view in views:
        view.settle()
        shows(view, "All_cells")
        assert view.inspect()["cells_drawn"] == 700


def test_running_all_again_begins_with_the_first(notebook):
    page = notebook([LOAD, FOLDER, SHOW + "\nw.dataset = 'half'\nw.select([1])"])
    for _ in range(2):
        page.run_all()
        widget = WidgetPage(page)
        widget.settle()
        shows(widget, "half")
        widget.wait_until("(state) => state.selected === 1")
        choose(widget, "All cells")
        shows(widget, "All_cells")
        assert widget.inspect()["selected"] == 0


BY_ENSEMBL = """
ids = [f"ENSG{number:011d}" for number in range(adata.raw.n_vars)]
whole = adata.raw.to_adata()
whole.var["gene_ids"] = ids
whole.obsm = adata.obsm
w = show_anndata(whole)
"""


def test_a_gene_is_found_by_another_name_and_colours_as_itself(notebook, adata):
    page = notebook([LOAD, BY_ENSEMBL])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    identifier = f"ENSG{list(adata.raw.var_names).index('CST3'):011d}"
    widget.root.locator("button.field").click()
    query = widget.root.get_by_role("combobox", name="Search obs columns and genes")
    query.press_sequentially(identifier)
    found = widget.root.locator(".search [role=option]")
    widget.root.get_by_role("option", name=f"CST3 {identifier}").wait_for()
    assert found.count() == 1
    query.press("Enter")
    widget.root.get_by_role("heading", name="CST3").wait_for()
    widget.settle()
    page.wait_for("w.color_by == 'CST3'")
    assert page.execute("w.errors") == "[]"
