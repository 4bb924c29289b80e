"""Matrices in HDF5: the groups and datasets of an ``.h5ad`` file, and what a backed AnnData has as its X."""

# What each member does is said once, in `SparseParts` and `StoredArray`.
# ruff: noqa: D102

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anndata.abc
import h5py
import numpy as np

from cellucid.dataset.errors import DatasetError
from cellucid.dataset.genes.source import GeneSource, Lock, check_matrix, gene_source, no_lock
from cellucid.dataset.genes.stored import (
    READ_ONLY,
    SparseParts,
    StoredArray,
    StoredCscGenes,
    StoredCsrGenes,
    StoredDenseGenes,
    file_identity,
    no_array,
    settled,
)
from cellucid.dataset.genes.vectors import H5Vector, Vector, reading

if TYPE_CHECKING:
    from numpy.typing import NDArray


class H5Parts(SparseParts):
    """A sparse matrix in an HDF5 group."""

    def __init__(self, group: h5py.Group, shape: tuple[int, int], lock: Lock) -> None:
        self.shape, self.where = shape, f"{group.name!r} of {group.file.filename!r}"
        self._group, self._lock = group, lock
        self._parts: dict[str, h5py.Dataset] = {}
        for name in ("indptr", "indices", "data"):
            part = group.get(name)
            if not isinstance(part, h5py.Dataset) or part.ndim != 1:
                raise no_array(self.where, name)
            check_filters(part)
            self._parts[name] = part

    def read(self, part: str, start: int, stop: int) -> NDArray[Any]:
        with reading(self.where), self._lock:
            found: NDArray[Any] = self._parts[part][start:stop]
        return found

    def length(self, part: str) -> int:
        with reading(self.where), self._lock:
            return int(self._parts[part].shape[0])

    def dtype(self, part: str) -> np.dtype[Any]:
        with reading(self.where), self._lock:
            dtype: np.dtype[Any] = self._parts[part].dtype
        return dtype

    def vector(self, part: str) -> Vector:
        with reading(self.where), self._lock:
            return H5Vector(self._parts[part], self._lock)

    def identity(self) -> dict[str, Any] | None:
        with reading(self.where), self._lock:
            file = self._group.file
            # Who may write to the file changes it without its time changing, until HDF5 writes it out.
            about = file_identity(file.filename) if file.mode == "r" and file.driver != "core" else None
            return None if about is None else {**about, "group": self._group.name}

    def version(self) -> object:
        with reading(self.where), self._lock:
            file = self._group.file
            if file.mode == "r":
                return READ_ONLY
            file.flush()  # what was written to it changes its time only now
            return settled(file_identity(file.filename) if file.driver != "core" else None)


class H5Array(StoredArray):
    """A dense matrix in an HDF5 dataset."""

    def __init__(self, dataset: h5py.Dataset, shape: tuple[int, int], lock: Lock) -> None:
        self.shape, self.dtype, self.chunks = shape, dataset.dtype, dataset.chunks
        self.where = f"{dataset.name!r} of {dataset.file.filename!r}"
        check_filters(dataset)
        self._dataset, self._lock = dataset, lock

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        with reading(self.where), self._lock:
            found: NDArray[Any] = self._dataset[rows, columns]
        return found


@gene_source.register(h5py.Dataset)
def _(matrix: h5py.Dataset, lock: Lock | None = None) -> GeneSource:
    lock = no_lock(lock)
    with reading("a dataset in HDF5"), lock:
        where = f": {matrix.name!r} of {matrix.file.filename!r}"
        return StoredDenseGenes(H5Array(matrix, check_matrix(matrix.shape, matrix.dtype, where), lock))


@gene_source.register(h5py.Group)
def _(matrix: h5py.Group, lock: Lock | None = None) -> GeneSource:
    lock = no_lock(lock)
    with reading("a group in HDF5"), lock:
        where = f"{matrix.name!r} of {matrix.file.filename!r}"
        encoding, shape = sparse_encoding(dict(matrix.attrs), where)
        parts = H5Parts(matrix, shape, lock)
        check_matrix(shape, parts.dtype("data"), f": {where}")
    return StoredCsrGenes(parts) if encoding == "csr" else StoredCscGenes(parts)


# The X of a backed AnnData; its raw.X and read_lazy's too.
@gene_source.register(anndata.abc.CSRDataset)
@gene_source.register(anndata.abc.CSCDataset)
def _(matrix: Any, lock: Lock | None = None) -> GeneSource:
    return gene_source(matrix.group, lock)


def check_filters(dataset: h5py.Dataset) -> None:
    """Makes HDF5 able to read a dataset that was compressed by a plugin of it, such as zstd.

    Raises:
        DatasetError: There is no such plugin.
    """
    properties = dataset.id.get_create_plist()
    for number in range(properties.get_nfilters()):
        code, _, _, name = properties.get_filter(number)
        if h5py.h5z.filter_avail(code):
            continue
        with suppress(ImportError):
            import_module("hdf5plugin")  # registers its filters with HDF5
        if not h5py.h5z.filter_avail(code):
            raise DatasetError(
                f"cannot read {dataset.name!r} of {dataset.file.filename!r}: it is compressed by "
                f"{name.decode(errors='replace') or 'the filter'} (HDF5 filter {code}), which needs "
                '`pip install "cellucid[h5]"`'
            )


def sparse_encoding(attributes: dict[str, Any], where: str) -> tuple[str, tuple[int, int]]:
    """Which of ``"csr"`` and ``"csc"`` a group says it is, and its shape.

    Raises:
        DatasetError: It is neither, or its shape is none of a matrix.
    """
    # The names before anndata 0.7 come second.
    encoding = attributes.get("encoding-type") or attributes.get("h5sparse_format")
    encoding = encoding.decode(errors="replace") if isinstance(encoding, bytes) else encoding
    shape = attributes.get("shape", attributes.get("h5sparse_shape"))
    if encoding not in ("csr_matrix", "csc_matrix", "csr", "csc"):
        raise DatasetError(
            f"cannot read genes from {where}: its encoding is {encoding!r}, expected csr_matrix or csc_matrix"
        )
    sides = np.asarray(shape)
    if sides.shape != (2,) or sides.dtype.kind not in "iu" or (sides < 0).any():
        raise DatasetError(f"cannot read {where}: it is corrupt, its shape is {shape!r}")
    return str(encoding)[:3], (int(sides[0]), int(sides[1]))
