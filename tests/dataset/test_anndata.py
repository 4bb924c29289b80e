from __future__ import annotations

import hashlib
import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from cellucid.dataset import (
    AmbiguousGene,
    AnnDataDataset,
    Dataset,
    DatasetError,
    FieldRef,
    UnknownEmbedding,
    UnknownField,
    UnknownLayer,
    UnknownResource,
    open_dataset,
)
from cellucid.dataset.encode import quote_key

MOUSE_BRAIN = Path(__file__).resolve().parents[2].parent / "shared/data/mouse_brain_10k.h5ad"


@pytest.fixture(scope="module")
def pbmc() -> ad.AnnData:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # anndata's own, about the old file
        return sc.datasets.pbmc68k_reduced()


@pytest.fixture
def dataset(pbmc: ad.AnnData) -> Dataset:
    return open_dataset(pbmc)


def small(n_cells: int = 4, **parts: Any) -> ad.AnnData:
    """An AnnData with a UMAP and five genes."""
    defaults = {
        "X": sparse.csr_matrix(np.arange(n_cells * 5, dtype=np.float32).reshape(n_cells, 5)),
        "obs": pd.DataFrame(index=[f"c{i}" for i in range(n_cells)]),
        "var": pd.DataFrame(index=list("ABCDE")),
        "obsm": {"X_umap": np.arange(n_cells * 2, dtype=float).reshape(n_cells, 2)},
    }
    return ad.AnnData(**(defaults | parts))


def digest(adata: ad.AnnData) -> str:
    """Everything in an AnnData that reading could have changed."""
    total = hashlib.blake2b()

    def add(value: Any) -> None:
        if sparse.issparse(value):
            for part in (value.data, value.indices, value.indptr):
                add(part)
        elif isinstance(value, pd.DataFrame):
            total.update(repr([(column, str(dtype)) for column, dtype in value.dtypes.items()]).encode())
            total.update(pd.util.hash_pandas_object(value).to_numpy().tobytes())
        elif isinstance(value, np.ndarray) and value.dtype != object:
            total.update(repr((value.dtype, value.shape, value.strides)).encode() + value.tobytes("A"))
        else:
            total.update(repr(value).encode())

    matrices = [adata.X, *([adata.raw.X, adata.raw.var] if adata.raw is not None else [])]
    for value in [*matrices, adata.obs, adata.var, *adata.obsm.values(), *adata.layers.values(), sorted(adata.uns)]:
        add(value)
    for key in sorted(adata.uns):
        add(adata.uns[key])
    return total.hexdigest()


def scanpy_shows(adata: ad.AnnData, gene: str, **where: Any) -> np.ndarray:
    return sc.get.obs_df(adata, [gene], **where)[gene].to_numpy()


def read_json(dataset: Dataset, path: str) -> Any:
    return json.loads(bytes(dataset.read(path).data), parse_constant=pytest.fail)


def test_genes_are_those_that_scanpy_shows(pbmc: ad.AnnData, dataset: Dataset) -> None:
    assert dataset.default_layer == "raw"
    assert dataset.layers == ["raw", "X"]
    for gene in ["CD8A", "HES4", "CST3"]:
        shown = scanpy_shows(pbmc, gene, use_raw=True)
        assert np.array_equal(dataset.gene(gene), shown)
        assert np.array_equal(dataset.gene(gene), pbmc.raw[:, gene].X.toarray().ravel())
        assert np.array_equal(dataset.gene(gene, "X"), pbmc[:, gene].X.ravel())
        assert dataset.gene(gene).dtype == np.float32
        assert np.array_equal(dataset.read(f"var/{gene}.values.f32").as_array(), shown)
        assert np.array_equal(dataset.read(f"layers/raw/var/{gene}.values.f32").as_array(), shown)
        assert np.array_equal(dataset.read(f"layers/X/var/{gene}.values.f32").as_array(), dataset.gene(gene, "X"))


