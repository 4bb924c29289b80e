"""Requests from the viewer: each is answered once, on a pool thread, and can be cancelled while it waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from cellucid.channel.comm import CommCarrier
from cellucid.channel.messages import Failure, Params, Reply, Request

logger = logging.getLogger("cellucid.jupyter")

PATIENCE = 0.2
"""Seconds that a piece waits to be whole, once its first byte is there: a person sees five steps a second."""


class RequestError(Exception):
    """Why a request cannot be answered.

    Args:
        code: a short name for programs, such as ``"not_found"``.
        message: what happened, a sentence for people.
        hint: the one thing to do, or an empty string.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns: JSON and the buffers beside it."""

    result: Mapping[str, Any]
    buffers: tuple[memoryview, ...] = field(default=())


Handler = Callable[[Any], Answer]


class Bytes(Protocol):
    """What can be read in pieces: the bytes of a resource, its type, and a tag that changes with its content."""

    @property
    def nbytes(self) -> int: ...  # noqa: D102
    @property
    def dtype(self) -> str | None: ...  # noqa: D102
    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def etag(self) -> str: ...  # noqa: D102

    def part(self, start: int, stop: int, patience: float) -> memoryview:
        """The bytes from `start` on that are there: at least one; the others up to `stop` are waited for in seconds."""


def piece(resource: Bytes, offset: int, length: int) -> Answer:
    """One piece of a resource, as the answer to a ``read`` request; shorter where the rest is still being made.

    Raises:
        RequestError: ``range``, when ``offset`` lies behind the end.
    """
    total = resource.nbytes
    if offset > total:
        raise RequestError("range", f"offset {offset} lies behind the end of {total} bytes")
    part = resource.part(offset, min(offset + length, total), PATIENCE)
    result = {"total": total, "dtype": resource.dtype, "shape": list(resource.shape), "etag": resource.etag}
    return Answer(result, (part.cast("B"),))


@cache
def _pool() -> ThreadPoolExecutor:
    # One pool a process: the machines are small, and two readers keep one slow gene from holding up a click's answer.
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="cellucid-data")


class RequestServer:
    """Answers the requests of one widget's pages.

    Args:
        carrier: takes the answers.
        handlers: one function for each type of request parameters.
    """

    def __init__(self, carrier: CommCarrier, handlers: Mapping[type[Params], Handler]) -> None:
        self._carrier = carrier
        self._handlers = handlers
        self._lock = threading.Lock()
        self._open: dict[tuple[str, int], Future[None]] = {}
        self._closed = False

    def submit(self, request: Request) -> None:
        """Queue a request; returns at once."""
        key = (request.page, request.id)
        with self._lock:
            if self._closed:
                hint = "Run the cell that makes the widget again."
                self._carrier.send(_failure(request, "stopped", "this widget was stopped in Python", hint))
                return
            if key in self._open:  # an id names one request of its page; a replay gets no second answer
                return
            future = _pool().submit(self._answer, request)
            self._open[key] = future
        future.add_done_callback(lambda _: self._forget(key))

    def cancel(self, page: str, request_id: int) -> None:
        """Drop a request: one that waits never runs, the answer of one that runs is not sent."""
        self._forget((page, request_id), cancel=True)

    def close(self) -> None:
        """Drop every request, and refuse those that come. Idempotent."""
        with self._lock:
            self._closed = True
            keys = list(self._open)
        for key in keys:
            self._forget(key, cancel=True)

    def _forget(self, key: tuple[str, int], *, cancel: bool = False) -> None:
        with self._lock:
            future = self._open.pop(key, None)
        if cancel and future is not None:
            future.cancel()

    def _answer(self, request: Request) -> None:
        try:
            answer = self._handlers[type(request.params)](request.params)
            message: Reply | Failure = Reply(request.page, request.id, answer.result)
            buffers = answer.buffers
        except RequestError as error:
            message, buffers = _failure(request, error.code, str(error), error.hint), ()
        except Exception as error:  # the reader is the user's data: whatever it raises is an answer, not a crash
            logger.exception("request %s failed", request.params)
            message, buffers = _failure(request, "internal", f"{type(error).__name__}: {error}", ""), ()
        with self._lock:
            wanted = (request.page, request.id) in self._open
        if wanted:
            self._carrier.send(message, buffers, text=request.text)


def _failure(request: Request, code: str, message: str, hint: str) -> Failure:
    return Failure(request.page, request.id, {"code": code, "message": message, "hint": hint})
