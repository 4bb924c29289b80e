"""Traits that say how the cells look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.widget.traits.base import LockedTrait, bad, is_number, shown, unknown

if TYPE_CHECKING:
    from cellucid.widget.widget import CellucidWidget

COLORMAPS = (
    "viridis",
    "magma",
    "inferno",
    "plasma",
    "cividis",
    "turbo",
    "Greys",
    "Blues",
    "Reds",
    "YlOrRd",
    "RdBu",
    "coolwarm",
)
"""matplotlib's names; each also reversed, with ``_r``. The same as in ``js/src/state/colormaps.ts``."""

_PERCENTILE = re.compile(r"p([0-9]{1,3}(?:\.[0-9]+)?)")

Limit = float | str | None


class ColormapTrait(LockedTrait[str, str]):
    """The name of a colormap for numbers."""

    default_value = COLORMAPS[0]

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept a name of the list, also with ``_r`` for its reverse; case does not matter."""
        if isinstance(value, str):
            name, reverse = (value[:-2], "_r") if value.endswith("_r") else (value, "")
            for known in COLORMAPS:
                if known.casefold() == name.casefold():
                    return known + reverse
        raise bad(self, unknown("colormap", value, COLORMAPS) + " Each also reversed, as 'viridis_r'.")


class ColorLimitsTrait(LockedTrait[tuple[Limit, Limit] | None, Any]):
    """The two ends of the colour bar: numbers, percentiles such as ``"p99"``, or None for the data's own."""

    allow_none = True
    default_value = None

    def validate(self, obj: CellucidWidget, value: object) -> tuple[Limit, Limit] | None:
        """Accept two ends; both None is None."""
        if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or len(value) != 2:
            raise bad(self, f"expected (low, high) or None, got {shown(value)}.")
        low, high = self._limit(value[0]), self._limit(value[1])
        if low is None and high is None:
            return None
        if isinstance(low, float) and isinstance(high, float) and low >= high:
            raise bad(self, f"the lower limit must lie below the upper one, got {(low, high)}.")
        if isinstance(low, str) and isinstance(high, str) and float(low[1:]) >= float(high[1:]):
            raise bad(self, f"the lower percentile must lie below the upper one, got {(low, high)}.")
        return low, high

    def _limit(self, value: object) -> Limit:
        if value is None:
            return None
        if is_number(value):
            return float(value)  # type: ignore[arg-type]
        if isinstance(value, str) and (match := _PERCENTILE.fullmatch(value)) and float(match[1]) <= 100:
            return str(value)
        raise bad(self, f"a limit is a number, a percentile from 'p0' to 'p100', or None; got {shown(value)}.")
