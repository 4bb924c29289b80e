"""What leaves the data server compressed, for whom, and that it is what it was."""

import gzip
import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.dataset import Resource, open_dataset
from cellucid.server.packing import MIN_BYTES, Packed, accepts_gzip

N_CELLS = 5_000
PROXIED = {"X_Forwarded_Prefix": "/user/ada/proxy/1234"}


@pytest.fixture
def dataset():
    rng = np.random.default_rng(0)
    counts = np.zeros((N_CELLS, 60), np.float32)
    counts[::10] = 1  # as of many genes: in most cells nothing
    adata = ad.AnnData(counts, var=pd.DataFrame(index=[f"a gene with a long name {n}" for n in range(60)]))
    adata.obsm["X_umap"] = rng.normal(size=(N_CELLS, 2)).astype(np.float32)
    return open_dataset(adata)


@pytest.fixture
def path(server, dataset):
    return server.add(dataset)


NAMES = "var/genes.json"
GENE = "var/a%2520gene%2520with%2520a%2520long%2520name%25200.values.f32"
POINTS = "embeddings/X_umap.f32"


def is_packed(answer):
    return answer.headers.get("content-encoding") == "gzip"


def test_json_is_compressed_for_those_who_take_it_and_is_the_same(ask, dataset, path):
    plain = ask(path + NAMES)
    for _ in range(2):  # the first time by the application, then at hand
        packed = ask(path + NAMES, Accept_Encoding="gzip")
        assert packed.status == 200
        assert is_packed(packed)
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) == int(packed.headers["content-length"]) < len(plain.body)
        assert packed.headers["x-cellucid-length"] == str(len(plain.body))
        assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
        for answer in (plain, packed):
            assert {name.strip() for name in answer.headers["vary"].split(",")} == {"Accept-Encoding", "Origin"}


@pytest.mark.parametrize("accepted", ["gzip;q=0", "gzip; q=0.000, *", "br", "identity", "", "*;q=0", "gzipped"])
def test_nobody_gets_it_who_does_not_take_it(ask, path, accepted):
    for _ in range(2):
        answer = ask(path + NAMES, Accept_Encoding=accepted)
        assert not is_packed(answer)
        assert json.loads(answer.body)


def test_what_is_known_does_not_travel_again_whichever_form_it_had(ask, path):
    for _ in range(2):
        tag = ask(path + NAMES, Accept_Encoding="gzip").headers["etag"]
        for accepted in ("gzip", "identity"):
            known = ask(path + NAMES, Accept_Encoding=accepted, If_None_Match=tag)
            assert (known.status, known.body) == (304, b"")


def test_a_part_is_one_of_the_bytes_themselves(ask, dataset, path):
    whole = bytes(dataset.read(NAMES).data)
    for _ in range(2):
        for asked, expected in (("bytes=1-5", whole[1:6]), ("bytes=1-", whole[1:]), ("bytes=0-9", whole[:10])):
            part = ask(path + NAMES, Accept_Encoding="gzip", Range=asked)
            assert (part.status, part.body) == (206, expected)
            assert not is_packed(part)
            assert not part.headers["etag"].startswith("W/")


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-33554431"])
def test_a_part_that_is_the_whole_may_come_compressed(ask, dataset, path, asked):
    for _ in range(2):
        answer = ask(path + NAMES, Accept_Encoding="gzip", Range=asked)
        assert (answer.status, is_packed(answer)) == (200, True)
        assert "content-range" not in answer.headers
        assert gzip.decompress(answer.body) == bytes(dataset.read(NAMES).data)


def test_one_that_was_cut_goes_on_by_parts_of_the_bytes_themselves(ask, dataset, path):
    tag = ask(path + NAMES, Accept_Encoding="gzip").headers["etag"].removeprefix("W/")
    rest = ask(path + NAMES, Accept_Encoding="gzip", Range="bytes=7-", If_Range=tag)
    assert (rest.status, rest.body) == (206, bytes(dataset.read(NAMES).data[7:]))


def test_numbers_are_compressed_on_the_way_through_a_proxy_alone_and_where_they_shrink(ask, dataset, path):
    for _ in range(2):
        near, far = (ask(path + GENE, Accept_Encoding="gzip", **headers) for headers in ({}, PROXIED))
        assert (is_packed(near), is_packed(far)) == (False, True)
        assert gzip.decompress(far.body) == near.body
        assert len(far.body) < len(near.body) / 10
        assert not is_packed(ask(path + POINTS, Accept_Encoding="gzip", **PROXIED)), "coordinates hardly shrink"


def test_head_and_what_is_short_are_not_compressed(ask, path):
    assert not is_packed(ask(path + NAMES, method="HEAD", Accept_Encoding="gzip"))
    short = ask(path + "manifest.json", Accept_Encoding="gzip")
    assert len(short.body) < MIN_BYTES
    assert not is_packed(short)


def resource_of(data):
    return Resource(memoryview(data), None, (len(data),), "application/json")


def test_it_is_done_once_and_kept_within_bounds():
    packed = Packed(max_bytes=2_000)
    first, other = resource_of(b"a" * 100_000), resource_of(b"b" * 100_000)
    assert packed.find(first) is None
    made = packed.get(first)
    assert gzip.decompress(made) == first.data
    assert packed.get(first) is made
    assert packed.find(first) is made
    packed.get(other)
    assert packed.find(first)
    third = resource_of(b"c" * 100_000)
    packed.get(third)
    assert packed.find(other) is None, "the one that was used least recently"
    assert packed.find(first)
    assert packed.find(third)


def test_it_is_known_of_what_does_not_shrink():
    packed = Packed()
    noise = resource_of(np.random.default_rng(0).bytes(200_000))
    assert packed.get(noise) == packed.find(noise) == b""


@given(st.binary(max_size=100_000))
def test_any_bytes_are_the_same_or_not_compressed(data):
    made = Packed().get(resource_of(data))
    assert not made or gzip.decompress(made) == data


@given(st.text(max_size=60))
def test_any_text_says_whether_gzip_is_taken(header):
    assert accepts_gzip(header) in (True, False)


@pytest.mark.parametrize(
    "header", ["gzip", "GZIP", "br;q=1.0, gzip;q=0.5", "*", "deflate, gzip ; q=1", "identity;q=0,*"]
)
def test_who_takes_gzip_says_so(header):
    assert accepts_gzip(header)


def test_who_says_nothing_takes_none():
    assert not accepts_gzip(None)
