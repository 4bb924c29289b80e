"""The one table of messages between Python and the viewer.

Its twin is ``js/src/channel/messages.ts``; both are held to ``tests/vectors/messages.json``. What arrives from a
browser is untrusted: :func:`parse` returns a fully checked message or raises :class:`BadMessage`, never anything else.
Unknown keys are ignored, so that either side may be newer; unknown events become :class:`Custom`, for ``on_message``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from cellucid.channel.checks import (
    BadMessage,
    Check,
    any_json,
    check_fields,
    flag,
    integer,
    json_object,
    matching,
    misfit,
    optional,
)

PIECE_BYTES = 4 * 1024 * 1024
"""Largest part of a resource in one reply: small enough to cancel and show progress, large enough to fill the pipe."""

MAX_PARTS = 64
"""Parts of one message from a page: with 4 MiB each, 256 MiB."""


class BadEvent(BadMessage):
    """An event whose head is good and whose payload is not: it has to be answered, or its page sends it for ever."""

    def __init__(self, reason: str, page: str, seq: int, event: str) -> None:
        super().__init__(reason)
        self.as_event = Event(page, seq, event, Refused(reason))


# -- what a message carries ------------------------------------------------------------------------------------------

COUNT = integer()
PAGE = matching(r"[A-Za-z0-9_-]{1,64}", "a page id")
NAME = matching(r"[A-Za-z0-9_:.-]{1,64}", "a name")
PATH = matching(r"[^\x00]{1,8192}", "a resource path")
LINE = matching(r".{0,10000}", "at most 10,000 characters")
ENCODING = matching(r"bitmap|deltas", "'bitmap' or 'deltas'")

_Class = TypeVar("_Class", bound=type)
_PARAMS: dict[str, tuple[type, Mapping[str, Check]]] = {}
_EVENTS: dict[str, tuple[type, Mapping[str, Check]]] = {}


def _request(method: str, /, **table: Check) -> Callable[[_Class], _Class]:
    def register(cls: _Class) -> _Class:
        _PARAMS[method] = (cls, table)
        return cls

    return register


def _event(name: str, /, **table: Check) -> Callable[[_Class], _Class]:
    def register(cls: _Class) -> _Class:
        _EVENTS[name] = (cls, table)
        return cls

    return register


@_request("read", path=PATH, offset=COUNT, length=integer(0, PIECE_BYTES))
@dataclass(frozen=True, slots=True)
class Read:
    """Asks for ``length`` bytes of the resource ``path`` from ``offset`` on."""

    path: str
    offset: int
    length: int


@_request("selection")
@dataclass(frozen=True, slots=True)
class CurrentSelection:
    """Asks for the selection as Python has it: a page that starts, or one whose own was refused."""


@_request("marks")
@dataclass(frozen=True, slots=True)
class CurrentMarks:
    """Asks for what Python says about single cells: the hidden ones and the highlights."""


@_request("connect")
@dataclass(frozen=True, slots=True)
class Connect:
    """Asks where the data server is: a page that found the boot trait emptied by another."""


@_request("ping")
@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for an answer, to see how long it takes."""


@_event("ready", n_cells=COUNT, dimensions=integer(1, 3))
@dataclass(frozen=True, slots=True)
class Ready:
    """The viewer has drawn its first complete picture."""

    n_cells: int
    dimensions: int


@_event("closed")
@dataclass(frozen=True, slots=True)
class Closed:
    """The last view of a page is gone."""


@_event("selection", source=NAME, encoding=ENCODING, count=COUNT)
@dataclass(frozen=True, slots=True)
class Selected:
    """A person selected ``count`` cells with the tool ``source``; one buffer holds them."""

    source: str
    encoding: str
    count: int


@_event("click", cell=COUNT, button=integer(0, 2), shift=flag, ctrl=flag)
@dataclass(frozen=True, slots=True)
class Click:
    """A click on a cell: its row position, the mouse button (0 left, 1 middle, 2 right) and the keys held."""

    cell: int
    button: int
    shift: bool
    ctrl: bool


@_event("hover", cell=optional(COUNT))
@dataclass(frozen=True, slots=True)
class Hovered:
    """The pointer came to rest over another cell, or left it (None)."""

    cell: int | None


@_event(
    "transport",
    name=matching(r"direct|proxy|colab|override|comm", "a transport"),
    base=optional(matching(r"(?i:https?)://[^\s]{1,2000}/", "an http address that ends with a slash")),
    reason=optional(LINE),
)
@dataclass(frozen=True, slots=True)
class TransportChosen:
    """The road that a page's data take: the server's address as the page reaches it, and why the comm is taken.

    A page that takes the comm because it is quicker reaches the server all the same, and says where.
    """

    name: str
    base: str | None
    reason: str | None


@_event("console", level=matching(r"warn|error", "'warn' or 'error'"), message=LINE, hint=optional(LINE))
@dataclass(frozen=True, slots=True)
class Console:
    """Something a person should know that happened in the browser."""

    level: str
    message: str
    hint: str | None


def _error(value: object, name: str) -> dict[str, Any]:
    return check_fields({"code": NAME, "message": LINE, "hint": LINE}, value, name)


def _values(value: object, name: str) -> object:
    return any_json(json_object(value, name), name)


@_event("answer", id=COUNT, result=optional(_values), error=optional(_error))
@dataclass(frozen=True, slots=True)
class Answered:
    """A page's answer to what it was asked: a result, or why there is none."""

    id: int
    result: dict[str, Any] | None
    error: dict[str, str] | None


