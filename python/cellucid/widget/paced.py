"""A widget whose traits may be set more often than messages may leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ipywidgets.widgets.widget import _remove_buffers

from cellucid.channel.pace import PACE
from cellucid.widget.locked import LockedWidget


class PacedWidget(LockedWidget):
    """Sends traits at the pace that Jupyter's server bears; of values that follow each other faster, the latest.

    What it sends is counted: a page that says which update it knew, tells which values it did not know.
    """

    viewer_id: Any
    _pace = PACE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unsent: set[str] = set()  # names of traits
        self._updates = 0
        self._sent_in: dict[str, int] = {}  # the last update that each trait was in
        super().__init__(*args, **kwargs)

    @property
    def _messages_of(self) -> object:
        """Names this widget among those whose messages leave in turn."""
        return self.viewer_id[:8]

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The traits for a page; before them, so that it is heard first, the number of the last update."""
        return {"_updates": self._updates, **super().get_state(key, drop_defaults)}

    def _json_of(self, names: Iterable[str]) -> dict[str, Any]:
        """Some traits as they travel."""
        state: dict[str, Any] = super().get_state(list(names))
        return state

    def _send(self, msg: dict[str, Any], buffers: Any = None) -> None:
        match msg["method"]:
            case "update":
                with self._lock:
                    self._unsent.update(msg["state"])
                self._pace.send(self._send_traits, key="traits", owner=self._messages_of)
            case "echo_update":
                pass  # other pages hear of what one has set by a command
            case method:
                if method != "custom":  # those are counted by who sends them
                    self._pace.spend()
                super()._send(msg, buffers)

    def _send_traits(self) -> None:
        with self._lock:
            names = [name for name in self._unsent if name in self.keys]
            self._unsent.clear()
            if names:
                self._updates += 1
                self._sent_in.update(dict.fromkeys(names, self._updates))
                state, paths, buffers = _remove_buffers(self.get_state(names))
                super()._send({"method": "update", "state": state, "buffer_paths": paths}, buffers)
                self._traits_sent()

    def _traits_sent(self) -> None:
        """An update has left."""

    def _sent_after(self, update: int, names: Iterable[str]) -> list[str]:
        """Those of some traits that were sent in a later update."""
        return [name for name in names if self._sent_in.get(name, 0) > update]
