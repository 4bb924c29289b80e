"""What the viewer said last, of every kind."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, replace

from cellucid.channel.hooks import HookEvent

_KEPT = ("ready", "selection", "hover", "click")
_CONSOLE = 50


@dataclass(frozen=True, slots=True)
class ViewerState:
    """The last event of some kinds, and the last of any; None where there was none yet. It does not change."""

    ready: HookEvent | None = None
    """None also once the viewer that was ready has gone."""
    selection: HookEvent | None = None
    hover: HookEvent | None = None
    click: HookEvent | None = None
    last_event_type: str | None = None
    last_event: HookEvent | None = None
    last_updated_at: float | None = None
    """When that was, by ``time.monotonic()``."""


class Latest:
    """Keeps a state that is consistent whichever thread asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.state = ViewerState()
        self._counts: Counter[str] = Counter()
        self._console: deque[tuple[float, HookEvent]] = deque(maxlen=_CONSOLE)

    def tell(self, name: str, event: HookEvent) -> None:
        """Make an event the last one."""
        with self._lock:
            self._counts[name] += 1
            if name == "console":
                self._console.append((time.time(), event))
            kept = {name: event} if name in _KEPT else {}
            self.state = replace(
                self.state, **kept, last_event_type=name, last_event=event, last_updated_at=time.monotonic()
            )

    def forget_ready(self) -> None:
        """No viewer is ready any more."""
        with self._lock:
            if self.state.ready is not None:
                self.state = replace(self.state, ready=None)

    def counts(self) -> dict[str, int]:
        """How many events of each kind there were."""
        with self._lock:
            return dict(self._counts)

    def console(self) -> list[dict[str, object]]:
        """What the viewer warned of last, oldest first: ``ts`` (seconds since 1970), ``level``, ``message``."""
        with self._lock:
            return [{"ts": when, **event} for when, event in self._console]
