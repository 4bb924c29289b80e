"""Whatever data are stored in, their export is the same, byte for byte."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from test_prepare import WHEN, tree

from cellucid import open_dataset, prepare
from cellucid.dataset import DatasetError

N_CELLS = 60


@pytest.fixture(scope="module")
def cells() -> ad.AnnData:
    rng = np.random.default_rng(3)
    obs = pd.DataFrame(
        {
            "group": pd.Categorical(rng.choice(["a", "b", "c"], N_CELLS)),
            "score": np.where(rng.random(N_CELLS) < 0.2, np.nan, rng.random(N_CELLS)),
            "flag": rng.random(N_CELLS) < 0.5,
        },
        index=[f"cell-{i}" for i in range(N_CELLS)],
    )
    counts = sparse.random(N_CELLS, 7, 0.3, format="csr", dtype=np.float32, random_state=4)
    data = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=list("ABCDEFG")))
    data.layers["dense"] = counts.toarray() * 2
    data.obsm["X_umap"] = rng.normal(size=(N_CELLS, 2)).astype(np.float32)
    data.obsm["X_umap_3d"] = rng.normal(size=(N_CELLS, 3)).astype(np.float32)
    data.obsm["X_pca"] = rng.normal(size=(N_CELLS, 10))
    data.obsm["spatial"] = rng.random((N_CELLS, 2)) * 1000
    data.obsm["velocity_umap"] = rng.normal(size=(N_CELLS, 2)).astype(np.float32)
    graph = sparse.random(N_CELLS, N_CELLS, 0.05, format="csr", random_state=5)
    data.obsp["connectivities"] = (graph + graph.T).tocsr()
    data.uns["group_colors"] = np.array(["#ff0000", "#00ff00", "#0000ff"], dtype=object)
    return data


def stored(cells: ad.AnnData, kind: str, folder: Path) -> object:
    match kind:
        case "h5ad":
            cells.write_h5ad(folder / "cells.h5ad", compression="gzip")
            return folder / "cells.h5ad"
        case "backed":
            cells.write_h5ad(folder / "cells.h5ad")
            return ad.read_h5ad(folder / "cells.h5ad", backed="r")
        case "zarr":
            pytest.importorskip("zarr")
            cells.write_zarr(folder / "cells.zarr")
            return str(folder / "cells.zarr")
        case "csc":
            other = cells.copy()
            other.X = sparse.csc_array(other.X)
            return other
    raise AssertionError(kind)


@pytest.mark.parametrize("layer", [None, "dense"])
@pytest.mark.parametrize("kind", ["h5ad", "backed", "zarr", "csc"])
def test_e11_every_container_comes_to_the_same_export(
    cells: ad.AnnData, tmp_path: Path, kind: str, layer: str | None
) -> None:
    options = {"dataset_name": "x", "created_at": WHEN, "var_quantization": 8, "compression": 6, "progress": False}
    data = stored(cells, kind, tmp_path)
    before = Path(data).stat().st_mtime_ns if isinstance(data, str | Path) else None
    prepare(cells, tmp_path / "memory", layer=layer, **options)  # type: ignore[arg-type]
    prepare(data, tmp_path / "stored", layer=layer, **options)  # type: ignore[arg-type]
    assert tree(tmp_path / "stored") == tree(tmp_path / "memory")
    assert (tmp_path / "memory/connectivity_manifest.json").exists()
    assert (tmp_path / "memory/vectors/velocity_umap_2d.bin.gz").exists()
    if before is not None:
        assert Path(data).stat().st_mtime_ns == before  # type: ignore[arg-type]
    if isinstance(data, ad.AnnData) and data.isbacked:
        assert data.X[:2].shape == (2, 7)  # the user's file stays open
        data.file.close()


def test_an_export_keeps_which_way_is_down_and_chosen_components(cells: ad.AnnData, tmp_path: Path) -> None:
    there = open_dataset(prepare(cells, tmp_path / "out", progress=False))
    here = open_dataset(cells)
    assert there.embeddings == here.embeddings
    for key in here.embeddings:
        assert there.embedding(key).y_down == here.embedding(key).y_down
        np.testing.assert_allclose(there.coordinates(key), here.coordinates(key), rtol=1e-5, atol=1e-5)
    chosen = open_dataset(prepare(cells, tmp_path / "chosen", embeddings=["X_pca:2,4"], progress=False))
    np.testing.assert_allclose(chosen.coordinates(chosen.embeddings[0]), cells.obsm["X_pca"][:, [1, 3]], atol=1e-5)


def test_a_damaged_graph_is_named(cells: ad.AnnData, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    cells.write_h5ad(tmp_path / "cells.h5ad")
    with h5py.File(tmp_path / "cells.h5ad", "r+") as file:
        file["obsp/connectivities/indices"][0] = 10_000_000
    with pytest.raises(DatasetError, match=r"obsp\['connectivities'\] of 'cells.h5ad'"):
        prepare(tmp_path / "cells.h5ad", tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_the_command_freezes_a_file(cells: ad.AnnData, tmp_path: Path) -> None:
    from cellucid import cli

    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert cli.main(["prepare", str(tmp_path / "cells.h5ad"), str(tmp_path / "out"), "--quiet"]) == 0
    assert open_dataset(tmp_path / "out").n_genes == 7
