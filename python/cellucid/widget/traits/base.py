"""What all trait types of the widget share: the lock, the wording of refusals, numbers and choices."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import traitlets

if TYPE_CHECKING:
    from cellucid.widget.widget import CellucidWidget

_Get = TypeVar("_Get")
_Set = TypeVar("_Set")


def bad(trait: traitlets.TraitType[Any, Any], reason: str) -> traitlets.TraitError:
    """The refusal of a value, by the trait's name."""
    return traitlets.TraitError(f"CellucidWidget.{trait.name}: {reason}")


def shown(value: object) -> str:
    """What stands for a value in a sentence: its repr, where Python writes one."""
    try:
        return repr(value)
    except ValueError:  # of numbers with more than 4,300 digits
        return f"a {type(value).__name__} that is too long to write"


def unknown(what: str, value: object, known: Sequence[str]) -> str:
    """A sentence for a name that is not known: what may have been meant, and all there are."""
    close = get_close_matches(value if isinstance(value, str) else shown(value), known, n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return f"no {what} {shown(value)}.{guess} There are: {', '.join(map(repr, known))}."


def is_number(value: object) -> bool:
    """Whether this is a finite real number, numpy's included; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        return float("-inf") < float(value) < float("inf")
    except OverflowError:
        return False


class LockedTrait(traitlets.TraitType[_Get, _Set]):
    """A trait whose value and notification change together, whichever thread sets it."""

    def set(self, obj: traitlets.HasTraits, value: _Set) -> None:
        """Set the value under the widgets' lock."""
        widget: CellucidWidget = obj  # type: ignore[assignment]
        with widget._lock:
            super().set(obj, value)


class RangedFloat(LockedTrait[float, float]):
    """A finite number between two bounds; None where that is allowed."""

    def __init__(self, default: float | None, low: float, high: float, *, help: str | None = None) -> None:
        super().__init__(default, allow_none=default is None, help=help)
        self.low, self.high = low, high

    def validate(self, obj: CellucidWidget, value: object) -> float:
        """Accept numbers, numpy's included."""
        if not is_number(value) or not self.low <= float(value) <= self.high:  # type: ignore[arg-type]
            none = ", or None" if self.allow_none else ""
            raise bad(self, f"expected a number from {self.low:g} to {self.high:g}{none}, got {shown(value)}.")
        return float(value)  # type: ignore[arg-type]


class RangedInt(LockedTrait[int, int]):
    """A whole number between two bounds."""

    def __init__(self, default: int, low: int, high: int, *, help: str | None = None) -> None:
        super().__init__(default, help=help)
        self.low, self.high = low, high

    def validate(self, obj: CellucidWidget, value: object) -> int:
        """Accept whole numbers, numpy's included."""
        if (
            isinstance(value, bool)
            or not isinstance(value, numbers.Integral)
            or not self.low <= int(value) <= self.high
        ):
            raise bad(self, f"expected a whole number from {self.low} to {self.high}, got {shown(value)}.")
        return int(value)


class Choice(LockedTrait[str, str]):
    """One of a few names; the first is where it starts."""

    def __init__(self, names: Sequence[str], what: str, *, help: str | None = None) -> None:
        super().__init__(names[0], help=help)
        self.names, self.what = tuple(names), what

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept a name of the list."""
        if not isinstance(value, str) or value not in self.names:
            raise bad(self, unknown(self.what, value, self.names))
        return value
