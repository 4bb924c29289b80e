"""Filters: which cells are in sight by the values of a field."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_KEYS = {"categorical": ("hide", "enabled", "keep_missing"), "continuous": ("min", "max", "enabled", "keep_missing")}
_SHOWN = 10


class FilterError(ValueError):
    """This is not a filter, or not one for this kind of field."""


def normal_filter(entry: object, categories: Sequence[str] | None) -> dict[str, Any]:
    """A filter as it is kept: plain JSON values, only what was given.

    Args:
        entry: ``{"hide": [categories]}`` for a categorical field, ``{"min": number, "max": number}`` (either, both ends
            included) for a continuous one; with ``"enabled": False`` it does nothing for now, and ``"keep_missing"``
            says whether cells without a value stay: unless said, they do under ``hide`` and go under a range.
        categories: The field's categories, or None where it is continuous.

    Raises:
        FilterError: It names the key, category or number that does not fit.
    """
    if not isinstance(entry, Mapping):
        raise FilterError(f"a filter is a dict such as {_example(categories)}, got {entry!r}")
    kind = "continuous" if categories is None else "categorical"
    kept: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in _KEYS[kind]:
            raise FilterError(f"a filter on a {kind} field has no {key!r}; it takes {', '.join(_KEYS[kind])}")
        if value is None:
            continue
        if key == "hide":
            kept[key] = _known(value, categories or ())
        elif key in ("min", "max"):
            kept[key] = _finite(key, value)
        elif isinstance(value, bool | np.bool_):
            kept[key] = bool(value)
        else:
            raise FilterError(f"{key} is True or False, got {value!r}")
    if kept.get("min", -np.inf) > kept.get("max", np.inf):
        raise FilterError(f"min {kept['min']:g} lies above max {kept['max']:g}, so that no cell would pass")
    return kept


def passing(
    entry: Mapping[str, Any], values: NDArray[Any], categories: Sequence[str] | None
) -> NDArray[np.bool_] | None:
    """The cells that pass a filter, or None where all do.

    Args:
        entry: As `normal_filter` gives it.
        values: Codes with −1 for missing, or float32 with NaN for missing, ``(n_cells,)``.
        categories: The field's categories, or None where it is continuous.
    """
    if not entry.get("enabled", True):
        return None
    keep_missing = entry.get("keep_missing")
    if categories is not None:
        hidden = set(entry.get("hide", ()))
        if not hidden and keep_missing is not False:
            return None
        # The last element answers for missing, which is -1.
        shown = [*(name not in hidden for name in categories), keep_missing is not False]
        passes: NDArray[np.bool_] = np.array(shown, dtype=np.bool_)[values]
        return passes
    ranged = "min" in entry or "max" in entry
    if not ranged and keep_missing is not False:
        return None
    inside = np.ones(len(values), dtype=np.bool_)
    # Rounded as the values are: a cell at 0.05 passes a filter that ends at 0.05.
    with np.errstate(over="ignore", invalid="ignore"):
        if "min" in entry:
            inside &= values >= np.float32(entry["min"])
        if "max" in entry:
            inside &= values <= np.float32(entry["max"])
    inside[np.isnan(values)] = not ranged if keep_missing is None else keep_missing
    return inside


def _known(value: object, categories: Sequence[str]) -> list[str]:
    if isinstance(value, str) or not isinstance(
        value, list | tuple | set | frozenset | np.ndarray | pd.Index | pd.Series
    ):
        raise FilterError(f"hide is a list of categories, got {value!r}")
    wanted = list(dict.fromkeys(str(name) for name in value))
    unknown = [name for name in wanted if name not in set(categories)]
    if unknown:
        close = get_close_matches(unknown[0], categories, n=3, cutoff=0.5)
        guess = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        there = ", ".join(map(repr, categories[:_SHOWN])) + (", …" if len(categories) > _SHOWN else "")
        raise FilterError(f"no category {', '.join(map(repr, unknown[:3]))}.{guess} There are: {there}")
    return wanted


def _finite(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not np.isfinite(float(value)):
        raise FilterError(f"{key} is a finite number, got {value!r}")
    return float(value)


def _example(categories: Sequence[str] | None) -> str:
    return (
        '{"min": 0.5}' if categories is None else f'{{"hide": [{categories[0]!r}]}}' if categories else '{"hide": []}'
    )
