"""The data that every side gets: scanpy's 700 cells, drawn again and again with a fixed seed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData
from scipy import sparse

SEED = 20240229
FIELDS = ("bulk_labels", "louvain")
NUMBER = "percent_mito"
CELLS_A_PART = 5_000


def counts(n_cells: int, n_genes: int, density: float) -> sparse.csr_matrix[Any]:
    """A CSR matrix of float32: bootstrapped cells and genes, entries thinned out to about `density`."""
    rng = np.random.default_rng(SEED)
    raw = _few().raw.X.tocsc()[:, rng.integers(0, 765, n_genes)].tocsr()
    kept = density * raw.shape[0] * n_genes / raw.nnz
    parts = []
    # Some cells at a time: before they are thinned out there are several times as many entries.
    for start in range(0, n_cells, CELLS_A_PART):
        part = raw[rng.integers(0, raw.shape[0], min(CELLS_A_PART, n_cells - start))]
        part.data[rng.random(part.nnz, dtype=np.float32) > kept] = 0
        part.eliminate_zeros()
        part.sort_indices()
        parts.append(part)
    return sparse.vstack(parts, format="csr")


def plot_cells(n_cells: int) -> AnnData:
    """Cells with an embedding of two equal halves, mirror images left and right of a gap at x = 0.

    Whatever a viewer does to fit the plot, the gap is in its middle: a lasso round the left half holds half the cells.
    """
    rng = np.random.default_rng(SEED)
    few = _few()
    rows = rng.integers(0, few.n_obs, n_cells)
    xy = few.obsm["X_umap"][rows] + rng.normal(scale=0.25, size=(n_cells, 2))
    left = np.arange(n_cells) % 2 == 0
    xy[:, 0] -= xy[:, 0].min() - 2
    xy[left, 0] *= -1
    obs = few.obs[[*FIELDS, NUMBER]].iloc[rows].set_axis([f"cell-{i}" for i in range(n_cells)])
    uns = {f"{field}_colors": few.uns[f"{field}_colors"] for field in FIELDS if f"{field}_colors" in few.uns}
    return AnnData(obs=obs, obsm={"X_umap": xy.astype(np.float32)}, uns=uns)


def plot_frame(n_cells: int) -> pd.DataFrame:
    """The same cells as a data frame: `x`, `y` and the columns."""
    cells = plot_cells(n_cells)
    xy = cells.obsm["X_umap"]
    return cells.obs.reset_index(drop=True).assign(x=xy[:, 0], y=xy[:, 1])


def _few() -> AnnData:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sc.datasets.pbmc68k_reduced()
