"""The Jupyter comm as a carrier: checked messages in, messages with buffers out, and how many bytes that was."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from cellucid.channel.checks import BadMessage
from cellucid.channel.messages import (
    BadEvent,
    Cancel,
    Command,
    Downstream,
    Event,
    Part,
    Request,
    Seen,
    encode,
    parse,
)
from cellucid.channel.pace import Pace
from cellucid.channel.parts import Parts

logger = logging.getLogger("cellucid.jupyter")

Send = Callable[[dict[str, Any], Sequence[memoryview]], None]
Receive = Callable[[Request | Cancel | Event | Seen, list[memoryview]], None]


class CommCarrier:
    """Moves the messages of one widget over its comm, or over what `send` takes for it in a browser tab.

    Args:
        send: hands one message to the comm, in practice ``widget.send``.
        receive: gets every checked message, on the thread where the comm delivers it.
        pace: how fast messages may leave.
        owner: whose messages these are: they keep their order.
        wants_text: whether a page, or one of all where it is None, takes buffers better as base64 in the message.
    """

    def __init__(
        self,
        send: Send,
        receive: Receive,
        pace: Pace,
        owner: Hashable = None,
        wants_text: Callable[[str | None], bool] = lambda _: False,
    ) -> None:
        self._send = send
        self._receive = receive
        self._pace = pace
        self._owner = owner
        self._wants_text = wants_text
        # Replies come from pool threads and commands from anywhere; a revision must not overtake an older one.
        self._lock = threading.Lock()
        self._parts = Parts()
        self._parts_lock = threading.Lock()
        self.bytes_sent = 0
        self.bytes_received = 0

    def send(self, message: Downstream, buffers: Sequence[memoryview] = (), *, text: bool = False) -> None:
        """Send one message to the browser: a command in its turn, all else at once. Safe from any thread.

        Args:
            message: what is said.
            buffers: the bytes that belong to it.
            text: send these as base64 in the message; of a command the page decides, by what it asked for last.
        """
        if isinstance(message, Command):
            self._pace.send(lambda: self._command(message, buffers), owner=self._owner)
        else:
            self._pace.spend()
            self._transmit(message, buffers, text)

    def send_latest(self, name: str, make: Callable[[], tuple[Command, Sequence[memoryview]]]) -> None:
        """Send a command that is made when it leaves, and that takes back one of the same name which has not left."""
        self._pace.send(lambda: self._command(*make()), key=name, owner=self._owner)

    @property
    def waiting(self) -> bool:
        """Whether messages wait for their turn."""
        return self._pace.holds(self._owner)

    def _command(self, command: Command, buffers: Sequence[memoryview]) -> None:
        self._transmit(command, buffers, bool(buffers) and self._wants_text(command.page))

    def _transmit(self, message: Downstream, buffers: Sequence[memoryview], text: bool) -> None:
        content, beside = encode(message), list(buffers)
        if text and beside:
            content["text"], beside = [base64.b64encode(buffer).decode() for buffer in beside], []
        with self._lock:
            self._send(content, beside)
            self.bytes_sent += sum(buffer.nbytes for buffer in buffers)

    def receive(self, content: object, buffers: Sequence[bytes | memoryview]) -> None:
        """Take one message from the browser. A bad one is logged and dropped, never raised into the comm."""
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        self.bytes_received += sum(view.nbytes for view in views)
        try:
            message = parse(content)
            if isinstance(message, Part):
                if message.text is not None:
                    self.bytes_received += len(message.text) // 4 * 3 - message.text.count("=")
                with self._parts_lock:
                    whole = self._parts.take(message, views)
                messages = [(parse(one), own) for one, own in whole]
            else:
                messages = [(message, views)]
        except BadMessage as error:
            logger.warning("dropped a message from the viewer: %s", error)
            if not isinstance(error, BadEvent):
                return
            messages = [(error.as_event, [])]
        for one, own in messages:
            if not isinstance(one, Part):
                self._receive(one, own)

    def close(self) -> None:
        """Forget messages that have not come whole."""
        with self._parts_lock:
            self._parts.clear()
