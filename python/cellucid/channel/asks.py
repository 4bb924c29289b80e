"""Questions to a page: each is answered once, by the page that was asked, on whichever road its events take."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cellucid.channel.comm import CommCarrier
from cellucid.channel.hooks import HookEvent
from cellucid.channel.messages import Answered, Command
from cellucid.channel.rpc import RequestError
from cellucid.channel.waits import Waits

EVENTS: Mapping[str, str] = {"ping": "pong", "debug_snapshot": "debug_snapshot"}
"""The event that hooks get of an answer, as Cellucid's own viewer names it."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a page was asked; :attr:`event` is what to wait for."""

    id: int
    page: str
    method: str

    @property
    def event(self) -> str:
        """Names the answer among the waits; no event of a page can have this name."""
        return f"answer {self.id}"

    @staticmethod
    def result(event: HookEvent) -> tuple[dict[str, Any], list[memoryview]]:
        """What the answer says.

        Raises:
            RequestError: the page could not answer.
        """
        error = event["error"]
        if error is not None:
            raise RequestError(error["code"], error["message"], error["hint"])
        return event["result"] or {}, event["buffers"]


class Asks:
    """What pages were asked and have not answered."""

    def __init__(self, carrier: CommCarrier, waits: Waits) -> None:
        self._carrier = carrier
        self._waits = waits
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._open: dict[int, Question] = {}

    @contextmanager
    def question(self, page: str, method: str) -> Iterator[Question]:
        """A question to a page, which :meth:`ask` sends; given up at the end, where it has no answer by then."""
        question = Question(next(self._ids), page, method)
        with self._lock:
            self._open[question.id] = question
        try:
            yield question
        finally:
            with self._lock:
                waits = self._open.pop(question.id, None) is not None
            if waits:
                self._carrier.send(Command("give_up", {"id": question.id}, page=page))

    def ask(self, question: Question, params: Mapping[str, Any]) -> None:
        """Send a question, once somebody waits for the answer."""
        payload = {"id": question.id, "method": question.method, "params": params}
        self._carrier.send(Command("ask", payload, page=question.page))

    def take(self, page: str, answer: Answered, buffers: list[memoryview]) -> tuple[str, HookEvent] | None:
        """Give an answer to who waits; returns the event for hooks, or None where nobody asked this page."""
        with self._lock:
            question = self._open.get(answer.id)
            if question is None or question.page != page:
                return None
            del self._open[answer.id]
        held = [memoryview(bytes(buffer)) for buffer in buffers]
        values = {"result": answer.result, "error": answer.error, "buffers": held}
        self._waits.tell(question.event, HookEvent(values, nbytes=sum(buffer.nbytes for buffer in held)), to_all=False)
        event = EVENTS.get(question.method)
        if event is None or answer.result is None:
            return None
        return event, HookEvent({"requestId": str(answer.id), **answer.result})
