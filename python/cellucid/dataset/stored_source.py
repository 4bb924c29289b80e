"""An AnnData in a file as a source: opened lazily, read one element at a time."""

# What each member does is said once, in `Source`.
# ruff: noqa: D102

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from scipy import sparse

from cellucid.dataset.colors import category_colors
from cellucid.dataset.elements import (
    StoredColumn,
    StoredMatrix,
    StoredTable,
    check_there,
    encoding,
    group_of,
    is_group,
    shape_of,
)
from cellucid.dataset.errors import DatasetChanged, DatasetError
from cellucid.dataset.fields import LazyField, category_texts, field_series, in_order, span
from cellucid.dataset.genes import gene_source
from cellucid.dataset.identity import fingerprint_and_uniqueness
from cellucid.dataset.layers import unknown_layer
from cellucid.dataset.lazy import LazyMapping
from cellucid.dataset.lock import DataLock
from cellucid.dataset.manifest import INLINE_CATEGORIES
from cellucid.dataset.object_source import ObjectSource
from cellucid.dataset.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from anndata import AnnData
    from numpy.typing import NDArray

    from cellucid.dataset.base import Field
    from cellucid.dataset.genes import GeneSource
    from cellucid.dataset.stored_files import StoredFile

MOST_CELLS = 1 << 32
"""Row positions travel in 32 bits."""


