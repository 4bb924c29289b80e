"""Files and folders with an AnnData in them, opened to read: HDF5, and zarr as a folder or as a zip file."""

# What each member does is said once, in `StoredFile`.
# ruff: noqa: D102

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
from anndata.io import read_elem, sparse_dataset

from cellucid.dataset.elements import encoding, group_of, is_group
from cellucid.dataset.errors import DatasetError, MissingPackage, reading_file
from cellucid.dataset.identity import FileStamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from anndata import AnnData

# What a zarr folder consists of that any writer of it writes anew.
_ZARR_FILES = (".zgroup", ".zattrs", ".zmetadata", "zarr.json")
_ZARR_PARTS = ("", "obs", "obsm", "X", "var", "layers", "raw", "raw/X", "raw/var", "obsp")
_ZARR_GROUPS = ("obsm", "layers", "obsp")
"""Of parts that are written one at a time."""

_NO_GROUP = ("No group found", "group not found")
"""How zarr 3 and 2 say that a folder has nothing of theirs."""

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class StoredFile(ABC):
    """An open file or folder; `root` is its outermost group.

    Raises:
        DatasetError: It cannot be opened; the message names it and the reason.
    """

    storage: str
    root: Any
    stamp: FileStamp

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise DatasetError(f"there is no file or folder {path.name!r}")
        with self.reading():
            self._open()

    @abstractmethod
    def _open(self) -> None:
        """Sets `root` and `stamp`."""

    def reading(self, what: str | None = None) -> AbstractContextManager[None]:
        """Turns whatever goes wrong while the file is read into an error that names it.

        Args:
            what: The part that is read; None for the file as such.

        Raises:
            DatasetError: Something went wrong.
        """
        return reading_file(self.path, what, self._hint)

    def _hint(self, text: str) -> str:
        """What helps against an error, as an end of the message."""
        return ""

    @abstractmethod
    def anndata(self) -> AnnData:
        """An AnnData of its own over the file: tables and embeddings in memory, matrices on disk."""

    @abstractmethod
    def close(self) -> None:
        """Closes the file, but not what `anndata` has made; idempotent."""

    def abandon(self) -> None:
        """Closes the file for all who read it, as it has other content by now."""
        self.close()


class H5adFile(StoredFile):
    """An ``.h5ad`` file."""

    storage = "h5ad"

    def _open(self) -> None:
        with contextlib.suppress(ImportError):
            import hdf5plugin  # noqa: F401  (its import registers zstd, blosc and others with HDF5)
        self.stamp = FileStamp(self.path)
        self._lent: list[Any] = []
        self.root = h5py.File(self.path, "r")

    def _hint(self, text: str) -> str:
        if "filter" in text or "plugin" in text:
            return '. It may be compressed in a way that needs hdf5plugin: pip install "cellucid[h5]"'
        if "truncated file" in text:
            return ". A part of it is missing: copy or download it again"
        if "signature not found" in text:
            empty = self.path.stat().st_size == 0
            return ". It is empty" if empty else ". Its content is not HDF5, as that of an .h5ad file is"
        return ""

    def anndata(self) -> AnnData:
        # The handle lives as long as the layers that are read through it; AnnData opens one of its own.
        handle = h5py.File(self.path, "r")
        adata = ad.AnnData(filename=self.path, filemode="r", **_parts(handle, matrices=False))
        self._lent += [handle, adata.file]
        return adata

    def close(self) -> None:
        with contextlib.suppress(Exception):  # HDF5 may refuse to close what is damaged
            self.root.close()

    def abandon(self) -> None:
        # HDF5 takes a file for the one that is open as long as it is, whatever it has in it by now.
        for handle in self._lent:
            with contextlib.suppress(Exception):
                handle.close()
        self.close()


class ZarrStore(StoredFile):
    """A ``.zarr`` folder, or a zip file of one; format 2 or 3."""

    storage = "zarr"

    def _open(self) -> None:
        try:
            import zarr
        except ImportError:
            raise MissingPackage(
                f'reading {self.path.name!r} needs zarr, which is not installed: pip install "cellucid[zarr]"'
            ) from None
        if self.path.is_dir():
            folders = [self.path / part for part in _ZARR_PARTS]
            for group in _ZARR_GROUPS:
                folders += sorted(part for part in (self.path / group).glob("*") if part.is_dir())
            files = [folder / file for folder in folders for file in _ZARR_FILES]
            # Zarr takes the values of a file that is not there for zeros.
            self.stamp = FileStamp(self.path, files, must_stay=True)
            self._store: Any = str(self.path)
        else:
            self.stamp = FileStamp(self.path)
            self._store = zarr.storage.ZipStore(str(self.path), mode="r")
        # What is said of arrays in one place may be said of some that were not copied with it.
        each: dict[str, Any] = {"use_consolidated": False} if int(zarr.__version__.partition(".")[0]) >= 3 else {}
        self.root = zarr.open_group(self._store, mode="r", **each)

    def _hint(self, text: str) -> str:
        is_no_group = any(words in text for words in _NO_GROUP)
        return ". It may be the folder of something else, or copied in part" if is_no_group else ""

    def anndata(self) -> AnnData:
        return ad.AnnData(**_parts(ZarrStore(self.path).root, matrices=True))

    def close(self) -> None:
        if not isinstance(self._store, str):
            with contextlib.suppress(Exception):
                self._store.close()


def _parts(root: Any, *, matrices: bool) -> dict[str, Any]:
    """What AnnData is made of, by the names of its arguments; matrices are left on disk.

    Args:
        root: Of the file.
        matrices: Whether ``X`` and that of ``raw`` are among them, rather than found by AnnData.
    """
    parts = {name: read_elem(root[name]) for name in ("obs", "var", "obsm", "varm") if name in root}
    parts["uns"] = dict(_readable(group_of(root, "uns")))
    parts |= {name: _on_disk(group_of(root, name)) for name in ("layers", "obsp")}
    if matrices and "X" in root and (matrix := _on_disk_matrix(root["X"])) is not None:
        parts["X"] = matrix
    if raw := group_of(root, "raw"):
        parts["raw"] = {name: read_elem(raw[name]) for name in ("var", "varm") if name in raw}
        if matrices:  # AnnData takes no lazy one here
            parts["raw"]["X"] = read_elem(raw["X"])
    return parts


def _readable(group: Any) -> Iterator[tuple[str, Any]]:
    """What this anndata can read of ``uns``, where later ones put anything."""
    for key in group:
        with contextlib.suppress(Exception):  # its error for an unknown encoding is not public
            yield key, read_elem(group[key])


def _on_disk(group: Any) -> dict[str, Any]:
    return {key: matrix for key in group if (matrix := _on_disk_matrix(group[key])) is not None}


def _on_disk_matrix(node: Any) -> Any:
    if not is_group(node):
        return node if len(node.shape) == 2 else None
    return sparse_dataset(node) if encoding(node) in ("csr_matrix", "csc_matrix") else None


def is_h5ad(path: Path) -> bool:
    """Whether a path means an HDF5 file: by its first bytes, else by its ending."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        signature = file.read(len(_HDF5_SIGNATURE))
    return signature == _HDF5_SIGNATURE or path.suffix.lower() in (".h5ad", ".h5", ".hdf5")


def is_zarr(path: Path) -> bool:
    """Whether a path means a zarr folder or a zip file of one."""
    if path.is_dir():
        return path.suffix.lower() == ".zarr" or any((path / name).is_file() for name in _ZARR_FILES)
    return path.is_file() and path.suffix.lower() in (".zip", ".zarr")
