"""What the data server answers: a Starlette application over the registry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Container
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cellucid.dataset import DatasetChanged, DatasetError, Resource
from cellucid.server import answers, security
from cellucid.server.failure import Failure
from cellucid.server.gate import Gate
from cellucid.server.listen import LOOPBACK
from cellucid.server.packing import Packed, may_be_packed
from cellucid.server.protocol import sends_without_copies
from cellucid.server.ranges import Part
from cellucid.server.reports import CutShort, report, without_paths
from cellucid.server.viewers import viewer_routes

if TYPE_CHECKING:
    from starlette.types import Receive

    from cellucid.dataset import Dataset
    from cellucid.server.counters import Counters
    from cellucid.server.registry import Registry

logger = logging.getLogger("cellucid.server")

READERS = 4
"""Threads that read at a time: one slow gene must not hold up the others, and many would fight for the disk."""

_CHUNK = 1024 * 1024  # of what is made meanwhile, or is sent by an event loop that copies
_PATIENCE = 0.05  # s to wait for more than one byte of what is still being made: a thread is not asked for each
_VERSION = version("cellucid")

T = TypeVar("T")


class _Gone(Exception):
    """The browser has gone."""


def make_app(
    registry: Registry,
    token: str,
    port: int,
    counters: Counters,
    *,
    host: str = LOOPBACK,
    allowed: Container[str] = (),
) -> Gate:
    """The application, behind the gate that asks for the token and counts.

    Args:
        registry: What is served.
        token: What a request must show.
        port: Where it listens, as ``info`` tells.
        counters: What counts.
        host: The name or address where it listens, as well.
        allowed: Names in ``Host`` that are this machine's own besides loopback's, as `security.allowed_name` has them.
    """
    packed = Packed()
    routes = _Routes(registry, packed, token, host, port)
    app = Starlette(
        routes=[
            *viewer_routes(registry),
            Route("/_cellucid/health", routes.health, methods=["GET"]),
            Route("/_cellucid/info", routes.info, methods=["GET"]),
            Route("/_cellucid/datasets", routes.datasets, methods=["GET"]),
            Route("/d/{key}/{path:path}", routes.resource, methods=["GET"]),
        ],
        exception_handlers={
            Failure: _failed,
            404: partial(_refused, 404, "not_found", "there is nothing at this address"),
            405: partial(_refused, 405, "method", "this address takes another method"),
            Exception: partial(_refused, 500, "internal", "the server failed; its log has the reason"),
        },
    )
    app.router.redirect_slashes = False  # the address would be made of the Host header
    return Gate(app, registry, packed, token, counters, allowed)


class _Routes:
    def __init__(self, registry: Registry, packed: Packed, token: str, host: str, port: int) -> None:
        self._registry = registry
        self._packed = packed
        self._token = token
        self._host = host
        self._port = port
        self._readers: anyio.CapacityLimiter | None = None

    async def health(self, request: Request) -> Response:
        said = {"status": "ok", **self._what_is_shown()}
        challenge = request.query_params.get("challenge")
        if challenge is not None:
            if not security.is_challenge(challenge):
                raise Failure(400, "challenge", security.CHALLENGE_FORM)
            said["answer"] = security.answer(self._token, challenge)
        return JSONResponse(said)

    async def info(self, _: Request) -> Response:
        place = {"host": self._host, "port": self._port, "n_datasets": len(self._registry.listing())}
        return JSONResponse({**self._what_is_shown(), **place})

    async def datasets(self, _: Request) -> Response:
        served = self._registry.listing()
        return JSONResponse({"datasets": [{"id": one.id, "name": one.name, "path": one.path} for one in served]})

    async def resource(self, request: Request) -> Response:
        served = self._registry.find(request.path_params["key"])
        if served is None:
            raise Failure(404, "not_found", "no such dataset is served any more", "Show it again.")
        if self._readers is None:
            self._readers = anyio.CapacityLimiter(READERS)
        path = request.path_params["path"]
        try:
            resource = await _while_wanted(request.receive, partial(_read, served.dataset, path), self._readers)
            packed = b""
            if may_be_packed(request.method, request.headers, resource):
                packed = await _while_wanted(request.receive, partial(self._packed.get, resource), self._readers)
            answer = answers.answer_to(request.method, request.headers, resource, packed)
            part = answer.part
            if part is None:
                return Response(answer.body, answer.status, answer.headers)
            if resource.loaded <= part.start < part.stop:  # what is wrong with its first byte has a status of its own
                await _while_wanted(request.receive, partial(_begin, resource, path, part), self._readers)
        except _Gone:
            return Response(status_code=503)  # to nobody
        body = _chunks(resource, path, part, self._readers)
        return StreamingResponse(body, answer.status, answer.headers)

    def _what_is_shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"version": _VERSION, "type": "anndata"}
        for first in self._registry.listing()[:1]:
            shown |= {"format": first.storage, "is_backed": first.storage != "in-memory"}
            shown |= {"n_cells": first.n_cells, "n_genes": first.n_genes}
        return shown


async def _while_wanted(receive: Receive, read: Callable[[], T | Failure], readers: anyio.CapacityLimiter) -> T:
    """What `read` returns from a thread.

    Raises:
        Failure: That is what it returned.
        _Gone: The browser has gone before there was a free thread.
    """
    outcome: T | Failure | None = None

    async def give_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        waiting.cancel_scope.cancel()  # a read that has begun goes on: threads cannot be stopped

    async with anyio.create_task_group() as waiting:
        waiting.start_soon(give_up)
        outcome = await anyio.to_thread.run_sync(read, limiter=readers)
        waiting.cancel_scope.cancel()
    if outcome is None:
        raise _Gone
    if isinstance(outcome, Failure):
        raise outcome
    return outcome


def _read(dataset: Dataset, path: str) -> Resource | Failure:
    def read() -> Resource:
        resource = dataset.read(path)
        _ = resource.etag  # costs a look at every byte, which belongs here and not on the event loop
        logger.debug("read %r: %d bytes", without_paths(path), resource.nbytes)
        return resource

    return _tried(path, read)


def _begin(resource: Resource, path: str, part: Part) -> memoryview | Failure:
    return _tried(path, partial(resource.part, part.start, part.stop, _PATIENCE))


def _tried(path: str, work: Callable[[], T]) -> T | Failure:
    # Returned, not raised: what leaves a task group would be wrapped in an ExceptionGroup.
    try:
        return work()
    except DatasetChanged as error:
        return Failure(409, "changed", without_paths(str(error)))
    except DatasetError as error:
        return Failure(404, "dataset", without_paths(str(error)))
    except Exception as error:  # the reader is the user's data: it may raise anything
        logger.error("%r could not be read:\n%s", without_paths(path), report(error))
        return Failure(500, "internal", f"reading failed with {type(error).__name__}: {without_paths(str(error))}")


async def _chunks(
    resource: Resource, path: str, part: Part, readers: anyio.CapacityLimiter
) -> AsyncIterator[memoryview]:
    """The bytes of a part, those of a resource that is still being made as they come.

    Raises:
        CutShort: There will be no more: who asks for the rest is told why.
    """
    start = part.start
    in_one = sends_without_copies(asyncio.get_running_loop())
    while start < part.stop:
        if start < resource.loaded:
            stop = part.stop if in_one else min(start + _CHUNK, part.stop)
            chunk: memoryview | Failure = resource.part(start, stop)
        else:
            read = partial(resource.part, start, min(start + _CHUNK, part.stop), _PATIENCE)
            more = partial(_tried, path, read)
            chunk = await anyio.to_thread.run_sync(more, limiter=readers)
        if isinstance(chunk, Failure):
            raise CutShort(str(chunk))
        yield chunk
        start += chunk.nbytes


def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, Failure)
    body = {"error": error.code, "message": str(error), "hint": error.hint}
    return JSONResponse(body, error.status, headers=error.headers)


def _refused(status: int, code: str, message: str, _: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None  # Allow
    return JSONResponse({"error": code, "message": message, "hint": ""}, status, headers)
