"""A widget whose traits may be set more often than messages may leave, and whose messages may be lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipywidgets.widgets.widget import _remove_buffers

from cellucid.channel.pace import PACE
from cellucid.widget.tabbed import TabbedWidget


class PacedWidget(TabbedWidget):
    """Sends traits at the pace that Jupyter's server bears; of values that follow each other faster, the latest.

    Whatever sets a trait, Python or a page, advances a clock. Each message with values says what it is news of, so
    that a page knows whether it has missed any, and which of its own changes Python had taken by then.
    """

    viewer_id: Any
    _pace = PACE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._clock = 0
        self._changed_at: dict[str, int] = {}  # by trait
        self._changed_by: dict[str, str] = {}  # the page that set a trait last, where a page did
        self._told = 0  # all pages were sent what changed until then
        self._states = 0
        super().__init__(*args, **kwargs)

    @property
    def _messages_of(self) -> object:
        """Names this widget among those whose messages leave in turn."""
        return self.viewer_id[:8]

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The traits for a page; where it is all of them, what they are news of is the first."""
        with self._lock:
            state: dict[str, Any] = super().get_state(key, drop_defaults)
            return state if key is not None else {"_updates": self._news(None, 0), **state}

    def _json_of(self, names: Iterable[str]) -> dict[str, Any]:
        """Some traits as they travel."""
        return self.get_state(list(names))

    def _news(self, names: list[str] | None, since: int) -> dict[str, Any]:
        """What is said beside the values of traits, of some or of all, that have changed since."""
        self._states += 1  # no two are equal: a page must notice each
        news = {"state": self._states, "now": self._clock, "since": since, "names": names}
        return news | {"taken": dict(self._taken())}

    def _taken(self) -> Mapping[str, int]:
        """The number of the last event that was taken of each page."""
        return {}

    def _traits_sent(self) -> None:
        """An update has left."""

    def _change(self, names: Iterable[str], page: str | None = None) -> None:
        """Traits have been set, by a page or by Python."""
        self._clock += 1
        for name in names:
            if name in self.keys:
                self._changed_at[name] = self._clock
                if page is None:
                    self._changed_by.pop(name, None)
                else:
                    self._changed_by[name] = page

    def _changed_since(self, moment: int, names: Iterable[str], page: str | None = None) -> list[str]:
        """Those of some traits that have changed since, but for those that a page has set itself."""
        return [
            name
            for name in names
            if self._changed_at.get(name, 0) > moment and (page is None or self._changed_by.get(name) != page)
        ]

    def _send(self, msg: dict[str, Any], buffers: Any = None) -> None:
        match msg["method"]:
            case "update":
                with self._lock:
                    self._change(msg["state"])
                self._tell_pages()
            case "echo_update":
                pass  # what a page has set is told when it has been taken
            case method:
                if method != "custom":  # those are counted by who sends them
                    self._pace.spend()
                super()._send(msg, buffers)

    def _tell_pages(self) -> None:
        """Send all pages what has changed, in its turn."""
        self._pace.send(self._send_traits, key="traits", owner=self._messages_of)

    def _send_traits(self) -> None:
        with self._lock:
            names = self._changed_since(self._told, list(self._changed_at))
            if names:
                since, self._told = self._told, self._clock
                state, paths, buffers = _remove_buffers(self._json_of(names))
                state = {"_updates": self._news(names, since), **state}
                super()._send({"method": "update", "state": state, "buffer_paths": paths}, buffers)
                self._traits_sent()
