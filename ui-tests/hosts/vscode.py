"""VS Code's own widget manager, in a frame from which loopback is open, as where VS Code runs beside the kernel."""

import json
import sys
from pathlib import Path

from hosts.framed import Rules
from hosts.journey import Host

PACKAGE = Path(sys.prefix) / "vscode" / "package"
"""`@vscode/jupyter-ipywidgets8`, as `make test-all` unpacks it."""

MANAGER = PACKAGE / "dist" / "ipywidgets.js"

VSCODE = Rules(
    manager="vscode",
    form="numbers",
    relays="socket",
    packages={"@vscode/jupyter-ipywidgets8": MANAGER},
)


def vscode_host() -> Host:
    """What is told of it."""
    package = json.loads((PACKAGE / "package.json").read_text())
    return Host("VS Code's widget manager", f"jupyter-ipywidgets8 {package['version']}", real=False)
