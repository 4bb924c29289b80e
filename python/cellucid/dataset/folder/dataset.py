"""An export folder as a dataset: one that `cellucid.prepare` wrote, or the Cellucid package 0.0.9 to 0.9.4."""

# What each member does is said once, in `Dataset`.
# ruff: noqa: D102

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd

from cellucid.dataset.base import Dataset, Embedding, Field, FieldRef, Listed
from cellucid.dataset.cache import ResourceCache
from cellucid.dataset.colors import category_colors, to_hex
from cellucid.dataset.encode import array_resource, encode_codes, json_resource
from cellucid.dataset.errors import (
    DatasetError,
    UnknownField,
    UnknownLayer,
    UnknownResource,
    warn_user,
)
from cellucid.dataset.fields import LazyField, span
from cellucid.dataset.folder.additions import read_additions
from cellucid.dataset.folder.arrays import ExportArrays
from cellucid.dataset.folder.embeddings import FolderEmbeddings
from cellucid.dataset.folder.files import ExportFiles
from cellucid.dataset.folder.labels import as_meant
from cellucid.dataset.folder.listings import Listings
from cellucid.dataset.folder.manifests import StoredCodes, StoredValues, StoredVectors, read_export
from cellucid.dataset.folder.several import choose, find_exports
from cellucid.dataset.lazy import LazyMapping
from cellucid.dataset.lock import DataLock
from cellucid.dataset.manifest import (
    INLINE_CATEGORIES,
    category_listing,
    gene_listing,
    identity,
    manifest,
    other_names_listing,
)
from cellucid.dataset.paths import (
    IDENTITY,
    MANIFEST,
    NAMES_A_BLOCK,
    categories_path,
    cell_names_path,
    codes_path,
    edges_path,
    embedding_path,
    gene_names_path,
    gene_path,
    other_gene_names_path,
    parse_gene_names_path,
    parse_gene_path,
    parse_other_gene_names_path,
    values_path,
    vectors_path,
)
from cellucid.dataset.queries import query_positions
from cellucid.dataset.references import gene_position, no_obs_column, resolve_field, some
from cellucid.dataset.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from numpy.typing import NDArray

CACHE_BYTES = 256 * 1024 * 1024

# What the folder's one matrix is called where nothing says which it was.
_LAYER = "X"


