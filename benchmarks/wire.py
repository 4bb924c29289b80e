"""Bytes between a page and its kernel, counted by the browser's DevTools protocol: the same for whatever widget."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

BINARY = 2


class Wire:
    """Counts the payload of the kernel's websocket, both ways, and what HTTP brings from servers other than Jupyter's.

    Args:
        page: before it has opened anything.
        jupyter: the address of the Jupyter server, whose own answers do not count; those that it passes on do.
    """

    def __init__(self, page: Page, jupyter: str) -> None:
        self.up = 0
        self.down = 0
        self._jupyter = jupyter
        self._kernels: set[str] = set()
        self._answers: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.on("Network.webSocketCreated", self._created)
        session.on("Network.webSocketFrameSent", lambda event: self._count(event, up=True))
        session.on("Network.webSocketFrameReceived", lambda event: self._count(event, up=False))
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._loaded)
        session.send("Network.enable")

    def reset(self) -> None:
        """Begin to count anew."""
        self.up = self.down = 0

    def _created(self, event: dict[str, Any]) -> None:
        if "/channels" in event["url"]:
            self._kernels.add(event["requestId"])

    def _answered(self, event: dict[str, Any]) -> None:
        url = event["response"]["url"]
        if url.startswith("http") and (not url.startswith(self._jupyter) or "/proxy/" in url):
            self._answers.add(event["requestId"])

    def _loaded(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._answers:
            self.down += int(event["encodedDataLength"])  # with its headers

    def _count(self, event: dict[str, Any], *, up: bool) -> None:
        if event["requestId"] not in self._kernels:
            return
        payload = event["response"]["payloadData"]
        if event["response"]["opcode"] == BINARY:  # in base64
            size = len(payload) * 3 // 4 - payload[-2:].count("=")
        else:
            size = len(payload.encode())
        if up:
            self.up += size
        else:
            self.down += size
