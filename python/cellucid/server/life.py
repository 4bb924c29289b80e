"""The life of the data server: one a process, started when it is first needed, ended with the process."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import sys
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

from cellucid.server.counters import Counters
from cellucid.server.registry import Registry, Viewer
from cellucid.server.thread import HOST, ServerThread

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cellucid.dataset import Dataset

logger = logging.getLogger("cellucid.server")


class DataServer:
    """Serves datasets on loopback from a daemon thread, ``cellucid-server``.

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
        thread = self._thread
        if thread is None:
            raise RuntimeError("the data server does not run; call start()")
        return thread.port

    @property
    def url(self) -> str:
        """The address on this machine, with a slash at its end."""
        return f"http://{HOST}:{self.port}/"

    def start(self, port: int = 0) -> None:
        """Begin to serve; idempotent. The port is there at once: requests wait in its queue until the thread serves.

        Args:
            port: The one to listen on; 0 leaves the choice to the system. One that runs keeps its own.

        Raises:
            OSError: There is no port, or no thread, to be had; or this one is taken.
        """
        with self._lock:
            if self.running:
                return
            self._thread = ServerThread(self._make_app, port)
            logger.info("data server on %s:%d", HOST, self._thread.port)

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

    def show(self, viewer_id: str, viewer: Viewer | None) -> None:
        """Serve a viewer's pages, and hand what they post to it, on a thread of the server's; None ends that."""
        self._registry.show(viewer_id, viewer)

    def _make_app(self, port: int) -> ASGIApp:
        # Here, so that importing the package costs nothing of it.
        from cellucid.server.app import make_app

        return make_app(self._registry, self._token, port, self.counters)

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
