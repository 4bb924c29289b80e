"""The widget as the conversation sees it: what pages may read, take and tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellucid.cells import Selection
from cellucid.channel.rpc import Bytes, RequestError
from cellucid.dataset import Dataset, DatasetError

if TYPE_CHECKING:
    from cellucid.widget import CellucidWidget

_MAX_ERRORS = 50


class WidgetHost:
    """Stands between a widget and its :class:`~cellucid.channel.conversation.Conversation`, off the user's tab key."""

    def __init__(self, widget: CellucidWidget, dataset: Dataset) -> None:
        self._widget = widget
        self._dataset = dataset
        self.n_cells = dataset.n_cells

    def read_resource(self, path: str) -> Bytes:
        """A resource of the dataset."""
        try:
            return self._dataset.read(path)
        except DatasetError as error:
            raise RequestError("dataset", str(error)) from error

    def take_selection(self, positions: npt.NDArray[np.uint32]) -> None:
        """Make a selection from the viewer the widget's own."""
        self._widget.selection = Selection.from_sorted(positions)

    def current_selection(self) -> npt.NDArray[np.uint32]:
        """The widget's selection: ``uint32 (k,)``, ascending."""
        selection: Selection = self._widget.selection
        return selection

    def names_of(self, positions: npt.NDArray[np.uint32]) -> pd.Index[str]:
        """The names of cells; their positions as text where the dataset has no names."""
        names = self._dataset.cell_names
        return pd.Index(positions.astype(str)) if names is None else names[np.asarray(positions)]

    def viewers_changed(self, *, known: bool, ready: bool) -> None:
        """Set ``ready`` and ``status``; what nobody looks at any more keeps no memory."""
        self._widget.set_trait("ready", ready)
        self._widget.set_trait("status", "ready" if ready else "loading" if known else "not shown")
        if not known:
            self._dataset.clear_cache()

    def report(self, source: str, message: str, hint: str = "") -> None:
        """Add to ``errors``, which the viewer shows."""
        entry = {"source": source, "message": message, "hint": hint, "time": time.time()}
        with self._widget._lock:
            self._widget.set_trait("errors", [*self._widget.errors, entry][-_MAX_ERRORS:])
