"""The hidden folders that a run has beside its place, and whether the run that they are of is still alive."""

from __future__ import annotations

import os
import platform
import re
import secrets
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The first versions did not name the machine.
_NAME = r"(?P<mark>[0-9a-f]{8}(-[0-9a-f]{8})?)\.(partial|replaced|superseded)"

LONGEST_NAME = 255 - len("..01234567-89abcdef.superseded")
"""How many bytes the name of a place may have, so that most file systems take those of its hidden folders."""


@dataclass(frozen=True)
class Run:
    """One run that writes an export."""

    place: Path
    mark: str
    """What tells it apart, and the machine that it is on."""

    @property
    def partial(self) -> Path:
        """The new export until it is whole."""
        return self._folder("partial")

    @property
    def replaced(self) -> Path:
        """The old export until the new one has its name."""
        return self._folder("replaced")

    @property
    def superseded(self) -> Path:
        """The old export while it is removed."""
        return self._folder("superseded")

    def _folder(self, what: str) -> Path:
        return self.place.with_name(f".{self.place.name}.{self.mark}.{what}")


@contextmanager
def new_run(place: Path) -> Iterator[Run]:
    """A run with its empty partial folder, locked while the process lives."""
    run = Run(place, f"{secrets.token_hex(4)}-{_machine()}")
    unlocked = run._folder("new")  # which nobody takes for one that was left
    unlocked.mkdir()
    with _locked(unlocked):
        unlocked.rename(run.partial)
        yield run


def runs(place: Path) -> list[Run]:
    """All runs that have a folder beside a place."""
    if not place.parent.is_dir():
        return []
    name = re.compile(rf"\.{re.escape(place.name)}\.{_NAME}")
    found = (name.fullmatch(entry.name) for entry in place.parent.iterdir() if entry.name.startswith("."))
    return [Run(place, mark) for mark in sorted({match["mark"] for match in found if match is not None})]


@contextmanager
def over(run: Run) -> Iterator[bool]:
    """Whether the process of a run has ended; False where that is not known, as of another machine."""
    if not run.partial.is_dir():
        yield True
    elif not run.mark.endswith(f"-{_machine()}"):
        yield False
    else:
        with _locked(run.partial) as is_ours:
            yield is_ours


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Keeps other runs of this machine from taking the same place meanwhile."""
    with _locked(place.parent, wait=True):
        yield


def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


@contextmanager
def _locked(folder: Path, wait: bool = False) -> Iterator[bool]:
    """Holds a folder's lock, which the system takes back from a process that ends; whether that was possible.

    Only processes of one machine see each other's: NFS has none of folders.
    """
    handle = _lock(folder, wait)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


if sys.platform == "win32":

    def _lock(folder: Path, wait: bool) -> int | None:  # Windows has no locks of folders
        return None

else:
    import fcntl

    def _lock(folder: Path, wait: bool) -> int | None:
        try:
            handle = os.open(folder, os.O_RDONLY)
        except OSError:  # it is somebody else's, or gone
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:  # another has it, or the file system knows no locks
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        return handle
