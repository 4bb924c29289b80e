"""The wheel alone, where there is no Node and no checkout: what `pip install` gives a person."""

import subprocess
import sys
from pathlib import Path

import pytest

from hosts.jupyterlab import JupyterLab
from hosts.notebook import NotebookPage, write_notebook
from hosts.widget import WidgetPage

ROOT = Path(__file__).parent.parent

CELLS = """
import importlib.util, pathlib, shutil
import anndata as ad, cellucid
assert shutil.which("node") is None and shutil.which("npm") is None
scanpy = pathlib.Path(importlib.util.find_spec("scanpy").origin).parent
v = cellucid.show_anndata(ad.read_h5ad(scanpy / "datasets" / "10x_pbmc68k_reduced.h5ad"), color_by="CST3")
v
"""


@pytest.mark.slow
def test_the_installed_wheel_shows_the_widget_without_node(tmp_path, browser):
    installed, notebooks = tmp_path / "installed", tmp_path / "notebooks"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    [wheel] = tmp_path.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(installed), str(wheel)]
    subprocess.run(pip, cwd=tmp_path, check=True)
    write_notebook(notebooks / "wheel.ipynb", [CELLS])
    # The wheel comes before the checkout, which is installed in place in this environment.
    environment = {"PYTHONPATH": str(installed), "PATH": str(Path(sys.executable).parent)}
    with JupyterLab(notebooks, env=environment) as lab:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        notebook = NotebookPage(page, lab, "wheel.ipynb").open()
        notebook.run_all()
        assert WidgetPage.count(notebook) == 1
        assert WidgetPage(notebook).settle()["cells_drawn"] == 700
        assert notebook.execute("print(cellucid.__file__)").startswith(str(installed))
        page.close()