def test_coordinates_are_the_original_ones(pbmc: ad.AnnData, dataset: Dataset) -> None:
    assert dataset.embeddings == ["X_umap", "X_pca"]
    assert np.array_equal(dataset.coordinates("X_umap"), pbmc.obsm["X_umap"].astype(np.float32))
    assert np.array_equal(dataset.coordinates("X_pca"), pbmc.obsm["X_pca"][:, :3].astype(np.float32))
    with pytest.raises(UnknownEmbedding, match=r"no embedding 'X_pcs'. Did you mean 'X_pca'"):
        dataset.coordinates("X_pcs")


def test_fields_have_the_colours_of_uns(pbmc: ad.AnnData, dataset: Dataset) -> None:
    fields = {field.key: field for field in dataset.fields}
    assert list(fields) == list(pbmc.obs.columns)
    for key in ("bulk_labels", "louvain"):
        assert list(fields[key].colors or ()) == [color.lower() for color in pbmc.uns[f"{key}_colors"]]
        assert list(fields[key].categories or ()) == list(pbmc.obs[key].cat.categories)
        assert list(dataset.obs(key).astype(str)) == list(pbmc.obs[key].astype(str))
    assert fields["n_counts"].range == (pbmc.obs["n_counts"].min(), pbmc.obs["n_counts"].max())


def test_the_manifest_says_all_that_the_viewer_needs_to_start(pbmc: ad.AnnData, dataset: Dataset) -> None:
    manifest = read_json(dataset, "manifest.json")
    assert list(manifest) == [
        "format", "id", "name", "n_cells", "n_genes", "embeddings", "fields", "layers", "default_layer",
        "cell_names",
    ]  # fmt: skip
    assert manifest["format"] == "cellucid-manifest-1"
    assert (manifest["n_cells"], manifest["n_genes"], manifest["default_layer"]) == (700, 765, "raw")
    assert manifest["layers"] == ["raw", "X"]
    xy = pbmc.obsm["X_umap"].astype(np.float32)
    assert [entry["dimensions"] for entry in manifest["embeddings"]] == [2, 3]
    assert manifest["embeddings"][:1] == [
        {
            "key": "X_umap",
            "dimensions": 2,
            "path": "embeddings/X_umap.f32",
            "min": xy.min(axis=0).tolist(),
            "max": xy.max(axis=0).tolist(),
            "n_placed": 700,
        }
    ]
    fields = {field["key"]: field for field in manifest["fields"]}
    assert fields["n_counts"] == {"key": "n_counts", "kind": "continuous", "path": "obs/n_counts.values.f32"}
    assert fields["louvain"] == {
        "key": "louvain",
        "kind": "categorical",
        "path": "obs/louvain.codes.u8",
        "missing": 255,
        "n_categories": 11,
        "categories": list(pbmc.obs["louvain"].cat.categories),
        "colors": [color.lower() for color in pbmc.uns["louvain_colors"]],
    }


def test_the_identity_is_cellucids(dataset: Dataset) -> None:
    identity = read_json(dataset, "dataset_identity.json")
    assert identity["version"] == 2
    assert identity["id"] == dataset.id
    assert identity["stats"] == {
        "n_cells": 700, "n_genes": 765, "n_obs_fields": 8, "n_categorical_fields": 3, "n_continuous_fields": 5,
        "has_connectivity": False, "n_edges": None,
    }  # fmt: skip
    assert {"key": "louvain", "kind": "category", "n_categories": 11} in identity["obs_fields"]
    assert set(identity["export_settings"].values()) == {None}
    assert pd.Timestamp(identity["created_at"]).tzinfo is not None


def test_every_listed_resource_can_be_read_and_has_one_value_for_each_cell(dataset: Dataset) -> None:
    paths = dataset.resources()
    assert len(paths) == len(set(paths)) == 5 + 2 + 8 + 765
    for path in paths:
        resource = dataset.read(path)
        assert resource.nbytes == len(bytes(resource.data))
        if resource.dtype is not None:
            assert resource.as_array().shape[0] == 700
        assert dataset.read(path) is resource


