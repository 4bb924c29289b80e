"""Which entries of ``obsm`` are pictures of the cells, which of their columns, and which one to begin with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import numpy as np
import pandas as pd
from natsort import natsorted
from scipy import sparse

from cellucid.dataset.base import Embedding
from cellucid.dataset.encode import float32_copy
from cellucid.dataset.errors import REMEDY, DatasetChanged, DatasetError, UnknownEmbedding, warn_user
from cellucid.dataset.paths import embedding_path
from cellucid.dataset.references import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

MOST_COLUMNS = 3
"""How many columns of an entry are shown at a time."""

ROWS_A_STEP = 1 << 15
"""Cells whose coordinates are measured at a time."""

# What people want to see first; "" is every other key. The components of a PCA are rarely the picture.
_PREFERENCE = ("umap", "tsne", "draw_graph", "spatial", "", "pca")

_WITH_COMPONENTS = re.compile(r"(?P<key>.+?)\s*:\s*(?P<components>\d+(?:\s*,\s*\d+)*)")


@runtime_checkable
class StoredEntry(Protocol):
    """An entry of ``obsm`` that is read from a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Cells and columns."""

    @property
    def n_cells(self) -> int:
        """Of the dataset: a file may lie."""

    @property
    def is_real(self) -> bool:
        """Whether all columns are real numbers."""

    def read(self, rows: slice, columns: Sequence[int]) -> NDArray[np.float32]:
        """Some cells and columns as float32 ``(rows, columns)`` in C order, missing numbers NaN."""


def find_embeddings(obsm: Mapping[str, Any]) -> dict[str, Embedding]:
    """The embeddings that can be shown, by key, the one to begin with first.

    Raises:
        DatasetError: There is none: no entry has numeric columns, or none of those places a cell.
    """
    flat = {key: value.shape[1] for key, value in obsm.items() if _is_flat(value)}
    if not flat:
        raise DatasetError(
            f"there is no embedding to show: obsm has {_listing(obsm)}, and none of it is numbers of shape "
            "(n_cells, d). Compute one, for example with `sc.tl.umap(adata)`, or put coordinates of shape (n_cells, 2) "
            'into `adata.obsm["X_name"]`.'
        )
    # Where two are as good, the plane before the space: it shows all cells at once. Then what is more than a picture,
    # and last what is less. What then is alike goes by its name: files keep no other order.
    suits = {2: 0, 3: 1, 1: 3}
    order = sorted(natsorted(sorted(flat)), key=lambda key: (_rank(key, obsm), suits.get(flat[key], 2)))
    found = {key: measure(key, obsm[key]) for key in order}
    empty = [key for key, embedding in found.items() if embedding.n_placed == 0]
    if len(empty) == len(found):
        raise DatasetError(
            f"no cell has finite coordinates in {_keys(empty)}: every row has a NaN or an infinite number, so there "
            "is nothing to draw. Compute the embedding again, for example with `sc.tl.umap(adata)`."
        )
    if empty:
        warn_user(f"left out of the embeddings, because no cell has finite coordinates there: {_keys(empty)}.")
    return {key: embedding for key, embedding in found.items() if embedding.n_placed}


def find_components(key: str, shown: Iterable[str], obsm: Mapping[str, Any]) -> Embedding:
    """The embedding of a key that names columns, such as ``"X_pca:1,3"``.

    Args:
        key: The key that was asked for; none of those shown.
        shown: Keys that can be shown as they are.
        obsm: ``adata.obsm``.

    Raises:
        UnknownEmbedding: There is no such entry, it has no such columns, or it cannot be shown; the message says why.
    """
    entry, components = _split(key, obsm)
    if components is None or entry not in shown:
        raise unknown_embedding(entry if entry in obsm else key, shown, obsm)
    n_columns = obsm[entry].shape[1]
    wrong = [number for number in components if not 1 <= number <= n_columns]
    if wrong or len(components) > MOST_COLUMNS or len(set(components)) < len(components):
        raise UnknownEmbedding(
            f"the components in {key!r} cannot be shown: "
            + (f"{entry!r} has {_columns(n_columns)}, counted from 1; there is no {wrong[0]}" if wrong else "")
            + ("" if wrong else f"expected 1 to {MOST_COLUMNS} different ones, as in '{entry}:1,2'")
        )
    found = measure(f"{entry}:{','.join(map(str, components))}", obsm[entry], [number - 1 for number in components])
    if not found.n_placed:
        raise UnknownEmbedding(f"the embedding {key!r} cannot be shown: no cell has finite coordinates there")
    return found


def current_coordinates(embedding: Embedding, obsm: Mapping[str, Any]) -> NDArray[np.float32]:
    """The coordinates of an embedding, float32 ``(n_cells, d)``, if they still are those that were measured.

    Raises:
        DatasetChanged: The entry has gone, or its shape, extent or number of placed cells is another.
    """
    entry, components = _split(embedding.key, obsm)
    value: Any = obsm.get(entry)
    if _is_flat(value):
        columns = None if components is None else [number - 1 for number in components]
        if columns is None or max(columns) < value.shape[1]:
            points = coordinates(value, columns)
            if _describe(embedding.key, [points], points.shape[1], embedding.y_down) == embedding:
                return points
    raise DatasetChanged(
        f"embedding {embedding.key!r} has changed since the data were opened; {REMEDY}. "
        + ("It is no longer there." if value is None else "Its coordinates are others.")
    )


def unknown_embedding(key: str, shown: Iterable[str], obsm: Mapping[str, Any]) -> UnknownEmbedding:
    """The error for a key that is not among those shown: why it cannot be, or what may have been meant.

    Args:
        key: The key that was asked for.
        shown: Keys that can be shown.
        obsm: ``adata.obsm``.
    """
    shown = tuple(shown)
    if key in obsm:
        return UnknownEmbedding(
            f"the embedding {key!r} cannot be shown: {_reason(obsm[key])}; expected one of {_keys(shown)}"
        )
    return UnknownEmbedding(f"there is no embedding {key!r}.{did_you_mean(key, shown)} There are: {_keys(shown)}.")


def coordinates(value: Any, columns: Sequence[int] | None = None) -> NDArray[np.float32]:
    """Columns of an entry of ``obsm`` as float32 ``(n_cells, d)`` in C order: a copy, missing numbers NaN.

    Args:
        value: The entry.
        columns: Which columns, counted from 0; by default all, or the first three of more.
    """
    chosen = list(range(min(value.shape[1], MOST_COLUMNS))) if columns is None else list(columns)
    points = np.empty((value.shape[0], len(chosen)), dtype="<f4")
    for rows, block in _blocks(value, chosen):
        points[rows] = block
    return points


def measure(key: str, value: Any, columns: Sequence[int] | None = None) -> Embedding:
    """Measures an entry of ``obsm`` some rows at a time; the extent of one that places no cell is 0 to 0."""
    chosen = list(range(min(value.shape[1], MOST_COLUMNS))) if columns is None else list(columns)
    y_down = _is_image(key) and chosen[1:2] == [1]
    return _describe(key, (block for _, block in _blocks(value, chosen)), len(chosen), y_down)


def _describe(key: str, blocks: Iterable[NDArray[np.float32]], dimensions: int, y_down: bool) -> Embedding:
    low, high, n_placed = np.full(dimensions, np.inf), np.full(dimensions, -np.inf), 0
    for block in blocks:
        placed = block[np.isfinite(block).all(axis=1)]
        if len(placed):
            low, high = np.minimum(low, placed.min(axis=0)), np.maximum(high, placed.max(axis=0))
            n_placed += len(placed)
    if not n_placed:
        low = high = np.zeros(dimensions)
    return Embedding(
        key=key,
        dimensions=dimensions,
        path=embedding_path(key),
        min=tuple(float(x) for x in low),
        max=tuple(float(x) for x in high),
        n_placed=n_placed,
        y_down=y_down,
    )


def _blocks(value: Any, columns: list[int]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Rows of some columns, one step after the other: a file need not fit into memory."""
    if sparse.issparse(value):
        matrix = cast("Any", value)
        if matrix.format != "csr":  # of which rows cannot be taken
            value, columns = matrix.tocsc()[:, columns].tocsr(), list(range(len(columns)))
    for start in range(0, value.shape[0], ROWS_A_STEP):
        rows = slice(start, min(start + ROWS_A_STEP, value.shape[0]))
        yield rows, _read(value, rows, columns)


