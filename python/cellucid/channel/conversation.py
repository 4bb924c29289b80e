"""What one widget and the pages that show it say to each other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Literal

from cellucid.channel import messages, rpc
from cellucid.channel.asks import Asks
from cellucid.channel.comm import CommCarrier, Send
from cellucid.channel.hooks import Dispatcher, HookEvent, HookRegistry
from cellucid.channel.host import Host
from cellucid.channel.latest import Latest
from cellucid.channel.messages import Ack, Cancel, Command, Event, Request, Seen
from cellucid.channel.pace import PACE, Pace
from cellucid.channel.pages import PATIENCE, Again, Page
from cellucid.channel.posted import unpack
from cellucid.channel.published import marks_payload, selection_payload
from cellucid.channel.push import Push
from cellucid.channel.selection import EncodedCells
from cellucid.channel.waits import Waits

logger = logging.getLogger("cellucid.jupyter")

_Message = tuple[Command, list[memoryview]]

_OUTDATED = {"code": "outdated", "message": "the widget shows other data by now", "hint": "The page starts afresh."}

_MAX_TAKEN = 20  # pages of which every update speaks: the newest


class Conversation:
    """Orders selections, answers requests, and passes events to hooks.

    Args:
        host: the widget.
        send: hands a message to the comm.
        name: short id, part of thread names.
        lock: the one that guards the widget's traits, so that a selection made in the viewer and one made in Python
            get their revisions, and reach the hooks, in the order in which the trait takes their values.
        pace: how fast messages may leave.
    """

    def __init__(
        self, host: Host, send: Send, *, name: str, lock: AbstractContextManager[None], pace: Pace = PACE
    ) -> None:
        self._host = host
        self._lock = lock
        self.carrier = CommCarrier(send, self._route, pace, owner=name, wants_text=self._wants_text)
        self._requests = rpc.RequestServer(
            self.carrier,
            {
                messages.Read: self._read,
                messages.CurrentSelection: self._current_selection,
                messages.CurrentMarks: self._current_marks,
                messages.Connect: lambda _: rpc.Answer(self._host.server()),
            },
        )
        self.hooks = HookRegistry()
        self.latest = Latest()
        self.waits = Waits()
        self.asks = Asks(self.carrier, self.waits)
        self.dispatcher = Dispatcher(name, self.hooks, self._hook_failed, self._events_dropped)
        self._pages: dict[str, Page] = {}
        self._again = Again(self._send_again, name)
        self.push = Push(self.carrier, host.read_piece, self._shown, name)
        self._published = EncodedCells("deltas", b"", 0, host.n_cells)
        self._source = "python"
        self._revision = 0
        self._marks_revision = 0
        self._waiting: list[tuple[str, Mapping[str, Any]]] = []
        self.heard_by_http = False
        """Whether a page has ever reached us by HTTP with an event."""
        self.heard_beside_main = False
        """Whether the comm was ever served on another thread than the main one, which a cell blocks."""

    def receive(self, content: object, buffers: Sequence[bytes | memoryview]) -> None:
        """Take a message from the comm. Never raises: what goes wrong is logged and shown in the widget."""
        if threading.current_thread() is not threading.main_thread():
            self.heard_beside_main = True
        self._receive(content, buffers)

    def receive_from_tab(self, body: bytes, speaks: Callable[[str], None]) -> None:
        """Take messages that a browser tab has posted. What goes wrong with one is logged and shown in the widget.

        Args:
            body: the messages, packed.
            speaks: told each page that speaks, before its message is taken.

        Raises:
            BadMessage: the body is not packed messages.
        """
        self._heard_by_http()
        for content, buffers in unpack(body):
            page = content.get("page") if isinstance(content, dict) else None
            if isinstance(page, str):
                speaks(page)
            self._receive(content, buffers)

    def page_left(self, page: str) -> None:
        """A page has gone without a word."""
        with self._lock:
            known = self._pages.get(page)
            if known is not None and known.there:
                self._set_page(page, "closed")
                self._tell("closed", HookEvent({}))

    def _heard_by_http(self) -> None:
        self.heard_by_http = True
        self.push.heard()

    def _shown(self, changed: AbstractSet[str], since: float) -> tuple[int, Iterable[str]] | None:
        """What pages read to draw what has changed; None where nobody looks, or who looks reads by HTTP."""
        with self._lock:
            there = [page.road for page in self._pages.values() if page.there]
            by_http = (
                self.heard_by_http
                or self._host.reads_by_http(since)
                or any(road is not None and road.base is not None for road in there)
            )
            return None if by_http or (self._pages and not there) else self._host.shown(changed)

    def _receive(self, content: object, buffers: Sequence[bytes | memoryview]) -> None:
        self.push.heard()
        try:
            self.carrier.receive(content, buffers)
        except Exception as error:  # ipykernel would log it where nobody looks
            logger.exception("a message from the viewer was not handled")
            self._host.report(
                "observer", f"{type(error).__name__}: {error}", "Full traceback in the log cellucid.jupyter."
            )

    def receive_posted(self, body: bytes) -> list[dict[str, Any]]:
        """Take events that come by HTTP, where the comm did not bring them in time; returns their acks.

        Raises:
            BadMessage: naming what does not fit; the events before it are taken.
        """
        self._heard_by_http()
        acks = []
        for content, buffers in unpack(body):
            try:
                message = messages.parse(content)
            except messages.BadEvent as error:
                logger.warning("refused an event from the viewer: %s", error)
                message = error.as_event
            if not isinstance(message, Event):
                raise messages.BadMessage("message.kind: by HTTP only events are taken")
            try:
                ack = self._event(message, buffers)
            except Exception as error:  # an observer's
                logger.exception("an event from the viewer was not handled")
                self._host.report("observer", f"{type(error).__name__}: {error}", "")
                continue
            if ack is not None:
                acks.append(messages.encode(ack))
        return acks

    def selection_changed(self) -> None:
        """Publish the widget's selection, unless it is what the pages hold already, and tell the hooks."""
        with self._lock:
            self.publish_selection()
            self._tell_hooks(self._source, self._published)

    def publish_selection(self) -> None:
        """Publish the widget's selection, unless it is what the pages hold already: the same of as many cells."""
        with self._lock:
            cells = self._host.current_selection()
            if cells != self._published:
                self._revision += 1
                self._published = cells
                self._source = "python"
                self._broadcast()

    def marks_changed(self) -> None:
        """Publish what Python says about single cells."""
        with self._lock:
            self._marks_revision += 1
            self.carrier.send_latest("marks", self._marks_command)
            self._again.sent()

    def taken(self) -> Mapping[str, int]:
        """The number of the last event that was taken of each page."""
        with self._lock:
            return {page.name: page.seq for page in list(self._pages.values())[-_MAX_TAKEN:]}

    def traits_sent(self) -> None:
        """An update of the widget's traits has left, by ipywidgets' own message."""
        if self._pages:
            self._again.sent()

    def command(self, name: str, payload: Mapping[str, Any]) -> None:
        """Tell every page to do something once: now, or as soon as one has drawn its first picture."""
        with self._lock:
            if any(page.state == "ready" for page in self._pages.values()):
                self._send_command(name, payload)
            else:
                self._waiting.append((name, payload))

    def forget_command(self, name: str) -> None:
        """Do not tell the next page what it was to do once: it is about other data than it will show."""
        with self._lock:
            self._waiting = [(waiting, payload) for waiting, payload in self._waiting if waiting != name]

    def _send_command(self, name: str, payload: Mapping[str, Any]) -> None:
        for page in self._pages.values():
            if page.there:
                self.carrier.send(page.command(name, payload))
                self._again.sent()

    @property
    def newest_page(self) -> str | None:
        """The page that began last, of those that are there."""
        with self._lock:
            there = [page.name for page in self._pages.values() if page.there]
            return there[-1] if there else None

    def data_changed(self) -> None:
        """Take no more events from the pages that there are: they saw other cells. Each starts afresh as a new page."""
        with self._lock:
            for page in self._pages.values():
                page.state = "outdated"
            self._tell_host()

    def close(self) -> None:
        """Stop dispatching, and refuse what is asked from now on. Idempotent."""
        self.push.close()
        self._again.close()
        self._requests.close()
        self.dispatcher.close()
        self.carrier.close()

    # -- upstream ----------------------------------------------------------------------------------------------------

    def _route(self, message: Request | Cancel | Event | Seen, buffers: list[memoryview]) -> None:
        match message:
            case Seen():
                with self._lock:
                    page = self._page(message.page)
                    page.has_seen(message)
                    page.spoke()
                    if page.state == "outdated":
                        self._send_unseen_traits(page)  # among them that it is to start afresh
                    elif any(self._unseen(page)):
                        self._again.sent()
            case Request(page, number, messages.Ping()):
                self.carrier.send(messages.Reply(page, number, {}))
            case Request():
                if message.page not in self._pages:
                    self._set_page(message.page, "loading")
                self._pages[message.page].text = message.text
                if self._pages[message.page].state == "outdated":  # it would take the answer for that of its own data
                    self.carrier.send(messages.Failure(message.page, message.id, _OUTDATED))
                    self._send_unseen_traits(self._pages[message.page])
                else:
                    self._requests.submit(message)
            case Cancel():
                self._requests.cancel(message.page, message.id)
            case Event():
                self._event(message, buffers)

    def _event(self, event: Event, buffers: list[memoryview]) -> Ack | None:
        """Take an event once, in its page's order; returns what has been taken by now."""
        with self._lock:  # for all of it: the same event may come by two roads at a time
            page = self._page(event.page)
            page.spoke()
            if page.state == "new":  # where a cell runs, its events come before its requests
                self._set_page(event.page, "loading")
            if event.seq == 0:  # the latest counts, none is missed
                self._handle(event, page, buffers)
                return None
            if event.seq == page.seq + 1:
                page.seq = event.seq
                self._handle(event, page, buffers)
                if page.ack is not None and page.ack.seq == event.seq:
                    return page.ack  # sent already
            return self._acknowledge(page, event)

    def _wants_text(self, page: str | None) -> bool:
        return any(known.text for known in list(self._pages.values()) if page in (None, known.name) and known.there)

    def _page(self, name: str) -> Page:
        return self._pages.setdefault(name, Page(name))

    def _acknowledge(self, page: Page, event: Event) -> Ack:
        if page.ack is None:
            ack = Ack(event.page, page.seq, self._revision)
        elif page.ack.seq == event.seq:  # sent again, as its ack was late or lost
            ack = page.ack
        else:
            ack = Ack(event.page, page.seq, page.ack.revision)
        self.carrier.send(ack)
        if ack is page.ack and ack.revision != self._revision:  # the page may have missed what came after it
            self._broadcast()
        return ack

    def _handle(self, event: Event, page: Page, buffers: list[memoryview]) -> None:
        outdated = page.state == "outdated"
        if isinstance(event.payload, messages.TraitsSet):
            self._host.take_traits(event.payload, page.name, outdated=outdated)
            if len(self._pages) > 1:
                self._host.tell_traits()
        if outdated:
            logger.info("ignored a %r of cells that the widget no longer shows", event.event)
            self._send_unseen_traits(page)  # among them that it is to start afresh
            return
        match event.payload:
            case messages.Selected():
                self._selected(event, event.payload, page, buffers)
            case messages.Ready(n_cells, dimensions):
                self._set_page(event.page, "ready")
                self._send_what_waits()
                self._tell("ready", HookEvent({"n_cells": n_cells, "dimensions": dimensions}))
            case messages.Closed():
                self._set_page(event.page, "closed")
                self._tell("closed", HookEvent({}))
            case messages.Click(cell, button, shift, ctrl):
                if cell < self._host.n_cells:
                    values = {"cell": cell, "button": button, "shift": shift, "ctrl": ctrl}
                    self._tell("click", HookEvent(values))
            case messages.Hovered(cell):
                if cell is None or cell < self._host.n_cells:
                    keys = self._host.take_hover(cell)
                    if len(self._pages) > 1:
                        command = Command("hover", {"cell": cell}, without=event.page)
                        self.carrier.send_latest("hover", lambda: (command, []))
                    self._tell("hover", HookEvent({"cell": cell}, keys))
            case messages.TransportChosen():
                page.road = event.payload
                self._tell_host()
            case messages.Console(level, text, hint):
                if level == "error":
                    self._host.report("viewer", text, hint or "")
                else:
                    logger.warning("the viewer warns: %s", text)
                self._tell("console", HookEvent({"level": level, "message": text}))
            case messages.Answered():
                told = self.asks.take(event.page, event.payload, buffers)
                if told is not None:
                    self._tell(*told)
            case messages.Refused(reason) if event.seq > 0:
                page.ack = Ack(event.page, event.seq, self._revision, reason)
                self.carrier.send(page.ack)
            case messages.Custom(values):
                self._tell(event.event, HookEvent(values, nbytes=_weight(values)))

    def _selected(self, event: Event, selected: messages.Selected, page: Page, buffers: list[memoryview]) -> None:
        try:
            if len(buffers) != 1:
                raise ValueError(f"one buffer expected, got {len(buffers)}")
            cells = EncodedCells.received(selected.encoding, buffers[0], selected.count, self._host.n_cells)
        except ValueError as error:
            logger.warning("refused a selection from the viewer: %s", error)
            page.ack = Ack(event.page, event.seq, self._revision, str(error))
            self.carrier.send(page.ack)
            return
        again = cells == self._published
        self._revision += 1
        self._published = cells
        self._source = selected.source
        # Before the trait: an observer may select anew, and the page takes that only once its own is settled.
        page.ack = Ack(event.page, event.seq, self._revision)
        page.selection = self._revision
        self.carrier.send(page.ack)
        if len(self._pages) > 1:
            self._broadcast(without=event.page)
        if again:  # no change of the trait, but a gesture all the same
            self._tell_hooks(selected.source, cells)
        else:
            self._host.take_selection(cells)

    def _set_page(self, page: str, state: Literal["loading", "ready", "closed"]) -> None:
        with self._lock:
            known = self._page(page)
            known.state = state
            if known.there:
                self._again.sent()  # it may have missed something while nobody looked
            else:
                known.forget()
            self._tell_host()

    def _tell_host(self) -> None:
        there = [page for page in self._pages.values() if page.there]
        ready = any(page.state == "ready" for page in there)
        if not ready:
            self.latest.forget_ready()
        self._host.viewers_changed(known=bool(there), ready=ready, road=there[-1].road if there else None)

    def _send_what_waits(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for name, payload in waiting:
                self._send_command(name, payload)

    # -- downstream --------------------------------------------------------------------------------------------------

    def _read(self, wanted: messages.Read) -> rpc.Answer:
        return self._host.read_piece(wanted.path, wanted.offset, wanted.length)

    def _current_selection(self, _: messages.CurrentSelection) -> rpc.Answer:
        payload, data = self._selection_payload()
        return rpc.Answer(payload, (data,))

    def _current_marks(self, _: messages.CurrentMarks) -> rpc.Answer:
        payload, buffers = self._marks_payload()
        return rpc.Answer(payload, tuple(buffers))

    def _marks_command(self, page: str | None = None) -> _Message:
        payload, buffers = self._marks_payload()
        return Command("marks", payload, page=page), buffers

    def _marks_payload(self) -> tuple[Mapping[str, Any], list[memoryview]]:
        with self._lock:
            return marks_payload(self._host.current_marks(), self._marks_revision, self._host.n_cells)

    def _broadcast(self, without: str | None = None) -> None:
        self.carrier.send_latest("selection", lambda: self._selection_command(without=without))
        self._again.sent()

    def _selection_command(self, page: str | None = None, without: str | None = None) -> _Message:
        payload, data = self._selection_payload()
        return Command("selection", payload, page=page, without=without), [data]

    def _selection_payload(self) -> tuple[Mapping[str, Any], memoryview]:
        with self._lock:
            return selection_payload(self._published, self._revision)

    def _send_again(self) -> float | None:
        """Send each page what it has not seen; messages get lost where a connection breaks.

        Returns:
            Seconds until the next look; None where every page has all.
        """
        if self.carrier.waiting:  # not even sent
            return PATIENCE[0]
        with self._lock:
            now = time.monotonic()
            looks = []
            for page in self._pages.values():
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
            yield partial(self.carrier.send, command)
        name = page.name
        if page.selection < self._revision:
            yield partial(self.carrier.send_latest, f"selection {name}", lambda: self._selection_command(name))
        if page.marks < self._marks_revision:
            yield partial(self.carrier.send_latest, f"marks {name}", lambda: self._marks_command(name))
        if self._host.traits_since(page.updates, name)[1]:
            yield partial(self._send_unseen_traits, page)

    def _send_unseen_traits(self, page: Page) -> None:
        def make() -> _Message:
            with self._lock:
                now, values = self._host.traits_since(page.updates, page.name)
                news = {"now": now, "since": page.updates, "taken": page.seq}
            return Command("traits", {"values": values, **news}, page=page.name), []

        self.carrier.send_latest(f"traits {page.name}", make)

    # -- hooks -------------------------------------------------------------------------------------------------------

    def _tell(self, name: str, event: HookEvent) -> None:
        """Make an event the last one, and put it before those who wait for it and before the hooks."""
        self.latest.tell(name, event)
        self.waits.tell(name, event)
        self.dispatcher.submit(name, event)

    def _tell_hooks(self, source: str, cells: EncodedCells) -> None:
        lazy = {
            "cells": lambda: cells.positions.tolist(),
            "indices": lambda: cells.positions,
            "names": self._host.names_of(cells),
        }
        self._tell("selection", HookEvent({"source": source}, lazy, 4 * cells.count))

    def _hook_failed(self, event: str, error: BaseException) -> None:
        self._host.report("hook", f"A hook for {event!r} raised {type(error).__name__}: {error}")

    def _events_dropped(self) -> None:
        running = self.dispatcher.running
        what = "The hooks are" if running is None else f"The hook {running.hook}, for {running.event!r}, is"
        self._host.report(
            "hook",
            f"{what} slower than the events: the oldest that wait are dropped",
            "Do the work in a later cell, or register the hook with debounce=.",
        )


def _weight(value: object) -> int:
    """About how many bytes a JSON value holds in memory."""
    if isinstance(value, dict):
        return sum(len(key) + _weight(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(_weight, value))
    return len(value) if isinstance(value, str) else 8
