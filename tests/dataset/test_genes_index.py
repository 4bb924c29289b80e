"""The gene index of a CSR file: found again, made anew when damaged, never in the way."""

from __future__ import annotations

import errno
import gc
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from cellucid.dataset.genes import Cancelled, GeneSource, cache_folder, gene_source, index_file
from cellucid.dataset.genes import blocks as blocks_module
from cellucid.dataset.genes import stored as stored_module

N_CELLS, N_GENES = 400, 30


def counts(seed: int = 0) -> sparse.csr_matrix:
    rng = np.random.default_rng(seed)
    matrix = sparse.random_array((N_CELLS, N_GENES), density=0.3, format="csr", dtype=np.float32, rng=rng)
    matrix.data[matrix.indices == 7] = 0
    matrix.eliminate_zeros()  # a gene without entries
    return sparse.csr_matrix(matrix)


@pytest.fixture(autouse=True)
def _many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "BLOCK_BYTES", 4_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cells.h5ad"
    ad.AnnData(counts()).write_h5ad(path, compression="gzip")
    return path


class Passes:
    """Counts how often blocks of the matrix are read, whoever reads them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blocks: list[int] = []
        real = blocks_module.BlockReader.read

        def read(reader: Any, block: int) -> Any:
            self.blocks.append(block)
            return real(reader, block)

        monkeypatch.setattr(blocks_module.BlockReader, "read", read)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    return Passes(monkeypatch)


def opened(path: Path, mode: str = "r") -> GeneSource:
    return gene_source(h5py.File(path, mode)["X"])


def check(source: GeneSource, wanted: Any = None) -> None:
    dense = (counts() if wanted is None else wanted).toarray()
    assert np.array_equal(source.columns(range(N_GENES)), dense.T)


def indexes(cache_dir: Path) -> list[Path]:
    return sorted(cache_dir.glob("genes/*.genes"))


def leftovers(cache_dir: Path) -> list[Path]:
    return [path for path in cache_dir.rglob("*") if path.is_file() and path.suffix != ".genes"]


def test_the_matrix_is_read_once_and_never_again(path: Path, cache_dir: Path, passes: Passes) -> None:
    source = opened(path)
    assert np.array_equal(source.column(3), counts().toarray()[:, 3])
    n_blocks = len(passes.blocks)
    assert passes.blocks == list(range(n_blocks))
    assert n_blocks > 5
    check(source)
    check(opened(path))
    assert len(passes.blocks) == n_blocks
    assert len(indexes(cache_dir)) == 1
    assert not leftovers(cache_dir)
    assert [entry.name for entry in path.parent.iterdir()] == ["cells.h5ad"]


def test_the_first_rows_come_when_the_first_block_is_read(path: Path, passes: Passes) -> None:
    blocks = opened(path).blocks(3)
    start, values = next(blocks)
    assert passes.blocks == [0]
    assert start == 0
    assert 0 < len(values) < N_CELLS
    assert np.array_equal(values, counts().toarray()[: len(values), 3])
    blocks.close()


def test_a_pass_that_is_cancelled_is_gone_on_with(path: Path, cache_dir: Path, passes: Passes) -> None:
    source = opened(path)
    blocks = source.blocks(3)
    for _ in range(3):
        next(blocks)
    blocks.close()
    with pytest.raises(Cancelled):
        source.column(4, lambda: len(passes.blocks) >= 5)
    assert passes.blocks == [0, 1, 2, 3, 4]
    assert not indexes(cache_dir)
    check(source)
    assert passes.blocks == list(range(len(passes.blocks)))
    assert indexes(cache_dir)


def test_a_pass_that_nobody_goes_on_with_leaves_nothing(path: Path, cache_dir: Path) -> None:
    source = opened(path)
    next(source.blocks(3))
    assert leftovers(cache_dir)
    del source
    gc.collect()
    assert not leftovers(cache_dir)
    assert not indexes(cache_dir)


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_nobody_else_may_read_an_index(path: Path, cache_dir: Path) -> None:
    before = os.umask(0)
    try:
        check(opened(path))
    finally:
        os.umask(before)
    (index,) = indexes(cache_dir)
    assert index.stat().st_mode & 0o077 == 0


def test_another_file_at_the_same_path_has_another_index(path: Path, cache_dir: Path) -> None:
    check(opened(path))
    gc.collect()
    ad.AnnData(counts(1)).write_h5ad(path, compression="gzip")
    check(opened(path), counts(1))
    assert len(indexes(cache_dir)) == 2


def test_a_file_of_the_same_size_and_time_in_its_place_has_another_index(path: Path, cache_dir: Path) -> None:
    def write(data: sparse.csr_matrix) -> int:
        new = path.with_suffix(".new")
        ad.AnnData(data).write_h5ad(new)
        os.utime(new, (1, 1))
        return os.replace(new, path) or path.stat().st_size

    reversed_counts = counts()
    reversed_counts.data = reversed_counts.data[::-1].copy()
    size = write(counts())
    check(opened(path))
    assert write(reversed_counts) == size
    check(opened(path), reversed_counts)
    assert len(indexes(cache_dir)) == 2


def test_each_matrix_of_a_file_has_its_own(path: Path, cache_dir: Path) -> None:
    ad.AnnData(counts(), layers={"other": counts(1)}).write_h5ad(path)
    with h5py.File(path) as file:
        check(gene_source(file["X"]))
        check(gene_source(file["layers/other"]), counts(1))
    assert len(indexes(cache_dir)) == 2


def test_a_file_that_is_written_to_during_the_pass_keeps_no_index(path: Path, cache_dir: Path) -> None:
    source = opened(path)
    next(source.blocks(0))
    os.utime(path, ns=(1, 1))
    check(source)
    assert not indexes(cache_dir)


def test_a_file_open_for_writing_is_indexed_for_this_source_alone(
    path: Path, cache_dir: Path, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_module, "SETTLED_NS", 0)
    source = opened(path, "r+")
    check(source)
    n_blocks = len(passes.blocks)
    check(source)
    assert len(passes.blocks) == n_blocks
    assert not indexes(cache_dir)


@pytest.mark.parametrize("settled_ns", [0, stored_module.SETTLED_NS])
@pytest.mark.parametrize("chunks", [None, (500,)])
@pytest.mark.parametrize("encoding", ["csr", "csc"])
def test_what_is_written_to_a_file_that_is_open_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, chunks: Any, settled_ns: int
) -> None:
    monkeypatch.setattr(stored_module, "SETTLED_NS", settled_ns)
    form = sparse.csr_matrix if encoding == "csr" else sparse.csc_matrix
    with h5py.File(tmp_path / "cells.h5", "w") as file:
        ad.io.write_elem(file, "X", form(counts()), dataset_kwargs={"chunks": chunks} if chunks else {})
    with h5py.File(tmp_path / "cells.h5", "r+") as file:
        source = gene_source(file["X"])
        parts = {name: file["X"][name] for name in ("data", "indices", "indptr")}
        check(source)
        turned = form(counts())
        for _ in range(2):
            turned = form(turned[::-1] if encoding == "csr" else turned[:, ::-1])
            time.sleep(0.02)  # more than a tick of the clock of Linux' file systems
            for name, part in parts.items():
                part[:] = getattr(turned, name)
            check(source, turned)


def test_a_time_of_just_now_does_not_tell_versions_apart() -> None:
    now = time.time_ns()
    for name in ("mtime_ns", "ctime_ns"):
        about = {"mtime_ns": 5, "ctime_ns": 5, "size": 3} | {name: now}
        assert stored_module.settled(about) is None
        assert stored_module.settled(about | {name: now - 3 * 10**9}) is not None
    assert stored_module.settled(None) is None


def test_a_zarr_store_that_nobody_writes_to_is_indexed_for_this_source_alone(cache_dir: Path, passes: Passes) -> None:
    store = zarr.storage.MemoryStore()
    group = zarr.open_group(store, mode="w", zarr_format=2)
    ad.io.write_elem(group, "X", counts())
    source = gene_source(zarr.open_group(store, mode="r")["X"])
    check(source)
    check(source)
    assert passes.blocks == list(range(len(passes.blocks)))
    assert not indexes(cache_dir)


@pytest.mark.parametrize("in_memory", [False, True])
def test_what_is_written_to_an_open_zarr_store_is_read(tmp_path: Path, in_memory: bool) -> None:
    store: Any = zarr.storage.MemoryStore() if in_memory else str(tmp_path / "cells.zarr")
    group = zarr.open_group(store, mode="w", zarr_format=2)
    ad.io.write_elem(group, "X", counts())
    source = gene_source(group["X"])
    check(source)
    group["X/data"][:] = group["X/data"][:][::-1]
    changed = counts()
    changed.data = changed.data[::-1].copy()
    check(source, changed)


@pytest.mark.parametrize("part", ["indices", "data"])
def test_a_zarr_folder_that_was_written_to_has_another_index(tmp_path: Path, cache_dir: Path, part: str) -> None:
    group = zarr.open_group(tmp_path / "cells.zarr", mode="w", zarr_format=2)
    ad.io.write_elem(group, "X", counts())
    check(gene_source(group["X"]))
    values = group["X"][part][:]
    group["X"][part][:] = values[::-1] if part == "data" else (values + 1) % N_GENES
    read = zarr.open_group(tmp_path / "cells.zarr", mode="r")["X"]
    changed = sparse.csr_matrix(tuple(read[name][:] for name in ("data", "indices", "indptr")), (N_CELLS, N_GENES))
    check(gene_source(read), changed)
    assert len(indexes(cache_dir)) == 2


def test_other_matrices_of_a_zarr_folder_do_not_matter(tmp_path: Path, cache_dir: Path, passes: Passes) -> None:
    group = zarr.open_group(tmp_path / "cells.zarr", mode="w", zarr_format=2)
    ad.io.write_elem(group, "X", counts())
    check(gene_source(group["X"]))
    n_blocks = len(passes.blocks)
    ad.io.write_elem(group, "layers/other", counts(1))
    check(gene_source(zarr.open_group(tmp_path / "cells.zarr", mode="r")["X"]))
    assert len(passes.blocks) == n_blocks
    check(gene_source(group["layers/other"]), counts(1))
    assert len(indexes(cache_dir)) == 2


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_zip_file_is_indexed_once_it_is_closed(tmp_path: Path, cache_dir: Path) -> None:
    store = zarr.storage.ZipStore(tmp_path / "cells.zip", mode="w")
    ad.io.write_elem(zarr.open_group(store, mode="w", zarr_format=2), "X", counts())
    check(gene_source(zarr.open_group(store, mode="r+")["X"]))
    assert not indexes(cache_dir)
    store.close()
    with zarr.storage.ZipStore(tmp_path / "cells.zip", mode="r") as closed:
        check(gene_source(zarr.open_group(closed, mode="r")["X"]))
    assert len(indexes(cache_dir)) == 1


# ---- damage ----


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_index_is_noticed_and_made_anew(path: Path, cache_dir: Path, data: st.DataObject) -> None:
    check(opened(path))
    [index] = indexes(cache_dir)
    raw = bytearray(index.read_bytes())
    start = data.draw(st.integers(0, len(raw) - 1), label="start")
    length = data.draw(st.integers(1, 600), label="length")
    match data.draw(st.sampled_from(["cut", "zeros", "flip", "random", "longer"])):
        case "cut":
            del raw[start:]
        case "zeros":
            raw[start : start + length] = bytes(len(raw[start : start + length]))
        case "flip":
            raw[start] ^= 1 << data.draw(st.integers(0, 7))
        case "random":
            raw[start : start + length] = random.Random(length).randbytes(len(raw[start : start + length]))
        case "longer":
            raw += bytes(length)
    index.write_bytes(raw)
    check(opened(path))
    check(opened(path))


def test_an_index_damaged_while_it_is_open_is_made_anew(path: Path, cache_dir: Path) -> None:
    source = opened(path)
    check(source)
    [index] = indexes(cache_dir)
    index.write_bytes(bytes(index.stat().st_size))
    check(source)
    os.truncate(indexes(cache_dir)[0], 10)
    check(source)
    check(opened(path))


def test_an_index_that_another_process_removes_is_read_all_the_same(path: Path, cache_dir: Path) -> None:
    source = opened(path)
    check(source)
    indexes(cache_dir)[0].unlink()
    check(source)


# ---- the cache directory ----


def test_a_cache_directory_that_cannot_be_made_only_loses_speed(path: Path, monkeypatch: Any, passes: Passes) -> None:
    monkeypatch.setenv("CELLUCID_CACHE_DIR", str(path / "below-a-file"))
    source = opened(path)
    check(source)
    n_blocks = len(passes.blocks)
    check(source)
    assert len(passes.blocks) == 2 * n_blocks


def test_several_threads_read_without_an_index_too(path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CELLUCID_CACHE_BYTES", "0")
    source = opened(path)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(source.column, range(N_GENES)))
    assert np.array_equal(found, counts().toarray().T)


@pytest.mark.parametrize("after", [0, 3, 10_000])
def test_a_disk_that_fills_up_only_loses_speed(path: Path, cache_dir: Path, monkeypatch: Any, after: int) -> None:
    written = 0
    real = os.write

    def write(descriptor: int, data: Any) -> int:
        nonlocal written
        if written >= after:
            raise OSError(errno.ENOSPC, "No space left on device")
        written += len(data)
        return real(descriptor, data)

    monkeypatch.setattr(index_file.os, "write", write)
    source = opened(path)
    check(source)
    check(source)
    assert not indexes(cache_dir)
    assert not leftovers(cache_dir)


def test_an_index_that_cannot_be_renamed_serves_this_source(
    path: Path, cache_dir: Path, monkeypatch: Any, passes: Passes
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(index_file.os, "replace", refuse)
    source = opened(path)
    check(source)
    n_blocks = len(passes.blocks)
    check(source)
    assert len(passes.blocks) == n_blocks
    assert not indexes(cache_dir)
    del source
    gc.collect()
    assert not leftovers(cache_dir)


def test_no_index_is_made_where_it_would_be_larger_than_allowed(path: Path, cache_dir: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CELLUCID_CACHE_BYTES", "0")
    check(opened(path))
    assert not indexes(cache_dir)
    monkeypatch.delenv("CELLUCID_CACHE_BYTES")
    monkeypatch.setattr(cache_folder, "RESERVE", 2**60)
    check(opened(path))
    assert not indexes(cache_dir)


def test_the_index_used_longest_ago_makes_room(tmp_path: Path, cache_dir: Path, monkeypatch: Any) -> None:
    paths = [tmp_path / f"{number}.h5ad" for number in range(3)]
    for number, path in enumerate(paths):
        ad.AnnData(counts(number)).write_h5ad(path)
    check(opened(paths[0]), counts(0))
    [first] = indexes(cache_dir)
    check(opened(paths[1]), counts(1))
    [second] = {*indexes(cache_dir)} - {first}
    os.utime(first, (1, 1))
    os.utime(second, (2, 2))
    check(opened(paths[0]), counts(0))  # which is a use
    monkeypatch.setenv("CELLUCID_CACHE_BYTES", str(int(first.stat().st_size * 2.6)))
    check(opened(paths[2]), counts(2))
    assert first in indexes(cache_dir)
    assert second not in indexes(cache_dir)
    assert len(indexes(cache_dir)) == 2


def test_indexes_of_files_that_are_open_to_write_count_as_well(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_module, "SETTLED_NS", 0)
    sources = []
    for number in range(3):
        ad.AnnData(counts(number)).write_h5ad(tmp_path / f"{number}.h5ad")
        sources.append(opened(tmp_path / f"{number}.h5ad", "r+"))
        check(sources[-1], counts(number))
        if not number:
            [first] = leftovers(cache_dir)
            monkeypatch.setenv("CELLUCID_CACHE_BYTES", str(int(first.stat().st_size * 2.6)))
    assert len(leftovers(cache_dir)) == 2
    for number, source in enumerate(sources):
        check(source, counts(number))


def test_the_log_says_which_file_it_is_and_not_where(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def log_of(path: Path, mode: str = "r") -> str:
        caplog.clear()
        check(opened(path, mode))
        assert str(path.parent) not in caplog.text
        assert str(cache_folder.gene_folder()) not in caplog.text
        return caplog.text

    check(opened(path))
    next(cache_folder.gene_folder().glob("*.genes")).write_bytes(b"half")
    caplog.set_level("INFO", logger="cellucid")
    assert "the gene index of '/X' of 'cells.h5ad' is made anew" in log_of(path)
    shutil.rmtree(cache_folder.gene_folder())
    monkeypatch.setattr(cache_folder, "RESERVE", 2**60)
    assert "no gene index for '/X' of 'cells.h5ad': it may take" in log_of(path)
    other = shutil.copy(path, path.with_name("open.h5ad"))
    assert "no gene index for a matrix that is open to write" in log_of(other, "r+")
    monkeypatch.setenv("CELLUCID_CACHE_DIR", str(path / "below-a-file"))
    assert "no gene index for '/X' of 'cells.h5ad': Not a directory" in log_of(path)


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(path: Path, cache_dir: Path) -> None:
    (cache_dir / "genes").mkdir(parents=True)
    living = cache_dir / "genes" / cache_folder.unfinished_name()
    dead = living.with_name(living.name.replace(f".{os.getpid()}.", ".99999999."))
    elsewhere = living.with_name("0123.99999999.otherhost.tmp")
    old = living.with_name("4567.99999999.otherhost.tmp")
    for left in (living, dead, elsewhere, old):
        left.write_bytes(b"half")
    os.utime(old, (1, 1))
    check(opened(path))
    assert living.exists()
    assert elsewhere.exists()
    assert not dead.exists()
    assert not old.exists()


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches/cellucid/genes"),
        ("linux", {}, "~/.cache/cellucid/genes"),
        ("darwin", {"XDG_CACHE_HOME": "/caches"}, "~/Library/Caches/cellucid/genes"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/cellucid/genes"),
        ("win32", {}, "~/AppData/Local/cellucid/genes"),
        ("win32", {"CELLUCID_CACHE_DIR": "/own", "LOCALAPPDATA": "/local"}, "/own/genes"),
    ],
)
def test_the_cache_directory_is_the_platforms(
    platform: str, variables: dict[str, str], folder: str, monkeypatch: Any
) -> None:
    for name in ("CELLUCID_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder.gene_folder() == Path(folder).expanduser()


# ---- fork and kill -9 ----

FORKED = """
import os, signal, sys
from threading import Event
import h5py, numpy as np
from cellucid.dataset.genes import blocks, gene_source
from cellucid.dataset.genes.threads import n_threads, pool

