"""A gene on disk leaves the server while the pass over its file still runs."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import passes
from cellucid.dataset import open_dataset
from cellucid.server import app
from passes import GENE, N_CELLS, SlowPass
from patience import wait_until

NBYTES = 4 * N_CELLS


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(app, "_PATIENCE", 0)  # each block leaves as soon as it is there
    return SlowPass(monkeypatch)


@pytest.fixture
def file(tmp_path):
    return passes.write(tmp_path / "cells.h5ad")


@pytest.fixture
def dataset(file, slow):
    return open_dataset(file)


@pytest.fixture
def path(server, dataset):
    return server.add(dataset)


@pytest.fixture
def begin(server, path):
    """`with begin() as answer`: a request whose head has been read, and of the body nothing."""

    @contextmanager
    def request(**headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path + GENE, headers={"X-Cellucid-Token": server.token, **given})
        try:
            yield connection.getresponse()
        finally:
            connection.close()

    return request


def test_the_first_bytes_arrive_before_the_last_are_read(begin, dataset, slow):
    slow.allow(1)
    with begin() as answer:
        assert (answer.status, answer.headers["content-length"]) == (200, str(NBYTES))
        assert answer.headers["x-cellucid-length"] == str(NBYTES)
        assert answer.headers["etag"] == f'"{dataset.read(GENE).etag}"'
        first = answer.read1()
        assert passes.values().startswith(first)
        assert len(first) == dataset.read(GENE).loaded < NBYTES
        assert slow.blocks == [0]
        slow.allow(1)
        second = answer.read1()
        assert slow.blocks == [0, 1]
        slow.finish()
        assert first + second + answer.read() == passes.values()


def test_a_part_of_what_still_grows_comes_as_a_part(begin, slow):
    slow.finish()
    with begin(Range="bytes=6-1001") as answer:
        assert (answer.status, answer.headers["content-range"]) == (206, f"bytes 6-1001/{NBYTES}")
        assert answer.read() == passes.values()[6:1002]
        etag = answer.headers["etag"]
    n_blocks = len(slow.blocks)
    with begin(Range="bytes=-4", If_Range=etag) as answer:
        assert (answer.status, answer.read()) == (206, passes.values()[-4:])
    assert len(slow.blocks) > n_blocks, "the first part was not waited for to the end of the file"
    assert slow.blocks == list(range(len(slow.blocks)))


def test_what_is_told_without_the_bytes_reads_none(ask, path, slow):
    head = ask(path + GENE, method="HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(NBYTES), b"")
    known = ask(path + GENE, If_None_Match=head.headers["etag"])
    assert (known.status, known.body) == (304, b"")
    assert ask(path + GENE, Range=f"bytes={NBYTES}-").status == 416
    assert slow.blocks == []
    slow.finish()
    whole = ask(path + GENE)
    assert (whole.body, whole.headers) == (passes.values(), head.headers)


def test_two_pages_share_a_pass(begin, slow):
    slow.allow(1)
    with begin() as one, begin() as other:
        first, second = one.read1(), other.read1()
        assert first == second
        slow.finish()
        assert first + one.read() == second + other.read() == passes.values()
    assert slow.blocks == list(range(len(slow.blocks)))


def test_when_the_browser_goes_away_the_pass_stands_still(ask, begin, dataset, path, slow):
    slow.allow(1)
    with begin() as answer:
        answer.read1()
        wait_until(lambda: slow.wanted.acquire(blocking=False))
        assert slow.wanted.acquire(timeout=10), "the second block is being read"
    assert ask("/_cellucid/health").status == 200
    assert ask(path + "manifest.json").status == 200
    time.sleep(0.2)  # until the server has seen that the connection is closed
    slow.allow(100)
    wait_until(lambda: len(slow.blocks) == 2)
    assert ask(path + "var/genes.json").status == 200
    time.sleep(0.2)
    assert slow.blocks == [0, 1]
    with begin() as answer:
        assert answer.read() == passes.values()


def test_a_slow_gene_leaves_the_server_to_others(ask, begin, path, slow):
    slow.allow(1)
    with begin() as answer, ThreadPoolExecutor(8) as pool:
        first = answer.read1()
        answers = list(pool.map(ask, [path + "manifest.json", path + "embeddings/X_umap.f32"] * 8))
        assert {each.status for each in answers} == {200}
        slow.finish()
        assert first + answer.read() == passes.values()


def test_an_error_before_the_first_byte_has_a_status(ask, path, slow):
    slow.fail(OSError("the disk is on fire"))
    slow.finish()
    answer = ask(path + GENE)
    assert (answer.status, json.loads(answer.body)["error"]) == (404, "dataset")
    assert "on fire" in json.loads(answer.body)["message"]


def test_a_file_that_changes_midway_cuts_the_body_and_the_rest_is_refused(ask, begin, file, path, slow, caplog):
    slow.allow(1)
    with begin() as answer:
        there = answer.read1()
        passes.write(file.with_name("new.h5ad"), seed=1).replace(file)
        slow.finish()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    rest = ask(path + GENE, Range=f"bytes={len(there)}-", If_Range=answer.headers["etag"])
    assert (rest.status, json.loads(rest.body)["error"]) == (409, "changed")
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
