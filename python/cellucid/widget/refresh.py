"""Look again at data that have changed under the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from cellucid.cells import CellLookup, moved_cells
from cellucid.dataset import Dataset, DatasetError
from cellucid.dataset.errors import warn_user
from cellucid.widget.traits.camera import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.widget.widget import CellucidWidget


def refresh(widget: CellucidWidget) -> None:
    """Open the widget's data anew and show them: what still exists stays as it was set.

    Raises:
        DatasetError: The data can no longer be shown; the widget goes on with what it had.
    """
    before = widget._dataset
    fresh = before.reopen()
    moves = _moves(before, fresh)
    dropped: list[str] = []
    # Notified in the order of setting: the pages hear of the cells, then of the new version, then of the rest.
    with widget._lock, widget.hold_trait_notifications():
        if widget._dataset is not before:  # another one of its folder was shown meanwhile
            fresh.close()
            return
        showed_all = widget.camera == fitted(before.embedding(widget.embedding), widget.dimension)
        camera = None if showed_all else widget.camera
        widget._talk.data_changed()
        selection = moved_cells(widget.selection, moves)
        if len(selection) < len(widget.selection):
            dropped.append(f"{len(widget.selection) - len(selection):,} selected cells")
        widget._use(fresh, CellLookup(fresh.n_cells, lambda: fresh.cell_names, fresh.query))
        widget._marks = widget._marks.moved(moves, fresh.n_cells)
        keep_what_is_there(widget, camera, dropped)
        widget.set_trait("_version", widget._version + 1)
        widget.selection = selection
        widget.set_trait("hovered", None)
        widget._count_visible()
    widget._talk.publisher.publish_selection()  # the same positions are others among fewer or more cells
    before.clear_cache()
    if dropped:
        warn_user(f"no longer in the data, and taken out of the view: {'; '.join(dropped)}.")


def keep_what_is_there(widget: CellucidWidget, camera: dict[str, Any] | None, dropped: list[str]) -> None:
    """Set anew what names something of the data, and take back what these data do not have.

    Args:
        widget: It uses the data already.
        camera: Where the embedding is to be looked at from, if it is there; None for all cells.
        dropped: Gets a name for each thing that was taken back.
    """
    embedding, dimension = widget.embedding, widget.dimension
    # A layer and a field are each refused while the other does not fit.
    layer, color_by, filters = widget.layer, widget.color_by, widget.filters
    widget.color_by, widget.filters, widget.layer = None, {}, None
    for name, value in (("layer", layer), ("color_by", color_by)):
        _try(widget, name, value, dropped)
    for field, entry in filters.items():
        _try(widget, "filters", {**widget.filters, field: entry}, dropped, f"the filter on {field!r}")
    if not _has_embedding(widget._dataset, embedding):
        dropped.append(f"embedding {embedding!r}")
        widget.embedding = widget.embeddings[0]
        return
    try:
        widget.dimension, widget.camera = dimension, camera
    except traitlets.TraitError:  # it has fewer columns now
        widget.dimension, widget.camera = widget._dataset.embedding(embedding).dimensions, None


def _has_embedding(dataset: Dataset, key: str) -> bool:
    try:
        dataset.embedding(key)
    except DatasetError:
        return False
    return True


def _try(widget: CellucidWidget, name: str, value: object, dropped: list[str], called: str | None = None) -> None:
    try:
        setattr(widget, name, value)
    except traitlets.TraitError:
        dropped.append(called or f"{name} {value!r}")


def _moves(before: Dataset, after: Dataset) -> NDArray[np.intp]:
    """Where each cell is afterwards, −1 for one that has gone: by name, or by position without names."""
    old, new = before.cell_names, after.cell_names
    if old is None or new is None or not new.is_unique:
        same = before.n_cells == after.n_cells and (old is None or new is None or old.equals(new))
        return np.arange(before.n_cells) if same else np.full(before.n_cells, -1, dtype=np.intp)
    return np.asarray(new.get_indexer(old), dtype=np.intp)