class FolderDataset(Dataset):
    """The dataset of an export folder.

    Values are read when they are asked for, each file whole and never mapped: somebody may shorten it meanwhile. A
    folder that was written anew since it was opened is refused with `DatasetChanged`. Nothing in it is believed:
    whatever is wrong with a file is a `DatasetError` that names it.

    Args:
        path: The folder, or one with several exports.
        dataset: Which of several: its id, or its folder's name. By default the first, or the one that ``datasets.json``
            says.
        name: What to call the dataset; the export's own name unless given.

    Raises:
        DatasetError: There is no export, or it cannot be shown; the message names the file.
    """

    def __init__(self, path: str | PathLike[str], *, dataset: str | None = None, name: str | None = None) -> None:
        super().__init__(DataLock())
        self._place = Path(os.path.abspath(path))
        self._all = find_exports(self._place)
        self._found = choose(self._all, dataset)
        self._given_name = name
        self._closed = False
        self._cache = ResourceCache(CACHE_BYTES)
        self._pandas_lock = Lock()  # pandas builds an index' hash table at the first look-up
        self._files = ExportFiles(self._found.path)
        self._export = read_export(self._files)
        self._arrays = ExportArrays(self._files, self._export)
        self._additions = read_additions(self._files, self._export.created_at, self._export.written_by)
        self._opened_at = datetime.now(UTC)
        self._genes = pd.Index(self._export.gene_names, dtype=object)
        self._listings = Listings(self._files, self._additions, self._export.n_cells, len(self._genes), self._open)
        self._embeddings = FolderEmbeddings(self._files, self._export, self._additions, self._arrays)
        self._fields = {key: self._make_field(key, stored) for key, stored in self._export.fields.items()}
        self._makers = self._list_makers()
        self._files.check_unchanged()
        if self._export.left_out:
            reasons = "; ".join(f"{key!r}: {reason}" for key, reason in self._export.left_out.items())
            warn_user(f"left out of the obs fields: {reasons}.")

    @property
    def id(self) -> str:
        return self._export.id

    @property
    def name(self) -> str:
        return self._export.name if self._given_name is None else self._given_name

    @property
    def datasets(self) -> tuple[Listed, ...]:
        return tuple(
            Listed(one.key, self.name, self.n_cells) if one == self._found else Listed(one.key, one.name, one.n_cells)
            for one in self._all
        )

    @property
    def listed_as(self) -> str:
        return self._found.key

    def open_listed(self, id: str) -> FolderDataset:
        self._open()
        return FolderDataset(self._place, dataset=id)

    @property
    def storage(self) -> str:
        return "export folder"

    @property
    def n_cells(self) -> int:
        return self._export.n_cells

    @property
    def embeddings(self) -> list[str]:
        return list(self._embeddings.shown)

    def embedding(self, key: str) -> Embedding:
        return self._embeddings.find(key)

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(self._fields.values())

    def obs(self, key: str) -> pd.Series[Any]:
        field = self._fields.get(key)
        if field is None:
            raise no_obs_column(key, self._fields, self._export.left_out)
        if field.categories is None:
            values: Any = np.array(self.read(values_path(key)).as_array())
        else:
            values = pd.Categorical.from_codes(
                self._arrays.codes(key), categories=pd.Index(field.categories, dtype=object)
            )
        return pd.Series(values, index=self.cell_names, name=key, copy=False)

    @property
    def genes(self) -> pd.Index[Any]:
        return self._genes

    def other_gene_names(self, layer: str | None = None) -> Mapping[str, pd.Index[Any]]:
        self._check_layer(layer)
        return self._listings.other_gene_names

    def gene(self, name: str, layer: str | None = None) -> NDArray[np.float32]:
        self._check_layer(layer)
        path = gene_path(name)
        return self._cached(path, partial(self._read_gene, name)).as_array()

    def gene_block(self, names: Sequence[str], layer: str | None = None) -> NDArray[np.float32]:
        self._check_layer(layer)
        self._files.check_unchanged()
        block = np.empty((len(names), self.n_cells), np.float32)
        for row, name in zip(block, names, strict=True):
            row[:] = self._gene_values(name)
        return block

    @property
    def layers(self) -> list[str]:
        return [] if self.default_layer is None else [self.default_layer]

    @property
    def default_layer(self) -> str | None:
        return (self._additions.layer or _LAYER) if len(self._genes) else None

    @property
    def cell_names(self) -> pd.Index[Any] | None:
        return self._listings.cell_names

    @property
    def has_cell_names(self) -> bool:
        return self._additions.cell_names is not None

    def read(self, path: str) -> Resource:
        self._open()
        if (make := self._makers.get(path)) is not None:
            return self._cached(path, make)
        if (layer := parse_gene_names_path(path)) is not None:
            if layer in self.layers:
                return self._cached(gene_names_path(), self._read_gene_names)
        elif (layer := parse_other_gene_names_path(path)) is not None:
            if layer in self.layers:
                return self._cached(other_gene_names_path(), self._read_other_gene_names)
        elif (parsed := parse_gene_path(path)) is not None and (parsed[1] is None or parsed[1] in self.layers):
            try:
                return self._cached(gene_path(parsed[0]), partial(self._read_gene, parsed[0]))
            except KeyError as error:
                raise UnknownResource(f"there is no resource {path!r}: {error}") from error
        raise UnknownResource(f"there is no resource {path!r}; `resources()` lists the paths")

    def find(self, path: str) -> Resource | None:
        return self._cache.find(path)

    def resources(self) -> list[str]:
        self._open()
        return [*self._makers, *(gene_path(gene) for gene in self._export.genes)]

    def resolve_field(self, text: str, layer: str | None = None) -> FieldRef:
        self._check_layer(layer)
        with self._pandas_lock:
            return resolve_field(text, self._fields, self._genes, self._export.left_out, layer, self._listings)

    def query(self, expr: str) -> NDArray[np.uint32]:
        # A field that is meant is there by its name; reading all of them could be more than the memory holds.
        named = [key for key in self._fields if key in expr]
        obs = pd.DataFrame({key: as_meant(self.obs(key), key, expr) for key in named}, index=self._index())
        return query_positions(obs, expr, list(self._fields))

    def subset(self, positions: NDArray[np.integer[Any]]) -> ad.AnnData:
        """The cells at these positions as an AnnData in memory: obs, embeddings and colours, no genes."""
        rows = np.asarray(positions, dtype=np.intp)
        obs = pd.DataFrame({key: self.obs(key).iloc[rows] for key in self._fields}, index=self._index()[rows])
        if self.cell_names is None:
            obs.index = obs.index.astype(str)  # as anndata wants it
        return ad.AnnData(
            obs=obs,
            obsm={key: self.coordinates(key)[rows] for key in self._embeddings.shown},
            uns={f"{field.key}_colors": list(field.colors) for field in self.fields if field.colors is not None},
        )

    def aligned(self, slot: str) -> Mapping[str, Any]:
        if slot == "obsp":
            return LazyMapping(
                {"connectivities": self._arrays.connectivities} if self._export.edges is not None else {}
            )
        return LazyMapping(
            {self._embeddings.key_of(one): partial(self._embeddings.arrows, one) for one in self._embeddings.vectors}
            if slot == "obsm"
            else {}
        )

    def clear_cache(self) -> None:
        self._cache.clear()

    def reopen(self) -> FolderDataset:
        self._open()
        try:
            listed = find_exports(self._place, warn=False)
        except DatasetError:  # what is wrong with the folder is not wrong with this one
            listed = []
        now = next((one.key for one in listed if one.path == self._found.path), None)
        place = self._found.path if now is None else self._place
        return FolderDataset(place, dataset=now, name=self._given_name)

    def close(self) -> None:
        self._closed = True
        self.clear_cache()

    # ---- what is there ----

    def _open(self) -> None:
        if self._closed:
            raise DatasetError(f"the dataset {self.name!r} is closed; open it again with `open_dataset(folder)`")

    def _index(self) -> pd.Index[Any]:
        return pd.RangeIndex(self.n_cells) if self.cell_names is None else self.cell_names

    def _check_layer(self, layer: str | None) -> None:
        if layer is not None and layer not in self.layers:
            raise UnknownLayer(
                f"there is no layer {layer!r}; expected {some(self.layers)} or None for the default"
                if self.layers
                else "the export has no genes"
            )
        self._open()

    def _make_field(self, key: str, stored: StoredValues | StoredCodes) -> Field:
        if isinstance(stored, StoredCodes):
            colors: dict[str, str] = {}
            for label, color in zip(stored.labels, self._colors(key, len(stored.labels)), strict=True):
                colors.setdefault(label, color)
            return Field(key, "categorical", tuple(colors), tuple(colors.values()))
        return LazyField(key, span=partial(self._span, key))

    def _span(self, key: str) -> tuple[float, float] | None:
        # Not the manifest's: where all values are equal, or none is finite, that one is another.
        return span(self.read(values_path(key)).as_array())

    def _colors(self, key: str, n_categories: int) -> tuple[str, ...]:
        kept = self._additions.colors.get(key)
        if kept is not None and (len(kept) != n_categories or any(to_hex(color) is None for color in kept)):
            raise self._files.fail("additions.json", f"colors.{key}: expected {n_categories} colours")
        return category_colors(key, n_categories, {} if kept is None else {f"{key}_colors": kept})

    def _list_makers(self) -> dict[str, Callable[[], Resource]]:
        """How to make each resource but the genes, by path."""
        makers: dict[str, Callable[[], Resource]] = {
            MANIFEST: lambda: json_resource(manifest(self)),
            IDENTITY: lambda: json_resource(identity(self, self._opened_at)),
            gene_names_path(): self._read_gene_names,
            other_gene_names_path(): self._read_other_gene_names,
        }
        if self._additions.cell_names is not None:
            for block in range(-(-self.n_cells // NAMES_A_BLOCK)):
                makers[cell_names_path(block)] = partial(self._read_cell_names, block)
        for key in self._embeddings.shown:
            makers[embedding_path(key)] = partial(self._read_embedding, key)
        for key, field in self._fields.items():
            if field.categories is None:
                makers[values_path(key)] = partial(self._read_values, key)
                continue
            makers[codes_path(key, len(field.categories))] = partial(self._read_codes, field)
            if len(field.categories) > INLINE_CATEGORIES:
                makers[categories_path(key)] = partial(_read_categories, field)
        for vectors in self._embeddings.vectors:
            makers[vectors_path(vectors.key, vectors.embedding)] = partial(self._read_vectors, vectors)
        if self._export.edges is not None:
            makers[edges_path("sources")] = lambda: array_resource(self._arrays.edges()[0])
            makers[edges_path("destinations")] = lambda: array_resource(self._arrays.edges()[1])
        return makers

    # ---- resources ----

    def _cached(self, path: str, make: Callable[[], Resource]) -> Resource:
        def checked() -> Resource:
            self._files.check_unchanged()
            made = make()
            self._files.check_unchanged()
            return made

        return self._cache.get(path, checked)

    def _read_embedding(self, key: str) -> Resource:
        return array_resource(self._embeddings.coordinates(key))

    def _read_values(self, key: str) -> Resource:
        stored = self._export.fields[key]
        assert isinstance(stored, StoredValues)
        return array_resource(self._arrays.values(stored))

    def _read_codes(self, field: Field) -> Resource:
        return array_resource(encode_codes(self._arrays.codes(field.key), len(field.categories or ())))

    def _read_gene(self, name: str) -> Resource:
        return array_resource(self._gene_values(name))

    def _read_gene_names(self) -> Resource:
        with self._pandas_lock:
            return json_resource(gene_listing(self._genes))

    def _read_other_gene_names(self) -> Resource:
        others = self.other_gene_names()
        with self._pandas_lock:
            return json_resource(other_names_listing(self._genes, others))

    def _read_cell_names(self, block: int) -> Resource:
        names = self.cell_names
        assert names is not None
        return json_resource({"names": list(names[block * NAMES_A_BLOCK : (block + 1) * NAMES_A_BLOCK])})

    def _read_vectors(self, stored: StoredVectors) -> Resource:
        return array_resource(self._embeddings.arrows(stored))

    # ---- behind them ----

    def _gene_values(self, name: str) -> NDArray[np.float32]:
        stored = self._export.genes.get(name)
        if stored is None:
            with self._pandas_lock:  # which says why, where it is not there or there several times
                position = gene_position(name, self._genes, self._listings)
            stored = self._export.genes.get(self._genes[position])
        if stored is None:
            raise UnknownField(f"the gene {name!r} cannot be read")
        return self._arrays.values(stored)


def _read_categories(field: Field) -> Resource:
    return json_resource(category_listing(field))
