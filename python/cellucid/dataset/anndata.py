"""An AnnData as a dataset, wherever its parts are. It is only read: never changed and never copied as a whole."""

# What each member does is said once, in `Dataset`.
# ruff: noqa: D102

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import numpy as np
import pandas as pd

from cellucid.dataset.base import Dataset, Embedding, Field, FieldRef, FieldValues, values_of
from cellucid.dataset.cache import ResourceCache
from cellucid.dataset.embeddings import current_coordinates, find_components, find_embeddings
from cellucid.dataset.encode import array_resource, encode_codes, json_resource
from cellucid.dataset.errors import DatasetError, UnknownEmbedding, UnknownResource, warn_user
from cellucid.dataset.gene_names import GenesByLayer
from cellucid.dataset.growing import GrowingResource
from cellucid.dataset.identity import dataset_id, tag_of
from cellucid.dataset.manifest import (
    INLINE_CATEGORIES,
    category_listing,
    embedding_entry,
    identity,
    manifest,
)
from cellucid.dataset.object_source import ObjectSource
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
    other_gene_names_path,
    parse_embedding_entry_path,
    parse_embedding_path,
    parse_gene_names_path,
    parse_gene_path,
    parse_other_gene_names_path,
    values_path,
)
from cellucid.dataset.queries import query_positions
from cellucid.dataset.references import no_obs_column
from cellucid.dataset.resource import Resource
from cellucid.dataset.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from anndata import AnnData
    from numpy.typing import NDArray

    from cellucid.dataset.genes import GeneSource
    from cellucid.dataset.growing import Blocks

CACHE_BYTES = 256 * 1024 * 1024


