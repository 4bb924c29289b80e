"""What pages get without asking, where nothing of what they say can arrive.

While a cell runs, a kernel may hear nothing on its comm; what it says itself always gets through. So where no page has
spoken for a moment after something was shown, its resources are sent unasked.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from cellucid.channel.comm import CommCarrier
from cellucid.channel.messages import PIECE_BYTES, Command
from cellucid.channel.rpc import Answer, RequestError

logger = logging.getLogger("cellucid.jupyter")

PATIENCE = 1.0
"""Seconds for a page to speak before it is sent what it would ask for."""

MOST = 64 * 1024 * 1024
"""Bytes that are sent unasked for one display."""

PER_SECOND = 16 * 1024 * 1024
"""Bytes a second: acknowledgements and commands go the same way, and nobody says how fast it is."""

EVERYTHING = "everything"
"""A page begins."""

ReadPiece = Callable[[str, int, int], Answer]


class Push:
    """Sends what is shown to pages that cannot ask for it.

    Args:
        carrier: takes the pieces.
        read: reads a piece of a resource.
        paths: of what has changed since a moment of the monotonic clock, the version of the data and the resources in
            the order in which a page reads them; None where no page could use them.
        name: part of the name of the thread that sends.
        patience: seconds until it begins.
    """

    def __init__(
        self,
        carrier: CommCarrier,
        read: ReadPiece,
        paths: Callable[[AbstractSet[str], float], tuple[int, Iterable[str]] | None],
        name: str,
        patience: float = PATIENCE,
    ) -> None:
        self._carrier = carrier
        self._read = read
        self._paths = paths
        self._name = name
        self._patience = patience
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._turn = 0
        self._changed: set[str] = set()
        self._since = 0.0
        self._sent: set[tuple[int, str]] = set()
        self._left = 0
        self.bytes_sent = 0
        """Of all that was ever sent unasked."""

    def displayed(self) -> None:
        """The widget is shown in a new place: a page begins there, with nothing."""
        with self._lock:
            self._sent.clear()
            self._left = MOST
        self.changed(EVERYTHING)

    def changed(self, what: str) -> None:
        """Something else is shown than before: ``what`` a page does not have yet."""
        with self._lock:
            if self._left <= 0:  # never displayed, or enough was sent
                return
            if not self._changed:
                self._since = time.monotonic()
            self._changed.add(what)
            self._turn += 1
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._patience, self._send, [self._turn])
            self._timer.name = f"cellucid-push-{self._name}"
            self._timer.daemon = True
            self._timer.start()

    def heard(self) -> None:
        """A page has spoken: it can ask for what it needs."""
        with self._lock:
            self._turn += 1
            self._changed.clear()
            if self._left > 0:
                self._left = MOST
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def close(self) -> None:
        """Send nothing more. Idempotent."""
        self.heard()
        with self._lock:
            self._left = 0

    def _send(self, turn: int) -> None:
        try:
            shown = self._paths(frozenset(self._changed), self._since)
            if shown is None:
                return
            version, paths = shown
            for path in paths:
                if (version, path) not in self._sent and not self._send_resource(turn, version, path):
                    return
            with self._lock:
                if self._turn == turn:
                    self._changed.clear()
        except Exception:
            logger.exception("what is shown was not sent unasked")

    def _send_resource(self, turn: int, version: int, path: str) -> bool:
        """Send one resource; False where nothing more is to be sent."""
        offset = 0
        while True:
            if self._turn != turn:
                return False
            try:
                answer = self._read(path, offset, PIECE_BYTES)
            except RequestError as error:  # a page that asks is told
                logger.debug("%s is not sent unasked: %s", path, error)
                return True
            total: int = answer.result["total"]
            size = sum(buffer.nbytes for buffer in answer.buffers)
            with self._lock:
                if self._turn != turn or total - offset > self._left:
                    return False
                self._left -= size
                self.bytes_sent += size
            if offset == 0:
                logger.info("sending %s unasked (%d bytes): no page has spoken", path, total)
            payload = {"path": path, "offset": offset, "version": version, **answer.result}
            self._carrier.send(Command("piece", payload), answer.buffers)
            offset += size
            if offset >= total:
                with self._lock:
                    if self._turn == turn:  # or else a page may have begun meanwhile, with nothing
                        self._sent.add((version, path))
                return True
            time.sleep(size / PER_SECOND)
