"""A widget that code can wait for."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from cellucid.channel.hooks import HookEvent
from cellucid.channel.rpc import RequestError
from cellucid.channel.waits import Waiter
from cellucid.widget.taking import TakingWidget

Predicate = Callable[[HookEvent], object]
Answer = tuple[dict[str, Any], list[memoryview]]
"""What a page answers: JSON and buffers."""

_FIRST_PAGE = 2.0  # s for a page that has just been shown to begin
_LOOK = 0.05  # s
_NO_VIEWER = (
    "Put the widget at the end of a cell. Where that shows a still picture, or an error of the widget manager, install "
    "anywidget and jupyterlab_widgets in the environment that Jupyter itself runs in, and reload the page."
)
_FIRST_CONTACT = 15.0  # s until a page that can reach us while a cell runs has done so


class WaitingWidget(TakingWidget):
    """Adds waits for events to a widget: blocking ones, which also work in a cell, and those to ``await``."""

    ready: Any
    status: Any

    @abstractmethod
    def _require_open(self) -> None:
        """Raise RuntimeError where the widget was stopped."""

    def wait_for_event(self, event: str, timeout: float | None = None, predicate: Predicate | None = None) -> HookEvent:
        """Wait for the next event, counted from this call, in a cell too.

        Args:
            event: ``"selection"``, ``"click"``, ``"hover"``, ``"ready"``, the name of an event of your own, or
                ``"message"`` for whatever comes next.
            timeout: seconds; None waits until you press stop.
            predicate: which event will do; called on this thread.

        Returns:
            The event, as a hook would get it.

        Raises:
            TimeoutError: there was none in time.
            ConnectionError: no viewer can tell this kernel anything while the cell runs; it says what to do instead.
            RuntimeError: the widget was stopped.
        """
        wait = _Wait(self, event, timeout, predicate)
        with self._talk.waits.waiter(event) as waiter:
            return wait.block(waiter)

    def wait_for_ready(self, timeout: float | None = 60) -> None:
        """Wait until a viewer has drawn its first picture; returns at once when one has.

        Raises:
            TimeoutError, ConnectionError, RuntimeError: as :meth:`wait_for_event`.
        """
        wait = _Wait(self, "ready", timeout, twin="wait_for_ready_async")
        with self._talk.waits.waiter("ready") as waiter:
            if not self.ready:  # looked at after the wait has begun
                wait.block(waiter)

    async def wait_for_event_async(
        self, event: str, timeout: float | None = None, predicate: Predicate | None = None
    ) -> HookEvent:
        """As :meth:`wait_for_event`, to ``await``: Jupyter hears its viewers meanwhile, whatever the connection.

        Raises:
            TimeoutError: there was none in time.
            ConnectionError: marimo, which hears nothing over the comm while a cell runs; it says what to do instead.
            RuntimeError: the widget was stopped.
        """
        wait = _Wait(self, event, timeout, predicate)
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        with self._talk.waits.waiter(event, lambda: _wake(loop, changed)) as waiter:
            return await wait.sleep(waiter, changed)

    async def wait_for_ready_async(self, timeout: float | None = 60) -> None:
        """As :meth:`wait_for_ready`, to ``await``.

        Raises:
            TimeoutError, ConnectionError, RuntimeError: as :meth:`wait_for_event_async`.
        """
        wait = _Wait(self, "ready", timeout, twin="wait_for_ready_async")
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        with self._talk.waits.waiter("ready", lambda: _wake(loop, changed)) as waiter:
            if not self.ready:
                await wait.sleep(waiter, changed)

    async def events(self, event: str) -> AsyncIterator[HookEvent]:
        """The events from now on: ``async for event in widget.events("selection")``. Ends when the widget does."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        wait = _Wait(self, event, None)
        with self._talk.waits.waiter(event, lambda: _wake(loop, changed)) as waiter:
            while True:
                try:
                    yield await wait.sleep(waiter, changed)
                except RuntimeError:
                    if self.status not in ("stopped", "closed"):
                        raise
                    return

    def _ask(self, method: str, params: Mapping[str, Any], timeout: float, *, twin: str) -> Answer:
        """Ask the newest page, in a cell too where HTTP reaches the kernel; ``twin`` is the method to await.

        Raises:
            RequestError: no page shows the widget, or the page cannot answer.
            TimeoutError, ConnectionError, RuntimeError: as :meth:`wait_for_event`.
        """
        end = time.monotonic() + min(timeout, _FIRST_PAGE)
        while self._talk.newest_page is None and time.monotonic() < end:
            time.sleep(_LOOK)
        with self._talk.asks.question(self._page_to_ask(), method) as question:
            wait = _Wait(self, question.event, timeout, twin=twin)
            with self._talk.waits.waiter(question.event) as waiter:
                self._talk.asks.ask(question, params)
                return question.result(wait.block(waiter))

    async def _ask_async(self, method: str, params: Mapping[str, Any], timeout: float) -> Answer:
        """As :meth:`_ask`, to ``await``."""
        end = time.monotonic() + min(timeout, _FIRST_PAGE)
        while self._talk.newest_page is None and time.monotonic() < end:
            await asyncio.sleep(_LOOK)
        with self._talk.asks.question(self._page_to_ask(), method) as question:
            wait = _Wait(self, question.event, timeout)
            loop, changed = asyncio.get_running_loop(), asyncio.Event()
            with self._talk.waits.waiter(question.event, lambda: _wake(loop, changed)) as waiter:
                self._talk.asks.ask(question, params)
                return question.result(await wait.sleep(waiter, changed))

    def _page_to_ask(self) -> str:
        page = self._talk.newest_page
        if page is None:
            raise RequestError("no_viewer", "no page shows this widget yet", _NO_VIEWER)
        return page


