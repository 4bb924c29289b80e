"""Where an export appears, and what is left beside its place: by other runs, by killed ones, by people."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from test_prepare import KILLED, export, small, tree

from cellucid import generate_datasets_manifest, open_dataset, prepare
from cellucid.dataset.folder import find_exports
from cellucid.export.arrays import ArrayFiles
from cellucid.export.runs import new_run

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks of folders")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def while_writing(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Has something done in the middle of a run."""
    write = ArrayFiles.write

    def interrupted(files: ArrayFiles, path: str, *arguments: Any, **options: Any) -> str:
        if path.startswith("var/NKG7"):
            act()
        return write(files, path, *arguments, **options)

    monkeypatch.setattr(ArrayFiles, "write", interrupted)


# ---- what killed runs leave ----


@posix_only
def test_the_folder_of_a_run_that_lives_stays_and_that_of_a_killed_one_goes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(out)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        until = time.monotonic() + 60
        while not list(tmp_path.glob(".out.*/var/*")) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        (partial,) = (path.name for path in tmp_path.iterdir())
        prepare(small(), out, progress=False)
        assert names(tmp_path) == [partial, "out"]
        assert (tmp_path / partial / "var").is_dir()
    finally:
        process.kill()
        process.communicate()
    prepare(small(), out, force=True, progress=False)
    assert names(tmp_path) == ["out"]


def test_nothing_is_removed_that_may_be_another_machines_or_is_another_places(tmp_path: Path) -> None:
    there = [
        ".out.0a1b2c3d-00000000.partial",  # of another machine
        ".out.0a1b2c3d.partial",  # does not say of which
        ".out.v2.0a1b2c3d-00000000.superseded",  # of the place "out.v2"
        ".out.notes.partial",
    ]
    for name in there:
        (tmp_path / name / "obs").mkdir(parents=True)
    prepare(small(), tmp_path / "out", progress=False)
    assert names(tmp_path) == sorted([*there, "out"])


def test_an_old_export_that_a_killed_run_did_not_get_to_remove_goes(tmp_path: Path) -> None:
    out = prepare(small(), tmp_path / "out", progress=False)
    (tmp_path / ".out.0a1b2c3d-00000000.superseded/var").mkdir(parents=True)
    with pytest.raises(FileExistsError):
        prepare(small(), out, progress=False)
    assert names(tmp_path) == ["out"]


@posix_only
@pytest.mark.parametrize("taken", [False, True])
def test_a_run_that_is_killed_between_two_names_loses_nothing_of_a_person(tmp_path: Path, taken: bool) -> None:
    out = prepare(small(), tmp_path / "out", progress=False)
    before = tree(out)
    with new_run(out) as run:
        out.rename(run.replaced)
        (run.partial / "obs").mkdir()
        (run.partial / "thesis.docx").write_text("…")  # which is moved first
    if taken:
        (tmp_path / "new/out").parent.mkdir()
        prepare(small(), tmp_path / "new/out", progress=False).rename(out)
    with pytest.raises(FileExistsError):
        prepare(small(), out, progress=False)
    assert not run.partial.exists()
    old = run.replaced if taken else out
    assert (old / "thesis.docx").read_text() == "…"
    (old / "thesis.docx").unlink()
    assert tree(old) == before
    assert [one.path for one in find_exports(tmp_path)] == [out]


@posix_only
def test_an_export_is_not_given_back_while_the_run_that_replaces_it_lives(tmp_path: Path) -> None:
    out = prepare(small(), tmp_path / "out", progress=False)
    before = tree(out)
    with new_run(out) as run:
        out.rename(run.replaced)
        prepare(small(), out, genes=["LYZ"], progress=False)
        assert tree(run.replaced) == before
        assert run.partial.is_dir()
    assert open_dataset(out).n_genes == 1


# ---- what comes meanwhile ----


@pytest.mark.parametrize("force", [False, True])
def test_what_comes_to_the_place_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    out = tmp_path / "out"

    def come() -> None:
        out.mkdir()
        (out / "thesis.tex").write_text("…")

    while_writing(monkeypatch, come)
    with pytest.raises(FileExistsError, match="is not an export"):
        prepare(small(), out, force=force, progress=False)
    assert names(tmp_path) == ["out"]
    assert (out / "thesis.tex").read_text() == "…"