@pytest.mark.parametrize("view", [False, True])
def test_reading_everything_changes_nothing(pbmc: ad.AnnData, view: bool) -> None:
    adata = pbmc[::2, ::3] if view else pbmc.copy()
    before = digest(adata)
    with open_dataset(adata) as dataset:
        for path in dataset.resources():
            dataset.read(path)
        for field in dataset.fields:
            dataset.obs(field.key)
        dataset.gene("CD8A", "raw")
        dataset.query("louvain == '1' and n_counts > 100")
        dataset.subset(np.array([1, 2]))
    assert digest(adata) == before
    assert adata.is_view is view


def test_results_cannot_be_written_to(dataset: Dataset) -> None:
    for values in (dataset.coordinates("X_umap"), dataset.gene("CD8A")):
        assert not values.flags.writeable


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, sparse.csr_matrix, sparse.csc_array])
def test_a_view_shows_its_own_cells_and_genes(pbmc: ad.AnnData, convert: Any) -> None:
    whole = ad.AnnData(convert(pbmc.X), obs=pbmc.obs, var=pbmc.var, obsm={"X_umap": pbmc.obsm["X_umap"]})
    whole.layers["twice"] = convert(pbmc.X * 2)
    for view in (whole[10:50, ::2], whole[whole.obs["louvain"] == "1"][::-1, whole.var_names[[5, 3]]], whole[3]):
        dataset = open_dataset(view)
        plain = view.copy()
        for gene in view.var_names[:2]:
            assert np.array_equal(dataset.gene(gene), scanpy_shows(plain, gene))
            assert np.array_equal(dataset.gene(gene, "twice"), scanpy_shows(plain, gene, layer="twice"))
        assert np.array_equal(dataset.coordinates("X_umap"), plain.obsm["X_umap"].astype(np.float32))
        assert dataset.n_cells == view.n_obs
        assert view.is_view


def test_a_view_has_raws_genes_for_its_own_cells(pbmc: ad.AnnData) -> None:
    view = pbmc[::-2, :10]
    dataset = open_dataset(view)
    assert dataset.n_genes == 765
    assert np.array_equal(dataset.gene("CST3"), pbmc.raw[:, "CST3"].X.toarray().ravel()[::-2])


def test_the_id_follows_the_cells_and_their_order(pbmc: ad.AnnData) -> None:
    dataset_id = open_dataset(pbmc).id
    assert open_dataset(pbmc.copy()).id == dataset_id
    assert open_dataset(pbmc[:]).id == dataset_id
    others = [pbmc[::-1], pbmc[:-1], pbmc[:, :-1]]
    assert len({dataset_id, *(open_dataset(other).id for other in others)}) == 4


def test_layers_follow_scanpys_rule_and_each_has_its_own_genes() -> None:
    adata = small(layers={"counts": sparse.csc_matrix(np.eye(4, 5))})
    adata.raw = adata.copy()
    adata = adata[:, ["B", "A"]].copy()
    dataset = open_dataset(adata)
    assert dataset.layers == ["raw", "X", "counts"]
    assert dataset.default_layer == "raw"
    assert list(dataset.genes) == list("ABCDE")
    assert dataset.gene("E").tolist() == [4, 9, 14, 19]
    assert dataset.gene("B", "counts").tolist() == [0, 1, 0, 0]
    with pytest.raises(UnknownField, match="'E' is not among the 2 genes of this matrix"):
        dataset.gene("E", "X")
    with pytest.raises(UnknownLayer, match=r"no layer 'spliced'; expected one of 'raw', 'X', 'counts'"):
        dataset.gene("A", "spliced")


def test_without_raw_genes_come_from_x_and_without_x_from_the_first_layer() -> None:
    assert open_dataset(small()).default_layer == "X"
    no_x = small(X=None, layers={"counts": np.eye(4, 5)})
    dataset = open_dataset(no_x)
    assert (dataset.layers, dataset.default_layer) == (["counts"], "counts")
    assert dataset.gene("B").tolist() == [0, 1, 0, 0]
    assert open_dataset(no_x[1:]).gene("B").tolist() == [1, 0, 0]


