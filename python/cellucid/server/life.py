"""The life of the data server: one a process, started when it is first needed, ended with the process."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import secrets
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

from cellucid.server.counters import Counters
from cellucid.server.listen import LOOPBACK, in_address, is_everywhere, is_loopback, loopback_of
from cellucid.server.registry import Registry, Viewer
from cellucid.server.security import allowed_name
from cellucid.server.thread import ServerThread

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cellucid.dataset import Dataset

logger = logging.getLogger("cellucid.server")


class DataServer:
    """Serves datasets from a daemon thread, ``cellucid-server``, on loopback unless another address is asked for.

    In a forked child it is as if newly made: without a thread, a port and datasets, and with another token.
    """

    def __init__(self) -> None:
        self._make_anew()
        _servers.add(self)

    def _make_anew(self) -> None:
        self._registry = Registry()
        self._lock = threading.Lock()
        self._token = secrets.token_urlsafe(32)
        self._thread: ServerThread | None = None
        self._n_openers = 0
        self._host = LOOPBACK
        self._allowed: set[str] = set()
        self.counters = Counters()

    @property
    def token(self) -> str:
        """What a request must show. It is this process's, and worthless when the process ends."""
        return self._token

    @property
    def running(self) -> bool:
        """Whether requests are answered, or wait to be in a moment."""
        return self._thread is not None and self._thread.alive

    @property
    def port(self) -> int:
        """The port, which the system has chosen.

        Raises:
            RuntimeError: The server does not run.
        """
        return self._running_thread.port

    @property
    def host(self) -> str:
        """The name or address that it listens on, or will."""
        return self._host

    @property
    def url(self) -> str:
        """The address on this machine, with a slash at its end."""
        bound = self._running_thread.address
        return self.url_at(loopback_of(bound) if is_everywhere(bound) else self._host)

    @property
    def open_to_others(self) -> bool:
        """Whether other machines reach it.

        Raises:
            RuntimeError: The server does not run.
        """
        return not is_loopback(self._running_thread.address)

    @property
    def everywhere(self) -> bool:
        """Whether it listens on every address of this machine.

        Raises:
            RuntimeError: The server does not run.
        """
        return is_everywhere(self._running_thread.address)

    def url_at(self, host: str) -> str:
        """The address under another name of this machine, with a slash at its end."""
        return f"http://{in_address(host)}:{self.port}/"

    def allow(self, names: Iterable[str]) -> None:
        """Take these names and addresses, or one, in ``Host`` for this machine's own, besides those of loopback.

        Raises:
            ValueError: One is neither a name nor an address.
        """
        several = [names] if isinstance(names, str) else names
        self._allowed.update([allowed_name(str(name)) for name in several])

    def start(self, port: int = 0, host: str | None = None) -> None:
        """Begin to serve; idempotent. The port is there at once: requests wait in its queue until the thread serves.

        Args:
            port: The one to listen on; 0 leaves the choice to the system. One that runs keeps its own.
            host: The address to listen on; by default that of the last time, at first loopback.

        Raises:
            OSError: There is no port, no such address, or no thread, to be had; or the port is taken.
            ValueError: It listens on another address already.
        """
        with self._lock:
            wanted = self._host if host is None else host
            if self.running:
                if wanted != self._host:
                    raise ValueError(
                        f"host: the data server of this process listens on {self._host} already, not on {wanted}; "
                        "serve in a process of its own"
                    )
                return
            before, self._host = self._host, wanted  # which the thread reads
            try:
                self._thread = ServerThread(self._make_app, port, wanted)
            except OSError:
                self._host = before
                raise
            if not is_everywhere(self._thread.address):
                with suppress(ValueError):  # a name that browsers write in another way
                    self._allowed.add(allowed_name(wanted))
            logger.info("data server on %s:%d", in_address(wanted), self._thread.port)

    def opened(self) -> None:
        """Somebody has had it listen where others may reach it, and will say :meth:`done`."""
        with self._lock:
            self._n_openers += 1

    def done(self) -> None:
        """One of those has come to an end. With the last it stops, and what starts it next finds it on loopback."""
        with self._lock:
            self._n_openers -= 1
            is_last = self._n_openers == 0 and self._thread is not None and self.open_to_others
            if is_last:
                self._host = LOOPBACK
        if is_last:
            logger.info("nobody serves for others any more")
            self._stop()

    def stop(self) -> None:
        """End what is being answered, within seconds, and close the port; idempotent. What is served stays listed."""
        self._stop()

    def add(self, dataset: Dataset) -> str:
        """Serve a dataset; returns its path, with a slash at both ends. It is held until it is removed as often.

        Raises:
            DatasetError: It is closed.
        """
        return self._registry.add(dataset).path

    def remove(self, dataset: Dataset) -> None:
        """Let go of a dataset."""
        self._registry.remove(dataset)

    def asked(self, dataset: Dataset) -> float:
        """When a page last asked for something of a dataset, by the monotonic clock; 0 for never."""
        return self._registry.asked(dataset)

    def show(self, viewer_id: str, viewer: Viewer | None) -> None:
        """Serve a viewer's pages, and hand what they post to it, on a thread of the server's; None ends that."""
        self._registry.show(viewer_id, viewer)

    @property
    def _running_thread(self) -> ServerThread:
        thread = self._thread
        if thread is None:
            raise RuntimeError("the data server does not run; call start()")
        return thread

    def _make_app(self, port: int) -> ASGIApp:
        # Here, so that importing the package costs nothing of it.
        from cellucid.server.app import make_app

        return make_app(self._registry, self._token, port, self.counters, host=self._host, allowed=self._allowed)

    def _stop(self, *, at_once: bool = False) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                thread.end(at_once=at_once)

    def _forget(self) -> None:
        """In a forked child: the thread is not here, the port is the parent's, and a lock may be held for ever."""
        inherited = self._thread
        self._make_anew()
        if inherited is not None:
            inherited.abandon()


_servers: WeakSet[DataServer] = WeakSet()
_made = threading.Lock()
_server: DataServer | None = None


def data_server() -> DataServer:
    """This process's one data server."""
    global _server
    with _made:
        if _server is None:
            _server = DataServer()
        return _server


@contextmanager
def listening_at(port: int | None, host: str, allowed_hosts: Iterable[str]) -> Iterator[DataServer]:
    """Have this process's server listen at a port, or at a free one where that is taken.

    It goes on afterwards, for other widgets of the process; but not where others reach it, once nobody wants that.

    Raises:
        OSError: There is no such host, or no port, to be had.
        ValueError: The port is none, a host is none, or the server listens on another host already.
    """
    if port is not None and not (isinstance(port, int) and 0 <= port <= 65535):
        raise ValueError(f"port: {port!r} is no port; expected 1 to 65535, or None for one that is free")
    server = data_server()
    server.allow(allowed_hosts)
    try:
        server.start(port or 0, host)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        server.start(0, host)
    server.opened()
    try:
        yield server
    finally:
        server.done()


def _after_fork() -> None:
    global _made, _server
    _made = threading.Lock()
    _server = None
    for inherited in list(_servers):
        inherited._forget()


def _at_exit() -> None:
    for server in list(_servers):
        server._stop(at_once=True)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
