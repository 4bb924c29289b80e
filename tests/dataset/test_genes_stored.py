"""Genes out of files that anndata wrote: the same values from every container, and errors that name the file."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import hdf5plugin
import numpy as np
import pytest
import zarr
from anndata.io import write_elem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matrices import entries, expected
from numcodecs import Zstd
from scipy import sparse

from cellucid.dataset import DatasetError
from cellucid.dataset.genes import blocks as blocks_module
from cellucid.dataset.genes import gene_source, kernels, vectors
from cellucid.dataset.genes import stored as stored_module
from cellucid.dataset.genes.blocks import sorted_by_gene
from cellucid.dataset.genes.rows import Rows
from cellucid.dataset.lock import DataLock

FILTERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gzip": {"compression": "gzip"},
    "gzip and shuffle": {"compression": "gzip", "shuffle": True},
    "lzf": {"compression": "lzf"},
    "zstd": dict(hdf5plugin.Zstd()),
    "gzip and checksum": {"compression": "gzip", "fletcher32": True},
}
ZARR = ("zarr 2", "zarr 3", "zarr sharded", "zarr zip")
ENCODINGS: dict[str, Callable[[Any], Any]] = {
    "csr": lambda matrix: matrix,
    "csc": lambda matrix: transposed_storage(matrix),
    "dense": lambda matrix: np.ascontiguousarray(expected(matrix).T.astype(np.float64)),
}

some_settings = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def transposed_storage(matrix: Any) -> Any:
    """The same matrix as CSC, its entries in the order of their rows, duplicates kept."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.argsort(matrix.indices, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(matrix.indices, minlength=matrix.shape[1]))])
    found = sparse.csc_array(matrix.shape, dtype=matrix.data.dtype)
    index = matrix.indices.dtype
    found.data, found.indices, found.indptr = matrix.data[order], rows[order].astype(index), indptr.astype(index)
    return found


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that these few entries are many blocks, batches and steps."""
    monkeypatch.setattr(blocks_module, "BLOCK_BYTES", 150)
    monkeypatch.setattr(blocks_module, "ROWS_A_BLOCK", 5)
    monkeypatch.setattr(vectors, "BATCH_BYTES", 60)
    monkeypatch.setattr(stored_module, "DENSE_BYTES", 100)


class Stores:
    """Opens files of each kind in one folder, and closes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: list[Any] = []
        self._number = 0

    def path(self, ending: str) -> Path:
        self._number += 1
        return self.folder / f"{self._number}{ending}"

    def write(self, kind: str, matrix: Any, chunk: int | None = None) -> Any:
        """What anndata hands over for a matrix `X` that it wrote to a file of this kind."""
        return self.open(kind, self.write_closed(kind, matrix, chunk))

    def write_closed(self, kind: str, matrix: Any, chunk: int | None = None) -> Path:
        dense = isinstance(matrix, np.ndarray)
        chunks: dict[str, Any] = {}
        if chunk is not None:
            chunks = {"chunks": tuple(max(1, min(chunk, side)) for side in matrix.shape) if dense else (chunk,)}
        if kind in FILTERS:
            path = self.path(".h5ad")
            with h5py.File(path, "w") as file:
                # Only what has chunks can be filtered.
                filters = FILTERS[kind] if dense is False or matrix.size else {}
                write_elem(file, "X", matrix, dataset_kwargs={**filters, **chunks})
            return path
        path = self.path(".zip" if kind == "zarr zip" else ".zarr")
        store = zarr.storage.ZipStore(path, mode="w") if kind == "zarr zip" else path
        version = 2 if kind == "zarr 2" else 3
        if kind == "zarr sharded":
            chunk = chunk or 2
            sides = matrix.shape if dense else (1,)
            chunks = {"chunks": (chunk,) * len(sides), "shards": (4 * chunk,) * len(sides)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            group = zarr.open_group(store, mode="w", zarr_format=version)
            write_elem(group, "X", matrix, dataset_kwargs=chunks)
        group.store.close()
        return path

    def open(self, kind: str, path: Path) -> Any:
        if kind in FILTERS:
            self._opened.append(h5py.File(path, "r"))
        else:
            store = zarr.storage.ZipStore(path, mode="r") if kind == "zarr zip" else path
            self._opened.append(zarr.open_group(store, mode="r"))
        return self._opened[-1]["X"]

    def close(self) -> None:
        for opened in self._opened:
            (opened if isinstance(opened, h5py.File) else opened.store).close()


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    opened = Stores(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", [*FILTERS, *ZARR])
@some_settings
@given(matrix=entries(), chunk=st.sampled_from([None, 2, 7]), data=st.data())
def test_the_same_values_come_from_every_container(
    kind: str, encoding: str, matrix: Any, chunk: int | None, data: st.DataObject, stores: Stores
) -> None:
    wanted = expected(matrix)
    source = gene_source(stores.write(kind, ENCODINGS[encoding](matrix), chunk))
    assert (source.n_cells, source.n_genes) == matrix.shape
    genes = data.draw(st.lists(st.integers(0, matrix.shape[1] - 1)))
    for _ in range(2):  # while the index is made, and from it
        found = source.columns(genes)
        assert found.dtype == np.float32
        assert np.array_equal(found, wanted[genes], equal_nan=True)
        for j in range(matrix.shape[1]):
            assert np.array_equal(source.column(j), wanted[j], equal_nan=True)
            assert np.array_equal(np.concatenate([part for _, part in source.blocks(j)]), wanted[j], equal_nan=True)


@some_settings
@given(matrix=st.one_of(entries(), entries(sorted_rows=True)), tile=st.sampled_from([1, 3, 1 << 17]))
def test_a_block_sorted_by_numba_is_that_sorted_by_scipy(matrix: Any, tile: int) -> None:
    rows = blocks_module.Rows(matrix.indptr, matrix.indices, matrix.data)
    by_scipy = blocks_module.sorted_by_gene(rows, matrix.shape[1], "")
    if matrix.dtype != bool:
        types = (matrix.indptr.dtype, matrix.indices.dtype, matrix.dtype, np.uint32, np.uint16)
        assert kernels.compile_now("transpose", *types)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "WORTH_COMPILING", 0)
        patch.setattr(blocks_module, "TILE", tile)
        by_numba = blocks_module.sorted_by_gene(rows, matrix.shape[1], "")
    for name in ("starts", "rows", "values"):
        one, other = getattr(by_scipy, name), getattr(by_numba, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


@pytest.mark.parametrize("numbers", [np.array([0, 255]), np.array([0, 256]), np.array([-1, 4]), np.array([0.5])])
def test_counts_are_kept_in_few_bytes(numbers: np.ndarray) -> None:
    dense = sparse.csr_array(numbers[:, np.newaxis].astype(np.float64) + 0)
    rows = blocks_module.Rows(dense.indptr, dense.indices, dense.data)
    values = blocks_module.sorted_by_gene(rows, 1, "").values
    assert values.dtype == {255: np.uint8, 256: np.uint16, 4: np.float32, 0: np.float32}[int(numbers.max())]
    assert np.array_equal(values, dense.data.astype(np.float32))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("mode", ["r", "r+"])
def test_the_x_of_a_backed_anndata_is_read_in_its_file(tmp_path: Path, encoding: str, mode: str) -> None:
    matrix = sparse.random_array((40, 6), density=0.4, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    stored = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": lambda m: m.toarray()}[encoding](matrix)
    path = tmp_path / "backed.h5ad"
    ad.AnnData(stored).write_h5ad(path)
    before = path.read_bytes()
    backed = ad.read_h5ad(path, backed=mode)
    source = gene_source(backed.X)
    assert np.array_equal(source.columns(range(6)), matrix.toarray().T)
    backed.file.close()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "cellucid-cache"] == ["backed.h5ad"]


def test_what_anndata_opens_in_zarr_is_read(stores: Stores) -> None:
    matrix = sparse.random_array((20, 4), density=0.4, format="csr", rng=np.random.default_rng(0))
    opened = ad.io.sparse_dataset(stores.write("zarr 2", matrix))
    assert np.array_equal(gene_source(opened).columns(range(4)), matrix.toarray().T.astype(np.float32))


def test_chunks_that_nobody_wrote_and_halves_and_other_byte_orders_are_read(stores: Stores) -> None:
    path = stores.path(".h5ad")
    with h5py.File(path, "w") as file:
        group = file.create_group("X")
        group.attrs["encoding-type"], group.attrs["shape"] = "csr_matrix", [6, 2]
        group["indptr"] = np.arange(7, dtype=">i4")
        group.create_dataset("indices", shape=6, dtype=">i8", chunks=(2,), compression="gzip")
        group.create_dataset("data", shape=6, dtype="f2", chunks=(2,), compression="gzip", fillvalue=3)
        group["data"][2:4] = [1, 2]
    source = gene_source(stores.open("gzip", path))
    assert source.columns([0, 1]).tolist() == [[3, 3, 1, 2, 3, 3], [0] * 6]


def test_chunks_that_were_stored_without_some_of_the_filters_are_read(tmp_path: Path) -> None:
    data = np.arange(1, 901, dtype=np.float32)
    matrix = sparse.csr_matrix((data, np.tile(np.arange(9), 100), np.arange(0, 901, 9)), shape=(100, 9))
    with h5py.File(tmp_path / "masks.h5", "w") as file:
        write_elem(file, "X", matrix, dataset_kwargs={"chunks": (100,), "compression": "gzip", "shuffle": True})
        part = file["X/data"].id
        shuffled = data[100:200].view(np.uint8).reshape(-1, 4).T.tobytes()
        part.write_direct_chunk((100,), shuffled, filter_mask=0b10)
        part.write_direct_chunk((200,), data[200:300].tobytes(), filter_mask=0b11)
        part.write_direct_chunk((300,), zlib.compress(data[300:400].tobytes()), filter_mask=0b01)
        assert np.array_equal(file["X/data"][:], data)  # as HDF5 reads it
    with h5py.File(tmp_path / "masks.h5") as file:
        assert np.array_equal(gene_source(file["X"]).columns(range(9)), matrix.toarray().T)


def test_entries_of_neighbouring_genes_in_one_row_are_not_duplicates() -> None:
    rows = Rows(np.array([0, 0, 5]), np.array([2, 1, 1, 0, 2]), np.array([4.0, 2.0, 3.0, 1.0, 0.5]))
    block = sorted_by_gene(rows, 3, "a test")
    assert block.starts.tolist() == [0, 1, 2, 3]
    assert block.rows.tolist() == [1, 1, 1]
    assert block.values.tolist() == [1.0, 5.0, 4.5]


def test_several_threads_get_the_right_values_at_once(stores: Stores) -> None:
    matrix = sparse.random_array((300, 30), density=0.3, format="csr", rng=np.random.default_rng(0))
    lock = DataLock()
    source = gene_source(stores.write("gzip", matrix, 50), lock)
    wanted = matrix.toarray().T.astype(np.float32)
    wrong = []

    def read(number: int) -> None:
        for j in np.random.default_rng(number).permutation(30):
            # Half of them hold the lock already, as a dataset that reads under it does.
            if number % 2:
                with lock:
                    found = source.column(j)
            else:
                found = source.column(j)
            if not np.array_equal(found, wanted[j]):
                wrong.append(j)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not wrong


# ---- files that lie ----


def edited(stores: Stores, kind: str, edit: Callable[[Any], None], encoding: str = "csr") -> Any:
    matrix = sparse.random_array((30, 5), density=0.5, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    path = stores.write_closed(kind, ENCODINGS[encoding](matrix))
    if kind in FILTERS:
        with h5py.File(path, "r+") as file:
            edit(file["X"])
    else:
        edit(zarr.open_group(path, mode="r+")["X"])
    return stores.open(kind, path)


def replace(group: Any, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    values = change(group[name][:])
    del group[name]
    if isinstance(group, h5py.Group):
        group[name] = values
    else:
        group.create_array(name, data=values)


def larger(numbers: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(numbers)) == len(numbers) // 2, 10**6, numbers)


LIES: dict[str, tuple[Callable[[Any], None], str]] = {
    "an entry too large": (lambda x: replace(x, "indices", larger), "is corrupt, an entry is of a"),
    "a negative entry": (lambda x: replace(x, "indices", lambda a: np.where(a == 3, -1, a)), "is corrupt, an entry"),
    "indptr descends": (lambda x: replace(x, "indptr", lambda a: a[::-1]), "indptr does not ascend from 0"),
    "indptr too far": (lambda x: replace(x, "indptr", lambda a: a * 2), "indptr does not ascend from 0 to at most 75"),
    "indptr too short": (lambda x: replace(x, "indptr", lambda a: a[:-1]), "indptr has length"),
    "indptr of floats": (lambda x: replace(x, "indptr", lambda a: a.astype(float)), "indptr is float64"),
    "fewer values": (lambda x: replace(x, "data", lambda a: a[:-1]), "75 indices, but 74 values"),
    "text": (lambda x: replace(x, "data", lambda a: a.astype("S3")), "S3 values.*; expected real numbers"),
    "no indices": (lambda x: x.__delitem__("indices"), "no array 'indices' of one dimension"),
    "two dimensions": (lambda x: replace(x, "indices", lambda a: a[:, np.newaxis]), "no array 'indices'"),
    "huge": (lambda x: x.attrs.__setitem__("shape", [10**12, 10**12]), "expected 1,000,000,000,001 for its shape"),
    "no shape": (lambda x: x.attrs.__delitem__("shape"), "its shape is None"),
    "negative shape": (lambda x: x.attrs.__setitem__("shape", [-1, 5]), "its shape is"),
    "another encoding": (lambda x: x.attrs.__setitem__("encoding-type", "dataframe"), "encoding is 'dataframe'"),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("encoding", ["csr", "csc"])
@pytest.mark.parametrize("kind", ["gzip", "zarr 2"])
def test_a_file_that_lies_is_an_error_that_names_it(stores: Stores, kind: str, encoding: str, lie: str) -> None:
    edit, message = LIES[lie]
    matrix = edited(stores, kind, edit, encoding)
    with pytest.raises(DatasetError, match=message) as raised:
        gene_source(matrix).columns(range(5))
    assert str(stores.folder) in str(raised.value)


def test_a_damaged_chunk_is_an_error_that_names_the_file(stores: Stores) -> None:
    matrix = sparse.random_array((30, 5), density=0.5, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    for kind in ("gzip", "gzip and checksum"):
        path = stores.write_closed(kind, matrix, 50)
        with h5py.File(path) as file:
            info = file["X/data"].id.get_chunk_info(0)
        raw = bytearray(path.read_bytes())
        raw[info.byte_offset + 2 : info.byte_offset + info.size] = bytes([0xFF]) * (info.size - 2)
        path.write_bytes(raw)
        with pytest.raises(DatasetError, match=r"data.*The file is damaged, closed or changed") as raised:
            gene_source(stores.open(kind, path)).column(0)
        assert str(path) in str(raised.value)


def test_chunks_of_zarr_that_are_damaged_are_an_error_and_missing_ones_are_zeros(stores: Stores) -> None:
    path = stores.write_closed("zarr 3", sparse.csc_array(np.ones((30, 5), dtype=np.float32)), 20)
    (path / "X" / "data" / "c" / "1").unlink()
    assert gene_source(stores.open("zarr 3", path)).columns(range(5)).sum() == 130
    for damaged in (b"", bytes(20), Zstd().encode(bytes(76))):
        (path / "X" / "data" / "c" / "3").write_bytes(damaged)
        source = gene_source(stores.open("zarr 3", path))
        assert source.column(0).tolist() == [1] * 20 + [0] * 10
        with pytest.raises(DatasetError, match=r"/X.*The file is damaged, closed or changed") as raised:
            source.column(2)
        assert str(path) in str(raised.value)


def test_a_file_closed_meanwhile_is_an_error(stores: Stores) -> None:
    matrix = sparse.random_array((30, 5), density=0.5, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    for encoding in ENCODINGS.values():
        opened = stores.write("gzip", encoding(matrix))
        source = gene_source(opened)
        opened.file.close()
        with pytest.raises(DatasetError, match="damaged, closed or changed"):
            source.column(0)
        with pytest.raises(DatasetError, match="damaged, closed or changed"):
            gene_source(opened)


FIRST_WITHOUT_PLUGINS = """
import sys
import h5py
from cellucid.dataset.genes import gene_source

sys.modules["hdf5plugin"] = None
try:
    gene_source(h5py.File(sys.argv[1])["X"])
except ValueError as error:
    print(error)
del sys.modules["hdf5plugin"]
print(gene_source(h5py.File(sys.argv[1])["X"]).column(0).sum())
"""


def test_a_filter_that_is_not_installed_names_what_to_install(stores: Stores) -> None:
    path = stores.write_closed("zstd", sparse.csr_array(np.ones((30, 5), dtype=np.float32)))
    command = [sys.executable, "-c", FIRST_WITHOUT_PLUGINS, path]
    done = subprocess.run(command, capture_output=True, text=True)
    refused, then = done.stdout.splitlines()
    assert str(path) in refused
    assert 'HDF5 filter 32015), which needs `pip install "cellucid[h5]"`' in refused
    assert float(then) == 30
