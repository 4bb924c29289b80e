"""A widget that Python drives: what is selected, pointed out, hidden, and looked at."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from cellucid.cells import CellLookup, Marks, Selection, SelectionError
from cellucid.channel.plain import plain
from cellucid.dataset import Dataset
from cellucid.dataset.colors import to_hex
from cellucid.widget.displayed import DisplayedWidget


class DrivenWidget(DisplayedWidget):
    """Adds what a person does in the viewer as methods."""

    selection: Any
    selection_mask: Any
    camera: Any
    color_by: Any
    embedding: Any
    dimension: Any
    _dataset: Dataset
    _cells: CellLookup
    _marks: Marks

    @abstractmethod
    def _count_visible(self) -> None:
        """Set ``n_visible``."""

    def select(self, what: object) -> Selection:
        """Select cells.

        Args:
            what: row positions, a boolean mask ``(n_cells,)``, cell names, a pandas query on obs such as
                ``"louvain == '3' and percent_mito < 0.05"``, or None for no cells.

        Returns:
            The new selection.

        Raises:
            traitlets.TraitError: naming the positions, names or columns that are not there.
        """
        self.selection = what
        selection: Selection = self.selection
        return selection

    def clear_selection(self) -> None:
        """Select no cells."""
        self.selection = None

    def invert_selection(self) -> Selection:
        """Select every cell that is not selected now, also those out of sight; returns the new selection."""
        with self._lock:
            return self.select(~self.selection_mask)

    def highlight_cells(self, cells: object, color: str = "#ff0000") -> None:
        """Point cells out by a ring, in addition to those pointed out already.

        Args:
            cells: as :meth:`select` takes them.
            color: ``#rrggbb``, or a name that matplotlib knows.

        Raises:
            ValueError: for cells that are not there, or what is not a colour.
        """
        self._require_open()
        hexadecimal = to_hex(color)
        if hexadecimal is None:
            raise ValueError(f"color: {color!r} is not a colour; expected something like '#ff0000' or 'red'")
        with self._lock:
            self._marks.highlight(self._cells.resolve(cells), hexadecimal)
            self._talk.publisher.marks_changed()

    def clear_highlights(self) -> None:
        """Point out no cells."""
        self._require_open()
        with self._lock:
            self._marks.clear_highlights()
            self._talk.publisher.marks_changed()

    def set_visibility(self, cells: object = None, visible: bool = True) -> None:
        """Take cells out of sight, or bring back what was taken out so; filters stay as they are.

        Args:
            cells: as :meth:`select` takes them; None is all cells.
            visible: False takes them out of sight.

        Raises:
            ValueError: for cells that are not there.
        """
        self._require_open()
        with self._lock:
            self._marks.set_visibility(None if cells is None else self._cells.resolve(cells), bool(visible))
            self._talk.publisher.marks_changed()
            self._count_visible()

    def set_color_by(self, field: str | None) -> None:
        """Colour the cells by an obs column or a gene: ``widget.color_by = field``."""
        self._require_open()
        self.color_by = field

    def reset_view(self) -> None:
        """Show all cells, in every view of the widget."""
        self._require_open()
        with self._lock:
            self.camera = None
            self._talk.publisher.command("reset_view", {})

    def zoom_to(self, cells: object) -> None:
        """Move the camera to cells, in every view of the widget; as soon as there is one.

        Args:
            cells: as :meth:`select` takes them.

        Raises:
            ValueError: for cells that are not there, for none, or for cells without a place in the embedding.
        """
        self._require_open()
        positions = np.asarray(self._cells.resolve(cells))
        places = self._dataset.coordinates(self.embedding)[positions]
        places = places[np.isfinite(places).all(axis=1)].astype(np.float64)
        if not len(places):
            what = "no cells" if not len(positions) else f"cells without a place in {self.embedding!r}"
            raise SelectionError(f"cannot zoom to {what}")
        places = places[:, : self.dimension]
        if self.dimension == 1:  # the cells lie in a band round 0
            places = np.column_stack([places, np.zeros(len(places))])
        box = {"min": places.min(axis=0).tolist(), "max": places.max(axis=0).tolist()}
        self._talk.publisher.command("zoom_to", {"embedding": self.embedding, "dimension": self.dimension, **box})

    def send_message(self, message: Mapping[str, Any]) -> None:
        """Send a message to the viewer, as Cellucid's own viewer takes it.

        ``{"type": "highlight", "cells": [...], "color": ...}``, ``clearHighlights``, ``setColorBy`` (``field``),
        ``setVisibility`` (``cells``, ``visible``) and ``resetCamera`` do what the methods do. Any other message becomes
        an event ``cellucid-message`` on the widget's element in the page, for scripts of your own.

        Raises:
            TypeError, ValueError: for what has no form in JSON; it says where.
        """
        self._require_open()
        if not isinstance(message, Mapping):
            raise TypeError(f"a message is a dict, got {type(message).__name__}")
        match message:
            case {"type": "highlight", "cells": cells}:
                self.highlight_cells(cells, message.get("color", "#ff0000"))
            case {"type": "clearHighlights"}:
                self.clear_highlights()
            case {"type": "setColorBy", "field": field}:
                self.set_color_by(field)
            case {"type": "setVisibility"}:
                self.set_visibility(message.get("cells"), message.get("visible", True))
            case {"type": "resetCamera"}:
                self.reset_view()
            case _:
                self._talk.publisher.command("message", {"message": plain(message)})

    def _take_marks(self, marks: Marks) -> None:
        with self._lock:
            self._marks = marks
            self._talk.publisher.marks_changed()
            self._count_visible()
