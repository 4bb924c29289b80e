"""Work on all cores, a little ahead and not more: what waits for a thread keeps its arrays in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_AHEAD = 8  # tasks for each core
_MOST = 8  # cores: what more of them have under way fills the memory, and the disk is the limit by then


class Workers:
    """One thread a core, at most eight, alive inside ``with``.

    At its end all work is done; after an error what has not begun is not.

    numpy and zlib let go of the interpreter while they work, so threads are enough.
    """

    def __init__(self) -> None:
        n_cores = min(os.cpu_count() or 1, _MOST)
        self._pool = ThreadPoolExecutor(n_cores, thread_name_prefix="cellucid-export")
        self._waiting: deque[Future[Any]] = deque()
        self._limit = _AHEAD * n_cores

    def submit(self, work: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> Future[R]:
        """Has work done on another thread; waits for earlier work where too much is waiting.

        Raises:
            Exception: What earlier work has raised.
        """
        while len(self._waiting) >= self._limit:
            self._waiting.popleft().result()
        future = self._pool.submit(work, *arguments, **options)
        self._waiting.append(future)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while kind is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)
