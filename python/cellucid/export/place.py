"""A folder that appears under its name when it is whole, and not before."""

from __future__ import annotations

import glob
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellucid.dataset.folder.manifests import IDENTITY

# What any dialect of export folders has at its top.
_OF_AN_EXPORT = re.compile(
    r"obs|var|vectors|connectivity|embeddings|additions|points_\d+d\.bin(\.gz)?|\w+_manifest\.json|"
    r"dataset_identity\.json|additions\.json"
)


def check_place(path: Path, force: bool) -> None:
    """Makes sure that a folder may be written at a path.

    Raises:
        FileExistsError: Something is there that is not an empty folder, and `force` does not allow to replace it, which
            it does for exports only.
    """
    _restore(path)
    if not os.path.lexists(path):
        return
    if path.is_dir():
        if not any(path.iterdir()):
            return
        if not (path / IDENTITY).is_file():
            raise FileExistsError(
                f"{str(path)!r} has files and is not an export, so it is not replaced, with or without force; name "
                "another folder"
            )
        if force:
            return
    elif force:
        raise FileExistsError(f"{str(path)!r} is a file, which is not replaced; name another folder")
    raise FileExistsError(f"{str(path)!r} exists; pass force=True (--force) to replace it, or name another folder")


@contextmanager
def new_folder(path: Path, force: bool) -> Iterator[Path]:
    """An empty folder beside `path`, hidden, that takes its place at the end; after an error it is removed.

    Where the process is killed, what stays is hidden and nobody's dataset: readers pass by names that begin with a dot.
    An export that is replaced is lost only once the new one has its name; files beside it that are not of an export
    stay where they are.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = f".{path.name}.{secrets.token_hex(4)}"
    partial = path.with_name(f"{mark}.partial")
    partial.mkdir()
    try:
        yield partial
        _flush(partial)
        check_place(path, force)  # it may have come meanwhile
        if path.is_dir() and any(path.iterdir()):
            replaced = path.with_name(f"{mark}.replaced")
            path.rename(replaced)
            try:
                _keep_others(replaced, partial)
                partial.rename(path)
            except BaseException:
                _keep_others(partial, replaced)
                replaced.rename(path)
                raise
            shutil.rmtree(replaced, ignore_errors=True)
        else:
            if path.is_dir():
                path.rmdir()  # Windows renames onto no folder, not even an empty one
            partial.rename(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _restore(path: Path) -> None:
    """Gives an export its name back, where a process was killed after it had taken it and before it gave it anew."""
    if os.path.lexists(path) or not path.parent.is_dir():
        return
    for replaced in path.parent.glob(f".{glob.escape(path.name)}.*.replaced"):
        replaced.rename(path)
        return


def _keep_others(old: Path, new: Path) -> None:
    """Moves what a person has put into an export to the one that takes its place."""
    for entry in old.iterdir():
        if _OF_AN_EXPORT.fullmatch(entry.name) is None and not os.path.lexists(new / entry.name):
            entry.rename(new / entry.name)


def _flush(folder: Path) -> None:
    """Has the manifests on the disk before they can be seen under their name."""
    for file in folder.glob("*.json"):
        handle = os.open(file, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
