"""The Cellucid package 0.0.9 from PyPI, which our export folders are exchanged with, in processes of its own.

Run as a script it prints the requirement that `make reference` has to install.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VERSION = "0.0.9"
FOLDER = Path(sys.prefix) / "reference" / f"cellucid-{VERSION}"
PATIENCE = 120  # s

SERVE = """
import sys
from cellucid import CellucidServer
server = CellucidServer(sys.argv[1], quiet=True)
server.start_background()
print(server.port, flush=True)
sys.stdin.read()
"""


def is_installed() -> bool:
    return (FOLDER / "cellucid" / "prepare_data.py").is_file()


def environment() -> dict[str, str]:
    """What makes `import cellucid` mean that package: its name is ours."""
    if not is_installed():
        raise RuntimeError(f"cellucid {VERSION} is not in {FOLDER}; run `make reference`")
    return os.environ | {"PYTHONPATH": str(FOLDER), "PYTHONWARNINGS": "ignore"}


def run(code: str, *arguments: Any) -> str:
    """Runs code with that package; returns what it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """That package's server over a folder; gives its address."""
    command = [sys.executable, "-c", SERVE, str(folder)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        assert port, process.communicate()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__" and not is_installed():
    print(f"cellucid=={VERSION}")
