"""Hooks: the functions that users register, and the one thread that calls them."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

logger = logging.getLogger("cellucid.hooks")

Hook = Callable[[Mapping[str, Any]], object]
Around = Callable[[], AbstractContextManager[None]]
_Hook = TypeVar("_Hook", bound=Callable[..., object])

MAX_EVENTS = 10_000
MAX_BYTES = 256 * 1024 * 1024


class HookEvent(Mapping[str, Any]):
    """What a hook gets: read-only keys, of which the costly ones are made when first read.

    Args:
        values: what is at hand.
        lazy: how to make the rest.
        nbytes: memory that a waiting event holds.
    """

    def __init__(
        self, values: Mapping[str, Any], lazy: Mapping[str, Callable[[], Any]] | None = None, nbytes: int = 0
    ) -> None:
        self._values = dict(values)
        self._lazy = dict(lazy or {})
        self._keys = (*self._values, *self._lazy)
        self._lock = threading.Lock()
        self.nbytes = nbytes

    def __getitem__(self, key: str) -> Any:
        with self._lock:
            if key not in self._lazy:
                return self._values[key]
            make = self._lazy[key]
        value = make()  # reads the data, for which it may wait
        with self._lock:
            self._lazy.pop(key, None)
            return self._values.setdefault(key, value)

    def __contains__(self, key: object) -> bool:
        return key in self._keys  # Mapping's own would make the value

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def named(self, name: str) -> HookEvent:
        """The same event with its name as the key ``event``, as those get it who listen to all."""
        return HookEvent({"event": name}, {key: partial(self.__getitem__, key) for key in self if key != "event"})

    def __repr__(self) -> str:
        with self._lock:
            shown = [f"{key}={'…' if key in self._lazy else repr(self._values[key])[:60]}" for key in self._keys]
        return f"HookEvent({', '.join(shown)})"


@dataclass(frozen=True, eq=False, slots=True)
class Registration:
    """A hook, the seconds of quiet it wants before it is called with the latest event, and the context of its calls."""

    hook: Hook
    debounce: float
    around: Around


class HookRegistry:
    """Which functions want which events. Safe to change from any thread, also while an event is being dispatched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: dict[str, list[Registration]] = {}

    def register(self, event: str, hook: _Hook, debounce: float | None = None, around: Around = nullcontext) -> _Hook:
        """Add a hook; the same function may be added several times and then runs as often.

        Args:
            event: its name.
            hook: takes the event.
            debounce: seconds of quiet that the hook wants.
            around: makes the context in which the hook is called, on the thread that calls it.

        Raises:
            TypeError: ``hook`` cannot be called.
            ValueError: ``debounce`` is no number of seconds.
        """
        if not callable(hook):
            raise TypeError(f"a hook is a function that takes the event, got {type(hook).__name__}")
        if debounce is not None and not (isinstance(debounce, int | float) and 0 <= debounce < float("inf")):
            raise ValueError(f"debounce: expected seconds, got {debounce!r}")
        with self._lock:
            self._hooks.setdefault(event, []).append(Registration(hook, debounce or 0.0, around))
        return hook

    def unregister(self, event: str, hook: Hook) -> bool:
        """Take out the first registration of a hook; False when there is none."""
        with self._lock:
            hooks = self._hooks.get(event, [])
            for registration in hooks:
                if registration.hook == hook:
                    hooks.remove(registration)
                    return True
            return False

    def clear(self, event: str | None = None) -> None:
        """Take out the hooks of one event, or all."""
        with self._lock:
            if event is None:
                self._hooks.clear()
            else:
                self._hooks.pop(event, None)

    def counts(self) -> dict[str, int]:
        """How many hooks each event has."""
        with self._lock:
            return {event: len(hooks) for event, hooks in self._hooks.items() if hooks}

    def of(self, event: str) -> tuple[Registration, ...]:
        """The hooks of an event as they are now."""
        with self._lock:
            return tuple(self._hooks.get(event, ()))


@dataclass(frozen=True, slots=True)
class Running:
    """A hook that has not returned."""

    hook: str
    event: str
    since: float
    """``time.monotonic()`` when it was called."""


