"""An AnnData in memory, or a view of one, as a dataset. It is only read: never changed and never copied as a whole."""

# What each member does is said once, in `Dataset`.
# ruff: noqa: D102

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from cellucid.dataset.axes import Axes
from cellucid.dataset.base import Dataset, Embedding, Field, FieldRef, Resource
from cellucid.dataset.cache import ResourceCache
from cellucid.dataset.embeddings import current_coordinates, find_embeddings, unknown_embedding
from cellucid.dataset.encode import array_resource, encode_codes, json_resource
from cellucid.dataset.errors import DatasetError, UnknownField, UnknownResource, warn_user
from cellucid.dataset.fields import current_series, find_column, make_field, showable_columns
from cellucid.dataset.identity import dataset_id
from cellucid.dataset.layers import Layers
from cellucid.dataset.lock import lock_of
from cellucid.dataset.manifest import INLINE_CATEGORIES, category_listing, gene_listing, identity, manifest
from cellucid.dataset.paths import (
    IDENTITY,
    MANIFEST,
    NAMES_A_BLOCK,
    categories_path,
    cell_names_path,
    codes_path,
    embedding_path,
    gene_names_path,
    gene_path,
    parse_gene_names_path,
    parse_gene_path,
    values_path,
)
from cellucid.dataset.queries import query_positions
from cellucid.dataset.references import gene_position, resolve_field, unambiguous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from anndata import AnnData
    from numpy.typing import NDArray

CACHE_BYTES = 256 * 1024 * 1024

_BACKED = "this AnnData is backed by a file, which this version cannot read; load it with `adata.to_memory()`"


