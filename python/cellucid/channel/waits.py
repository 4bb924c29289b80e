"""Waiting for events: from the moment of the call, on any thread or in an event loop."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cellucid.channel.hooks import HookEvent

_STEP = 0.2  # s between two looks at whether it still makes sense to wait


class Waiter:
    """One place in the list: keeps what happens from now on until somebody takes it."""

    def __init__(self, name: str, tell: Callable[[], None] | None) -> None:
        self.name = name
        self._tell = tell
        self._changed = threading.Condition()
        self._events: deque[HookEvent] = deque()

    def put(self, event: HookEvent) -> None:
        """Add an event."""
        with self._changed:
            self._events.append(event)
            self._changed.notify()
        if self._tell is not None:
            self._tell()

    def take(self) -> HookEvent | None:
        """The oldest event that nobody has taken; None where there is none."""
        with self._changed:
            return self._events.popleft() if self._events else None

    def wait(
        self, timeout: float | None, check: Callable[[float], None], predicate: Callable[[HookEvent], object] | None
    ) -> HookEvent | None:
        """The next event that will do; None when there is none in time.

        Args:
            timeout: seconds; None waits for ever.
            check: called now and then with the seconds since the start; may raise.
            predicate: which event will do; None for any.
        """
        start = time.monotonic()
        while True:
            while (event := self.take()) is not None:
                if predicate is None or predicate(event):
                    return event
            waited = time.monotonic() - start
            if timeout is not None and waited >= timeout:
                return None
            check(waited)
            with self._changed:
                if not self._events:
                    self._changed.wait(_STEP if timeout is None else min(timeout - waited, _STEP))


class Waits:
    """Who waits for which events. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: list[Waiter] = []

    @contextmanager
    def waiter(self, name: str, tell: Callable[[], None] | None = None) -> Iterator[Waiter]:
        """A place in the list for events of a name, ``"message"`` for all; ``tell`` is called after each."""
        waiter = Waiter(name, tell)
        with self._lock:
            self._waiters.append(waiter)
        try:
            yield waiter
        finally:
            with self._lock:
                self._waiters.remove(waiter)

    def tell(self, name: str, event: HookEvent, *, to_all: bool = True) -> None:
        """Put an event before everybody who waits for it; ``to_all``: also before those who wait for any."""
        with self._lock:
            waiters = list(self._waiters)
        for waiter in waiters:
            if waiter.name == name:
                waiter.put(event)
            elif waiter.name == "message" and to_all:
                waiter.put(event.named(name))
