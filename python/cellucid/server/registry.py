"""Which datasets are served, each under a key that cannot be guessed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellucid.dataset import Dataset

KEY = r"[A-Za-z0-9_-]{12}"
"""What a key looks like."""


@dataclass(frozen=True, eq=False, slots=True)
class Served:
    """A dataset on the server, and what is said about it without a look at the data: it may be slow, or closed."""

    key: str
    dataset: Dataset
    id: str
    name: str
    storage: str
    n_cells: int
    n_genes: int

    @property
    def path(self) -> str:
        """Where its resources are, with a slash at both ends."""
        return f"/d/{self.key}/"


class Registry:
    """The datasets of a process, by key. A dataset that several widgets show is there until the last lets go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: dict[str, Served] = {}
        self._holders: dict[str, int] = {}
        self._listeners: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {}

    def add(self, dataset: Dataset) -> Served:
        """Serve a dataset; the same dataset has the same key.

        Raises:
            DatasetError: It is closed.
        """
        new = Served(
            key=secrets.token_urlsafe(9),
            dataset=dataset,
            id=dataset.id,
            name=dataset.name,
            storage=dataset.storage,
            n_cells=dataset.n_cells,
            n_genes=dataset.n_genes,
        )
        with self._lock:
            served = self._of(dataset) or new
            self._served[served.key] = served
            self._holders[served.key] = self._holders.get(served.key, 0) + 1
            return served

    def remove(self, dataset: Dataset) -> None:
        """Let go of a dataset once; one that is not there is not missed."""
        with self._lock:
            if (served := self._of(dataset)) is None:
                return
            self._holders[served.key] -= 1
            if self._holders[served.key] == 0:
                del self._served[served.key], self._holders[served.key]

    def listen(self, viewer_id: str, take: Callable[[bytes], list[dict[str, Any]]] | None) -> None:
        """Hand the events of a viewer to a function, which returns their acks; None hands them to nobody any more."""
        with self._lock:
            if take is None:
                self._listeners.pop(viewer_id, None)
            else:
                self._listeners[viewer_id] = take

    def listener(self, viewer_id: str) -> Callable[[bytes], list[dict[str, Any]]] | None:
        """Who takes the events of a viewer."""
        with self._lock:
            return self._listeners.get(viewer_id)

    def find(self, key: str) -> Served | None:
        """What is served under a key."""
        with self._lock:
            return self._served.get(key)

    def listing(self) -> list[Served]:
        """What is served, the longest served first."""
        with self._lock:
            return list(self._served.values())

    def _of(self, dataset: Dataset) -> Served | None:
        return next((served for served in self._served.values() if served.dataset is dataset), None)