class StoredSource(Source):
    """The parts of an AnnData in an open file.

    Args:
        file: The file; it is the source's own from here on.
        lock: Of the data, where there is one already.

    Raises:
        DatasetError: There are no cells, or it is not an AnnData.
    """

    def __init__(self, file: StoredFile, lock: DataLock | None = None) -> None:
        self.lock = DataLock() if lock is None else lock
        self._file = file
        self.file_tag = file.stamp.tag
        with self.lock, file.reading():
            root = file.root
            absent = [name for name in ("obs", "var") if name not in root]
            if absent:
                there = ", ".join(map(repr, list(root)[:10])) or "nothing"
                raise DatasetError(
                    f"{file.path.name!r} is not an AnnData: it has no {' and no '.join(absent)}; it has {there}"
                )
            self._obs, self._var = StoredTable(root["obs"]), StoredTable(root["var"])
            self.n_cells, self.n_vars = self._obs.length, self._var.length
            if self.n_cells == 0:
                raise DatasetError(f"there is nothing to show: {file.path.name!r} has 0 cells")
            if self.n_cells >= MOST_CELLS:
                raise DatasetError(f"{file.path.name!r} is said to have {self.n_cells:,} cells, more than can be shown")
            self._raw_var = StoredTable(root["raw"]["var"]) if "X" in group_of(root, "raw") else None
            self._matrices = dict(self._find_matrices())
            self._sources: dict[str, GeneSource] = {}  # with what they have learned of the file
            self.default_layer = next(iter(self._matrices), None)
            self.left_out: dict[str, str] = {}
            self.fields = dict(self._find_fields())

    @property
    def storage(self) -> str:
        return self._file.storage

    @property
    def path(self) -> Path:
        return self._file.path

    @property
    def cell_names(self) -> pd.Index[Any]:
        with self.lock, self.reading("the cell names"):
            return self._obs.names

    def cell_fingerprint(self) -> tuple[str, bool]:
        with self.lock, self.reading("the cell names"):
            return fingerprint_and_uniqueness(self._obs.name_hashes())

    @cached_property
    def obsm(self) -> Mapping[str, Any]:
        with self.reading("the embeddings"):
            group = group_of(self._file.root, "obsm")
            return {key: StoredMatrix(group[key], self.n_cells) for key in sorted(group)}

    def aligned(self, slot: Literal["obsm", "obsp"]) -> Mapping[str, Any]:
        group = group_of(self._file.root, slot)
        return LazyMapping({key: partial(self._read_aligned, slot, key) for key in sorted(group)})

    def _read_aligned(self, slot: str, key: str) -> Any:
        with self.lock, self.reading(f"{slot}[{key!r}]"):
            node = self._file.root[slot][key]
            for part in [node[name] for name in node] if is_group(node) else [node]:
                if not is_group(part):
                    check_there(part, self.n_cells)
            value: Any = read_elem(node)
            if sparse.issparse(value):
                checked: Any = value
                checked.check_format(full_check=True)  # scipy reads beyond its arrays where they lie
            return value

    @property
    def layers(self) -> list[str]:
        return list(self._matrices)

    def resolve_layer(self, layer: str | None) -> str:
        if layer is None and self.default_layer is not None:
            return self.default_layer
        if layer in self._matrices:
            return layer
        raise unknown_layer(layer, self.layers)

    def gene_names(self, layer: str | None) -> pd.Index[Any]:
        if layer is None:
            return pd.Index([], dtype=object)
        with self.lock, self.reading("the genes"):
            return self._table_of(layer).names

    def var(self, layer: str | None) -> pd.DataFrame:
        if layer is None:
            return pd.DataFrame(index=pd.Index([], dtype=object))
        with self.lock, self.reading("the genes"):
            table = self._table_of(layer)
            columns = {}
            for label in table.columns:
                try:
                    column = table.column(label)
                    if column.kind == "words" or column.kind == "categories":
                        columns[label] = column.read().to_numpy(dtype=object)
                except DatasetError:  # then it names no gene
                    continue
            return pd.DataFrame(columns, index=table.names)

    def n_genes(self, layer: str | None) -> int:
        return 0 if layer is None else self._table_of(layer).length

    def is_on_disk(self, layer: str) -> bool:
        return True

    def matrix(self, layer: str) -> GeneSource:
        with self.lock:
            if (known := self._sources.get(layer)) is None:
                known = self._sources[layer] = self._source_of(layer)
            return known

    def _source_of(self, layer: str) -> GeneSource:
        node = self._matrices[self.resolve_layer(layer)]
        expected = (self.n_cells, self.n_genes(layer))
        if shape_of(node) != expected:
            raise DatasetError(
                f"the matrix {layer!r} of {self._file.path.name!r} has shape {shape_of(node)} "
                f"for {expected[0]:,} cells and {expected[1]:,} genes"
            )
        return gene_source(node, self.lock)

    def check_cells(self) -> None:
        self._file.stamp.check()

    def check_genes(self, layer: str) -> None:
        self._file.stamp.check()
        self.resolve_layer(layer)

    def reading(self, what: str | None = None) -> AbstractContextManager[None]:
        return self._file.reading(what)

    def series(self, key: str) -> pd.Series[Any]:
        with self.reading(f"the obs column {key!r}"):
            series = field_series(self._obs.column(key).read(), key)
            expected = self.fields[key].n_categories
            categories = None if expected is None else len(series.cat.categories)
            if categories != expected:
                raise DatasetChanged(f"it had {expected} categories when it was opened and has {categories}")
            return series

    def table(self, expression: str) -> pd.DataFrame:
        obs = self._obs
        with self.reading("the obs columns"):
            columns = {}
            for label in self.fields:
                if label in expression:
                    columns[label] = obs.column(label).read().array
            wants_names = "index" in expression or (obs.index_name is not None and obs.index_name in expression)
            return pd.DataFrame(columns, index=obs.names if wants_names else pd.RangeIndex(self.n_cells))

    @cached_property
    def _anndata(self) -> AnnData:
        with self.reading():
            return self._file.anndata()

    def subset(self, positions: NDArray[np.intp]) -> AnnData:
        return self._anndata[positions]

    def reopen(self) -> Source:
        if self._file.stamp.is_overwritten:
            self._file.abandon()
            vars(self).pop("_anndata", None)
        return open_stored(type(self._file), self._file.path, self.lock)

    def close(self) -> None:
        with self.lock:
            self._sources.clear()  # with the files that they have open; who knows this source may outlive it
            self._file.close()

    def _table_of(self, layer: str) -> StoredTable:
        return self._raw_var if layer == "raw" and self._raw_var is not None else self._var

    def _find_matrices(self) -> Iterator[tuple[str, Any]]:
        root = self._file.root
        if self._raw_var is not None:
            yield "raw", root["raw"]["X"]
        if "X" in root and encoding(root["X"]) != "null":
            yield "X", root["X"]
        layers = group_of(root, "layers")
        for name in sorted(layers):  # as HDF5 lists them; zarr, as the folder does
            if name not in ("raw" if self._raw_var is not None else None, "X"):
                yield name, layers[name]

    def _find_fields(self) -> Iterator[tuple[str, Field]]:
        for key in self._obs.columns:
            try:
                column = self._obs.column(key)
                if column.kind == "numbers":
                    yield key, LazyField(key, span=partial(self._span, key))
                else:
                    yield key, self._categorical(key, column)
            except DatasetError as error:
                self.left_out[key] = str(error)
            except Exception as error:  # as in `StoredFile.reading`: one damaged column is no reason to show nothing
                self.left_out[key] = str(error) or type(error).__name__

    def _categorical(self, key: str, column: StoredColumn) -> Field:
        field = LazyField(key, column.n_categories, listing=partial(self._listing, key, column))
        # Many categories are read when they are asked for; of few the colours are looked at now, so that what is wrong
        # with them is told to whoever opens the data.
        if column.n_categories <= INLINE_CATEGORIES:
            n_read = len(field.categories or ())
            if n_read != column.n_categories:  # some read the same
                return LazyField(key, n_read, listing=partial(self._listing, key, column))
        return field

    def _listing(self, key: str, column: StoredColumn) -> tuple[tuple[str, ...], tuple[str, ...]]:
        with self.lock, self.reading(f"the categories of the obs column {key!r}"):
            if column.kind == "flags":
                own = ["False", "True"]
            elif column.kind == "categories":
                own = category_texts(pd.Index(column.categories()))
            else:
                own = in_order(column.words())
            colors: dict[str, str] = {}
            for text, color in zip(own, category_colors(key, len(own), self._uns(key)), strict=True):
                colors.setdefault(text, color)
            return tuple(colors), tuple(colors.values())

    def _uns(self, key: str) -> dict[str, Any]:
        """What ``uns`` has for the colours of a column."""
        name = f"{key}_colors"
        uns = group_of(self._file.root, "uns")
        if name not in uns:
            return {}
        try:
            kept = read_elem(uns[name])
        except Exception as error:  # damaged: the colours then are the default ones, with a warning
            kept = error
        return {name: np.asarray(kept).astype(object) if isinstance(kept, np.ndarray) else kept}

    def _span(self, key: str) -> tuple[float, float] | None:
        with self.lock:
            return span(self.series(key).to_numpy())


class LegacySource(ObjectSource):
    """A file that anndata before 0.7 wrote, as AnnData itself opens it: without lists of columns it is read whole."""

    def __init__(self, file: type[StoredFile], path: Path) -> None:
        self._kind, self._file_path = file, path
        super().__init__(ad.read_h5ad(path, backed="r"))

    @property
    def storage(self) -> str:
        return self._kind.storage

    def reopen(self) -> Source:
        return open_stored(self._kind, self._file_path)

    def close(self) -> None:
        self._adata.file.close()
        super().close()


def open_stored(kind: type[StoredFile], path: Path, lock: DataLock | None = None) -> Source:
    """Opens a file with an AnnData in it.

    Raises:
        DatasetError: It cannot be read, or there is nothing to show.
    """
    file = kind(path)
    try:
        with file.reading():
            is_legacy = isinstance(file.root.get("obs"), h5py.Dataset) or "raw.X" in file.root
        if not is_legacy:
            return StoredSource(file, lock)
        with file.reading():
            file.close()
            return LegacySource(kind, path)
    except BaseException:
        file.close()
        raise
