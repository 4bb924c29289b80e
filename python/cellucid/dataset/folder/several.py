"""Which exports a folder has: it is one itself, or holds several, listed in ``datasets.json`` or just side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellucid.dataset.errors import DatasetError, warn_user
from cellucid.dataset.folder.files import ExportFiles
from cellucid.dataset.folder.manifests import IDENTITY, OBS
from cellucid.dataset.folder.node import Node
from cellucid.dataset.references import close_matches

if TYPE_CHECKING:
    from collections.abc import Iterator

DATASETS = "datasets.json"


@dataclass(frozen=True)
class Found:
    """One export in a folder."""

    id: str
    name: str
    path: Path


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


def find_exports(path: Path) -> list[Found]:
    """The exports of a folder, the one to begin with first.

    Raises:
        DatasetError: There is none that can be read.
    """
    files = ExportFiles(path)
    if (path / IDENTITY).is_file():
        return [_found(path)]
    if (path / DATASETS).is_file():
        listed = list(_listed(files, path))
        if not listed:
            raise files.fail(DATASETS, "it lists no dataset")
        return listed
    folders = [folder for folder in _inside(path) if (folder / IDENTITY).is_file()]
    found: list[Found] = []
    broken: list[DatasetError] = []
    for folder in folders:
        try:
            found.append(_found(folder))
        except DatasetError as error:
            broken.append(error)
    if broken and not found:
        raise broken[0]
    if not found:
        raise DatasetError(
            f"{(path.name or str(path))!r} is not an export folder: neither it nor a folder in it has a {IDENTITY}. "
            "`cellucid.prepare(adata, folder)` writes one."
        )
    for reason in broken:
        warn_user(f"left out of the datasets: {reason}.")
    return found


def choose(found: list[Found], wanted: str | None) -> Found:
    """The export with an id, or in a folder of that name; the first where none is named.

    Raises:
        DatasetError: There is none, or there are several.
    """
    if wanted is None:
        return found[0]
    fitting = [one for one in found if one.id == wanted] or [one for one in found if one.path.name == wanted]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        folders = ", ".join(repr(one.path.name) for one in fitting)
        raise DatasetError(f"{len(fitting)} datasets have the id {wanted!r}; name one by its folder: {folders}")
    close = close_matches(wanted, [one.id for one in found], limit=3)
    guess = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    raise DatasetError(f"there is no dataset {wanted!r}.{guess} There are: {', '.join(repr(one.id) for one in found)}.")


def _inside(path: Path) -> list[Path]:
    # Hidden ones are exports that are being written.
    return sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _found(path: Path) -> Found:
    files = ExportFiles(path)
    identity = Node(files, IDENTITY, files.json(IDENTITY))
    key = identity["id"].key()
    return Found(key, name.text() if (name := identity.get("name")) is not None else key, path)


def _listed(files: ExportFiles, path: Path) -> Iterator[Found]:
    document = Node(files, DATASETS, files.json(DATASETS))
    default = document.get("default")
    entries = sorted(document["datasets"], key=lambda entry: default is None or entry["id"].value != default.value)
    for entry in entries:
        relative = entry["path"].text()
        if not (folder := files.folder(relative)).is_dir():
            raise entry["path"].fail(f"there is no folder {relative!r}")
        key = entry["id"].key()
        yield Found(key, name.text() if (name := entry.get("name")) is not None else key, folder)


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
