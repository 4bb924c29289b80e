"""What the page without Python has to make of export folders: written here, held to by js/tests/unit/files.test.ts.

`python tests/dataset/test_page_vectors.py` writes the vectors anew.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from cellucid.dataset import open_dataset
from cellucid.dataset.paths import IDENTITY
from cellucid.export import prepare

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
EXPORTS = VECTORS / "exports"  # Cellucid's
OWN = VECTORS / "own_exports"
WRITTEN = VECTORS / "exports.json"
FOLDERS = {folder.name: folder for place in (EXPORTS, OWN) for folder in sorted(place.iterdir())}


def answers(folder: Path) -> dict[str, Any]:
    """The bytes of every resource that the viewer reads, in base64, by path; the JSON ones as they are."""
    found: dict[str, Any] = {}
    with warnings.catch_warnings(), open_dataset(folder) as dataset:
        warnings.simplefilter("ignore")
        for path in dataset.resources():
            if path == IDENTITY or path.startswith(("vectors/", "connectivity/")):
                continue
            resource = dataset.read(path)
            if resource.dtype is None:
                found[path] = json.loads(bytes(resource.data))
            else:
                found[path] = {"dtype": resource.dtype, "base64": base64.b64encode(resource.data).decode()}
    return found


@pytest.mark.parametrize("name", list(FOLDERS))
def test_the_vectors_are_what_python_reads(name: str):
    assert json.loads(WRITTEN.read_text(encoding="utf-8"))[name] == answers(FOLDERS[name])


# ---- writing them ----


def odd_data() -> ad.AnnData:
    """Cells with all that exports differ in: missing values, odd names, many categories, two matrices."""
    rng = np.random.default_rng(3)
    n_cells, n_genes = 14, 5
    number = rng.normal(size=n_cells).astype(np.float32) * 1e3
    number[[2, 5]] = np.nan, np.inf
    obs = pd.DataFrame(
        {
            "cell type": pd.Categorical(rng.choice(["B", "T/NK", "Ünklar"], n_cells), ["T/NK", "B", "Ünklar", "none"]),
            "is it": rng.random(n_cells) < 0.5,
            "count": rng.integers(0, 99, n_cells),
            "number": number,
            "clone": pd.Categorical.from_codes(rng.integers(0, 1100, n_cells), [f"c{n}" for n in range(1100)]),
            "a/b": rng.random(n_cells),
        },
        index=[f"cell {n}-é" for n in range(n_cells)],
    )
    obs.loc[obs.index[3], "cell type"] = None
    names = ["HLA/A", "HLA-B", "MT-CO1", "ACTB", "β-gene"]
    var = pd.DataFrame({"gene_ids": [f"ENSG{n:011d}" for n in range(n_genes)]}, index=names)
    adata = ad.AnnData(rng.poisson(2, (n_cells, n_genes)).astype(np.float32), obs, var)
    adata.raw = adata.copy()
    adata.X = np.log1p(adata.X)
    umap = rng.normal(size=(n_cells, 2)).astype(np.float32) * 7 + 3
    umap[4, 1] = np.nan
    adata.obsm["X_umap"] = umap
    adata.obsm["X_umap_3d"] = rng.normal(size=(n_cells, 3)).astype(np.float32)
    adata.obsm["spatial"] = rng.random((n_cells, 2)).astype(np.float32) * 1e4
    adata.uns["cell type_colors"] = ["#ff0000", "#00ff00", "#0000FF", "#123456"]
    return adata


def write_exports() -> None:
    """Makes the exports that are not Cellucid's own."""
    options: dict[str, Any] = {"created_at": "2026-01-31T12:00:00Z", "dataset_id": "odd", "dataset_name": "Odd cells"}
    prepare(odd_data(), OWN / "own-none", force=True, **options)
    small = {"var_quantization": 16, "obs_continuous_quantization": 8, "compression": 9}
    prepare(odd_data(), OWN / "own-q16gz", force=True, **small, **options)  # type: ignore[arg-type]
    odd = OWN / "odd-labels"
    shutil.rmtree(odd, ignore_errors=True)
    shutil.copytree(EXPORTS / "B-none", odd)
    manifest = json.loads((odd / "obs_manifest.json").read_text())
    manifest["_categoricalFields"][0][1] = 7
    manifest["_categoricalFields"][0][2] = [1.0, 1e-7, 2.5e20]
    manifest["_categoricalFields"][2][2] = [1, "1", 1.0]
    (odd / "obs_manifest.json").write_text(json.dumps(manifest))


def write() -> None:
    """Writes the exports, and what is read from all of them."""
    write_exports()
    read = {name: answers(folder) for name, folder in FOLDERS.items()}
    WRITTEN.write_text(json.dumps(read, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(write())
