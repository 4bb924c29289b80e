"""Selections on the wire: a bitmap or ascending positions, whichever is smaller.

A bitmap holds cell ``i`` in bit ``i % 8`` of byte ``i // 8``; positions are little-endian ``uint32``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.uint32]


def encode(positions: Positions, n_cells: int) -> tuple[str, memoryview]:
    """Encode ascending unique row positions.

    Args:
        positions: ``uint32 (k,)``, each below ``n_cells``.
        n_cells: cells of the dataset.

    Returns:
        The encoding's name, ``"bitmap"`` or ``"positions"``, and the bytes.
    """
    if 4 * len(positions) <= (n_cells + 7) // 8:
        return "positions", np.ascontiguousarray(positions, dtype="<u4").data.cast("B")
    mask = np.zeros(n_cells, dtype=bool)
    mask[positions] = True
    return "bitmap", np.packbits(mask, bitorder="little").data


def decode(encoding: str, data: memoryview, count: int, n_cells: int) -> Positions:
    """Decode what a page sent, trusting none of it.

    Returns:
        ``uint32 (count,)``, ascending and unique, each below ``n_cells``.

    Raises:
        ValueError: wrong length, a position that is no cell, positions out of order, or another count than announced.
    """
    if encoding == "bitmap":
        if data.nbytes != (n_cells + 7) // 8:
            raise ValueError(f"a bitmap of {n_cells} cells has {(n_cells + 7) // 8} bytes, got {data.nbytes}")
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
        if bits[n_cells:].any():
            raise ValueError(f"the bitmap marks cells behind the last of {n_cells}")
        positions = np.flatnonzero(bits).astype(np.uint32)
    else:
        if data.nbytes % 4:
            raise ValueError(f"positions have 4 bytes each, got {data.nbytes} bytes")
        positions = np.frombuffer(data, dtype="<u4").astype(np.uint32)
        if len(positions) and (positions[-1] >= n_cells or np.any(positions[1:] <= positions[:-1])):
            raise ValueError(f"positions must ascend and lie below {n_cells}")
    if len(positions) != count:
        raise ValueError(f"{count} cells announced, {len(positions)} sent")
    return positions
