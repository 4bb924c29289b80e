"""Which matrix a layer's name means, by scanpy's rule: a layer if named, else ``raw`` if there, else ``X``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.errors import UnknownLayer
from cellucid.dataset.genes import GeneSource, SubsetGenes, gene_source

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from cellucid.dataset.lock import DataLock


class Layers:
    """The matrices of an AnnData by name, each with its own gene names. Reads them anew at each call."""

    def __init__(self, adata: AnnData) -> None:
        self._adata = adata

    @property
    def names(self) -> list[str]:
        """``raw`` and ``X`` where there are such, then the layers by their names, as of files.

        A layer of one of those two names is out of reach.
        """
        adata = self._adata
        own = [name for name, there in (("raw", adata.raw is not None), ("X", self._has_x())) if there]
        # anndata 0.13 lists X among the layers, under None.
        return own + sorted((name for name in adata.layers if name is not None and name not in own), key=str)

    @property
    def default(self) -> str | None:
        """What scanpy shows when no layer is named. Where it has no rule, the first layer; None without a matrix."""
        if self._adata.raw is not None:
            return "raw"
        return "X" if self._has_x() else next(iter(self.names), None)

    def resolve(self, layer: str | None) -> str:
        """The name of the matrix that genes come from.

        Raises:
            UnknownLayer: There is no such matrix, or none at all.
        """
        names = self.names
        if layer is None and (default := self.default) is not None:
            return default
        if layer in names:
            return layer
        raise unknown_layer(layer, names)

    def var(self, layer: str | None) -> pd.DataFrame:
        """What is known of the genes of a matrix: one row for each of its columns."""
        in_raw = self.resolve(layer) == "raw" and self._adata.raw is not None
        var: pd.DataFrame = self._adata.raw.var if in_raw else self._adata.var
        return var

    def genes(self, layer: str | None) -> pd.Index[Any]:
        """Gene names of a matrix, in the order of its columns."""
        return self.var(layer).index

    def is_on_disk(self, layer: str) -> bool:
        """Whether a matrix is in the file of a backed AnnData: its ``X`` and ``raw``."""
        return bool(self._adata.isbacked) and layer in ("raw", "X") and layer in self.names[:2]

    def source(self, layer: str | None, lock: DataLock | None = None) -> GeneSource:
        """The columns of a matrix.

        Args:
            layer: Its name.
            lock: Held while a file is read.

        Raises:
            UnknownLayer: There is no such matrix.
            DatasetError: It is stored in a way that cannot be read.
        """
        layer = self.resolve(layer)
        adata = self._adata
        # A view copies its part of a sparse matrix at each access, so go to the AnnData that it is a view of. There is
        # no public way; the three names have been the same since anndata 0.7.
        whole = adata._adata_ref if adata.is_view else adata
        if layer == "raw" and adata.raw is not None:
            if not (adata.is_view and whole.isbacked and whole.raw is not None):
                return gene_source(adata.raw.X, lock)
            source = gene_source(whole.raw.X, lock)
            return SubsetGenes(source, np.arange(whole.n_obs)[adata._oidx], np.arange(source.n_genes))
        source = gene_source(whole.X if layer == "X" and self._has_x() else whole.layers[layer], lock)
        if adata.is_view:
            cells, genes = np.arange(whole.n_obs)[adata._oidx], np.arange(whole.n_vars)[adata._vidx]
            return SubsetGenes(source, cells, genes)
        return source

    def _has_x(self) -> bool:
        whole = self._adata._adata_ref if self._adata.is_view else self._adata
        if not whole.isbacked:
            return whole.X is not None
        if not whole.file.is_open:
            whole.file.open()  # as anndata does for whatever is asked of the matrix
        return "X" in whole.file  # a backed AnnData without one raises a KeyError for `adata.X`


def unknown_layer(layer: str | None, names: list[str]) -> UnknownLayer:
    """The error for a matrix that is not among those that there are."""
    return UnknownLayer(
        f"there is no layer {layer!r}; expected one of {', '.join(map(repr, names))} or None for the default"
        if names
        else "the data have no matrix: neither raw nor X nor a layer"
    )
