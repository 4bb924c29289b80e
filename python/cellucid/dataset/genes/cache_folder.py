"""The folder in the user's cache directory where gene indexes are kept, its size bounded."""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path

DIR_VARIABLE = "CELLUCID_CACHE_DIR"
"""The environment variable that names another cache directory."""
BYTES_VARIABLE = "CELLUCID_CACHE_BYTES"
"""The environment variable that says how many bytes the indexes may take; 0 keeps none."""

DEFAULT_BYTES = 20 * 2**30
# What is left free of the disk, whatever the bound.
RESERVE = 2 * 2**30

ENDING = ".genes"
UNFINISHED = ".tmp"
# A file that nobody has written to for so long is of a process that was killed.
STALE_SECONDS = 24 * 3600


def gene_folder() -> Path:
    """Where the indexes are: ``genes`` in the cache directory of cellucid."""
    if own := os.environ.get(DIR_VARIABLE):
        return Path(own) / "genes"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "cellucid" / "genes"


def unfinished_name() -> str:
    """A name for a file that is being written: one that nobody looks for, and that says who writes it."""
    return f"{secrets.token_hex(8)}.{os.getpid()}.{_host()}{UNFINISHED}"


def most_bytes() -> int:
    """How many bytes the indexes may take together."""
    with suppress(ValueError):
        return int(os.environ[BYTES_VARIABLE]) if BYTES_VARIABLE in os.environ else DEFAULT_BYTES
    return DEFAULT_BYTES


def make_room(folder: Path, nbytes: int) -> bool:
    """Removes what was used longest ago until so many bytes more are within the bound; whether they are.

    Raises:
        OSError: The folder cannot be made or read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _remove_stale(folder)
    # What is being written, or read without a name, counts as well, and nobody else can remove it.
    in_work = sum(size for _, size, _ in _sizes(folder, UNFINISHED))
    bound = min(most_bytes() - in_work, _kept(folder) + shutil.disk_usage(folder).free - RESERVE)
    if nbytes > bound:
        return False
    there = sorted(_sizes(folder), key=lambda entry: entry[0])
    total = sum(size for _, size, _ in there)
    for _, size, path in there:
        if total + nbytes <= bound:
            break
        with suppress(OSError):
            path.unlink()
            total -= size
    return total + nbytes <= bound


def mark_used(path: Path) -> None:
    """Notes that an index was used now. Where that cannot be noted, it is only removed the sooner."""
    with suppress(OSError):
        os.utime(path)


def _kept(folder: Path) -> int:
    return sum(size for _, size, _ in _sizes(folder))


def _sizes(folder: Path, ending: str = ENDING) -> list[tuple[float, int, Path]]:
    """When each index was last used, its bytes, and its path."""
    found = []
    for path in folder.glob(f"*{ending}"):
        with suppress(OSError):  # another process has just removed it
            about = path.stat()
            found.append((about.st_mtime, about.st_size, path))
    return found


def _remove_stale(folder: Path) -> None:
    for path in folder.glob(f"*{UNFINISHED}"):
        with suppress(OSError):
            if not _in_use(path) or time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


def _in_use(path: Path) -> bool:
    """Whether the process that writes a file still lives; true where that cannot be told."""
    *_, process, host, _ending = ["", "", *path.name.split(".")]
    # Homes are shared between machines. On Windows os.kill would kill.
    if host != _host() or not process.isdigit() or sys.platform == "win32":
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _host() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"
