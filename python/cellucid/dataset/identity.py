"""Which cells these are: a fingerprint of their names and order, the dataset's id, and whether its file is the same."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cellucid.dataset.errors import REMEDY, DatasetChanged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray


_NAMES_A_STEP = 1 << 14


def fingerprint(names: Iterable[str] | pd.Index[Any]) -> str:
    """A hash of cell names and of their order (BLAKE2b, 128 bits, hexadecimal).

    Each name is hashed to 64 bits first, in bulk: a million names take well under a second.
    """
    labels = np.asarray(names if isinstance(names, pd.Index) else list(names), dtype=object)
    return fingerprint_of(name_hashes(labels))


def name_hashes(names: NDArray[Any]) -> NDArray[np.uint64]:
    """A 64-bit hash of each name; names are str in an array of objects."""
    hashes = np.empty(len(names), dtype="<u8")
    # Pandas makes a copy of each name.
    for start in range(0, len(names), _NAMES_A_STEP):
        part = names[start : start + _NAMES_A_STEP]
        # Names hardly ever repeat, so looking for repetitions first (pandas' default) is time lost.
        hashes[start : start + len(part)] = pd.util.hash_array(part, categorize=False)
    return hashes


def fingerprint_and_uniqueness(hashes: NDArray[np.uint64]) -> tuple[str, bool]:
    """The fingerprint of names that have these `name_hashes`, and whether no two of them are equal; sorts these.

    An index' own `is_unique` leaves a table of its names in it, which takes 34 bytes a name.
    """
    found = fingerprint_of(hashes)
    hashes.sort()
    return found, not (hashes[1:] == hashes[:-1]).any()


def fingerprint_of(hashes: NDArray[np.uint64]) -> str:
    """The fingerprint of names that have these `name_hashes`."""
    return hashlib.blake2b(hashes.data, digest_size=16).hexdigest() if hashes.size else _OF_NONE


_OF_NONE = hashlib.blake2b(b"", digest_size=16).hexdigest()


def dataset_id(cell_fingerprint: str, n_vars: int) -> str:
    """The id of a dataset: equal for equal cell names in the same order and as many genes, wherever it is stored."""
    return f"anndata-{cell_fingerprint}-{n_vars}"


def tag_of(*about: object) -> str:
    """A tag (BLAKE2b, 128 bits, hexadecimal): equal for what is equal in all that is said about it, as JSON."""
    return hashlib.blake2b(json.dumps(about).encode(), digest_size=16).hexdigest()


class FileStamp:
    """What files were when data were opened from them: size, time of the last change and inode.

    Args:
        shown: What to call them in a message.
        files: All that are looked at; by default `shown` itself.
        must_stay: Whether a file that is no longer under its path is a change. It is none where the file is open: it
            is read as it was.
    """

    def __init__(self, shown: Path, files: Iterable[Path] | None = None, *, must_stay: bool = False) -> None:
        self._shown = shown
        self._must_stay = must_stay
        self._then = {path: _look_at(path) for path in ((shown,) if files is None else files)}

    @property
    def tag(self) -> str:
        """A tag of what the files were: another file, or this one after a change, has another."""
        return tag_of(*((str(path.absolute()), then) for path, then in self._then.items()))

    def check(self) -> None:
        """Makes sure that they still are what they were.

        Raises:
            DatasetChanged: One has been written to or replaced, or is no longer there and must be.
        """
        for path, then in self._then.items():
            now = _look_at(path)
            if now != then and (now is not None or self._must_stay):
                raise DatasetChanged(f"{self._shown.name!r} has changed on disk since it was opened; {REMEDY}")

    @property
    def is_overwritten(self) -> bool:
        """Whether one has other content by now, in the same place."""
        pairs = [(then, _look_at(path)) for path, then in self._then.items()]
        return any(then is not None and now is not None and then != now and then[2] == now[2] for then, now in pairs)


def _look_at(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
