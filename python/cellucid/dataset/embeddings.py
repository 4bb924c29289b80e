"""Which entries of ``obsm`` are pictures of the cells, and which one to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from scipy import sparse

from cellucid.dataset.base import Embedding
from cellucid.dataset.encode import float32_copy
from cellucid.dataset.errors import REMEDY, DatasetChanged, DatasetError, UnknownEmbedding, warn_user
from cellucid.dataset.paths import embedding_path
from cellucid.dataset.references import close_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

DIMENSIONS = (2, 3)
"""How many columns an entry may have to be shown."""

_COLUMNS = " or ".join(map(str, DIMENSIONS))

# What people want to see first; "" is every other key. The components of a PCA are rarely the picture.
_PREFERENCE = ("umap", "tsne", "draw_graph", "spatial", "", "pca")


def find_embeddings(obsm: Mapping[str, Any]) -> dict[str, Embedding]:
    """The embeddings that can be shown, by key, the one to begin with first.

    Raises:
        DatasetError: There is none: no entry has two or three numeric columns, or none of those places a cell.
    """
    flat = {key: value.shape[1] for key, value in obsm.items() if _is_flat(value)}
    if not flat:
        raise DatasetError(
            f"there is no embedding to show: obsm has {_listing(obsm)}, and this version shows entries with "
            f"{_COLUMNS} numeric columns. Compute one, for example with `sc.tl.umap(adata)`, or put "
            'coordinates of shape (n_cells, 2) into `adata.obsm["X_name"]`.'
        )
    # Where two are as good, the plane before the space: it shows all cells at once.
    order = sorted(flat, key=lambda key: (_rank(key, obsm), flat[key]))
    found = {key: describe(key, coordinates(obsm[key])) for key in order}
    empty = [key for key, embedding in found.items() if embedding.n_placed == 0]
    if len(empty) == len(found):
        raise DatasetError(
            f"no cell has finite coordinates in {_keys(empty)}: every row has a NaN or an infinite number, so there "
            "is nothing to draw. Compute the embedding again, for example with `sc.tl.umap(adata)`."
        )
    if empty:
        warn_user(f"left out of the embeddings, because no cell has finite coordinates there: {_keys(empty)}.")
    return {key: embedding for key, embedding in found.items() if embedding.n_placed}


def current_coordinates(embedding: Embedding, obsm: Mapping[str, Any]) -> NDArray[np.float32]:
    """The coordinates of an embedding, float32 ``(n_cells, d)``, if they still are those that were measured.

    Raises:
        DatasetChanged: The entry has gone, or its shape, extent or number of placed cells is another.
    """
    value = obsm.get(embedding.key)
    if _is_flat(value):
        points = coordinates(value)
        if describe(embedding.key, points) == embedding:
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
    close = close_matches(key, shown, limit=3)
    guess = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return UnknownEmbedding(f"there is no embedding {key!r}.{guess} There are: {_keys(shown)}.")


def coordinates(value: Any) -> NDArray[np.float32]:
    """An entry of ``obsm`` as float32 ``(n_cells, d)`` in C order: a copy, missing numbers NaN."""
    if sparse.issparse(value):
        value = cast("Any", value).toarray()
    if isinstance(value, pd.DataFrame):
        with np.errstate(over="ignore"):
            return float32_copy(value.to_numpy(dtype="float32", na_value=np.nan))
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype("float32"), np.nan)
    return float32_copy(value)


def describe(key: str, points: NDArray[np.float32]) -> Embedding:
    """Measures coordinates; the extent of an embedding that places no cell is 0 to 0."""
    placed = points[np.isfinite(points).all(axis=1)]
    low, high = (placed.min(axis=0), placed.max(axis=0)) if len(placed) else (np.zeros(points.shape[1]),) * 2
    return Embedding(
        key=key,
        dimensions=points.shape[1],
        path=embedding_path(key),
        min=tuple(float(x) for x in low),
        max=tuple(float(x) for x in high),
        n_placed=len(placed),
    )


def _is_flat(value: Any) -> bool:
    shape: tuple[int, ...] = getattr(value, "shape", ())
    if len(shape) != 2 or shape[1] not in DIMENSIONS:
        return False
    if isinstance(value, pd.DataFrame):
        return all(_is_real(dtype) for dtype in value.dtypes)
    is_array = isinstance(value, np.ndarray) or sparse.issparse(value)
    return is_array and _is_real(value.dtype)


def _reason(value: Any) -> str:
    """Why an entry of ``obsm`` is not among the embeddings."""
    shape: tuple[int, ...] = getattr(value, "shape", ())
    if len(shape) != 2:
        return f"it has shape {shape}, and this version shows entries of shape (n_cells, {_COLUMNS})"
    if shape[1] not in DIMENSIONS:
        columns = "1 column" if shape[1] == 1 else f"{shape[1]} columns"
        return f"it has {columns}, and this version shows embeddings with {_COLUMNS}"
    if not _is_flat(value):
        return "its values are not real numbers"
    if not np.isfinite(coordinates(value)).all(axis=1).any():
        return "no cell has finite coordinates there"
    return f"it has come or changed since the data were opened; {REMEDY}"


def _is_real(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "iuf"


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


def _listing(obsm: Mapping[str, Any]) -> str:
    return ", ".join(f"{key!r} {tuple(getattr(value, 'shape', ()))}" for key, value in obsm.items()) or "no entries"


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(map(repr, keys))
