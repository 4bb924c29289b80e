"""The first rows of a gene are there while the pass over its file still runs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

import passes
from cellucid.dataset import Dataset, DatasetChanged, DatasetError, Resource, open_dataset
from cellucid.dataset.growing import GrowingResource
from passes import GENE, N_CELLS, SlowPass

NBYTES = 4 * N_CELLS


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowPass:
    return SlowPass(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return passes.write(tmp_path / "cells.h5ad")


@pytest.fixture
def dataset(path: Path, slow: SlowPass) -> Dataset:
    return open_dataset(path)


def test_the_first_rows_are_there_before_the_last_are_read(dataset: Dataset, slow: SlowPass) -> None:
    gene = dataset.read(GENE)
    assert (gene.nbytes, gene.shape, gene.dtype, gene.loaded) == (NBYTES, (N_CELLS,), "float32", 0)
    assert gene.etag
    assert slow.blocks == [], "what is told of a gene needs no look at it"
    slow.allow(1)
    first = gene.part(0, NBYTES)
    assert slow.blocks == [0]
    assert 0 < len(first) == gene.loaded < NBYTES
    assert bytes(first) == passes.values()[: len(first)]
    slow.allow(1)
    assert bytes(gene.part(4, NBYTES)) == passes.values()[4 : len(first)], "what is there is not waited for"
    second = gene.part(len(first), NBYTES)
    assert slow.blocks == [0, 1]
    assert bytes(second) == passes.values()[len(first) : len(first) + len(second)]
    slow.finish()
    assert bytes(gene.data) == passes.values()
    assert bytes(first) == passes.values()[: len(first)], "a part stays what it was"
    assert gene.as_array().tobytes() == passes.values()
    with pytest.raises(ValueError, match="read-only"):
        gene.as_array()[0] = 1


def test_nobody_asks_and_the_pass_stands_still_until_somebody_does(dataset: Dataset, slow: SlowPass) -> None:
    slow.finish()
    dataset.read(GENE).part(0, NBYTES)
    assert slow.blocks == [0]
    assert bytes(dataset.read("var/g4.values.f32").data) == passes.values(4)
    n_blocks = len(slow.blocks)
    assert slow.blocks == list(range(n_blocks)), "another gene goes on with the pass"
    assert bytes(dataset.read(GENE).data) == passes.values()
    assert len(slow.blocks) == n_blocks


def test_patience_brings_more_and_a_part_is_never_longer_than_asked(dataset: Dataset, slow: SlowPass) -> None:
    slow.finish()
    assert bytes(dataset.read(GENE).part(10, 1000, patience=60)) == passes.values()[10:1000]
    assert dataset.read(GENE).loaded < NBYTES
    assert bytes(dataset.read(GENE).part(NBYTES - 3, 10 * NBYTES)) == passes.values()[-3:]
    assert bytes(dataset.read(GENE).part(NBYTES, 10 * NBYTES)) == b""


def test_all_who_want_a_gene_share_one_pass(dataset: Dataset, slow: SlowPass) -> None:
    with ThreadPoolExecutor(3) as pool:
        ones = pool.submit(lambda: bytes(dataset.read(GENE).data))
        assert slow.wanted.acquire(timeout=10)
        others = pool.submit(lambda: bytes(dataset.read(GENE).part(NBYTES - 1, NBYTES)))
        array = pool.submit(dataset.gene, "g3")
        slow.finish()
        assert ones.result(20) == passes.values()
        assert others.result(20) == passes.values()[-1:]
        assert array.result(20).tobytes() == passes.values()
    assert slow.blocks == list(range(len(slow.blocks)))
    assert dataset.read(GENE) is dataset.read(GENE)


def test_who_holds_the_data_may_ask_for_a_gene_that_another_thread_is_reading(dataset: Dataset, slow: SlowPass) -> None:
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(dataset.gene, "g3")
        assert slow.wanted.acquire(timeout=10)
        holds = threading.Event()

        def hold() -> bytes:
            with dataset.lock:
                holds.set()
                return dataset.gene("g3").tobytes()

        second = pool.submit(hold)
        assert holds.wait(10)
        slow.finish()
        assert first.result(20).tobytes() == second.result(20) == passes.values()


def test_an_etag_is_of_the_file_and_the_gene(dataset: Dataset, slow: SlowPass, path: Path, tmp_path: Path) -> None:
    etag = dataset.read(GENE).etag
    dataset.clear_cache()
    assert dataset.read(GENE).etag == etag
    slow.finish()
    dataset.gene("g3")
    dataset.clear_cache()
    assert dataset.read(GENE).etag == etag, "also once there is an index"
    with open_dataset(path) as again, open_dataset(passes.write(tmp_path / "other.h5ad")) as other:
        assert again.read(GENE).etag == etag
        assert other.read(GENE).etag != etag
        assert again.read("var/g4.values.f32").etag != etag
    half = ad.read_h5ad(path, backed="r")[:, ["g4", "g3"]]
    assert open_dataset(half).read(GENE).etag != etag
    half.file.close()
    passes.write(tmp_path / "other.h5ad", seed=1).replace(path)
    with open_dataset(path) as changed:
        assert changed.read(GENE).etag != etag


def test_what_may_be_written_to_has_another_etag_at_each_reading(path: Path, slow: SlowPass) -> None:
    slow.finish()
    adata = ad.read_h5ad(path, backed="r+")
    dataset = open_dataset(adata)
    gene = dataset.read(GENE)
    assert dataset.read(GENE) is gene
    assert bytes(gene.data) == passes.values()
    dataset.clear_cache()
    assert dataset.read(GENE).etag != gene.etag
    adata.file.close()


def test_a_file_that_changes_midway_is_refused_to_every_reader(dataset: Dataset, slow: SlowPass, path: Path) -> None:
    gene = dataset.read(GENE)
    slow.allow(1)
    there = len(gene.part(0, NBYTES))
    passes.write(path.with_name("new.h5ad"), seed=1).replace(path)
    slow.finish()
    for _ in range(2):
        with pytest.raises(DatasetChanged, match="has changed on disk"):
            gene.part(there, NBYTES)
    assert gene.loaded == there
    assert bytes(gene.part(0, NBYTES)) == passes.values()[:there], "what was there stays"
    with pytest.raises(DatasetChanged):
        dataset.read(GENE)
    with pytest.raises(DatasetChanged):
        dataset.gene("g3")


def test_an_error_midway_names_the_file_and_the_next_reading_tries_again(dataset: Dataset, slow: SlowPass) -> None:
    gene = dataset.read(GENE)
    slow.allow(2)
    there = len(gene.part(0, NBYTES)) + len(gene.part(gene.loaded, NBYTES))
    slow.fail(OSError("the disk is on fire"))
    slow.finish()
    for _ in range(2):
        with pytest.raises(DatasetError, match=r"the gene 'g3' of 'cells\.h5ad': the disk is on fire"):
            gene.part(there, NBYTES)
    with pytest.raises(DatasetError, match="on fire"):
        dataset.gene("g3")
    slow.fail(None)
    again = dataset.read(GENE)
    assert again is not gene
    assert again.etag == gene.etag
    assert bytes(again.data) == bytes(gene.data) == passes.values()


def test_a_pass_that_the_stop_button_ends_is_gone_on_with(dataset: Dataset, slow: SlowPass) -> None:
    gene = dataset.read(GENE)
    slow.allow(1)
    gene.part(0, NBYTES)
    slow.fail(KeyboardInterrupt())
    slow.finish()
    with pytest.raises(KeyboardInterrupt):
        dataset.gene("g3")
    slow.fail(None)
    assert dataset.read(GENE) is gene
    assert bytes(gene.data) == passes.values()
    assert slow.blocks == list(range(len(slow.blocks)))


def test_a_dataset_that_is_closed_midway_says_so_and_does_not_hang(dataset: Dataset, slow: SlowPass) -> None:
    gene = dataset.read(GENE)
    slow.allow(1)
    there = len(gene.part(0, NBYTES))
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(gene.part, there, NBYTES)
        assert slow.wanted.acquire(timeout=10)
        assert slow.wanted.acquire(timeout=10)
        dataset.close()
        slow.finish()
        with pytest.raises(DatasetError, match="'cells"):
            rest.result(20)
    with pytest.raises(DatasetError, match="is closed"):
        gene.part(there, NBYTES)
    assert bytes(gene.part(0, NBYTES)) == passes.values()[:there]


def test_clearing_the_cache_midway_leaves_the_reader_its_gene(dataset: Dataset, slow: SlowPass) -> None:
    gene = dataset.read(GENE)
    slow.allow(1)
    there = len(gene.part(0, NBYTES))
    dataset.clear_cache()
    slow.finish()
    other = dataset.read(GENE)
    assert other is not gene
    assert bytes(other.part(there, NBYTES, 60)) == bytes(gene.part(there, NBYTES, 60)) == passes.values()[there:]
    assert slow.blocks == list(range(len(slow.blocks)))


def test_a_gene_in_memory_is_whole_from_the_beginning() -> None:
    adata = ad.AnnData(passes.counts(), obsm={"X_umap": np.zeros((N_CELLS, 2))})
    gene = open_dataset(adata).read("var/3.values.f32")
    assert type(gene) is Resource
    assert (gene.loaded, bytes(gene.part(4, 12))) == (NBYTES, passes.values()[4:12])


def test_blocks_that_end_too_early_are_an_error_and_not_a_wait_without_end() -> None:
    def blocks():
        yield 0, np.ones(3, dtype=np.float32)

    gene = GrowingResource(5, "tag", blocks)
    with pytest.raises(RuntimeError, match="3 of 5"):
        _ = gene.data
