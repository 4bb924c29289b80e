"""The life of the data server: its socket, its thread, its end."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING

from cellucid.server.registry import Registry

if TYPE_CHECKING:
    import uvicorn

    from cellucid.dataset import Dataset

logger = logging.getLogger("cellucid.server")

HOST = "127.0.0.1"
_BACKLOG = 128
_STOP_SECONDS = 5.0
_KEEP_ALIVE_SECONDS = 30


class DataServer:
    """Serves datasets on loopback from a daemon thread, ``cellucid-server``."""

    def __init__(self) -> None:
        self._registry = Registry()
        self._lock = threading.Lock()
        self._token = secrets.token_urlsafe(32)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._uvicorn: uvicorn.Server | None = None

    @property
    def token(self) -> str:
        """What a request must show. It is this process's, and worthless when the process ends."""
        return self._token

    @property
    def running(self) -> bool:
        """Whether requests are answered, or wait to be in a moment."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def port(self) -> int:
        """The port, which the system has chosen.

        Raises:
            RuntimeError: The server does not run.
        """
        if self._socket is None:
            raise RuntimeError("the data server does not run; call start()")
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """The address on this machine, with a slash at its end."""
        return f"http://{HOST}:{self.port}/"

    def start(self) -> None:
        """Begin to serve; idempotent. The port is there at once: requests wait in its queue until the thread serves.

        Raises:
            OSError: There is no port to be had.
        """
        with self._lock:
            if self.running:
                return
            self._close_socket()
            listening = socket.create_server((HOST, 0), backlog=_BACKLOG)
            self._socket = listening
            port = self.port
            run = partial(self._run, listening, port)
            self._thread = threading.Thread(target=run, name="cellucid-server", daemon=True)
            self._thread.start()
        logger.info("data server on %s:%d", HOST, port)

    def stop(self) -> None:
        """End what is being answered, within seconds, and close the port; idempotent. What is served stays listed."""
        with self._lock:
            thread, self._thread = self._thread, None
            serving, self._uvicorn = self._uvicorn, None
            if serving is not None:
                serving.should_exit = True
            self._close_socket()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOP_SECONDS)

    def add(self, dataset: Dataset) -> str:
        """Serve a dataset; returns its path, with a slash at both ends. It is held until it is removed as often."""
        return f"/d/{self._registry.add(dataset)}/"

    def remove(self, dataset: Dataset) -> None:
        """Let go of a dataset."""
        self._registry.remove(dataset)

    def _run(self, listening: socket.socket, port: int) -> None:
        # Here, so that importing the package costs nothing of it.
        import uvicorn

        from cellucid.server.app import make_app

        config = uvicorn.Config(
            make_app(self._registry, self._token, port),
            lifespan="off",
            ws="none",
            interface="asgi3",
            access_log=False,
            log_config=None,
            log_level=logging.WARNING,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=2,
        )
        serving = uvicorn.Server(config)
        with self._lock:
            if self._socket is not listening:
                return  # stopped before it began
            self._uvicorn = serving
        serving.run(sockets=[listening])

    def _close_socket(self) -> None:
        listening, self._socket = self._socket, None
        if listening is not None:
            listening.close()

    def _forget(self) -> None:
        """In a forked child: the thread is not here, and the port is the parent's."""
        self._close_socket()


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
    inherited, _server = _server, None
    if inherited is not None:
        inherited._forget()


def _at_exit() -> None:
    if _server is not None:
        _server.stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
