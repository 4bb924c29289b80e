"""Who listens in Python: hooks, code that waits, and who looks at the last event."""

from __future__ import annotations

from cellucid.channel.hooks import Dispatcher, HookEvent, HookRegistry
from cellucid.channel.host import Host
from cellucid.channel.latest import Latest
from cellucid.channel.selection import EncodedCells
from cellucid.channel.waits import Waits


class Listeners:
    """Puts events before hooks and waits.

    Args:
        host: the widget.
        name: part of the name of the thread that runs hooks.
    """

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self.hooks = HookRegistry()
        self.latest = Latest()
        self.waits = Waits()
        self.dispatcher = Dispatcher(name, self.hooks, self._hook_failed, self._events_dropped)

    def tell(self, name: str, event: HookEvent) -> None:
        """Make an event the last one, and put it before those who wait for it and before the hooks."""
        self.latest.tell(name, event)
        self.waits.tell(name, event)
        self.dispatcher.submit(name, event)

    def tell_selection(self, source: str, cells: EncodedCells) -> None:
        """Tell of a selection."""
        lazy = {
            "cells": lambda: cells.positions.tolist(),
            "indices": lambda: cells.positions,
            "names": self._host.names_of(cells),
        }
        self.tell("selection", HookEvent({"source": source}, lazy, 4 * cells.count))

    def close(self) -> None:
        """Call no more hooks. Idempotent."""
        self.dispatcher.close()

    def _hook_failed(self, event: str, error: BaseException) -> None:
        self._host.report("hook", f"A hook for {event!r} raised {type(error).__name__}: {error}")

    def _events_dropped(self) -> None:
        running = self.dispatcher.running
        what = "The hooks are" if running is None else f"The hook {running.hook}, for {running.event!r}, is"
        self._host.report(
            "hook",
            f"{what} slower than the events: the oldest that wait are dropped",
            "Do the work in a later cell, or register the hook with debounce=.",
        )
