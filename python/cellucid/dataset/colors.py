"""The colours of categories: those that scanpy keeps in ``uns``, else those that it would give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.errors import warn_user
from cellucid.dataset.palettes import R_COLORS, default_palette

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)


def category_colors(key: str, n_categories: int, uns: Mapping[str, Any]) -> tuple[str, ...]:
    """One ``#rrggbb`` for each category of a column, as ``sc.pl`` would draw it.

    Colours beyond the categories are ignored. Where there are fewer, or one cannot be read, a warning says so and the
    default palette is used for all.

    Args:
        key: The column's name; its colours are ``uns[f"{key}_colors"]``.
        n_categories: How many categories there are, unused ones included.
        uns: ``adata.uns``.
    """
    kept = uns.get(f"{key}_colors")
    if kept is None:
        return default_palette(n_categories)
    if not (isinstance(kept, list | tuple) or (isinstance(kept, np.ndarray) and kept.ndim > 0)):
        problem = f"is a {type(kept).__name__}, not a list of colours"
    elif len(kept) < n_categories:
        problem = f"has {len(kept)} colours for {n_categories} categories"
    else:
        colors = [to_hex(color) for color in kept[:n_categories]]
        readable = tuple(color for color in colors if color is not None)
        if len(readable) == n_categories:
            return readable
        problem = f"has {kept[colors.index(None)]!r}, which is not a colour"
    warn_user(f"adata.uns[{key + '_colors'!r}] {problem}; scanpy's default colours are shown instead.")
    return default_palette(n_categories)


def to_hex(color: Any) -> str | None:
    """A colour as ``#rrggbb`` in lower case without its opacity, or None where it is not one.

    Args:
        color: Hexadecimal, or anything matplotlib takes (where matplotlib is installed), or a name from R.
    """
    if isinstance(color, str) and _HEX.fullmatch(color):
        digits = color[1:].lower()
        if len(digits) < 6:
            digits = "".join(digit * 2 for digit in digits)
        return f"#{digits[:6]}"
    try:
        from matplotlib import colors as matplotlib_colors
    except ImportError:
        named = None
    else:
        named = matplotlib_colors.to_hex(color) if matplotlib_colors.is_color_like(color) else None
    return named or (R_COLORS.get(color) if isinstance(color, str) else None)
