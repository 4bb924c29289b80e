"""Shows another dataset of the folder that the widget's own is of."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from cellucid.cells import CellLookup, Marks
from cellucid.dataset import Dataset, DatasetError
from cellucid.widget.host import MIRRORED, TOLD
from cellucid.widget.refresh import keep_what_is_there

if TYPE_CHECKING:
    from cellucid.widget.widget import CellucidWidget

logger = logging.getLogger("cellucid.jupyter")


class Switch:
    """Opens another dataset off the widget's lock, then shows it; of several that are asked for, the last."""

    def __init__(self, widget: CellucidWidget) -> None:
        self._widget = widget
        # Guarded by the widget's lock.
        self._turn = 0  # of the dataset that was asked for last
        self._chosen: tuple[object, int] | None = None  # in a page, and its turn
        self._working = False

    def choose(self, wanted: object, page: str, *, outdated: bool) -> None:
        """Begin to show what a person has chosen in a page; the page hears of the end.

        Called under the widget's lock, on the thread that brings messages: the files are opened on another one.
        """
        widget = self._widget
        if wanted == widget._dataset.listed_as:
            self.give_up()
            widget._change(["dataset"], page)
            return
        if outdated:  # of a list that the page no longer shows
            return
        self._turn += 1
        self._chosen = wanted, self._turn
        if not self._working:
            self._working = True
            name = f"cellucid-dataset-{widget.viewer_id[:8]}"
            threading.Thread(target=self._show_chosen, name=name, daemon=True).start()

    def show(self, id: str) -> None:
        """Show another dataset: with what fits there of what is set, and none of what is about single cells.

        Raises:
            DatasetError: It cannot be opened; the widget goes on with what it had.
        """
        with self._widget._lock:
            self._widget._require_open()
            self._turn += 1
            turn = self._turn
        self._open_and_show(id, turn)

    def give_up(self) -> None:
        """Stay with the dataset that is shown, whatever is being opened."""
        with self._widget._lock:
            self._turn += 1

    def _show_chosen(self) -> None:
        """Show what was chosen, and what was chosen meanwhile."""
        while True:
            with self._widget._lock:
                chosen, self._chosen = self._chosen, None
                if chosen is None:
                    self._working = False
                    return
            self._show_for_page(*chosen)

    def _show_for_page(self, wanted: object, turn: int) -> None:
        widget = self._widget
        try:
            self._open_and_show(str(wanted), turn)
        except DatasetError as error:
            with widget._lock:
                if turn == self._turn and widget.status not in ("stopped", "closed"):
                    widget._host.report("dataset", f"cannot open {wanted!r}: {error}", "What was shown stays.")
                    widget.send_state("dataset")  # the page shows its own choice until then
        except Exception as error:  # observers are users' code
            logger.exception("an observer of another dataset raised")
            widget._host.report("observer", f"{type(error).__name__}: {error}")

    def _open_and_show(self, id: str, turn: int) -> None:
        widget = self._widget
        opened = widget._dataset.open_listed(id)
        shown = False
        try:
            for field in widget.filters:
                with contextlib.suppress(DatasetError):  # such a filter does not stay
                    opened.field_values(opened.resolve_field(field))  # kept: nobody waits for it under the lock
            with widget._lock:
                if turn == self._turn and widget.status not in ("stopped", "closed"):
                    try:
                        _show(widget, opened)
                    finally:
                        shown = widget._dataset is opened
        finally:
            if not shown:
                opened.close()


def _show(widget: CellucidWidget, opened: Dataset) -> None:
    before, color_by = widget._dataset, widget.color_by
    try:
        # Notified in the order of setting: the pages hear of the cells, then of the new version, then of the rest.
        with widget.hold_trait_notifications():
            widget._talk.data_changed()
            widget._talk.publisher.forget_command("zoom_to")
            widget._use(opened, CellLookup(opened.n_cells, lambda: opened.cell_names, opened.query))
            widget._opened_here = True
            widget._marks = Marks(opened.n_cells)
            keep_what_is_there(widget, None, [])
            if widget.color_by != color_by and any(isinstance(end, float) for end in widget.color_limits or ()):
                widget.color_limits = None
            widget.set_trait("_version", widget._version + 1)
            widget.selection = None
            widget.set_trait("hovered", None)
            widget._count_visible()
    except BaseException:  # an observer's: those behind it have not been called, and pages hear after them
        widget.send_state([*MIRRORED, *TOLD, "_boot"])
        raise
    finally:
        widget._talk.publisher.publish_selection()
        before.clear_cache()
