"""The gate before the application: who comes through, and what the browser is told about it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response

from cellucid.server import security

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEALTH = "/_cellucid/health"
_MAX_URL = 16 * 1024
_SEEN = "ETag, Content-Range, X-Cellucid-Length, X-Cellucid-Dtype, X-Cellucid-Shape"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "X-Cellucid-Token, Range, If-Range, If-None-Match, Content-Type",
    "Access-Control-Max-Age": "600",
}


class Gate:
    """Lets requests with the token through, under any Host and Origin; the others learn next to nothing.

    Without the token only a preflight and ``health`` are answered, the latter with no more than that there is a server,
    and that it knows the token. A name that was rebound to this machine, and a foreign page, get nothing.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do so."""
        if scope["type"] != "http":
            return  # no websockets, no lifespan
        headers = Headers(scope=scope)
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _MAX_URL:
            await _refusal(414, "address", "the address is too long")(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await _answered(Response(status_code=204, headers=_PREFLIGHT), headers)(scope, receive, send)
        elif security.same(_token_of(scope, headers), self._token):
            await self._app(scope, receive, _allowing(send, headers.get("origin")))
        elif scope["path"] == _HEALTH and scope["method"] in ("GET", "HEAD"):
            await self._health(scope, headers)(scope, receive, send)
        elif not security.is_own_host(headers.get("host")):
            await _foreign()(scope, receive, send)
        else:
            hint = f"Send it as the header {security.TOKEN_HEADER}."
            await _refusal(401, "token", "the token is missing or wrong", hint)(scope, receive, send)

    def _health(self, scope: Scope, headers: Headers) -> Response:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        challenge, proof = (query.get(name, [""])[0] for name in ("challenge", "proof"))
        if "challenge" in query and not security.is_challenge(challenge):
            return _refusal(400, "challenge", "a challenge is 16 to 128 letters, digits, - and _")
        proven = bool(challenge) and security.same(proof, security.proof(self._token, challenge))
        if not proven and not security.is_own_host(headers.get("host")):
            return _foreign()
        body = {"status": "ok"}
        if challenge:
            body["answer"] = security.answer(self._token, challenge)
        response = JSONResponse(body, headers={"Cache-Control": "no-store"})
        return _answered(response, headers) if proven else response


def _token_of(scope: Scope, headers: Headers) -> str | None:
    """The token that a request shows: in its header, or, for the address that a person opens, in the query."""
    if scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
        shown: list[str] = parse_qs(scope["query_string"].decode("latin-1")).get("viewerToken", [])
        return shown[0] if shown else None
    return headers.get(security.TOKEN_HEADER)


def _allowing(send: Send, origin: str | None) -> Send:
    async def send_allowed(message: Message) -> None:
        if message["type"] == "http.response.start":
            _allow(MutableHeaders(scope=message), origin)
        await send(message)

    return send_allowed


def _answered(response: Response, headers: Headers) -> Response:
    _allow(response.headers, headers.get("origin"))
    return response


def _allow(headers: MutableHeaders, origin: str | None) -> None:
    headers.add_vary_header("Origin")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _SEEN


def _foreign() -> Response:
    hint = "Use http://127.0.0.1, or show the token."
    return _refusal(403, "host", "this server answers strangers under its own address only", hint)


def _refusal(status: int, code: str, message: str, hint: str = "") -> Response:
    return JSONResponse({"error": code, "message": message, "hint": hint}, status)
