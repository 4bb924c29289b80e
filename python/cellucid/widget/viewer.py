"""The widget as the data server sees it: what a page in a browser tab may fetch and say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cellucid.channel.conversation import Conversation
from cellucid.channel.tabs import Tab

if TYPE_CHECKING:
    from cellucid.widget.widget import CellucidWidget

# Of ipywidgets' own, and the token.
_KEPT_BACK = frozenset({"_boot", "_css", "_esm", "layout", "tabbable", "tooltip"})
_FRAME = ("_dom", "_model", "_view", "_anywidget")


class Viewer:
    """Stands between a widget and the data server, off the user's tab key."""

    def __init__(self, widget: CellucidWidget, conversation: Conversation) -> None:
        self._widget = widget
        self._conversation = conversation

    @property
    def title(self) -> str:
        """What the page is called."""
        return self._widget._dataset.name

    def take(self, body: bytes, tab: str | None) -> list[dict[str, Any]]:
        """Take what a page has posted; returns the acks of a notebook's. A tab's go where it listens.

        Raises:
            BadMessage: naming what does not fit.
            RuntimeError: the widget was stopped.
        """
        if tab is None:
            return self._conversation.receive_posted(body)
        self._conversation.receive_from_tab(body, lambda page: self._widget._tabs.speaks(tab, page))
        return []

    def state(self) -> str:
        """The traits as JSON, what they are news of first."""
        with self._widget._lock:
            state = self._widget.get_state()
        kept = {name: value for name, value in state.items() if name not in _KEPT_BACK and not name.startswith(_FRAME)}
        return json.dumps(kept, allow_nan=False)

    def tab(self, name: str) -> Tab:
        """The tab of a name."""
        return self._widget._tabs.tab(name)
