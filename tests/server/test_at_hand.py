"""What is in memory is answered at once, and as the application would answer it."""

import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from cellucid.dataset import open_dataset
from cellucid.server import limits

GENE = "var/CD3E.values.f32"


@pytest.fixture
def path(server, dataset):
    return server.add(dataset) + GENE


def refuse(path):
    raise AssertionError(f"{path} is read again")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Range": "bytes=0-33554431"},
        {"Range": "bytes=4-7"},
        {"Range": "bytes=-4"},
        {"Range": "bytes=4-7", "If_Range": '"another"'},
        {"Range": "nonsense"},
        {"If_None_Match": "*"},
        {"Origin": "http://localhost:8888"},
        {"Origin": "http://localhost:8888", "Range": "bytes=4-7"},
        {"Host": "hub.example.org"},
    ],
)
def test_the_second_answer_is_the_first(ask, server, dataset, path, asked):
    first = ask(path, **asked)
    before = server.counters.requests, server.counters.bytes_sent
    dataset.read = refuse
    second = ask(path, **asked)
    assert second == first
    assert second.status in (200, 206, 304)
    assert (server.counters.requests, server.counters.bytes_sent) == (before[0] + 1, before[1] + len(first.body))
    third = ask(path, **asked)
    assert third == first, "from what is kept of the second"


def test_one_question_is_not_taken_for_another(ask, dataset, path):
    tag = f'"{ask(path).headers["etag"][1:-1]}"'
    questions = [
        ({}, 200, None),
        ({"Range": "bytes=4-7"}, 206, None),
        ({"Range": "bytes=4-7", "If_Range": '"another"'}, 200, None),
        ({"Range": "bytes=4-7", "If_Range": tag}, 206, None),
        ({"If_None_Match": tag}, 304, None),
        ({"If_None_Match": '"another"'}, 200, None),
        ({"Origin": "http://one.example"}, 200, "http://one.example"),
        ({"Origin": "http://other.example"}, 200, "http://other.example"),
    ]
    dataset.read = refuse
    for asked, status, allowed in [*questions, *reversed(questions)]:
        answer = ask(path, **asked)
        assert (answer.status, answer.headers.get("access-control-allow-origin")) == (status, allowed), asked


def test_only_a_get_is_answered_so(ask, dataset, path):
    whole = ask(path)
    head = ask(path, method="HEAD")
    assert (head.status, head.body, head.headers) == (200, b"", whole.headers)
    assert ask(path, method="POST").status == 405
    assert ask(path, method="OPTIONS").status == 204


def test_what_cannot_be_answered_so_is_answered_with_its_reason(ask, path):
    ask(path)
    refused = ask(path, Range="bytes=400-")
    assert (refused.status, json.loads(refused.body)["error"]) == (416, "range")


def test_without_the_token_nothing_is_at_hand(ask, path):
    ask(path)
    for token in (None, "", "guess"):
        assert ask(path, token=token).status == 401


def test_what_is_let_go_of_is_not_at_hand(ask, server, dataset, path):
    assert ask(path).status == 200
    server.remove(dataset)
    assert ask(path).status == 404
    other = server.add(dataset) + GENE
    assert ask(other).status == 200
    dataset.close()
    assert ask(other).status == 404


def test_what_is_made_anew_is_told_from_what_was_at_hand(ask, server):
    adata = ad.AnnData(np.ones((3, 1), np.float32), var=pd.DataFrame(index=["CD3E"]))
    adata.obsm["X_umap"] = np.eye(3, 2, dtype=np.float32)
    dataset = open_dataset(adata)
    path = server.add(dataset) + GENE
    assert [ask(path).body for _ in range(2)] == [np.ones(3, np.float32).tobytes()] * 2
    adata.X[:] = 2
    dataset.clear_cache()
    old = ask(path, If_None_Match="nothing")
    assert [ask(path).body for _ in range(2)] == [np.full(3, 2, np.float32).tobytes()] * 2
    assert ask(path).headers["etag"] == old.headers["etag"]


def test_a_connection_goes_on_between_both_ways_of_answering(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    bodies = []
    for _ in range(3):
        for address in (path, "/_cellucid/health", path, "/nothing"):
            connection.request("GET", address, headers={"X-Cellucid-Token": server.token})
            local = connection.sock.getsockname()
            answer = connection.getresponse()
            bodies.append((answer.status, len(answer.read())))
            assert connection.sock.getsockname() == local
    connection.close()
    assert [status for status, _ in bodies] == [200, 200, 200, 404] * 3
    assert {length for status, length in bodies[::2]} == {400}


def test_one_who_wants_to_close_is_closed(server, path, ask):
    ask(path)
    for ending in ("HTTP/1.1\r\nConnection: close", "HTTP/1.0", "HTTP/1.0\r\nConnection: keep-alive"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            wire.sendall(f"GET {path} {ending}\r\nX-Cellucid-Token: {server.token}\r\n\r\n".encode())
            said = b""
            while part := wire.recv(10_000):
                said += part
        assert said.startswith(b"HTTP/1.1 200 ")
        assert len(said.partition(b"\r\n\r\n")[2]) == 400


def test_several_requests_in_one_go_are_answered_in_their_order(server, path, ask):
    ask(path)
    request = f"GET {path} HTTP/1.1\r\nX-Cellucid-Token: {server.token}\r\nRange: bytes={{0}}-{{0}}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        health = f"GET /_cellucid/health HTTP/1.1\r\nX-Cellucid-Token: {server.token}\r\n\r\n"
        wire.sendall("".join([request.format(1), health, request.format(2), request.format(3)]).encode())
        said = b""
        while said.count(b"HTTP/1.1 ") < 4 or b"bytes 3-3/400" not in said:
            said += wire.recv(10_000)
    order = [said.index(mark) for mark in (b"bytes 1-1/400", b'"status"', b"bytes 2-2/400", b"bytes 3-3/400")]
    assert order == sorted(order)


def test_an_idle_connection_is_closed(monkeypatch, server, path, ask):
    ask(path)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", path, headers={"X-Cellucid-Token": server.token})
    assert connection.getresponse().read()
    monkeypatch.setattr(limits, "TICK", 0.05)
    assert connection.sock.recv(1) == b""
    connection.close()


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in halves"])
def test_many_are_answered_while_python_computes(server, path, ask, whole):
    expected = ask(path).body
    done = threading.Event()

    def compute():
        n = 0
        while not done.is_set():
            n += 1

    def client(number):
        addresses = [path if (number + turn) % 3 else "/_cellucid/health" for turn in range(12)]
        answers = []
        for start in range(0, 12, 4):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as wire:
                for address in addresses[start : start + 4]:
                    said = f"GET {address} HTTP/1.1\r\nX-Cellucid-Token: {server.token}\r\n\r\n".encode()
                    if not whole:
                        wire.sendall(said[:60])
                        time.sleep(0.001 * (number % 4))
                    wire.sendall(said if whole else said[60:])
                    with closing(http.client.HTTPResponse(wire)) as answer:
                        answer.begin()
                        answers.append((answer.status, answer.read() == expected))
                wire.sendall(b"GET /half")  # and gone
        assert answers == [(200, address == path) for address in addresses]

    computing = threading.Thread(target=compute)
    computing.start()
    try:
        with ThreadPoolExecutor(24) as pool:
            list(pool.map(client, range(24)))
    finally:
        done.set()
        computing.join()
