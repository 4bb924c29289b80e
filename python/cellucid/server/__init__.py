"""The background data server: one a process, on loopback, for every dataset that is shown."""

from __future__ import annotations

from cellucid.server.life import DataServer, data_server

__all__ = ["DataServer", "data_server"]
