"""Puts the built front end into every wheel, sdist and editable install.

In a checkout the bundle is built from `js/` when it is missing or older than what it is made of. An unpacked sdist
carries the finished bundle, so that installing from it needs no Node.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("python/cellucid/static/widget.js")  # the last that the build writes; the pages are beside it
NODE = "Node 20.19 or newer"


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds `python/cellucid/static/widget.js` before hatchling collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Makes sure that the bundle is there and current.

        Args:
            version: Hatchling's name of the build, such as "standard" or "editable"; the bundle is the same for all.
            build_data: Hatchling's mutable description of the build; left alone.

        Raises:
            RuntimeError: The bundle cannot be had; the message says what to install or run.
        """
        root = Path(self.root)
        if is_sdist(root) or not (root / "js/src").is_dir():
            if not (root / BUNDLE).is_file():
                raise RuntimeError(
                    f"{BUNDLE} is missing and cannot be built here, because the sources in js/ belong to a checkout. "
                    "Take a complete sdist or a wheel."
                )
        elif is_stale(root):
            build_front_end(root)


def is_sdist(root: Path) -> bool:
    """Whether `root` is an unpacked sdist: only there does PKG-INFO lie at the root."""
    return (root / "PKG-INFO").is_file()


def ingredients(root: Path) -> Iterator[Path]:
    """Every file that the bundle is made from."""
    yield from (path for path in (root / "js/src").rglob("*") if path.is_file())
    for name in ("package.json", "package-lock.json", "js/build.mjs", "js/tsconfig.json"):
        yield root / name


def is_stale(root: Path) -> bool:
    """Whether the bundle is missing or older than one of its ingredients."""
    bundle = root / BUNDLE
    if not bundle.is_file():
        return True
    made = bundle.stat().st_mtime
    return any(path.stat().st_mtime > made for path in ingredients(root))


def build_front_end(root: Path) -> None:
    """Runs `npm ci`, where the installed packages do not match the lock file, and `npm run build`."""
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            f"{BUNDLE} is missing or out of date, and npm, which builds it, is not on PATH. "
            f"Install {NODE}, then run `npm ci && npm run build` in {root}, or install cellucid from a wheel."
        )
    # npm writes this file last, so its age is the age of the last complete install.
    installed = root / "node_modules/.package-lock.json"
    lock = root / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        run(npm, "ci", root=root)
    run(npm, "run", "build", root=root)


def run(npm: str, *arguments: str, root: Path) -> None:
    """Runs one npm command in `root`; its output goes where pip shows it."""
    try:
        subprocess.run([npm, *arguments], cwd=root, check=True)
    except subprocess.CalledProcessError as error:
        command = " ".join(["npm", *arguments])
        raise RuntimeError(
            f"`{command}` failed with code {error.returncode}; its own message is above. "
            f"The front end needs {NODE}; try `npm ci && npm run build` in {root}."
        ) from error
