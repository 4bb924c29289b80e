"""What is read through anndata is read with every anndata that people have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from anndatas import NEEDS, folder_of, is_installed

HERE = Path(__file__).parent
FILES = ("test_anndata.py", "test_containers.py", "test_data_on_disk.py", "test_gene_names.py")
# Which take long, and do not depend on anndata.
WITHOUT = "not zstd and not lzf and not large_file and not without_zarr and not any_anndata"


@pytest.mark.slow
@pytest.mark.parametrize("version", NEEDS)
def test_the_tests_of_reading_pass_with_another_anndata(version: str) -> None:
    if not is_installed(version):
        pytest.skip(f"anndata {version} is not installed: make anndatas")
    path = os.pathsep.join(filter(None, (str(folder_of(version)), os.environ.get("PYTHONPATH"))))

    def run(*arguments: str) -> str:
        command, environment = [sys.executable, *arguments], {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, cwd=HERE.parent.parent, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
        return done.stdout

    assert run("-c", "import anndata; print(anndata.__file__)").startswith(str(folder_of(version)))
    # The environment's zarr registers a plugin that this one does not have.
    files = [str(HERE / name) for name in FILES]
    assert " passed" in run(
        "-m", "pytest", "-q", "-x", "-p", "no:zarr", "-p", "no:cacheprovider", "-k", WITHOUT, *files
    )
