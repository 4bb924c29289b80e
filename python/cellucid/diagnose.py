"""What is known of the connection between a widget and its pages, for a person who wonders or reports a fault."""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import json
import platform
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cellucid.connect import OVERRIDE, override_address
from cellucid.server import DataServer, data_server

_PACKAGES = ("cellucid", "anndata", "anywidget", "ipykernel", "ipywidgets", "numpy", "traitlets")
_PROBE_SECONDS = 2.0
_LABEL = 12  # characters of the column of names


class ConnectionReport(dict[str, Any]):
    """The report of ``debug_connection()``: a plain dict for JSON, whose ``repr`` is for reading."""

    def __repr__(self) -> str:
        return "\n".join([self._title(), *(f"  {name:<{_LABEL}}{text}" for name, text in self._lines())])

    def _title(self) -> str:
        return f"cellucid {self['versions'].get('cellucid')} · widget {self['viewer_id'][:8]} · {self['status']}"

    def _lines(self) -> Iterator[tuple[str, str]]:
        front = self["frontend_debug_snapshot"]
        yield "viewer", _viewer(front)
        yield "data road", _road(self["transport"])
        for rung in self["transport"]["ladder"]:
            yield "", f"{rung['name']}: {_outcome(rung, self['transport']['name'])}"
        yield "measured", "; ".join(map(_speed, self["transport"]["measured"])) or "nothing yet"
        yield "round trip", _trips(self["round_trip"])
        versions = self["versions"]
        yield (
            "kernel",
            f"Python {versions['python']}, ipykernel {versions.get('ipykernel')}; {self['kernel']['comm_served']}",
        )
        if (defect := self["kernel"]["defect"]) is not None:
            yield "", defect
        server = self["server"]
        counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in server["counters"].items())
        health = server.get("health_error") or f"answers in {server.get('health_ms')} ms"
        yield "server", f"{server['url'] or 'does not run'}: {health}; {counts}" if server["url"] else "does not run"
        yield "proxy", self["jupyter_server_proxy"]["meaning"]
        yield "viewer_url", self["tab"]["obstacle"] or f"opens below {self['tab']['base']}"
        yield "hooks", _hooks(self["hooks"])
        events = ", ".join(f"{name} {count}" for name, count in self["recent_events"]["by_type"].items())
        yield "events", events or "none yet"
        yield "viewer code", self["web_ui"]["meaning"]
        for line in self["frontend_console"][-3:]:
            yield "console", f"{line['level']}: {line['message']}"
        for error in self["errors"][-3:]:
            yield "error", f"{error['message']} {error['hint']}".rstrip()


def versions() -> dict[str, str]:
    """Of Python and of the packages that take part; one that is not installed is left out."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def kernel_defect(ipykernel: str | None) -> str | None:
    """What a version of ipykernel is known to do wrong to all that its pages send, and the cure; else None."""
    if ipykernel is None or not re.match(r"7\.[0-3]\b", ipykernel):
        return None
    return (
        f"ipykernel {ipykernel} may miss a cell or a message, which then waits for ever (ipython/ipykernel#1554): "
        'pip install "ipykernel>=7.4", and restart the kernel'
    )


def server_report() -> dict[str, Any]:
    """How the data server answers on this machine, and what it has done. Holds no token."""
    server = data_server()
    report: dict[str, Any] = {"url": server.url if server.running else None, "override": None}
    try:
        report["override"] = override_address()
    except ValueError as error:
        report["override_error"] = f"{OVERRIDE}: {error}"
    if server.running:
        for name in ("health", "info", "datasets"):
            start = time.perf_counter()
            try:
                report[name] = _ask(server, f"/_cellucid/{name}")
                report[f"{name}_ms"] = round(1000 * (time.perf_counter() - start), 1)
            except (OSError, ValueError, http.client.HTTPException) as error:
                report[f"{name}_error"] = f"{type(error).__name__}: {error}"
    report["counters"] = asdict(server.counters)
    report["proxied"] = report["counters"].pop("proxied")
    return report


def proxy_report(ladder: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whether jupyter-server-proxy is there. It has to be where Jupyter's server runs, which only a page can tell."""
    here = importlib.util.find_spec("jupyter_server_proxy") is not None
    seen = next((rung for rung in ladder if rung["name"] == "proxy"), None)
    if seen is not None and seen["reason"] is None:
        meaning = "jupyter-server-proxy answers in Jupyter's server"
    elif seen is not None and "jupyter-server-proxy" in str(seen["reason"]):
        meaning = "no jupyter-server-proxy in Jupyter's server; installed there, it makes large data come faster"
    elif here:
        meaning = "jupyter-server-proxy is installed in the kernel's environment; no page has used it"
    else:
        meaning = "jupyter-server-proxy is not in the kernel's environment; the comm carries data where it is needed"
    return {"installed_in_kernel": here, "meaning": meaning}


