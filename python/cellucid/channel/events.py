"""The events' table: what each thing that a person does in a page does in Python."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import Literal

from cellucid.channel import messages
from cellucid.channel.asks import Asks
from cellucid.channel.comm import CommCarrier
from cellucid.channel.hooks import HookEvent
from cellucid.channel.host import Host
from cellucid.channel.listeners import Listeners
from cellucid.channel.messages import Ack, Command, Event
from cellucid.channel.pages import Page, Pages
from cellucid.channel.publisher import Publisher
from cellucid.channel.selection import EncodedCells

logger = logging.getLogger("cellucid.jupyter")


class Events:
    """Takes each event where it belongs: the widget, other pages, hooks and waits.

    Args:
        host: the widget.
        carrier: takes what pages are answered.
        pages: who speaks.
        publisher: what the other pages are told.
        listeners: who is told in Python.
        lock: the conversation's.
    """

    def __init__(
        self,
        host: Host,
        carrier: CommCarrier,
        pages: Pages,
        publisher: Publisher,
        listeners: Listeners,
        lock: AbstractContextManager[None],
    ) -> None:
        self._host = host
        self._carrier = carrier
        self._pages = pages
        self._publisher = publisher
        self._listeners = listeners
        self._lock = lock
        self.asks = Asks(carrier, listeners.waits)

    def take(self, event: Event, page: Page, buffers: list[memoryview]) -> None:
        """Take an event; the caller holds the lock, and sees that it is the page's next one."""
        outdated = page.state == "outdated"
        if isinstance(event.payload, messages.TraitsSet):
            self._host.take_traits(event.payload, page.name, outdated=outdated)
            if len(self._pages) > 1:
                self._host.tell_traits()
        if outdated:
            logger.info("ignored a %r of cells that the widget no longer shows", event.event)
            self._publisher.send_unseen_traits(page)  # among them that it is to start afresh
            return
        tell = self._listeners.tell
        match event.payload:
            case messages.Selected():
                self._selected(event, event.payload, page, buffers)
            case messages.Ready(n_cells, dimensions):
                self.set_page(page, "ready")
                self._publisher.send_what_waits()
                tell("ready", HookEvent({"n_cells": n_cells, "dimensions": dimensions}))
            case messages.Closed():
                self._closed(page)
            case messages.Click(cell, button, shift, ctrl):
                if cell < self._host.n_cells:
                    tell("click", HookEvent({"cell": cell, "button": button, "shift": shift, "ctrl": ctrl}))
            case messages.Hovered(cell):
                if cell is None or cell < self._host.n_cells:
                    keys = self._host.take_hover(cell)
                    if len(self._pages) > 1:
                        command = Command("hover", {"cell": cell}, without=event.page)
                        self._carrier.send_latest("hover", lambda: (command, []))
                    tell("hover", HookEvent({"cell": cell}, keys))
            case messages.TransportChosen():
                page.road = event.payload
                self.tell_host()
            case messages.Console(level, text, hint):
                if level == "error":
                    self._host.report("viewer", text, hint or "")
                else:
                    logger.warning("the viewer warns: %s", text)
                tell("console", HookEvent({"level": level, "message": text}))
            case messages.Answered():
                told = self.asks.take(event.page, event.payload, buffers)
                if told is not None:
                    tell(*told)
            case messages.Refused(reason) if event.seq > 0:
                page.ack = Ack(event.page, event.seq, self._publisher.revision, reason)
                self._carrier.send(page.ack)
            case messages.Custom(values):
                tell(event.event, HookEvent(values, nbytes=_weight(values)))

    def page_left(self, name: str) -> None:
        """A page has gone without a word."""
        with self._lock:
            page = self._pages.known(name)
            if page is not None and page.there:
                self._closed(page)

    def set_page(self, page: Page, state: Literal["loading", "ready", "closed"]) -> None:
        """Note how far a page is."""
        with self._lock:
            page.state = state
            if page.there:
                self._publisher.sent()  # it may have missed something while nobody looked
            else:
                page.forget()
            self.tell_host()

    def tell_host(self) -> None:
        """Let the widget know who looks at it, and which road the newest page takes."""
        there = self._pages.there
        ready = any(page.state == "ready" for page in there)
        if not ready:
            self._listeners.latest.forget_ready()
        self._host.viewers_changed(known=bool(there), ready=ready, road=there[-1].road if there else None)

    def _closed(self, page: Page) -> None:
        self.set_page(page, "closed")
        self._listeners.tell("closed", HookEvent({}))

    def _selected(self, event: Event, selected: messages.Selected, page: Page, buffers: list[memoryview]) -> None:
        held = self._publisher
        try:
            if len(buffers) != 1:
                raise ValueError(f"one buffer expected, got {len(buffers)}")
            cells = EncodedCells.received(selected.encoding, buffers[0], selected.count, self._host.n_cells)
        except ValueError as error:
            logger.warning("refused a selection from the viewer: %s", error)
            page.ack = Ack(event.page, event.seq, held.revision, str(error))
            self._carrier.send(page.ack)
            return
        again = cells == held.selection
        held.hold_selection(cells, selected.source, page)
        # Before the trait: an observer may select anew, and the page takes that only once its own is settled.
        page.ack = Ack(event.page, event.seq, held.revision)
        self._carrier.send(page.ack)
        if len(self._pages) > 1:
            held.broadcast_selection(without=event.page)
        if again:  # no change of the trait, but a gesture all the same
            self._listeners.tell_selection(selected.source, cells)
        else:
            self._host.take_selection(cells)


def _weight(value: object) -> int:
    """About how many bytes a JSON value holds in memory."""
    if isinstance(value, dict):
        return sum(len(key) + _weight(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(_weight, value))
    return len(value) if isinstance(value, str) else 8