def _read(value: Any, rows: slice, columns: list[int]) -> NDArray[np.float32]:
    if isinstance(value, StoredEntry):
        return value.read(rows, columns)
    if sparse.issparse(value):
        return float32_copy(cast("Any", value)[rows][:, columns].toarray())
    if isinstance(value, pd.DataFrame):
        with np.errstate(over="ignore"):
            return float32_copy(value.iloc[rows, columns].to_numpy(dtype="float32", na_value=np.nan))
    part = value[rows][:, columns]
    if isinstance(part, np.ma.MaskedArray):
        part = np.ma.filled(part.astype("float32"), np.nan)
    return float32_copy(part)


def _split(key: str, obsm: Mapping[str, Any]) -> tuple[str, list[int] | None]:
    """A key and the components that it names, if it does: an entry of exactly this name names none."""
    if key not in obsm and (match := _WITH_COMPONENTS.fullmatch(key.strip())):
        return match["key"], [int(number) for number in match["components"].split(",")]
    return key, None


def _is_flat(value: Any) -> bool:
    shape: tuple[int, ...] = getattr(value, "shape", ())
    if len(shape) != 2 or shape[1] == 0:
        return False
    if isinstance(value, StoredEntry):
        return value.is_real
    if isinstance(value, pd.DataFrame):
        return all(_is_real(dtype) for dtype in value.dtypes)
    is_array = isinstance(value, np.ndarray) or sparse.issparse(value)
    return is_array and _is_real(value.dtype)


