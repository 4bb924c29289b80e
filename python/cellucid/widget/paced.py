"""A widget whose traits may be set more often than messages may leave."""

from __future__ import annotations

from typing import Any

from ipywidgets.widgets.widget import _remove_buffers

from cellucid.channel.pace import PACE
from cellucid.widget.locked import LockedWidget


class PacedWidget(LockedWidget):
    """Sends traits at the pace that Jupyter's server bears; of values that follow each other faster, the latest."""

    viewer_id: Any
    _pace = PACE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unsent: set[str] = set()  # names of traits
        super().__init__(*args, **kwargs)

    @property
    def _messages_of(self) -> object:
        """Names this widget among those whose messages leave in turn."""
        return self.viewer_id[:8]

    def _send(self, msg: dict[str, Any], buffers: Any = None) -> None:
        if msg["method"] == "update":
            with self._lock:
                self._unsent.update(msg["state"])
            self._pace.send(self._send_traits, key="traits", owner=self._messages_of)
        else:
            if msg["method"] != "custom":  # those are counted by who sends them
                self._pace.spend()
            super()._send(msg, buffers)

    def _send_traits(self) -> None:
        with self._lock:
            names = list(self._unsent)
            self._unsent.clear()
            if names:
                state, paths, buffers = _remove_buffers(self.get_state(names))
                super()._send({"method": "update", "state": state, "buffer_paths": paths}, buffers)