def test_an_export_that_comes_meanwhile_is_replaced_by_force_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = prepare(small(), tmp_path / "other", genes=["LYZ"], progress=False)
    out = tmp_path / "out"
    while_writing(monkeypatch, lambda: other.rename(out))
    with pytest.raises(FileExistsError, match="force=True"):
        prepare(small(), out, progress=False)
    assert open_dataset(out).n_genes == 1


@posix_only
def test_one_run_at_a_time_takes_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    out = prepare(small(), tmp_path / "out", progress=False)
    (out / "thesis.docx").write_text("…")
    rename = Path.rename
    between: list[bool] = []

    def look(self: Path, target: Path) -> Path:
        if target == out:  # and the old one has no name
            handle = os.open(tmp_path, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(handle)
            between.append(not out.exists())
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", look)
    prepare(small(), out, force=True, progress=False)
    assert between == [True]
    monkeypatch.undo()
    code = (
        KILLED.replace("20_000, 400", "20, 4").replace("20_000, 2", "20, 2")
        + "\nprepare(data, sys.argv[1], force=True)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(out)]
    several = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(3)]
    for process in several:
        error = process.communicate()[1]
        assert process.returncode == 0, error
    assert (out / "thesis.docx").read_text() == "…"
    assert names(tmp_path) == ["out"]


def test_manifests_are_on_the_disk_before_they_have_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[int] = set()
    sync, rename = os.fsync, Path.rename
    checked: list[str] = []

    def note(handle: int) -> None:
        sync(handle)
        synced.add(os.fstat(handle).st_ino)

    def look(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            files = {file.name: file.stat().st_ino for file in self.glob("*.json")}
            assert set(files.values()) <= synced
            checked.extend(files)
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "rename", look)
    prepare(small(), tmp_path / "out", progress=False)
    assert {"dataset_identity.json", "obs_manifest.json", "var_manifest.json", "additions.json"} <= set(checked)


# ---- which place is meant ----


def test_the_home_folder_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert prepare(small(), "~/all/out", progress=False) == tmp_path.resolve() / "all/out"
    assert open_dataset("~/all/out").n_cells == 40
    assert prepare(Path("~/all/out"), Path("~/again"), progress=False) == tmp_path.resolve() / "again"
    assert generate_datasets_manifest("~/all") == tmp_path / "all/datasets.json"


def test_the_working_directory_stays_the_one_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    number = here.stat().st_ino
    there = export(small(), ".")  # type: ignore[arg-type]
    assert (there.name, there.n_genes) == ("here", 4)
    assert (Path.cwd(), here.stat().st_ino) == (here.resolve(), number)
    assert names(tmp_path) == ["here"]
    prepare(small(), tmp_path / "other", progress=False, dataset_name="here", created_at="2026-01-01")
    before = tree(here)
    monkeypatch.chdir(here / "obs")
    for place in ("..", here):
        with pytest.raises(FileExistsError, match="has the working directory in it"):
            prepare(small(), place, force=True, progress=False)
    assert tree(here) == before
    monkeypatch.chdir(tmp_path)
    prepare(small(), here, genes=["LYZ"], force=True, progress=False)


def test_the_working_directory_is_empty_again_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if Path(target) == here / "dataset_identity.json":
            raise PermissionError(13, "somebody looks at it", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        prepare(small(), here, progress=False)
    assert (names(here), names(tmp_path)) == ([], ["here"])


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    for name in ("x" * 240, "日" * 80, f"{'y' * 256}/out"):
        with pytest.raises(ValueError, match=r"is too long: it has \d+ bytes, expected at most 2\d\d"):
            prepare(small(), tmp_path / name, progress=False)
    assert names(tmp_path) == []
    longest = "x" * 225
    prepare(small(), tmp_path / longest, progress=False)
    prepare(small(), tmp_path / longest, force=True, progress=False)
    assert names(tmp_path) == [longest]
