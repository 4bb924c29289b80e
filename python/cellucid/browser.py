"""The person's browser: whether there is one here, and how it is led to an address that nobody else is to read."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path


def has_screen() -> bool:
    """Whether a browser would open where the person sees it; one for the terminal would take the terminal."""
    if "SSH_CONNECTION" in os.environ:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def opened_at(address: str) -> Iterator[None]:
    """Open an address in the browser; what leads it there lies on the disk until the end.

    It is a file for this user alone: as an argument of the browser everybody on the machine could read the address.
    """
    name = f"cellucid-{secrets.token_hex(8)}.html"
    places = [folder / name for folder in _folders()]  # known before it is there: whatever comes, it is removed
    try:
        redirect, descriptor = _first_made(places)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write("<!doctype html><title>cellucid</title>")
            file.write(f'<meta http-equiv="refresh" content="0;url={escape(address)}">')
        webbrowser.open(redirect.as_uri())
        yield
    finally:
        for place in places:
            with suppress(OSError):
                place.unlink()


def _first_made(places: Sequence[Path]) -> tuple[Path, int]:
    """A new file for this user alone, in the first of the places where one can be made, and its open descriptor."""
    *others, last = places
    for place in others:
        with suppress(OSError):
            return place, _made(place)
    return last, _made(last)


def _made(place: Path) -> int:
    return os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _folders() -> Iterator[Path]:
    """Where a file may lie that the browser is to read, the best first.

    A browser from a snap, as Ubuntu's are, has a /tmp of its own and sees nothing hidden; so where there are snaps, the
    file lies in the person's home.
    """
    if sys.platform == "linux" and shutil.which("snap"):
        with suppress(RuntimeError):  # there is no home
            yield Path.home()
    yield Path(tempfile.gettempdir())
