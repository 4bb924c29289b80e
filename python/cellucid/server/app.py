"""What the data server answers: a Starlette application over the registry."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from cellucid.dataset import DatasetChanged, DatasetError, Resource
from cellucid.server import ranges
from cellucid.server.gate import Gate

if TYPE_CHECKING:
    from cellucid.dataset import Dataset
    from cellucid.server.registry import Registry

logger = logging.getLogger("cellucid.server")

READERS = 4
"""Threads that read at a time: one slow gene must not hold up the others, and many would fight for the disk."""

_CHUNK = 1024 * 1024


class Failure(Exception):
    """Why there is no answer: a status, a short name for programs, a sentence, and what to do."""

    def __init__(self, status: int, code: str, message: str, hint: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.hint, self.headers = status, code, hint, headers


def make_app(registry: Registry, token: str, port: int) -> Gate:
    """The application, behind the gate that asks for the token."""
    routes = _Routes(registry, port)
    app = Starlette(
        routes=[
            Route("/", routes.start, methods=["GET"]),
            Route("/_cellucid/health", routes.health, methods=["GET"]),
            Route("/_cellucid/info", routes.info, methods=["GET"]),
            Route("/_cellucid/datasets", routes.datasets, methods=["GET"]),
            Route("/d/{key}/{path:path}", routes.resource, methods=["GET"]),
        ],
        exception_handlers={
            Failure: _failed,
            404: partial(_refused, 404, "not_found", "there is nothing at this address"),
            405: partial(_refused, 405, "method", "this address takes GET and HEAD"),
            Exception: partial(_refused, 500, "internal", "the server failed; its log has the reason"),
        },
    )
    return Gate(app, token)


class _Routes:
    def __init__(self, registry: Registry, port: int) -> None:
        self._registry = registry
        self._port = port
        self._readers: anyio.CapacityLimiter | None = None

    async def start(self, _: Request) -> Response:
        return PlainTextResponse(
            f"The data server of cellucid {version('cellucid')}.\n\n"
            "Your cells are drawn in the notebook that shows the widget; there is no viewer for a browser tab yet.\n",
            headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
        )

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", **self._what_is_shown()})

    async def info(self, _: Request) -> Response:
        served = self._registry.listing()
        place = {"host": "127.0.0.1", "port": self._port, "n_datasets": len(served)}
        return JSONResponse({**self._what_is_shown(), **place})

    async def datasets(self, _: Request) -> Response:
        served = self._registry.listing()
        listing = [{"id": dataset.id, "name": dataset.name, "path": f"/d/{key}/"} for key, dataset in served]
        return JSONResponse({"datasets": listing})

    async def resource(self, request: Request) -> Response:
        dataset = self._registry.find(request.path_params["key"])
        if dataset is None:
            raise Failure(404, "not_found", "no such dataset is served any more", "Show it again.")
        if self._readers is None:
            self._readers = anyio.CapacityLimiter(READERS)
        read = partial(_read, dataset, request.path_params["path"])
        resource = await anyio.to_thread.run_sync(read, limiter=self._readers)
        return _answer(request, resource)

    def _what_is_shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"version": version("cellucid"), "type": "anndata"}
        for _, dataset in self._registry.listing()[:1]:
            sizes = {"n_cells": dataset.n_cells, "n_genes": dataset.n_genes}
            shown |= {"format": dataset.storage, "is_backed": dataset.storage != "in-memory", **sizes}
        return shown


def _read(dataset: Dataset, path: str) -> Resource:
    try:
        resource = dataset.read(path)
        _ = resource.etag  # costs a look at every byte, which belongs here and not on the event loop
    except DatasetChanged as error:
        raise Failure(409, "changed", str(error)) from error
    except DatasetError as error:
        raise Failure(404, "dataset", str(error)) from error
    except Exception as error:  # the reader is the user's data; what it raises may name files, so it stays in the log
        logger.exception("a resource could not be read")
        reason = f"reading failed with {type(error).__name__}; the log cellucid.server has the reason"
        raise Failure(500, "internal", reason) from error
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
    try:
        part = ranges.part_of(asked.get("range"), asked.get("if-range"), length, etag)
    except ranges.RangeError as error:
        raise Failure(416, "range", str(error), **{"Content-Range": f"bytes */{length}"}) from error
    headers["Content-Length"] = str(part.stop - part.start)
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{length}"
    status = 200 if part.whole else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=resource.media_type)
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
    return JSONResponse({"error": code, "message": message, "hint": ""}, status)
