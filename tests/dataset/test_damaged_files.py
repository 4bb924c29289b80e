"""Files that are cut off, damaged or lie about themselves: an error that names file and reason, and nothing else."""

from __future__ import annotations

import contextlib
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from containers import store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from cellucid.dataset import Dataset, DatasetError, open_dataset

N = 30
CONTAINERS = ("h5ad-csr-plain", "h5ad-csc-gzip", "h5ad-dense-lzf", "zarr-csr-zip")


def small() -> ad.AnnData:
    rows = np.arange(N, dtype=np.float32)
    adata = ad.AnnData(
        sparse.csr_matrix(np.outer(rows, [1, 10, 100]).astype(np.float32)),
        obs=pd.DataFrame(
            {
                "n_counts": rows,
                "leiden": pd.Categorical([str(i % 3) for i in range(N)]),
                "barcode": [f"b{i}" for i in range(N)],
                "maybe": pd.array([True, None, False] * (N // 3), dtype="boolean"),
            },
            index=[f"c{i}" for i in range(N)],
        ),
        var=pd.DataFrame({"symbol": ["a", "b", "c"]}, index=list("ABC")),
        obsm={"X_umap": np.column_stack([rows, -rows]), "frame": np.eye(N, 2)},
    )
    adata.uns["leiden_colors"] = ["#000001", "#000002", "#000003"]
    return adata


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    return {container: store(small(), container, folder).read_bytes() for container in CONTAINERS}


def read_all(path: Path) -> None:
    """Everything that can be asked; raises what is wrong with it first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = open_dataset(path)
        except DatasetError as error:
            if repr(path.name) not in str(error) or str(path) in str(error):
                pytest.fail(f"this does not name the file, or where it is: {error}")
            raise
        with dataset:
            problems = []
            for ask in questions(dataset):
                try:
                    ask()
                except DatasetError as error:
                    problems.append(error)
            if problems:
                raise problems[0]


def questions(dataset: Dataset) -> list[Callable[[], Any]]:
    return [
        *(lambda path=path: dataset.read(path) for path in ["manifest.json", *paths_of(dataset)]),
        *(lambda field=field: (field.categories, field.colors, field.range) for field in dataset.fields),
        *(lambda field=field: dataset.obs(field.key) for field in dataset.fields),
        lambda: dataset.gene("B", "X"),
        lambda: dataset.gene("b"),
        lambda: dataset.query("n_counts > 3 and leiden == '1'"),
        lambda: dataset.subset(np.array([3])),
    ]


def paths_of(dataset: Dataset) -> list[str]:
    try:
        return dataset.resources()
    except DatasetError:
        return []


def written(path: Path, content: bytes) -> Path:
    """Writes a file that is another one: HDF5 takes one in the same place for the one that it may still have open."""
    path.with_suffix(".new").write_bytes(content)
    return path.with_suffix(".new").replace(path)


# The same examples each time: HDF5 itself does not come back from some damages.
FUZZ = settings(
    derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8
)


@pytest.mark.parametrize("container", CONTAINERS)
@given(data=st.data())
@FUZZ
def test_a_file_that_is_cut_off_is_refused(
    container: str, whole: dict[str, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(whole[container]) - 1))
    path = tmp_path / ("cut.h5ad" if "h5ad" in container else "cut.zarr.zip")
    written(path, whole[container][:length])
    with pytest.raises(DatasetError, match=r"'cut\."):
        read_all(path)


@pytest.mark.parametrize("container", CONTAINERS)
@given(data=st.data())
@FUZZ
def test_a_file_with_other_bytes_is_read_or_refused(
    container: str, whole: dict[str, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    damaged = bytearray(whole[container])
    for _ in range(data.draw(st.integers(1, 20))):
        where = data.draw(st.integers(0, len(damaged) - 1))
        damaged[where] = data.draw(st.integers(0, 255))
    path = tmp_path / ("damaged.h5ad" if "h5ad" in container else "damaged.zarr.zip")
    written(path, damaged)
    with contextlib.suppress(DatasetError):
        read_all(path)


def test_an_intact_file_answers_everything(whole: dict[str, bytes], tmp_path: Path) -> None:
    for container, content in whole.items():
        path = tmp_path / ("intact.h5ad" if "h5ad" in container else "intact.zarr.zip")
        read_all(written(path, content))


# ---- files that lie ----


def replace(group: h5py.Group, name: str, values: Any) -> None:
    """Puts other values into the place of an array, which stays what it says it is."""
    attributes = dict(group[name].attrs)
    del group[name]
    group[name] = values
    group[name].attrs.update(attributes)


def short_column(file: h5py.File) -> None:
    replace(file["obs"], "n_counts", np.zeros(N - 1))


def codes_out_of_range(file: h5py.File) -> None:
    replace(file["obs/leiden"], "codes", np.full(N, 7, dtype=np.int8))


def codes_below_minus_one(file: h5py.File) -> None:
    replace(file["obs/leiden"], "codes", np.full(N, -3, dtype=np.int8))


def repeated_categories(file: h5py.File) -> None:
    replace(file["obs/leiden"], "categories", np.array(["0", "0", "2"], dtype=object))


def no_codes(file: h5py.File) -> None:
    del file["obs/leiden/codes"]


def table_in_a_column(file: h5py.File) -> None:
    file["obs/leiden"].attrs["encoding-type"] = "dataframe"


def two_dimensional_column(file: h5py.File) -> None:
    replace(file["obs"], "n_counts", np.zeros((N, 2)))


@pytest.mark.parametrize(
    ("lie", "key", "reason"),
    [
        (short_column, "n_counts", f"it has {N - 1} values for {N} rows"),
        (no_codes, "leiden", "codes"),
        (table_in_a_column, "leiden", "stored as 'dataframe', which this version cannot read"),
        (two_dimensional_column, "n_counts", rf"shape \({N}, 2\)"),
    ],
)
def test_a_column_that_cannot_be_one_is_left_out_with_the_reason(
    lie: Callable[[h5py.File], None], key: str, reason: str, tmp_path: Path
) -> None:
    path = store(small(), "h5ad-csr-plain", tmp_path)
    with h5py.File(path, "r+") as file:
        lie(file)
    with pytest.warns(UserWarning, match=rf"left out of the obs fields: '{key}': .*{reason}"):
        dataset = open_dataset(path)
    assert key not in [field.key for field in dataset.fields]
    assert len(dataset.fields) == 3
    with pytest.raises(DatasetError, match=rf"{key!r} cannot be shown: .*{reason}"):
        dataset.obs(key)


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (codes_out_of_range, "codes need to be between -1 and len"),
        (codes_below_minus_one, "codes need to be between -1 and len"),
    ],
)
def test_codes_without_a_category_are_refused(lie: Callable[[h5py.File], None], reason: str, tmp_path: Path) -> None:
    path = store(small(), "h5ad-csr-plain", tmp_path)
    with h5py.File(path, "r+") as file:
        lie(file)
    dataset = open_dataset(path)
    for attempt in (lambda: dataset.obs("leiden"), lambda: dataset.read("obs/leiden.codes.u8")):
        with pytest.raises(DatasetError, match=rf"cannot read the obs column 'leiden' of '{path.name}': {reason}"):
            attempt()
    assert dataset.obs("n_counts")[3] == 3


def other_embedding(file: h5py.File) -> None:
    replace(file["obsm"], "X_umap", np.zeros((N + 1, 2)))


def other_matrix(file: h5py.File) -> None:
    file["X"].attrs["shape"] = (N, 2)


def other_matrix_pointers(file: h5py.File) -> None:
    replace(file["X"], "indptr", np.full(N + 1, 10**9, dtype=np.int64))


def other_matrix_indices(file: h5py.File) -> None:
    replace(file["X"], "indices", np.full(len(file["X/indices"]), 99, dtype=np.int32))


def test_an_embedding_of_other_cells_is_not_shown(tmp_path: Path) -> None:
    path = store(small(), "h5ad-csr-plain", tmp_path)
    with h5py.File(path, "r+") as file:
        other_embedding(file)
    dataset = open_dataset(path)
    assert dataset.embeddings == ["frame"]
    with pytest.raises(DatasetError, match=rf"'X_umap' cannot be shown: .*\({N + 1}, 2\).* {N} cells"):
        dataset.embedding("X_umap")


@pytest.mark.parametrize("lie", [other_matrix, other_matrix_pointers, other_matrix_indices])
def test_a_matrix_that_lies_is_refused(lie: Callable[[h5py.File], None], tmp_path: Path) -> None:
    path = store(small(), "h5ad-csr-plain", tmp_path)
    with h5py.File(path, "r+") as file:
        lie(file)
    dataset = open_dataset(path)
    with pytest.raises(DatasetError, match=f"'{path.name}'"):
        dataset.gene("A")
    assert dataset.obs("n_counts")[3] == 3


def test_sizes_that_the_file_does_not_hold_are_not_believed(tmp_path: Path) -> None:
    path = store(small(), "h5ad-csr-plain", tmp_path)
    huge = 3_000_000_000
    with h5py.File(path, "r+") as file:
        for name, of in (("obs", "_index"), ("obs/leiden", "categories")):
            attributes = dict(file[name][of].attrs)
            del file[name][of]
            file[name].create_dataset(of, shape=(huge,), dtype=h5py.string_dtype(), chunks=(1 << 20,))
            file[name][of].attrs.update(attributes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DatasetError, match=rf"cannot read the cell names of '{path.name}'.*does not hold them"):
            open_dataset(path)
    path = store(small(), "h5ad-csr-plain", tmp_path)
    with h5py.File(path, "r+") as file:
        del file["obs/leiden/categories"]
        file.create_dataset("obs/leiden/categories", shape=(huge,), dtype=h5py.string_dtype(), chunks=(1 << 20,))
        del file["obsm/X_umap"]
    dataset = open_dataset(path)
    with pytest.raises(DatasetError, match="does not hold them"):
        dataset.obs("leiden")


@pytest.mark.parametrize(
    ("part", "ask"),
    [
        ("obs/leiden/categories", lambda dataset: dataset.obs("leiden")),
        ("obsm/wide", lambda dataset: dataset.coordinates("wide")),
        ("obsp/pairs/indices", lambda dataset: dataset.aligned("obsp")["pairs"]),
    ],
)
def test_what_is_missing_of_zarr_is_not_taken_for_zeros_where_it_could_be_of_any_size(
    part: str, ask: Callable[[Dataset], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cellucid.dataset import elements

    monkeypatch.setattr(elements, "_MUST_BE_THERE", 10)
    data = small()
    data.obsm["wide"] = np.ones((N, 100))
    data.obsp["pairs"] = sparse.csr_matrix(np.ones((N, N)))
    path = store(data, "zarr-csr-v2", tmp_path)
    if part != "obs/leiden/categories":
        assert ask(open_dataset(path)) is not None
    for chunk in [file for file in (path / part).iterdir() if not file.name.startswith(".")]:
        chunk.unlink()
    with pytest.raises(DatasetError, match=rf"{part} is said to have .* does not hold them"):
        ask(open_dataset(path))


@pytest.mark.parametrize(
    "lie", [lambda part: part["indices"].__setitem__(0, 99), lambda part: part["indptr"].__setitem__(3, 10**6)]
)
@pytest.mark.parametrize("container", ["h5ad-csr-plain", "zarr-csr-v2"])
def test_a_sparse_embedding_that_lies_is_refused(container: str, lie: Callable[[Any], None], tmp_path: Path) -> None:
    data = small()
    data.obsm["X_sparse"] = sparse.csr_matrix(np.eye(N, 4) + 1)
    path = store(data, container, tmp_path)
    if path.is_dir():
        lie(zarr.open_group(str(path), mode="r+", use_consolidated=False)["obsm/X_sparse"])
    else:
        with h5py.File(path, "r+") as file:
            lie(file["obsm/X_sparse"])
    with pytest.raises(DatasetError, match=rf"'{path.name}'"):
        open_dataset(path)


@pytest.mark.parametrize("cells", [0, 1 << 33])
def test_no_cells_and_more_than_can_be_numbered_are_refused(cells: int, tmp_path: Path) -> None:
    path = tmp_path / "count.h5ad"
    with h5py.File(store(small(), "h5ad-csr-plain", tmp_path), "r+") as file, h5py.File(path, "w") as other:
        file.copy("var", other)
        obs = other.create_group("obs")
        obs.attrs.update({"_index": "_index", "encoding-type": "dataframe", "column-order": np.empty(0, "f8")})
        obs.create_dataset("_index", shape=(cells,), dtype=h5py.string_dtype(), chunks=(1 << 20,) if cells else None)
    with pytest.raises(DatasetError, match=rf"'count.h5ad' (has|is said to have) {cells:,} cells"):
        open_dataset(path)


@pytest.mark.parametrize("part", ["obs/_index", "obs/n_counts", "obsm/X_umap", "obs"])
def test_of_a_zarr_folder_that_was_not_copied_whole_nothing_is_made_up(part: str, tmp_path: Path) -> None:
    path = store(small(), "zarr-csr-v2", tmp_path)
    shutil.rmtree(path / part)
    if part.startswith("obs/_index") or part == "obs":
        with pytest.raises(DatasetError, match=rf"'{path.name}'"):
            open_dataset(path)
        return
    with open_dataset(path) as dataset:
        shown = [*(field.key for field in dataset.fields), *dataset.embeddings]
        assert len(shown) == 5
        assert part.split("/")[1] not in shown


def test_names_that_are_missing_from_a_zarr_folder_are_not_made_up(tmp_path: Path) -> None:
    path = store(small(), "zarr-csr-v2", tmp_path)
    chunks = [file for file in (path / "obs" / "_index").iterdir() if not file.name.startswith(".")]
    assert chunks
    for chunk in chunks:
        chunk.unlink()
    with pytest.raises(DatasetError, match=rf"cannot read the cell names of '{path.name}'"):
        open_dataset(path)


def test_metadata_that_are_no_json_are_refused(tmp_path: Path) -> None:
    path = store(small(), "zarr-csr-v2", tmp_path)
    for name in (".zgroup", ".zattrs", ".zmetadata"):
        (path / name).write_text("{")
    with pytest.raises(DatasetError, match=rf"'{path.name}'"):
        open_dataset(path)
    assert zarr.__version__
