"""A widget that tells how it is connected."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from cellucid.channel.rpc import RequestError
from cellucid.diagnose import (
    ConnectionReport,
    kernel_defect,
    proxy_report,
    server_report,
    versions,
    viewer_code,
)
from cellucid.server import data_server
from cellucid.widget.serving import Serving
from cellucid.widget.waiting import WaitingWidget, is_in_jupyter, is_in_marimo

BUNDLE = Path(__file__).parent.parent / "static" / "widget.js"
"""The viewer in the package."""

_TWIN = "debug_connection_async"
_BUSY = f"not measured: a cell was running; `await widget.{_TWIN}()` in a later cell measures it"
_BUSY_IN_MARIMO = (
    "not measured: marimo hears its page between cells alone; a hook measures it, such as "
    "`widget.on_selection(lambda event: reports.append(widget.debug_connection()))`"
)


class ReportingWidget(WaitingWidget):
    """Adds a report for a person who wonders why nothing arrives."""

    errors: Any
    viewer_id: Any
    transport: Any
    _server: Serving

    def debug_connection(self, timeout: float = 5.0) -> ConnectionReport:
        """How this widget, its pages and the data server reach each other.

        Args:
            timeout: seconds for a page to answer.

        Returns:
            A dict for JSON, without any token; printed, it reads as a report. What fails is in it: this never raises.
            What could not be measured because a cell was running is said so.
        """
        try:
            return self._report(self._ask("debug_snapshot", {}, timeout, twin=_TWIN)[0], None)
        except Exception as error:
            return self._report(None, error)

    async def debug_connection_async(self, timeout: float = 5.0) -> ConnectionReport:
        """As :meth:`debug_connection`, to ``await``: what needs the comm is measured as well, but in marimo."""
        try:
            return self._report((await self._ask_async("debug_snapshot", {}, timeout))[0], None)
        except Exception as error:
            return self._report(None, error)

    def _report(self, snapshot: dict[str, Any] | None, error: Exception | None) -> ConnectionReport:
        talk, road = self._talk, self._host.road
        said = snapshot or {}
        ladder = _rows(said.pop("ladder", None), ("name", "base", "reason", "ms"))
        measured = _rows(said.pop("measured", None), ("name", "ms", "mb_per_s"))
        chosen = _number(said.pop("chosen_ms", None))
        comm, http = _number(said.pop("comm_ms", None)), _number(said.pop("http_ms", None))
        running_code = said.pop("web_ui", None)
        if not isinstance(running_code, dict):
            running_code = None
        installed = versions()
        return ConnectionReport(
            viewer_id=self.viewer_id,
            status=self.status,
            versions=installed,
            kernel={
                "defect": kernel_defect(installed.get("ipykernel")) if is_in_jupyter() else None,
                "comm_served": "the comm is served while a cell runs"
                if talk.heard_beside_main
                else "the comm waits while a cell runs",
                "events_by_http": talk.heard_by_http,
                "messages_waiting": self._pace.waiting,
                "comm_bytes_sent": talk.carrier.bytes_sent,
                "comm_bytes_received": talk.carrier.bytes_received,
                "bytes_sent_unasked": talk.push.bytes_sent,
            },
            transport={
                "name": self.transport,
                "base": None if road is None else road.base,
                "reason": None if road is None else road.reason,
                "chosen_ms": chosen,
                "ladder": ladder,
                "measured": measured,
            },
            round_trip={
                "comm": comm if comm is not None else _busy() if snapshot is not None else "not measured",
                "http": http if http is not None else "not measured" if snapshot is None else "no road",
            },
            server=server_report(),
            tab=self._tab_report(),
            jupyter_server_proxy=proxy_report(ladder),
            hooks=self._hooks_report(),
            recent_events={"by_type": talk.latest.counts(), "last": talk.latest.state.last_event_type},
            frontend_debug_snapshot={"ok": True, "snapshot": said}
            if snapshot is not None
            else {"ok": False, "error": _why(error)},
            frontend_console=talk.latest.console(),
            web_ui=viewer_code(BUNDLE, running_code),
            errors=list(self.errors),
        )

    def _tab_report(self) -> dict[str, Any]:
        """Where the viewer opens in a tab, without the token; it is not asked for, or the server would start."""
        if not data_server().running:
            return {"base": None, "obstacle": "the data server does not run: reading `viewer_url` starts it"}
        try:
            return {"base": self._server.address(self._host.road), "obstacle": self._server.obstacle(self._host.road)}
        except (OSError, ValueError) as error:
            return {"base": None, "obstacle": str(error)}

    def _hooks_report(self) -> dict[str, Any]:
        dispatcher, running = self._talk.dispatcher, self._talk.dispatcher.running
        return {
            "registered": self._talk.hooks.counts(),
            "waiting": dispatcher.waiting,
            "dropped": dispatcher.dropped,
            "running": None
            if running is None
            else {
                "hook": running.hook,
                "event": running.event,
                "seconds": round(time.monotonic() - running.since, 1),
                "thread": dispatcher.thread_name,
            },
        }


def _busy() -> str:
    return _BUSY_IN_MARIMO if is_in_marimo() else _BUSY


def _why(error: Exception | None) -> str:
    if isinstance(error, ConnectionError):
        return _busy()
    if isinstance(error, RequestError):
        return f"{error}. {error.hint}".strip()
    if isinstance(error, TimeoutError) and threading.current_thread() is threading.main_thread():
        return f"{error}; {_busy()}"
    return f"{type(error).__name__}: {error}"


def _rows(said: object, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """What a page tells of roads, in the form that this report promises."""
    rows = said if isinstance(said, list) else []
    return [{name: row.get(name) for name in names} for row in rows if isinstance(row, dict)]


def _number(said: object) -> float | None:
    return said if isinstance(said, int | float) and not isinstance(said, bool) else None
