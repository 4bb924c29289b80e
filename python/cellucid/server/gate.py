"""The gate before the application: who comes through, and what the browser is told about it."""

from __future__ import annotations

import logging
import re
from collections.abc import Container, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING
from weakref import ref

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import HTMLResponse, JSONResponse, Response

from cellucid.server import answers, security
from cellucid.server.failure import Failure
from cellucid.server.packing import Packed, may_be_packed
from cellucid.server.page import locked_page
from cellucid.server.proxied import address_behind_proxy
from cellucid.server.registry import KEY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cellucid.dataset import Resource
    from cellucid.server.counters import Counters
    from cellucid.server.ranges import Part
    from cellucid.server.registry import Registry

logger = logging.getLogger("cellucid.server")

_HEALTH = "/_cellucid/health"
_SEEN = "ETag, Content-Range, X-Cellucid-Length, X-Cellucid-Dtype, X-Cellucid-Shape"
_TOKEN = security.TOKEN_HEADER.lower()
_CAREFUL = {"x-content-type-options": "nosniff"}
_MATTERS = ("range", "if-range", "if-none-match", "origin")  # of a request's headers, for its answer
_MAX_HEADS = 16_384
_MAX_QUESTION = 1_024  # characters
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "X-Cellucid-Token, Range, If-Range, If-None-Match, Content-Type",
    "Access-Control-Max-Age": "600",
}
# What a reverse proxy has before our own addresses, where it does not take it away itself.
_OWN = re.compile(rf"/d/{KEY}/")
_PREFIXED = re.compile(rf"(/.*?)(?:/_cellucid/[^/]*(?:/[0-9]+)?|/d/{KEY}/.*)", re.DOTALL)


