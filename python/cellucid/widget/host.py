"""The widget as the conversation sees it: what pages may read, take and tell."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cellucid.cells import Marks, passing
from cellucid.channel.messages import TraitsSet, TransportChosen
from cellucid.channel.rpc import Answer, RequestError, piece
from cellucid.channel.selection import EncodedCells
from cellucid.dataset import DatasetError
from cellucid.widget.shown import shown_paths
from cellucid.widget.traits import SelectionTrait

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.widget.widget import CellucidWidget

logger = logging.getLogger("cellucid.jupyter")

_MAX_ERRORS = 50
_MAX_TEXT = 4000  # characters of an error
_AXES = ("x", "y", "z")

MIRRORED = (
    "dataset",
    "embedding",
    "dimension",
    "camera",
    "layer",
    "color_by",
    "filters",
    "colormap",
    "color_limits",
    "point_size",
    "opacity",
    "tool",
    "height",
    "theme",
)
"""Traits that a person sets in the viewer, in an order in which values that depend on each other fit."""

TOLD = ("datasets", "embeddings", "n_cells", "n_visible", "errors", "_hover_wanted", "_version")
"""Traits that Python alone sets and that the viewer shows or acts upon; a page starts afresh at the last."""


class WidgetHost:
    """Stands between a widget and its :class:`~cellucid.channel.conversation.Conversation`, off the user's tab key."""

    def __init__(self, widget: CellucidWidget) -> None:
        self._widget = widget
        self._road: TransportChosen | None = None

    @property
    def n_cells(self) -> int:
        """Cells of the dataset."""
        return self._widget._dataset.n_cells

    def read_piece(self, path: str, offset: int, length: int) -> Answer:
        """One piece of a resource of the dataset."""
        try:
            return piece(self._widget._dataset.read(path), offset, length)
        except DatasetError as error:
            raise RequestError("dataset", str(error)) from error

    def shown(self, changed: AbstractSet[str]) -> tuple[int, Iterable[str]]:
        """The version of the data, and what a page reads to draw what has changed."""
        with self._widget._lock:
            return self._widget._version, list(shown_paths(self._widget, changed))

    def reads_by_http(self, since: float) -> bool:
        """Whether a page has read data by HTTP since a moment of the monotonic clock."""
        return self._widget._server.asked_since(since)

    def take_selection(self, cells: EncodedCells) -> None:
        """Make a selection from the viewer the widget's own; its positions are made when somebody reads them."""
        self._widget.selection = cells

    def current_selection(self) -> EncodedCells:
        """The widget's selection."""
        return SelectionTrait.encoded(self._widget)

    def current_marks(self) -> Marks:
        """The hidden cells and the highlights."""
        return self._widget._marks

    def names_of(self, cells: EncodedCells) -> Callable[[], pd.Index[str]]:
        """How to make the names of cells of the data shown now; their positions as text where those have no names."""
        dataset = self._widget._dataset

        def make() -> pd.Index[str]:
            names = dataset.cell_names
            return pd.Index(cells.positions.astype(str)) if names is None else names[cells.positions]

        return make

    def take_hover(self, cell: int | None) -> Mapping[str, Callable[[], Any]]:
        """Make the cell under the pointer the widget's own; it is not sent back to the page."""
        with self._widget._lock:
            self._widget._take({"hovered": cell})
        dataset, embedding = self._widget._dataset, self._widget.embedding

        def position() -> dict[str, float] | None:
            if cell is None:
                return None
            coordinates = dataset.coordinates(embedding)[cell]
            return {axis: float(at) for axis, at in zip(_AXES, coordinates, strict=False)}

        return {"position": position}

    def take_traits(self, changed: TraitsSet, page: str, *, outdated: bool) -> None:
        """Make what a person set the widget's own; what does not fit is told, but of cells of before a refresh."""
        widget = self._widget
        with widget._lock:
            wanted = {name: changed.values[name] for name in MIRRORED if name in changed.values}
            place = changed.camera_of
            shown = (wanted.get("embedding", widget.embedding), wanted.get("dimension", widget.dimension))
            if place is not None and (place["embedding"], place["dimension"]) != shown:
                wanted.pop("camera", None)  # of an embedding that is no longer shown
            if "dataset" in wanted:
                widget._switch.choose(wanted.pop("dataset"), page, outdated=outdated)
            widget._take(wanted, page, quietly=outdated)

    def tell_traits(self) -> None:
        """Send all pages what has changed."""
        self._widget._tell_pages()

    def traits_since(self, moment: int, page: str) -> tuple[int, Mapping[str, Any]]:
        """The traits that have changed since, but for those that the page has set itself; and what the time is now."""
        widget = self._widget
        with widget._lock:
            names = widget._changed_since(moment, (*MIRRORED, *TOLD), page)
            return widget._clock, widget._json_of(names) if names else {}

    def server(self) -> Mapping[str, Any]:
        """Where a page finds the data server."""
        with self._widget._lock:
            boot = self._widget._server.boot(self._widget._dataset)
        if not boot:
            raise RequestError("no_server", "the data server does not run in this kernel")
        return boot

    @property
    def road(self) -> TransportChosen | None:
        """The road of the newest page."""
        return self._road

    def viewers_changed(self, *, known: bool, ready: bool, road: TransportChosen | None) -> None:
        """Set ``ready``, ``status`` and ``transport``; what nobody looks at any more keeps no memory."""
        widget = self._widget
        self._road = road
        if widget.status in ("stopped", "closed"):
            return
        self.set("transport", None if road is None else road.name)
        self.set("ready", ready)
        self.set("status", "ready" if ready else "loading" if known else "not shown")
        if not known:
            widget._dataset.clear_cache()

    def visible(self) -> NDArray[np.bool_]:
        """Whether each cell passes every filter and is not hidden, ``(n_cells,)``."""
        widget = self._widget
        mask = ~widget._marks.hidden.mask(self.n_cells)
        for field, entry in widget.filters.items():
            ref = widget._dataset.resolve_field(field, widget.layer)
            values = widget._dataset.field_values(ref, widget.layer)
            if (passes := passing(entry, values.values, values.categories)) is not None:
                mask &= passes
        return mask

    def set(self, name: str, value: object) -> None:
        """Set a trait; what its observers raise is told, and keeps nothing from happening."""
        try:
            self._widget.set_trait(name, value)
        except Exception as error:
            logger.exception("an observer of %r raised", name)
            self.report("observer", f"{type(error).__name__}: {error}", "Full traceback in the log cellucid.jupyter.")

    def count_visible(self) -> int:
        """Cells that pass every filter and are not hidden."""
        return int(np.count_nonzero(self.visible()))

    def report(self, source: str, message: str, hint: str = "") -> None:
        """Add to ``errors``, which the viewer shows."""
        entry = {"source": source, "message": _shown(message), "hint": _shown(hint), "time": time.time()}
        with self._widget._lock:
            try:
                self._widget.set_trait("errors", [*self._widget.errors, entry][-_MAX_ERRORS:])
            except Exception:
                logger.exception("an observer of 'errors' raised")


def _shown(text: str) -> str:
    """A text that can travel: what is no character, as in undecodable names of files, becomes a question mark."""
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