class _Wait:
    """What one call waits for, and when it gives up.

    Args:
        widget: whose event.
        event: its name.
        timeout: seconds, or None for ever.
        predicate: which event will do.
        twin: the method to await instead, where blocking is in vain.
    """

    def __init__(
        self,
        widget: WaitingWidget,
        event: str,
        timeout: float | None,
        predicate: Predicate | None = None,
        *,
        twin: str = "wait_for_event_async",
    ) -> None:
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout: expected seconds, or None to wait for ever; got {timeout!r}")
        self._widget = widget
        self._event = event
        self._timeout = timeout
        self._predicate = predicate
        self._twin = twin
        self._check_open()

    def block(self, waiter: Waiter) -> HookEvent:
        stopped = _blocks_jupyter() or is_in_marimo()
        check = self._check_reachable if stopped else lambda _: self._check_open()
        event = waiter.wait(self._timeout, check, self._predicate)
        if event is None:
            raise self._late()
        return event

    async def sleep(self, waiter: Waiter, changed: asyncio.Event) -> HookEvent:
        loop = asyncio.get_running_loop()
        start = loop.time()
        end = None if self._timeout is None else start + self._timeout
        while True:
            changed.clear()
            while (event := waiter.take()) is not None:
                if self._predicate is None or self._predicate(event):
                    return event
            if is_in_marimo():
                self._check_reachable(loop.time() - start)
            self._check_open()
            left = _STEP if end is None else min(end - loop.time(), _STEP)
            if left <= 0:
                raise self._late()
            try:
                await asyncio.wait_for(changed.wait(), left)
            except TimeoutError:
                continue

    def _late(self) -> TimeoutError:
        what = "answer of the viewer" if self._event.startswith("answer ") else f"{self._event!r} event"
        return TimeoutError(f"no {what} within {self._timeout:g} s")

    def _check_open(self) -> None:
        self._widget._require_open()

    def _check_reachable(self, waited: float) -> None:
        """Raise where waiting is in vain: this thread is the one that would bring the event."""
        self._check_open()
        talk, marimo = self._widget._talk, is_in_marimo()
        beside = not marimo and talk.heard_beside_main and _is_served_beside_main(self._widget.comm)
        if talk.heard_by_http or beside:
            return
        road = self._widget._host.road
        if road is not None and road.base is not None:
            return  # its events come that way
        limit = _FIRST_CONTACT if self._timeout is None else min(self._timeout, _FIRST_CONTACT)
        if road is None and waited < limit:
            return
        why = "no viewer has called by HTTP" if road is None else f"the viewer has the comm alone: {road.reason}"
        instead = f"Use `await widget.{self._twin}(...)`, or wait in a later cell."
        if marimo:
            instead = (
                "Say in a hook what is to happen, such as `@widget.on_selection`: marimo waits for its cells to end."
            )
        raise ConnectionError(f"while this cell runs the kernel cannot hear the viewer ({why}). {instead}")


_STEP = 0.5  # s between two looks at whether the widget was stopped


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(changed.set)


def _is_served_beside_main(comm: Any) -> bool:
    # ipykernel 7.4 serves a comm where Python's last message on it came from: None is the main thread.
    return getattr(comm, "_reply_subshell_id", "") is not None


def is_in_marimo() -> bool:
    """Whether this thread runs a cell of marimo, which hears its pages only between two cells, awaiting or not."""
    marimo: Any = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _blocks_jupyter() -> bool:
    """Whether this thread, while it waits, keeps a Jupyter kernel from hearing its pages."""
    return threading.current_thread() is threading.main_thread() and is_in_jupyter()


def is_in_jupyter() -> bool:
    """Whether this process is a Jupyter kernel."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    shell: Any = get_ipython()
    return getattr(shell, "kernel", None) is not None
