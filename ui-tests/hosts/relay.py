"""A TCP relay on loopback whose connections break on command, as they do on a bad network."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from hosts.jupyterlab import JupyterLab

HOST = "127.0.0.1"
WEBSOCKET = b"upgrade: websocket"

CHUNK = 64 * 1024
# A socket that may not linger is closed with RST, and what was still to be sent is dropped.
AT_ONCE = struct.pack("ii", 1, 0)


class Link:
    """A connection of a client with the one to the target that carries it on."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.ends = [client]
        self.held: asyncio.StreamWriter | None = None
        """The end that gets nothing any more."""

    def reset(self) -> None:
        for end in self.ends:
            connected = end.get_extra_info("socket")
            if connected.fileno() >= 0:
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            end.transport.abort()


@dataclass
class _Trap:
    """What is to happen when so many more bytes have come: with the connection and the end that they are for."""

    left: int
    act: Callable[[Link, asyncio.StreamWriter], None]


class Relay:
    """Carries connections on to a port of loopback, inside `with`.

    Args:
        target: The port; it may be set later, and connections are reset until then.
        only: Which connections break: those with this, in lower case, among their first bytes. Empty for all.
    """

    def __init__(self, target: int | None = None, *, only: bytes = b"") -> None:
        self.target = target
        self.cuts = 0
        """How often there was something to cut."""
        self.refused = 0
        """Connections that were reset at their beginning."""
        self._only = only
        self._refusing = False
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._trap: _Trap | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay")
        self._thread.start()
        self._server = self._await(asyncio.start_server(self._accept, HOST, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Its address for a browser."""
        return f"http://{HOST}:{self.port}/"

    @property
    def connections(self) -> int:
        """Connections that are open and can break."""
        return len(self._links)

    @property
    def held(self) -> bool:
        """Whether `hold_after` has come true for a connection that is still open."""
        return any(link.held is not None for link in tuple(self._links))

    def cut(self) -> None:
        """Reset every connection, at both ends."""
        self._await(self._set(None, cut=True))

    def cut_after(self, count: int) -> None:
        """Reset every connection as soon as so many more bytes have come, which may be inside a message."""
        self._await(self._set(_Trap(count, lambda link, end: self._cut())))

    def hold_after(self, count: int) -> None:
        """Stop carrying to an end, without a word to it, when so many more bytes have come; the last were for it."""
        self._await(self._set(_Trap(count, _hold)))

    def refuse(self) -> None:
        """Reset new connections at their beginning."""
        self._refusing = True

    def let_through(self) -> None:
        """Refuse connections no longer, and forget what was to happen to those that are open."""
        self._refusing = False
        self._await(self._set(None))

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # What follows runs on the relay's own thread.

    async def _set(self, trap: _Trap | None, *, cut: bool = False) -> None:
        self._trap = trap
        if cut:
            self._cut()

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        link = Link(writer)
        try:
            await self._carry(link, reader)
        except (OSError, asyncio.CancelledError):
            pass  # where one end has gone, the other goes
        finally:
            self._links.discard(link)
            self._tasks.discard(task)
            link.reset()

    async def _carry(self, link: Link, reader: asyncio.StreamReader) -> None:
        first = await reader.read(CHUNK)
        breaks = self._only in first.lower()
        if self.target is None or (breaks and self._refusing):
            self.refused += 1
            return
        answers, onward = await asyncio.open_connection(HOST, self.target)
        link.ends.append(onward)
        if breaks:
            self._links.add(link)
        onward.write(first)
        pumps = [asyncio.create_task(self._pump(link, *ends)) for ends in ((reader, onward), (answers, link.ends[0]))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        for end in link.ends:
            end.close()
            await end.wait_closed()

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            if link in self._links:
                self._count(len(data), link, writer)
            if link.held is not writer:
                writer.write(data)
                await writer.drain()

    def _count(self, count: int, link: Link, end: asyncio.StreamWriter) -> None:
        if self._trap is not None:
            self._trap.left -= count
            if self._trap.left <= 0:
                act, self._trap = self._trap.act, None
                act(link, end)

    def _cut(self) -> None:
        self.cuts += bool(self._links)
        for link in tuple(self._links):
            self._links.discard(link)
            link.reset()


class RelayedServer:
    """A Jupyter server that browsers reach through a relay; it is the server itself in all but its addresses."""

    def __init__(self, server: JupyterLab, relay: Relay) -> None:
        self._server = server
        self.relay = relay

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def url(self, path: str = "", *, workspace: str | None = None) -> str:
        """As `JupyterLab.url`."""
        return self._server.url(path, workspace=workspace).replace(f":{self._server.port}/", f":{self.relay.port}/", 1)


def _hold(link: Link, end: asyncio.StreamWriter) -> None:
    link.held = end
