"""AnnData in files: read as they are asked, never changed, and let go of again."""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import subprocess
import sys
import tracemalloc
import warnings
import weakref
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import zarr
from containers import store
from scipy import sparse

from cellucid.dataset import Dataset, DatasetChanged, DatasetError, open_dataset
from cellucid.dataset.elements import encoding
from cellucid.dataset.errors import MissingPackage
from cellucid.dataset.genes.blocks import BlockReader
from cellucid.dataset.stored_files import H5adFile

N = 40


def small(n: int = N) -> ad.AnnData:
    rows = np.arange(n, dtype=np.float32)
    adata = ad.AnnData(
        sparse.csr_matrix(np.outer(rows, [1, 10, 100]).astype(np.float32)),
        obs=pd.DataFrame(
            {"n_counts": rows, "leiden": pd.Categorical([str(i % 3) for i in range(n)])},
            index=[f"c{i}" for i in range(n)],
        ),
        var=pd.DataFrame({"symbol": ["a", "b", "c"]}, index=list("ABC")),
        obsm={"X_umap": np.column_stack([rows, -rows])},
        layers={"counts": sparse.csr_matrix(np.ones((n, 3), dtype=np.float32))},
    )
    adata.raw = adata.copy()
    return adata


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files are, and nothing else that a test or a cache may write."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture(params=["h5ad-csr-plain", "zarr-csr-v2"])
def path(request: pytest.FixtureRequest, folder: Path) -> Path:
    stored: Path = store(small(), request.param, folder)
    return stored


@pytest.fixture
def h5ad(folder: Path) -> Path:
    stored: Path = store(small(), "h5ad-csr-plain", folder)
    return stored


def digest(path: Path) -> str:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    contents = [(str(file.relative_to(path)), file.read_bytes()) for file in files if file.is_file()]
    return hashlib.blake2b(repr((contents, sorted(map(str, path.parent.rglob("*"))))).encode()).hexdigest()


# ---- the user's own backed AnnData ----


def test_a_backed_anndata_stays_open_and_as_it_was(h5ad: Path) -> None:
    backed = ad.read_h5ad(h5ad, backed="r")
    before = digest(h5ad)
    with open_dataset(backed) as dataset:
        assert (dataset.storage, dataset.name) == ("backed", h5ad.stem)
        for path in dataset.resources():
            dataset.read(path)
        view = dataset.subset(np.array([7, 2]))
    assert view.is_view
    assert list(view.obs_names) == ["c7", "c2"]
    assert backed.file.is_open
    assert backed.isbacked
    assert backed.X[3, 1] == 30
    assert view.to_memory().X.toarray()[:, 0].tolist() == [7, 2]
    backed.file.close()
    assert digest(h5ad) == before


@pytest.mark.parametrize("rows", [slice(3, 30, 2), [9, 4, 30], np.arange(N) % 5 == 1])
def test_a_view_of_a_backed_anndata_shows_its_own_cells(h5ad: Path, rows: Any) -> None:
    backed = ad.read_h5ad(h5ad, backed="r")
    dataset = open_dataset(backed[rows, ["C", "A"]])
    where = np.arange(N)[rows]
    assert dataset.storage == "backed"
    assert dataset.gene("B").tolist() == (10 * where).tolist()  # of raw, which has all genes
    assert dataset.gene("A", "X").tolist() == where.tolist()
    assert dataset.gene("C", "counts").tolist() == [1] * len(where)
    assert list(dataset.subset(np.array([1])).obs_names) == [f"c{where[1]}"]
    backed.file.close()


def test_a_backed_anndata_that_its_user_has_closed_is_opened_again_by_anndata(h5ad: Path) -> None:
    backed = ad.read_h5ad(h5ad, backed="r")
    dataset = open_dataset(backed)
    assert dataset.gene("A", "X")[5] == 5
    backed.file.close()
    assert dataset.gene("B", "X")[5] == 50
    backed.file.close()


