"""The walls of the house: which room may know which, and nothing of one machine in the tree.

The arrows are those of "Which room may know which" in CONTRIBUTING.md; a new room starts with a line here.
"""

import ast
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Room -> what it may import of ours: a whole room, or one module of it.
PYTHON_ARROWS: Mapping[str, frozenset[str]] = {
    "widget": frozenset({"dataset", "cells", "channel", "server", "session", "connect", "diagnose"}),
    "show": frozenset({"widget", "export", "server", "connect", "browser"}),
    "servers": frozenset({"widget", "server"}),
    "cli": frozenset({"show", "dataset", "export"}),
    "export": frozenset({"dataset"}),
    "server": frozenset({"dataset", "channel.messages"}),
    "session": frozenset({"dataset.identity", "cells", "channel.rpc"}),
    "diagnose": frozenset({"connect", "server", "channel"}),
    "connect": frozenset(),
    "browser": frozenset(),
    "cells": frozenset({"dataset.identity"}),
    "channel": frozenset(),
    "dataset": frozenset(),
}
# What keeps a room usable alone: dataset without Jupyter, channel without AnnData.
PYTHON_FOREIGN: Mapping[str, frozenset[str]] = {
    "dataset": frozenset({"IPython", "anywidget", "comm", "ipykernel", "ipywidgets", "traitlets"}),
    "channel": frozenset({"anndata", "scanpy"}),
}

TYPESCRIPT_ARROWS: Mapping[str, frozenset[str]] = {
    "index.ts": frozenset({"host", "ui"}),
    "page.ts": frozenset({"host", "ui"}),
    "site.ts": frozenset({"host", "ui"}),
    "host": frozenset({"channel", "state", "data", "scene", "ui", "session"}),
    "ui": frozenset({"state", "tools"}),
    "tools": frozenset({"state", "scene"}),
    "scene": frozenset({"state"}),
    "data": frozenset({"channel"}),
    "session": frozenset({"state"}),
    "channel": frozenset(),
    "state": frozenset(),
}
# state runs without a browser, scene without Jupyter and without the UI's components.
TYPESCRIPT_FOREIGN: Mapping[str, frozenset[str]] = {
    "state": frozenset({"preact", "@preact/signals", "@anywidget/types", "lucide-preact"}),
    "scene": frozenset({"preact", "@preact/signals", "@anywidget/types", "lucide-preact"}),
}
TYPESCRIPT_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']""")


# ---- Python ----


