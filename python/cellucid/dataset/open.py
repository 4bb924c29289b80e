"""Opens whatever can be shown as a dataset."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad

from cellucid.dataset.anndata import AnnDataDataset
from cellucid.dataset.base import Dataset
from cellucid.dataset.errors import DatasetError
from cellucid.dataset.folder import FolderDataset
from cellucid.dataset.references import close_matches
from cellucid.dataset.stored_files import H5adFile, StoredFile, ZarrStore, is_h5ad, is_zarr
from cellucid.dataset.stored_source import open_stored


def open_dataset(
    data: object, *, dataset: str | None = None, name: str | None = None, gene_symbols: str | None = None
) -> Dataset:
    """Opens data as a dataset: coordinates, obs fields and genes, without a widget or a notebook.

    Args:
        data: An AnnData in memory or backed by its file (or a view of one); the path of an ``.h5ad`` file or of a
            ``.zarr`` folder or zip file, which is read as it is asked and never loaded whole; the path of an export
            folder or of a folder of several; or a dataset, which is returned as it is.
        dataset: The id of one of several; by default the first.
        name: What to call the dataset; by default the file's name. A dataset that is passed in keeps its own.
        gene_symbols: The column of ``var`` whose names genes are shown and found by, as in scanpy. Without it they
            are shown by ``var_names``, and found by these or by any column that names them.

    Returns:
        The dataset. It reads from `data` and never changes it. What it has opened itself `close()` closes.

    Raises:
        TypeError: `data` is something else.
        DatasetError: There is nothing to show: no cells, or no embedding; or a file cannot be read. The message names
            the file and the reason.
    """
    if isinstance(data, Dataset):
        if gene_symbols is not None:
            raise TypeError("a dataset has its gene_symbols from its opening: open_dataset(data, gene_symbols=...)")
        return _the_only_one(data, dataset)
    if isinstance(data, ad.AnnData):
        return _the_only_one(AnnDataDataset(data, name=name, gene_symbols=gene_symbols), dataset)
    if isinstance(data, str | os.PathLike):
        path = Path(os.path.expanduser(os.fsdecode(data)))
        for is_kind, open_kind in OPENERS:
            if is_kind(path):
                return open_kind(path, dataset=dataset, name=name, gene_symbols=gene_symbols)
        raise DatasetError(_not_there(path))
    kind = f"{type(data).__module__}.{type(data).__qualname__}"
    raise TypeError(
        f"cannot open data of type {kind}; expected an anndata.AnnData, the path of an .h5ad, a .zarr or an export "
        "folder, or a cellucid dataset"
    )


def _the_only_one(opened: Dataset, dataset: str | None) -> Dataset:
    if dataset not in (None, opened.id):
        raise DatasetError(f"there is no dataset {dataset!r} here; the only one is {opened.id!r}")
    return opened


def _open_stored(kind: type[StoredFile], path: Path, dataset: str | None, **options: Any) -> Dataset:
    source = open_stored(kind, path)
    try:
        return _the_only_one(AnnDataDataset(source, **options), dataset)
    except BaseException:
        source.close()
        raise


def _open_folder(path: Path, dataset: str | None, name: str | None, gene_symbols: str | None) -> Dataset:
    if gene_symbols is not None:
        raise DatasetError(f"{path.name!r} is an export folder, which has one name for each gene: no gene_symbols")
    return FolderDataset(path, dataset=dataset, name=name)


OPENERS: list[tuple[Callable[[Path], bool], Callable[..., Dataset]]] = [
    (is_h5ad, lambda path, **options: _open_stored(H5adFile, path, **options)),
    (is_zarr, lambda path, **options: _open_stored(ZarrStore, path, **options)),
    (Path.is_dir, _open_folder),
]
"""Ways to open a path, the first whose test is true: a test of the path, and a function that takes the path and the
keyword arguments of `open_dataset`."""


def _not_there(path: Path) -> str:
    if path.exists():
        return f"cannot open {path.name!r}: it is neither an .h5ad file nor a zip file of a zarr"
    beside = sorted(other.name for other in path.parent.iterdir()) if path.parent.is_dir() else []
    close = close_matches(path.name, beside, limit=3)
    guess = f" There is {' and '.join(map(repr, close))}." if close else ""
    return f"there is no {'file or folder' if path.suffix else 'folder'} {str(path)!r}.{guess}"
