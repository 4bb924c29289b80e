"""One life of the server: a socket and the thread that serves it, until the thread ends."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING

from cellucid.server.listen import LOOPBACK, listen
from cellucid.server.reports import CutShort, report
from cellucid.server.turns import TURNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from cellucid.server.serving import PatientServer

logger = logging.getLogger("cellucid.server")

_KEEP_ALIVE_SECONDS = 30
_GRACE_SECONDS = 2
_MARGIN_SECONDS = 1.0

# A forked child keeps what it inherits for ever: to free the event loop would reach into the parent's, as both have
# one epoll.
_inherited: list[ServerThread] = []


class ServerThread:
    """Listens at once, so that the port is known and requests wait in its queue, and serves as soon as it can.

    Only the thread itself closes the socket: an event loop does not bear that another takes one from under it.

    Args:
        make_app: The application for a port; called in the thread, so that what it imports costs nobody else time.
        port: The one to listen on; 0 leaves the choice to the system.
        host: The address to listen on.

    Raises:
        OSError: There is no port, no such address, or no thread, to be had.
    """

    address: str
    port: int

    def __init__(self, make_app: Callable[[int], ASGIApp], port: int = 0, host: str = LOOPBACK) -> None:
        self._make_app = make_app
        self._listening = listen(host, port)
        self.address, self.port = self._listening.getsockname()[:2]
        self._ending = threading.Event()
        self._uvicorn: PatientServer | None = None
        self._thread = threading.Thread(target=self._run, name="cellucid-server", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self._listening.close()
            raise OSError(f"the data server has no thread: {error}") from error

    @property
    def alive(self) -> bool:
        """Whether requests are answered, or will be in a moment."""
        return self._thread.is_alive() and not self._ending.is_set()

    def end(self, *, at_once: bool = False) -> None:
        """Close the port and wait for the thread. What is being answered has two seconds, or none. Idempotent."""
        self._ending.set()
        if (serving := self._uvicorn) is not None:
            serving.end(at_once=at_once)
        self._thread.join((0 if at_once else _GRACE_SECONDS) + _MARGIN_SECONDS)

    def abandon(self) -> None:
        """In a forked child, where there is no such thread: close the copies of its sockets, and be in no haste.

        With the port open here too the parent could not close it. With a copy of a connection the browser would not
        see that the parent has ended it, and wait on it for an answer.
        """
        _inherited.append(self)
        TURNS.relax()
        descriptors = [self._listening.detach()]
        if self._uvicorn is not None:
            connections = [connection.transport for connection in self._uvicorn.server_state.connections]
            ends = [transport.get_extra_info("socket") for transport in connections if not transport.is_closing()]
            descriptors += [end.fileno() for end in ends if end is not None]
        for descriptor in descriptors:
            _close_copy(descriptor, self.port)

    def _run(self) -> None:
        quiet = _OwnRecords()
        for name in _OwnRecords.LOGGERS:
            logging.getLogger(name).addFilter(quiet)
        try:
            # Not asyncio.run, which nest_asyncio replaces by one that uvicorn cannot use.
            with asyncio.Runner(debug=False, loop_factory=_loop_factory()) as runner:
                runner.run(self._serve())
        except Exception as error:  # of a daemon thread nobody else hears; the data travel over the comm then
            logger.error("the data server has ended:\n%s", report(error))
        finally:
            TURNS.relax()
            self._listening.close()
            for name in _OwnRecords.LOGGERS:
                logging.getLogger(name).removeFilter(quiet)

    async def _serve(self) -> None:
        import uvicorn

        from cellucid.server.protocol import LimitedProtocol, watch
        from cellucid.server.serving import PatientServer

        config = uvicorn.Config(
            self._make_app(self.port),
            http=LimitedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self._uvicorn = serving = PatientServer(config)
        if not self._ending.is_set():  # looked at after the line above, as `end` does the two the other way round
            watching = asyncio.create_task(watch(serving.server_state.connections))
            try:
                await serving.serve(sockets=[self._listening])
            finally:
                watching.cancel()


class _OwnRecords(logging.Filter):
    """Takes what uvicorn logs on this thread to our own log, and leaves to others theirs.

    uvicorn's own settings change its loggers for the whole process, where a user may run another server. What it warns
    of, such as nonsense from a port scanner, would be printed in the user's notebook; its access log has addresses.
    """

    LOGGERS = ("uvicorn.error", "uvicorn.access", "uvicorn.asgi")

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        if threading.get_ident() != self._thread:
            return True
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, CutShort):
            logger.debug("an answer was cut short: %s", error)
        elif isinstance(error, Exception):  # not the end of a request that was cut off
            logger.error("a request failed:\n%s", report(error))
        elif record.name == "uvicorn.error" and error is None:
            logger.debug("uvicorn: %s", record.getMessage())
        return False


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        from uvloop import new_event_loop
    except ImportError:  # not on Windows
        return asyncio.new_event_loop
    return new_event_loop


def _close_copy(descriptor: int, port: int) -> None:
    """Close an inherited descriptor, if it still is one of the server's."""
    if descriptor < 0:
        return
    try:
        copy = socket.socket(fileno=descriptor)
        ours = copy.getsockname()[1] == port
        copy.detach()
    except OSError:  # closed in the meantime
        return
    if ours:
        os.close(descriptor)
