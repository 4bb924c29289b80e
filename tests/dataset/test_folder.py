"""Export folders that Cellucid itself wrote (0.0.9: A, 0.9.2: B, 0.9.4: C), and some tampered with."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import struct
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellucid.dataset import (
    AmbiguousGene,
    Dataset,
    DatasetChanged,
    DatasetError,
    UnknownEmbedding,
    UnknownField,
    UnknownLayer,
    UnknownResource,
    open_dataset,
)
from cellucid.dataset.folder.files import MAX_JSON_BYTES
from cellucid.dataset.folder.names import safe_name
from cellucid.export import prepare

EXPORTS = Path(__file__).resolve().parents[1] / "vectors/exports"
EVERY = ("A-none", "A-q8gz", "B-none", "B-q8gz", "C-none", "C-q8gz")
CD3D = np.array([0, 1, 2, 0, 0, 1, 0, 3, 0, 0, 2, 3], np.float32)
CELL_TYPE = ["A", "B", "A", "B", "A", "B", "A", "B", "A", "B", None, "C"]


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of the exports to where it can be changed."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(EXPORTS / name, tmp_path / "export"))

    return copy


def edit(folder: Path, file: str, change: Callable[[Any], Any]) -> None:
    document = json.loads((folder / file).read_text())
    changed = change(document)
    (folder / file).write_text(json.dumps(document if changed is None else changed))


def read_all(dataset: Dataset) -> dict[str, np.ndarray]:
    return {path: np.array(read.data) for path in dataset.resources() if (read := dataset.read(path)) is not None}


# ---- what Cellucid wrote ----


@pytest.mark.parametrize("name", EVERY)
def test_an_export_of_any_dialect_has_the_values_that_went_in(name: str) -> None:
    dataset = open_dataset(EXPORTS / name)
    assert (dataset.id, dataset.name, dataset.n_cells, dataset.n_genes) == ("tiny_demo", "Tiny demo", 12, 5)
    assert dataset.storage == "export folder"
    assert dataset.cell_names is None
    assert (dataset.layers, dataset.default_layer) == (["X"], "X")
    quantized = name.endswith("q8gz")
    np.testing.assert_allclose(dataset.gene("CD3/D"), CD3D, atol=1.5 * 3 / 254 if quantized else 0)
    np.testing.assert_allclose(dataset.obs("n_counts"), np.arange(100, 112), atol=1.5 * 11 / 254 if quantized else 0)
    np.testing.assert_array_equal(dataset.obs("const"), np.full(12, 7))
    assert dataset.obs("cell type").astype(object).where(dataset.obs("cell type").notna(), None).tolist() == CELL_TYPE
    assert dataset.obs("flag").tolist() == ["True", "False"] * 6
    assert dataset.obs("str_col").tolist() == ["x", "y", "z"] * 4
    two = next(key for key in dataset.embeddings if dataset.embedding(key).dimensions == 2)
    raw = np.column_stack([np.arange(12), 2 * (np.arange(12) % 4)])
    np.testing.assert_allclose(dataset.coordinates(two), (raw - (5.5, 3)) * 2 / 11, atol=1e-6)
    # What 0.9 renamed on the way: a gene's own name is the manifest's.
    assert list(dataset.genes) == ["CD3/D", "HLA-A", "MT-CO1", " .x_" if name[0] == "A" else "x_", "GENE 5"]


def test_dialect_a_has_what_the_others_refuse() -> None:
    dataset = open_dataset(EXPORTS / "A-q8gz")
    assert dataset.embeddings == ["X_umap_3d", "X_umap_2d", "X_umap_1d"]
    assert [field.key for field in dataset.fields] == [
        *("cell type", "score", "flag", "n_counts", "const", "str_col", "allnan")
    ]
    assert np.isnan(dataset.obs("allnan")).all()
    score = np.array([0, 0.25, 0.5, 0.75, 1, np.nan, np.nan, np.nan, -1, 2, 3, 4])
    np.testing.assert_allclose(dataset.obs("score"), score, atol=5 / 254)
    assert dataset.fields[0].categories == ("A", "B", "C", "unused")
    assert {field.key: field.range for field in dataset.fields}["allnan"] is None
    np.testing.assert_array_equal(open_dataset(EXPORTS / "A-none").obs("score")[6:8], [np.inf, -np.inf])


@pytest.mark.parametrize("name", EVERY)
def test_every_resource_that_is_listed_can_be_read(name: str) -> None:
    dataset = open_dataset(EXPORTS / name)
    manifest = json.loads(bytes(dataset.read("manifest.json").data))
    paths = [entry["path"] for entry in manifest["embeddings"] + manifest["fields"]]
    assert set(paths) < set(dataset.resources())
    for path in dataset.resources():
        resource = dataset.read(path)
        assert resource.dtype is None or resource.as_array().shape == resource.shape
    codes = {entry["key"]: entry for entry in manifest["fields"]}["cell type"]
    assert codes["path"] == "obs/cell%20type.codes.u8"
    assert dataset.read(codes["path"]).as_array().tolist() == [0, 1] * 5 + [255, 2]
    assert codes["missing"] == 255


@pytest.mark.parametrize("name", EVERY)
def test_neighbours_and_vectors_are_listed_and_read(name: str) -> None:
    dataset = open_dataset(EXPORTS / name)
    assert dataset.read("connectivity/sources.u32").as_array().tolist() == [0, 0, 2, 3, 5, 5]
    assert dataset.read("connectivity/destinations.u32").as_array().tolist() == [1, 2, 3, 4, 6, 7]
    graph = dataset.aligned("obsp")["connectivities"]
    assert (graph.nnz, (graph != graph.T).nnz) == (12, 0)
    field, embedding = ("velocity", "umap_2d") if name[0] == "C" else ("velocity_umap", "X_umap_2d")
    arrows = dataset.read(f"vectors/{field}/{embedding}.f32").as_array()
    np.testing.assert_allclose(arrows, np.column_stack([np.ones(12), 0.1 * np.arange(12)]) * 2 / 11, atol=1e-6)
    assert "velocity_umap_2d" in dataset.aligned("obsm")


def test_questions_find_the_same_answers_as_with_an_anndata() -> None:
    dataset = open_dataset(str(EXPORTS / "A-none"))
    assert dataset.query("n_counts > 105 and `cell type` == 'A'").tolist() == [6, 8]
    assert dataset.query("`cell type` == 'nobody'").tolist() == []
    assert dataset.resolve_field("gene:CD3/D").kind == "gene"
    assert dataset.resolve_field("score").kind == "obs"
    few = dataset.subset(np.array([1, 3]))
    assert isinstance(few, ad.AnnData)
    assert few.obs["n_counts"].tolist() == [101, 103]
    assert few.obs["cell type"].cat.categories.tolist() == ["A", "B", "C", "unused"]
    assert len(few.uns["cell type_colors"]) == 4
    np.testing.assert_array_equal(few.obsm["X_umap_2d"], dataset.coordinates("X_umap_2d")[[1, 3]])
    np.testing.assert_array_equal(dataset.gene_block(["CD3/D", "HLA-A"])[0], CD3D)
    for ask, error in (
        (lambda: dataset.gene("CD3"), UnknownField),
        (lambda: dataset.gene("CD3/D", "raw"), UnknownLayer),
        (lambda: dataset.obs("cel type"), UnknownField),
        (lambda: dataset.embedding("X_umap"), UnknownEmbedding),
        (lambda: dataset.query("nothing > 3"), DatasetError),
        (lambda: dataset.read("var/CD3_D.values.f32"), UnknownResource),
        (lambda: dataset.read("../A-q8gz/obs_manifest.json"), UnknownResource),
        (lambda: dataset.read("layers/raw/var/HLA-A.values.f32"), UnknownResource),
    ):
        with pytest.raises(error):
            ask()
    assert dataset.read("layers/X/var/HLA-A.values.f32").shape == (12,)


def test_the_default_dimension_comes_first(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")
    edit(folder, "dataset_identity.json", lambda identity: identity["embeddings"].update(default_dimension=2))
    assert open_dataset(folder).embeddings == ["X_umap_2d", "X_umap_3d", "X_umap_1d"]


def test_many_threads_read_the_same(copied: Callable[[str], Path]) -> None:
    dataset = open_dataset(copied("A-q8gz"))
    with ThreadPoolExecutor(8) as pool:
        for other in [pool.submit(read_all, dataset) for _ in range(8)]:
            assert other.result().keys() == set(dataset.resources())


def test_a_closed_one_says_so_and_a_folder_can_be_opened_again() -> None:
    dataset = open_dataset(EXPORTS / "B-none")
    again = dataset.reopen()
    dataset.close()
    dataset.close()
    with pytest.raises(DatasetError, match="closed"):
        dataset.gene("CD3/D")
    np.testing.assert_array_equal(again.gene("CD3/D"), CD3D)


def test_a_folder_that_was_written_anew_is_refused(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")
    dataset = open_dataset(folder)
    before = dataset.gene("CD3/D")
    edit(folder, "obs_manifest.json", lambda obs: obs.update(compression=3))
    np.testing.assert_array_equal(dataset.gene("CD3/D"), before)  # read before: a snapshot
    with pytest.raises(DatasetChanged, match=r"obs_manifest.json .*refresh"):
        dataset.gene("HLA-A")
    assert dataset.reopen().gene("HLA-A").shape == (12,)


def test_file_names_are_made_as_cellucid_makes_them() -> None:
    keys = {"CD3/D": "CD3_D", "HLA-A": "HLA-A", " .x_": "x", "A+B": "A_B", "a  b": "a_b", "a__b": "a__b"}
    assert {key: safe_name(key) for key in keys} == keys
    assert {safe_name(key) for key in ("..", "_", "", "日本")} == {"field"}


# ---- what older Cellucids do to an export ----


def test_a_stale_twin_is_read_where_the_file_itself_is_missing(copied: Callable[[str], Path]) -> None:
    folder = copied("A-q8gz")
    (folder / "points_2d.bin").write_bytes(gzip.decompress((folder / "points_2d.bin.gz").read_bytes()))
    (folder / "points_2d.bin.gz").unlink()
    np.testing.assert_array_equal(
        open_dataset(folder).coordinates("X_umap_2d"), open_dataset(EXPORTS / "A-none").coordinates("X_umap_2d")
    )


def test_of_names_that_share_a_file_the_last_one_is_shown(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")
    edit(folder, "var_manifest.json", lambda var: var["fields"].insert(0, ["CD3 D"]))
    edit(folder, "obs_manifest.json", lambda obs: obs["_continuousFields"].insert(0, ["score?"]))
    with pytest.warns(UserWarning, match="'score\\?': the export has one file for it and for 'score'"):
        dataset = open_dataset(folder)
    assert "CD3 D" not in dataset.genes
    np.testing.assert_array_equal(dataset.gene("CD3/D"), CD3D)
    with pytest.raises(UnknownField, match="one file"):
        dataset.obs("score?")


def test_a_gene_name_that_is_there_twice_is_ambiguous(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")
    edit(folder, "var_manifest.json", lambda var: var["fields"].append(["HLA-A"]))
    dataset = open_dataset(folder)
    with pytest.raises(AmbiguousGene):
        dataset.gene("HLA-A")
    assert json.loads(bytes(dataset.read("var/genes.json").data))["ambiguous"] == 1
    read_all(dataset)


def test_labels_that_read_the_same_are_one_category(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")

    def relabel(obs: Any) -> None:
        obs["_categoricalFields"][0][1] = ["1", 1, True, 2.5]

    edit(folder, "obs_manifest.json", relabel)
    dataset = open_dataset(folder)
    assert dataset.fields[0].categories == ("1", "True", "2.5")
    assert dataset.obs("cell type").tolist()[:2] == ["1", "1"]
    assert dataset.obs("cell type").isna().sum() == 1


def test_codes_that_wrapped_are_left_out(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")

    def grow(obs: Any) -> None:
        obs["_categoricalFields"][0][1] = [str(n) for n in range(300)]

    edit(folder, "obs_manifest.json", grow)
    with pytest.warns(UserWarning, match="300 categories do not fit"):
        dataset = open_dataset(folder)
    assert "cell type" not in [field.key for field in dataset.fields]


def test_gzip_of_several_members_is_read(copied: Callable[[str], Path]) -> None:
    folder = copied("A-q8gz")
    file = folder / "var/CD3_D.values.u8.gz"
    codes = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(codes[:5]) + gzip.compress(codes[5:]) + b"\0" * 20)
    np.testing.assert_allclose(open_dataset(folder).gene("CD3/D"), CD3D, atol=0.02)


# ---- folders of several ----


@pytest.fixture
def several(tmp_path: Path) -> Path:
    for name, key in (("one", "A-none"), ("two", "C-q8gz"), (".three.partial", "B-none")):
        shutil.copytree(EXPORTS / key, tmp_path / "all" / name)
        edit(
            tmp_path / "all" / name,
            "dataset_identity.json",
            lambda identity, name=name: identity.update(id=f"id-{name}"),
        )
    return tmp_path / "all"


def test_a_folder_of_several_opens_the_first_or_the_one_named(several: Path) -> None:
    assert open_dataset(several).id == "id-one"
    assert open_dataset(several, dataset="id-two").id == "id-two"
    assert open_dataset(several, dataset="two").embeddings == ["umap_3d", "umap_2d"]
    with pytest.raises(DatasetError, match=r"no dataset 'id-tow'. Did you mean 'id-two'"):
        open_dataset(several, dataset="id-tow")
    with pytest.raises(DatasetError, match="There are: 'id-one', 'id-two'"):
        open_dataset(several, dataset="id-.three.partial")


def test_datasets_json_says_which_and_which_first(several: Path) -> None:
    listed = [{"id": "a", "path": "one/", "name": "One"}, {"id": "b", "path": "two/", "name": "Two"}]
    (several / "datasets.json").write_text(json.dumps({"version": 1, "default": "b", "datasets": listed}))
    assert open_dataset(several).id == "id-two"
    assert open_dataset(several, dataset="a").id == "id-one"
    for path in ("../elsewhere/", str(several / "one"), "gone/"):
        (several / "datasets.json").write_text(json.dumps({"datasets": [{"id": "a", "path": path}]}))
        with pytest.raises(DatasetError, match=r"datasets\.json|relative"):
            open_dataset(several)


def test_what_a_folder_says_of_its_datasets_is_listed_in_its_order(several: Path) -> None:
    dataset = open_dataset(several, dataset="id-two")
    assert (dataset.listed_as, [(one.id, one.n_cells) for one in dataset.datasets]) == (
        "id-two",
        [("id-one", 12), ("id-two", 12)],
    )
    other = dataset.open_listed("id-one")
    assert (other.id, other.listed_as, other.reopen().datasets) == ("id-one", "id-one", dataset.datasets)
    listed = [{"id": "a", "path": "one/", "n_cells": "many"}, {"id": "b", "path": "two/", "name": "Two", "n_cells": 7}]
    (several / "datasets.json").write_text(json.dumps({"default": "b", "datasets": listed}))
    dataset = open_dataset(several, dataset="a")
    assert dataset.listed_as == "a"
    assert [(one.id, one.name, one.n_cells) for one in dataset.datasets] == [("a", dataset.name, 12), ("b", "Two", 7)]
    assert [(one.id, one.n_cells) for one in open_dataset(several).datasets] == [("a", None), ("b", 12)]
    with pytest.raises(DatasetError, match="no dataset 'c'"):
        dataset.open_listed("c")
    shutil.rmtree(several / "two")
    with pytest.warns(UserWarning, match="no folder 'two/'"):
        assert [one.id for one in open_dataset(several).datasets] == ["a"]


def test_one_export_lists_itself(copied: Callable[[str], Path]) -> None:
    dataset = open_dataset(copied("A-none"), name="Mine")
    assert [(one.id, one.name, one.n_cells) for one in dataset.datasets] == [("tiny_demo", "Mine", 12)]
    assert dataset.listed_as == "tiny_demo"


def test_one_broken_folder_does_not_hide_the_others(several: Path) -> None:
    (several / "one/dataset_identity.json").write_text("{")
    with pytest.warns(UserWarning, match="one/dataset_identity.json"):
        assert open_dataset(several).id == "id-two"


def test_the_same_id_twice_is_told_apart_by_folder(several: Path) -> None:
    edit(several / "two", "dataset_identity.json", lambda identity: identity.update(id="id-one"))
    with pytest.raises(DatasetError, match="2 datasets have the id 'id-one'; name one by its folder: 'one', 'two'"):
        open_dataset(several, dataset="id-one")
    dataset = open_dataset(several)
    assert (dataset.id, dataset.listed_as, [one.id for one in dataset.datasets]) == ("id-one", "one", ["one", "two"])
    assert dataset.open_listed("two").listed_as == "two"


@pytest.mark.parametrize("what", ["empty", "gone", "a\0b"])
def test_what_is_no_export_says_what_was_expected(tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"no folder|not an export folder"):
        open_dataset(tmp_path / what)


# ---- what somebody may have done to one ----


def set_in(*keys: Any) -> Callable[[Any, Any], None]:
    def put(document: Any, value: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value

    return put


LIES = [
    ("dataset_identity.json", ("version",), 7, "version 7"),
    ("dataset_identity.json", ("version",), "2", "whole number"),
    ("dataset_identity.json", ("stats", "n_cells"), 13, "12 cells"),
    ("dataset_identity.json", ("embeddings",), [], "expected an object"),
    ("dataset_identity.json", ("embeddings", "files"), {}, "no embedding"),
    ("dataset_identity.json", ("embeddings", "files", "4d"), "x", "'1d', '2d' and '3d'"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "points_3d.bin", "instead of"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "/etc/passwd", "relative"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "../x/points_2d.bin", "relative"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "..\\points_2d.bin", "relative"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "C:points_2d.bin", "relative"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "a\0b", "no path"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "\ud800", "no path"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "x" * 5000, "too long"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "obs", "not a regular file"),
    ("dataset_identity.json", ("embeddings", "files", "2d"), "", "relative"),
    ("dataset_identity.json", ("vector_fields", "fields", "velocity_umap", "files"), {"4d": "x"}, "no embedding '4d'"),
    ("obs_manifest.json", ("n_points",), 10**15, "whole number"),
    ("obs_manifest.json", ("n_points",), 1 << 27, "134,217,728 cells"),
    ("obs_manifest.json", ("n_points",), 0, "whole number"),
    ("obs_manifest.json", ("n_points",), True, "whole number"),
    ("obs_manifest.json", ("_obsSchemas", "continuous", "pathPattern"), "obs/all.f32", "{key}"),
    ("obs_manifest.json", ("_obsSchemas", "continuous", "pathPattern"), "../{key}", "relative"),
    ("obs_manifest.json", ("_obsSchemas", "continuous", "dtype"), "float64", "'float32'"),
    ("obs_manifest.json", ("_continuousFields", 0), [], "no entry number 0"),
    ("obs_manifest.json", ("_continuousFields", 0), {}, "expected a list"),
    ("obs_manifest.json", ("_continuousFields", 1), ["score"], "two fields 'score'"),
    ("obs_manifest.json", ("_categoricalFields", 0, 1), [None], "category's name"),
    ("obs_manifest.json", ("_categoricalFields", 0, 2), "int8", "'uint8'"),
    ("obs_manifest.json", ("_categoricalFields", 0, 3), 2, "code of missing values"),
    ("obs_manifest.json", ("_categoricalFields", 0, 1), ["A", "B"], r"cell 11 has the code 2"),
    ("var_manifest.json", ("fields", 0), "CD3/D", "expected a list"),
    ("var_manifest.json", ("fields", 0), [None], "a name"),
    ("var_manifest.json", ("n_points",), 11, "12 cells"),
    ("connectivity_manifest.json", ("n_edges",), 10**9, "instead of"),
    ("connectivity_manifest.json", ("n_edges",), -1, "whole number"),
    ("connectivity_manifest.json", ("index_dtype",), "object", "'uint16'"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "keys", "value", "reason"), LIES)
def test_a_lie_in_a_manifest_is_named(
    copied: Callable[[str], Path], file: str, keys: tuple[Any, ...], value: Any, reason: str
) -> None:
    folder = copied("A-none")
    edit(folder, file, lambda document: set_in(*keys)(document, value))
    with pytest.raises(DatasetError, match=reason) as caught:
        read_all(open_dataset(folder))
    assert "export/" in str(caught.value)
    assert str(folder) not in str(caught.value)


@pytest.mark.parametrize("low_high", [[1.0, "2"], [2.0, 1.0], [None, 1.0], [0.0]])
def test_a_range_that_is_none_is_named(copied: Callable[[str], Path], low_high: list[Any]) -> None:
    folder = copied("A-q8gz")
    edit(folder, "var_manifest.json", lambda var: set_in("fields", 0)(var, ["CD3/D", *low_high]))
    with pytest.raises(DatasetError, match=r"var_manifest.json: fields\[0\]"):
        open_dataset(folder)


@pytest.mark.parametrize("file", ["dataset_identity.json", "obs_manifest.json"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"version": NaN}', "NaN is not JSON"),
        ('{"a": [-Infinity]}', "Infinity is not JSON"),
        ('{"a": 1, "b": 2, "a": 3}', "key 'a' twice"),
        ("[" * 200_000, "nested too deeply"),
        ("", "not JSON"),
        ("\xff", "not JSON"),
        ('{"n_points": ' + "9" * 5000 + "}", "not JSON"),
        ("[]", "expected an object"),
        ("{}", "is missing"),
    ],
)
def test_what_is_not_json_is_named(copied: Callable[[str], Path], file: str, content: str, reason: str) -> None:
    folder = copied("A-none")
    (folder / file).write_bytes(content.encode("latin-1"))
    with pytest.raises(DatasetError, match=rf"export/{file}.*{reason}"):
        open_dataset(folder)


@pytest.mark.parametrize("file", ["dataset_identity.json", "obs_manifest.json", "var_manifest.json"])
def test_a_manifest_of_any_size_is_not_read(copied: Callable[[str], Path], file: str) -> None:
    folder = copied("A-none")
    os.truncate(folder / file, MAX_JSON_BYTES + 1)  # zeros that take no place on the disk
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match=rf"{file}: it has 134,217,729 bytes.* is not read"):
            open_dataset(folder)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("file", ["dataset_identity.json", "obs_manifest.json", "points_2d.bin"])
def test_a_missing_file_is_named(copied: Callable[[str], Path], file: str) -> None:
    folder = copied("A-none")
    (folder / file).unlink()
    with pytest.raises(DatasetError, match=file):
        open_dataset(folder)


@pytest.mark.parametrize("key", ["score", "cell type"])
def test_a_column_is_read_when_it_is_asked_for(copied: Callable[[str], Path], key: str) -> None:
    folder = copied("A-none")
    for file in folder.glob(f"obs/{key.replace(' ', '_')}.*"):
        file.unlink()
    dataset = open_dataset(folder)
    field = next(field for field in dataset.fields if field.key == key)
    json.loads(bytes(dataset.read("manifest.json").data))
    for ask in (lambda: dataset.obs(key), lambda: field.range if field.kind == "continuous" else dataset.obs(key)):
        with pytest.raises(DatasetError, match=f"obs/{key.replace(' ', '_')}"):
            ask()
    assert {other.key: other.range for other in dataset.fields if other is not field}["n_counts"] == (100, 111)
    assert {other.key: other.range for other in dataset.fields if other is not field}["const"] == (7, 7)


def test_a_folder_without_genes_or_neighbours_is_whole(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")
    (folder / "var_manifest.json").unlink()
    (folder / "connectivity_manifest.json").unlink()
    edit(folder, "dataset_identity.json", lambda identity: identity.pop("vector_fields") and None)
    dataset = open_dataset(folder)
    assert (dataset.n_genes, dataset.layers, dataset.default_layer) == (0, [], None)
    assert not dataset.aligned("obsm")
    assert not dataset.aligned("obsp")
    with pytest.raises(UnknownField):
        dataset.gene("CD3/D")
    read_all(dataset)


@pytest.mark.parametrize("name", ["A-none", "A-q8gz"])
@pytest.mark.parametrize("change", ["longer", "shorter", "empty"])
def test_a_file_of_another_length_is_named(copied: Callable[[str], Path], name: str, change: str) -> None:
    folder = copied(name)
    file = next((folder / "var").glob("CD3_D*"))
    content = file.read_bytes()
    file.write_bytes({"longer": content + content, "shorter": content[:-1], "empty": b""}[change])
    dataset = open_dataset(folder)
    with pytest.raises(DatasetError, match=r"export/var/CD3_D.values.*(instead of|cannot hold|gzip)"):
        dataset.gene("CD3/D")
    assert dataset.gene("HLA-A").shape == (12,)


def test_a_gzip_bomb_is_not_inflated(copied: Callable[[str], Path]) -> None:
    folder = copied("A-q8gz")
    file = folder / "var/CD3_D.values.u8.gz"
    file.write_bytes(gzip.compress(bytes(200_000_000), 9))
    tracemalloc = pytest.importorskip("tracemalloc")
    dataset = open_dataset(folder)
    tracemalloc.start()
    with pytest.raises(DatasetError, match="more bytes inside"):
        dataset.gene("CD3/D")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_corrupt_gzip_is_named(copied: Callable[[str], Path]) -> None:
    folder = copied("A-q8gz")
    file = folder / "var/CD3_D.values.u8.gz"
    content = bytearray(file.read_bytes())
    struct.pack_into("<I", content, len(content) - 8, 12345)  # its checksum
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=r"CD3_D.values.u8.gz: it is not a whole gzip file"):
        open_dataset(folder).gene("CD3/D")


def test_links_that_lead_out_of_the_folder_are_refused(copied: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copied("A-none")
    file = folder / "var/CD3_D.values.f32"
    file.rename(tmp_path / "outside.f32")
    file.symlink_to(tmp_path / "outside.f32")
    dataset = open_dataset(folder)
    with pytest.raises(DatasetError, match="leads out"):
        dataset.gene("CD3/D")
    shutil.move(folder / "obs", tmp_path / "obs")
    (folder / "obs").symlink_to(tmp_path / "obs")
    dataset = open_dataset(folder)
    for key in ("score", "cell type"):
        with pytest.raises(DatasetError, match="leads out"):
            dataset.obs(key)
    (folder / "points_2d.bin").rename(tmp_path / "points")
    (folder / "points_2d.bin").symlink_to(tmp_path / "points")
    with pytest.raises(DatasetError, match="leads out"):
        open_dataset(folder)


def test_a_link_to_the_whole_folder_is_fine(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(EXPORTS / "A-none")
    assert open_dataset(tmp_path / "link").id == "tiny_demo"


def test_a_pipe_is_not_waited_for(copied: Callable[[str], Path]) -> None:
    folder = copied("A-none")
    (folder / "var/CD3_D.values.f32").unlink()
    os.mkfifo(folder / "var/CD3_D.values.f32")
    with pytest.raises(DatasetError, match="not a regular file"):
        open_dataset(folder).gene("CD3/D")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["../x", "{key}", "a\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    here = [path] if path else []
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return here + [place for key, value in inner for place in places(value, (*path, key))]


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What Cellucid wrote, and what we write with all that we add."""
    data = ad.AnnData(
        np.arange(24, dtype=np.float32).reshape(12, 2),
        obs=pd.DataFrame({"a": list("xy" * 6), "n": np.arange(12.0)}, index=[f"c{i}" for i in range(12)]),
        obsm={"X_umap": np.arange(24.0).reshape(12, 2), "X_tsne": np.arange(24.0).reshape(12, 2) ** 2},
    )
    ours = tmp_path_factory.mktemp("ours")
    folders = [prepare(data, ours / str(level), compression=level, progress=False) for level in (None, 6)]
    return [*folders, *(EXPORTS / name for name in EVERY)]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_whatever_a_manifest_says_it_is_read_or_refused(data: st.DataObject, every: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "export"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(data.draw(st.sampled_from(every)), folder)
    for _ in range(data.draw(st.integers(1, 2))):
        file = data.draw(st.sampled_from(sorted(path.name for path in folder.glob("*.json"))))
        document = json.loads((folder / file).read_text())
        place = data.draw(st.sampled_from(places(document)))
        action = data.draw(st.sampled_from(["replace", "remove", "double"]))
        owner = document
        for key in place[:-1]:
            owner = owner[key]
        if action == "remove":
            del owner[place[-1]]
        elif action == "double" and isinstance(owner, list):
            owner.append(owner[place[-1]])
        else:
            owner[place[-1]] = data.draw(JSON)
        (folder / file).write_text(json.dumps(document))
    _read_or_refuse(folder)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_whatever_bytes_a_file_has_it_is_read_or_refused(
    data: st.DataObject, every: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(data.draw(st.sampled_from(every)), folder)
    file = data.draw(st.sampled_from(sorted(path for path in folder.rglob("*") if path.is_file())))
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content)))
    match data.draw(st.sampled_from(["cut", "put", "flip"])):
        case "cut":
            del content[at:]
        case "put":
            content[at:at] = data.draw(st.binary(min_size=1, max_size=20))
        case "flip":
            if at < len(content):
                content[at] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(content)
    _read_or_refuse(folder)


def _read_or_refuse(folder: Path) -> None:
    """Reads everything; any exception but a `DatasetError` fails the test."""
    with contextlib.suppress(DatasetError):
        dataset = open_dataset(folder)
        for path in dataset.resources():
            with contextlib.suppress(DatasetError):
                dataset.read(path)
        for field in dataset.fields:
            with contextlib.suppress(DatasetError):
                assert len(dataset.obs(field.key)) == 12
        with contextlib.suppress(DatasetError):
            assert dataset.cell_names is None or len(dataset.cell_names) == 12