class Gate:
    """Lets requests with the token through, under any Host and Origin; the others learn next to nothing.

    Without the token only a preflight and ``health`` are answered, the latter with no more than that there is a server,
    and that it knows the token. A name that was rebound to this machine, and a foreign page, get nothing.
    """

    def __init__(
        self,
        app: ASGIApp,
        registry: Registry,
        packed: Packed,
        token: str,
        counters: Counters,
        allowed: Container[str] = (),
    ) -> None:
        self._app = app
        self._registry = registry
        self._packed = packed
        self._token = token
        self._counters = counters
        self._allowed = allowed
        self._heads: dict[tuple[str | None, ...], tuple[ref[Resource], bytes, Part | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do so."""
        if scope["type"] != "http":
            return  # no websockets, no lifespan
        headers = Headers(scope=scope)
        self._counters.requests += 1
        send = _careful(self._counting(scope, send))
        allowing = _allowing(send, headers.get("origin"))
        query = QueryParams(scope["query_string"])
        path = _without_prefix(scope, query)
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, allowing)
        elif security.same(_token_of(path, scope, query, headers), self._token):
            self._counters.proxied = address_behind_proxy(headers) or self._counters.proxied
            scope.setdefault("state", {})[security.KNOWN] = True
            await self._app(scope, receive, allowing)
        elif path == _HEALTH and scope["method"] in ("GET", "HEAD"):
            response, proven = self._health(query, own=self._is_own_host(scope, headers))
            await response(scope, receive, allowing if proven else send)
        elif _is_opened_by_a_person(path, scope, headers):  # under any Host, as a proxy's: it says nothing of the data
            self._counters.refused += 1
            page, policy = locked_page()
            await HTMLResponse(page, 401, {"Content-Security-Policy": policy})(scope, receive, send)
        elif not self._is_own_host(scope, headers):
            self._counters.refused += 1
            await _foreign()(scope, receive, send)
        else:
            self._counters.refused += 1
            hint = f"Send it as the header {security.TOKEN_HEADER}."
            await _refusal(401, "token", "the token is missing or wrong", hint)(scope, receive, send)

    def at_hand(self, path: str, asked: Mapping[str, str]) -> tuple[bytes, memoryview] | None:
        """Head and body of the answer to a GET with the token for what is in memory, as the application would give it.

        None for all else. While Python computes, each wait for the interpreter costs a request 5 ms, and its way
        through the application has several.

        Args:
            path: Decoded, without the query.
            asked: The headers, with names in lower case.
        """
        _, _, key, name = parts if len(parts := path.split("/", 3)) == 4 else ("", "", "", "")
        if not path.startswith("/d/") or not security.same(asked.get(_TOKEN), self._token):
            return None
        served = self._registry.find(key)
        resource = None if served is None else served.dataset.find(name)
        if resource is None or resource.loaded < resource.nbytes or not resource.is_tagged:
            return None
        if may_be_packed("GET", asked, resource):
            if (packed := self._packed.find(resource)) is None:
                return None
            if packed:
                answer = answers.answer_to("GET", asked, resource, packed)
                return self._sent(path, asked, _head(answer, asked), memoryview(answer.body))
        question = (path, *map(asked.get, _MATTERS))
        known = self._heads.get(question)
        if known is None or known[0]() is not resource:
            try:
                answer = answers.answer_to("GET", asked, resource)
            except Failure:
                return None
            known = (ref(resource), _head(answer, asked), answer.part)
            if len(self._heads) >= _MAX_HEADS:
                self._heads.clear()
            if sum(len(part or "") for part in question) < _MAX_QUESTION:
                self._heads[question] = known
        _, head, part = known
        body = memoryview(b"") if part is None else resource.part(part.start, part.stop)
        return self._sent(path, asked, head, body)

    def readable(self, asked: Mapping[str, str]) -> dict[str, str]:
        """What lets the page that asks read an answer that is given before the application has the request.

        Args:
            asked: The headers, with names in lower case.
        """
        origin = asked.get("origin")
        if origin is None or not security.same(asked.get(_TOKEN), self._token):
            return {}
        return {"vary": "Origin", **_allowed(origin)}

    def _sent(self, path: str, asked: Mapping[str, str], head: bytes, body: memoryview) -> tuple[bytes, memoryview]:
        logger.debug("GET %r: at hand", path.lstrip("/"))
        self._counters.requests += 1
        self._counters.proxied = address_behind_proxy(asked) or self._counters.proxied
        self._counters.bytes_sent += body.nbytes
        return head, body

    def _counting(self, scope: Scope, send: Send) -> Send:
        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":  # the query, which may have the token, is left out
                logger.debug("%s %r: %d", scope["method"], scope["path"].lstrip("/"), message["status"])
            if message["type"] == "http.response.body":
                self._counters.bytes_sent += len(message.get("body", b""))
            await send(message)

        return send_counted

    def _is_own_host(self, scope: Scope, headers: Headers) -> bool:
        """Whether ``Host`` is a name of this machine. Of the address that was reached it is: no name was rebound."""
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return False
        reached = security.allowed_name(scope["server"][0]) if scope.get("server") else ""
        return security.is_own_host(hosts[0], {reached}) or security.is_own_host(hosts[0], self._allowed)

    def _health(self, query: QueryParams, *, own: bool) -> tuple[Response, bool]:
        """What a stranger is told, and whether it has proven that it is none."""
        challenge = query.get("challenge")
        valid = challenge is not None and security.is_challenge(challenge)
        proven = valid and security.same(query.get("proof"), security.proof(self._token, str(challenge)))
        if not proven and not own:
            return _foreign(), False
        if challenge is None:
            return JSONResponse({"status": "ok"}), False
        if not valid:
            return _refusal(400, "challenge", security.CHALLENGE_FORM), False
        return JSONResponse({"status": "ok", "answer": security.answer(self._token, challenge)}), proven


def _token_of(path: str, scope: Scope, query: QueryParams, headers: Headers) -> str | None:
    """The token that a request shows: in its header, or, for the address that a person opens, in the query."""
    if path == "/" and scope["method"] in ("GET", "HEAD"):
        return query.get("viewerToken", query.get("viewer_token"))
    return headers.get(security.TOKEN_HEADER)


def _is_opened_by_a_person(path: str, scope: Scope, headers: Headers) -> bool:
    """Whether this is the address of a viewer in a browser's address bar, as far as a browser says it."""
    mode = headers.get("sec-fetch-mode")  # which they do not send over plain http
    asks_for_page = "text/html" in headers.get("accept", "") if mode is None else mode == "navigate"
    return bool(path == "/" and scope["method"] == "GET" and asks_for_page)


def _without_prefix(scope: Scope, query: QueryParams) -> str:
    """The path by which the request is routed; what stands before it is left to ASGI's ``root_path``."""
    path: str = scope["path"]
    if _OWN.match(path):
        return path
    if (match := _PREFIXED.fullmatch(path)) is not None:
        prefix = match[1]
    elif path.endswith("/") and "viewerId" in query:
        prefix = path[:-1]  # of a viewer's page
    else:
        return path
    scope["root_path"] = prefix
    return path.removeprefix(prefix)


def _careful(send: Send) -> Send:
    """Says of every answer that it is for this page alone, and is what its type says."""

    async def send_carefully(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            headers.add_vary_header("Origin")
            headers.update(_CAREFUL)
        await send(message)

    return send_carefully


def _allowing(send: Send, origin: str | None) -> Send:
    """Lets the page that asks read the answer."""

    async def send_allowed(message: Message) -> None:
        if origin is not None and message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_allowed(origin))
        await send(message)

    return send_allowed


def _head(answer: answers.Answer, asked: Mapping[str, str]) -> bytes:
    """The head of an answer, with all that is said to everybody."""
    origin = asked.get("origin")
    headers = answer.headers | _CAREFUL | ({} if origin is None else _allowed(origin))
    headers["vary"] = f"{answer.headers['vary']}, Origin"
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {headers[name]}" for name in headers]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


def _allowed(origin: str) -> dict[str, str]:
    return {"access-control-allow-origin": origin, "access-control-expose-headers": _SEEN}


def _foreign() -> Response:
    hint = "Use http://127.0.0.1, or show the token."
    return _refusal(403, "host", "this server answers strangers under its own address only", hint)


def _refusal(status: int, code: str, message: str, hint: str = "") -> Response:
    return JSONResponse({"error": code, "message": message, "hint": hint}, status)
