"""Keys to path segments and values to bytes: pure functions, and the only place that knows the byte formats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np

from cellucid.dataset.resource import Resource

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

ARRAY_MEDIA_TYPE = "application/octet-stream"
JSON_MEDIA_TYPE = "application/json"

_CODE_TYPES = (np.uint8, np.uint16, np.uint32)
_SHORT_NAMES = {"uint8": "u8", "uint16": "u16", "uint32": "u32"}


def quote_key(key: str) -> str:
    """A key as one segment of a path: percent-encoded, so that no two keys share a path."""
    # Lone surrogates have no UTF-8 form; passing them through keeps one odd key from spoiling the whole listing.
    return quote(key, safe="", errors="surrogatepass")


def unquote_key(segment: str) -> str:
    """The key that `quote_key` made a segment of."""
    return unquote(segment, errors="surrogatepass")


def codes_dtype(n_categories: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds the codes and, as its largest value, the marker of missing ones.

    uint8 to 254 categories and uint16 to 65,534 (one value is left unused, as in Cellucid's own exports), else uint32.
    """
    for dtype in _CODE_TYPES:
        if n_categories < np.iinfo(dtype).max:
            return np.dtype(dtype)
    raise ValueError(f"{n_categories:,} categories: their codes do not fit into 32 bits")


def short_name(dtype: np.dtype[Any]) -> str:
    """A code type's name in a path: ``u8``, ``u16`` or ``u32``."""
    return _SHORT_NAMES[dtype.name]


def missing_code(n_categories: int) -> int:
    """The code of cells without a value: the largest one of `codes_dtype`."""
    return int(np.iinfo(codes_dtype(n_categories)).max)


def encode_codes(codes: NDArray[np.integer[Any]], n_categories: int) -> NDArray[Any]:
    """Pandas' codes, -1 for missing, in the type and with the marker that the viewer expects."""
    encoded = codes.astype(codes_dtype(n_categories))
    encoded[codes < 0] = missing_code(n_categories)
    return encoded


def float32_copy(values: ArrayLike) -> NDArray[np.float32]:
    """The values as float32 in C order, always a copy; numbers beyond its range become infinite."""
    with np.errstate(over="ignore"):
        return np.array(values, dtype="<f4", order="C", copy=True)


def array_resource(array: NDArray[Any]) -> Resource:
    """The resource of an array that nobody else will write to."""
    stored = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    # memoryview refuses to cast shapes with a zero.
    data = stored.data.cast("B") if stored.size else memoryview(b"")
    return Resource(data.toreadonly(), stored.dtype.name, stored.shape, ARRAY_MEDIA_TYPE)


def json_resource(content: object) -> Resource:
    """The resource of a JSON document.

    Raises:
        ValueError: A number is not finite; browsers refuse the tokens that Python would write.
    """
    data = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    return Resource(memoryview(data), None, (len(data),), JSON_MEDIA_TYPE)
