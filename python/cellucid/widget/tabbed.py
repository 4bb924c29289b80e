"""A widget that is also shown in browser tabs, which the comm does not reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cellucid.channel.tabs import Tabs
from cellucid.widget.locked import LockedWidget


class TabbedWidget(LockedWidget):
    """Gives what ipywidgets sends to the comm and to the tabs; what is for one page goes where that page is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tabs = Tabs(self._page_left)
        super().__init__(*args, **kwargs)

    def _page_left(self, page: str) -> None:
        """A tab with this page is gone."""

    def _send(self, msg: dict[str, Any], buffers: Sequence[Any] | None = None) -> None:
        views = [memoryview(buffer).cast("B") for buffer in buffers or ()]
        if self._tabs.send(msg, views):
            super()._send(msg, buffers)
