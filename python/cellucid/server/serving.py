"""Uvicorn's server without its clock: while nothing is asked, it does nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import uvicorn


class PatientServer(uvicorn.Server):
    """Waits to be told that it should end, where uvicorn looks ten times a second.

    While Python computes on another thread each look stops what is being sent for two or three waits for the
    interpreter, 5 ms each; and it wakes a process that would sleep. What else uvicorn does then, the date and a
    greatest number of requests, is not asked of it here.

    Made on the event loop that serves.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for :meth:`end`."""
        await self._told.wait()

    def end(self, *, at_once: bool) -> None:
        """Let it end, from any thread; what is being answered has the time that the configuration gives, or none."""
        self.force_exit = at_once
        self.should_exit = True
        with suppress(RuntimeError):  # the loop is closed: it has ended
            self._loop.call_soon_threadsafe(self._told.set)
