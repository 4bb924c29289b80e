"""Export folders go both ways: Cellucid 0.0.9 itself reads ours over HTTP, and we read what it writes."""

import gzip
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import reference
from cellucid import open_dataset, prepare

N_CELLS = 300
OPTIONS = [(None, None), (8, 6), (16, 1)]


@pytest.fixture(scope="module")
def cells() -> ad.AnnData:
    """Cells with something of everything that dialect A can hold."""
    rng = np.random.default_rng(7)
    groups = pd.Categorical.from_codes(rng.integers(-1, 3, N_CELLS), ["B cells", "T/NK", "日本", "unused"][:4])
    obs = pd.DataFrame(
        {
            "cell type": groups,
            "n counts": rng.normal(1000, 200, N_CELLS),
            "doublet": rng.random(N_CELLS) < 0.1,
            "score": np.where(rng.random(N_CELLS) < 0.2, np.nan, rng.normal(size=N_CELLS)),
            "barcode": [f"bc{i:04d}" for i in range(N_CELLS)],  # 300 categories: two bytes each
        },
        index=[f"cell-{i}" for i in range(N_CELLS)],
    )
    counts = sparse.csr_matrix(rng.poisson(0.3, (N_CELLS, 6)).astype(np.float32))
    data = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=["CD3/D", "HLA-A", " .x_", "GENE 5", "b", "MT-CO1"]))
    data.obsm["X_umap"] = (rng.normal(size=(N_CELLS, 2)) * (4, 9) + (100, -3)).astype(np.float32)
    data.obsm["X_umap_3d"] = rng.normal(size=(N_CELLS, 3)).astype(np.float32)
    data.obsm["X_pca"] = rng.normal(size=(N_CELLS, 5))
    data.obsm["velocity_umap"] = rng.normal(size=(N_CELLS, 2)).astype(np.float32)
    data.obsp["connectivities"] = sparse.random(N_CELLS, N_CELLS, 0.02, format="csr", random_state=3)
    return data


# ---- ours, read by them ----


