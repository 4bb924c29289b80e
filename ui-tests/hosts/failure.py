"""What a failed test saw: pictures, consoles, logs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Page

from hosts.console import Console


class Logged(Protocol):
    """A server with a log."""

    def log_tail(self, lines: int = 60) -> str:
        """The last lines of the log."""
        ...


class Watched(Protocol):
    """A page of a host: what its console said, and what serves it."""

    page: Page
    console: Console

    @property
    def server(self) -> Logged:
        """What serves it."""
        ...


def save_failure(folder: Path, watched: Sequence[Watched]) -> None:
    """Keeps each page's picture, console, and server's log in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seen in enumerate(watched):
        (folder / f"console-{number}.txt").write_text("\n".join(seen.console))
        (folder / f"server-{number}.log").write_text(seen.server.log_tail(lines=2000))
        if not seen.page.is_closed():
            seen.page.screenshot(path=folder / f"page-{number}.png")
