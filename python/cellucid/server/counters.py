"""What the data server has done, and seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What a server has done, since its port was opened. Written by its thread alone."""

    requests: int = 0
    refused: int = 0
    """Of those, what came without the token, or under a name that is not ours."""
    bytes_sent: int = 0
    """Of answers' bodies."""
    proxied: str | None = None
    """The address under which a proxy has let a browser with the token through; the last one."""
