"""Opens whatever can be shown as a dataset."""

from __future__ import annotations

import os
from pathlib import Path

import anndata as ad

from cellucid.dataset.anndata import AnnDataDataset
from cellucid.dataset.base import Dataset
from cellucid.dataset.errors import DatasetError
from cellucid.dataset.folder import FolderDataset


def open_dataset(data: object, *, dataset: str | None = None, name: str | None = None) -> Dataset:
    """Opens data as a dataset: coordinates, obs fields and genes, without a widget or a notebook.

    Args:
        data: An AnnData in memory (or a view of one), the path of an export folder or of a folder of several, or a
            dataset, which is returned as it is.
        dataset: The id of one of several; by default the first.
        name: What to call the dataset; a dataset that is passed in keeps its own name.

    Returns:
        The dataset. It reads from `data` and never changes it.

    Raises:
        TypeError: `data` is something else, or an AnnData backed by a file.
        DatasetError: There is nothing to show: no cells, or no embedding with two or three columns.
    """
    if isinstance(data, str | os.PathLike):
        path = Path(os.fsdecode(data))
        if os.path.isdir(path) or not path.suffix:
            return FolderDataset(path, dataset=dataset, name=name)
        raise TypeError(
            f"opening a file by its path is not in this version (got {str(path)!r}); "
            f"read it first: `open_dataset(anndata.read_h5ad({str(path)!r}))`"
        )
    opened = (
        data if isinstance(data, Dataset) else AnnDataDataset(data, name=name) if isinstance(data, ad.AnnData) else None
    )
    if opened is not None:
        if dataset not in (None, opened.id):
            raise DatasetError(f"there is no dataset {dataset!r} here; the only one is {opened.id!r}")
        return opened
    kind = f"{type(data).__module__}.{type(data).__qualname__}"
    raise TypeError(
        f"cannot open data of type {kind}; expected an anndata.AnnData, the path of an "
        "export folder or a cellucid dataset"
    )