def test_without_any_matrix_the_cells_can_still_be_shown() -> None:
    dataset = open_dataset(small(X=None))
    assert (dataset.layers, dataset.default_layer, dataset.n_genes) == ([], None, 0)
    assert read_json(dataset, "manifest.json")["default_layer"] is None
    with pytest.raises(UnknownLayer, match="no matrix"):
        dataset.gene("A")
    with pytest.raises(UnknownField):
        dataset.resolve_field("A")


def test_missing_values_and_odd_columns_are_shown() -> None:
    obs = pd.DataFrame(
        {
            "cat": pd.Categorical(["b", None, "a", "b"], categories=["b", "a", "unused"]),
            "flag": [True, False, True, False],
            "maybe": pd.array([True, None, False, True], dtype="boolean"),
            "count": pd.array([1, None, 3, 4], dtype="Int64"),
            "a/b c": [1.0, np.inf, np.nan, 2.0],
            7: ["x", "y", None, "x"],
            "z": [1j, 2, 3, 4],
        },
        index=[f"c{i}" for i in range(4)],
    )
    adata = small()
    adata._obs = obs  # anndata itself would turn the label 7 into a str
    with pytest.warns(UserWarning, match="left out of the obs fields: 'z': complex numbers") as caught:
        dataset = open_dataset(adata)
    assert len(caught) == 1
    assert [field.key for field in dataset.fields] == ["cat", "flag", "maybe", "count", "a/b c", "7"]
    assert dataset.read("obs/cat.codes.u8").as_array().tolist() == [0, 255, 1, 0]
    assert dataset.read("obs/maybe.codes.u8").as_array().tolist() == [1, 255, 0, 1]
    assert dataset.read("obs/7.codes.u8").as_array().tolist() == [0, 1, 255, 0]
    assert np.array_equal(dataset.read("obs/count.values.f32").as_array(), [1, np.nan, 3, 4], equal_nan=True)
    assert np.isinf(dataset.read("obs/a%2Fb%20c.values.f32").as_array()[1])
    assert dataset.obs("flag").cat.categories.tolist() == ["False", "True"]
    read_json(dataset, "manifest.json")
    with pytest.raises(UnknownField, match="'z' cannot be shown: complex numbers"):
        dataset.obs("z")
    with pytest.raises(UnknownField, match="no obs column 'nope'; expected one of 'cat'"):
        dataset.obs("nope")


@pytest.mark.parametrize("n", [1_000, 1_001])
def test_more_than_a_thousand_categories_move_out_of_the_manifest(n: int) -> None:
    adata = small(n)
    adata.obs["many"] = pd.Categorical([f"k{i}" for i in range(n)])
    dataset = open_dataset(adata)
    (field,) = read_json(dataset, "manifest.json")["fields"]
    assert (field["path"], field["missing"], field["n_categories"]) == ("obs/many.codes.u16", 65_535, n)
    if n <= 1_000:
        assert len(field["categories"]) == len(field["colors"]) == n
        assert "categories_path" not in field
        return
    assert "categories" not in field
    assert field["categories_path"] in dataset.resources()
    listing = read_json(dataset, field["categories_path"])
    assert listing["categories"] == list(adata.obs["many"].cat.categories)
    assert set(listing["colors"]) == {"#808080"}


def test_bad_colours_are_warned_of_once_and_at_the_callers_line() -> None:
    adata = small(obs=pd.DataFrame({"x": pd.Categorical(list("abab"))}, index=list("wxyz")))
    adata.uns["x_colors"] = ["red", "nonsense"]
    with pytest.warns(UserWarning, match="'nonsense'") as caught:
        dataset = open_dataset(adata)
    dataset.read("manifest.json")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert dataset.fields[0].colors == ("#1f77b4", "#ff7f0e")