def test_a_backed_anndata_without_a_matrix_shows_its_cells(tmp_path: Path) -> None:
    ad.AnnData(obs=small().obs, obsm={"X_umap": np.zeros((N, 2))}).write_h5ad(tmp_path / "no.h5ad")
    backed = ad.read_h5ad(tmp_path / "no.h5ad", backed="r")
    for data in (backed, backed[3:9], tmp_path / "no.h5ad"):
        dataset = open_dataset(data)
        assert (dataset.layers, dataset.default_layer, dataset.n_genes) == ([], None, 0)
    backed.file.close()


def test_a_mutated_backed_anndata_is_refused_until_it_is_opened_anew(h5ad: Path) -> None:
    backed = ad.read_h5ad(h5ad, backed="r")
    dataset = open_dataset(backed)
    backed.obs_names = [f"d{i}" for i in range(N)]
    with pytest.raises(DatasetChanged, match=r"number 0 was 'c0' and is 'd0'"):
        dataset.gene("A")
    assert dataset.reopen().gene("A")[2] == 2
    backed.file.close()


def test_a_backed_anndata_whose_file_is_replaced_is_refused_until_it_is_opened_anew(h5ad: Path, folder: Path) -> None:
    backed = ad.read_h5ad(h5ad, backed="r")
    for data in (backed, backed[::2]):
        dataset = open_dataset(data)
        dataset.gene("A", "X")
        shutil.copy(h5ad, folder / "copy")
        os.replace(folder / "copy", h5ad)
        for attempt in (lambda d=dataset: d.gene("B", "X"), lambda d=dataset: d.obs("leiden")):
            with pytest.raises(DatasetChanged, match="has changed on disk since it was opened"):
                attempt()
    backed.file.close()


@pytest.mark.filterwarnings("ignore::FutureWarning")  # anndata's own, of what it uses itself
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, np.asarray])
def test_what_is_written_to_a_backed_anndata_shows_in_genes_that_were_not_read_before(form: Any, folder: Path) -> None:
    data = small()
    data.X = form(data.X.toarray())
    data.write_h5ad(folder / "open.h5ad")
    backed = ad.read_h5ad(folder / "open.h5ad", backed="r+")
    dataset = open_dataset(backed)
    view = open_dataset(backed[::-1])
    assert dataset.gene("A", "X")[4] == 4
    assert view.gene("A", "X")[0] == N - 1
    values = backed.file._file["X"] if form is np.asarray else backed.file._file["X/data"]
    values[...] = values[...] * 2  # in place
    assert dataset.gene("B", "X")[4] == 80
    assert view.gene("B", "X")[0] == 20 * (N - 1)
    backed.X = form(np.full((N, 3), 7, dtype=np.float32))  # another matrix in its place
    assert dataset.gene("C", "X").tolist() == view.gene("C", "X").tolist() == [7] * N
    assert dataset.gene("A", "X")[4] == 4  # as it was read the first time
    assert dataset.reopen().gene("A", "X")[4] == 7
    backed.file.close()


# ---- a path ----


def test_a_file_is_read_only_for_what_is_asked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.dataset import elements

    read: list[str] = []
    read_elem = elements.read_elem
    monkeypatch.setattr(elements, "read_elem", lambda node: read.append(node.name) or read_elem(node))
    names: list[str] = []
    read_names = elements.StoredTable.__dict__["names"].func
    monkeypatch.setattr(
        elements.StoredTable, "names", property(lambda table: names.append(table._group.name) or read_names(table))
    )
    dataset = open_dataset(path)
    dataset.read("manifest.json")
    dataset.read("obs/n_counts.values.f32")
    assert "/obs" not in names
    assert [name for name in read if "counts" in name] == ["/obs/n_counts"]
    assert not any(name.endswith(("leiden", "codes", "symbol")) for name in read)
    assert dataset.cell_names[0] == "c0"
    assert "/obs" in names


def test_a_path_may_be_a_str_and_is_named_after_its_file(path: Path) -> None:
    for given in (path, str(path)):
        dataset = open_dataset(given)
        assert dataset.name == path.stem
        dataset.close()
    assert open_dataset(path, name="mine").name == "mine"


def test_a_file_is_never_changed_and_nothing_is_put_beside_it(path: Path) -> None:
    before = digest(path)
    with open_dataset(path) as dataset:
        for resource in dataset.resources():
            dataset.read(resource)
        dataset.query("leiden == '1'")
        dataset.subset(np.array([3])).to_memory()
    assert digest(path) == before


