"""What the browser tests know about cells: the data they show, and independent ways to check what is shown."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scanpy as sc
from anndata import AnnData

# What `scanpy.datasets.pbmc68k_reduced()` reads; importing scanpy would take each kernel seconds.
LOAD = """
import importlib.util, pathlib, warnings
import anndata as ad, numpy as np
from cellucid import CellucidWidget, show_anndata
warnings.filterwarnings("ignore", category=FutureWarning)  # the file is of an old format
scanpy = pathlib.Path(importlib.util.find_spec("scanpy").origin).parent
adata = ad.read_h5ad(scanpy / "datasets" / "10x_pbmc68k_reduced.h5ad")
"""


def load_many(count: int, genes: int | None = None) -> str:
    """Code that makes so many cells, `many`; here they are in `many_coordinates`.

    Args:
        count: of cells.
        genes: so many of the genes; all unless given.
    """
    columns = "" if genes is None else f"[:, :{genes}]"
    return (
        LOAD
        + f"""
rng = np.random.default_rng(0)
rows = rng.integers(0, adata.n_obs, {count})
obs = adata.obs.iloc[rows].set_axis([f"cell-{{i}}" for i in range(len(rows))])
raw = adata.raw.to_adata(){columns}
many = ad.AnnData(raw.X[rows], obs=obs, var=raw.var, uns=adata.uns)
many.obsm["X_umap"] = (adata.obsm["X_umap"][rows] + rng.normal(scale=0.25, size=(len(rows), 2))).astype(np.float32)
"""
    )


LOAD_MANY = load_many(200_000)


def few_cells() -> AnnData:
    """The 700 cells that `LOAD` loads."""
    return sc.datasets.pbmc68k_reduced()


def many_coordinates(count: int = 200_000) -> npt.NDArray[np.float32]:
    """The coordinates of the cells that `load_many(count)` makes."""
    adata = few_cells()
    rng = np.random.default_rng(0)
    rows = rng.integers(0, adata.n_obs, count)
    jitter = rng.normal(scale=0.25, size=(len(rows), 2))
    return (adata.obsm["X_umap"][rows] + jitter).astype(np.float32)


def inside(xy: npt.NDArray[Any], polygon: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Positions of the points `(n, 2)` inside a polygon `(m, 2)` by the even-odd rule, in float64."""
    x, y = np.asarray(xy, dtype=np.float64).T
    odd = np.zeros(len(x), dtype=bool)
    for (xi, yi), (xj, yj) in zip(polygon, np.roll(polygon, 1, axis=0), strict=True):
        if yi != yj:
            odd ^= ((yi > y) != (yj > y)) & (x < (xj - xi) * (y - yi) / (yj - yi) + xi)
    return np.flatnonzero(odd)


def isolated(pixels: npt.NDArray[np.float64], distance: float) -> npt.NDArray[np.intp]:
    """Positions of the points `(n, 2)` that have no other within a distance."""
    gaps = np.hypot(*(pixels[:, None] - pixels[None]).transpose(2, 0, 1))
    np.fill_diagonal(gaps, np.inf)
    return np.flatnonzero(gaps.min(axis=1) > distance)


def rgb(colors: list[str]) -> npt.NDArray[np.uint8]:
    """`#rrggbb` texts as `(n, 3)`."""
    return np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in colors], dtype=np.uint8)


def wrong_colors(
    picture: npt.NDArray[np.uint8],
    pixels: npt.NDArray[np.float64],
    cells: npt.NDArray[np.intp],
    expected: npt.NDArray[Any],
    tolerance: int = 4,
) -> int:
    """How many of the cells do not have their colour at their pixel.

    Args:
        picture: the plot, `(height, width, 3)`.
        pixels: where all cells are in the plot, `(n, 2)`.
        cells: which cells to look at.
        expected: the colours of all cells, `(n, 3)`.
        tolerance: largest difference in any channel.
    """
    x, y = np.floor(pixels[cells]).astype(int).T
    seen = picture[y, x].astype(int)
    return int(np.count_nonzero(np.abs(seen - expected[cells].astype(int)).max(axis=1) > tolerance))