def test_where_categories_merge_the_others_keep_their_colours() -> None:
    categories = pd.Categorical([1, "1", 2, "x"], categories=[1, "1", 2, "x"])
    adata = small(obs=pd.DataFrame({"x": categories}, index=list("abcd")))
    adata.uns["x_colors"] = ["#000001", "#000002", "#000003", "#000004"]
    dataset = open_dataset(adata)
    assert dataset.fields[0].colors == ("#000001", "#000003", "#000004")
    assert dataset.read("obs/x.codes.u8").as_array().tolist() == [0, 0, 1, 2]


@pytest.mark.filterwarnings("ignore:.*names are not unique:UserWarning:anndata")
def test_names_that_are_not_unique_are_warned_of_and_ambiguous_genes_refused() -> None:
    adata = small(obs=pd.DataFrame(index=["a", "a", "b", "b"]), var=pd.DataFrame(index=list("AABCC")))
    with pytest.warns(UserWarning, match="names are not unique, for example") as caught:
        dataset = open_dataset(adata)
    messages = [str(warning.message) for warning in caught]
    assert any("2 cell names are not unique, for example 'a', 'b'" in message for message in messages)
    assert any("2 gene names are not unique, for example 'A', 'C'" in message for message in messages)
    assert len(messages) == 2
    path = "var/A.values.f32"
    for attempt in (lambda: dataset.gene("A"), lambda: dataset.resolve_field("A"), lambda: dataset.read(path)):
        with pytest.raises(AmbiguousGene, match=r"2 columns are named 'A': 0, 1"):
            attempt()
    listed = [path for path in dataset.resources() if path.startswith("var/")]
    assert listed == ["var/genes.json", "var/other_names.json", "var/B.values.f32"]
    assert read_json(dataset, "var/genes.json") == {"genes": ["B"], "ambiguous": 2}
    assert dataset.gene("B").tolist() == [2, 7, 12, 17]


def test_names_are_resolved_to_obs_columns_and_genes(dataset: Dataset) -> None:
    assert dataset.resolve_field("louvain") == FieldRef("obs", "louvain")
    assert dataset.resolve_field("CD8A") == FieldRef("gene", "CD8A")
    with pytest.raises(UnknownField, match="Close matches: 'CD8A'"):
        dataset.resolve_field("cd8a")
    with pytest.raises(KeyError):
        dataset.resolve_field("nope")


@pytest.mark.parametrize(
    "expression", ["louvain == '3'", "n_counts > 1000 and percent_mito < 0.02", "louvain in ['1', '2']", "index == 'x'"]
)
def test_a_query_finds_what_pandas_finds(pbmc: ad.AnnData, dataset: Dataset, expression: str) -> None:
    found = dataset.query(expression)
    assert found.dtype == np.uint32
    assert list(pbmc.obs_names[found]) == list(pbmc.obs.query(expression).index)


@pytest.mark.parametrize(
    "expression",
    [
        "nope > 3",
        "louvain ==",
        "n_counts",
        "n_counts + 1",
        "3",
        "",
        "n_counts > @x",
        "a b",
        "x = 3 > 2",
        "(",
        "louvain.unique() == '3'",
        "n_counts.head(3) > 0",
        "n_counts.sort_values() > 1000",
    ],
)
def test_a_query_that_is_none_is_refused_with_the_reason(dataset: Dataset, expression: str) -> None:
    x = 3  # pandas would find it in the caller's frame
    assert x
    with pytest.raises(DatasetError, match=r"cannot evaluate the query .*Expected a pandas expression over obs"):
        dataset.query(expression)


@pytest.fixture
def two_names() -> Dataset:
    """raw has Ensembl ids, X has symbols and fewer of them."""
    adata = small(var=pd.DataFrame(index=[f"ENSG{i}" for i in range(5)]))
    adata.raw = adata.copy()
    adata = adata[:, :2].copy()
    adata.var_names = ["sym1", "sym2"]
    return open_dataset(adata)


