"""Turns what scientists have in their hands into JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 32


def plain(value: object, where: str = "message", depth: int = 0) -> Any:
    """A value as JSON has it: numpy's and pandas' arrays become lists, their scalars numbers.

    Args:
        value: Dicts with str keys, lists, arrays, numbers, str, bool, None, nested at most 32 deep.
        where: What to call it in a message.
        depth: How deep it is nested already.

    Raises:
        TypeError: Something that JSON has no form for; it says where.
        ValueError: A number that is not finite, or deeper nesting.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"{where} is nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where} has the key {key!r}; JSON takes keys of type str")
        return {key: plain(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset | range):
        return [plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)]
    if not isinstance(value, str) and hasattr(value, "tolist"):  # numpy's scalars too; they may be str and float
        return plain(value.tolist(), where, depth + 1)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}; JSON takes finite numbers, or None")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{where} is of type {type(value).__name__}, which JSON has no form for")
