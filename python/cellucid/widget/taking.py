"""A widget whose traits its pages set."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from cellucid.widget.hooked import HookedWidget
from cellucid.widget.host import WidgetHost

logger = logging.getLogger("cellucid.jupyter")


class TakingWidget(HookedWidget):
    """Takes what a person sets in a page, and tells that page what of it is not as it was set."""

    n_cells: Any
    _host: WidgetHost

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take a page's own message of ipywidgets: it empties the boot trait, or names a linked widget's cell.

        All else that a page sets comes as events, numbered and acknowledged. ipywidgets would let it set anything,
        read-only traits and the front end included.
        """
        with self._lock:
            if sync_data.get("_boot") == {}:
                super().set_state({"_boot": {}})
            hovered = sync_data.get("hovered")
            if "hovered" in sync_data and not (isinstance(hovered, int) and hovered >= self.n_cells):
                self._take({"hovered": hovered})

    def _take(self, wanted: dict[str, Any], page: str | None = None, *, quietly: bool = False) -> None:
        """Take trait values from a page. What fails is reported, unless quietly; what is not as it was set is told."""
        with self._lock:
            try:
                super().set_state(wanted)
            except Exception as error:  # observers are users' code; nobody would see what they raise here
                if quietly:
                    logger.info("what a page set does not fit: %s", error)
                else:
                    logger.exception("what a page set was not taken as it is")
                    refused = any(_as_json(getattr(self, name)) != value for name, value in wanted.items())
                    self._host.report("trait" if refused else "observer", f"{type(error).__name__}: {error}")
            if page is None:
                return
            self._talk.push.heard()  # the page has what it has set, or asks for it
            now = self._json_of(wanted)
            self._change([name for name, value in wanted.items() if _as_json(now[name]) == value], page)
            others = [name for name, value in wanted.items() if _as_json(now[name]) != value]
            if others:
                self.send_state(others)

    def _taken(self) -> Mapping[str, int]:
        return {} if self._conversation is None else self._conversation.taken()

    def _traits_sent(self) -> None:
        if self._conversation is not None:
            self._conversation.traits_sent()

    def _page_left(self, page: str) -> None:
        if self._conversation is not None:
            self._conversation.page_left(page)


def _as_json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
