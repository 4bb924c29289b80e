"""Keeps what was read last, up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cellucid.dataset.resource import Resource


class ResourceCache:
    """The most recently used resources, bounded by the sum of their bytes. Safe to use from several threads.

    A resource that several threads ask for at once is made once; different ones are made side by side.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Resource] = OrderedDict()
        self._nbytes = 0
        self._lock = Lock()
        self._makers: dict[str, Lock] = {}
        self._n_cleared = 0

    @property
    def nbytes(self) -> int:
        """Bytes that are kept now."""
        return self._nbytes

    def get(self, path: str, make: Callable[[], Resource]) -> Resource:
        """The resource kept for a path, made and kept if there is none."""
        with self._lock:
            if (kept := self._find(path)) is not None:
                return kept
            maker = self._makers.setdefault(path, Lock())
            n_cleared = self._n_cleared
        with maker:
            with self._lock:
                if (kept := self._find(path)) is not None:
                    return kept
            try:
                made = make()
                with self._lock:
                    if n_cleared == self._n_cleared:
                        self._keep(path, made)
            finally:
                with self._lock:
                    self._makers.pop(path, None)
        return made

    def find(self, path: str) -> Resource | None:
        """The resource kept for a path, if there is one."""
        with self._lock:
            return self._find(path)

    def keep(self, path: str, made: Resource) -> Resource:
        """Keeps what was made elsewhere, unless another thread was first; returns what is kept."""
        with self._lock:
            if (kept := self._find(path)) is not None:
                return kept
            self._keep(path, made)
            return made

    def drop(self, path: str) -> None:
        """Forgets what is kept for a path."""
        with self._lock:
            if (kept := self._kept.pop(path, None)) is not None:
                self._nbytes -= kept.nbytes

    def clear(self) -> None:
        """Forgets everything, what is being made included."""
        with self._lock:
            self._n_cleared += 1
            self._kept.clear()
            self._nbytes = 0

    def _find(self, path: str) -> Resource | None:
        kept = self._kept.get(path)
        if kept is not None:
            self._kept.move_to_end(path)
        return kept

    def _keep(self, path: str, made: Resource) -> None:
        # One larger than the bound would push out everything else and then itself.
        if made.nbytes > self._max_bytes or path in self._kept:
            return
        self._kept[path] = made
        self._nbytes += made.nbytes
        while self._nbytes > self._max_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._nbytes -= dropped.nbytes
