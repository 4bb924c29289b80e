"""An AnnData object as a source: in memory, backed by a file, or a view of either. It is only read."""

# What each member does is said once, in `Source`.
# ruff: noqa: D102

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from cellucid.dataset.axes import Axes, texts
from cellucid.dataset.errors import DatasetError, reading_file
from cellucid.dataset.fields import current_series, find_column, make_field, showable_columns
from cellucid.dataset.identity import FileStamp, fingerprint_and_uniqueness, name_hashes
from cellucid.dataset.layers import Layers
from cellucid.dataset.lock import lock_of
from cellucid.dataset.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData
    from numpy.typing import NDArray

    from cellucid.dataset.genes import GeneSource


class ObjectSource(Source):
    """The user's own AnnData: its tables are in memory; of a backed one ``X`` and ``raw`` are in its file.

    Args:
        adata: The data; views are fine.

    Raises:
        DatasetError: There are no cells, or it is a view of data that have changed.
    """

    def __init__(self, adata: AnnData) -> None:
        if adata.n_obs == 0:
            raise DatasetError(f"there is nothing to show: the AnnData has 0 cells (shape {adata.shape})")
        # A view of a backed AnnData reads through the same file.
        self.lock = lock_of(adata._adata_ref if adata.is_view and adata.isbacked else adata)
        self._adata = adata
        self._stored: dict[str, tuple[Any, GeneSource]] = {}
        with self.lock:
            self.n_cells, self.n_vars = adata.n_obs, adata.n_vars
            self._axes = Axes(adata)
            self.default_layer = self._axes.default_layer
            self._stamp = _stamp(adata)
            self.file_tag = None if self._stamp is None else self._stamp.tag
            self._columns = showable_columns(adata.obs)
            self.left_out = self._columns.left_out
            found = ((key, find_column(adata.obs, label)) for key, label in self._columns.labels.items())
            self.fields = {key: make_field(key, column, adata.uns) for key, column in found if column is not None}

    @property
    def storage(self) -> str:
        return "backed" if self._adata.isbacked else "in-memory"

    @property
    def path(self) -> Path | None:
        return Path(self._adata.filename) if self._adata.isbacked else None

    @property
    def cell_names(self) -> pd.Index[Any]:
        return self._axes.cells

    def cell_fingerprint(self) -> tuple[str, bool]:
        return fingerprint_and_uniqueness(name_hashes(np.asarray(self._axes.cells, dtype=object)))

    @property
    def obsm(self) -> Mapping[str, Any]:
        obsm: Mapping[str, Any] = self._adata.obsm
        return obsm

    def aligned(self, slot: Literal["obsm", "obsp"]) -> Mapping[str, Any]:
        return dict(getattr(self._adata, slot))

    @property
    def layers(self) -> list[str]:
        return Layers(self._adata).names

    def resolve_layer(self, layer: str | None) -> str:
        return Layers(self._adata).resolve(layer)

    def gene_names(self, layer: str | None) -> pd.Index[Any]:
        return self._axes.genes(layer)

    def var(self, layer: str | None) -> pd.DataFrame:
        names = self._axes.genes(layer)
        if layer is None:
            return pd.DataFrame(index=names)
        var = Layers(self._adata).var(layer)
        # The names are those of the opening; whatever else is known of genes by other names is not known of these.
        same = var.index is names or texts(var.index).equals(names)
        return var.set_axis(names) if same else pd.DataFrame(index=names)

    def n_genes(self, layer: str | None) -> int:
        return len(self._axes.genes(layer))

    def is_on_disk(self, layer: str) -> bool:
        return Layers(self._adata).is_on_disk(layer)

    def matrix(self, layer: str) -> GeneSource:
        layers = Layers(self._adata)
        if not layers.is_on_disk(layer):
            return layers.source(layer)
        # What was learned of it is kept as long as the user keeps the file open, and the matrix is the one it was.
        whole = self._adata._adata_ref if self._adata.is_view else self._adata
        place = whole.file._file.get("raw/X" if layer == "raw" else "X")
        then, known = self._stored.get(layer, (None, None))
        if known is None or then != place:
            known = layers.source(layer, self.lock)
            self._stored[layer] = (place, known)
        return known

    def check_cells(self) -> None:
        if self._stamp is not None:
            self._stamp.check()
        self._axes.check_cells(self._adata)

    def check_genes(self, layer: str) -> None:
        self._axes.check_genes(self._adata, layer)

    def reading(self, what: str | None = None) -> AbstractContextManager[None]:
        return nullcontext() if what is None or self.path is None else reading_file(self.path, what)

    def series(self, key: str) -> pd.Series[Any]:
        return current_series(self._adata.obs, self._columns.labels[key], self.fields[key])

    def table(self, expression: str) -> pd.DataFrame:
        obs: pd.DataFrame = self._adata.obs
        return obs

    def subset(self, positions: NDArray[np.intp]) -> AnnData:
        adata = self._adata
        if adata.is_view and adata.isbacked:  # of which anndata makes no further view
            whole = adata._adata_ref
            return whole[np.arange(whole.n_obs)[adata._oidx][positions], np.arange(whole.n_vars)[adata._vidx]]
        return adata[positions]

    def reopen(self) -> Source:
        return ObjectSource(self._adata)

    def close(self) -> None:
        """Lets go of the object, which stays as it is: a file that the user has opened stays open."""
        self._stored.clear()
        del self._adata


def _stamp(adata: AnnData) -> FileStamp | None:
    """What the file of a backed AnnData was; None where its user may write to it through the object."""
    whole = adata._adata_ref if adata.is_view else adata
    if not whole.isbacked or whole.file._filemode not in (None, "r"):
        return None
    return FileStamp(Path(whole.filename))
