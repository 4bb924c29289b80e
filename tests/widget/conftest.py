import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc

from cellucid import CellucidWidget
from cellucid.channel.pace import Pace
from cellucid.widget.paced import PacedWidget
from kernels import EACH, Kernel, is_installed


@pytest.fixture(autouse=True)
def _own_pace(monkeypatch):
    """A test that sends much does not hold up the messages of the next."""
    monkeypatch.setattr(PacedWidget, "_pace", Pace())


@pytest.fixture(scope="session")
def adata():
    """The 700 cells of scanpy's pbmc68k_reduced, shared: nothing may change them."""
    return sc.datasets.pbmc68k_reduced()


@pytest.fixture(scope="module", params=EACH)
def kernel(request, tmp_path_factory):
    """A kernel of each ipykernel that has run `SETUP` of the module that asks for it."""
    if not is_installed(request.param):
        pytest.skip(f"ipykernel {request.param} is not installed: make kernels")
    with Kernel(request.param, tmp_path_factory.mktemp("kernel")) as kernel:
        kernel.run(request.module.SETUP)
        yield kernel


@pytest.fixture
def widget(adata):
    widget = CellucidWidget(adata, color_by="louvain")
    yield widget
    widget.close()


@pytest.fixture
def cube():
    """Ten cells with a plane and a space to be shown in, categories, numbers with missing values, and two matrices."""
    rng = np.random.default_rng(0)
    obs = pd.DataFrame(
        {
            "leiden": pd.Categorical(["0", "1", "2", None, "0", "1", "2", "0", "1", "0"]),
            "score": [0.0, 1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        },
        index=[f"cell-{n}" for n in range(10)],
    )
    counts = rng.poisson(1, (10, 3)).astype(np.float32)
    data = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=["CD3E", "MS4A1", "leiden"]))
    data.layers["double"] = counts * 2
    data.obsm["X_umap"] = rng.normal(size=(10, 2)).astype(np.float32)
    data.obsm["X_umap_3d"] = rng.normal(size=(10, 3)).astype(np.float32)
    return data


@pytest.fixture
def shown(cube):
    widget = CellucidWidget(cube)
    yield widget
    widget.close()
