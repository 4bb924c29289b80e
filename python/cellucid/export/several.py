"""The list of a folder's exports, for hosts that only serve files."""

from __future__ import annotations

import json
import os
from pathlib import Path

from cellucid.dataset.errors import DatasetError, warn_user
from cellucid.dataset.folder.several import DATASETS, datasets_entry, find_exports


def generate_datasets_manifest(
    exports_dir: str | os.PathLike[str], output_filename: str = DATASETS, default_dataset: str | None = None
) -> Path:
    """Lists the exports in the folders of a folder, so that a page can offer them without a server.

    Args:
        exports_dir: The folder with the export folders in it.
        output_filename: What to write in it.
        default_dataset: The id to begin with; the first of them unless given.

    Returns:
        The file written.

    Raises:
        DatasetError: There is no export, or none with the id `default_dataset`, or two have the same id.
    """
    root = Path(os.path.expanduser(exports_dir))
    listed = root / DATASETS
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []
    found: list[Path] = []
    for folder in folders:
        if folder.name.startswith(".") or not (folder / "dataset_identity.json").is_file():
            continue
        found.append(folder)
    if not found:
        find_exports(root)  # says what is missing
        raise DatasetError(f"{str(root)!r} is one export itself; name the folder that holds it")
    entries = []
    for folder in found:
        try:
            entries.append(datasets_entry(folder))
        except DatasetError as error:
            warn_user(f"left out of {output_filename}: {error}.")
    ids = [entry["id"] for entry in entries]
    if not ids:
        raise DatasetError(f"none of the {len(found)} exports in {str(root)!r} can be read")
    if len(set(ids)) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise DatasetError(
            f"two exports in {str(root)!r} have the id {twice!r}; write one again with another dataset_id"
        )
    if default_dataset is not None and default_dataset not in ids:
        raise DatasetError(f"there is no dataset {default_dataset!r}; there are {', '.join(map(repr, ids))}")
    document = {"version": 1, "default": ids[0] if default_dataset is None else default_dataset, "datasets": entries}
    listed = root / output_filename
    partial = root / f".{output_filename}.partial"
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, listed)
    return listed
