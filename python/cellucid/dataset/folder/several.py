"""Which exports a folder has: it is one itself, or holds several, listed in ``datasets.json`` or just side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cellucid.dataset.errors import DatasetError, warn_user
from cellucid.dataset.folder.files import ExportFiles
from cellucid.dataset.folder.manifests import IDENTITY, OBS
from cellucid.dataset.folder.node import Node
from cellucid.dataset.references import did_you_mean

DATASETS = "datasets.json"
_SHOWN = 3


@dataclass(frozen=True)
class Found:
    """One export in a folder."""

    id: str
    name: str
    path: Path
    place: str
    """Where it is in the folder."""
    n_cells: int | None = None
    """What the folder says; None where it does not."""
    is_default: bool = False
    """Whether ``datasets.json`` says to begin with it."""
    key: str = ""
    """What it is chosen by: its id, or its place where others have that id."""


def is_export(path: Path) -> bool:
    """Whether a folder is an export, perhaps a damaged one, or holds some."""
    try:
        return path.is_dir() and any(
            (folder / file).is_file()
            for folder, file in (
                *((path, name) for name in (IDENTITY, OBS, DATASETS)),
                *((inner, IDENTITY) for inner in _inside(path)),
            )
        )
    except (OSError, ValueError):  # not to be listed, or no path at all
        return False


def find_exports(path: Path, *, warn: bool = True) -> list[Found]:
    """The exports of a folder, in its order; one that is broken is left out.

    Args:
        path: The folder.
        warn: Tell of what is left out.

    Raises:
        DatasetError: There is none that can be read.
    """
    files = ExportFiles(path)
    if (path / IDENTITY).is_file():
        return _told_apart([_found(path)])
    if (path / DATASETS).is_file():
        found, broken = _listed(files)
        if not found and not broken:
            raise files.fail(DATASETS, "it lists no dataset")
    else:
        found, broken = _side_by_side(path)
    if broken and not found:
        raise broken[0]
    if not found:
        raise DatasetError(
            f"{(path.name or str(path))!r} is not an export folder: neither it nor a folder in it has a {IDENTITY}. "
            + _instead(path)
        )
    for reason in broken if warn else ():
        warn_user(f"left out of the datasets: {reason}.")
    return _told_apart(found)


def choose(found: list[Found], wanted: str | None) -> Found:
    """The export with an id, or in a folder of that name; where none is named, the one to begin with.

    Raises:
        DatasetError: There is none, or there are several.
    """
    if wanted is None:
        return next((one for one in found if one.is_default), found[0])
    for names in ("key", "id", "place"):
        if fitting := [one for one in found if getattr(one, names) == wanted]:
            break
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        folders = ", ".join(repr(one.place) for one in fitting)
        raise DatasetError(f"{len(fitting)} datasets have the id {wanted!r}; name one by its folder: {folders}")
    keys = [one.key for one in found]
    there = ", ".join(map(repr, keys))
    raise DatasetError(f"there is no dataset {wanted!r}.{did_you_mean(wanted, keys)} There are: {there}.")


def _inside(path: Path) -> list[Path]:
    # Hidden ones are exports that are being written.
    return sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _side_by_side(path: Path) -> tuple[list[Found], list[DatasetError]]:
    """The exports in the folders of a folder, and what is wrong with the broken ones."""
    found: list[Found] = []
    broken: list[DatasetError] = []
    for folder in _inside(path):
        if (folder / IDENTITY).is_file():
            try:
                found.append(_found(folder))
            except DatasetError as error:
                broken.append(error)
    return found, broken


def _found(path: Path) -> Found:
    files = ExportFiles(path)
    identity = Node(files, IDENTITY, files.json(IDENTITY))
    key = identity["id"].key()
    stats = identity.value.get("stats")
    n_cells = _count(stats.get("n_cells")) if isinstance(stats, dict) else None
    return Found(key, _name(identity, key), path, path.name, n_cells)


def _listed(files: ExportFiles) -> tuple[list[Found], list[DatasetError]]:
    """The exports that ``datasets.json`` lists, and what is wrong with the broken ones."""
    document = Node(files, DATASETS, files.json(DATASETS))
    default = document.get("default")
    found: dict[Found, None] = {}  # what is listed twice is there once
    broken: list[DatasetError] = []
    for entry in document["datasets"]:
        try:
            relative = entry["path"].text()
            if not (folder := files.folder(relative)).is_dir():
                raise entry["path"].fail(f"there is no folder {relative!r}")
            key = entry["id"].key()
            is_default = default is not None and entry["id"].value == default.value
            n_cells = _count(entry.value.get("n_cells"))
            found[Found(key, _name(entry, key), folder, relative.rstrip("/"), n_cells, is_default)] = None
        except DatasetError as error:
            broken.append(error)
    return list(found), broken


def _name(node: Node, otherwise: str) -> str:
    return otherwise if (name := node.get("name")) is None else name.text()


def _count(value: object) -> int | None:
    """A number of cells that somebody has written down, which is shown and never relied on."""
    return value if type(value) is int and 0 < value < 1 << 53 else None


def _instead(path: Path) -> str:
    """What to do about a folder that has no export."""
    files = sorted(one.name for one in path.iterdir() if one.suffix in (".h5ad", ".zarr"))
    if not files:
        return "`cellucid.prepare(adata, folder)` writes one."
    shown = ", ".join(map(repr, files[:_SHOWN])) + (", …" if len(files) > _SHOWN else "")
    return f"It has {shown}: name the file itself."


def _told_apart(found: list[Found]) -> list[Found]:
    ids = Counter(one.id for one in found)
    places = {one: f"{one.place}/" if one.place in ids else one.place for one in found}
    return [replace(one, key=one.id if ids[one.id] == 1 else places[one]) for one in found]


def datasets_entry(path: Path) -> dict[str, Any]:
    """What ``datasets.json`` says of an export.

    Raises:
        DatasetError: Its identity cannot be read.
    """
    files = ExportFiles(path)
    identity = Node(files, IDENTITY, files.json(IDENTITY))
    found = _found(path)
    entry: dict[str, Any] = {"id": found.id, "path": f"{path.name}/", "name": found.name}
    if (stats := identity.get("stats")) is not None:
        for key in ("n_cells", "n_genes"):
            if (count := stats.get(key)) is not None and count.value:
                entry[key] = count.integer(1, 1 << 40)
    return entry