def _reason(value: Any) -> str:
    """Why an entry of ``obsm`` is not among the embeddings."""
    shape: tuple[int, ...] = getattr(value, "shape", ())
    if len(shape) != 2 or shape[1] == 0:
        return f"it has shape {shape}, and an embedding has (n_cells, d) with at least one column"
    if isinstance(value, StoredEntry) and value.shape[0] != value.n_cells:
        return f"it has shape {shape} for {value.n_cells:,} cells"
    if not _is_flat(value):
        return "its values are not real numbers"
    if not measure("", value).n_placed:
        return "no cell has finite coordinates there"
    return f"it has come or changed since the data were opened; {REMEDY}"


def _is_real(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "iuf"


def _is_image(key: str) -> bool:
    """Whether the coordinates are pixels: squidpy, scanpy and spaceranger count rows from the top."""
    name = key.partition(":")[0].lower().removeprefix("x_")
    return name == "spatial" or name.startswith("spatial_")


def _rank(key: str, keys: Iterable[str]) -> int:
    if _is_vector_field(key, keys):
        return len(_PREFERENCE)
    name = key.lower()
    return next(
        (rank for rank, part in enumerate(_PREFERENCE) if part and part in name),
        _PREFERENCE.index(""),
    )


def _is_vector_field(key: str, keys: Iterable[str]) -> bool:
    """Whether an entry holds arrows over another one, as scVelo writes them: ``velocity_umap`` over ``X_umap``."""
    return not key.startswith("X_") and any(
        other.startswith("X_") and key.endswith(other.removeprefix("X")) for other in keys
    )


def _columns(n: int) -> str:
    return "1 column" if n == 1 else f"{n} columns"


def _listing(obsm: Mapping[str, Any]) -> str:
    return ", ".join(f"{key!r} {tuple(getattr(value, 'shape', ()))}" for key, value in obsm.items()) or "no entries"


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(map(repr, keys))
