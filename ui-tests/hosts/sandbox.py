"""A page by VS Code's rules at their strictest: a sandboxed frame that reaches nothing, buffers that become numbers."""

from hosts.framed import Rules, html_manager
from hosts.journey import Host

SANDBOX = Rules(
    manager="widgets",
    form="numbers",
    policy=(
        "default-src 'none'; connect-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
        "script-src {origin} blob: 'unsafe-inline' 'unsafe-eval'"  # as VS Code's: JupyterLab's schemas are compiled
    ),
    sandbox="allow-scripts",
)


def sandbox_host() -> Host:
    """What is told of it."""
    return Host("Sandboxed page by VS Code's rules", html_manager(), real=False)