blocks.BLOCK_BYTES = 4_000
with h5py.File(sys.argv[1]) as file:
    source = gene_source(file["X"])
    begun = source.blocks(3)
    parts = [next(begun)[1] for _ in range(3)]
    # All threads are at work, so that what is read ahead is still on its way.
    go_on = Event()
    for _ in range(n_threads()):
        pool().submit(go_on.wait)
    parts.append(next(begun)[1])
    child = os.fork()
    go_on.set()
    if not child:
        signal.alarm(60)
    column = source.column(4)
    parts += [values for _, values in begun]
    np.save(f"{sys.argv[2]}/{'parent' if child else 'child'}.npy", [np.concatenate(parts), column])
if child:
    sys.exit(os.waitpid(child, 0)[1])
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("bytes_kept", ["1000000", "0"])
def test_a_child_that_is_forked_during_a_pass_makes_its_own(path: Path, tmp_path: Path, bytes_kept: str) -> None:
    with h5py.File(path, "w") as file:
        ad.io.write_elem(file, "X", counts(), dataset_kwargs={"chunks": (100,), "compression": "gzip"})
    done = subprocess.run(
        [sys.executable, "-c", FORKED, path, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "CELLUCID_CACHE_BYTES": bytes_kept},
    )
    assert done.returncode == 0, done.stderr
    for name in ("parent", "child"):
        assert np.array_equal(np.load(tmp_path / f"{name}.npy"), counts().toarray().T[[3, 4]]), name


