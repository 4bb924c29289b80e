"""What the data server answers: a Starlette application over the registry."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cellucid.dataset import DatasetChanged, DatasetError, Resource
from cellucid.server import ranges, security
from cellucid.server.failure import Failure
from cellucid.server.gate import Gate
from cellucid.server.reports import report, without_paths
from cellucid.server.thread import HOST
from cellucid.server.viewers import viewer_routes

if TYPE_CHECKING:
    from starlette.types import Receive

    from cellucid.dataset import Dataset
    from cellucid.server.counters import Counters
    from cellucid.server.registry import Registry

logger = logging.getLogger("cellucid.server")

READERS = 4
"""Threads that read at a time: one slow gene must not hold up the others, and many would fight for the disk."""

_CHUNK = 1024 * 1024
_VERSION = version("cellucid")


def make_app(registry: Registry, token: str, port: int, counters: Counters) -> Gate:
    """The application, behind the gate that asks for the token and counts."""
    routes = _Routes(registry, token, port)
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
    return Gate(app, token, counters)


class _Routes:
    def __init__(self, registry: Registry, token: str, port: int) -> None:
        self._registry = registry
        self._token = token
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
        place = {"host": HOST, "port": self._port, "n_datasets": len(self._registry.listing())}
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
        read = partial(_read, served.dataset, request.path_params["path"])
        outcome = await _while_wanted(request.receive, read, self._readers)
        if outcome is None:
            return Response(status_code=503)  # to nobody
        if isinstance(outcome, Failure):
            raise outcome
        return _answer(request, outcome)

    def _what_is_shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"version": _VERSION, "type": "anndata"}
        for first in self._registry.listing()[:1]:
            shown |= {"format": first.storage, "is_backed": first.storage != "in-memory"}
            shown |= {"n_cells": first.n_cells, "n_genes": first.n_genes}
        return shown


async def _while_wanted(
    receive: Receive, read: Callable[[], Resource | Failure], readers: anyio.CapacityLimiter
) -> Resource | Failure | None:
    """What `read` returns from a thread; None where the browser has gone before there was a free one."""
    outcome = None

    async def give_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        waiting.cancel_scope.cancel()  # a read that has begun goes on: threads cannot be stopped

    async with anyio.create_task_group() as waiting:
        waiting.start_soon(give_up)
        outcome = await anyio.to_thread.run_sync(read, limiter=readers)
        waiting.cancel_scope.cancel()
    return outcome


def _read(dataset: Dataset, path: str) -> Resource | Failure:
    # Returned, not raised: what leaves a task group would be wrapped in an ExceptionGroup.
    try:
        resource = dataset.read(path)
        _ = resource.etag  # costs a look at every byte, which belongs here and not on the event loop
    except DatasetChanged as error:
        return Failure(409, "changed", without_paths(str(error)))
    except DatasetError as error:
        return Failure(404, "dataset", without_paths(str(error)))
    except Exception as error:  # the reader is the user's data: it may raise anything
        logger.error("%r could not be read:\n%s", without_paths(path), report(error))
        return Failure(500, "internal", f"reading failed with {type(error).__name__}: {without_paths(str(error))}")
    logger.debug("read %r: %d bytes", without_paths(path), resource.nbytes)
    return resource


def _answer(request: Request, resource: Resource) -> Response:
    etag = f'"{resource.etag}"'
    length = resource.nbytes
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "X-Cellucid-Length": str(length),
        "X-Cellucid-Shape": ",".join(map(str, resource.shape)),
    }
    if resource.dtype is not None:
        headers["X-Cellucid-Dtype"] = resource.dtype
    asked = request.headers
    if ranges.matches(asked.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":  # Range is for GET alone, and no body is too long
        headers["Content-Length"] = str(length)
        return Response(headers=headers, media_type=resource.media_type)
    try:
        part = ranges.part_of(asked.get("range"), asked.get("if-range"), length, etag)
    except ranges.RangeError as error:
        raise Failure(416, "range", str(error), **headers, **{"Content-Range": f"bytes */{length}"}) from error
    headers["Content-Length"] = str(part.stop - part.start)
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{length}"
    status = 200 if part.whole else 206
    body = _chunks(resource.data[part.start : part.stop])
    return StreamingResponse(body, status, headers, resource.media_type)


async def _chunks(data: memoryview) -> AsyncIterator[memoryview]:
    for start in range(0, data.nbytes, _CHUNK):
        yield data[start : start + _CHUNK]


def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, Failure)
    body = {"error": error.code, "message": str(error), "hint": error.hint}
    return JSONResponse(body, error.status, headers=error.headers)


def _refused(status: int, code: str, message: str, _: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None  # Allow
    return JSONResponse({"error": code, "message": message, "hint": ""}, status, headers)
