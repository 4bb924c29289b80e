"""What `debug_connection()` tells."""

import asyncio
import hashlib
import json
import threading
import time

import pytest

from cellucid.diagnose import kernel_defect
from cellucid.server import data_server
from cellucid.widget import reporting


class AnsweringPage:
    """Answers what the widget asks, on a thread of its own, as the viewer does."""

    def __init__(self, widget, monkeypatch, answer):
        self.widget, self.seq, self.answer = widget, 0, answer
        self.event("ready", {"n_cells": widget.n_cells, "dimensions": 2})
        send = widget._talk.carrier._send

        def heard(content, buffers):
            send(content, buffers)
            if content.get("command") == "ask":
                threading.Thread(target=self.reply, args=(content["payload"],)).start()

        monkeypatch.setattr(widget._talk.carrier, "_send", heard)

    def reply(self, asked):
        result = self.answer(asked)
        error = None if result is not None else {"code": "broken", "message": "it is broken", "hint": "Mend it."}
        self.event("answer", {"id": asked["id"], "result": result, "error": error})

    def event(self, name, payload):
        self.seq += 1
        content = {"kind": "event", "page": "p1", "seq": self.seq, "event": name, "payload": payload}
        self.widget._handle_custom_msg(content, [])


def snapshot(asked):
    assert asked["method"] == "debug_snapshot"
    code = reporting.BUNDLE.read_bytes()
    return {
        "locationHref": "http://localhost:8888/lab",
        "userAgent": "Chromium",
        "connected": True,
        "ladder": [
            {"name": "proxy", "base": None, "reason": "the page has no Jupyter server behind it", "ms": None},
            {"name": "direct", "base": data_server().url, "reason": None, "ms": 2.5},
        ],
        "measured": [{"name": "direct", "ms": 2.5, "mb_per_s": 310}, {"name": "comm", "ms": 48, "mb_per_s": None}],
        "chosen_ms": 31.5,
        "comm_ms": 48.5,
        "http_ms": 2,
        "web_ui": {"size": len(code), "sha256": hashlib.sha256(code).hexdigest()},
    }


def test_all_that_a_page_and_the_kernel_know_is_told(shown, monkeypatch):
    page = AnsweringPage(shown, monkeypatch, snapshot)
    page.event("transport", {"name": "direct", "base": data_server().url, "reason": None})
    page.event("console", {"level": "warn", "message": "dropped a message", "hint": None})
    shown.on_selection(lambda event: None)
    report = shown.debug_connection()
    assert report["frontend_debug_snapshot"]["ok"]
    assert report["frontend_debug_snapshot"]["snapshot"]["userAgent"] == "Chromium"
    assert report["round_trip"] == {"comm": 48.5, "http": 2}
    assert report["transport"]["name"] == "direct"
    assert report["transport"]["ladder"] == snapshot({"method": "debug_snapshot"})["ladder"]
    assert report["transport"]["measured"] == snapshot({"method": "debug_snapshot"})["measured"]
    assert report["server"]["health"] == {"status": "ok", **report["server"]["health"]}
    assert report["server"]["info"]["n_datasets"] >= 1
    assert report["server"]["counters"]["requests"] >= 3
    assert report["server"]["counters"]["bytes_sent"] > 0
    assert report["recent_events"]["by_type"] == {"ready": 1, "console": 1, "debug_snapshot": 1}
    assert [line["message"] for line in report["frontend_console"]] == ["dropped a message"]
    assert report["hooks"]["registered"] == {"selection": 1}
    assert report["web_ui"]["packaged"]["sha256"] == report["web_ui"]["running"]["sha256"]
    assert {"python", "anndata", "anywidget", "cellucid"} <= report["versions"].keys()
    assert shown.errors == [], "a warning is no error"
    text = repr(report)
    lines = [line.strip() for line in text.splitlines()]
    assert "direct: taken, answered in 2.5 ms" in lines
    assert "proxy: the page has no Jupyter server behind it" in lines
    assert f"data road   direct: {data_server().url} (chosen after 31.5 ms)" in lines
    assert "measured    direct 2.5 ms, 310 MB/s; comm 48 ms" in lines
    for part in ("direct", "48.5 ms", "selection 1", "the same in the browser", "dropped a message", "Chromium"):
        assert part in text
    assert data_server().token not in text + json.dumps(report)


def test_the_report_can_be_awaited(shown, monkeypatch):
    AnsweringPage(shown, monkeypatch, snapshot)
    report = asyncio.run(shown.debug_connection_async())
    assert report["round_trip"]["comm"] == 48.5


def test_a_server_without_the_proxy_is_told_from_a_kernel_without_it(shown, monkeypatch):
    rung = {"name": "proxy", "base": "https://hub.example.org/user/ada/proxy/1/", "ms": None}
    ladder = [rung | {"reason": "Jupyter has no jupyter-server-proxy there"}]
    AnsweringPage(shown, monkeypatch, lambda asked: snapshot(asked) | {"ladder": ladder})
    assert "installed there, it makes large data come faster" in repr(shown.debug_connection())


