"""Pages in browser tabs: what Python says to them is kept until they fetch it."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger("cellucid.jupyter")

KEPT = 1000
"""Messages to a tab that are kept."""

KEPT_BYTES = 32 * 1024 * 1024
"""Of their texts and buffers; the newest is kept whatever its length."""

MAX_TABS = 64
"""Of one widget; who opens more takes the place of one that nobody listens to."""

GONE = 100.0
"""Seconds without anybody who listens, after which a tab is gone: more than a page takes to notice a dead stream."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message to a tab."""

    number: int
    text: str
    """JSON: the method of ipywidgets' message, its content, and the lengths of its buffers."""
    buffers: tuple[memoryview, ...]

    @property
    def nbytes(self) -> int:
        """What it holds in memory."""
        return len(self.text) + sum(buffer.nbytes for buffer in self.buffers)


class Tab:
    """What is said to one tab, numbered from 1. Safe from any thread.

    Args:
        leave: called some time after the last listener has gone, on a thread of its own.
    """

    def __init__(self, leave: Callable[[Tab], None]) -> None:
        self._leave = leave
        self.epoch = secrets.token_urlsafe(6)
        """Of these numbers: a page that was away for too long finds others under its name."""
        self._lock = threading.Lock()
        self._said: deque[Said] = deque()
        self._nbytes = 0
        self._number = 0
        self._listeners: list[Callable[[], None]] = []
        self._pages: set[str] = set()
        self._timer: threading.Timer | None = None
        self._closed = False
        self._wait()

    @property
    def closed(self) -> bool:
        """Whether nothing more will be said."""
        return self._closed

    @property
    def heard(self) -> bool:
        """Whether somebody listens."""
        with self._lock:
            return bool(self._listeners)

    @property
    def pages(self) -> frozenset[str]:
        """The pages that have spoken from here: one at a time, but a refresh makes a new one."""
        with self._lock:
            return frozenset(self._pages)

    def speaks(self, page: str) -> None:
        """A page has spoken from here."""
        with self._lock:
            self._pages.add(page)

    def say(self, text: str, buffers: Sequence[memoryview]) -> None:
        """Say something, and wake who listens."""
        own = [memoryview(bytes(buffer)) for buffer in buffers]  # a part would keep the whole that it is of
        with self._lock:
            self._number += 1
            said = Said(self._number, text, tuple(own))
            self._said.append(said)
            self._nbytes += said.nbytes
            while len(self._said) > KEPT or (self._nbytes > KEPT_BYTES and len(self._said) > 1):
                self._nbytes -= self._said.popleft().nbytes
            listeners = list(self._listeners)
        for wake in listeners:
            wake()

    def after(self, number: int) -> list[Said]:
        """What is kept of what was said after a number."""
        with self._lock:
            return [said for said in self._said if said.number > number]

    def find(self, number: int) -> Said | None:
        """What was said under a number, while it is kept."""
        with self._lock:
            return next((said for said in self._said if said.number == number), None)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` whenever something was said, or the tab was closed; returns what ends that."""
        with self._lock:
            self._listeners.append(wake)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def leave() -> None:
            with self._lock:
                if wake in self._listeners:
                    self._listeners.remove(wake)
                listens = bool(self._listeners)
            if not listens:
                self._wait()

        return leave

    def close(self) -> None:
        """Say nothing more. Idempotent."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
            listeners = list(self._listeners)
        for wake in listeners:
            wake()

    def _wait(self) -> None:
        """Leave in a while, unless somebody comes, or comes back."""
        with self._lock:
            if self._closed or self._timer is not None:
                return
            self._timer = threading.Timer(GONE, self._leave, [self])
            self._timer.name = "cellucid-tab"
            self._timer.daemon = True
            self._timer.start()


class Tabs:
    """The tabs that show one widget.

    Args:
        left: told the pages of a tab that is gone.
    """

    def __init__(self, left: Callable[[str], None] = lambda _: None) -> None:
        self._left = left
        self._lock = threading.Lock()
        self._tabs: dict[str, Tab] = {}
        self._closed = False

    def tab(self, name: str) -> Tab:
        """The tab of a name, new if it was never heard of.

        Raises:
            RuntimeError: the widget was stopped, or too many tabs show it.
        """
        dropped: list[Tab] = []
        with self._lock:
            if self._closed:
                raise RuntimeError("the widget was stopped")
            if name not in self._tabs:
                if len(self._tabs) >= MAX_TABS:
                    left = next((tab for tab in self._tabs.values() if not tab.heard), None)
                    if left is None:
                        raise RuntimeError(f"{MAX_TABS} tabs show this widget already")
                    dropped.append(left)
                self._tabs[name] = Tab(self._drop)
            found = self._tabs[name]
        for tab in dropped:
            self._drop(tab)
        return found

    def speaks(self, name: str, page: str) -> None:
        """A page has spoken from a tab: what is for it goes there."""
        self.tab(name).speaks(page)

    def send(self, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> bool:
        """Give a message of ipywidgets to the tabs; returns whether anybody else needs it, too."""
        with self._lock:
            tabs = list(self._tabs.values())
        if not tabs:
            return True
        method = message["method"]
        content = message["content"] if method == "custom" else message.get("state")
        if method not in ("custom", "update") or not isinstance(content, Mapping):
            return True
        page = content.get("page") if method == "custom" else None
        if page is not None:
            tabs = [tab for tab in tabs if page in tab.pages]
        if tabs:
            try:
                text = json.dumps(
                    {"method": method, "content": content, "buffers": [buffer.nbytes for buffer in buffers]},
                    allow_nan=False,
                    separators=(",", ":"),
                )
            except (TypeError, ValueError) as error:
                logger.error("a message was not sent to the tabs: %s", error)
                return True
            for tab in tabs:
                tab.say(text, buffers)
        return page is None or not tabs

    def close(self) -> None:
        """Say nothing more to anybody. Idempotent."""
        with self._lock:
            self._closed = True
            tabs, self._tabs = list(self._tabs.values()), {}
        for tab in tabs:
            tab.close()

    def _drop(self, tab: Tab) -> None:
        """Forget a tab, unless somebody has come back to it."""
        with self._lock:
            name = next((name for name, known in self._tabs.items() if known is tab), None)
            if name is None or tab.heard:
                return
            del self._tabs[name]
        tab.close()
        for page in tab.pages:
            self._left(page)
