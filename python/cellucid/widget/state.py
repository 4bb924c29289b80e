"""The widget's state as a JSON-able dict, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from cellucid.cells import Marks, SelectionError
from cellucid.dataset.errors import warn_user
from cellucid.session import FORMAT, VIEW_TRAITS, pack_cells, read_state, unpack_cells

if TYPE_CHECKING:
    from cellucid.widget.widget import CellucidWidget


def capture(widget: CellucidWidget) -> dict[str, Any]:
    """The view, the selection and the marks of a widget."""
    with widget._lock:
        n_cells = widget.n_cells
        marks = widget._marks
        view = {name: getattr(widget, name) for name in VIEW_TRAITS}
        return {
            "format": FORMAT,
            "dataset": {
                "id": widget._dataset.id,
                "name": widget._dataset.name,
                "n_cells": n_cells,
                "listed_as": widget.dataset,
            },
            "view": {name: list(value) if isinstance(value, tuple) else value for name, value in view.items()},
            "cells": {
                "selection": pack_cells(widget.selection, n_cells),
                "hidden": pack_cells(marks.hidden, n_cells),
                "highlights": [
                    {"color": color, "cells": pack_cells(cells, n_cells)} for color, cells in marks.highlights
                ],
            },
        }


def restore(widget: CellucidWidget, given: object) -> None:
    """Bring back what a state holds, its dataset first where that is of the same folder.

    What does not fit these data is left as it is, with one warning that says what.

    Raises:
        TypeError, ValueError: ``given`` is not a state at all; nothing has changed then.
    """
    state = read_state(given)
    problems: list[str] = []
    listed = state["dataset"].get("listed_as", state["dataset"].get("id"))
    if listed in [one.id for one in widget._dataset.datasets]:
        try:
            widget.dataset = listed
        except traitlets.TraitError as error:
            problems.append(str(error))
    with widget._lock, widget.hold_sync():
        _restore_view(widget, state["view"], problems)
        if state["dataset"].get("id") == widget._dataset.id:
            _restore_cells(widget, state["cells"], problems)
        else:
            problems.append("selection and marks are of other cells, or of these in another order")
    if problems:
        warn_user(
            "not everything of the state fits these data: " + " ".join(f"({n}) {p}" for n, p in enumerate(problems, 1))
        )


def _restore_view(widget: CellucidWidget, view: Mapping[str, Any], problems: list[str]) -> None:
    # A layer is refused while something is shown that it does not have.
    if "color_by" in view:
        widget.color_by = None
    if "filters" in view:
        widget.filters = {}
    elsewhere = False  # its embedding is not here: where it was looked at from means nothing
    for name in VIEW_TRAITS:
        if name in view and not (elsewhere and name in ("dimension", "camera")):
            try:
                setattr(widget, name, view[name])
            except traitlets.TraitError as error:
                problems.append(str(error))
                elsewhere |= name == "embedding"


def _restore_cells(widget: CellucidWidget, cells: Mapping[str, Any], problems: list[str]) -> None:
    n_cells = widget.n_cells
    try:
        marks = Marks(n_cells)
        if "hidden" in cells:
            marks.hidden = unpack_cells(cells["hidden"], n_cells)
        for group in cells.get("highlights", ()):
            marks.highlight(unpack_cells(group["cells"], n_cells), group["color"])
        selection = unpack_cells(cells["selection"], n_cells) if "selection" in cells else None
    except (ValueError, TypeError, KeyError, SelectionError) as error:
        problems.append(f"selection and marks cannot be read: {type(error).__name__}: {error}")
        return
    widget._take_marks(marks)
    if selection is not None:
        widget.selection = selection
