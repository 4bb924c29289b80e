"""What holds for every test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of the test's own: no test reads or writes the user's."""
    folder = tmp_path / "cellucid-cache"
    monkeypatch.setenv("CELLUCID_CACHE_DIR", str(folder))
    return folder
