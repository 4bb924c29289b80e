"""The viewer as one HTML file that needs no Python: for any host that serves files, or opened from a disk."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from cellucid.dataset.folder import find_exports
from cellucid.dataset.folder.manifests import IDENTITY
from cellucid.dataset.folder.several import DATASETS
from cellucid.dataset.manifest import package_version
from cellucid.export.several import generate_datasets_manifest

PAGE = "index.html"
CODE = Path(__file__).parent.parent / "static" / "site.js"
"""The viewer's code for a page without Python."""

_MARK = '<meta name="generator" content="cellucid'
_HEAD_BYTES = 4_096

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
{mark} {version}">
<title>cellucid</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; background: light-dark(#fff, #1b1b1b); font: 14px/1.5 system-ui, sans-serif; }}
</style>
</head>
<body>
<noscript>This page draws single cells, and needs JavaScript for it.</noscript>
<script type="module">{code}</script>
</body>
</html>
"""


def write_page(folder: str | os.PathLike[str]) -> Path:
    """Writes the viewer into a folder, beside the exports in it.

    On a host that serves files, or in a browser that opens it from the disk, the page shows the exports of the
    folder, or one that a person chooses there. Where the folder holds exports and no ``datasets.json`` lists them,
    that is written too, as hosts do not tell what is in a folder.

    Args:
        folder: Made where it is missing. It may hold export folders, be one itself, or be empty.

    Returns:
        The page, ``index.html``. One that this function has written before is replaced.

    Raises:
        NotADirectoryError: The folder is a file.
        FileExistsError: There is another ``index.html``.
        DatasetError: The exports in the folder cannot be listed: two have the same id, for example.
    """
    place = Path(os.path.expanduser(folder))
    page = place / PAGE
    if place.is_file():
        raise NotADirectoryError(f"{str(place)!r} is a file; name the folder to write the page into")
    if os.path.lexists(page) and not _is_ours(page):
        raise FileExistsError(f"{str(page)!r} was not written by cellucid, and is not replaced; name another folder")
    text = page_text()
    place.mkdir(parents=True, exist_ok=True)
    if _needs_list(place):
        generate_datasets_manifest(place)
    partial = place / f".{PAGE}.partial"
    partial.unlink(missing_ok=True)  # nor is written through what somebody has put there
    with partial.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.replace(partial, page)
    return page


def page_text() -> str:
    """The page. Its policy allows this code, and requests to its own host; nothing else."""
    try:
        code = CODE.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FileNotFoundError(
            "the viewer is not built in this checkout: run `make build`, or install cellucid from a wheel"
        ) from error
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'"
    )
    return _TEMPLATE.format(policy=policy, mark=_MARK, version=package_version(), code=code)


def not_listed(folder: Path) -> list[str]:
    """The exports in a folder that its ``datasets.json`` leaves out, so that the page does not show them."""
    if (folder / IDENTITY).is_file() or not (folder / DATASETS).is_file():
        return []
    listed = {one.path for one in find_exports(folder, warn=False)}
    return [inner.name for inner in _exports(folder) if inner.resolve() not in listed]


def _is_ours(page: Path) -> bool:
    try:
        with page.open("rb") as file:
            return _MARK.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False


def _needs_list(folder: Path) -> bool:
    there = any((folder / name).is_file() for name in (IDENTITY, DATASETS))
    return not there and bool(_exports(folder))


def _exports(folder: Path) -> list[Path]:
    inside = sorted(inner for inner in folder.iterdir() if not inner.name.startswith("."))
    return [inner for inner in inside if (inner / IDENTITY).is_file()]
