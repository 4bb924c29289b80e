"""Floats as 8 or 16 bit codes between their smallest and largest value, as Cellucid's exports keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Bits = Literal[8, 16]

_DTYPES: dict[int, type[np.unsignedinteger[Any]]] = {8: np.uint8, 16: np.uint16}
# Beyond these, differences or steps leave float32's range and the arithmetic is done in float64.
_WIDE, _NARROW = 1e38, 1e-30


def quantize(values: NDArray[np.float32], bits: Bits) -> tuple[NDArray[np.unsignedinteger[Any]], float, float]:
    """Codes of the values, and the range that they divide into equal steps.

    The largest code is the marker of values that are not finite. A value is rounded to the nearest step, so that it is
    off by half a step at most (Cellucid's own writer truncates; both read the same way). Where no value is finite the
    range is 0 to 1; where all are equal it is one wide, as no reader should have to divide by zero.

    Args:
        values: float32 of any shape.
        bits: 8 or 16.

    Returns:
        The codes, uint8 or uint16 of the same shape, and the values of the lowest code and of the highest.
    """
    dtype = _DTYPES[bits]
    missing = np.iinfo(dtype).max
    steps = int(missing) - 1
    low, high = _extent(values)
    if not np.isfinite(high - low):
        finite = np.isfinite(values)
        if not finite.any():
            return np.full(values.shape, missing, dtype), 0.0, 1.0
        low, high = _extent(values[finite])
    else:
        finite = None
    if low == high:
        high = low + 1.0
        if high == low:  # a large number, to which 1 adds nothing
            high = float(np.nextafter(low, np.inf))
    span = high - low
    scaled = values.astype(np.float64) if span > _WIDE or span < _NARROW else values
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = scaled - scaled.dtype.type(low)
        scaled *= steps / span
        np.rint(scaled, out=scaled)
        if finite is not None:
            scaled[~finite] = missing
        return scaled.astype(dtype), low, high


def dequantize(codes: NDArray[np.unsignedinteger[Any]], low: float, high: float) -> NDArray[np.float32]:
    """The values that codes stand for, float32 with NaN for the marker.

    Args:
        codes: uint8 or uint16 of any shape.
        low: The value of code 0.
        high: The value of the highest code.
    """
    steps = int(np.iinfo(codes.dtype).max) - 1
    # One value for each code: 65,536 at most, looked up as often as needed.
    with np.errstate(over="ignore", invalid="ignore"):
        values = (low + np.arange(steps + 2) * ((high - low) / steps)).astype(np.float32)
    values[steps] = high
    values[steps + 1] = np.nan
    decoded: NDArray[np.float32] = values[codes]
    return decoded


def _extent(values: NDArray[np.float32]) -> tuple[float, float]:
    """Smallest and largest value, NaN and infinities included."""
    if not values.size:
        return np.nan, np.nan
    return float(values.min()), float(values.max())
