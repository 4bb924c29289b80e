"""What Python says about single cells: which are hidden, and which are pointed out in a colour."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from cellucid.cells.errors import SelectionError
from cellucid.cells.selection import Selection

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HIGHLIGHTS = 200
"""Colours at a time; the viewer keeps one byte a cell."""

_HEX = re.compile(r"#[0-9a-f]{6}")


class Marks:
    """The hidden cells and the highlighted ones of a dataset of ``n_cells`` cells."""

    def __init__(self, n_cells: int) -> None:
        self.n_cells = n_cells
        self.hidden = Selection.empty()
        """Cells taken out of sight one by one, whatever the filters say."""
        self.highlights: tuple[tuple[str, Selection], ...] = ()
        """``#rrggbb`` and cells; a cell is in one of them, later ones were set later."""

    def highlight(self, cells: Selection, color: str) -> None:
        """Point cells out in a colour. Those that had another change theirs.

        Raises:
            SelectionError: There would be more than 200 colours.
            ValueError: The colour is not ``#rrggbb`` in lower case.
        """
        if not _HEX.fullmatch(color):
            raise ValueError(f"a highlight's colour is #rrggbb, got {color!r}")
        same = [group for own, group in self.highlights if own == color]
        rest = [(own, _without(group, cells)) for own, group in self.highlights if own != color]
        groups = [(own, group) for own, group in rest if len(group)]
        merged = Selection.from_positions(np.concatenate([*map(np.asarray, same), np.asarray(cells)]))
        if len(merged):
            groups.append((color, merged))
        if len(groups) > MAX_HIGHLIGHTS:
            raise SelectionError(f"more than {MAX_HIGHLIGHTS} highlight colours; call `clear_highlights()` first")
        self.highlights = tuple(groups)

    def clear_highlights(self) -> None:
        """Point out no cells."""
        self.highlights = ()

    def set_visibility(self, cells: Selection | None, visible: bool) -> None:
        """Take cells out of sight or bring them back; None is all cells."""
        mask = self.hidden.mask(self.n_cells)
        mask[slice(None) if cells is None else np.asarray(cells)] = not visible
        self.hidden = Selection.from_mask(mask)

    def moved(self, positions: NDArray[np.intp], n_cells: int) -> Marks:
        """The marks of the same cells in another order.

        Args:
            positions: Where each cell is now, ``(n_cells,)``, −1 for one that has gone.
            n_cells: Number of cells there.
        """
        moved = Marks(n_cells)
        moved.hidden = moved_cells(self.hidden, positions)
        groups = ((color, moved_cells(cells, positions)) for color, cells in self.highlights)
        moved.highlights = tuple((color, cells) for color, cells in groups if len(cells))
        return moved


def moved_cells(cells: Selection, positions: NDArray[np.intp]) -> Selection:
    """The same cells in another order; those at −1 have gone."""
    there = positions[np.asarray(cells)]
    return Selection.from_positions(there[there >= 0])


def _without(cells: Selection, others: Selection) -> Selection:
    return Selection.from_sorted(np.setdiff1d(cells, others, assume_unique=True).astype(np.uint32))
