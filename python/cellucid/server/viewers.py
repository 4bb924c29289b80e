"""The viewer in a browser tab: its page, what it says, and what is said to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cellucid.server.failure import Failure
from cellucid.server.page import viewer_page
from cellucid.server.reports import without_paths

if TYPE_CHECKING:
    from starlette.requests import Request

    from cellucid.server.registry import Registry, Said, Tab, Viewer

BEAT = 60.0
"""Seconds after which a stream says that it is still there. It keeps a Hub awake: a hidden page does not listen."""

_STREAM = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

_NAME = re.compile(r"[A-Za-z0-9_-]{8,64}")
_GONE = "Run its cell again, or open the address that it prints."


def viewer_routes(registry: Registry) -> list[Route]:
    """What is answered about viewers."""
    routes = _Routes(registry)
    return [
        Route("/", routes.page, methods=["GET"]),
        Route("/_cellucid/state", routes.state, methods=["GET"]),
        Route("/_cellucid/events", routes.events, methods=["POST"]),
        Route("/_cellucid/commands", routes.commands, methods=["GET"]),
        Route("/_cellucid/commands/{number:int}", routes.buffers, methods=["GET"]),
    ]


class _Routes:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def page(self, request: Request) -> Response:
        viewer = self._registry.viewer(request.query_params.get("viewerId", ""))
        return _html(None if viewer is None else await anyio.to_thread.run_sync(lambda: viewer.title))

    async def state(self, request: Request) -> Response:
        state = await anyio.to_thread.run_sync(self._viewer(request).state)
        return Response(state, media_type="application/json")

    async def events(self, request: Request) -> Response:
        viewer = self._viewer(request)
        tab = _tab_name(request) if "tab" in request.query_params else None
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=503)  # to nobody
        try:
            acks = await anyio.to_thread.run_sync(viewer.take, body, tab)
        except ValueError as error:
            raise Failure(400, "events", without_paths(str(error))) from error
        except RuntimeError as error:
            raise _refused(error) from error
        return JSONResponse({"acks": acks})

    async def commands(self, request: Request) -> Response:
        after = _whole(request, "after")
        tab = await self._tab(request)
        if request.query_params.get("epoch") != tab.epoch:
            after = 0
        said = _stream(tab, after) if request.method == "GET" else _chunks(())  # HEAD would have no end either
        return StreamingResponse(said, headers=_STREAM, media_type="text/event-stream")

    async def buffers(self, request: Request) -> Response:
        tab = await self._tab(request)
        said = tab.find(request.path_params["number"])
        if said is None:
            raise Failure(404, "not_found", "this is no longer kept")
        return StreamingResponse(_chunks(said.buffers), media_type="application/octet-stream")

    def _viewer(self, request: Request) -> Viewer:
        viewer = self._registry.viewer(request.query_params.get("viewerId", ""))
        if viewer is None:
            raise Failure(404, "not_found", "no such viewer is shown any more", _GONE)
        return viewer

    async def _tab(self, request: Request) -> Tab:
        viewer, name = self._viewer(request), _tab_name(request)
        try:
            return await anyio.to_thread.run_sync(viewer.tab, name)
        except RuntimeError as error:
            raise _refused(error) from error


async def _stream(tab: Tab, after: int) -> AsyncIterator[str]:
    """What is said to a tab, for ever: until it is closed, or nobody listens."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(news.set)

    leave = tab.listen(wake)
    try:
        yield f"event: epoch\ndata: {tab.epoch}\n\n"
        while not tab.closed:
            news.clear()  # before the look: what comes after it sets it again
            for said in tab.after(after):
                after = said.number
                yield _event(said)
            try:
                await asyncio.wait_for(news.wait(), BEAT)
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        leave()


def _event(said: Said) -> str:
    return f"id: {said.number}\ndata: {said.text}\n\n"  # JSON has no line break


async def _chunks(buffers: Sequence[memoryview]) -> AsyncIterator[memoryview]:
    for buffer in buffers:
        yield buffer


def _tab_name(request: Request) -> str:
    name = request.query_params.get("tab", "")
    if _NAME.fullmatch(name) is None:
        raise Failure(400, "tab", "a tab's name is 8 to 64 letters, digits, - and _")
    return name


def _whole(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Failure(400, name, f"{name} is a whole number")
    return int(text)


def _html(title: str | None) -> Response:
    html, policy = viewer_page(title)
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "X-Frame-Options": "SAMEORIGIN"}
    content = html.encode("utf-8", "replace")  # a file's name may be no text
    return HTMLResponse(content, 404 if title is None else 200, headers)


def _refused(error: RuntimeError) -> Failure:
    return Failure(404, "not_found", str(error), _GONE)