def python_imports(file: Path, package: Path) -> Iterator[str]:
    """The modules that a file imports, relative ones resolved: `from a import b` gives `a.b` where that is a module."""
    here = ["cellucid", *file.relative_to(package).with_suffix("").parts]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `here` ends with the module's own name, or with __init__ for a package: one dot is its folder either way.
            start = here[: -node.level] if node.level else []
            module = [*start, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                inside = package.joinpath(*module[1:], alias.name) if module[0] == "cellucid" else None
                is_module = inside is not None and (inside.is_dir() or inside.with_suffix(".py").is_file())
                yield ".".join([*module, alias.name] if is_module else module)


def python_violations(package: Path) -> list[str]:
    """Every import in the package that has no arrow, as `file: room -> imported`."""
    violations = []
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        if parts == ("__init__",):
            continue  # the public names, from any room
        room = parts[0]
        where = file.relative_to(package).as_posix()
        if room not in PYTHON_ARROWS:
            violations.append(f"{where}: {room} is no room")
            continue
        for name in python_imports(file, package):
            first, *rest = name.split(".")
            if first != "cellucid":
                if first in PYTHON_FOREIGN.get(room, ()):
                    violations.append(f"{where}: {room} -> {name}")
                continue
            target = rest[0] if rest else "the public names"
            allowed = PYTHON_ARROWS[room]
            if target != room and target not in allowed and ".".join(rest[:2]) not in allowed:
                violations.append(f"{where}: {room} -> {'.'.join(rest) or target}")
    return violations


def test_python_rooms_import_only_along_the_arrows():
    assert python_violations(ROOT / "python/cellucid") == []


@pytest.fixture
def package(tmp_path):
    """A small house that stands: each room imports along an arrow."""
    files = {
        "__init__.py": "from cellucid.dataset import open_dataset\nfrom cellucid.widget import W\n",
        "widget/__init__.py": "from cellucid.widget.widget import W\n",
        "widget/widget.py": "import cellucid.dataset\nfrom cellucid.channel import rpc\nfrom .traits import T\n",
        "widget/traits.py": "import traitlets\nfrom cellucid.dataset.base import D\n",
        "dataset/__init__.py": "from cellucid.dataset.base import D\nfrom .identity import name\n",
        "dataset/base.py": "import numpy\nfrom . import identity\n",
        "dataset/identity.py": "",
        "channel/__init__.py": "",
        "channel/rpc.py": "from cellucid.channel import messages\n",
        "channel/messages.py": "",
        "cells/__init__.py": "from cellucid.dataset.identity import name\nfrom cellucid.dataset import identity\n",
    }
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


def test_a_python_house_that_stands_has_no_violation(package):
    assert python_violations(package) == []


@pytest.mark.parametrize(
    ("file", "source", "violation"),
    [
        ("dataset/base.py", "from cellucid.channel import rpc", "dataset/base.py: dataset -> channel.rpc"),
        ("dataset/base.py", "from ..widget import W", "dataset/base.py: dataset -> widget"),
        ("dataset/base.py", "from .. import widget", "dataset/base.py: dataset -> widget"),
        ("dataset/base.py", "def f():\n    import cellucid.cells", "dataset/base.py: dataset -> cells"),
        ("dataset/base.py", "import ipywidgets", "dataset/base.py: dataset -> ipywidgets"),
        ("channel/rpc.py", "from anndata import AnnData", "channel/rpc.py: channel -> anndata"),
        ("channel/__init__.py", "from ..dataset import base", "channel/__init__.py: channel -> dataset.base"),
        ("cells/__init__.py", "from cellucid.dataset.base import D", "cells/__init__.py: cells -> dataset.base"),
        ("cells/__init__.py", "from cellucid.dataset import D", "cells/__init__.py: cells -> dataset"),
        ("cells/__init__.py", "from cellucid import W", "cells/__init__.py: cells -> the public names"),
        ("utils.py", "", "utils.py: utils is no room"),
    ],
)
def test_a_python_import_without_an_arrow_is_found(package, file, source, violation):
    (package / file).write_text(source)
    assert python_violations(package) == [violation]


# ---- TypeScript ----


def typescript_violations(source: Path) -> list[str]:
    """Every import below js/src that has no arrow, as `file: room -> imported`."""
    violations = []
    for file in sorted(path for path in source.rglob("*") if path.suffix in {".ts", ".tsx"}):
        room = file.relative_to(source).parts[0]
        where = file.relative_to(source).as_posix()
        if room not in TYPESCRIPT_ARROWS:
            violations.append(f"{where}: {room} is no room")
            continue
        for name in TYPESCRIPT_IMPORT.findall(file.read_text(encoding="utf-8")):
            if not name.startswith("."):
                package = "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
                if package in TYPESCRIPT_FOREIGN.get(room, ()):
                    violations.append(f"{where}: {room} -> {name}")
                continue
            target = (file.parent / name).resolve()
            inside = target.relative_to(source.resolve()).parts if target.is_relative_to(source.resolve()) else ()
            # The entries are files at the top; elsewhere the first part is the room's folder.
            to = inside[0] if inside else f"outside js/src ({name})"
            if to != room and to not in TYPESCRIPT_ARROWS[room]:
                violations.append(f"{where}: {room} -> {to}")
    return violations


def test_typescript_rooms_import_only_along_the_arrows():
    assert typescript_violations(ROOT / "js/src") == []


@pytest.fixture
def viewer(tmp_path):
    files = {
        "index.ts": 'import { start } from "./host/notebook";\nexport default start;\n',
        "host/notebook.ts": 'import { h } from "preact";\nimport { store } from "../state/store";\n'
        'import type {\n  Channel,\n} from "../channel/channel";\n',
        "state/store.ts": 'import { signal } from "@preact/signals-core";\nimport { bits } from "./bits";\n',
        "scene/scene.ts": 'import type { Store } from "../state/store";\n',
        "ui/legend.tsx": 'import { lasso } from "../tools/lasso";\n',
    }
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


def test_a_viewer_that_stands_has_no_violation(viewer):
    assert typescript_violations(viewer) == []


@pytest.mark.parametrize(
    ("file", "source", "violation"),
    [
        ("state/store.ts", 'import { s } from "../scene/scene";', "state/store.ts: state -> scene"),
        ("state/store.ts", 'import type { S } from "../scene/scene";', "state/store.ts: state -> scene"),
        ("state/store.ts", 'export * from "../ui/legend";', "state/store.ts: state -> ui"),
        ("state/store.ts", 'const s = await import("../scene/scene");', "state/store.ts: state -> scene"),
        ("state/store.ts", 'import "../../build.mjs";', "state/store.ts: state -> outside js/src (../../build.mjs)"),
        ("state/store.ts", 'import { h } from "preact/hooks";', "state/store.ts: state -> preact/hooks"),
        ("ui/legend.tsx", 'import {\n  s,\n} from "../scene/scene";', "ui/legend.tsx: ui -> scene"),
        ("index.ts", 'import { store } from "./state/store";', "index.ts: index.ts -> state"),
        ("helpers/x.ts", "", "helpers/x.ts: helpers is no room"),
        ("main.ts", "", "main.ts: main.ts is no room"),
    ],
)
def test_a_typescript_import_without_an_arrow_is_found(viewer, file, source, violation):
    (viewer / file).parent.mkdir(exist_ok=True)
    (viewer / file).write_text(source)
    assert typescript_violations(viewer) == [violation]


# ---- nothing of one machine ----

# Put together here, so that this file does not contain what it looks for.
REGISTRIES = [".".join(parts) for parts in (("npmjs", "org"), ("yarnpkg", "com"), ("pythonhosted", "org"))]
REGISTRIES.append("/".join(("pypi.org", "simple")))
MACHINE_PATHS = ["/".join(("", folder, "")) for folder in ("work", "root", "home", "Users", "opt/pypi", "opt/wheels")]


def repository_files() -> list[Path]:
    """What git tracks, and what it would with the next `git add`."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: an sdist has no list of tracked files")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted({ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()})


def findings(text: str) -> list[str]:
    """The registries and machine paths that a text names."""
    paths = [path for path in MACHINE_PATHS if re.search(rf"(?<![\w.:/~-]){re.escape(path)}", text)]
    return [host for host in REGISTRIES if host in text] + paths


def test_no_file_names_a_registry_or_a_path_of_one_machine():
    found = {}
    for file in repository_files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a dataset
        if names := findings(text):
            found[file.relative_to(ROOT).as_posix()] = names
    assert found == {}


def test_a_registry_or_a_machine_path_would_be_found():
    assert findings(f"see https://registry.{REGISTRIES[0]}/x") == [REGISTRIES[0]]
    assert findings(f'open("{MACHINE_PATHS[0]}main")') == [MACHINE_PATHS[0]]
    assert findings("docs/work/home/x, a/root/b, https://example.org/work/") == []


def test_the_lock_files_have_no_addresses():
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in constraints if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []
