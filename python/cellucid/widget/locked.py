"""A widget whose traits may be set from any thread."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType

import anywidget

from cellucid.dataset.lock import let_go


class TraitLock:
    """Re-entrant. Its holder may wait for data; so who holds data and waits for it lets go of them for that time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if self._lock.acquire(blocking=False):
            return
        taken = False
        try:
            with let_go():
                taken = self._lock.acquire()
        except BaseException:  # the stop button
            if taken:
                self._lock.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


class LockedWidget(anywidget.AnyWidget):
    """Keeps every notification, whichever threads set traits, by one lock round all of ipywidgets' ways to do so.

    ipywidgets swaps ``notify_change`` on the instance while it applies a state; a trait set on another thread meanwhile
    would be merged away.
    """

    # One for all widgets: observers run under it, and those of linked widgets set each other's traits from any thread.
    _lock = TraitLock()

    def set_trait(self, name: str, value: object) -> None:
        """Set a trait, read-only ones included."""
        with self._lock:
            super().set_trait(name, value)

    def _notify_trait(self, name: str, old_value: object, new_value: object) -> None:
        with self._lock:
            super()._notify_trait(name, old_value, new_value)

    @contextmanager
    def hold_trait_notifications(self) -> Generator[None, None, None]:
        """Bundle notifications; other threads wait."""
        with self._lock, super().hold_trait_notifications():
            yield

    @contextmanager
    def hold_sync(self) -> Generator[None, None, None]:
        """Bundle what is sent to the pages; other threads wait."""
        with self._lock, super().hold_sync():
            yield
