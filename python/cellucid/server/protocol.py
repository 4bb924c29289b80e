"""HTTP on one connection, within the limits."""

# What the callbacks are for is said in asyncio's and httptools' documentation.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cellucid.server import limits
from cellucid.server.security import KNOWN
from cellucid.server.turns import TURNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Set


class Refused(Exception):
    """What a connection sends is not taken: a status, a short name for programs, a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


_numbers = count()
_BODY_HEADERS = frozenset({"content-length", "transfer-encoding", "expect"})
_SMALL = 65_536  # copied to go with its head
_NO_HTTP = Refused(400, "request", "this is no HTTP request")
_NO_HEAD = Refused(408, "too_slow", "the head of the request did not come in time")
_NO_BODY = Refused(408, "too_slow", "the body of the request has ceased to come")
_LONG_HEAD = Refused(431, "too_long", f"at most {limits.MAX_HEAD:,} bytes before the body")
_MANY_HEADERS = Refused(431, "too_long", f"at most {limits.MAX_HEADERS} headers")
_LONG_URL = Refused(414, "address", "the address is too long")
_LONG_BODY = Refused(413, "too_long", f"at most {limits.MAX_BODY:,} bytes at a time")
_PIPELINED = Refused(429, "too_many", "ask on when there is an answer")


class LimitedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which has no limits but one on idle connections after an answer.

    What is refused before it is a request is answered here, after the answers to what was asked before; who is refused
    may still send for a moment, and then the connection is closed. In the middle of a body behind unanswered requests
    it is cut.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._number = next(_numbers)
        self._is_known = False  # it has shown the token
        self._may_send_long = sends_without_copies(self.loop)
        transport.set_write_buffer_limits(high=0)  # or else what is short is sent when the event loop comes by again
        self._asked: dict[str, str] = {}  # the headers of the request whose body comes, or came last
        self._refusal: Refused | None = None
        self._last_word: Refused | None = None  # is said when all that was asked before is answered
        self._lingers = False
        self._in_head = True  # the time for a first one runs from here
        self._in_body = False
        self._n_headers = self._n_head = self._n_body = 0
        self._n_other = 0  # bytes besides the body
        self._n_fed = 0  # of those, in what is being parsed
        self._ticks = 0  # without progress of what is received
        self._counted = 0  # bytes of the body, when there was progress last
        self._unread_ticks = 0
        self._unread = 0
        self._was_read = False
        if len(self.connections) > limits.MAX_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        TURNS.hasten(self.loop)
        if self._lingers or self._last_word is not None:
            return
        if self._is_idle and not self._in_head:
            self._begin_head()
        self._n_fed = len(data)
        self._n_other += self._n_fed
        super().data_received(data)
        if self._n_other > limits.MAX_HEAD + limits.FRAMING * self._n_body:
            self._refuse(_LONG_HEAD)  # of which the parser has not said anything yet

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= limits.MAX_PIPELINED:
            raise self._because(_PIPELINED)
        if not self._in_head:
            self._begin_head()
        self._n_headers = self._n_head = self._n_body = 0
        self._n_other = self._n_fed or 1
        self._asked = {}
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > limits.MAX_URL:
            raise self._because(_LONG_URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._n_headers += 1  # those after a chunked body too
        self._n_head += len(name) + len(value)
        if self._n_headers > limits.MAX_HEADERS:
            raise self._because(_MANY_HEADERS)
        if self._n_head > limits.MAX_HEAD:
            raise self._because(_LONG_HEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._ticks = 0
        asked = self._asked  # of several the first, as in Starlette
        for name, value in self.headers:
            asked.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        if int(asked.get("content-length", 0)) > limits.MAX_BODY:
            raise self._because(_LONG_BODY)
        if self._answered(asked):
            return
        super().on_headers_complete()
        self._in_body = True
        self._ticks = self._counted = 0

    def on_body(self, body: bytes) -> None:
        self._n_body += len(body)
        self._n_other -= len(body)
        if self._n_body > limits.MAX_BODY:
            raise self._because(_LONG_BODY)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._n_fed = self._n_other = 0  # what of it is the next one's is not told: its head may be longer by a read
        if self._in_body:
            self._in_body = False
            self._ticks = 0
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._last_word is not None and self._is_idle:
            refusal, self._last_word = self._last_word, None
            self._refuse(refusal)

    def resume_writing(self) -> None:
        self._was_read = True
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Say why the parser has stopped."""
        self._refuse(self._refusal or _NO_HTTP)

    def tick(self) -> None:
        """Look whether something has moved since the last look."""
        self._look_at_unread()
        if self._lingers:
            self._ticks += not self._unread  # from when it could have read why
            if self._ticks > limits.LINGER_TICKS:
                self.transport.abort()
        elif self._in_head:
            self._ticks += 1
            if self._ticks > limits.HEAD_TICKS:
                self._refuse(_NO_HEAD) if self._n_other else self.transport.abort()
        elif self._in_body and not self.flow.read_paused:
            self._ticks += 1
            if self._n_body - self._counted >= limits.BODY_BYTES:
                self._ticks, self._counted = 0, self._n_body
            elif self._ticks > limits.BODY_TICKS:
                self._refuse(_NO_BODY)
        elif self._is_idle and not self._unread:
            self._ticks += 1
            if self._ticks > limits.IDLE_TICKS:
                self.transport.close()

    @property
    def _is_idle(self) -> bool:
        """Whether there is nothing to answer."""
        return self.cycle is None or self.cycle.response_complete

    def _answered(self, asked: Mapping[str, str]) -> bool:
        """Whether the request is answered already: a GET for what is at hand, when nothing else is to be answered."""
        if (
            not self._may_send_long
            or self.parser.get_method() != b"GET"
            or self.parser.should_upgrade()
            or not self.parser.should_keep_alive()
            or self.parser.get_http_version() == "1.0"  # which the application closes after its answer
            or not _BODY_HEADERS.isdisjoint(asked)
            or not self._is_idle
            or self.flow.write_paused
        ):
            return False
        path = httptools.parse_url(self.url).path.decode("ascii")
        ready = self.config.app.at_hand(unquote(path) if "%" in path else path, asked)  # type: ignore[union-attr]
        if ready is None:
            return False
        head, body = ready
        if body.nbytes > _SMALL:
            self.transport.writelines([head, body])
        else:
            self.transport.write(head + body)
        self._is_known = True
        return True

    @property
    def _makes_room(self) -> bool:
        is_wanted = self._knows_token and self.transport.get_write_buffer_size() > 0  # the answer is on its way
        return self._is_idle and not is_wanted and not self.transport.is_closing()

    def _begin_head(self) -> None:
        self._in_head, self._ticks = True, 0

    def _look_at_unread(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._unread_ticks = self._unread_ticks + 1 if unread and unread == self._unread and not self._was_read else 0
        self._unread, self._was_read = unread, False
        if self._unread_ticks > limits.UNREAD_TICKS:
            self.transport.abort()

    def _make_room(self) -> None:
        """End the oldest connection that waits for nothing, rather a stranger's; or else this one."""
        others: list[LimitedProtocol] = [each for each in self.connections if each is not self]  # type: ignore[misc]
        waiting = [each for each in others if each._makes_room]
        min(waiting, key=lambda each: (each._knows_token, each._number), default=self).transport.abort()

    @property
    def _knows_token(self) -> bool:
        """Whether it has shown the token, now or before."""
        self._is_known = self._is_known or (self.cycle is not None and KNOWN in self.cycle.scope["state"])
        return self._is_known

    def _because(self, refusal: Refused) -> Refused:
        """What is raised to the parser, which tells only that something was."""
        self._refusal = refusal
        return refusal

    def _refuse(self, refusal: Refused) -> None:
        if self._lingers or self._last_word is not None or self.transport.is_closing():
            return
        if not self._in_body and not self._is_idle:
            self._last_word, self._in_head = refusal, False
            return
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self._in_body and (self.pipeline or self.cycle.response_started):
            self.transport.abort()
            return
        self._lingers, self._ticks = True, 0
        self.flow.resume_reading()
        self.transport.write(_answer(refusal, self.config.app.readable(self._asked)))  # type: ignore[union-attr]
        self.transport.write_eof()


def sends_without_copies(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether what is given to be sent is sent from where it lies, and in C: not so by Python's own event loops."""
    return type(loop).__module__.startswith("uvloop")


async def watch(connections: Set[Any]) -> None:
    """Look at all connections, for ever."""
    while True:
        await asyncio.sleep(limits.TICK)
        for connection in list(connections):
            connection.tick()


def _answer(refusal: Refused, headers: Mapping[str, str]) -> bytes:
    body = json.dumps({"error": refusal.code, "message": str(refusal), "hint": ""}).encode()
    own = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in {**own, **headers}.items()]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + body
