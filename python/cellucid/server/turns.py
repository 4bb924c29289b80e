"""Whose turn it is in the interpreter: while requests come, a computing thread gives it away sooner."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

SOON = 0.000097
"""Seconds after which a thread that computes gives the interpreter to one that waits for it; Python's own is 0.005.
No round number: an interval of this length is ours."""

REST = 1.0
"""Seconds between two looks; without a request in between all is as it was."""


class Turns:
    """Lowers the interpreter's switch interval while requests come, and gives back the person's own.

    A request needs the interpreter a few times for some microseconds. Beside code that computes it waits for it each
    time, for as long as `sys.getswitchinterval` says. From one thread that computes a shorter wait takes little but
    what the server really works; several that compute in Python take turns more often among themselves as well.

    What the person has set is respected: a shorter interval stays, and one that is set meanwhile is not undone. Ours is
    known by its length, not by who remembers to have set it: also where a person, a fork or another server comes
    between two steps here, it is given back after the next request. Takes no lock, which a fork could leave held.
    """

    def __init__(self) -> None:
        self._own = sys.getswitchinterval()  # the person's, as it was last
        self._looks = False
        self._is_asked = False

    def hasten(self, loop: asyncio.AbstractEventLoop) -> None:
        """Something has come in, on this event loop's thread."""
        self._is_asked = True
        now = sys.getswitchinterval()
        if not _is_ours(now):
            if now <= SOON:
                return
            self._own = now
            _set(SOON)
        if not self._looks:
            self._looks = True
            loop.call_later(REST, self._look, loop)

    def relax(self) -> None:
        """Nothing comes in any more. Idempotent."""
        self._looks = False
        if _is_ours(sys.getswitchinterval()):
            _set(self._own)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._is_asked:
            self._is_asked = False
            loop.call_later(REST, self._look, loop)
        else:
            self.relax()


def _is_ours(seconds: float) -> bool:
    return round(seconds * 1e6) == round(SOON * 1e6)


def _set(seconds: float) -> None:
    sys.setswitchinterval(seconds + 5e-7)  # Python cuts off what is less than a microsecond


TURNS = Turns()
"""Those of this process: the interval is the interpreter's, whoever serves."""
