"""What the data server answers to those who may ask."""

import gc
import json
import socket
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.dataset import Resource
from cellucid.dataset.errors import DatasetChanged
from cellucid.server import DataServer, ranges
from cellucid.server.app import READERS

from .conftest import N_CELLS, make_dataset

COORDINATES = "embeddings/X_umap.f32"


@pytest.fixture
def path(server, dataset):
    return server.add(dataset)


def in_url(resource):
    """A resource's path in a URL: each segment encoded once more."""
    return "/".join(quote(segment, safe="") for segment in resource.split("/"))


def test_every_resource_comes_byte_for_byte(ask, dataset, path):
    for resource in dataset.resources():
        answer = ask(path + in_url(resource))
        own = dataset.read(resource)
        assert (answer.status, answer.body) == (200, bytes(own.data)), resource
        assert answer.headers["x-cellucid-length"] == str(own.nbytes)
        assert answer.headers["x-cellucid-shape"] == ",".join(map(str, own.shape))
        assert answer.headers.get("x-cellucid-dtype") == own.dtype
        assert answer.headers["etag"] == f'"{own.etag}"'
        assert answer.headers["content-type"].startswith(own.media_type)


def test_two_datasets_are_kept_apart(ask, server, dataset, path):
    other = make_dataset("other")
    second = server.add(other)
    assert second != path
    names = [json.loads(ask(place + "manifest.json").body)["name"] for place in (path, second)]
    assert names == ["cells", "other"]
    listing = json.loads(ask("/_cellucid/datasets").body)["datasets"]
    assert [(entry["id"], entry["name"], entry["path"]) for entry in listing] == [
        (dataset.id, "cells", path),
        (other.id, "other", second),
    ]


def test_health_and_info_say_what_is_shown(ask, server, path):
    health = json.loads(ask("/_cellucid/health").body)
    shown = {"type": "anndata", "format": "in-memory", "is_backed": False, "n_cells": N_CELLS, "n_genes": 2}
    assert health == {"status": "ok", "version": health["version"], **shown}
    info = json.loads(ask("/_cellucid/info").body)
    assert info == {"version": health["version"], **shown, "host": "127.0.0.1", "port": server.port, "n_datasets": 1}


def test_a_dataset_is_served_until_the_last_holder_lets_go_and_is_then_free(ask, server):
    dataset = make_dataset()
    path = server.add(dataset)
    assert server.add(dataset) == path
    server.remove(dataset)
    assert ask(path + "manifest.json").status == 200
    server.remove(dataset)
    server.remove(dataset)
    answer = ask(path + "manifest.json")
    assert (answer.status, json.loads(answer.body)["error"]) == (404, "not_found")
    gone = weakref.ref(dataset)
    del dataset
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("address", "method", "status", "code"),
    [
        ("obs/none.values.f32", "GET", 404, "dataset"),
        ("..%2F..%2Fetc%2Fpasswd", "GET", 404, "dataset"),
        ("", "GET", 404, "dataset"),
        ("manifest.json", "POST", 405, "method"),
        ("manifest.json", "DELETE", 405, "method"),
    ],
)
def test_what_is_not_there_is_answered_in_json(ask, path, address, method, status, code):
    answer = ask(path + address, method=method)
    assert (answer.status, json.loads(answer.body)["error"]) == (status, code)
    assert set(json.loads(answer.body)) == {"error", "message", "hint"}


def test_data_that_changed_are_refused_with_the_way_out(ask, dataset, path):
    def read(path):
        raise DatasetChanged("the AnnData has changed; call the widget's refresh()")

    dataset.read = read
    answer = ask(path + "manifest.json")
    assert (answer.status, json.loads(answer.body)["error"]) == (409, "changed")
    assert "refresh()" in json.loads(answer.body)["message"]


def test_head_has_the_headers_and_no_body(ask, path):
    whole, head = ask(path + COORDINATES), ask(path + COORDINATES, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == whole.headers
    assert ask(path + COORDINATES, method="HEAD", Range="bytes=0-9").headers == whole.headers
    assert ask(path + COORDINATES, method="HEAD", If_None_Match=whole.headers["etag"]).status == 304
    assert ask(path + "nothing", method="HEAD").status == 404


def test_what_is_known_does_not_travel_again(ask, path):
    etag = ask(path + COORDINATES).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = ask(path + COORDINATES, If_None_Match=known)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    assert ask(path + COORDINATES, If_None_Match='"other"').status == 200


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=790-", 790, 800), ("bytes=-5", 795, 800),
     ("bytes=0-99999", 0, 800), ("Bytes=1-2", 1, 3), ("bytes=-9999", 0, 800)],
)  # fmt: skip
def test_a_part_comes_as_a_part(ask, dataset, path, header, start, stop):
    answer = ask(path + COORDINATES, Range=header)
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/800"
    assert answer.body == bytes(dataset.read(COORDINATES).data)[start:stop]


