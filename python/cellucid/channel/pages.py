"""What is known of each page, and what it has not seen yet of all that was sent."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cellucid.channel.messages import Ack, Command, Seen, TransportChosen

PATIENCE = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds until what a page has not seen is sent again: at first, and each time that it still has not."""


@dataclass(slots=True)
class Page:
    """One page; a closed one is remembered, because its views may come back."""

    name: str
    state: Literal["new", "loading", "ready", "closed", "outdated"] = "new"
    seq: int = 0  # of the last event
    road: TransportChosen | None = None
    ack: Ack | None = None  # of the last selection, or of what was refused
    updates: int = 0  # the last that the page has of what Python tells
    selection: int = 0
    marks: int = 0
    _number: int = 0  # of the last command
    _unseen: deque[Command] = field(default_factory=deque)

    @property
    def there(self) -> bool:
        """Whether somebody may be looking."""
        return self.state in ("loading", "ready")

    def command(self, name: str, payload: Mapping[str, Any]) -> Command:
        """The page's next command; kept until it was seen."""
        self._number += 1
        command = Command(name, payload, self._number, page=self.name)
        self._unseen.append(command)
        return command

    def unseen_commands(self) -> list[Command]:
        """Commands that may have been lost, oldest first."""
        return list(self._unseen)

    def has_seen(self, seen: Seen) -> None:
        """Note what has come to the page."""
        self.updates, self.selection, self.marks = seen.updates, seen.selection, seen.marks
        while self._unseen and self._unseen[0].number <= seen.commands:
            self._unseen.popleft()
        if seen.commands + len(self._unseen) != self._number:  # what was forgotten would leave a gap
            self._number = seen.commands + len(self._unseen)
            first = seen.commands + 1
            self._unseen = deque(replace(command, number=first + at) for at, command in enumerate(self._unseen))

    def forget(self) -> None:
        """Nobody looks any more: what it has not seen is of no use."""
        self._unseen.clear()


class Again:
    """Calls back some time after something was sent, and ever more rarely while that changes nothing.

    Args:
        send: sends again what has not arrived; returns whether there was anything.
        name: part of the name of the thread that waits.
    """

    def __init__(self, send: Callable[[], bool], name: str) -> None:
        self._send = send
        self._name = name
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._attempt = 0
        self._closed = False

    def sent(self) -> None:
        """Something was sent: look in a while whether it has arrived."""
        with self._lock:
            if self._timer is None and not self._closed:
                self._timer = threading.Timer(PATIENCE[min(self._attempt, len(PATIENCE) - 1)], self._look)
                self._timer.name = f"cellucid-again-{self._name}"
                self._timer.daemon = True
                self._timer.start()

    def heard(self) -> None:
        """A page says what it has seen: there is somebody."""
        self._attempt = 0

    def close(self) -> None:
        """Call back no more. Idempotent."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()

    def _look(self) -> None:
        with self._lock:
            self._timer = None
        if self._send():
            self._attempt += 1
            self.sent()
        else:
            self._attempt = 0
