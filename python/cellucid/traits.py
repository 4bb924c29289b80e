"""The widget's trait types: what each accepts, and what it says when it does not."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import traitlets

from cellucid.cells import Selection, SelectionError
from cellucid.dataset import DatasetError

if TYPE_CHECKING:
    from cellucid.widget import CellucidWidget


_Get = TypeVar("_Get")
_Set = TypeVar("_Set")


def _bad(trait: traitlets.TraitType[Any, Any], reason: str) -> traitlets.TraitError:
    return traitlets.TraitError(f"CellucidWidget.{trait.name}: {reason}")


def _unknown(what: str, value: object, known: Sequence[str]) -> str:
    close = get_close_matches(str(value), known, n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return f"no {what} {value!r}.{guess} There are: {', '.join(map(repr, known))}."


class LockedTrait(traitlets.TraitType[_Get, _Set]):
    """A trait whose value and notification change together, whichever thread sets it."""

    def set(self, obj: traitlets.HasTraits, value: _Set) -> None:
        """Set the value under the widgets' lock."""
        widget: CellucidWidget = obj  # type: ignore[assignment]
        with widget._lock:
            super().set(obj, value)


class EmbeddingTrait(LockedTrait[str, str]):
    """The key of an embedding that the dataset has."""

    default_value = ""

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept one of the dataset's embeddings."""
        if not isinstance(value, str):
            raise _bad(self, _unknown("embedding", value, obj._dataset.embeddings))
        try:
            obj._dataset.embedding(value)
        except DatasetError as error:
            raise _bad(self, str(error)) from None
        return value


class FieldTrait(LockedTrait[str | None, str | None]):
    """An obs column or a gene, or None."""

    allow_none = True
    default_value = None

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept what the dataset resolves to a field."""
        if not isinstance(value, str):
            raise _bad(self, f"expected the name of an obs column or gene, or None, got {value!r}.")
        try:
            obj._dataset.resolve_field(value, obj.layer)
        except DatasetError as error:
            raise _bad(self, str(error)) from None
        return value


class LayerTrait(LockedTrait[str | None, str | None]):
    """The matrix that genes come from; None = scanpy's rule."""

    allow_none = True
    default_value = None

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept ``"X"``, ``"raw"`` or the name of a layer, where the dataset has it."""
        known = obj._dataset.layers
        if not isinstance(value, str) or value not in known:
            raise _bad(self, _unknown("layer", value, known))
        if obj.color_by is not None:
            try:
                obj._dataset.resolve_field(obj.color_by, value)
            except DatasetError as error:
                raise _bad(self, f"{error} Set color_by to something that {value!r} has first.") from None
        return value


class RangedFloat(LockedTrait[float, float]):
    """A finite number between two bounds."""

    def __init__(self, default: float, low: float, high: float) -> None:
        super().__init__(default)
        self.low, self.high = low, high

    def validate(self, obj: CellucidWidget, value: object) -> float:
        """Accept numbers, numpy's included."""
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not self.low <= float(value) <= self.high:
            raise _bad(self, f"expected a number from {self.low:g} to {self.high:g}, got {value!r}.")
        return float(value)


class RangedInt(LockedTrait[int, int]):
    """A whole number between two bounds."""

    def __init__(self, default: int, low: int, high: int) -> None:
        super().__init__(default)
        self.low, self.high = low, high

    def validate(self, obj: CellucidWidget, value: object) -> int:
        """Accept whole numbers, numpy's included."""
        if (
            isinstance(value, bool)
            or not isinstance(value, numbers.Integral)
            or not self.low <= int(value) <= self.high
        ):
            raise _bad(self, f"expected a whole number from {self.low} to {self.high}, got {value!r}.")
        return int(value)


class SelectionTrait(LockedTrait[Selection, Any]):
    """Sorted unique row positions of cells. Not synced: selections travel as messages with revisions."""

    default_value = Selection.empty()

    def validate(self, obj: CellucidWidget, value: object) -> Selection:
        """Accept positions, a boolean mask, names, or a pandas query string."""
        try:
            return obj._cells.resolve(value)
        except SelectionError as error:
            raise _bad(self, str(error)) from None
