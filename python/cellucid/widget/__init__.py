"""The widget: its traits, and which room answers for each."""

from __future__ import annotations

from cellucid.widget.widget import CellucidWidget

__all__ = ["CellucidWidget"]