def _place(value: object, name: str) -> dict[str, Any]:
    return check_fields({"embedding": LINE, "dimension": integer(1, 3)}, value, name)


@_event("traits", values=_values, camera_of=optional(_place))
@dataclass(frozen=True, slots=True)
class TraitsSet:
    """What a person set in the viewer, as JSON by trait; ``camera_of``: the embedding and dimension of its camera."""

    values: dict[str, Any]
    camera_of: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Custom:
    """An event that is not in the table."""

    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """What came was not in the table; never travels."""

    reason: str


Params = Read | CurrentSelection | CurrentMarks | Connect | Ping
Payload = (
    Ready | Closed | Selected | Click | Hovered | TransportChosen | Console | Answered | TraitsSet | Custom | Refused
)


# -- envelopes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """The browser asks; it gets exactly one :class:`Reply` or :class:`Failure`, unless it cancels.

    With ``text`` buffers are to come as base64 in the message: here and in what Python sends unasked from then on.
    """

    page: str
    id: int
    params: Params
    text: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """The browser no longer wants the answer to request ``id``."""

    page: str
    id: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened in the viewer. ``seq`` counts the events of one page from 1."""

    page: str
    seq: int
    event: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Part:
    """Part ``index`` of ``count`` of a packed message: its bytes in one buffer, or as base64 in ``text``."""

    page: str
    transfer: int
    index: int
    count: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """The last that has come to a page: change of traits, revision of selection and of marks, command of an epoch."""

    page: str
    updates: int
    selection: int
    marks: int
    epoch: int
    commands: int


Upstream = Request | Cancel | Event | Part | Seen

_ENVELOPES: Mapping[str, Mapping[str, Check]] = {
    "request": {"page": PAGE, "id": COUNT, "method": NAME, "text": optional(flag)},
    "cancel": {"page": PAGE, "id": COUNT},
    "event": {"page": PAGE, "seq": COUNT, "event": NAME},
    "seen": {
        "page": PAGE,
        "updates": COUNT,
        "selection": COUNT,
        "marks": COUNT,
        "epoch": COUNT,
        "commands": COUNT,
    },
    "part": {
        "page": PAGE,
        "transfer": COUNT,
        "index": COUNT,
        "count": integer(1, MAX_PARTS),
        "text": optional(matching(r"[A-Za-z0-9+/=]{0,8388608}", "base64 of at most 6 MiB")),
    },
}


def parse(content: object) -> Upstream:
    """Check one message from the browser.

    Args:
        content: the decoded JSON of the message, whatever it may be.

    Returns:
        The message, every field checked.

    Raises:
        BadMessage: naming the field that does not fit.
    """
    kind = json_object(content, "message").get("kind")
    if not isinstance(kind, str) or kind not in _ENVELOPES:
        raise misfit("message.kind", "one of " + ", ".join(_ENVELOPES), kind)
    head = check_fields(_ENVELOPES[kind], content, kind)
    body = json_object(content, kind)
    if kind == "cancel":
        return Cancel(**head)
    if kind == "part":
        return Part(**head)
    if kind == "seen":
        return Seen(**head)
    if kind == "request":
        method, text = head.pop("method"), bool(head.pop("text"))
        if method not in _PARAMS:
            raise misfit("request.method", "one of " + ", ".join(_PARAMS), method)
        cls, table = _PARAMS[method]
        return Request(**head, params=cls(**check_fields(table, body.get("params"), method)), text=text)
    if head["seq"] == 0 and head["event"] != "hover":  # what has no number is taken each time it comes
        raise misfit("event.seq", "a number from 1", 0)
    try:
        return Event(**head, payload=_payload(head["event"], body.get("payload")))
    except BadMessage as error:
        raise BadEvent(str(error), **head) from error


def _payload(name: str, given: object) -> Payload:
    if name not in _EVENTS:
        values = any_json(json_object(given, name), name)
        assert isinstance(values, dict)
        return Custom(values)
    cls, table = _EVENTS[name]
    payload: Payload = cls(**check_fields(table, given, name))
    return payload


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request, with whatever buffers go beside it."""

    page: str
    id: int
    result: Mapping[str, Any]
    kind: str = field(default="reply", init=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request has no answer: a code for programs, a sentence for people, and what to do."""

    page: str
    id: int
    error: Mapping[str, str]
    kind: str = field(default="error", init=False)


@dataclass(frozen=True, slots=True)
class Ack:
    """Python has taken a page's events up to ``seq``, or refused that one with ``error``.

    ``revision`` is of the selection: what the page's last one became, where it has made any.
    """

    page: str
    seq: int
    revision: int
    error: str | None = None
    kind: str = field(default="ack", init=False)


@dataclass(frozen=True, slots=True)
class Command:
    """Python tells the viewer something: every page, one ``page``, or all but ``without``.

    ``number`` counts the commands of one page from 1, each of which it carries out once and in order; with each
    ``epoch`` it begins anew. Number 0 is one of which only the latest counts, or that need not arrive.
    """

    command: str
    payload: Mapping[str, Any]
    number: int = 0
    epoch: int = 0
    page: str | None = None
    without: str | None = None
    kind: str = field(default="command", init=False)


Downstream = Reply | Failure | Ack | Command


def encode(message: Downstream) -> dict[str, Any]:
    """Turn a message into the JSON object that travels."""
    return asdict(message)