KILLED = """
import gc, itertools, os, signal, sys, traceback
import h5py, numpy as np
from scipy import sparse
from cellucid.dataset.genes import blocks, gene_source
from cellucid.dataset.genes.cache_folder import gene_folder

blocks.BLOCK_BYTES = 4_000
path = sys.argv[1]
with h5py.File(path) as file:
    group = file["X"]
    parts = tuple(group[name][:] for name in ("data", "indices", "indptr"))
    wanted = sparse.csr_matrix(parts, group.attrs["shape"]).toarray().T


def read_all():
    with h5py.File(path) as file:
        return gene_source(file["X"]).columns(range(len(wanted)))


def remove_indexes():
    for index in gene_folder().glob("*.genes"):
        index.unlink()


def before_each(owner, name, then):
    real, times = getattr(owner, name), itertools.count(1)

    def call(*given):
        then(next(times))
        return real(*given)

    setattr(owner, name, call)


def killed_at(owner, name, when):
    # Whether a child that read all was killed before a call of this, and how many files it left unfinished.
    remove_indexes()
    child = os.fork()
    if not child:
        signal.alarm(60)
        try:
            before_each(owner, name, lambda time: time == when and os.kill(os.getpid(), signal.SIGKILL))
            read_all()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL), ended
    killed = ended != 0
    unfinished = len([*gene_folder().glob("*.tmp")])
    assert np.array_equal(read_all(), wanted)
    gc.collect()
    assert not any(gene_folder().glob("*.tmp"))
    return killed, unfinished


at_blocks = (killed_at(blocks.BlockReader, "read", number) for number in itertools.count(1))
for killed, unfinished in itertools.takewhile(lambda at: at[0], at_blocks):
    print("at a block", unfinished)
print("at the end", *killed_at(os, "replace", 1))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process that it has forked")
def test_a_process_killed_during_the_pass_loses_nothing_but_its_work(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    *at_blocks, at_the_end = done.stdout.splitlines()
    assert len(at_blocks) > 3
    assert set(at_blocks) == {"at a block 1"}
    assert at_the_end == "at the end True 1"
