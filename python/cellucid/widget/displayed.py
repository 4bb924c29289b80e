"""A widget that knows where it is displayed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import traitlets
from ipywidgets import Widget

from cellucid.widget.containers import Containers
from cellucid.widget.explanation import Explanation
from cellucid.widget.output import here
from cellucid.widget.reporting import ReportingWidget
from cellucid.widget.shown import CHANGES


class DisplayedWidget(ReportingWidget):
    """Displays itself once a cell, and sends what it shows where no page can ask for it."""

    viewer_url: Any
    _shown_in_execution: int | None = None

    _view_count = traitlets.Int(0, allow_none=True).tag(sync=True)  # of ipywidgets: pages count what they show

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._explanation = Explanation()
        super().__init__(*args, **kwargs)
        if (containers := _containers()) is not None:
            containers.watch()

    def display(self) -> None:
        """Show the widget as an output of the running cell, once a cell; outside a notebook, print its address."""
        self._require_open()
        shell = _ipython()
        if shell is None or getattr(shell, "kernel", None) is None:
            print(self.viewer_url)
            return
        if self._shown_in_execution != shell.execution_count:
            from IPython.display import display

            display(self)  # type: ignore[no-untyped-call]
            self._shown_in_execution = shell.execution_count

    @property
    def _ipython_display_(self) -> Callable[[], None] | None:
        # IPython asks for this before the mime bundle. ``show_anndata(adata)`` as a cell's last expression would be
        # shown by the call and once more as the cell's result; the second time is answered with nothing.
        shell = _ipython()
        if shell is None or self._shown_in_execution != shell.execution_count:
            return None
        return lambda: None

    def _displayed(self) -> None:
        """A page begins: the widget is displayed, or a container that it is inside."""
        if self._conversation is not None and self.status not in ("stopped", "closed"):
            self._conversation.push.displayed()
            self._explanation.displayed(here())

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take a page's own message of ipywidgets; of what it says of its views none is a trait of Python's."""
        if type(views := sync_data.get("_view_count")) is int:
            self._explanation.views(views)
        super().set_state(sync_data)

    def _handle_custom_msg(self, content: object, buffers: list[memoryview]) -> None:
        self._explanation.end()  # a tab would not do: the cell may show an error all the same
        super()._handle_custom_msg(content, buffers)

    @traitlets.observe(*CHANGES)
    def _shown_changed(self, change: Any) -> None:
        if self._conversation is not None:
            self._conversation.push.changed(CHANGES[change.name])


def _containers() -> Containers | None:
    shell = _ipython()
    return _containers_of(shell) if getattr(shell, "kernel", None) is not None else None


@cache
def _containers_of(shell: Any) -> Containers:
    def displayed(widget: Widget) -> None:
        if isinstance(widget, DisplayedWidget):
            widget._displayed()

    return Containers(shell, displayed)


def _ipython() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()
