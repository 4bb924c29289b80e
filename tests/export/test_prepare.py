"""What `prepare` writes, and every way in which Cellucid's own writer went wrong (E1 to E24)."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import tracemalloc
import warnings
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from cellucid import generate_datasets_manifest, open_dataset, prepare
from cellucid.dataset import DatasetError, FolderDataset, UnknownEmbedding, UnknownField, UnknownLayer
from cellucid.dataset.folder import find_exports
from cellucid.dataset.folder.quantization import dequantize, quantize
from cellucid.export.neighbors import find_edges

WHEN = "2026-01-31T12:00:00Z"
EXPORTS = Path(__file__).resolve().parents[1] / "vectors/exports"


def small(n_cells: int = 40, **parts: Any) -> ad.AnnData:
    rng = np.random.default_rng(1)
    defaults = {
        "X": sparse.csr_matrix(rng.poisson(0.5, (n_cells, 4)).astype(np.float32)),
        "obs": pd.DataFrame(
            {"group": pd.Categorical(list("ab" * (n_cells // 2))), "score": np.linspace(0, 1, n_cells)},
            index=[f"cell-{i}" for i in range(n_cells)],
        ),
        "var": pd.DataFrame(index=["CD3E", "MS4A1", "NKG7", "LYZ"]),
        "obsm": {"X_umap": rng.normal(size=(n_cells, 2)).astype(np.float32)},
    }
    return ad.AnnData(**(defaults | parts))


def export(data: object, folder: Path, **options: Any) -> FolderDataset:
    opened = open_dataset(prepare(data, folder, progress=False, **options))
    assert isinstance(opened, FolderDataset)
    return opened


def manifest(folder: Path, name: str) -> Any:
    def refuse(token: str) -> None:
        raise AssertionError(f"{token} in {name}")

    return json.loads((folder / name).read_text(), parse_constant=refuse)


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# ---- there and back ----


@pytest.mark.parametrize("compression", [None, 6])
@pytest.mark.parametrize("bits", [None, 8, 16])
def test_everything_comes_back(tmp_path: Path, bits: Any, compression: int | None) -> None:
    data = small()
    data.obs["missing"] = np.where(np.arange(40) % 3, np.arange(40), np.nan)
    data.obs["flag"] = np.arange(40) % 4 == 0
    data.uns["group_colors"] = ["#ff0000", "#00ff00"]
    data.obsm["X_tsne"] = np.arange(80.0).reshape(40, 2)
    data.obsm["X_umap_3d"] = np.arange(120, dtype=np.float32).reshape(40, 3) + 1e4
    here = open_dataset(data)
    options = {"var_quantization": bits, "obs_continuous_quantization": bits, "compression": compression}
    there = export(data, tmp_path / "out", **options)
    half_a_step = 0 if bits is None else 0.5001 / (254 if bits == 8 else 65534)
    assert there.embeddings == here.embeddings
    for key in here.embeddings:
        extent = np.ptp(here.coordinates(key), axis=0).max()
        np.testing.assert_allclose(there.coordinates(key), here.coordinates(key), rtol=2e-7, atol=2e-7 * extent)
        assert there.embedding(key).n_placed == here.embedding(key).n_placed
    assert [field.key for field in there.fields] == [field.key for field in here.fields]
    for mine, other in zip(there.fields, here.fields, strict=True):
        assert (mine.kind, mine.categories, mine.colors) == (other.kind, other.categories, other.colors)
        if mine.kind == "categorical":
            np.testing.assert_array_equal(there.obs(mine.key).cat.codes, here.obs(mine.key).cat.codes)
        else:
            truth = here.obs(mine.key)
            extent = truth.max() - truth.min()
            np.testing.assert_allclose(there.obs(mine.key), truth, rtol=1e-6, atol=half_a_step * extent)
    assert there.genes.tolist() == here.genes.tolist()
    for gene in here.genes:
        truth = here.gene(gene)
        np.testing.assert_allclose(there.gene(gene), truth, rtol=1e-6, atol=half_a_step * np.ptp(truth))
    assert there.cell_names is not None
    assert there.cell_names.tolist() == data.obs_names.tolist()
    assert there.query("group == 'a'").tolist() == here.query("group == 'a'").tolist()
    first = json.loads(bytes(there.read("manifest.json").data))
    assert first["cell_names"] == {"path": "cells/names.{block}.json", "block": 1024}
    assert json.loads(bytes(there.read("cells/names.0.json").data))["names"][:2] == ["cell-0", "cell-1"]


def test_the_matrix_in_use_is_the_one_that_is_named(tmp_path: Path) -> None:
    data = small()
    data.raw = data.copy()
    data = data[:, :2].copy()
    data.layers["double"] = data.X * 2
    assert export(data, tmp_path / "default").default_layer == "raw"
    assert export(data, tmp_path / "default2").n_genes == 4
    double = export(data, tmp_path / "double", layer="double", genes=["MS4A1"])
    assert (double.layers, double.genes.tolist()) == (["double"], ["MS4A1"])
    np.testing.assert_array_equal(double.gene("MS4A1"), data[:, "MS4A1"].X.toarray().ravel() * 2)
    for genes in (None, [], ["MS4A1"]):
        with pytest.raises(UnknownLayer, match="'raw', 'X', 'double'"):
            export(data, tmp_path / "none", layer="dobule", genes=genes)


def test_any_dialect_is_exported_anew(tmp_path: Path) -> None:
    for name in ("A-none", "B-q8gz", "C-none", "C-q8gz"):
        source = open_dataset(EXPORTS / name)
        copy = export(source, tmp_path / name)
        assert (copy.n_cells, copy.genes.tolist(), copy.cell_names) == (12, source.genes.tolist(), None)
        np.testing.assert_array_equal(copy.gene("CD3/D"), source.gene("CD3/D"))
        np.testing.assert_allclose(
            copy.coordinates(copy.embeddings[0]), source.coordinates(source.embeddings[0]), atol=1e-6
        )
        assert manifest(tmp_path / name, "connectivity_manifest.json")["n_edges"] == 6
        assert "velocity_umap" in manifest(tmp_path / name, "dataset_identity.json")["vector_fields"]["fields"]
        arrows = copy.aligned("obsm")["velocity_umap_2d"]
        np.testing.assert_allclose(arrows, source.aligned("obsm")["velocity_umap_2d"], rtol=1e-6)
        source.gene("HLA-A")  # a dataset that was passed in stays open


@pytest.mark.parametrize("compression", [None, 6])
def test_arrows_come_back_and_are_exported_anew(tmp_path: Path, compression: int | None) -> None:
    data = small()
    rng = np.random.default_rng(2)
    data.obsm["X_umap"] = data.obsm["X_umap"] * 7 + 100
    data.obsm["X_umap_3d"] = rng.normal(size=(40, 3)).astype(np.float32)
    data.obsm["velocity_umap"] = rng.normal(size=(40, 2)).astype(np.float32)
    data.obsm["velocity_umap_3d"] = rng.normal(size=(40, 3)).astype(np.float32)
    there = export(data, tmp_path / "out", compression=compression)
    again = export(tmp_path / "out", tmp_path / "again", compression=compression)
    for dataset in (there, again):
        arrows = dataset.aligned("obsm")
        assert sorted(arrows) == ["velocity_umap_2d", "velocity_umap_3d"]
        for key, embedding, own in (
            ("velocity_umap_2d", "X_umap", "velocity_umap"),
            ("velocity_umap_3d", "X_umap_3d", "velocity_umap_3d"),
        ):
            np.testing.assert_allclose(arrows[key], data.obsm[own], rtol=1e-6)
            path = f"vectors/velocity_umap/{embedding}.f32"
            assert path in dataset.resources()
            np.testing.assert_allclose(dataset.read(path).as_array(), data.obsm[own], rtol=1e-6)
    fields = [manifest(tmp_path / name, "dataset_identity.json")["vector_fields"] for name in ("out", "again")]
    assert fields[0] == fields[1]


def test_arrows_follow_the_embedding_that_they_are_over_and_not_its_name(tmp_path: Path) -> None:
    data = small()
    data.obsm["X_tsne"] = data.obsm["X_umap"] * 3
    data.obsm["X_umap_2d"] = data.obsm["X_umap"] * 50  # what Cellucid's manifest calls the first one
    data.obsm["velocity_umap"] = data.obsm["X_umap"] + 1
    for embeddings in (["X_umap", "X_umap_2d"], ["X_tsne"]):
        there = export(data, tmp_path / embeddings[0], embeddings=embeddings, vector_fields=["velocity_umap"])
        (key,) = there.aligned("obsm")
        np.testing.assert_allclose(there.aligned("obsm")[key], data.obsm["velocity_umap"], rtol=1e-5)
        assert f"vectors/velocity_umap/{embeddings[0]}.f32" in there.resources()


@pytest.mark.parametrize("kind", ["memory", "h5ad"])
def test_what_is_only_named_like_arrows_is_left_out_and_told(tmp_path: Path, kind: str) -> None:
    data = small()
    there = data.obsm["velocity_umap"] = np.ones((40, 2), np.float32)
    data.obsm["notes_umap"] = pd.DataFrame({"a": ["x"] * 40, "b": ["y"] * 40}, index=data.obs_names)
    data.obsm["complex_umap"] = np.ones((40, 2)) * 1j
    data.obsm["many_umap"] = np.ones((40, 5))
    data.obsm["deep_umap_2d"] = np.ones((40, 3))
    data.obsm["velocity_umap_3d"] = np.ones((40, 3))  # over an embedding that is not exported
    data.obsm["a b_umap"] = np.ones((40, 2))
    source: object = data
    if kind == "h5ad":
        data.write_h5ad(tmp_path / "cells.h5ad")
        source = tmp_path / "cells.h5ad"
    with pytest.warns(UserWarning, match="left out of the vector fields") as told:
        copy = export(source, tmp_path / "out")
    np.testing.assert_allclose(copy.aligned("obsm")["velocity_umap_2d"], there)
    assert len(copy.aligned("obsm")) == 1
    with pytest.raises(DatasetError, match="no embedding of 3d is exported"):
        export(source, tmp_path / "none", vector_fields=["velocity_umap_3d"])
    (text,) = [str(one.message) for one in told if "vector fields" in str(one.message)]
    for key, reason in (
        ("notes_umap", "its values are not real numbers"),
        ("complex_umap", "its values are not real numbers"),
        ("many_umap", r"it has shape \(40, 5\), expected \(40, 2\)"),
        ("deep_umap_2d", r"it has shape \(40, 3\), expected \(40, 2\)"),
        ("a b_umap", "its name has to be of letters"),
    ):
        assert re.search(f"'{key}': {reason}", text), text
        assert "velocity" not in text
        with pytest.raises(DatasetError, match=f"'{key}' cannot be exported: {reason}"):
            export(source, tmp_path / "none", vector_fields=[key])
    assert not (tmp_path / "none").exists()


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    data = small()
    data.obsm["X_tsne"] = data.obsm["X_umap"][::-1].copy()
    data.obsm["velocity_umap"] = data.obsm["X_umap"] * 2
    few = export(data, tmp_path / "few", embeddings=["X_tsne"], obs_keys=["score"], genes=[], vector_fields=[])
    assert (few.embeddings, [field.key for field in few.fields], few.n_genes) == (["X_tsne"], ["score"], 0)
    assert not (tmp_path / "few/var").exists()
    assert not (tmp_path / "few/vectors").exists()
    for options, error in (
        ({"embeddings": ["X_tsen"]}, UnknownEmbedding),
        ({"obs_keys": ["scroe"]}, UnknownField),
        ({"genes": ["CD3"]}, UnknownField),
        ({"latent_key": "X_pca"}, DatasetError),
        ({"vector_fields": ["velocity"]}, DatasetError),
        ({"vector_fields": {"a b_2d": np.zeros((40, 2))}}, DatasetError),
        ({"embeddings": []}, DatasetError),
    ):
        with pytest.raises(error):
            export(data, tmp_path / "nothing", **options)
        assert not list(tmp_path.glob("*nothing*"))


def test_cells_that_lie_out_are_found_in_the_latent_space(tmp_path: Path) -> None:
    data = small()
    data.obsm["X_pca"] = np.zeros((40, 3))
    data.obsm["X_pca"][6] = 50  # in group "a"
    prepare(data, tmp_path / "out", progress=False)
    outliers = np.fromfile(tmp_path / "out/obs/group.outliers.f32", np.float32)
    assert outliers[6] == 1
    assert outliers.argmax() == 6 or (outliers == 1).sum() > 1
    prepare(small(), tmp_path / "unknown", progress=False)
    assert np.isnan(np.fromfile(tmp_path / "unknown/obs/group.outliers.f32", np.float32)).all()


@settings(max_examples=60, deadline=None)
@given(
    values=hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32)), bits=st.sampled_from([8, 16])
)  # fmt: skip
def test_a_quantised_value_is_off_by_half_a_step_at_most(values: np.ndarray, bits: Any) -> None:
    codes, low, high = quantize(values, bits)
    finite = np.isfinite(values)
    back = dequantize(codes, low, high)
    np.testing.assert_array_equal(np.isnan(back), ~finite)
    assert np.isfinite([low, high]).all()
    assert low < high
    step = (high - low) / (254 if bits == 8 else 65534)
    slack = 0.501 * step + 1e-6 * max(abs(low), abs(high)) + 1e-45
    assert (np.abs(back[finite].astype(float) - values[finite]) <= slack).all()


def test_the_examples_of_the_format_are_met_byte_for_byte(tmp_path: Path) -> None:
    n = np.arange(12)
    data = ad.AnnData(
        np.array([[0, 1, 2, 0, 0, 1, 0, 3, 0, 0, 2, 3]], np.float32).T,
        obs=pd.DataFrame({"n_counts": np.arange(100.0, 112.0)}, index=n.astype(str)),
        var=pd.DataFrame(index=["CD3/D"]),
        obsm={"X_umap": np.column_stack([n, 2.0 * (n % 4)]), "X_umap_1d": np.linspace(0, 5, 12).reshape(-1, 1)},
    )
    prepare(data, tmp_path / "out", progress=False)
    for path in ("points_2d.bin", "var/CD3_D.values.f32", "obs/n_counts.values.f32"):
        assert (tmp_path / "out" / path).read_bytes() == (EXPORTS / "A-none" / path).read_bytes()
    prepare(data, tmp_path / "q8", var_quantization=8, progress=False)
    codes = np.fromfile(tmp_path / "q8/var/CD3_D.values.u8", np.uint8)
    assert codes.tolist() == [0, 85, 169, 0, 0, 85, 0, 254, 0, 0, 169, 254]  # 84.67 is rounded, not cut off


# ---- what went wrong elsewhere ----


def test_e01_nothing_of_the_user_is_changed(tmp_path: Path) -> None:
    data = small()
    data.obsm["velocity_umap"] = np.ones((40, 2), np.float32)
    graph = sparse.csr_matrix((np.ones(4), ([0, 0, 1, 5], [3, 1, 0, 5])), shape=(40, 40))
    graph.indices[:2] = graph.indices[:2][::-1].copy()  # unsorted
    graph.data[3] = 0
    data.obsp["connectivities"] = graph
    before = [np.array(x) for x in (data.obsm["velocity_umap"], graph.data, graph.indices, data.X.data, data.X.indices)]
    for name in ("once", "twice"):
        prepare(data, tmp_path / name, created_at=WHEN, dataset_name="x", var_quantization=8, progress=False)
    now = (data.obsm["velocity_umap"], graph.data, graph.indices, data.X.data, data.X.indices)
    for one, other in zip(before, now, strict=True):
        np.testing.assert_array_equal(one, other)
    assert tree(tmp_path / "once") == tree(tmp_path / "twice")
    assert manifest(tmp_path / "once", "connectivity_manifest.json")["n_edges"] == 2


def test_e02_a_cell_without_coordinates_leaves_the_others_where_they_are(tmp_path: Path) -> None:
    data = small()
    data.obsm["X_umap"][3, 0] = np.nan
    data.obsm["X_umap"][4, 1] = np.inf
    there = export(data, tmp_path / "out")
    placed = np.isfinite(data.obsm["X_umap"]).all(axis=1)
    np.testing.assert_allclose(there.coordinates("X_umap")[placed], data.obsm["X_umap"][placed], atol=1e-6)
    assert there.embedding("X_umap").n_placed == 38
    stored = np.fromfile(tmp_path / "out/points_2d.bin", np.float32)
    assert np.nanmax(np.abs(stored[np.isfinite(stored)])) == 1
    manifest(tmp_path / "out", "obs_manifest.json")  # without NaN


@pytest.mark.parametrize("pair", [("A/B", "A B"), ("Actb", "ACTB")])
def test_e03_names_that_would_share_a_file_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    genes = small(var=pd.DataFrame(index=[*pair, "C", "D"]))
    with pytest.raises(DatasetError, match=f"{pair[0]!r} and {pair[1]!r} would be the same file"):
        prepare(genes, tmp_path / "out", progress=False)
    assert export(genes, tmp_path / "one", genes=[pair[0], "C"]).n_genes == 2
    columns = small()
    columns.obs[pair[0]], columns.obs[pair[1]] = 1, "x"
    with pytest.raises(DatasetError, match="obs columns"):
        prepare(columns, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_e04_gene_names_that_are_there_twice_are_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = small(var=pd.DataFrame(index=["A", "B", "A", "C"]))
        with pytest.raises(DatasetError, match=r"1 gene names .*'A'.*var_names_make_unique"):
            prepare(data, tmp_path / "out", progress=False)
        with pytest.raises(DatasetError, match="2 columns are named 'A'"):
            prepare(data, tmp_path / "out", genes=["A"], progress=False)
        assert export(data, tmp_path / "out", genes=["B", "C"]).n_genes == 2


def test_e05_more_categories_than_codes_are_refused(tmp_path: Path) -> None:
    n_cells = 65_535
    data = ad.AnnData(
        obs=pd.DataFrame({"barcode": [f"b{i}" for i in range(n_cells)]}, index=np.arange(n_cells).astype(str)),
        obsm={"X_umap": np.random.default_rng(0).normal(size=(n_cells, 2))},
    )
    with pytest.raises(DatasetError, match=r"'barcode' has 65,535 categories, and an export holds 65,534.*obs_keys"):
        prepare(data, tmp_path / "out", progress=False)
    most = data[:65_534].copy()
    there = export(most, tmp_path / "most", compression=1)
    np.testing.assert_array_equal(there.obs("barcode").cat.codes, open_dataset(most).obs("barcode").cat.codes)


def test_e06_an_export_that_is_there_is_left_alone(tmp_path: Path) -> None:
    prepare(small(), tmp_path / "out", progress=False)
    before = tree(tmp_path / "out")
    with pytest.raises(FileExistsError, match=r"force=True"):
        prepare(small(), tmp_path / "out", compression=6, var_quantization=8, progress=False)
    assert tree(tmp_path / "out") == before


def test_e07_force_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    data = small()
    data.obsp["connectivities"] = sparse.eye(40, 40, 1, format="csr")
    prepare(data, tmp_path / "out", progress=False)
    prepare(small(), tmp_path / "out", genes=["LYZ"], compression=6, force=True, created_at=WHEN, progress=False)
    prepare(small(), tmp_path / "new/out", genes=["LYZ"], compression=6, created_at=WHEN, progress=False)
    assert tree(tmp_path / "out") == tree(tmp_path / "new/out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "out"]


def test_e07_force_keeps_what_a_person_has_put_there(tmp_path: Path) -> None:
    out = prepare(small(), tmp_path / "out", progress=False)
    (out / "notes").mkdir()
    (out / "notes/why.md").write_text("…")
    prepare(small(), out, force=True, progress=False)
    assert (out / "notes/why.md").read_text() == "…"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_e07_an_export_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = prepare(small(), tmp_path / "out", progress=False)
    (out / "notes.md").write_text("…")
    before = tree(out)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise PermissionError(13, "somebody looks at it", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        prepare(small(), out, genes=["LYZ"], force=True, progress=False)
    assert tree(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_e14_a_run_that_is_killed_between_two_names_loses_nothing(tmp_path: Path) -> None:
    out = prepare(small(), tmp_path / "out", progress=False)
    before = tree(out)
    out.rename(tmp_path / ".out.0a1b2c3d.replaced")  # as such a run leaves it
    with pytest.raises(FileExistsError, match=r"force=True"):
        prepare(small(), out, progress=False)
    assert tree(out) == before


def test_e07_force_replaces_exports_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/thesis.tex").write_text("…")
    (tmp_path / "file").write_text("…")
    for name in ("precious", "file"):
        with pytest.raises(FileExistsError, match="not replaced"):
            prepare(small(), tmp_path / name, force=True, progress=False)
    assert (tmp_path / "precious/thesis.tex").exists()
    (tmp_path / "empty").mkdir()
    prepare(small(), tmp_path / "empty", progress=False)


def test_a_text_is_one_name(tmp_path: Path) -> None:
    data = small()
    data.obs["g"] = data.obs["r"] = 1.0  # letters of "group"
    data.obsm["X_tsne"] = data.obsm["X_umap"] * 3
    data.obsm["velocity"] = np.ones((40, 2), np.float32)
    one = export(data, tmp_path / "one", embeddings="X_tsne", obs_keys="group", genes="LYZ", vector_fields="velocity")
    assert (one.embeddings, one.genes.tolist()) == (["X_tsne"], ["LYZ"])
    assert [field.key for field in one.fields] == ["group"]
    assert list(one.aligned("obsm")) == ["velocity_tsne_2d"]
    names = (name for name in ("CD3E", "LYZ"))
    assert export(data, tmp_path / "two", genes=names).genes.tolist() == ["CD3E", "LYZ"]
    with pytest.raises(UnknownField, match="'CD3'"):
        export(data, tmp_path / "none", genes="CD3")


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    options: dict[str, Any] = {"created_at": WHEN, "dataset_name": "x", "progress": False}
    mine, numpys = (
        {
            "var_quantization": whole(8),
            "obs_continuous_quantization": whole(16),
            "compression": whole(3),
            "centroid_min_points": whole(5),
            "centroid_outlier_quantile": share(0.5),
        }
        for whole, share in ((int, float), (np.int64, np.float32))
    )
    prepare(small(), tmp_path / "mine", **options, **mine)
    prepare(small(), tmp_path / "numpys", **options, **numpys)
    assert tree(tmp_path / "mine") == tree(tmp_path / "numpys")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("centroid_min_points", value) for value in (0, 2.0, True, None, "10")),
        *(("centroid_outlier_quantile", value) for value in (0, 1.5, True, "0.5", np.nan)),
    ],
)
def test_other_numbers_are_refused_before_anything_is_written(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} is .*; expected"):
        prepare(small(), tmp_path / "out", progress=False, **{name: value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bits", [0, 12, 32, True, "8", 8.0, np.float32(8)])
def test_e08_other_numbers_of_bits_are_refused(tmp_path: Path, bits: Any) -> None:
    for name in ("var_quantization", "obs_continuous_quantization"):
        with pytest.raises(ValueError, match=f"{name}.*8, 16 or None"):
            prepare(small(), tmp_path / "out", progress=False, **{name: bits})


@pytest.mark.parametrize("level", [0, 10, 12, -1, True, 6.0])
def test_e09_other_levels_are_refused_before_anything_is_written(tmp_path: Path, level: Any) -> None:
    with pytest.raises(ValueError, match="1 to 9"):
        prepare(small(), tmp_path / "out", compression=level, progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_array, sparse.csc_matrix, np.asfortranarray])
def test_e10_any_matrix_is_exported(tmp_path: Path, kind: Any) -> None:
    truth = small().X.toarray()
    there = export(small(X=kind(truth)), tmp_path / "out")
    np.testing.assert_array_equal(np.stack([there.gene(gene) for gene in there.genes], axis=1), truth)


def test_e12_e13_edges_are_those_of_the_definition(tmp_path: Path) -> None:
    entries = [(0, 1), (0, 2), (1, 0), (2, 3), (3, 4), (5, 6), (5, 7), (7, 5), (4, 4)]
    graph = sparse.csr_matrix((np.ones(9), tuple(zip(*entries, strict=True))), shape=(12, 12))
    for form in (graph, graph.tocsc(), graph.tocoo(), sparse.csr_array(graph), graph.toarray()):
        edges = find_edges(form, 12)
        assert edges.sources.tobytes().hex(" ") == "00 00 00 00 02 00 03 00 05 00 05 00"
        assert edges.destinations.tobytes().hex(" ") == "01 00 02 00 03 00 04 00 06 00 07 00"
        assert edges.max_neighbors == 2
    assert find_edges(sparse.csr_matrix((70_000, 70_000)), 70_000).sources.dtype == np.uint32
    data = small(obsp={"connectivities": sparse.eye(40, 40, 1, format="csr")})
    prepare(data, tmp_path / "out", progress=False)
    stats = manifest(tmp_path / "out", "dataset_identity.json")["stats"]
    assert (stats["n_edges"], stats["has_connectivity"]) == (39, True)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.sampled_from([0, 1, 2])), max_size=30))
def test_e12_edges_of_any_graph(entries: list[tuple[int, int, int]]) -> None:
    rows, columns, values = (np.array([entry[i] for entry in entries], dtype=int) for i in range(3))
    graph = sparse.coo_matrix((values, (rows, columns)), shape=(9, 9)).tocsr()
    before = [part.copy() for part in (graph.data, graph.indices, graph.indptr)]
    edges = find_edges(graph, 9)
    for part, was in zip((graph.data, graph.indices, graph.indptr), before, strict=True):
        np.testing.assert_array_equal(part, was)
    full = graph.toarray()
    joined = (full + full.T) != 0
    np.testing.assert_array_equal(np.column_stack([edges.sources, edges.destinations]), np.argwhere(np.triu(joined, 1)))
    assert edges.max_neighbors == joined.sum(axis=1).max()


KILLED = """
import sys, time
import numpy as np, anndata as ad, pandas as pd
from cellucid import prepare
from cellucid.export import arrays
rng = np.random.default_rng(0)
data = ad.AnnData(rng.random((20_000, 400), dtype=np.float32), obsm={"X_umap": rng.random((20_000, 2))})
print("ready", flush=True)
prepare(data, sys.argv[1], compression=9, progress=False, force=True)
"""


@pytest.mark.parametrize("there", [False, True])
def test_e14_a_run_that_is_killed_leaves_nothing_that_looks_whole(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "out"
    if there:
        prepare(small(), out, progress=False)
    before = tree(out)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(out)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    until = time.monotonic() + 60
    while not list(tmp_path.glob(".out.*/var/*")) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left = [path for path in tmp_path.iterdir() if path != out]
    assert [path.name[:5] for path in left] == [".out."]
    assert not (left[0] / "dataset_identity.json").exists()
    assert tree(out) == before
    if there:
        assert [one.path for one in find_exports(tmp_path)] == [out]
    else:
        assert not out.exists()
        with pytest.raises(DatasetError, match="not an export"):
            find_exports(tmp_path)
    prepare(small(), out, force=True, progress=False)
    assert open_dataset(out).n_cells == 40
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_e14_an_error_in_the_middle_removes_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.export.arrays import ArrayFiles

    write = ArrayFiles.write

    def full_disk(files: ArrayFiles, path: str, *arguments: Any, **options: Any) -> str:
        if path.startswith("var/NKG7"):
            raise OSError(28, os.strerror(28))
        return write(files, path, *arguments, **options)

    monkeypatch.setattr(ArrayFiles, "write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        prepare(small(), tmp_path / "out", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_e15_the_same_data_are_the_same_bytes(tmp_path: Path) -> None:
    options: dict[str, Any] = {"compression": 6, "dataset_name": "x", "progress": False}
    prepare(small(), tmp_path / "one", created_at=WHEN, **options)
    time.sleep(1.1)
    prepare(small(), tmp_path / "two", created_at=datetime(2026, 1, 31, 12, tzinfo=UTC), **options)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    east = timezone(timedelta(hours=5, minutes=30))
    for name, when in (
        ("three", datetime(2026, 1, 31, 17, 30, tzinfo=east)),
        ("four", "2026-01-31T17:30:00+05:30"),
        ("five", datetime(2026, 1, 31, 12)),  # UTC, where nothing else is said
    ):
        prepare(small(), tmp_path / name, created_at=when, **options)
        assert tree(tmp_path / "one") == tree(tmp_path / name)
    header = (tmp_path / "one/points_2d.bin.gz").read_bytes()[:10]
    assert header == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    assert manifest(tmp_path / "one", "dataset_identity.json")["created_at"] == WHEN
    for wrong in ("yesterday", ""):
        with pytest.raises(ValueError, match="created_at"):
            prepare(small(), tmp_path / "none", created_at=wrong, **options)


def test_e16_values_are_rounded_and_the_largest_has_the_largest_code(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(50):
        values = rng.random(500, dtype=np.float32)
        codes, low, high = quantize(values, 8)
        assert codes[values.argmax()] == 254
        assert codes[values.argmin()] == 0
        errors.append(float((dequantize(codes, low, high) - values).mean()))
    assert abs(np.mean(errors)) < 0.0002  # cutting off would give half a step, 0.002
    codes, low, high = quantize(np.full(3, 7, np.float32), 8)
    assert (codes.tolist(), low, high) == ([0, 0, 0], 7.0, 8.0)


def test_e17_nothing_warns(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(small(), tmp_path / "out", var_quantization=8, obs_continuous_quantization=16, progress=False)


def test_e18_labels_that_read_the_same_are_written_once(tmp_path: Path) -> None:
    data = small()
    data.obs["mixed"] = pd.Categorical([1, "1", 2, None] * 10, categories=[1, "1", 2])
    there = export(data, tmp_path / "out")
    assert there.obs("mixed").cat.categories.tolist() == ["1", "2"]
    assert there.obs("mixed").cat.codes.tolist()[:4] == [0, 0, 1, -1]


def test_e19_columns_named_by_numbers_are_strings_everywhere(tmp_path: Path) -> None:
    data = small()
    data.obs[3] = 1.0
    prepare(data, tmp_path / "out", progress=False)
    assert manifest(tmp_path / "out", "obs_manifest.json")["_continuousFields"][-1] == ["3"]
    assert manifest(tmp_path / "out", "dataset_identity.json")["obs_fields"][-1]["key"] == "3"


def test_e20_a_relative_path_means_the_folder_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert prepare(small(), "here/out", progress=False) == tmp_path.resolve() / "here/out"
    assert manifest(tmp_path / "here/out", "dataset_identity.json")["id"] == "out"


def test_e21_names_that_windows_does_not_take_are_told(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Windows has no files of these names.*'AUX'"):
        prepare(small(var=pd.DataFrame(index=["AUX", "B", "C", "D"])), tmp_path / "out", progress=False)
    with pytest.raises(DatasetError, match="too long for a file"):
        prepare(small(var=pd.DataFrame(index=["A" * 250, "B", "C", "D"])), tmp_path / "long", progress=False)


def test_e22_genes_are_counted_as_they_were_exported(tmp_path: Path) -> None:
    prepare(small(), tmp_path / "out", genes=["LYZ", "CD3E"], progress=False)
    assert manifest(tmp_path / "out", "dataset_identity.json")["stats"]["n_genes"] == 2
    assert [entry[0] for entry in manifest(tmp_path / "out", "var_manifest.json")["fields"]] == ["LYZ", "CD3E"]


def test_e23_cells_scale_and_colours_are_in_files_of_our_own(tmp_path: Path) -> None:
    data = small()
    data.uns["group_colors"] = ["red", "#00f"]
    prepare(data, tmp_path / "out", compression=6, progress=False)
    ours = manifest(tmp_path / "out", "additions.json")
    assert ours["colors"] == {"group": ["#ff0000", "#0000ff"]}
    names = gzip.decompress((tmp_path / "out" / ours["cell_names"]["file"]).read_bytes())
    assert json.loads(names) == data.obs_names.tolist()
    known = {"dataset_identity.json", "obs_manifest.json", "var_manifest.json", "points_2d.bin.gz", "obs", "var"}
    assert {path.name for path in (tmp_path / "out").iterdir()} - known == {"additions", "additions.json"}


def test_e24_memory_does_not_grow_with_the_genes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellucid.export.writer._BLOCK_BYTES", 1_000_000)
    rng = np.random.default_rng(0)
    matrix = sparse.random(5_000, 1_200, 0.01, format="csc", dtype=np.float32, random_state=1)
    data = ad.AnnData(matrix, obsm={"X_umap": rng.random((5_000, 2))})
    tracemalloc.start()
    prepare(data, tmp_path / "out", var_quantization=8, progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000  # dense, the matrix has 24 MB, and two blocks of genes 2


# ---- several ----


def test_a_list_of_exports_for_static_hosts(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        prepare(small(), tmp_path / name, dataset_id=f"id-{name}", dataset_name=name.upper(), genes=[], progress=False)
    (tmp_path / "other").mkdir()
    listed = generate_datasets_manifest(tmp_path, default_dataset="id-b")
    assert manifest(tmp_path, "datasets.json") == {
        "version": 1,
        "default": "id-b",
        "datasets": [
            {"id": "id-a", "path": "a/", "name": "A", "n_cells": 40},
            {"id": "id-b", "path": "b/", "name": "B", "n_cells": 40},
        ],
    }
    assert listed == tmp_path / "datasets.json"
    assert open_dataset(tmp_path).id == "id-b"
    with pytest.raises(DatasetError, match="no dataset 'c'"):
        generate_datasets_manifest(tmp_path, default_dataset="c")
    with pytest.raises(DatasetError, match=r"not an export folder|no folder"):
        generate_datasets_manifest(tmp_path / "other")
    with pytest.raises(DatasetError, match="one export itself"):
        generate_datasets_manifest(tmp_path / "a")
