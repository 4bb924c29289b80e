"""A line that is slow, as to a kernel behind SSH: a relay on loopback that adds latency and has little bandwidth."""

import asyncio

from hosts.relay import Link, Relay

CHUNK = 16 * 1024
QUEUE = 64
"""Chunks on their way: more than fit into the latency at the bandwidth of any slow line."""


class Shaper(Relay):
    """Carries connections on to a port of loopback, inside `with`: later, and all of them together no faster than so.

    Args:
        target: The port; it may be set later.
        delay: Seconds from end to end, in each direction.
        rate: Bytes a second, in each direction.
    """

    def __init__(self, target: int | None = None, *, delay: float = 0.025, rate: float = 2_000_000) -> None:
        super().__init__(target)
        self._delay = delay
        self.rate = rate
        """May be set while connections are carried."""
        self._free = {"up": 0.0, "down": 0.0}
        self.carried = 0
        """Bytes, of both directions."""
        self.asked = 0
        """Connections that somebody wanted."""

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        # A tunnel opens a channel, which is a round trip; then the first words travel.
        await asyncio.sleep(3 * self._delay)
        await super()._accept(reader, writer)

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        direction = "down" if writer is link.ends[0] else "up"
        travelling: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE)
        arriving = asyncio.create_task(self._deliver(travelling, writer))
        clock = asyncio.get_running_loop().time
        try:
            while data := await reader.read(CHUNK):
                self.carried += len(data)
                sent = self._free[direction] = max(self._free[direction], clock()) + len(data) / self.rate
                await travelling.put((sent + self._delay, data))
                await asyncio.sleep(sent - clock())
            await travelling.join()
        finally:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)

    async def _deliver(self, travelling: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due, data = await travelling.get()
            await asyncio.sleep(due - clock())
            writer.write(data)
            await writer.drain()
            travelling.task_done()