class Remote:
    """An export at an address, read as its manifests say and with nothing of our reader."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.identity, self.obs, self.var, self.graph = (
            json.loads(self.get(name))
            for name in (
                *("dataset_identity.json", "obs_manifest.json"),
                *("var_manifest.json", "connectivity_manifest.json"),
            )
        )

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.address}/{path}") as answer:
            content: bytes = answer.read()
        return gzip.decompress(content) if path.endswith(".gz") else content

    def values(self, schema: dict[str, Any], pattern: str, name: str, extent: list[float]) -> np.ndarray:
        path = schema[pattern].replace("{key}", name)
        stored = np.frombuffer(self.get(path), schema.get("dtype") or schema["outlierDtype"])
        if stored.dtype == np.float32:
            return stored
        low, high = extent
        missing = np.iinfo(stored.dtype).max
        return np.where(stored == missing, np.nan, low + stored * ((high - low) / (missing - 1)))


SAFE = {"CD3/D": "CD3_D", " .x_": "x", "GENE 5": "GENE_5", "n counts": "n_counts", "cell type": "cell_type"}


@pytest.mark.parametrize(("bits", "compression"), OPTIONS)
def test_their_server_serves_ours_value_by_value(
    cells: ad.AnnData, tmp_path: Path, bits: Any, compression: int | None
) -> None:
    folder = prepare(
        cells,
        tmp_path / "ours",
        var_quantization=bits,
        obs_continuous_quantization=bits,
        compression=compression,
        dataset_name="Ours",
        progress=False,
    )
    half_a_step = 0 if bits is None else 0.5001 / (254 if bits == 8 else 65534)
    with reference.serve(folder) as address:
        with urllib.request.urlopen(f"{address}/_cellucid/datasets") as answer:
            assert json.load(answer) == {"datasets": [{"id": "Ours", "path": "/", "name": "Ours"}]}
        remote = Remote(address)
        assert remote.identity["stats"] == {
            **{"n_cells": N_CELLS, "n_genes": 6, "n_obs_fields": 5, "n_categorical_fields": 3},
            **{"n_continuous_fields": 2, "has_connectivity": True, "n_edges": remote.graph["n_edges"]},
        }
        for gene, *extent in remote.var["fields"]:
            found = remote.values(remote.var["_varSchema"], "pathPattern", SAFE.get(gene, gene), extent)
            truth = cells[:, gene].X.toarray().ravel()
            np.testing.assert_allclose(found, truth, rtol=1e-6, atol=half_a_step * np.ptp(truth))
        schemas = remote.obs["_obsSchemas"]
        for key, *extent in remote.obs["_continuousFields"]:
            found = remote.values(schemas["continuous"], "pathPattern", SAFE.get(key, key), extent)
            truth = cells.obs[key].to_numpy()
            np.testing.assert_allclose(
                found, truth, rtol=1e-6, atol=half_a_step * (np.nanmax(truth) - np.nanmin(truth))
            )
        for key, labels, dtype, missing, centroids, *extent in remote.obs["_categoricalFields"]:
            column = cells.obs[key].astype("category")
            ext = {"uint8": "u8", "uint16": "u16"}[dtype]
            path = schemas["categorical"]["codesPathPattern"].replace("{ext}", ext).replace("{key}", SAFE.get(key, key))
            codes = np.frombuffer(remote.get(path), dtype).astype(int)
            np.testing.assert_array_equal(np.where(codes == missing, -1, codes), column.cat.codes)
            assert labels == [str(category) for category in column.cat.categories]
            assert sorted(centroids) == ["2", "3"]
            outliers = remote.values(schemas["categorical"], "outlierPathPattern", SAFE.get(key, key), extent)
            assert np.isnan(outliers[column.isna()]).all()
            assert (outliers[~np.isnan(outliers)] > 0).all()
        for name, key in (("2d", "X_umap"), ("3d", "X_umap_3d")):
            points = np.frombuffer(remote.get(remote.identity["embeddings"]["files"][name]), np.float32)
            truth = cells.obsm[key]
            extent = np.ptp(truth, axis=0)
            expected = (truth - truth.min(axis=0) - extent / 2) * 2 / extent.max()
            np.testing.assert_allclose(points.reshape(truth.shape), expected, atol=2e-6)
        vectors = remote.identity["vector_fields"]["fields"]["velocity_umap"]
        assert (vectors["label"], vectors["basis"]) == ("Velocity (UMAP)", "umap")
        arrows = np.frombuffer(remote.get(vectors["files"]["2d"]), np.float32).reshape(-1, 2)
        truth = cells.obsm["velocity_umap"] * 2 / np.ptp(cells.obsm["X_umap"], axis=0).max()
        np.testing.assert_allclose(arrows, truth, rtol=1e-6)
        ends = [
            np.frombuffer(remote.get(remote.graph[name]), remote.graph["index_dtype"])
            for name in ("sourcesPath", "destinationsPath")
        ]
        joined = sparse.triu(cells.obsp["connectivities"] + cells.obsp["connectivities"].T, 1).tocsr().nonzero()
        np.testing.assert_array_equal(ends, joined)


def test_their_server_serves_the_arrows_of_an_export_of_an_export(cells: ad.AnnData, tmp_path: Path) -> None:
    first = prepare(cells, tmp_path / "first", genes=["b"], compression=6, progress=False)
    with reference.serve(prepare(first, tmp_path / "second", progress=False)) as address:
        remote = Remote(address)
        field = remote.identity["vector_fields"]["fields"]["velocity_umap"]
        arrows = np.frombuffer(remote.get(field["files"]["2d"]), np.float32).reshape(-1, 2)
    truth = cells.obsm["velocity_umap"] * 2 / np.ptp(cells.obsm["X_umap"], axis=0).max()
    np.testing.assert_allclose(arrows, truth, rtol=1e-5)


def test_their_server_offers_a_folder_of_several(cells: ad.AnnData, tmp_path: Path) -> None:
    for name in ("one", "two"):
        prepare(cells, tmp_path / "all" / name, genes=[], progress=False)
    with (
        reference.serve(tmp_path / "all") as address,
        urllib.request.urlopen(f"{address}/_cellucid/datasets") as answer,
    ):
        assert sorted(one["path"] for one in json.load(answer)["datasets"]) == ["/one/", "/two/"]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}/one/var_manifest.json")


# ---- theirs, read by us ----

PREPARE = """
import sys, json, anndata as ad
from cellucid import prepare
cells = ad.read_h5ad(sys.argv[1])
bits, compression = json.loads(sys.argv[3])
prepare(
    latent_space=cells.obsm["X_pca"], obs=cells.obs, var=cells.var, gene_expression=cells.X,
    connectivities=cells.obsp["connectivities"], out_dir=sys.argv[2], var_quantization=bits,
    obs_continuous_quantization=bits, compression=compression, dataset_id="theirs", dataset_name="Theirs",
    X_umap_2d=cells.obsm["X_umap"], X_umap_3d=cells.obsm["X_umap_3d"],
    vector_fields={"velocity_umap_2d": cells.obsm["velocity_umap"].copy()},
)
"""


@pytest.fixture(scope="module")
def file(cells: ad.AnnData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "cells.h5ad"
    slashless = cells.copy()
    slashless.write_h5ad(path)
    return path


@pytest.mark.parametrize(("bits", "compression"), OPTIONS)
def test_we_read_what_they_write(
    cells: ad.AnnData, file: Path, tmp_path: Path, bits: Any, compression: int | None
) -> None:
    reference.run(PREPARE, file, tmp_path / "theirs", json.dumps([bits, compression]))
    theirs = open_dataset(tmp_path / "theirs")
    ours = open_dataset(prepare(cells, tmp_path / "ours", compression=compression, progress=False))
    assert (theirs.id, theirs.name, theirs.n_cells, theirs.n_genes) == ("theirs", "Theirs", N_CELLS, 6)
    assert theirs.embeddings == ["X_umap_3d", "X_umap_2d"]
    # They truncate where they quantise: a whole step.
    step = 0 if bits is None else 1.001 / (254 if bits == 8 else 65534)
    for gene in cells.var_names:
        truth = ours.gene(gene)
        np.testing.assert_allclose(theirs.gene(gene), truth, rtol=1e-6, atol=step * np.ptp(truth))
    for key in ("n counts", "score"):
        truth = ours.obs(key)
        np.testing.assert_allclose(theirs.obs(key), truth, rtol=1e-6, atol=step * (truth.max() - truth.min()))
    for key in ("cell type", "doublet", "barcode"):
        assert theirs.obs(key).cat.categories.tolist() == ours.obs(key).cat.categories.tolist()
        np.testing.assert_array_equal(theirs.obs(key).cat.codes, ours.obs(key).cat.codes)
    for end in ("sources", "destinations"):
        path = f"connectivity/{end}.u32"
        np.testing.assert_array_equal(theirs.read(path).as_array(), ours.read(path).as_array())
    # The same files, where no rounding is in between.
    for path in ("points_2d.bin", "points_3d.bin", "vectors/velocity_umap_2d.bin", "connectivity/edges.src.bin"):
        assert _content(tmp_path / "ours" / path) == _content(tmp_path / "theirs" / path)
    if bits is None:
        for path in sorted((tmp_path / "theirs").glob("var/*")):
            assert _content(tmp_path / "ours/var" / path.name) == _content(path)
        for path in sorted((tmp_path / "theirs").glob("obs/*.outliers.*")):
            mine, other = (
                np.frombuffer(_content(one), np.float32) for one in (tmp_path / "ours/obs" / path.name, path)
            )
            np.testing.assert_allclose(mine, other, atol=1e-6)
        _compare_manifests(tmp_path / "ours", tmp_path / "theirs")


def _content(path: Path) -> bytes:
    path = path.with_name(path.name.removesuffix(".gz"))
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())


def _compare_manifests(ours: Path, theirs: Path) -> None:
    """Every document says the same, but for rounding, and the time and name of the export."""
    for name in ("obs_manifest.json", "var_manifest.json", "connectivity_manifest.json", "dataset_identity.json"):
        mine, other = (json.loads((folder / name).read_text()) for folder in (ours, theirs))
        assert list(mine) == list(other), name
        for document in (mine, other):
            for key in ("id", "name", "created_at", "cellucid_data_version"):
                document.pop(key, None)
        if name == "obs_manifest.json":
            for left, right in zip(mine.pop("_categoricalFields"), other.pop("_categoricalFields"), strict=True):
                centroids = [[(one["category"], one["n_points"]) for one in entry[4]["2"]] for entry in (left, right)]
                assert centroids[0] == centroids[1]
                places = [[one["position"] for one in entry.pop(4)["2"]] for entry in (left, right)]
                np.testing.assert_allclose(*places, atol=1e-6) if places[0] else None
                assert left == right
        assert mine == other, name


@pytest.mark.parametrize("in_the_same_second", [False, True])
def test_a_second_export_of_theirs_over_ours_puts_our_additions_aside(
    cells: ad.AnnData, file: Path, tmp_path: Path, in_the_same_second: bool
) -> None:
    folder = prepare(cells, tmp_path / "both", progress=False, created_at="2026-01-31T12:00:00Z")
    reference.run(
        PREPARE.replace("compression=compression,", "compression=compression, force=True,"),
        file,
        folder,
        "[null, null]",
    )
    if in_the_same_second:
        theirs, ours = folder / "dataset_identity.json", folder / "additions.json"
        when = json.loads(theirs.read_text())["created_at"]
        ours.write_text(json.dumps(json.loads(ours.read_text()) | {"created_at": when}))
    with pytest.warns(UserWarning, match="belongs to another export"):
        dataset = open_dataset(folder)
    assert (dataset.id, dataset.cell_names) == ("theirs", None)
    assert dataset.embeddings == ["X_umap_3d", "X_umap_2d"]
