"""What is known of each page, and what it has not seen yet of all that was sent."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cellucid.channel.messages import Ack, Command, Seen, TransportChosen

logger = logging.getLogger("cellucid.jupyter")

PATIENCE = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds until what a page has not seen is sent again: at first, and each time that it still has not."""

KEPT = 1000
"""Commands of a page that may be sent again."""

WINDOW = 50
"""Commands that are sent again at a time."""


@dataclass(slots=True)
class Page:
    """One page; a closed one is remembered, because its views may come back."""

    name: str
    state: Literal["new", "loading", "ready", "closed", "outdated"] = "new"
    seq: int = 0  # of the last event
    road: TransportChosen | None = None
    text: bool = False  # its last request wanted buffers as text
    ack: Ack | None = None  # of the last selection, or of what was refused
    updates: int = 0  # the last that the page has of what Python tells
    selection: int = 0
    marks: int = 0
    attempt: int = 0  # how often something was sent again since the page last spoke
    due: float = 0.0  # by the monotonic clock: when to look again
    _epoch: int = 1
    _number: int = 0  # of the epoch's last command
    _commands: int = 0  # of the epoch's last command that the page has
    _unseen: deque[Command] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def there(self) -> bool:
        """Whether somebody may be looking."""
        return self.state in ("loading", "ready")

    def command(self, name: str, payload: Mapping[str, Any]) -> Command:
        """The page's next command; kept until it was seen."""
        self._number += 1
        command = Command(name, payload, self._number, self._epoch, page=self.name)
        self._unseen.append(command)
        return command

    def unseen_commands(self) -> list[Command]:
        """The first of the commands that may have been lost."""
        if self._unseen and self._unseen[0].number > self._commands + 1:
            self._count_anew()  # one that is no longer kept was lost: the page waits for it in vain
        return [command for command, _ in zip(self._unseen, range(WINDOW), strict=False)]

    def has_seen(self, seen: Seen) -> None:
        """Note what has come to the page."""
        self.updates = max(self.updates, seen.updates)
        self.selection = max(self.selection, seen.selection)
        self.marks = max(self.marks, seen.marks)
        if seen.epoch == self._epoch:
            self._commands = max(self._commands, min(seen.commands, self._number))
            while self._unseen and self._unseen[0].number <= self._commands:
                self._unseen.popleft()

    def forget(self) -> None:
        """Nobody looks any more: commands that were not seen are of no use."""
        self._unseen.clear()
        self._count_anew()

    def spoke(self) -> None:
        """Something has come from the page: it is worth trying."""
        self.attempt = 0
        self.due = 0.0

    def tried(self, now: float) -> None:
        """Something was sent again; the next time is later."""
        self.due = now + PATIENCE[min(self.attempt, len(PATIENCE) - 1)]
        self.attempt += 1

    def _count_anew(self) -> None:
        self._epoch += 1
        self._commands = 0
        self._number = len(self._unseen)
        kept = (replace(each, number=at + 1, epoch=self._epoch) for at, each in enumerate(self._unseen))
        self._unseen = deque(kept, maxlen=KEPT)


class Pages:
    """The pages of one widget, the newest last. Who changes one holds the conversation's lock."""

    def __init__(self) -> None:
        self._known: dict[str, Page] = {}

    def __iter__(self) -> Iterator[Page]:
        return iter(list(self._known.values()))

    def __len__(self) -> int:
        return len(self._known)

    def known(self, name: str) -> Page | None:
        """The page of this name; None where it has never spoken."""
        return self._known.get(name)

    def page(self, name: str) -> Page:
        """The page of this name, a new one where it speaks for the first time."""
        return self._known.setdefault(name, Page(name))

    @property
    def there(self) -> list[Page]:
        """Those that somebody may be looking at."""
        return [page for page in self if page.there]

    def wants_text(self, name: str | None) -> bool:
        """Whether a page wants buffers as text; without a name, whether any does."""
        return any(page.text for page in self.there if name in (None, page.name))


class Again:
    """Calls back some time after something was sent.

    Args:
        look: sends again what has not arrived; returns in how many seconds to look again, or None where all has.
        name: part of the name of the thread that waits.
    """

    def __init__(self, look: Callable[[], float | None], name: str) -> None:
        self._look = look
        self._name = name
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._at = 0.0
        self._closed = False

    def sent(self, wait: float | None = None) -> None:
        """Something was sent: look in a while whether it has arrived."""
        wait = PATIENCE[0] if wait is None else wait
        with self._lock:
            at = time.monotonic() + wait
            if self._closed or (self._timer is not None and self._at <= at):
                return
            if self._timer is not None:
                self._timer.cancel()
            self._at = at
            self._timer = threading.Timer(wait, self._call)
            self._timer.name = f"cellucid-again-{self._name}"
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        """Call back no more. Idempotent."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()

    def _call(self) -> None:
        with self._lock:
            self._timer = None
        try:
            wait = self._look()
        except Exception:
            logger.exception("what may be lost was not sent again")
            wait = PATIENCE[-1]
        if wait is not None:
            self.sent(wait)