class AnnDataDataset(Dataset):
    """The dataset of an AnnData, an object or a file.

    What `read` returns is a snapshot from the first time it was read: later changes to the AnnData do not show. The
    cells, the obs fields, the embeddings and the genes are those of the opening; what is read for the first time after
    one of these has changed is refused with `DatasetChanged`.

    Args:
        data: An AnnData, in memory or backed by its file, views included; or where one is.
        name: What to call the dataset; by default the name of its file, else ``"AnnData"``.
        gene_symbols: The column of ``var`` whose names genes are shown by; None for ``var_names``.

    Raises:
        DatasetError: There are no cells, or no embedding that can be shown, or it is a view of data that have changed.
    """

    def __init__(self, data: AnnData | Source, *, name: str | None = None, gene_symbols: str | None = None) -> None:
        source = data if isinstance(data, Source) else ObjectSource(data)
        super().__init__(source.lock)
        self._source: Source | None = source
        self._name = _name_of(source) if name is None else name
        self._gene_symbols = gene_symbols
        self._genes = GenesByLayer(source, gene_symbols)
        with self.lock, source.reading():
            self._look_at(source)

    def _look_at(self, source: Source) -> None:
        self._n_cells = source.n_cells
        self._default_layer = source.default_layer
        self._created_at = datetime.now(UTC)
        self._cache = ResourceCache(CACHE_BYTES)
        fingerprint, has_unique_names = source.cell_fingerprint()
        self._id = dataset_id(fingerprint, source.n_vars)
        self._embeddings = find_embeddings(source.obsm)
        self._chosen: dict[str, Embedding] = {}
        self._fields = dict(source.fields)
        self._makers = self._list_makers()
        self._genes.check_symbols()
        self._warn_of_what_will_surprise(source, has_unique_names)

    @property
    def id(self) -> str:
        return self._id

    @property
    def name(self) -> str:
        return self._name

    @property
    def storage(self) -> str:
        return self._open().storage

    @property
    def n_cells(self) -> int:
        return self._n_cells

    @property
    def embeddings(self) -> list[str]:
        return list(self._embeddings)

    def embedding(self, key: str) -> Embedding:
        if (known := self._embeddings.get(key) or self._chosen.get(key)) is not None:
            return known
        with self._unchanged() as source, source.reading("the embeddings"):
            found = find_components(key, self._embeddings, source.obsm)
        # Under the key as it was written and under the plain one, which says where its coordinates are.
        self._chosen[key] = self._chosen[found.key] = found
        return found

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(self._fields.values())

    def obs(self, key: str) -> pd.Series[Any]:
        if key not in self._fields:
            raise no_obs_column(key, self._fields, self._open().left_out)
        # A file is read for the names only here, where a person has asked for a column with them.
        return self._series(key).set_axis(self._open().cell_names)

    def field_values(self, ref: FieldRef, layer: str | None = None) -> FieldValues:
        if ref.kind == "obs" and ref.key in self._fields:
            return values_of(self._series(ref.key))
        return super().field_values(ref, layer)

    @property
    def genes(self) -> pd.Index[Any]:
        self._open()
        return self._genes.of(None).shown

    @property
    def n_genes(self) -> int:
        return self._open().n_genes(self._default_layer)

    def other_gene_names(self, layer: str | None = None) -> Mapping[str, pd.Index[Any]]:
        layer = self._default_layer if layer is None else layer
        if layer is None:
            return {}
        with self.lock:
            self._open().check_genes(layer)
            return dict(self._genes.of(layer))

    def gene(self, name: str, layer: str | None = None) -> NDArray[np.float32]:
        return self._gene(gene_path(name, layer), name, layer).as_array()

    def gene_block(self, names: Sequence[str], layer: str | None = None) -> NDArray[np.float32]:
        layer = self._default_layer if layer is None else layer
        with self._unchanged() as source:
            layer = source.resolve_layer(layer)
            source.check_genes(layer)
            positions = self._genes.positions(names, layer)
            with source.reading("the genes"):
                matrix = source.matrix(layer)
                if not source.is_on_disk(layer):
                    return matrix.columns(positions)
        with source.reading("the genes"):
            block = matrix.columns(positions)
        with self._unchanged():
            return block

    def aligned(self, slot: Literal["obsm", "obsp"]) -> Mapping[str, Any]:
        return self._open().aligned(slot)

    @property
    def layers(self) -> list[str]:
        return self._open().layers

    @property
    def default_layer(self) -> str | None:
        return self._default_layer

    @property
    def cell_names(self) -> pd.Index[Any] | None:
        return self._open().cell_names

    @property
    def has_cell_names(self) -> bool:
        return True

    def read(self, path: str) -> Resource:
        self._open()
        if (make := self._makers.get(path)) is not None:
            return self._cached(path, make)
        if (parsed := parse_gene_path(path)) is not None:
            try:
                return self._gene(path, *parsed)
            except KeyError as error:
                raise UnknownResource(f"there is no resource {path!r}: {error}") from error
        if (layer := parse_gene_names_path(path)) is not None:
            make = partial(self._read_gene_names, layer)
        elif (layer := parse_other_gene_names_path(path)) is not None:
            make = partial(self._read_other_gene_names, layer)
        elif (key := parse_embedding_path(path)) is not None and self._is_embedding(key):
            make = partial(self._read_embedding, key)
        elif (key := parse_embedding_entry_path(path)) is not None and self._is_embedding(key):
            make = partial(self._read_embedding_entry, key)
        else:
            raise UnknownResource(f"there is no resource {path!r}; `resources()` lists the paths")
        try:
            return self._cached(path, make)
        except KeyError as error:
            raise UnknownResource(f"there is no resource {path!r}: {error}") from error

    def find(self, path: str) -> Resource | None:
        return self._cache.find(path)

    def resources(self) -> list[str]:
        self._open()
        return [*self._makers, *(gene_path(gene) for gene in self._genes.unambiguous())]

    def resolve_field(self, text: str, layer: str | None = None) -> FieldRef:
        self._open()
        return self._genes.resolve_field(text, self._fields, layer)

    def query(self, expr: str) -> NDArray[np.uint32]:
        with self._unchanged() as source:
            table = source.table(expr)
        return query_positions(table, expr, list(self._fields))

    def subset(self, positions: NDArray[np.integer[Any]]) -> AnnData:
        with self._unchanged() as source, source.reading("the AnnData"):
            return source.subset(np.asarray(positions, dtype=np.intp))

    def clear_cache(self) -> None:
        self._cache.clear()

    def reopen(self) -> AnnDataDataset:
        with self.lock:
            source = self._open().reopen()
            try:
                return AnnDataDataset(source, name=self._name, gene_symbols=self._gene_symbols)
            except BaseException:
                source.close()
                raise

    def close(self) -> None:
        with self.lock:  # nobody is reading then
            source, self._source = self._source, None
            if source is not None:
                source.close()
        self.clear_cache()

    def _open(self) -> Source:
        if self._source is None:
            raise DatasetError(f"the dataset {self._name!r} is closed; open it again with `open_dataset(...)`")
        return self._source

    @contextmanager
    def _unchanged(self) -> Iterator[Source]:
        """The source, while its rows are the cells of the opening.

        Raises:
            DatasetChanged: They are others now, or came to be so while something was read on this thread.
        """
        with self.lock:
            source = self._open()
            source.check_cells()
            try:
                yield source
            finally:
                source.check_cells()

    def _cached(self, path: str, make: Callable[[], Resource]) -> Resource:
        # The lock first: who holds it may ask for what another thread has begun to make and needs the lock for.
        if (kept := self._cache.find(path)) is not None:
            return kept
        with self.lock:
            return self._cache.get(path, make)

    def _series(self, key: str) -> pd.Series[Any]:
        with self._unchanged() as source:
            return source.series(key)

    def _is_embedding(self, key: str) -> bool:
        try:
            return self.embedding(key).key == key
        except UnknownEmbedding:
            return False

    def _list_makers(self) -> dict[str, Callable[[], Resource]]:
        """How to make each resource but the genes, by path."""
        makers: dict[str, Callable[[], Resource]] = {
            MANIFEST: self._read_manifest,
            IDENTITY: self._read_identity,
            gene_names_path(): partial(self._read_gene_names, None),
            other_gene_names_path(): partial(self._read_other_gene_names, None),
        }
        for block in range(-(-self._n_cells // NAMES_A_BLOCK)):
            makers[cell_names_path(block)] = partial(self._read_cell_names, block)
        for key in self._embeddings:
            makers[embedding_path(key)] = partial(self._read_embedding, key)
        for key, field in self._fields.items():
            if field.n_categories is None:
                makers[values_path(key)] = partial(self._read_values, key)
                continue
            makers[codes_path(key, field.n_categories)] = partial(self._read_codes, field)
            if field.n_categories > INLINE_CATEGORIES:
                makers[categories_path(key)] = partial(self._read_categories, field)
        return makers

    def _read_manifest(self) -> Resource:
        return json_resource(manifest(self))

    def _read_identity(self) -> Resource:
        return json_resource(identity(self, self._created_at))

    def _read_gene_names(self, layer: str | None) -> Resource:
        layer = self._default_layer if layer is None else layer
        if layer is not None:
            self._open().check_genes(layer)
        return json_resource(self._genes.listing(layer))

    def _read_other_gene_names(self, layer: str | None) -> Resource:
        others = self.other_gene_names(layer)
        return json_resource(self._genes.other_listing(layer, others))

    def _read_cell_names(self, block: int) -> Resource:
        names = self._open().cell_names[block * NAMES_A_BLOCK : (block + 1) * NAMES_A_BLOCK]
        return json_resource({"names": [str(name) for name in names]})

    def _read_embedding(self, key: str) -> Resource:
        with self._unchanged() as source, source.reading(f"the embedding {key!r}"):
            return array_resource(current_coordinates(self.embedding(key), source.obsm))

    def _read_embedding_entry(self, key: str) -> Resource:
        return json_resource(embedding_entry(self.embedding(key)))

    def _read_values(self, key: str) -> Resource:
        return array_resource(self._series(key).to_numpy())

    def _read_categories(self, field: Field) -> Resource:
        return json_resource(category_listing(field))

    def _read_codes(self, field: Field) -> Resource:
        codes = self._series(field.key).cat.codes.to_numpy()
        return array_resource(encode_codes(codes, field.n_categories or 0))

    def _gene(self, path: str, name: str, layer: str | None) -> Resource:
        source = self._open()
        wanted = self._default_layer if layer is None else layer
        if wanted is None or wanted not in source.layers or not source.is_on_disk(wanted):
            return self._cached(path, partial(self._read_gene, name, layer))
        kept = self._cache.find(path)
        return self._cache.keep(path, self._growing_gene(path, name, wanted)) if kept is None else kept

    def _read_gene(self, name: str, layer: str | None) -> Resource:
        with self._unchanged() as source:
            layer, position = self._place_of(name, layer)
            with source.reading(f"the gene {name!r}"):
                return array_resource(source.matrix(layer).column(position))

    def _growing_gene(self, path: str, name: str, layer: str) -> Resource:
        with self._unchanged() as source:
            layer, position = self._place_of(name, layer)
            with source.reading(f"the gene {name!r}"):
                matrix = source.matrix(layer)
        # A transfer of which a part has arrived goes on with a gene that is made anew: its tag has to be the same.
        whose = uuid4().hex if source.file_tag is None else source.file_tag
        etag = tag_of(whose, self._id, layer, position, path)
        return GrowingResource(self._n_cells, etag, partial(self._gene_blocks, path, name, matrix, position))

    def _gene_blocks(self, path: str, name: str, matrix: GeneSource, position: int) -> Blocks:
        """The values of a gene on disk, of which each block is sure to be of the data of the opening.

        A pass over a file can take long; the lock is its own to take, so that others read meanwhile.
        """
        try:
            with self._open().reading(f"the gene {name!r}"):
                for block in matrix.blocks(position):
                    with self.lock:
                        self._open().check_cells()
                    yield block
        except Exception:
            self._cache.drop(path)
            raise

    def _place_of(self, name: str, layer: str | None) -> tuple[str, int]:
        """The matrix and the number of the column that a gene is."""
        source = self._open()
        layer = self._default_layer if layer is None else layer
        if layer is None:  # at the opening there was no matrix
            layer = source.resolve_layer(None)
        source.check_genes(layer)
        return layer, self._genes.positions([name], layer)[0]

    def _warn_of_what_will_surprise(self, source: Source, has_unique_cell_names: bool) -> None:
        if source.left_out:
            reasons = "; ".join(f"{label!r}: {reason}" for label, reason in source.left_out.items())
            warn_user(f"left out of the obs fields: {reasons}.")
        if not has_unique_cell_names:
            _warn_of_repeated(
                source.cell_names, "cell", "selecting by name will refuse them; see `adata.obs_names_make_unique()`"
            )
        if not (genes := self.genes).is_unique:
            _warn_of_repeated(genes, "gene", "they cannot be shown; see `adata.var_names_make_unique()`")


def _name_of(source: Source) -> str:
    """What to call data: their file's name without its endings."""
    if source.path is None:
        return "AnnData"
    name = source.path.name
    for ending in (".zip", ".h5ad", ".h5", ".hdf5", ".zarr"):
        name = name[: -len(ending)] if name.lower().endswith(ending) and len(name) > len(ending) else name
    return name


def _warn_of_repeated(names: pd.Index[Any], what: str, cure: str) -> None:
    twice = names[names.duplicated()].unique()
    examples = ", ".join(map(repr, twice[:2]))
    warn_user(f"{len(twice):,} {what} names are not unique, for example {examples}: {cure}.")
