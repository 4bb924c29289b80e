"""Files and export folders in the notebook: the cells that were saved, in their colours and at their places."""

import json

import numpy as np
import pytest
from matplotlib import colormaps

from cells import LOAD, few_cells, inside, isolated, rgb, wrong_colors
from hosts.widget import WidgetPage

EXPORT = """
from cellucid import prepare, show
folder = prepare(adata, "my_export", obs_continuous_quantization=8, compression=6, progress=False)
w = show(folder, color_by="bulk_labels", point_size=0.36)
"""
H5AD = """
adata.write_h5ad("cells.h5ad", compression="gzip")
w = show_anndata("cells.h5ad", color_by="bulk_labels", point_size=0.36)
"""
ZARR = """
adata.write_zarr("cells.zarr")
w = show_anndata("cells.zarr", color_by="bulk_labels", point_size=0.36)
"""


@pytest.fixture
def adata():
    return few_cells()


@pytest.mark.parametrize(
    ("code", "n_genes"),
    [
        pytest.param(EXPORT, 0, id="export"),
        pytest.param(H5AD, 765, id="h5ad"),
        pytest.param(ZARR, 765, id="zarr", marks=pytest.mark.slow),
    ],
)
def test_what_was_saved_is_drawn_coloured_and_selected_as_its_data_are(notebook, adata, code, n_genes):
    page = notebook([LOAD, code])
    page.run_all()
    widget = WidgetPage(page)
    assert widget.settle()["cells_drawn"] == 700
    pixels = widget.project(adata.obsm["X_umap"])
    alone = isolated(pixels, 4)
    assert len(alone) >= 20
    colors = rgb(list(adata.uns["bulk_labels_colors"]))[adata.obs["bulk_labels"].cat.codes]
    assert wrong_colors(widget.pixels(), pixels, alone, colors) == 0

    plot = widget.inspect()["plot"]
    box = np.array([[0.1, 0.05], [0.55, 0.05], [0.55, 0.95], [0.1, 0.95]]) * [plot["width"], plot["height"]]
    widget.press("l")
    expected = inside(adata.obsm["X_umap"], widget.unproject(widget.draw(box)))
    assert len(expected) > 50
    page.wait_for(f"len(w.selection) == {len(expected)}")
    names = json.loads(page.execute("import json; print(json.dumps(list(w.selected_names)))"))
    assert names == adata.obs_names[expected].tolist()
    assert page.execute("print(w.selected.shape)") == f"({len(expected)}, {n_genes})"

    page.execute("w.clear_selection(); w.color_by = 'CST3'")
    widget.root.get_by_role("heading", name="CST3").wait_for()
    widget.settle()
    values = adata.raw[:, "CST3"].X.toarray().ravel()
    span = (values - values.min()) / (values.max() - values.min())
    viridis = (colormaps["viridis"](span)[:, :3] * 255).round().astype(np.uint8)
    assert wrong_colors(widget.pixels(), pixels, alone, viridis, tolerance=6) == 0
    assert "raw" in widget.root.locator(".legend").inner_text()
