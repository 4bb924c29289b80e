"""Which cells: positions, masks, names and queries into a selection; filters; what is marked."""

from __future__ import annotations

from cellucid.cells.errors import SelectionError
from cellucid.cells.filters import FilterError, normal_filter, passing
from cellucid.cells.lookup import CellLookup
from cellucid.cells.marks import Marks, moved_cells
from cellucid.cells.selection import Selection

__all__ = [
    "CellLookup",
    "FilterError",
    "Marks",
    "Selection",
    "SelectionError",
    "moved_cells",
    "normal_filter",
    "passing",
]
