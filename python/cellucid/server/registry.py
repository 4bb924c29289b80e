"""Which datasets are served, each under a key that cannot be guessed."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellucid.dataset import Dataset


class Registry:
    """The datasets of a process, by key. A dataset that several widgets show is there until the last lets go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._datasets: dict[str, Dataset] = {}
        self._holders: dict[str, int] = {}

    def add(self, dataset: Dataset) -> str:
        """Serve a dataset; returns its key, the same for the same dataset."""
        with self._lock:
            key = self._key(dataset) or secrets.token_urlsafe(9)
            self._datasets[key] = dataset
            self._holders[key] = self._holders.get(key, 0) + 1
            return key

    def remove(self, dataset: Dataset) -> None:
        """Let go of a dataset once; one that is not there is not missed."""
        with self._lock:
            if (key := self._key(dataset)) is None:
                return
            self._holders[key] -= 1
            if self._holders[key] == 0:
                del self._datasets[key], self._holders[key]

    def find(self, key: str) -> Dataset | None:
        """The dataset of a key."""
        with self._lock:
            return self._datasets.get(key)

    def listing(self) -> list[tuple[str, Dataset]]:
        """Keys and datasets, the longest served first."""
        with self._lock:
            return list(self._datasets.items())

    def _key(self, dataset: Dataset) -> str | None:
        return next((key for key, known in self._datasets.items() if known is dataset), None)
