"""The threads that work on genes: numba's kernels and inflating let go of Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# More threads than this wait for memory, not for each other's results.
MOST_THREADS = 8

_making = Lock()
_pool: ThreadPoolExecutor | None = None


def n_threads() -> int:
    """How many threads work at once: the cores that this process may use."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    return max(1, min(cores, MOST_THREADS))


def pool() -> ThreadPoolExecutor:
    """The threads of this process. What runs on them must not wait for another thing that runs on them."""
    global _pool
    with _making:
        if _pool is None:
            _pool = ThreadPoolExecutor(n_threads(), thread_name_prefix="cellucid-genes")
        return _pool


def in_order(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """What `work` makes of each item, in their order, with as many of them under way as there are threads.

    Closing the iterator waits for those that run, so that nobody works on what the caller lets go of.
    """
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool().submit(work, item))
            if len(waiting) > n_threads():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for left in waiting:
            if not left.cancel():
                left.exception()


def _forget_in_a_forked_child() -> None:
    global _pool, _making
    _pool, _making = None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_a_forked_child)