class Dispatcher:
    """Calls hooks in order on a thread of its own, so that a slow hook stalls neither comm nor data.

    ``async def`` hooks are awaited there, each in an event loop of its own.

    A hook that wants some quiet is called with the latest event once that long none has come. Of hovers that wait in a
    row the latest counts. Behind a hook that does not return the queue holds ``max_events`` events or ``max_bytes``
    bytes, then drops the oldest.

    Args:
        name: ends the thread's name, ``cellucid-hooks-<name>``.
        registry: whom to call.
        on_error: told the event's name and what a hook raised, after it was logged.
        on_drop: told when events begin to be dropped.
    """

    def __init__(
        self,
        name: str,
        registry: HookRegistry,
        on_error: Callable[[str, BaseException], None],
        on_drop: Callable[[], None] = lambda: None,
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._name = name
        self._registry = registry
        self._on_error = on_error
        self._on_drop = on_drop
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._changed = threading.Condition()
        self._queue: deque[tuple[str, HookEvent]] = deque()
        self._bytes = 0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._due: dict[Registration, tuple[float, str, HookEvent]] = {}  # of the thread alone: when, and with what
        self._running: Running | None = None
        self._dropping = False
        self.dropped = 0

    @property
    def thread_name(self) -> str:
        """Of the thread that calls hooks."""
        return f"cellucid-hooks-{self._name}"

    @property
    def running(self) -> Running | None:
        """The hook that runs now."""
        return self._running

    @property
    def waiting(self) -> int:
        """Events that no hook has begun with."""
        with self._changed:
            return len(self._queue)

    def submit(self, name: str, event: HookEvent) -> None:
        """Queue an event for the hooks of ``name``; returns at once. Nothing is kept when nobody listens."""
        if not self._registry.of(name) and not self._registry.of("message"):
            return
        with self._changed:
            if self._closed:
                return
            if name == "hover" and self._queue and self._queue[-1][0] == name:
                self._bytes -= self._queue.pop()[1].nbytes  # only the latest place of the pointer counts
            self._queue.append((name, event))
            self._bytes += event.nbytes
            begins = self._make_room() and not self._dropping
            self._dropping |= begins
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self.thread_name, daemon=True)
                self._thread.start()
            self._changed.notify()
        if begins:
            self._on_drop()

    def _make_room(self) -> bool:
        """Whether something had to go."""
        before = self.dropped
        while len(self._queue) > self._max_events or (self._bytes > self._max_bytes and len(self._queue) > 1):
            _, oldest = self._queue.popleft()
            self._bytes -= oldest.nbytes
            self.dropped += 1
        return self.dropped > before

    def close(self) -> None:
        """Let the running hook finish and drop what waits. Idempotent, also from inside a hook."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._bytes = 0
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed and (pause := self._pause()) != 0:
                    self._changed.wait(pause)
                if self._closed:
                    return
                taken = self._queue.popleft() if self._queue else None
                self._dropping &= bool(self._queue)
                self._bytes -= 0 if taken is None else taken[1].nbytes
            self._call_what_is_due()
            if taken is None:
                continue
            name, event = taken
            for registration in self._registry.of("message"):
                self._begin(registration, name, event.named(name))
            for registration in self._registry.of(name) if name != "message" else ():
                self._begin(registration, name, event)

    def _pause(self) -> float | None:
        """Seconds until a hook has had its quiet; None while none waits for that."""
        if not self._due:
            return None
        return max(min(due for due, _, _ in self._due.values()) - time.monotonic(), 0)

    def _begin(self, registration: Registration, name: str, event: HookEvent) -> None:
        if registration.debounce > 0:
            self._due[registration] = (time.monotonic() + registration.debounce, name, event)
        else:
            self._call(name, registration, event)

    def _call_what_is_due(self) -> None:
        now = time.monotonic()
        for registration, (due, name, event) in list(self._due.items()):
            if due <= now:
                del self._due[registration]
                if registration in (*self._registry.of(name), *self._registry.of("message")):
                    self._call(name, registration, event)

    def _call(self, name: str, registration: Registration, event: HookEvent) -> None:
        if self._closed:  # by the hook before this one
            return
        hook = registration.hook
        self._running = Running(name_of(hook), name, time.monotonic())
        try:
            with registration.around():
                self._run_one(name, hook, event)
        except Exception:  # the hook's own are caught: nothing may end this thread
            logger.exception("hook %s for %r was not called", name_of(hook), name)
        finally:
            self._running = None

    def _run_one(self, name: str, hook: Hook, event: HookEvent) -> None:
        try:
            result = hook(event)
            if inspect.isawaitable(result):
                asyncio.run(_finish(result))
        except BaseException as error:  # the next hook runs whatever this one raised, sys.exit() included
            logger.exception("hook %s for %r raised", name_of(hook), name)
            try:
                self._on_error(name, error)
            except Exception:  # observers of `errors` are users' code as well
                logger.exception("an error of a hook could not be reported")


def name_of(hook: Hook) -> str:
    """What to call a hook in a message."""
    return str(getattr(hook, "__qualname__", hook))


async def _finish(result: Awaitable[object]) -> None:
    await result
