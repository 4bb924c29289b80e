"""How fast messages leave: Jupyter's server drops what exceeds 1,000 a second, with a word in its log only.

The limit is ``ServerApp.iopub_msg_rate_limit`` with its window; it counts all that a kernel sends, so that there is one
:class:`Pace` for a process, and it keeps well below.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

logger = logging.getLogger("cellucid.jupyter")

PER_SECOND = 400
BURST = 400


class Pace:
    """Lets messages go at once while they are few, else in their order as soon as they may.

    Args:
        per_second: messages a second, in the long run.
        burst: messages that may go at once after a rest.
    """

    def __init__(self, per_second: float = PER_SECOND, burst: float = BURST) -> None:
        self._per_second, self._burst = per_second, burst
        self._lock = threading.Lock()
        self._left = float(burst)
        self._looked = time.monotonic()
        self._waiting: OrderedDict[Hashable, Callable[[], None]] = OrderedDict()
        self._sending = False

    @property
    def waiting(self) -> int:
        """Messages that have not left yet."""
        with self._lock:
            return len(self._waiting)

    def spend(self) -> None:
        """Count a message that leaves at once, because somebody waits for it: an answer, an acknowledgement."""
        with self._lock:
            self._refill()
            self._left -= 1

    def send(self, send: Callable[[], None], key: Hashable | None = None) -> None:
        """Call ``send`` at once, or later on the thread ``cellucid-pace``.

        Args:
            send: sends one message; it is made when it leaves.
            key: of a message of which only the latest counts: one that still waits is taken back.
        """
        with self._lock:
            self._refill()
            if not self._waiting and self._left >= 1:
                self._left -= 1
            else:
                own: Hashable = object() if key is None else key
                self._waiting.pop(own, None)  # the latest goes last, so that it overtakes nothing
                self._waiting[own] = send
                if not self._sending:
                    self._sending = True
                    threading.Thread(target=self._send_what_waits, name="cellucid-pace", daemon=True).start()
                return
        send()

    def _refill(self) -> None:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._looked) * self._per_second)
        self._looked = now

    def _send_what_waits(self) -> None:
        while True:
            with self._lock:
                self._refill()
                if not self._waiting:
                    self._sending = False
                    return
                pause = (1 - self._left) / self._per_second
                if pause <= 0:
                    key, send = next(iter(self._waiting.items()))
                    self._left -= 1
            if pause > 0:
                time.sleep(pause)
                continue
            try:
                send()
            except Exception:
                logger.exception("a message to the viewer was not sent")
            with self._lock:  # only now: what comes meanwhile waits behind it
                if self._waiting.get(key) is send:
                    del self._waiting[key]


PACE = Pace()
"""The process's."""