def test_closing_lets_go_of_the_file(h5ad: Path) -> None:
    dataset = open_dataset(h5ad)
    root = dataset._source._file.root
    assert root
    dataset.close()
    dataset.close()
    assert not root
    with h5py.File(h5ad, "r+"):
        pass
    with pytest.raises(DatasetError, match=f"'{h5ad.stem}' is closed"):
        dataset.gene("A")


def test_closing_lets_go_of_the_gene_index(path: Path) -> None:
    dataset = open_dataset(path)
    dataset.gene("A")
    source = weakref.ref(dataset._source.matrix("raw"))
    assert source() is not None
    dataset.close()
    gc.collect()
    assert source() is None
    assert dataset.n_cells == N


@pytest.mark.parametrize("options", [{"gene_symbols": "nothing"}, {"dataset": "another"}])
def test_a_file_that_is_not_opened_for_good_is_closed(
    h5ad: Path, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[Any] = []
    really_open = H5adFile._open
    monkeypatch.setattr(H5adFile, "_open", lambda self: files.append(self) or really_open(self))
    with pytest.raises(DatasetError):
        open_dataset(h5ad, **options)
    [file] = files
    assert not file.root


def test_a_subset_of_a_file_is_a_view_that_outlives_the_dataset(path: Path) -> None:
    dataset = open_dataset(path)
    subset = dataset.subset(np.array([31, 4], dtype=np.uint32))
    assert subset.is_view
    assert subset.isbacked is (path.suffix == ".h5ad")
    dataset.close()
    assert list(subset.obs_names) == ["c31", "c4"]
    assert subset.obs["leiden"].tolist() == ["1", "1"]
    loaded = subset.to_memory()
    assert loaded.X.toarray()[:, 1].tolist() == [310, 40]
    assert loaded.layers["counts"].shape == (2, 3)
    assert loaded.raw.X.toarray()[:, 2].tolist() == [3100, 400]


@pytest.mark.parametrize("words", ["categories", "few words", "many words"])
@pytest.mark.parametrize("backed", [False, True])
def test_opening_a_large_file_takes_less_than_forty_bytes_a_cell(words: str, backed: bool, tmp_path: Path) -> None:
    if words == "many words" and backed:
        pytest.skip("the column is in memory, and its words are looked up there")
    n = 200_000
    random = np.random.default_rng(1)
    names = np.array([f"cluster {i}" for i in range(30 if words == "few words" else n)], dtype=object)
    columns = {"categories": 0, "few words": 2, "many words": 1}[words]
    adata = ad.AnnData(
        obs=pd.DataFrame(
            {
                "leiden": pd.Categorical.from_codes(random.integers(0, 20, n), [str(i) for i in range(20)]),
                **{f"score{i}": random.normal(size=n) for i in range(4)},
                **{f"words{i}": random.permutation(np.resize(names, n)) for i in range(columns)},
            },
            index=[f"AAACCTGAGAAACCAT-{i}" for i in range(n)],
        ),
        obsm={"X_umap": random.normal(size=(n, 2)), "X_pca": random.normal(size=(n, 10))},
    )
    adata.write_h5ad(tmp_path / "large.h5ad", convert_strings_to_categoricals=False)
    with h5py.File(tmp_path / "large.h5ad") as file:
        assert [encoding(file["obs"][f"words{i}"]) for i in range(columns)] == ["string-array"] * columns
    del adata
    open_dataset(store(small(), "h5ad-csc-plain", tmp_path)).read("manifest.json")  # what is needed only once
    data = ad.read_h5ad(tmp_path / "large.h5ad", backed="r") if backed else tmp_path / "large.h5ad"
    tracemalloc.start()
    dataset = open_dataset(data)
    dataset.read("manifest.json")
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / n < 40
    assert kept / n < 2
    assert dataset.n_cells == n
    if backed:
        data.file.close()


# ---- a file that changes ----


def test_a_file_that_is_written_anew_is_refused_until_it_is_opened_anew(path: Path, tmp_path: Path) -> None:
    dataset = open_dataset(path)
    read = dataset.gene("A").tolist()
    other = small()[::-1].copy()
    kind = "h5ad-csr-plain" if path.suffix == ".h5ad" else "zarr-csr-v2"
    (tmp_path / "new").mkdir()
    written = store(other, kind, tmp_path / "new")
    if path.is_dir():
        shutil.rmtree(path)
    os.replace(written, path)
    assert dataset.gene("A").tolist() == read
    for attempt in (
        lambda: dataset.gene("B"),
        lambda: dataset.obs("leiden"),
        lambda: dataset.coordinates("X_umap"),
        lambda: dataset.query("n_counts > 3"),
        lambda: dataset.subset(np.array([1])),
    ):
        with pytest.raises(DatasetChanged, match=rf"'{path.name}' has changed on disk since it was opened; call the"):
            attempt()
    again = dataset.reopen()
    assert again.gene("A").tolist() == read[::-1]
    assert again.id != dataset.id
    dataset.close()
    assert list(again.cell_names[:2]) == ["c39", "c38"]


def test_a_file_that_is_overwritten_in_place_is_opened_anew_as_it_is_now(h5ad: Path, tmp_path: Path) -> None:
    dataset = open_dataset(h5ad)
    dataset.subset(np.array([1]))
    assert dataset.gene("A")[1] == 1
    (tmp_path / "new").mkdir()
    content = store(small()[::-1].copy(), "h5ad-csr-plain", tmp_path / "new").read_bytes()
    h5ad.write_bytes(content)
    with pytest.raises(DatasetChanged, match="has changed on disk"):
        dataset.obs("leiden")
    again = dataset.reopen()
    assert again.gene("A")[1] == N - 2
    assert list(again.cell_names[:2]) == ["c39", "c38"]


def test_a_file_that_is_deleted_is_read_to_its_end_and_a_folder_is_not(path: Path) -> None:
    dataset = open_dataset(path)
    if path.is_dir():
        shutil.rmtree(path)
        with pytest.raises(DatasetChanged):
            dataset.gene("B")
    else:
        path.unlink()
        assert dataset.gene("B")[4] == 40
    with pytest.raises(DatasetError, match="there is no file or folder"):
        dataset.reopen()


# ---- what cannot be opened ----


def test_a_path_that_is_not_there_is_answered_with_what_is(h5ad: Path) -> None:
    with pytest.raises(DatasetError, match=rf"there is no file or folder .* There is '{h5ad.name}'"):
        open_dataset(h5ad.with_name(h5ad.name.upper()))
    with pytest.raises(DatasetError, match="there is no file or folder"):
        open_dataset("nowhere/at/all.h5ad")


def test_what_is_no_anndata_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "text.h5ad").write_text("cell,gene")
    (tmp_path / "empty.h5ad").touch()
    (tmp_path / "text.csv").write_text("cell,gene")
    (tmp_path / "text.zip").write_text("cell,gene")
    (tmp_path / "empty.zarr").mkdir()
    for name in ("nothing", "data", "data/b.zarr"):
        (tmp_path / name).mkdir()
    for name in ("a.h5ad", "c.csv"):
        (tmp_path / "data" / name).touch()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["image"] = np.zeros(3)
    with h5py.File(tmp_path / "cut.h5ad", "w") as file:
        file["X"] = np.zeros(1000)
    os.truncate(tmp_path / "cut.h5ad", 4000)
    for name, reason in {
        "cut.h5ad": "A part of it is missing: copy",
        "text.h5ad": "signature not found.*Its content is not HDF5",
        "empty.h5ad": "It is empty",
        "other.h5": "'other.h5' is not an AnnData: it has no obs and no var; it has 'image'",
        "text.csv": "neither an .h5ad file nor",
        "text.zip": "zip",
        "empty.zarr": "copied in part",
        "data": "It has 'a.h5ad', 'b.zarr': name the file itself",
        "nothing": "prepare",
    }.items():
        with pytest.raises(DatasetError, match=rf"'{name}'.*{reason}" if name != "other.h5" else reason) as caught:
            open_dataset(tmp_path / name)
        assert str(tmp_path) not in str(caught.value)