@pytest.mark.parametrize(
    ("ipykernel", "is_named"),
    [("6.31.0", False), ("7.0.0", True), ("7.3.0", True), ("7.4.0", False), ("7.30.0", False), (None, False)],
)
def test_an_ipykernel_that_misses_messages_is_named_with_the_cure(ipykernel, is_named):
    said = kernel_defect(ipykernel)
    assert ('pip install "ipykernel>=7.4"' in (said or "")) is is_named


def test_an_ipykernel_that_nothing_runs_in_is_not_named(shown, monkeypatch):
    AnsweringPage(shown, monkeypatch, snapshot)
    monkeypatch.setattr("cellucid.widget.reporting.versions", lambda: {"python": "3.13.1", "ipykernel": "7.3.0"})
    report = shown.debug_connection()
    assert report["kernel"]["defect"] is None
    assert "may miss" not in repr(report)


def test_it_says_so_when_nobody_shows_the_widget(shown):
    report = shown.debug_connection(timeout=0.1)
    front = report["frontend_debug_snapshot"]
    assert not front["ok"]
    assert front["error"].startswith("no page shows this widget yet. Put the widget at the end of a cell.")
    assert "install anywidget" in front["error"]
    assert report["web_ui"]["meaning"].endswith("no page has told which one it runs")
    assert "no page shows this widget" in repr(report)


def test_it_does_not_start_the_server(shown):
    data_server().stop()
    report = shown.debug_connection(timeout=0.05)
    assert not data_server().running
    assert report["server"]["url"] is None
    assert report["tab"] == {"base": None, "obstacle": "the data server does not run: reading `viewer_url` starts it"}


def test_a_page_that_does_not_answer_or_cannot_is_no_exception(shown, monkeypatch):
    page = AnsweringPage(shown, monkeypatch, lambda asked: None)
    assert shown.debug_connection()["frontend_debug_snapshot"]["error"] == "it is broken. Mend it."
    page.reply = lambda asked: None
    error = shown.debug_connection(timeout=0.05)["frontend_debug_snapshot"]["error"]
    assert error.startswith("no answer of the viewer within 0.05 s")
    shown.stop()
    assert "this widget is stopped" in shown.debug_connection()["frontend_debug_snapshot"]["error"]


def test_what_a_running_cell_keeps_from_being_measured_is_not_called_failed(shown, monkeypatch):
    AnsweringPage(shown, monkeypatch, lambda asked: {**snapshot(asked), "comm_ms": None})
    assert "a cell was running" in shown.debug_connection()["round_trip"]["comm"]


def test_a_hook_that_does_not_return_is_named(shown, monkeypatch):
    page, free = AnsweringPage(shown, monkeypatch, snapshot), threading.Event()
    begun = threading.Event()

    @shown.on_click
    def endless(event):
        begun.set()
        free.wait(30)

    for cell in range(3):
        page.event("click", {"cell": cell, "button": 0, "shift": False, "ctrl": False})
    assert begun.wait(10)
    deadline = time.monotonic() + 10
    while (hooks := shown.debug_connection()["hooks"])["running"]["seconds"] < 0.1:
        assert time.monotonic() < deadline
    assert hooks["running"]["hook"].endswith("endless")
    assert hooks["running"]["event"] == "click"
    assert hooks["running"]["thread"] == f"cellucid-hooks-{shown.viewer_id[:8]}"
    assert hooks["waiting"] >= 2
    assert "endless has been running" in repr(shown.debug_connection())
    free.set()


def test_another_viewer_in_the_browser_than_in_the_package_is_noticed(shown, monkeypatch):
    AnsweringPage(shown, monkeypatch, lambda asked: {**snapshot(asked), "web_ui": {"size": 3, "sha256": "ab" * 32}})
    assert "but the browser runs abababababab" in shown.debug_connection()["web_ui"]["meaning"]


def test_a_package_without_a_viewer_is_noticed(shown, monkeypatch, tmp_path):
    monkeypatch.setattr(reporting, "BUNDLE", tmp_path / "widget.js")
    assert "run `make build`" in shown.debug_connection()["web_ui"]["meaning"]


@pytest.mark.parametrize("address", ["ftp://x", "http://user:secret@host/"])
def test_an_override_that_is_no_address_is_told(shown, monkeypatch, address):
    monkeypatch.setenv("CELLUCID_CLIENT_SERVER_URL", address)
    report = shown.debug_connection()
    assert "CELLUCID_CLIENT_SERVER_URL" in report["server"]["override_error"]
    assert "secret" not in repr(report) + json.dumps(report)