class AnnDataDataset(Dataset):
    """The dataset of an AnnData in memory.

    What `read` returns is a snapshot from the first time it was read: later changes to the AnnData do not show. The
    cells, the obs fields, the embeddings and the genes are those of the opening; what is read for the first time after
    one of these has changed is refused with `DatasetChanged`.

    Args:
        adata: The data; views are fine.
        name: What to call the dataset; ``"AnnData"`` unless given.

    Raises:
        TypeError: The AnnData is backed by a file.
        DatasetError: There are no cells, or no embedding that can be shown, or it is a view of data that have changed.
    """

    def __init__(self, adata: AnnData, *, name: str | None = None) -> None:
        if adata.isbacked:
            raise TypeError(_BACKED)
        if adata.n_obs == 0:
            raise DatasetError(f"there is nothing to show: the AnnData has 0 cells (shape {adata.shape})")
        super().__init__(lock_of(adata))
        with self.lock:
            self._look_at(adata, name)

    def _look_at(self, adata: AnnData, name: str | None) -> None:
        self._adata: AnnData | None = adata
        self._name = "AnnData" if name is None else name
        self._n_cells: int = adata.n_obs
        self._axes = Axes(adata)
        self._id = dataset_id(adata.obs_names, adata.n_vars)
        self._created_at = datetime.now(UTC)
        # pandas builds an index' hash table at the first look-up, which is not made for two threads at once.
        self._pandas_lock = Lock()
        self._cache = ResourceCache(CACHE_BYTES)
        self._embeddings = find_embeddings(adata.obsm)
        self._columns = showable_columns(adata.obs)
        self._fields: dict[str, Field] = {}
        for key, label in self._columns.labels.items():
            if (column := find_column(adata.obs, label)) is not None:
                self._fields[key] = make_field(key, column, adata.uns)
        self._makers = self._list_makers()
        self._warn_of_what_will_surprise()

    @property
    def id(self) -> str:
        return self._id

    @property
    def name(self) -> str:
        return self._name

    @property
    def storage(self) -> str:
        return "in-memory"

    @property
    def n_cells(self) -> int:
        return self._n_cells

    @property
    def embeddings(self) -> list[str]:
        return list(self._embeddings)

    def embedding(self, key: str) -> Embedding:
        if key not in self._embeddings:
            raise unknown_embedding(key, self._embeddings, self._open().obsm)
        return self._embeddings[key]

    def coordinates(self, key: str) -> NDArray[np.float32]:
        return self.read(self.embedding(key).path).as_array()

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(self._fields.values())

    def obs(self, key: str) -> pd.Series[Any]:
        if key not in self._fields:
            reason = self._columns.left_out.get(key)
            there = ", ".join(map(repr, self._fields)) or "none"
            raise UnknownField(
                f"the obs column {key!r} cannot be shown: {reason}"
                if reason
                else f"there is no obs column {key!r}; expected one of {there}"
            )
        return self._series(key)

    @property
    def genes(self) -> pd.Index[Any]:
        return self._genes_of(None)

    def gene(self, name: str, layer: str | None = None) -> NDArray[np.float32]:
        path = gene_path(name, layer)
        return self._cached(path, partial(self._read_gene, name, layer)).as_array()

    def gene_block(self, names: Sequence[str], layer: str | None = None) -> NDArray[np.float32]:
        layer = self.default_layer if layer is None else layer
        with self._unchanged() as adata:
            layers = Layers(adata)
            layer = layers.resolve(layer)
            self._axes.check_genes(adata, layer)
            with self._pandas_lock:
                positions = [gene_position(name, self._axes.genes(layer)) for name in names]
            source = layers.source(layer)
            if many := getattr(source, "columns", None):  # of the sources that read several in one pass
                return np.asarray(many(positions))
            block = np.empty((len(positions), self.n_cells), np.float32)
            for row, position in zip(block, positions, strict=True):
                row[:] = source.column(position)
            return block

    def aligned(self, slot: Literal["obsm", "obsp"]) -> Mapping[str, Any]:
        return dict(getattr(self._open(), slot))

    @property
    def layers(self) -> list[str]:
        return Layers(self._open()).names

    @property
    def default_layer(self) -> str | None:
        return self._axes.default_layer

    @property
    def cell_names(self) -> pd.Index[Any] | None:
        return self._axes.cells

    def read(self, path: str) -> Resource:
        self._open()
        if (make := self._makers.get(path)) is not None:
            return self._cached(path, make)
        if (layer := parse_gene_names_path(path)) is not None:
            make = partial(self._read_gene_names, layer)
        elif (parsed := parse_gene_path(path)) is not None:
            make = partial(self._read_gene, *parsed)
        else:
            raise UnknownResource(f"there is no resource {path!r}; `resources()` lists the paths")
        try:
            return self._cached(path, make)
        except KeyError as error:
            raise UnknownResource(f"there is no resource {path!r}: {error}") from error

    def resources(self) -> list[str]:
        genes = self.genes
        with self._pandas_lock:
            readable = unambiguous(genes)
        return [*self._makers, *(gene_path(gene) for gene in readable)]

    def resolve_field(self, text: str, layer: str | None = None) -> FieldRef:
        genes = self._genes_of(layer)
        with self._pandas_lock:
            return resolve_field(text, self._fields, genes, self._columns.left_out, layer)

    def query(self, expr: str) -> NDArray[np.uint32]:
        with self._unchanged() as adata:
            return query_positions(adata.obs, expr)

    def subset(self, positions: NDArray[np.integer[Any]]) -> AnnData:
        with self._unchanged() as adata:
            return adata[np.asarray(positions, dtype=np.intp)]

    def clear_cache(self) -> None:
        self._cache.clear()

    def reopen(self) -> AnnDataDataset:
        with self.lock:
            adata = self._open()
            if adata.isbacked:  # since the opening, by `adata.filename = …`
                raise DatasetError(f"the data can no longer be shown: {_BACKED}")
            return AnnDataDataset(adata, name=self._name)

    def close(self) -> None:
        self._adata = None
        self.clear_cache()

    def _open(self) -> AnnData:
        if self._adata is None:
            raise DatasetError(f"the dataset {self._name!r} is closed; open it again with `open_dataset(adata)`")
        return self._adata

    @contextmanager
    def _unchanged(self) -> Iterator[AnnData]:
        """The AnnData, while its rows are the cells of the opening.

        Raises:
            DatasetChanged: They are others now, or came to be so while something was read on this thread.
        """
        with self.lock:
            adata = self._open()
            self._axes.check_cells(adata)
            try:
                yield adata
            finally:
                self._axes.check_cells(adata)

    def _cached(self, path: str, make: Callable[[], Resource]) -> Resource:
        # The lock first: who holds it may ask for what another thread has begun to make and needs the lock for.
        if (kept := self._cache.find(path)) is not None:
            return kept
        with self.lock:
            return self._cache.get(path, make)

    def _genes_of(self, layer: str | None) -> pd.Index[Any]:
        layers = Layers(self._open())
        return self._axes.genes(self.default_layer if layer is None else layers.resolve(layer))

    def _series(self, key: str) -> pd.Series[Any]:
        with self._unchanged() as adata:
            return current_series(adata.obs, self._columns.labels[key], self._fields[key])

    def _list_makers(self) -> dict[str, Callable[[], Resource]]:
        """How to make each resource but the genes, by path."""
        makers: dict[str, Callable[[], Resource]] = {
            MANIFEST: self._read_manifest,
            IDENTITY: self._read_identity,
            gene_names_path(): partial(self._read_gene_names, None),
        }
        for block in range(-(-self._n_cells // NAMES_A_BLOCK)):
            makers[cell_names_path(block)] = partial(self._read_cell_names, block)
        for key in self._embeddings:
            makers[embedding_path(key)] = partial(self._read_embedding, key)
        for key, field in self._fields.items():
            if field.categories is None:
                makers[values_path(key)] = partial(self._read_values, key)
                continue
            makers[codes_path(key, len(field.categories))] = partial(self._read_codes, field)
            if len(field.categories) > INLINE_CATEGORIES:
                makers[categories_path(key)] = partial(self._read_categories, field)
        return makers

    def _read_manifest(self) -> Resource:
        return json_resource(manifest(self))

    def _read_identity(self) -> Resource:
        return json_resource(identity(self, self._created_at))

    def _read_gene_names(self, layer: str | None) -> Resource:
        layer = self.default_layer if layer is None else layer
        if layer is not None:
            self._axes.check_genes(self._open(), layer)
        with self._pandas_lock:
            listing = gene_listing(self._axes.genes(layer))
        return json_resource(listing)

    def _read_cell_names(self, block: int) -> Resource:
        names = self._axes.cells[block * NAMES_A_BLOCK : (block + 1) * NAMES_A_BLOCK]
        return json_resource({"names": [str(name) for name in names]})

    def _read_embedding(self, key: str) -> Resource:
        with self._unchanged() as adata:
            return array_resource(current_coordinates(self._embeddings[key], adata.obsm))

    def _read_values(self, key: str) -> Resource:
        return array_resource(self._series(key).to_numpy())

    def _read_categories(self, field: Field) -> Resource:
        return json_resource(category_listing(field))

    def _read_codes(self, field: Field) -> Resource:
        codes = self._series(field.key).cat.codes.to_numpy()
        return array_resource(encode_codes(codes, len(field.categories or ())))

    def _read_gene(self, name: str, layer: str | None) -> Resource:
        layer = self.default_layer if layer is None else layer
        with self._unchanged() as adata:
            layers = Layers(adata)
            if layer is None:  # at the opening there was no matrix
                layer = layers.resolve(None)
            self._axes.check_genes(adata, layer)
            with self._pandas_lock:
                position = gene_position(name, self._axes.genes(layer))
            return array_resource(layers.source(layer).column(position))

    def _warn_of_what_will_surprise(self) -> None:
        adata = self._open()
        if self._columns.left_out:
            reasons = "; ".join(f"{label!r}: {reason}" for label, reason in self._columns.left_out.items())
            warn_user(f"left out of the obs fields: {reasons}.")
        for names, what, cure in (
            (adata.obs_names, "cell", "selecting by name will refuse them; see `adata.obs_names_make_unique()`"),
            (self.genes, "gene", "they cannot be shown; see `adata.var_names_make_unique()`"),
        ):
            if not names.is_unique:
                twice = names[names.duplicated()].unique()
                examples = ", ".join(map(repr, twice[:2]))
                warn_user(f"{len(twice):,} {what} names are not unique, for example {examples}: {cure}.")
