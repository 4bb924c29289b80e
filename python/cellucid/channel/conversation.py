"""What one widget and the pages that show it say to each other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from typing import Any

from cellucid.channel import messages, rpc
from cellucid.channel.checks import BadMessage
from cellucid.channel.comm import CommCarrier, Send
from cellucid.channel.events import Events
from cellucid.channel.host import Host
from cellucid.channel.listeners import Listeners
from cellucid.channel.messages import Ack, Cancel, Event, Request, Seen
from cellucid.channel.pace import PACE, Pace
from cellucid.channel.pages import Page, Pages
from cellucid.channel.posted import unpack
from cellucid.channel.publisher import Publisher
from cellucid.channel.push import Push

logger = logging.getLogger("cellucid.jupyter")

_OUTDATED = {"code": "outdated", "message": "the widget shows other data by now", "hint": "The page starts afresh."}

_MAX_TAKEN = 20  # pages of which every update speaks: the newest


class Conversation:
    """Takes what pages say, each event once and in its order; answers requests.

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
        self.pages = Pages()
        self.carrier = CommCarrier(send, self._route, pace, owner=name, wants_text=self.pages.wants_text)
        self._requests = rpc.RequestServer(
            self.carrier,
            {
                messages.Read: self._read,
                messages.CurrentSelection: self._current_selection,
                messages.CurrentMarks: self._current_marks,
                messages.Connect: lambda _: rpc.Answer(self._host.server()),
            },
        )
        self._listeners = Listeners(host, name)
        self.hooks, self.waits = self._listeners.hooks, self._listeners.waits
        self.latest, self.dispatcher = self._listeners.latest, self._listeners.dispatcher
        self.publisher = Publisher(host, self.carrier, self.pages, lock, name)
        self._events = Events(host, self.carrier, self.pages, self.publisher, self._listeners, lock)
        self.asks = self._events.asks
        self.push = Push(self.carrier, host.read_piece, self._shown, name)
        self.heard_by_http = False
        """Whether a page has ever reached us by HTTP with an event."""
        self.heard_beside_main = False
        """Whether the comm was ever served on another thread than the main one, which a cell blocks."""

    # -- by which road -----------------------------------------------------------------------------------------------

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
                raise BadMessage("message.kind: by HTTP only events are taken")
            try:
                ack = self._event(message, buffers)
            except Exception as error:  # an observer's
                logger.exception("an event from the viewer was not handled")
                self._host.report("observer", f"{type(error).__name__}: {error}", "")
                continue
            if ack is not None:
                acks.append(messages.encode(ack))
        return acks

    def page_left(self, page: str) -> None:
        """A page has gone without a word."""
        self._events.page_left(page)

    def _heard_by_http(self) -> None:
        self.heard_by_http = True
        self.push.heard()

    def _receive(self, content: object, buffers: Sequence[bytes | memoryview]) -> None:
        self.push.heard()
        try:
            self.carrier.receive(content, buffers)
        except Exception as error:  # ipykernel would log it where nobody looks
            logger.exception("a message from the viewer was not handled")
            self._host.report(
                "observer", f"{type(error).__name__}: {error}", "Full traceback in the log cellucid.jupyter."
            )

    # -- what the widget says and asks -------------------------------------------------------------------------------

    def selection_changed(self) -> None:
        """Publish the widget's selection, unless it is what the pages hold already, and tell the hooks."""
        with self._lock:
            self.publisher.publish_selection()
            self._listeners.tell_selection(self.publisher.source, self.publisher.selection)

    def data_changed(self) -> None:
        """Take no more events from the pages that there are: they saw other cells. Each starts afresh as a new page."""
        with self._lock:
            for page in self.pages:
                page.state = "outdated"
            self._events.tell_host()

    def traits_sent(self) -> None:
        """An update of the widget's traits has left, by ipywidgets' own message."""
        if len(self.pages):
            self.publisher.sent()

    def taken(self) -> Mapping[str, int]:
        """The number of the last event that was taken of each page."""
        with self._lock:
            return {page.name: page.seq for page in list(self.pages)[-_MAX_TAKEN:]}

    @property
    def newest_page(self) -> str | None:
        """The page that began last, of those that are there."""
        with self._lock:
            there = self.pages.there
            return there[-1].name if there else None

    def close(self) -> None:
        """Stop dispatching, and refuse what is asked from now on. Idempotent."""
        self.push.close()
        self.publisher.close()
        self._requests.close()
        self._listeners.close()
        self.carrier.close()

    def _shown(self, changed: AbstractSet[str], since: float) -> tuple[int, Iterable[str]] | None:
        """What pages read to draw what has changed; None where nobody looks, or who looks reads by HTTP."""
        with self._lock:
            there = [page.road for page in self.pages.there]
            by_http = (
                self.heard_by_http
                or self._host.reads_by_http(since)
                or any(road is not None and road.base is not None for road in there)
            )
            return None if by_http or (len(self.pages) and not there) else self._host.shown(changed)

    # -- what pages say ----------------------------------------------------------------------------------------------

    def _route(self, message: Request | Cancel | Event | Seen, buffers: list[memoryview]) -> None:
        match message:
            case Seen():
                self.publisher.seen(message)
            case Request(page, number, messages.Ping()):
                self.carrier.send(messages.Reply(page, number, {}))
            case Request():
                self._request(message)
            case Cancel():
                self._requests.cancel(message.page, message.id)
            case Event():
                self._event(message, buffers)

    def _request(self, request: Request) -> None:
        page = self.pages.known(request.page)
        if page is None:
            page = self.pages.page(request.page)
            self._events.set_page(page, "loading")
        page.text = request.text
        if page.state == "outdated":  # it would take the answer for that of its own data
            self.carrier.send(messages.Failure(request.page, request.id, _OUTDATED))
            self.publisher.send_unseen_traits(page)
        else:
            self._requests.submit(request)

    def _event(self, event: Event, buffers: list[memoryview]) -> Ack | None:
        """Take an event once, in its page's order; returns what has been taken by now."""
        with self._lock:  # for all of it: the same event may come by two roads at a time
            page = self.pages.page(event.page)
            page.spoke()
            if page.state == "new":  # where a cell runs, its events come before its requests
                self._events.set_page(page, "loading")
            if event.seq == 0:  # the latest counts, none is missed
                self._events.take(event, page, buffers)
                return None
            if event.seq == page.seq + 1:
                page.seq = event.seq
                self._events.take(event, page, buffers)
                if page.ack is not None and page.ack.seq == event.seq:
                    return page.ack  # sent already
            return self._acknowledge(page, event)

    def _acknowledge(self, page: Page, event: Event) -> Ack:
        revision = self.publisher.revision
        if page.ack is None:
            ack = Ack(event.page, page.seq, revision)
        elif page.ack.seq == event.seq:  # sent again, as its ack was late or lost
            ack = page.ack
        else:
            ack = Ack(event.page, page.seq, page.ack.revision)
        self.carrier.send(ack)
        if ack is page.ack and ack.revision != revision:  # the page may have missed what came after it
            self.publisher.broadcast_selection()
        return ack

    # -- what pages ask ----------------------------------------------------------------------------------------------

    def _read(self, wanted: messages.Read) -> rpc.Answer:
        return self._host.read_piece(wanted.path, wanted.offset, wanted.length)

    def _current_selection(self, _: messages.CurrentSelection) -> rpc.Answer:
        payload, data = self.publisher.selection_payload()
        return rpc.Answer(payload, (data,))

    def _current_marks(self, _: messages.CurrentMarks) -> rpc.Answer:
        payload, buffers = self.publisher.marks_payload()
        return rpc.Answer(payload, tuple(buffers))