def test_a_name_is_resolved_among_the_genes_of_the_layer(two_names: Dataset) -> None:
    assert two_names.resolve_field("sym1", "X") == FieldRef("gene", "sym1")
    assert two_names.resolve_field("gene:sym1", layer="X") == FieldRef("gene", "sym1")
    assert two_names.resolve_field("ENSG4") == two_names.resolve_field("ENSG4", "raw") == FieldRef("gene", "ENSG4")
    with pytest.raises(UnknownField, match=r"'sym1' is neither .* of the matrix in use"):
        two_names.resolve_field("sym1")
    with pytest.raises(UnknownField, match=r"'ENSG4' is neither an obs column nor a gene of the layer 'X'"):
        two_names.resolve_field("ENSG4", "X")
    with pytest.raises(UnknownField, match="Close matches: 'sym1'"):
        two_names.resolve_field("SYM1", "X")
    with pytest.raises(UnknownLayer, match="no layer 'nope'"):
        two_names.resolve_field("sym1", "nope")


def test_a_subset_is_a_view(pbmc: ad.AnnData, dataset: Dataset) -> None:
    subset = dataset.subset(np.array([3, 1], dtype=np.uint32))
    assert subset.is_view
    assert list(subset.obs_names) == list(pbmc.obs_names[[3, 1]])
    assert dataset.subset(np.zeros(0, dtype=np.uint32)).n_obs == 0


@pytest.mark.parametrize(
    "path",
    [
        "nope",
        "",
        "obs/louvain.codes.u16",
        "obs/n_counts.codes.u8",
        "obs/louvain.categories.json",
        "var/NOPE.values.f32",
        "layers/spliced/var/CD8A.values.f32",
        "embeddings/X_tsne.f32",
        "embeddings/X_pca:1,2.f32",
        "embeddings/X_pca%3A1%2C1.f32",
        "../manifest.json",
        "/manifest.json",
    ],
)
def test_an_unknown_path_is_an_error(dataset: Dataset, path: str) -> None:
    with pytest.raises(UnknownResource, match="there is no resource"):
        dataset.read(path)


def test_a_closed_dataset_says_so(pbmc: ad.AnnData) -> None:
    with open_dataset(pbmc, name="mine") as dataset:
        assert dataset.name == "mine"
    dataset.close()
    for attempt in (lambda: dataset.read("manifest.json"), lambda: dataset.gene("CD8A"), lambda: dataset.genes):
        with pytest.raises(DatasetError, match="'mine' is closed"):
            attempt()
    assert pbmc.n_obs == 700


def test_threads_read_the_same(dataset: Dataset) -> None:
    paths = dataset.resources()[:60] * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(dataset.read, paths))
    for path, resource in zip(paths, found, strict=True):
        assert resource is dataset.read(path)


def test_what_cannot_be_opened_is_named_with_the_way_out(pbmc: ad.AnnData) -> None:
    with pytest.raises(TypeError, match=r"type pandas\.core\.frame\.DataFrame; expected an anndata\.AnnData"):
        open_dataset(pbmc.obs)
    with pytest.raises(DatasetError, match="0 cells"):
        open_dataset(small(0))
    with pytest.raises(DatasetError, match=r"'flags' \(4, 2\).*sc\.tl\.umap"):
        open_dataset(small(obsm={"flags": np.zeros((4, 2), dtype=bool)}))


def test_a_matrix_that_cannot_be_read_is_no_obstacle_to_showing_the_cells() -> None:
    adata = small(layers={"odd": np.full((4, 5), 1j)})
    dataset = open_dataset(adata)
    assert dataset.gene("A").tolist() == [0, 5, 10, 15]
    with pytest.raises(DatasetError, match="complex128"):
        dataset.gene("A", "odd")


def test_a_dataset_is_opened_as_it_is(dataset: Dataset) -> None:
    assert open_dataset(dataset) is dataset
    assert isinstance(dataset, AnnDataDataset)


