"""What a value in a message from a browser may be: checks that return it, or raise `BadMessage`.

A check takes a value, whatever it may be, and what to call it in the error.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

_MAX_SAFE_INTEGER = 2**53 - 1  # what a JavaScript number holds exactly
_MAX_CUSTOM_DEPTH = 32

Check = Callable[[object, str], Any]


class BadMessage(ValueError):
    """A message that is not in the table, or has a field that does not fit."""


class _Brief(reprlib.Repr):
    """Writes a value in a line, whatever it is."""

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write numbers of more than 4,300 digits.
        return super().repr_int(x, level) if x.bit_length() <= 1024 else f"a number of {x.bit_length()} bits"


_brief = _Brief()
_brief.maxlevel = 2


def misfit(name: str, expected: str, value: object) -> BadMessage:
    """Says what was expected and what came."""
    return BadMessage(f"{name}: expected {expected}, got {_brief.repr(value)}")


def _mended(text: str) -> str:
    """The text with ? for halves of characters, at which JavaScript may cut one: Jupyter cannot send those on."""
    return text.encode(errors="replace").decode()


def integer(low: int = 0, high: int = _MAX_SAFE_INTEGER) -> Check:
    """A whole number in a range, its ends included; true and false are none."""

    def check(value: object, name: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise misfit(name, f"a whole number from {low} to {high}", value)
        return value

    return check


def matching(pattern: str, expected: str) -> Check:
    """Text that a regular expression matches as a whole; `expected` says so in words."""
    compiled = re.compile(pattern, re.DOTALL)

    def check(value: object, name: str) -> str:
        if not isinstance(value, str) or compiled.fullmatch(value) is None:
            raise misfit(name, expected, value)
        return _mended(value)

    return check


def flag(value: object, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise misfit(name, "true or false", value)
    return value


def json_object(value: object, name: str) -> Mapping[str, object]:
    """An object, whatever is in it."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise misfit(name, "an object", value)
    return value


def any_json(value: object, name: str, depth: int = 0) -> object:
    """Any JSON value of moderate depth with finite numbers."""
    if depth > _MAX_CUSTOM_DEPTH:
        raise BadMessage(f"{name}: nested deeper than {_MAX_CUSTOM_DEPTH}")
    if isinstance(value, dict):
        return {_mended(str(key)): any_json(item, name, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [any_json(item, name, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise misfit(name, "finite numbers", value)
    if isinstance(value, str):
        return _mended(value)
    if value is None or isinstance(value, (int, float)):
        return value
    raise misfit(name, "a JSON value", value)


def optional(check: Check) -> Check:
    """What another check takes, or nothing: null, or a field that is not there."""
    return lambda value, name: None if value is None else check(value, name)


def check_fields(table: Mapping[str, Check], value: object, name: str) -> dict[str, Any]:
    """The fields of an object that are in a table, each checked; others are left out."""
    given = json_object(value, name)
    return {key: check(given.get(key), f"{name}.{key}") for key, check in table.items()}
