"""What Python tells the pages: the selection, the marks, commands; and again what a page has not seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from cellucid.channel.comm import CommCarrier
from cellucid.channel.host import Host
from cellucid.channel.messages import Command, Seen
from cellucid.channel.pages import PATIENCE, Again, Page, Pages
from cellucid.channel.published import marks_payload, selection_payload
from cellucid.channel.selection import EncodedCells

_Message = tuple[Command, list[memoryview]]


class Publisher:
    """Tells every page what holds, with revisions; messages get lost where a connection breaks.

    Args:
        host: the widget.
        carrier: takes the messages.
        pages: who is told.
        lock: the conversation's.
        name: part of the name of the thread that looks for what was lost.
    """

    def __init__(
        self, host: Host, carrier: CommCarrier, pages: Pages, lock: AbstractContextManager[None], name: str
    ) -> None:
        self._host = host
        self._carrier = carrier
        self._pages = pages
        self._lock = lock
        self._again = Again(self.send_again, name)
        self._waiting: list[tuple[str, Mapping[str, Any]]] = []
        self._marks_revision = 0
        self.selection = EncodedCells("deltas", b"", 0, host.n_cells)
        """What the pages hold."""
        self.source = "python"
        """Who made it."""
        self.revision = 0
        """Of the selection."""

    # -- what holds --------------------------------------------------------------------------------------------------

    def publish_selection(self) -> None:
        """Publish the widget's selection, unless it is what the pages hold already: the same of as many cells."""
        with self._lock:
            cells = self._host.current_selection()
            if cells != self.selection:
                self._hold(cells, "python")
                self.broadcast_selection()

    def hold_selection(self, cells: EncodedCells, source: str, page: Page) -> None:
        """Take a page's selection for what all pages hold; the others are told by :meth:`broadcast_selection`."""
        self._hold(cells, source)
        page.selection = self.revision

    def _hold(self, cells: EncodedCells, source: str) -> None:
        self.revision += 1
        self.selection = cells
        self.source = source

    def broadcast_selection(self, without: str | None = None) -> None:
        """Send all pages the selection, or all but one."""
        self._carrier.send_latest("selection", lambda: self._selection_command(without=without))
        self.sent()

    def marks_changed(self) -> None:
        """Publish what Python says about single cells."""
        with self._lock:
            self._marks_revision += 1
            self._carrier.send_latest("marks", self._marks_command)
            self.sent()

    def sent(self) -> None:
        """Something has left: look in a while whether it has arrived."""
        self._again.sent()

    def close(self) -> None:
        """Send nothing again. Idempotent."""
        self._again.close()

    def selection_payload(self) -> tuple[Mapping[str, Any], memoryview]:
        """The selection with its revision, and its buffer."""
        with self._lock:
            return selection_payload(self.selection, self.revision)

    def marks_payload(self) -> tuple[Mapping[str, Any], list[memoryview]]:
        """The marks with their revision, and their buffers."""
        with self._lock:
            return marks_payload(self._host.current_marks(), self._marks_revision, self._host.n_cells)

    def _selection_command(self, page: str | None = None, without: str | None = None) -> _Message:
        payload, data = self.selection_payload()
        return Command("selection", payload, page=page, without=without), [data]

    def _marks_command(self, page: str | None = None) -> _Message:
        payload, buffers = self.marks_payload()
        return Command("marks", payload, page=page), buffers

    # -- what is to be done once -------------------------------------------------------------------------------------

    def command(self, name: str, payload: Mapping[str, Any]) -> None:
        """Tell every page to do something once: now, or as soon as one has drawn its first picture."""
        with self._lock:
            if any(page.state == "ready" for page in self._pages):
                self._send_command(name, payload)
            else:
                self._waiting.append((name, payload))

    def forget_command(self, name: str) -> None:
        """Do not tell the next page what it was to do once: it is about other data than it will show."""
        with self._lock:
            self._waiting = [(waiting, payload) for waiting, payload in self._waiting if waiting != name]

    def send_what_waits(self) -> None:
        """A page has drawn its first picture: tell it what was to be done before there was one."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for name, payload in waiting:
                self._send_command(name, payload)

    def _send_command(self, name: str, payload: Mapping[str, Any]) -> None:
        for page in self._pages.there:
            self._carrier.send(page.command(name, payload))
            self.sent()

    # -- what was lost -----------------------------------------------------------------------------------------------

    def seen(self, seen: Seen) -> None:
        """A page says what has come to it."""
        with self._lock:
            page = self._pages.page(seen.page)
            page.has_seen(seen)
            page.spoke()
            if page.state == "outdated":
                self.send_unseen_traits(page)  # among them that it is to start afresh
            elif any(self._unseen(page)):
                self.sent()

    def send_again(self) -> float | None:
        """Send each page what it has not seen.

        Returns:
            Seconds until the next look; None where every page has all.
        """
        if self._carrier.waiting:  # not even sent
            return PATIENCE[0]
        with self._lock:
            now = time.monotonic()
            looks = []
            for page in self._pages:
                unseen = list(self._unseen(page)) if page.there else []
                if not unseen:
                    continue
                if page.due <= now:
                    for send in unseen:
                        send()
                    page.tried(now)
                looks.append(page.due - now)
            return min(looks, default=None)

    def _unseen(self, page: Page) -> Iterator[Callable[[], None]]:
        """How to send what a page has not seen."""
        for command in page.unseen_commands():
            yield partial(self._carrier.send, command)
        name = page.name
        if page.selection < self.revision:
            yield partial(self._carrier.send_latest, f"selection {name}", lambda: self._selection_command(name))
        if page.marks < self._marks_revision:
            yield partial(self._carrier.send_latest, f"marks {name}", lambda: self._marks_command(name))
        if self._host.traits_since(page.updates, name)[1]:
            yield partial(self.send_unseen_traits, page)

    def send_unseen_traits(self, page: Page) -> None:
        """Send a page the traits that it does not have as they are now."""

        def make() -> _Message:
            with self._lock:
                now, values = self._host.traits_since(page.updates, page.name)
                news = {"now": now, "since": page.updates, "taken": page.seq}
            return Command("traits", {"values": values, **news}, page=page.name), []

        self._carrier.send_latest(f"traits {page.name}", make)
