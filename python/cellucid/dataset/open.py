"""Opens whatever can be shown as a dataset."""

from __future__ import annotations

import os

import anndata as ad

from cellucid.dataset.anndata import AnnDataDataset
from cellucid.dataset.base import Dataset


def open_dataset(data: object, *, name: str | None = None) -> Dataset:
    """Opens data as a dataset: coordinates, obs fields and genes, without a widget or a notebook.

    Args:
        data: An AnnData in memory (or a view of one), or a dataset, which is returned as it is.
        name: What to call the dataset; a dataset that is passed in keeps its own name.

    Returns:
        The dataset. It reads from `data` and never changes it.

    Raises:
        TypeError: `data` is something else, or an AnnData backed by a file.
        DatasetError: There is nothing to show: no cells, or no embedding with two or three columns.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, ad.AnnData):
        return AnnDataDataset(data, name=name)
    if isinstance(data, str | os.PathLike):
        path = os.fspath(data)
        raise TypeError(
            f"opening a file by its path is not in this version (got {path!r}); "
            f"read it first: `open_dataset(anndata.read_h5ad({path!r}))`"
        )
    kind = f"{type(data).__module__}.{type(data).__qualname__}"
    raise TypeError(f"cannot open data of type {kind}; expected an anndata.AnnData or a cellucid dataset")
