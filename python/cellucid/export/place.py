"""A folder that appears under its name when it is whole, and not before."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cellucid.dataset.folder.manifests import IDENTITY
from cellucid.export.runs import LONGEST_NAME, Run, alone, new_run, over, runs

# What any dialect of export folders has at its top.
_OF_AN_EXPORT = re.compile(
    r"obs|var|vectors|connectivity|embeddings|additions|points_\d+d\.bin(\.gz)?|\w+_manifest\.json|"
    r"dataset_identity\.json|additions\.json"
)


def find_place(out_dir: str | os.PathLike[str]) -> Path:
    """Where a folder is to be, ``~`` and links resolved.

    Raises:
        ValueError: Its name is too long.
    """
    place = Path(os.path.realpath(os.path.expanduser(os.fsdecode(out_dir))))
    limits = {**dict.fromkeys(place.parent.parts, 255), place.name: LONGEST_NAME}
    for name, limit in limits.items():
        if (size := len(os.fsencode(name))) > limit:
            raise ValueError(
                f"the folder's name {name[:40] + '…'!r} is too long: it has {size:,} bytes, expected at most {limit}"
            )
    return place


def clear_up(place: Path) -> None:
    """Puts right what runs that were killed have left: gives an export its name back, and removes what is unfinished.

    What a run may still need stays, and so does whatever is not known to be left: of another machine, on Windows, or on
    a disk without locks.
    """
    for run in runs(place):
        shutil.rmtree(run.superseded, ignore_errors=True)
        with suppress(OSError), alone(place), over(run) as is_over:  # somebody else's, or another run clears up as well
            if is_over:
                _end(run)


def check_place(path: Path, force: bool) -> None:
    """Makes sure that a folder may be written at a path.

    Raises:
        FileExistsError: Something is there that is not an empty folder, and `force` does not allow to replace it, which
            it does for exports only.
    """
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
        if force and not _is_around_us(path):
            return
        if force:
            raise FileExistsError(
                f"{str(path)!r} has the working directory in it, which would be lost with the export that is replaced; "
                "change to another one first"
            )
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
    with new_run(path) as run:
        try:
            yield run.partial
            _flush(run.partial)
            with alone(path):
                check_place(path, force)  # it may have come meanwhile
                _take(path, run)
        except BaseException:
            _discard(run.partial)
            raise


def _end(run: Run) -> None:
    if run.replaced.is_dir():
        if run.partial.is_dir():
            _keep_others(run.partial, run.replaced)
        if not os.path.lexists(run.place):
            run.replaced.rename(run.place)
    _discard(run.partial)


def _take(path: Path, run: Run) -> None:
    if not path.is_dir():
        run.partial.rename(path)
    elif any(path.iterdir()):
        _replace(path, run)
    elif _is_around_us(path):
        _fill(path, run.partial)
    else:
        path.rmdir()  # Windows renames onto no folder, not even an empty one
        run.partial.rename(path)


def _replace(path: Path, run: Run) -> None:
    path.rename(run.replaced)
    try:
        _keep_others(run.replaced, run.partial)
        run.partial.rename(path)
    except BaseException:
        try:
            _keep_others(run.partial, run.replaced)
        finally:
            run.replaced.rename(path)
        raise
    run.replaced.rename(run.superseded)
    shutil.rmtree(run.superseded, ignore_errors=True)


def _fill(path: Path, partial: Path) -> None:
    """Moves an export into an empty folder that has to stay the one it is, the identity last."""
    names = sorted((entry.name for entry in partial.iterdir()), key=lambda name: name == IDENTITY)
    moved: list[str] = []
    try:
        for name in names:
            (partial / name).rename(path / name)
            moved.append(name)
    except BaseException:
        for name in reversed(moved):
            (path / name).rename(partial / name)
        raise
    partial.rmdir()


def _is_around_us(path: Path) -> bool:
    """Whether the working directory is a folder or in it."""
    try:
        return Path.cwd().is_relative_to(path)
    except FileNotFoundError:  # somebody has removed it
        return False


def _keep_others(old: Path, new: Path) -> None:
    """Moves what a person has put into an export to the one that takes its place."""
    for entry in old.iterdir():
        if not _is_of_an_export(entry) and not os.path.lexists(new / entry.name):
            entry.rename(new / entry.name)


def _discard(partial: Path) -> None:
    """Removes an unfinished export as far as it goes, but nothing that a person has made."""
    with suppress(OSError):
        for entry in partial.iterdir():
            if _is_of_an_export(entry):
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()
        partial.rmdir()


def _is_of_an_export(entry: Path) -> bool:
    return _OF_AN_EXPORT.fullmatch(entry.name) is not None


def _flush(folder: Path) -> None:
    """Has the manifests on the disk before they can be seen under their name."""
    for file in folder.glob("*.json"):
        handle = os.open(file, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
