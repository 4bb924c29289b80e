"""What has come on other connections meanwhile, taken up without letting go of the interpreter."""

from __future__ import annotations

import ctypes
import platform
import select
import socket
import sys
import time
from typing import Protocol

_AT_ONCE = 64
_BYTES = 65_536
_SECONDS = 0.004
"""Less than the 5 ms after which Python gives the interpreter to another thread that waits for it."""
_QUIET_SECONDS = 0.0001
"""Within which a program on the same machine, that asks for one thing after the other, has asked again."""


class Connection(Protocol):
    """One on which requests come."""

    @property
    def takes_more(self) -> bool: ...  # noqa: D102
    def data_received(self, data: bytes) -> None: ...  # noqa: D102


class _Event(ctypes.Structure):
    if platform.machine() == "x86_64":  # the only one where Linux has it without a gap
        _pack_ = 1
    _fields_ = (("events", ctypes.c_uint32), ("number", ctypes.c_uint64))


class Encore:
    """Reads the requests that wait on connections, as long as they come, on behalf of the event loop.

    uvloop takes the interpreter anew for each connection on which something has come. Where Python computes on another
    thread, it may get it 5 ms later each time. ``PyDLL`` calls C without letting go of it, as the socket's own methods
    do. What is behind a request, the end of a connection or an error, is left to the event loop.
    """

    available = sys.platform == "linux"

    def __init__(self) -> None:
        library = ctypes.PyDLL(None)
        self._recv, self._wait, self._control = library.recv, library.epoll_wait, library.epoll_ctl
        self._recv.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self._recv.restype = ctypes.c_ssize_t
        self._wait.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
        self._control.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
        self._poll = select.epoll()
        self._events = (_Event * _AT_ONCE)()
        self._buffer = ctypes.create_string_buffer(_BYTES)
        self._connections: dict[int, tuple[int, Connection]] = {}
        self._runs = False

    def add(self, number: int, descriptor: int, connection: Connection) -> None:
        """Watch a connection, under a number of its own: descriptors are used again."""
        self._connections[number] = descriptor, connection
        self._control(self._poll.fileno(), 1, descriptor, ctypes.byref(_Event(select.EPOLLIN, number)))

    def remove(self, number: int) -> None:
        """Watch it no more, before its descriptor is closed."""
        if (known := self._connections.pop(number, None)) is not None:
            self._control(self._poll.fileno(), 2, known[0], ctypes.byref(_Event()))

    def run(self) -> None:
        """Take up what has come, until nothing more comes or others have waited long enough."""
        if self._runs:  # what it takes up calls it again
            return
        self._runs = True
        try:
            now = time.perf_counter()
            end, quiet = now + _SECONDS, now + _QUIET_SECONDS
            while now < end and now < quiet:
                taken = self._take()
                now = time.perf_counter()
                if taken:
                    quiet = now + _QUIET_SECONDS
        finally:
            self._runs = False

    def _take(self) -> bool:
        taken = False
        for index in range(self._wait(self._poll.fileno(), self._events, _AT_ONCE, 0)):
            known = self._connections.get(self._events[index].number)
            if known is None or not known[1].takes_more:
                continue
            n_bytes = self._recv(known[0], self._buffer, _BYTES, socket.MSG_DONTWAIT)
            if n_bytes > 0:
                known[1].data_received(ctypes.string_at(self._buffer, n_bytes))
                taken = True
        return taken
