"""The lock of a dataset's data."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any


class DataLock:
    """Held while data are read; who holds it can change them, or slice a file, without another thread in between.

    Re-entrant. A thread that has to wait for another lock meanwhile lets go of it by `let_go`.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()
        _held().append(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held = _held()
        if held and held[-1] is self:  # else `let_go` was interrupted before it had taken it again
            held.pop()
            self._lock.release()


_making = threading.Lock()
_locks: dict[int, tuple[weakref.ref[Any], DataLock]] = {}  # by id: an AnnData has no hash


def lock_of(data: Any) -> DataLock:
    """The one lock of an object that holds data, for as long as it lives."""
    key = id(data)
    with _making:
        known = _locks.get(key)
        if known is None or known[0]() is not data:
            known = _locks[key] = (weakref.ref(data, lambda gone: _forget(key, gone)), DataLock())
        return known[1]


def _forget(key: int, gone: weakref.ref[Any]) -> None:
    # By the garbage collector, perhaps in the middle of `lock_of`: a lock is not taken here.
    if (known := _locks.get(key)) is not None and known[0] is gone:
        _locks.pop(key, None)


@contextmanager
def held(lock: threading.Lock) -> Iterator[None]:
    """Holds a lock, whose holder may be waiting for the data that this thread has locked."""
    if not lock.acquire(blocking=False):
        with let_go():
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


_threads = threading.local()


def _held() -> list[DataLock]:
    """The data locks of this thread, in the order in which it took them."""
    held: list[DataLock] | None = getattr(_threads, "held", None)
    if held is None:
        held = _threads.held = []
    return held


@contextmanager
def let_go() -> Iterator[None]:
    """Let go of the data locks of this thread, and take them again at the end.

    For the time in which a thread waits for a lock whose holder may be waiting for data.
    """
    held = list(_held())
    for lock in reversed(held):
        lock._lock.release()
    _held().clear()
    try:
        yield
    finally:
        for lock in held:
            lock._lock.acquire()  # may be interrupted: the rest is then no longer held
            _held().append(lock)