@pytest.mark.parametrize("header", ["bytes=800-", "bytes=9999-10000", "bytes=-0"])
def test_a_part_behind_the_end_is_refused_with_the_length(ask, path, header):
    answer = ask(path + COORDINATES, Range=header)
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */800")


@pytest.mark.parametrize("header", ["bytes=5-1", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes", ""])
def test_what_is_no_single_part_is_overlooked(ask, path, header):
    assert (ask(path + COORDINATES, Range=header).status) == 200


def test_a_part_of_another_version_is_answered_with_the_whole(ask, path):
    etag = ask(path + COORDINATES).headers["etag"]
    assert ask(path + COORDINATES, Range="bytes=5-9", If_Range=etag).status == 206
    answer = ask(path + COORDINATES, Range="bytes=5-9", If_Range='"older"')
    assert (answer.status, len(answer.body)) == (200, 800)


def test_answers_are_at_most_64_mib(ask, dataset, path):
    n_bytes = ranges.MAX_BYTES + 10
    data = memoryview(np.zeros(n_bytes, dtype=np.uint8)).toreadonly()
    large = Resource(data, "uint8", (n_bytes,), "application/octet-stream")
    dataset.read = lambda path: large
    refused = ask(path + "large")
    assert (refused.status, refused.headers["content-range"]) == (416, f"bytes */{n_bytes}")
    assert (refused.headers["etag"], refused.headers["x-cellucid-length"]) == (f'"{large.etag}"', str(n_bytes))
    assert json.loads(refused.body)["error"] == "range"
    assert ask(path + "large", method="HEAD").headers["content-length"] == str(n_bytes)
    cut = ask(path + "large", Range="bytes=0-")
    assert (cut.status, len(cut.body)) == (206, ranges.MAX_BYTES)
    rest = ask(path + "large", Range=f"bytes={ranges.MAX_BYTES}-")
    assert (rest.status, len(rest.body)) == (206, 10)


@given(st.integers(1, 1000), st.integers(0, 1200), st.none() | st.integers(0, 1200))
def test_parts_are_those_of_a_slice(length, first, last):
    header = f"bytes={first}-{'' if last is None else last}"
    expected = range(length)[first : None if last is None else last + 1]
    if last is not None and last < first:
        assert ranges.part_of(header, None, length, '"e"').whole
    elif first >= length:
        with pytest.raises(ranges.RangeError):
            ranges.part_of(header, None, length, '"e"')
    else:
        part = ranges.part_of(header, None, length, '"e"')
        assert range(part.start, part.stop) == expected


@given(st.text())
def test_any_text_is_a_part_or_overlooked_or_refused(header):
    try:
        part = ranges.part_of(header, None, 100, '"e"')
    except ranges.RangeError:
        return
    assert 0 <= part.start < part.stop <= 100


def test_a_slow_read_holds_up_neither_health_nor_other_reads(ask, dataset, path):
    begun, go_on = threading.Event(), threading.Event()
    read = dataset.read

    def slowly(wanted):
        if wanted == COORDINATES:
            begun.set()
            assert go_on.wait(30)
        return read(wanted)

    dataset.read = slowly
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ask, path + COORDINATES)
        assert begun.wait(10)
        assert ask("/_cellucid/health").status == 200
        assert ask(path + "manifest.json").status == 200
        assert not slow.done()
        go_on.set()
        assert slow.result(10).status == 200


def test_many_ask_at_once(ask, dataset, path):
    paths = [in_url(resource) for resource in dataset.resources()] * 20
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda resource: ask(path + resource), paths))
    assert {answer.status for answer in answers} == {200}


def test_one_who_goes_away_in_the_middle_harms_nobody(server, ask, dataset, path):
    data = memoryview(np.zeros(32 * 1024 * 1024, dtype=np.uint8)).toreadonly()
    large = Resource(data, "uint8", (data.nbytes,), "application/octet-stream")
    read = dataset.read
    dataset.read = lambda wanted: large if wanted == "large" else read(wanted)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            head = f"GET {path}large HTTP/1.1\r\nHost: localhost\r\nX-Cellucid-Token: {server.token}\r\n\r\n"
            wire.sendall(head.encode())
            assert wire.recv(1000).startswith(b"HTTP/1.1 200")
    assert ask(path + "manifest.json").status == 200


