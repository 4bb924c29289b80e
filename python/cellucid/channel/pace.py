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
        self._lanes: OrderedDict[Hashable, OrderedDict[Hashable, Callable[[], None]]] = OrderedDict()  # none is empty
        self._sending = False

    @property
    def waiting(self) -> int:
        """Messages that have not left yet."""
        with self._lock:
            return sum(map(len, self._lanes.values()))

    def holds(self, owner: Hashable) -> bool:
        """Whether messages of an owner have not left yet."""
        with self._lock:
            return owner in self._lanes

    def spend(self) -> None:
        """Count a message that leaves at once, because somebody waits for it: an answer, an acknowledgement."""
        with self._lock:
            self._refill()
            self._left -= 1

    def send(self, send: Callable[[], None], key: Hashable | None = None, *, owner: Hashable = None) -> None:
        """Call ``send`` at once, or later on the thread ``cellucid-pace``.

        Args:
            send: sends one message; it is made when it leaves.
            key: of a message of which only the latest counts: it takes the place of one that still waits.
            owner: whose message; those of one owner leave in order, those of several in turn.
        """
        with self._lock:
            self._refill()
            if not self._lanes and self._left >= 1:
                self._left -= 1
            else:
                own: Hashable = object() if key is None else key
                lane = self._lanes.setdefault(owner, OrderedDict())
                lane[own] = send  # in the place of the one that waits, or it might wait for ever
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
                if not self._lanes:
                    self._sending = False
                    return
                pause = (1 - self._left) / self._per_second
                if pause <= 0:
                    owner, lane = next(iter(self._lanes.items()))
                    key, send = next(iter(lane.items()))
                    self._left -= 1
            if pause > 0:
                time.sleep(pause)
                continue
            try:
                send()
            except Exception:
                logger.exception("a message to the viewer was not sent")
            with self._lock:  # only now: what comes meanwhile waits behind it
                if lane[key] is send:
                    del lane[key]
                self._lanes.move_to_end(owner)
                if not lane:
                    del self._lanes[owner]


PACE = Pace()
"""The process's."""
