"""Requests: one answer each, off the comm's thread, cancellable."""

import base64
import threading
from dataclasses import dataclass

import pytest

from cellucid.channel.comm import CommCarrier
from cellucid.channel.messages import PIECE_BYTES, CurrentSelection, Read, Request
from cellucid.channel.pace import Pace
from cellucid.channel.rpc import Answer, RequestError, RequestServer, piece


@dataclass
class Bytes:
    data: memoryview
    dtype: str | None = "uint8"
    shape: tuple[int, ...] = (0,)
    etag: str = "tag"

    @property
    def nbytes(self):
        return self.data.nbytes

    def part(self, start, stop, patience):
        return self.data[start:stop]


class Page:
    """Collects what is sent, and waits for it."""

    def __init__(self):
        self.messages = []
        self.arrived = threading.Condition()

    def send(self, content, buffers):
        with self.arrived:
            self.messages.append((content, [bytes(buffer) for buffer in buffers]))
            self.arrived.notify_all()

    def wait(self, count):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.messages) >= count, 10)
            return self.messages


@pytest.fixture
def page():
    return Page()


@pytest.fixture
def serve(page):
    servers = []

    def start(**handlers):
        carrier = CommCarrier(page.send, lambda *_: None, Pace())
        table = {"read": Read, "selection": CurrentSelection}
        servers.append(RequestServer(carrier, {table[name]: handler for name, handler in handlers.items()}))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def read(request_id, path="x", offset=0, length=PIECE_BYTES, *, text=False):
    return Request("p", request_id, Read(path, offset, length), text)


def test_answers_come_from_the_data_threads(serve, page):
    names = []
    server = serve(read=lambda params: names.append(threading.current_thread().name) or Answer({}, ()))
    server.submit(read(1))
    page.wait(1)
    assert names[0].startswith("cellucid-data")


def test_a_resource_is_served_in_pieces_that_add_up(serve, page):
    content = bytes(range(256)) * 40_000  # a little over two pieces
    resource = Bytes(memoryview(content), shape=(len(content),))
    server = serve(read=lambda params: piece(resource, params.offset, params.length))
    offsets = range(0, len(content), PIECE_BYTES)
    for number, offset in enumerate(offsets):
        server.submit(read(number, offset=offset))
    messages = sorted(page.wait(len(offsets)), key=lambda message: message[0]["id"])
    assert b"".join(buffers[0] for _, buffers in messages) == content
    assert all(len(buffers[0]) <= PIECE_BYTES for _, buffers in messages)
    assert messages[0][0]["result"] == {
        "total": len(content),
        "dtype": "uint8",
        "shape": [len(content)],
        "etag": "tag",
    }


def test_a_piece_comes_as_text_to_whom_asks_for_that(serve, page):
    content = bytes(range(256))
    resource = Bytes(memoryview(content), shape=(256,))
    server = serve(read=lambda params: piece(resource, params.offset, params.length))
    server.submit(read(1, text=True))
    [(message, buffers)] = page.wait(1)
    assert [base64.b64decode(text) for text in message["text"]] == [content]
    assert buffers == []
    assert message["result"]["total"] == 256
    server.submit(read(2))
    message, buffers = page.wait(2)[1]
    assert "text" not in message
    assert buffers == [content]


def test_a_piece_behind_the_end_is_an_error_and_an_empty_resource_is_not(serve, page):
    server = serve(read=lambda params: piece(Bytes(memoryview(b"")), params.offset, params.length))
    server.submit(read(1, offset=0))
    assert page.wait(1)[0][1] == [b""]
    server.submit(read(2, offset=1))
    assert page.wait(2)[1][0]["error"]["code"] == "range"


class Growing(Bytes):
    """Has ten bytes more whenever somebody waits for them."""

    there = 0

    def part(self, start, stop, patience):
        assert 0 < patience < 1
        while self.there <= start < stop:
            self.there += 10
        return self.data[start : min(stop, self.there)]


def test_a_piece_of_what_still_grows_is_what_there_is(serve, page):
    content = bytes(range(35))
    resource = Growing(memoryview(content), shape=(35,))
    server = serve(read=lambda params: piece(resource, params.offset, params.length))
    for number, (offset, length) in enumerate([(0, 100), (4, 3), (10, 100), (25, 100), (35, 100)]):
        server.submit(read(number, offset=offset, length=length))
        content_of, buffers = page.wait(number + 1)[number]
        assert content_of["result"]["total"] == 35, "the whole is told with each piece"
        assert buffers == [content[offset : [10, 7, 20, 30, 35][number]]]


def test_what_a_handler_raises_is_the_answer(serve, page, caplog):
    def handler(params):
        if params.path == "known":
            raise RequestError("not_found", "no gene 'CD3'", "Did you mean 'CD3E'?")
        raise OSError("disk on fire")

    server = serve(read=handler)
    server.submit(read(1, "known"))
    assert page.wait(1)[0][0]["error"] == {
        "code": "not_found",
        "message": "no gene 'CD3'",
        "hint": "Did you mean 'CD3E'?",
    }
    server.submit(read(2, "unknown"))
    error = page.wait(2)[1][0]["error"]
    assert (error["code"], error["message"]) == ("internal", "OSError: disk on fire")
    assert "disk on fire" in caplog.text


def test_a_cancelled_request_gets_no_answer(serve, page):
    begun, go_on = threading.Event(), threading.Event()
    ran = []

    def handler(params):
        ran.append(params.path)
        if params.path == "slow":
            begun.set()
            assert go_on.wait(10)
        return Answer({"path": params.path})

    server = serve(read=handler)
    for number in (1, 2):  # both threads of the pool
        server.submit(read(number, "slow"))
    assert begun.wait(10)
    server.submit(read(3, "waiting"))
    server.submit(read(4, "wanted"))
    server.cancel("p", 1)
    server.cancel("p", 2)
    server.cancel("p", 3)
    server.cancel("p", 99)
    go_on.set()
    assert [content["result"]["path"] for content, _ in page.wait(1)] == ["wanted"]
    assert "waiting" not in ran


def test_a_replayed_request_gets_no_second_answer(serve, page):
    go_on = threading.Event()
    server = serve(read=lambda params: go_on.wait(10) and Answer({}))
    for _ in range(5):
        server.submit(read(1))
    server.submit(read(2))
    go_on.set()
    assert sorted(content["id"] for content, _ in page.wait(2)) == [1, 2]


def test_after_closing_every_request_is_refused(serve, page):
    server = serve(read=lambda params: Answer({}))
    server.close()
    server.close()
    server.submit(read(1))
    [(content, _)] = page.wait(1)
    assert (content["kind"], content["id"], content["error"]["code"]) == ("error", 1, "stopped")
