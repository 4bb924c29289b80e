"""What holds for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on the machine: the first one of a compiled function is slow, and so is a busy core.
settings.register_profile("cellucid", deadline=None)
settings.load_profile("cellucid")


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of the test's own: no test reads or writes the user's."""
    folder = tmp_path_factory.mktemp("cache") / "cellucid"
    monkeypatch.setenv("CELLUCID_CACHE_DIR", str(folder))
    return folder
