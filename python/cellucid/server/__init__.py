"""The background data server: one a process, on loopback unless told otherwise, for every dataset that is shown."""

from __future__ import annotations

from cellucid.server.life import DataServer, data_server, listening_at
from cellucid.server.listen import LOOPBACK
from cellucid.server.verbose import log_on_stderr

__all__ = ["LOOPBACK", "DataServer", "data_server", "listening_at", "log_on_stderr"]