def test_servers_are_apart():
    first, second = DataServer(), DataServer()
    assert first.token != second.token


def test_the_address_of_a_viewer_that_is_not_there_says_so(ask, server):
    answer = ask(f"/?viewerId=v1&viewerToken={server.token}", token=None)
    assert (answer.status, answer.headers["referrer-policy"]) == (404, "no-referrer")
    assert b"not shown any more" in answer.body
    assert ask("/?viewerId=v1&viewerToken=guess", token=None).status == 401
    assert ask(f"/_cellucid/info?viewerToken={server.token}", token=None).status == 401


@given(st.integers(1, 1000), st.integers(1, 1200))
def test_the_end_of_a_resource_is_that_of_a_slice(length, suffix):
    part = ranges.part_of(f"bytes=-{suffix}", None, length, '"e"')
    assert range(part.start, part.stop) == range(length)[-suffix:]


@given(st.integers(0, 3 * ranges.MAX_BYTES), st.integers(1, 4 * ranges.MAX_BYTES))
def test_parts_of_any_length_add_up_to_the_whole(start, length):
    covered = start = min(start, length - 1)
    while covered < length:
        part = ranges.part_of(f"bytes={covered}-", None, length, '"e"')
        assert (part.start, part.whole) == (covered, False)
        assert 0 < part.stop - part.start <= ranges.MAX_BYTES
        covered = part.stop
    assert covered == length


def test_an_empty_resource_comes_whole_whatever_part_is_asked_for(ask, dataset, path):
    dataset.read = lambda path: Resource(memoryview(b""), "float32", (0, 2), "application/octet-stream")
    for header in ("bytes=0-", "bytes=0-99", "bytes=-5"):
        answer = ask(path + "empty", Range=header)
        assert (answer.status, answer.body, answer.headers["x-cellucid-shape"]) == (200, b"", "0,2")


def test_a_wrong_method_is_told_the_right_ones(ask, path):
    answer = ask(path + "manifest.json", method="POST")
    assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_a_prefix_that_a_reverse_proxy_leaves_changes_nothing(ask, path):
    for prefix in ("/hub/user/ana/proxy/4711", "/cells/d", "/_cellucid"):
        assert ask(prefix + path + "manifest.json").body == ask(path + "manifest.json").body
        assert ask(prefix + path + in_url("obs/a%20b%2Fc%25%C3%A9.values.f32")).status == 200
        assert json.loads(ask(prefix + "/_cellucid/datasets").body)["datasets"][0]["path"] == path
        assert json.loads(ask(prefix + "/_cellucid/health", token=None).body) == {"status": "ok"}


def test_a_closed_dataset_is_refused_and_the_server_stays_healthy(ask, dataset, path):
    dataset.close()
    assert ask("/_cellucid/health").status == 200
    assert ask("/_cellucid/datasets").status == 200
    answer = ask(path + "manifest.json")
    assert (answer.status, json.loads(answer.body)["error"]) == (404, "dataset")
    assert "is closed" in json.loads(answer.body)["message"]


def test_without_datasets_health_says_that_the_server_is_there(ask):
    assert set(json.loads(ask("/_cellucid/health").body)) == {"status", "version", "type"}
    assert json.loads(ask("/_cellucid/datasets").body) == {"datasets": []}


def test_what_nobody_waits_for_any_more_is_not_read(server, ask, dataset, path):
    begun, go_on, read = [], threading.Event(), dataset.read

    def slowly(wanted):
        begun.append(wanted)
        assert go_on.wait(30)
        return read("manifest.json")

    dataset.read = slowly
    wires = []
    for number in range(20):
        wire = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        head = f"GET {path}{number} HTTP/1.1\r\nHost: localhost\r\nX-Cellucid-Token: {server.token}\r\n\r\n"
        wire.sendall(head.encode())
        wires.append(wire)
    for wire in wires:
        ask("/_cellucid/health")  # each time the server has come to know all that was sent before
        wire.close()
    ask("/_cellucid/health")
    time.sleep(0.2)
    go_on.set()
    assert ask(path + "last").status == 200
    assert len(begun) <= READERS + 1, "those that had begun, and the last"
    assert begun[-1] == "last"
