"""Bytes on the kernel's websocket, counted by the browser's DevTools protocol: the same for whatever widget."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

BINARY = 2


class Wire:
    """Counts the payload of the frames between one page and its kernel, both ways.

    Args:
        page: before it has opened anything.
    """

    def __init__(self, page: Page) -> None:
        self.up = 0
        self.down = 0
        self._kernels: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.on("Network.webSocketCreated", self._created)
        session.on("Network.webSocketFrameSent", lambda event: self._count(event, up=True))
        session.on("Network.webSocketFrameReceived", lambda event: self._count(event, up=False))
        session.send("Network.enable")

    def reset(self) -> None:
        """Begin to count anew."""
        self.up = self.down = 0

    def _created(self, event: dict[str, Any]) -> None:
        if "/channels" in event["url"]:
            self._kernels.add(event["requestId"])

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
