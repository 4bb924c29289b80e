"""The same as `browser`, with a million cells."""

from __future__ import annotations

from collections.abc import Iterator

from browser import compare
from table import Row


def run(quick: bool) -> Iterator[Row]:
    """Twice: software GL needs half a second for each frame of each side."""
    yield from compare("million", *((20_000, 1) if quick else (1_000_000, 2)))
