"""Matrices in zarr: groups and arrays of format 2 and 3, sharded or not, in a folder, a zip file or any other store."""

# What each member does is said once, in `SparseParts` and `StoredArray`.
# ruff: noqa: D102

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from numcodecs import Zstd

from cellucid.dataset.genes.hdf5 import sparse_encoding
from cellucid.dataset.genes.source import GeneSource, Lock, check_matrix, gene_source
from cellucid.dataset.genes.stored import (
    READ_ONLY,
    SparseParts,
    StoredArray,
    StoredCscGenes,
    StoredCsrGenes,
    StoredDenseGenes,
    file_identity,
    file_state,
    no_array,
)
from cellucid.dataset.genes.threads import pool
from cellucid.dataset.genes.vectors import Vector, reading

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ZarrVector(Vector):
    """A one-dimensional zarr array, read by a thread; zarr decodes its chunks side by side."""

    def __init__(self, array: Any, where: str) -> None:
        # Of a sharded array these are the chunks within the shards.
        super().__init__(array.shape[0], array.dtype, where, array.chunks[0])
        self._array = array

    def _begin(self, first: int, end: int, base: int) -> Callable[[], NDArray[Any]]:
        reading_it = pool().submit(_read_after, self._array, first, end, first - base)
        return reading_it.result


def _read_after(array: Any, first: int, end: int, gap: int) -> NDArray[Any]:
    """Elements ``first .. end - 1``, with a gap before them."""
    if first == end:
        return np.empty(gap, dtype=array.dtype)
    found: NDArray[Any] = array[first:end]
    return np.concatenate([np.empty(gap, dtype=array.dtype), found]) if gap or not found.flags.writeable else found


class ZstdChunks:
    """A one-dimensional array of format 3 in a folder, whose chunks zstd alone has compressed, as anndata has it do.

    zarr hands each chunk from thread to thread, which takes up to half as long as inflating it.
    """

    def __init__(self, array: Any) -> None:
        self._array = array
        self._length = array.chunks[0]
        self._dtype = np.dtype(array.dtype).newbyteorder("<")

    @staticmethod
    def of(array: Any) -> ZstdChunks | None:
        """What reads an array; None where zarr has to."""
        metadata: Any = getattr(array, "metadata", None)  # not in zarr 2
        if getattr(metadata, "zarr_format", 2) != 3 or not isinstance(array.store, zarr.storage.LocalStore):
            return None
        codecs = metadata.to_dict()["codecs"]
        if [codec["name"] for codec in codecs] != ["bytes", "zstd"]:
            return None
        endian = codecs[0].get("configuration", {}).get("endian", "little")
        return ZstdChunks(array) if getattr(endian, "value", endian) == "little" else None

    def read(self, start: int, stop: int) -> NDArray[Any] | None:
        """Elements ``start .. stop - 1``; None where chunks are not in the folder, which zarr makes up."""
        found = np.empty(stop - start, dtype=self._dtype)
        folder = os.path.join(self._array.store.root, self._array.path)
        for first in range(start - start % self._length, stop, self._length):
            key = self._array.metadata.encode_chunk_key((first // self._length,))
            try:
                with open(os.path.join(folder, key), "rb") as file:
                    chunk = np.frombuffer(Zstd().decode(file.read()), dtype=self._dtype)
            except FileNotFoundError:
                return None
            if len(chunk) != self._length:
                raise ValueError(f"a chunk has {len(chunk):,} elements, expected {self._length:,}")
            low, high = max(first, start), min(first + self._length, stop)
            found[low - start : high - start] = chunk[low - first : high - first]
        return found


class ZarrParts(SparseParts):
    """A sparse matrix in a zarr group."""

    def __init__(self, group: Any, shape: tuple[int, int]) -> None:
        self.shape, self.where = shape, _where(group)
        self._group = group
        self._parts: dict[str, Any] = {}
        self._chunks: dict[str, ZstdChunks | None] = {}
        for name in ("indptr", "indices", "data"):
            part = group.get(name)
            if not isinstance(part, zarr.Array) or part.ndim != 1:
                raise no_array(self.where, name)
            self._parts[name], self._chunks[name] = part, ZstdChunks.of(part)

    def read(self, part: str, start: int, stop: int) -> NDArray[Any]:
        with reading(self.where):
            chunks = self._chunks[part]
            found = None if chunks is None else chunks.read(start, stop)
            return np.asarray(self._parts[part][start:stop]) if found is None else found

    def both(self, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any]]:
        # Inflating takes most of the time, and lets go of Python's lock.
        values = pool().submit(self.read, "data", start, stop)
        return self.read("indices", start, stop), values.result()

    def length(self, part: str) -> int:
        return int(self._parts[part].shape[0])

    def dtype(self, part: str) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self._parts[part].dtype
        return dtype

    def vector(self, part: str) -> Vector:
        return ZarrVector(self._parts[part], self.where)

    def identity(self) -> dict[str, Any] | None:
        path = _store_path(self._group)
        about = None if path is None else file_identity(path)
        if path is None or about is None:
            return None
        about["group"] = self._group.path
        if os.path.isdir(path):
            # Not the folder's own time: other groups have nothing to do with this one.
            return {"path": about["path"], "group": about["group"], "files": _files_digest(path, self._group.path)}
        # Who may write to a zip file changes it without its time changing, until zarr closes it.
        store = self._group.store
        return about if getattr(store, "read_only", getattr(store, "mode", "r") == "r") else None

    def version(self) -> object:
        if self._group.read_only:
            return READ_ONLY
        identity = self.identity()  # zarr writes each file anew, so that it is another one
        return None if identity is None else tuple(identity.items())


class ZarrArray(StoredArray):
    """A dense matrix in a zarr array."""

    def __init__(self, array: Any, shape: tuple[int, int]) -> None:
        self.shape, self.dtype, self.chunks = shape, np.dtype(array.dtype), array.chunks
        self.where = _where(array)
        self._array = array

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        with reading(self.where):
            return np.asarray(self._array[rows, columns])


def _where(node: Any) -> str:
    return f"{'/' + node.path!r} of {_store_path(node) or str(node.store)!r}"


def _store_path(node: Any) -> str | None:
    """Where a store is on the disk: `LocalStore.root`, `ZipStore.path`, and `path` in zarr 2."""
    for name in ("root", "path"):
        path = getattr(node.store, name, None)
        if isinstance(path, str | os.PathLike) and os.path.exists(path):
            return os.fspath(path)
    return None


def _files_digest(root: str, group: str) -> str:
    """A hash of the names of all files of a group, and of what each of them is."""
    folder = os.path.join(root, group)
    digest = hashlib.blake2b(digest_size=16)
    for at, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            about = file_state(os.stat(os.path.join(at, name)))
            digest.update(f"{os.path.relpath(at, folder)}/{name} {about}\n".encode())
    return digest.hexdigest()


@gene_source.register(zarr.Array)
def _(matrix: Any, lock: Lock | None = None) -> GeneSource:
    return StoredDenseGenes(
        ZarrArray(matrix, check_matrix(matrix.shape, np.dtype(matrix.dtype), f": {_where(matrix)}"))
    )


@gene_source.register(zarr.Group)
def _(matrix: Any, lock: Lock | None = None) -> GeneSource:
    encoding, shape = sparse_encoding(dict(matrix.attrs), _where(matrix))
    parts = ZarrParts(matrix, shape)
    check_matrix(shape, parts.dtype("data"), f": {parts.where}")
    return StoredCsrGenes(parts) if encoding == "csr" else StoredCscGenes(parts)
