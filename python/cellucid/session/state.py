"""The state of a widget as JSON: the traits of the view, the selection and the marks."""

from __future__ import annotations

import base64
import binascii
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cellucid.cells import Selection

FORMAT = "cellucid-state-1"

VIEW_TRAITS = (
    "embedding",
    "dimension",
    "layer",
    "color_by",
    "colormap",
    "color_limits",
    "point_size",
    "opacity",
    "filters",
    "camera",
    "tool",
    "height",
    "theme",
)
"""What a view is made of, in an order in which each can be set: what depends on another comes after it."""


def pack_cells(cells: Selection, n_cells: int) -> str:
    """Cells as text: one bit a cell, compressed, in base64."""
    bits = np.packbits(cells.mask(n_cells), bitorder="little")
    return base64.b64encode(zlib.compress(bits.tobytes(), 9)).decode("ascii")


def unpack_cells(text: object, n_cells: int) -> Selection:
    """The cells that `pack_cells` made text of.

    Raises:
        ValueError: It is not such a text, or one of another number of cells.
    """
    n_bytes = (n_cells + 7) // 8
    try:
        packed = base64.b64decode(str(text).encode("ascii"), validate=True)
        inflate = zlib.decompressobj()
        data = inflate.decompress(packed, n_bytes + 1)  # untrusted: never more than it may have
    except (UnicodeEncodeError, binascii.Error, zlib.error) as error:
        raise ValueError(f"a set of cells cannot be read: {error}") from None
    if len(data) != n_bytes:
        raise ValueError(f"a set of cells is not one of {n_cells:,} cells")
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    if bits[n_cells:].any():
        raise ValueError(f"a set of cells has cells behind the last of {n_cells:,}")
    return Selection.from_mask(bits[:n_cells].astype(np.bool_))


def read_state(given: object) -> Mapping[str, Any]:
    """A state from a dict, or from a JSON file by its path.

    Raises:
        TypeError: It is neither.
        ValueError: The file holds no JSON, or it is not a state of ours; the message says what it is.
        OSError: The file cannot be read.
    """
    if isinstance(given, str | os.PathLike):
        name = Path(given).name
        try:
            given = json.loads(Path(given).read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{name!r} is not a state: it holds no JSON ({error})") from None
    if not isinstance(given, Mapping):
        raise TypeError(f"a state is what `to_state()` gives, or the path of a JSON file; got {type(given).__name__}")
    if given.get("format") != FORMAT:
        raise ValueError(f"this is not a state of a widget: its format is {given.get('format')!r}, expected {FORMAT!r}")
    for part in ("dataset", "view", "cells"):
        if not isinstance(given.get(part), Mapping):
            raise ValueError(f"this state has no {part!r}, or it is not a dict")
    return given
