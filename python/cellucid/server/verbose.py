"""The log for a person at a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cellucid.server.reports import without_paths


@contextmanager
def log_on_stderr(secret: str) -> Iterator[None]:
    """Show what cellucid logs on stderr meanwhile, all of it, without the secret and without absolute paths."""
    root = logging.getLogger("cellucid")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet(secret))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


class _Discreet(logging.Formatter):
    def __init__(self, secret: str) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        return without_paths(super().format(record).replace(self._secret, "[secret]"))
