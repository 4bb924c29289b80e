"""Which cells: positions, masks, names and queries into a selection."""

from __future__ import annotations

from cellucid.cells.errors import SelectionError
from cellucid.cells.lookup import CellLookup
from cellucid.cells.selection import Selection

__all__ = ["CellLookup", "Selection", "SelectionError"]