def test_without_zarr_the_error_names_the_extra(tmp_path: Path) -> None:
    folder = tmp_path / "x.zarr"
    folder.mkdir()
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    code = (
        "import sys; from cellucid.dataset import open_dataset\n"
        "from cellucid.dataset.stored_files import ZarrStore\n"
        "sys.modules['zarr'] = None\n"
        f"open_dataset({str(folder)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingPackage: reading 'x.zarr' needs zarr, which is not installed: pip install \"cellucid[zarr]\"" in (
        done.stderr
    )
    assert issubclass(MissingPackage, ImportError)


def test_a_file_that_anndata_wrote_before_0_7_is_read_all_the_same() -> None:
    path = Path(sc.__file__).parent / "datasets/10x_pbmc68k_reduced.h5ad"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # anndata's own, about the old file
        with open_dataset(path) as dataset, open_dataset(sc.datasets.pbmc68k_reduced()) as expected:
            assert (dataset.storage, dataset.id, dataset.layers) == ("h5ad", expected.id, expected.layers)
            assert dataset.fields == expected.fields
            assert dataset.gene("CD8A").tolist() == expected.gene("CD8A").tolist()
            assert dataset.gene("CD8A", "X").tolist() == expected.gene("CD8A", "X").tolist()
            assert dataset.reopen().n_cells == 700


def test_columns_that_anndata_0_7_wrote_keep_their_categories(h5ad: Path) -> None:
    with h5py.File(h5ad, "r+") as file:
        codes = file["obs/leiden/codes"][...]
        categories = file["obs/leiden/categories"].asstr()[...].astype(object)
        del file["obs/leiden"]
        file["obs/leiden"] = codes
        file["obs/__categories/leiden"] = categories
        file["obs/leiden"].attrs["categories"] = file["obs/__categories/leiden"].ref
        for column in ("leiden", "n_counts"):
            for attribute in ("encoding-type", "encoding-version"):
                file["obs"][column].attrs.pop(attribute, None)
    dataset = open_dataset(h5ad)
    assert [(field.key, field.kind) for field in dataset.fields] == [
        ("n_counts", "continuous"),
        ("leiden", "categorical"),
    ]
    assert dataset.fields[1].categories == ("0", "1", "2")
    assert dataset.obs("leiden").tolist() == [str(i % 3) for i in range(N)]


def test_datasets_of_a_path_are_one_for_each_that_opens_it(h5ad: Path) -> None:
    one: Dataset = open_dataset(h5ad)
    other = open_dataset(h5ad)
    one.close()
    assert other.gene("A")[3] == 3


def test_what_goes_wrong_in_a_backed_anndatas_file_names_it_and_not_where_it_lies(h5ad: Path) -> None:
    with h5py.File(h5ad, "r+") as file:
        shape, attributes = file["X/indptr"].shape, dict(file["X/indptr"].attrs)
        del file["X/indptr"]
        file["X/indptr"] = np.full(shape, 10**9)
        file["X/indptr"].attrs.update(attributes)
    backed = ad.read_h5ad(h5ad, backed="r")
    for dataset in (open_dataset(backed), open_dataset(h5ad)):
        with pytest.raises(DatasetError, match=h5ad.name) as caught:
            dataset.gene("A", "X")
        assert str(h5ad) not in str(caught.value)
    backed.file.close()


@pytest.mark.parametrize("part", ["layers/counts", "raw/X", "X"])
def test_a_matrix_of_a_zarr_folder_that_is_written_anew_is_not_mixed_with_the_old_one(part: str, folder: Path) -> None:
    path = store(small(), "zarr-csr-v2", folder)
    (path / ".zmetadata").unlink(missing_ok=True)  # with it zarr writes no part anew
    layer = {"layers/counts": "counts", "raw/X": "raw", "X": "X"}[part]
    with open_dataset(path) as dataset:
        dataset.gene("A", layer)
        ad.io.write_elem(
            zarr.open_group(str(path)),
            part,
            sparse.csr_matrix(np.full((N, 3), 7, dtype=np.float32)),
        )
        with pytest.raises(DatasetChanged, match="has changed on disk"):
            dataset.gene("B", layer)
        with dataset.reopen() as again:
            assert again.gene("B", layer).tolist() == [7] * N


@pytest.mark.parametrize(("part", "ask"), [
    ("obs", lambda dataset: dataset.obs("n_counts")),
    ("obsm/X_umap", lambda dataset: dataset.coordinates("X_umap")),
])  # fmt: skip
def test_a_part_of_a_zarr_folder_that_is_written_anew_is_refused(part: str, ask: Any, folder: Path) -> None:
    path = store(small(), "zarr-csr-v2", folder)
    (path / ".zmetadata").unlink(missing_ok=True)
    other = small()[::-1].copy()
    with open_dataset(path) as dataset:
        value = other.obs if part == "obs" else other.obsm["X_umap"]
        ad.io.write_elem(zarr.open_group(str(path)), part, value)
        with pytest.raises(DatasetChanged, match="has changed on disk"):
            ask(dataset)


@pytest.mark.parametrize("ask", [lambda d: d.gene("A"), lambda d: d.gene_block(["A", "B"])])
def test_a_file_that_changes_during_a_pass_is_refused(ask: Any, h5ad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = BlockReader.read

    def read(reader: BlockReader, block: int) -> Any:
        found = real(reader, block)
        os.utime(h5ad)
        return found

    monkeypatch.setattr(BlockReader, "read", read)
    with open_dataset(h5ad) as dataset, pytest.raises(DatasetChanged, match="has changed on disk"):
        ask(dataset)


def test_a_long_zarr_column_of_zeros_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.dataset import elements

    monkeypatch.setattr(elements, "_MUST_BE_THERE", 100)  # bytes, of which 2.1 million cells have 16 MiB
    data = small()
    data.obs["n_counts"] = 0.0
    path = store(data, "zarr-csr-v2", folder)
    for part in (path / "obs" / "n_counts").glob("[0-9]*"):  # which zarr 2 writes all the same
        part.unlink()
    with open_dataset(path) as dataset:
        assert dataset.obs("n_counts").tolist() == [0.0] * N


@pytest.mark.parametrize("zeros", [np.zeros((N, 8)), sparse.csr_matrix((N, 8)), np.zeros((N, 2), dtype=np.float16)])
def test_a_long_zarr_embedding_of_zeros_is_one(zeros: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.dataset import elements

    monkeypatch.setattr(elements, "_MUST_BE_THERE", 50)
    data = small()
    data.obsm["X_zero"] = zeros
    path = store(data, "zarr-csr-v2", folder)
    with open_dataset(path) as dataset:
        assert dataset.coordinates("X_zero").tolist() == [[0.0] * min(zeros.shape[1], 3)] * N
        assert dataset.aligned("obsm")["X_zero"].shape == zeros.shape


def test_texts_are_decoded_once_however_they_are_chunked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.dataset import elements

    monkeypatch.setattr(elements, "ROWS_A_STEP", 7)
    data = small()
    whole = zarr.open_group(str(store(data, "zarr-csr-v2", folder)))["obs/_index"]
    reads = []

    class Counted:
        shape, chunks, dtype = whole.shape, (16,), whole.dtype

        def __getitem__(self, rows: slice) -> Any:
            reads.append((rows.start, rows.stop))
            return whole[rows]

    blocks = list(elements._text_blocks(Counted()))
    assert [text for _, texts in blocks for text in texts] == list(data.obs_names)
    assert [(rows.start, rows.stop) for rows, _ in blocks] == [
        (0, 7), (7, 14), (14, 16), (16, 23), (23, 30), (30, 32), (32, 39), (39, 40),
    ]  # fmt: skip
    assert reads == [(0, 16), (16, 32), (32, 40)]


def test_a_table_in_obsm_is_read_once_whatever_is_asked_of_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cellucid.dataset import elements

    data = small()
    data.obsm["X_tsne"] = pd.DataFrame(np.arange(2.0 * N).reshape(N, 2), index=data.obs_names, columns=["a", "b"])
    path = store(data, "h5ad-csr-plain", folder)
    matrix = elements.StoredMatrix(h5py.File(path)["obsm/X_tsne"], N)
    reads = []
    read = elements.StoredColumn.read
    monkeypatch.setattr(elements.StoredColumn, "read", lambda self: reads.append(1) or read(self))
    parts = [matrix.read(slice(start, start + 8), [0, 1]) for start in range(0, N, 8)]
    np.testing.assert_array_equal(np.concatenate(parts), data.obsm["X_tsne"])
    assert len(reads) == 2