def test_one_cell_and_no_genes_are_enough() -> None:
    adata = ad.AnnData(obs=pd.DataFrame({"x": [1.0]}, index=["c"]), obsm={"X_umap": np.zeros((1, 2))})
    dataset = open_dataset(adata)
    assert dataset.embedding("X_umap").n_placed == 1
    assert read_json(dataset, "manifest.json")["n_cells"] == 1


@pytest.mark.skipif(not MOUSE_BRAIN.exists(), reason=f"{MOUSE_BRAIN} is not there")
def test_mouse_brain_shows_what_scanpy_shows() -> None:
    try:
        adata = ad.read_h5ad(MOUSE_BRAIN)
    except Exception as error:
        # anndata 0.11 does not know how 0.12 writes a None in `uns`, which a dataset does not read.
        assert "encoding_type='null'" in str(error)  # noqa: PT017
        assert open_dataset(MOUSE_BRAIN).gene("Xkr4").shape == (9_908,)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate gene names, if there are
        dataset = open_dataset(adata)
    assert dataset.embeddings == ["X_umap", "X_umap_2d", "X_umap_3d", "X_pca"]
    assert (dataset.n_cells, dataset.layers, dataset.default_layer) == (9_908, ["X", "counts"], "X")
    for gene in adata.var_names[~adata.var_names.duplicated(keep=False)][[0, 10, 500]]:
        assert np.array_equal(dataset.gene(gene), scanpy_shows(adata, gene))
        assert np.array_equal(dataset.gene(gene, "counts"), scanpy_shows(adata, gene, layer="counts"))
        assert f"var/{quote_key(gene)}.values.f32" in dataset.resources()
    before = adata.obs["leiden"].cat.categories
    assert dataset.obs("leiden").cat.categories.equals(pd.Index(before, dtype=object))


def test_an_embedding_of_three_columns_is_shown_with_all_of_them(pbmc: ad.AnnData) -> None:
    space = np.column_stack([pbmc.obsm["X_umap"], np.arange(700)])
    adata = ad.AnnData(obs=pbmc.obs, obsm={"X_umap_3d": space, "X_umap": pbmc.obsm["X_umap"]})
    for data in (adata, adata[::-2]):
        dataset = open_dataset(data)
        points = space[:: -2 if data.is_view else 1].astype(np.float32)
        assert dataset.embeddings == ["X_umap", "X_umap_3d"]
        assert np.array_equal(dataset.coordinates("X_umap_3d"), points)
        assert dataset.read("embeddings/X_umap_3d.f32").shape == (len(points), 3)
        entry = read_json(dataset, "manifest.json")["embeddings"][1]
        assert (entry["key"], entry["dimensions"], entry["n_placed"]) == ("X_umap_3d", 3, len(points))
        assert (entry["min"], entry["max"]) == (points.min(axis=0).tolist(), points.max(axis=0).tolist())


def test_a_reopened_dataset_has_the_data_as_they_are_now() -> None:
    adata = small()
    dataset = open_dataset(adata, name="mine")
    adata.obs["fresh"] = range(4)
    adata.obsm["X_tsne"] = np.zeros((4, 3))
    again = dataset.reopen()
    assert [field.key for field in again.fields] == ["fresh"]
    assert again.embeddings == ["X_umap", "X_tsne"]
    assert (dataset.fields, dataset.embeddings) == ((), ["X_umap"])
    assert (again.name, again.id, again.storage, dataset.storage) == ("mine", dataset.id, "in-memory", "in-memory")
    assert isinstance(again, AnnDataDataset)


def test_a_closed_dataset_is_not_opened_anew_but_the_one_made_before_lives_on() -> None:
    dataset = open_dataset(small(), name="mine")
    again = dataset.reopen()
    dataset.close()
    with pytest.raises(DatasetError, match="'mine' is closed"):
        dataset.reopen()
    assert again.gene("A").tolist() == [0, 5, 10, 15]
