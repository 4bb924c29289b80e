"""The person's browser: whether there is one here, and how it is led to an address that nobody else is to read."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
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
    redirect, descriptor = _new_file()
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write("<!doctype html><title>cellucid</title>")
            file.write(f'<meta http-equiv="refresh" content="0;url={escape(address)}">')
        webbrowser.open(redirect.as_uri())
        yield
    finally:
        redirect.unlink(missing_ok=True)


def _new_file() -> tuple[Path, int]:
    """A file of this user's that the browser can read, and its open descriptor.

    A browser from a snap, as Ubuntu's are, has a /tmp of its own and sees nothing hidden; so where there are snaps, the
    file lies in the person's home.
    """
    if sys.platform == "linux" and shutil.which("snap"):
        try:
            return _made_in(Path.home())
        except (OSError, RuntimeError):  # there is no home, or nothing may be written there
            pass
    return _made_in(None)


def _made_in(folder: Path | None) -> tuple[Path, int]:
    descriptor, name = tempfile.mkstemp(prefix="cellucid-", suffix=".html", dir=folder)
    return Path(name), descriptor
