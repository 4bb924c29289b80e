"""What pages are told about single cells: JSON, and the cells themselves in buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cellucid.channel.selection import EncodedCells

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cellucid.channel.host import Marks


def selection_payload(cells: EncodedCells, revision: int) -> tuple[Mapping[str, Any], memoryview]:
    """A selection with its revision, and its buffer."""
    said, data = _split(cells)
    return {"revision": revision, "n_cells": cells.n_cells, **said}, data


def marks_payload(marks: Marks, revision: int, n_cells: int) -> tuple[Mapping[str, Any], list[memoryview]]:
    """The hidden cells and the highlights with their revision, and a buffer for each, the hidden cells' first."""
    hidden, *groups = (
        _split(EncodedCells.of(cells, n_cells)) for cells in (marks.hidden, *(cells for _, cells in marks.highlights))
    )
    highlights = [{"color": color, **said} for (color, _), (said, _) in zip(marks.highlights, groups, strict=True)]
    payload = {"revision": revision, "n_cells": n_cells, "hidden": hidden[0], "highlights": highlights}
    return payload, [data for _, data in (hidden, *groups)]


def _split(cells: EncodedCells) -> tuple[dict[str, Any], memoryview]:
    return {"encoding": cells.encoding, "count": cells.count}, memoryview(cells.data)
