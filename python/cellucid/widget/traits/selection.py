"""The trait of the selected cells, which travels as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from traitlets.utils.bunch import Bunch

from cellucid.cells import Selection, SelectionError
from cellucid.channel.selection import EncodedCells
from cellucid.widget.traits.base import LockedTrait, bad

if TYPE_CHECKING:
    from cellucid.widget.widget import CellucidWidget


class SelectionTrait(LockedTrait[Selection, Any]):
    """Sorted unique row positions of cells. Not synced: selections travel as messages with revisions.

    What comes from a page is kept as it came until somebody reads it: a million positions are not made for nobody.
    """

    default_value = Selection.empty()

    def validate(self, obj: CellucidWidget, value: object) -> Selection:
        """Accept positions, a boolean mask, names, or a pandas query string."""
        try:
            return obj._cells.resolve(value)
        except SelectionError as error:
            raise bad(self, str(error)) from None

    def get(self, obj: CellucidWidget, cls: Any = None) -> Selection:  # type: ignore[override]
        """The selected cells."""
        selection: Selection = _readable(super().get(obj, cls))
        return selection

    def set(self, obj: CellucidWidget, value: Any) -> None:  # type: ignore[override]
        """Take the cells that a page has sent, or whatever means some cells."""
        with obj._lock:
            new = value if isinstance(value, EncodedCells) else self._validate(obj, value)
            old = obj._trait_values.get("selection", self.default_value)
            obj._trait_values["selection"] = new
            if isinstance(new, EncodedCells) or new != _readable(old):
                obj._notify_trait("selection", old, new)

    @staticmethod
    def encoded(widget: CellucidWidget) -> EncodedCells:
        """The selected cells as they travel."""
        value = widget._trait_values.get("selection", SelectionTrait.default_value)
        return value if isinstance(value, EncodedCells) else EncodedCells.of(np.asarray(value), widget.n_cells)

    @staticmethod
    def readable(change: Bunch) -> Bunch:
        """A change of the trait as observers get it."""
        return Bunch(change, old=_readable(change["old"]), new=_readable(change["new"]))


def _readable(value: Any) -> Any:
    return Selection.wrapping(value.positions) if isinstance(value, EncodedCells) else value
