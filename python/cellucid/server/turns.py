"""Whose turn it is in the interpreter: while requests come, a computing thread gives it away sooner."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

SOON = 0.0001
"""Seconds after which a thread that computes gives the interpreter to one that waits for it; Python's own is 0.005."""

REST = 1.0
"""Seconds without a request, after which it is as it was."""


class Turns:
    """Lowers the interpreter's switch interval while requests come, and gives back the person's own.

    A request needs the interpreter a few times for some microseconds. Beside code that computes it waits for it each
    time, for as long as `sys.getswitchinterval` says. To the code that computes a shorter wait takes nothing but the
    switches: who does not wait for the interpreter does not make it change hands.

    What the person has set is respected: a shorter interval stays, and one that is set meanwhile is not undone.
    Takes no lock, so that a fork leaves none behind; what a race between two servers costs is one request's haste.
    """

    def __init__(self) -> None:
        self._own: float | None = None  # the person's interval, while ours is set
        self._ours = SOON
        self._is_asked = False

    def hasten(self, loop: asyncio.AbstractEventLoop) -> None:
        """Something has come in, on this event loop's thread."""
        self._is_asked = True
        if self._own is not None or (own := sys.getswitchinterval()) <= SOON:
            return
        self._own = own
        sys.setswitchinterval(SOON)
        self._ours = sys.getswitchinterval()  # as it was rounded
        loop.call_later(REST, self._look, loop)

    def relax(self) -> None:
        """Nothing comes in any more. Idempotent."""
        own, self._own = self._own, None
        if own is not None and sys.getswitchinterval() == self._ours:
            sys.setswitchinterval(own)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._is_asked:
            self._is_asked = False
            loop.call_later(REST, self._look, loop)
        else:
            self.relax()


TURNS = Turns()
"""Those of this process: the interval is the interpreter's, whoever serves."""
