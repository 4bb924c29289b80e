"""Which datasets are served, each under a key that cannot be guessed."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

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


class Said(Protocol):
    """One message to a tab."""

    @property
    def number(self) -> int: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def buffers(self) -> Sequence[memoryview]: ...  # noqa: D102


class Tab(Protocol):
    """What is said to one tab."""

    @property
    def epoch(self) -> str: ...  # noqa: D102
    @property
    def closed(self) -> bool: ...  # noqa: D102

    def after(self, number: int) -> Sequence[Said]:
        """What is kept of what was said after a number."""

    def find(self, number: int) -> Said | None:
        """What was said under a number, while it is kept."""

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` from any thread whenever something was said; returns what ends that."""


class Viewer(Protocol):
    """A widget whose pages the server serves."""

    @property
    def title(self) -> str: ...  # noqa: D102

    def take(self, body: bytes, tab: str | None) -> list[dict[str, Any]]:
        """Take what a page has posted, of a tab or of a notebook; ValueError names what does not fit."""

    def state(self) -> str:
        """The traits as JSON."""

    def tab(self, name: str) -> Tab:
        """The tab of a name."""


class Registry:
    """The datasets of a process, by key. A dataset that several widgets show is there until the last lets go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: dict[str, Served] = {}
        self._holders: dict[str, int] = {}
        self._asked: dict[str, float] = {}
        self._viewers: dict[str, Viewer] = {}

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
                self._asked.pop(served.key, None)

    def show(self, viewer_id: str, viewer: Viewer | None) -> None:
        """Serve a viewer's pages; None serves them no more."""
        with self._lock:
            if viewer is None:
                self._viewers.pop(viewer_id, None)
            else:
                self._viewers[viewer_id] = viewer

    def viewer(self, viewer_id: str) -> Viewer | None:
        """The viewer of an id."""
        with self._lock:
            return self._viewers.get(viewer_id)

    def find(self, key: str) -> Served | None:
        """What is served under a key, to somebody who has shown the token."""
        with self._lock:
            if (served := self._served.get(key)) is not None:
                self._asked[key] = time.monotonic()
            return served

    def asked(self, dataset: Dataset) -> float:
        """When somebody last asked for something of a dataset, by the monotonic clock; 0 for never."""
        with self._lock:
            served = self._of(dataset)
            return 0.0 if served is None else self._asked.get(served.key, 0.0)

    def listing(self) -> list[Served]:
        """What is served, the longest served first."""
        with self._lock:
            return list(self._served.values())

    def _of(self, dataset: Dataset) -> Served | None:
        return next((served for served in self._served.values() if served.dataset is dataset), None)
