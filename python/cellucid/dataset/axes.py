"""The cells and genes that an AnnData had when it was opened: row and column numbers mean those and no others."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from cellucid.dataset.errors import REMEDY, DatasetChanged, DatasetError
from cellucid.dataset.layers import Layers

if TYPE_CHECKING:
    from anndata import AnnData


class Axes:
    """Remembers the names along both axes, and refuses an AnnData whose names are no longer these.

    Where the AnnData is a view, the one it is a view of is held to its names as well: the view reads through it.

    Raises:
        DatasetError: The AnnData is a view of one that has changed, so that it would show other cells than it names.
    """

    def __init__(self, adata: AnnData) -> None:
        layers = Layers(adata)
        self.default_layer = layers.default
        self._layers = frozenset(layers.names)
        self._cells = _Names(adata.obs_names)
        self._genes = _Names(adata.var_names)
        self._raw_genes = None if adata.raw is None else _Names(adata.raw.var_names)
        whole = adata._adata_ref if adata.is_view else None
        if whole is not None:
            _check_same(adata.obs_names, whole.obs_names, adata._oidx, "cells")
            _check_same(adata.var_names, whole.var_names, adata._vidx, "genes")
        self._whole = None if whole is None else (_Names(whole.obs_names), _Names(whole.var_names))

    @property
    def cells(self) -> pd.Index[Any]:
        """Cell names, ``(n_cells,)``."""
        return self._cells.names

    def genes(self, layer: str | None) -> pd.Index[Any]:
        """Gene names of a matrix, as str in the order of its columns; none where `layer` is None for want of one."""
        return pd.Index([], dtype=object) if layer is None else self._of(layer).texts

    def check_cells(self, adata: AnnData) -> None:
        """Makes sure that the rows are the cells of the opening. Costs nothing unless the names are other objects.

        Raises:
            DatasetChanged: There are more or fewer cells, or others, or they are in another order.
        """
        self._cells.check(adata.obs_names, "it", "cells")
        if adata.is_view and self._whole is not None:
            self._whole[0].check(adata._adata_ref.obs_names, "the one it is a view of", "cells")

    def check_genes(self, adata: AnnData, layer: str) -> None:
        """Makes sure that the columns of a matrix are the genes of the opening.

        Raises:
            DatasetChanged: They are not, or the matrix has gone.
            UnknownLayer: There never was such a matrix.
        """
        layers = Layers(adata)
        if layer in self._layers and layer not in layers.names:
            raise DatasetChanged(f"the AnnData has changed: its matrix {layer!r} has gone; {REMEDY}")
        self._of(layer).check(layers.genes(layer), f"its matrix {layer!r}", "genes")
        if adata.is_view and self._whole is not None:
            self._whole[1].check(adata._adata_ref.var_names, "the one it is a view of", "genes")

    def _of(self, layer: str) -> _Names:
        return self._raw_genes if layer == "raw" and self._raw_genes is not None else self._genes


def texts(names: pd.Index[Any]) -> pd.Index[Any]:
    """Names as str; the same object where they are."""
    if pd.api.types.infer_dtype(names, skipna=False) == "string":
        return names
    return pd.Index([str(name) for name in names], dtype=object)


class _Names:
    """The names along one axis, as they were."""

    def __init__(self, names: pd.Index[Any]) -> None:
        self.names = names
        self._seen = names

    @cached_property
    def texts(self) -> pd.Index[Any]:
        """The names as str, which is what people write and paths say; anndata does not insist on it."""
        return texts(self.names)

    def check(self, now: pd.Index[Any], owner: str, what: str) -> None:
        if now is self._seen or now is self.names:
            return
        if not now.equals(self.names):
            raise DatasetChanged(
                f"the AnnData has changed: {owner} had {len(self.names):,} {what} at the opening and now has "
                f"{len(now):,}{self._difference(now)}; {REMEDY}"
            )
        self._seen = now  # anndata makes new objects of the same names; each is compared once

    def _difference(self, now: pd.Index[Any]) -> str:
        if len(now) != len(self.names):
            return ""
        where, old, new = next(
            (i, old, new) for i, (old, new) in enumerate(zip(self.names, now, strict=True)) if old != new
        )
        return f" with other names or in another order (number {where:,} was {old!r} and is {new!r})"


def _check_same(names: pd.Index[Any], whole: pd.Index[Any], where: Any, what: str) -> None:
    """Makes sure that a view's names are those at its places in the AnnData that it is a view of."""
    try:
        same = whole[where].equals(names)
    except IndexError:  # it has become shorter
        same = False
    if not same:
        raise DatasetError(
            f"this view cannot be shown: the AnnData that it is a view of has other {what} by now, or has them in "
            "another order; take the view anew"
        )