def viewer_code(bundle: Path, running: Mapping[str, Any] | None) -> dict[str, Any]:
    """The viewer in the package beside the one that the browser runs.

    Args:
        bundle: the file in the package.
        running: ``size`` and ``sha256`` as the page tells them; None where no page has answered.
    """
    there: dict[str, Any] = {"packaged": None, "running": None if running is None else dict(running)}
    try:
        data = bundle.read_bytes()
    except OSError:
        return {**there, "meaning": "the package has no viewer: run `make build` in the checkout"}
    sha256 = hashlib.sha256(data).hexdigest()
    there["packaged"] = {"version": versions().get("cellucid"), "size": len(data), "sha256": sha256}
    what = f"{len(data) / 1000:,.0f} kB, sha256 {sha256[:12]}"
    if running is None:
        return {**there, "meaning": f"{what}; no page has told which one it runs"}
    if running.get("sha256") == sha256:
        return {**there, "meaning": f"{what}, the same in the browser"}
    other = str(running.get("sha256"))[:12]
    return {
        **there,
        "meaning": f"{what}, but the browser runs {other}: restart the kernel, reload the page, run the cell again",
    }


def _ask(server: DataServer, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", path, headers={"X-Cellucid-Token": server.token})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise http.client.HTTPException(f"status {answer.status}")
        return json.loads(body)
    finally:
        connection.close()


def _viewer(front: Mapping[str, Any]) -> str:
    if not front["ok"]:
        return str(front["error"])
    said = front["snapshot"]
    return f"{said.get('locationHref')}, {said.get('userAgent')}"


def _road(transport: Mapping[str, Any]) -> str:
    if transport["name"] is None:
        return "not known yet: no page has looked"
    where = transport["reason"] or transport["base"] or ""
    chosen = "" if transport["chosen_ms"] is None else f" (chosen after {transport['chosen_ms']:g} ms)"
    return f"{transport['name']}: {where}".rstrip(": ") + chosen


def _outcome(rung: Mapping[str, Any], taken: str | None) -> str:
    if rung["reason"] is not None:
        return str(rung["reason"])
    answered = "" if rung["ms"] is None else f", answered in {rung['ms']:g} ms"
    return ("taken" if rung["name"] == taken else "open") + answered


def _speed(row: Mapping[str, Any]) -> str:
    known = [f"{row[key]:g} {unit}" for key, unit in (("ms", "ms"), ("mb_per_s", "MB/s")) if row[key] is not None]
    return f"{row['name']} {', '.join(known) or 'nothing yet'}"


def _trips(trips: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value}{' ms' if isinstance(value, int | float) else ''}" for name, value in trips.items()
    )


def _hooks(hooks: Mapping[str, Any]) -> str:
    there = ", ".join(f"{name} {count}" for name, count in hooks["registered"].items()) or "none"
    text = f"{there}; {hooks['waiting']:,} events wait"
    if hooks["dropped"]:
        text += f", {hooks['dropped']:,} were dropped"
    if (running := hooks["running"]) is not None:
        text += f"; {running['hook']} has been running for {running['seconds']:g} s, for {running['event']!r}"
    return text
