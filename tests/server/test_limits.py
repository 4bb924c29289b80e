"""What a connection may send and how long it may stand still: over real sockets, with the server's watch sped up."""

import json
import re
import resource
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from cellucid.dataset import Resource
from cellucid.server import DataServer, limits
from patience import wait_until

BIG = 32 * 1024 * 1024


class Wire:
    """A client that says what it likes."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)

    def say(self, *parts):
        for part in parts:
            self.socket.sendall(part.encode() if isinstance(part, str) else part)

    def head(self, first, *headers):
        named = (first, "Host: localhost", f"X-Cellucid-Token: {self.server.token}", *headers)
        self.say("\r\n".join(named), "\r\n\r\n")

    def heard(self):
        """All that comes until the server closes."""
        parts = []
        try:
            while part := self.socket.recv(1 << 20):
                parts.append(part)
        except ConnectionError:  # closed while we were sending
            pass
        return b"".join(parts)

    def answer(self):
        """The status and the JSON of what is the last that is said."""
        head, _, body = self.heard().partition(b"\r\n\r\n")
        assert b"connection: close" in head.lower()
        return int(head.split()[1]), json.loads(body)

    @property
    def closed(self):
        """Whether the server closes without another word."""
        return self.heard() == b""


def answers_in(said):
    """The statuses of all answers."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


@pytest.fixture
def hasty(monkeypatch):
    """The server's watch in a hundredth of its time."""
    monkeypatch.setattr(limits, "TICK", 0.05)


@pytest.fixture
def server(request):
    if "hasty" in request.fixturenames:  # before the watch begins
        request.getfixturevalue("hasty")
    running = DataServer()
    running.start()
    yield running
    running.stop()
    assert not running.running


@pytest.fixture
def connect(server):
    made = []

    def connected():
        made.append(Wire(server))
        return made[-1]

    yield connected
    for wire in made:
        wire.socket.close()


@pytest.fixture(autouse=True)
def alive(server):
    """Whatever a test does to it, the server answers others afterwards."""
    yield
    wire = Wire(server)
    wire.head("GET /_cellucid/health HTTP/1.1", "Connection: close")
    assert wire.heard().startswith(b"HTTP/1.1 200 ")
    wire.socket.close()


@contextmanager
def repeated(seconds, do):
    """`do` again and again meanwhile, on another thread."""
    end = threading.Event()

    def run():
        while not end.wait(seconds):
            try:
                do()
            except OSError:
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


EVENTS = "POST /_cellucid/events?viewerId=none HTTP/1.1"


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("10000000000", 413),
        (str(limits.MAX_BODY + 1), 413),
        ("99999999999999999999999999", 400),
        ("-1", 400),
        ("ten", 400),
        ("", 400),
        ("1, 1", 400),
        ("0x10", 400),
        ("1\r\nContent-Length: 1", 400),
        ("1\r\nContent-Length: 2", 400),
        ("1\r\nTransfer-Encoding: chunked", 400),
    ],
)
def test_a_length_that_is_none_or_too_much_is_refused_before_a_byte_is_read(connect, length, status):
    wire = connect()
    wire.head(EVENTS, f"Content-Length: {length}")
    assert wire.answer()[0] == status


def test_a_long_body_is_refused_to_one_who_sends_it_all_the_same(connect):
    wire = connect()
    wire.head(EVENTS, f"Content-Length: {limits.MAX_BODY + 1}")
    wire.say(bytes(limits.MAX_BODY + 1))
    status, said = wire.answer()
    assert (status, said["error"]) == (413, "too_long")


def test_one_who_asks_before_sending_is_refused_without_the_word_to_go_on(connect):
    wire = connect()
    wire.head(EVENTS, f"Content-Length: {limits.MAX_BODY + 1}", "Expect: 100-continue")
    assert wire.heard().startswith(b"HTTP/1.1 413 ")


def test_a_long_answer_before_a_refusal_comes_to_its_end(hasty, server, connect, dataset):
    resource = Resource(memoryview(bytes(BIG)), None, (BIG,), "text/plain")
    assert resource.etag
    dataset.find = {"big": resource}.get  # which is answered at once
    wire = connect()
    wire.head(f"GET {server.add(dataset)}big HTTP/1.1")
    wire.say("nonsense\r\n\r\n")
    heard = b""
    while len(heard) < BIG:  # longer than who was refused may send on
        part = wire.socket.recv(1 << 20)
        assert part, "it was cut"
        heard += part
        time.sleep(0.02)
    assert answers_in(heard[-1000:] + wire.heard()) == [400]


@pytest.mark.parametrize(
    "body",
    [
        (f"Content-Length: {limits.MAX_BODY + 1}\r\n\r\n",),
        ("Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", bytes(limits.MAX_BODY + 1)),
    ],
    ids=["at its head", "in its middle"],
)
def test_a_page_with_the_token_reads_why_its_body_is_refused(connect, server, tab_address, body):
    wire = connect()
    wire.say(f"POST {tab_address} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://hub.example.org\r\n")
    wire.say(f"X-Cellucid-Token: {server.token}\r\n", *body)
    heard = wire.heard()
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert b"\r\naccess-control-allow-origin: http://hub.example.org\r\n" in heard
    assert b"\r\nvary: Origin\r\n" in heard


def test_a_strangers_page_reads_no_refusal(connect, tab_address):
    wire = connect()
    wire.say(f"POST {tab_address} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://hub.example.org\r\n")
    wire.say(f"X-Cellucid-Token: guess\r\nContent-Length: {limits.MAX_BODY + 1}\r\n\r\n")
    heard = wire.heard()
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert b"access-control" not in heard


def test_a_post_without_a_length_has_no_body(connect):
    wire = connect()
    wire.head(EVENTS, "Connection: close")
    assert wire.answer()[0] == 404


def test_chunks_are_counted_as_they_come(connect, tab_address, taken):
    wire = connect()
    wire.head(f"POST {tab_address} HTTP/1.1", "Transfer-Encoding: chunked")
    piece = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    for _ in range(limits.MAX_BODY // 0x100000 + 1):
        wire.say(piece)
    assert wire.answer()[0] == 413
    assert taken == []


@pytest.mark.parametrize("chunk", ["1;" + "x" * 1000, "0" * 1000 + "1"])
def test_what_is_round_the_chunks_is_counted_too(connect, tab_address, chunk):
    wire = connect()
    wire.head(f"POST {tab_address} HTTP/1.1", "Transfer-Encoding: chunked")
    for _ in range(100):
        wire.say(f"{chunk}\r\nx\r\n")
    assert wire.answer()[0] == 431


def test_a_body_in_the_smallest_chunks_is_taken(connect, tab_address, taken):
    wire = connect()
    wire.head(f"POST {tab_address} HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close")
    wire.say("1\r\nx\r\n" * 100_000, "0\r\n\r\n")
    assert wire.heard().startswith(b"HTTP/1.1 200 ")
    assert taken == [b"x" * 100_000]


@pytest.mark.parametrize("trailer", ["x-many: y\r\n" * 200, "x-long: " + "y" * 100_000])
def test_headers_after_the_chunks_are_counted_too(connect, tab_address, trailer):
    wire = connect()
    wire.head(f"POST {tab_address} HTTP/1.1", "Transfer-Encoding: chunked")
    wire.say("1\r\nx\r\n0\r\n", trailer)
    assert wire.answer()[0] == 431


def test_one_who_has_had_an_answer_does_not_send_on_for_ever(connect):
    wire = connect()
    wire.head(EVENTS, "Transfer-Encoding: chunked")
    assert wire.socket.recv(10_000).startswith(b"HTTP/1.1 404 ")
    piece = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    with suppress(ConnectionError):
        for _ in range(2 * limits.MAX_BODY // 0x100000):
            wire.say(piece)
    assert wire.closed


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /" + "x" * limits.MAX_URL + " HTTP/1.1\r\n\r\n", 414),
        ("GET /" + "x" * limits.MAX_URL, 414),
        ("GET / HTTP/1.1\r\nA: " + "x" * limits.MAX_HEAD + "\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nA: " + "x" * (limits.MAX_HEAD + 10), 431),
        ("GET / HTTP/1.1\r\n" + "x" * (limits.MAX_HEAD + 10), 431),
        ("GET / HTTP/1.1\r\n" + "A: b\r\n" * (limits.MAX_HEADERS + 2), 431),
        ("\r\n" * limits.MAX_HEAD, 431),
        ("GET / HTTP/1.1\r\n" + "A:\r\n" * 10_000_000, 431),
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/9.9\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nA\x00: b\r\n\r\n", 400),
        ("GET /\x00 HTTP/1.1\r\n\r\n", 400),
        ("GET /é HTTP/1.1\r\n\r\n", 400),
        ("CONNECT localhost:1 HTTP/1.1\r\n\r\n", 400),
        ("\x16\x03\x01\x02\x00\x01\x00\x01", 400),  # TLS
    ],
)
def test_a_head_that_is_none_or_too_long_is_refused_with_a_reason(connect, head, status):
    wire = connect()
    with suppress(ConnectionError):
        wire.say(head)
    got, said = wire.answer()
    assert got == status
    assert set(said) == {"error", "message", "hint"}


def test_a_long_head_within_the_limits_is_taken(connect):
    wire = connect()
    cookies = [f"Cookie: {'x' * 500}" for _ in range(limits.MAX_HEADERS - 3)]
    wire.head(f"GET /_cellucid/health?{'x' * 15_000} HTTP/1.1", "Connection: close", *cookies[:80])
    assert wire.heard().startswith(b"HTTP/1.1 200 ")


def test_requests_that_wait_for_an_answer_are_few(connect, server, dataset):
    begun, go_on = threading.Event(), threading.Event()

    def slowly(path):
        begun.set()
        go_on.wait(20)
        return Resource(memoryview(b"x"), None, (1,), "text/plain")

    dataset.read = slowly
    wire = connect()
    wire.head(f"GET {server.add(dataset)}x HTTP/1.1")
    assert begun.wait(10)
    try:
        wire.say("GET /_cellucid/health HTTP/1.1\r\nHost: localhost\r\n\r\n" * (limits.MAX_PIPELINED + 2))
    finally:
        go_on.set()
    *answers, refusal = answers_in(wire.heard())
    assert answers == [200] * (1 + limits.MAX_PIPELINED)
    assert refusal == 429


def test_many_short_requests_in_one_read_are_no_long_one(monkeypatch, connect, server, dataset):
    path = server.add(dataset) + "var/CD3E.values.f32"
    for _ in range(2):  # the second is answered at hand
        wire = connect()
        wire.head(f"GET {path} HTTP/1.1", "Connection: close")
        assert wire.heard().startswith(b"HTTP/1.1 200 ")
    begun, go_on, find = threading.Event(), threading.Event(), dataset.find

    def find_late(path):  # so that the others wait in the socket
        begun.set()
        go_on.wait(20)
        return find(path)

    monkeypatch.setattr(dataset, "find", find_late)
    wire = connect()
    wire.head(f"GET {path} HTTP/1.1", "Range: bytes=0-0")
    assert begun.wait(10)
    n_more = 1_500
    more = f"GET {path} HTTP/1.1\r\nX-Cellucid-Token: {server.token}\r\nRange: bytes=0-0\r\n\r\n"
    last = f"GET {path} HTTP/1.1\r\nX-Cellucid-Token: {server.token}\r\nConnection: close\r\n\r\n"
    assert len(more) * n_more > 2 * limits.MAX_HEAD
    try:
        wire.say(more * n_more, last)
    finally:
        go_on.set()
    *answers, end = answers_in(wire.heard())
    assert set(answers) == {206}
    # Where the client has not read fast enough, some wait for their answer, and of those there may be few.
    assert end == 429 if len(answers) < 1 + n_more else end == 200


def test_requests_in_one_go_are_answered_in_their_order(connect):
    wire = connect()
    wire.head("GET /_cellucid/health HTTP/1.1")
    wire.head("GET /nothing HTTP/1.1")
    wire.head("GET /_cellucid/info HTTP/1.1", "Connection: close")
    assert answers_in(wire.heard()) == [200, 404, 200]


def test_what_follows_a_request_and_is_none_does_not_spoil_its_answer(connect, server, dataset):
    wire = connect()
    wire.head("GET /_cellucid/health HTTP/1.1")
    first = wire.socket.recv(10_000)
    assert first.startswith(b"HTTP/1.1 200 ")
    wire.say("nonsense\r\n\r\n")
    assert wire.answer()[0] == 400


# ---- time ----


def test_a_head_that_comes_by_the_byte_is_refused(hasty, connect):
    wire = connect()
    wire.say("GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
    with repeated(0.02, lambda: wire.say("x")):
        status, said = wire.answer()
    assert (status, said["error"]) == (408, "too_slow")


@pytest.mark.parametrize("said", ["", "GET /_cellucid/health HTTP/1.1\r\nHost: loc"])
def test_a_connection_that_does_not_get_to_its_request_is_closed(hasty, connect, said):
    wire = connect()
    wire.say(said)
    heard = wire.heard()
    assert heard.startswith(b"HTTP/1.1 408 ") if said else heard == b""


def test_line_breaks_keep_no_connection_open(hasty, connect):
    wire = connect()
    wire.head("GET /_cellucid/health HTTP/1.1")
    assert wire.socket.recv(10_000).startswith(b"HTTP/1.1 200 ")
    with repeated(0.02, lambda: wire.say("\r\n")):
        assert wire.answer()[0] == 408


def test_a_body_that_comes_by_the_byte_is_refused(hasty, connect, tab_address):
    wire = connect()
    wire.head(f"POST {tab_address} HTTP/1.1", "Content-Length: 100000")
    with repeated(0.02, lambda: wire.say("x")):
        status, said = wire.answer()
    assert (status, said["error"]) == (408, "too_slow")


def test_half_a_body_leaves_nothing_behind(connect, server, tab_address, caplog):
    wire = connect()
    wire.head(f"POST {tab_address} HTTP/1.1", "Content-Length: 100000")
    wire.say("x" * 50)
    wire.socket.close()
    wait_until(lambda: n_connections(server) == 0)
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_body_that_comes_steadily_is_taken_however_long_it_takes(monkeypatch, connect, tab_address, taken):
    monkeypatch.setattr(limits, "TICK", 0.1)
    monkeypatch.setattr(limits, "BODY_BYTES", 10)
    n_bytes = 300
    wire = connect()
    wire.head(f"POST {tab_address} HTTP/1.1", f"Content-Length: {n_bytes}", "Connection: close")
    for _ in range(n_bytes // 10):
        wire.say("x" * 10)
        time.sleep(0.05)  # three times as long as a body may take without any progress
    assert wire.heard().startswith(b"HTTP/1.1 200 ")
    assert taken == [b"x" * n_bytes]


def test_one_who_does_not_read_is_let_go_and_nothing_is_copied_for_him(hasty, connect, server, dataset, ask):
    one = Resource(memoryview(bytes(BIG)), None, (BIG,), "application/octet-stream")
    assert one.etag, "which takes long to find"
    dataset.read = lambda path: one
    path = server.add(dataset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wires = [connect() for _ in range(20)]
    for wire in wires:
        wire.head(f"GET {path}x HTTP/1.1")
    answer = ask(path + "x", Range="bytes=0-9")
    assert (answer.status, answer.body) == (206, bytes(10)), "the others are served meanwhile"
    wait_until(lambda: n_connections(server) == 0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 4 * BIG / 1024, "not one copy for each of the 20"


def test_one_who_reads_slowly_gets_all_of_it(hasty, connect, server, dataset):
    dataset.read = lambda path: Resource(memoryview(bytes(BIG)), None, (BIG,), "application/octet-stream")
    wire = connect()
    wire.head(f"GET {server.add(dataset)}x HTTP/1.1", "Connection: close")
    n_bytes = 0
    while part := wire.socket.recv(1 << 20):
        n_bytes += len(part)
        time.sleep(0.02)
    assert n_bytes > BIG


def test_an_answer_that_takes_its_time_is_waited_for(hasty, connect, server, dataset):
    def slowly(path):
        time.sleep(30 * limits.TICK)
        return Resource(memoryview(b"late"), None, (4,), "text/plain")

    dataset.read = slowly
    wire = connect()
    wire.head(f"GET {server.add(dataset)}x HTTP/1.1", "Connection: close")
    assert wire.heard().endswith(b"late")


def test_idle_connections_do_not_keep_others_out(monkeypatch, server, connect, ask):
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 8)
    used = connect()
    used.head("GET /_cellucid/health HTTP/1.1")
    assert used.socket.recv(10_000).startswith(b"HTTP/1.1 200 ")
    idle = [connect() for _ in range(20)]
    for wire in idle:
        wire.say("GET / HT")
    assert ask("/_cellucid/health").status == 200
    assert idle[0].closed, "the oldest that has not asked for anything makes room"
    assert n_connections(server) <= 8
    used.head("GET /_cellucid/health HTTP/1.1")
    assert used.socket.recv(10_000).startswith(b"HTTP/1.1 200 "), "one that has asked before stays longer"


@pytest.mark.parametrize("asked", ["GET /_cellucid/health HTTP/1.1", "GET /_cellucid/info HTTP/1.1"])
def test_strangers_that_ask_and_stay_do_not_keep_others_out(monkeypatch, server, connect, ask, asked):
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 8)
    used = connect()
    used.head("GET /_cellucid/health HTTP/1.1")
    assert used.socket.recv(10_000).startswith(b"HTTP/1.1 200 ")
    for _ in range(20):
        wire = connect()
        wire.say(asked, "\r\nHost: localhost\r\n\r\n")
        assert wire.socket.recv(10_000).startswith(b"HTTP/1.1 ")
    assert ask("/_cellucid/info").status == 200
    used.head("GET /_cellucid/health HTTP/1.1")
    assert used.socket.recv(10_000).startswith(b"HTTP/1.1 200 "), "who has shown the token stays longer"


def test_many_that_have_the_token_and_wait_do_not_keep_another_out(monkeypatch, connect, ask):
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 4)
    for _ in range(4):
        wire = connect()
        wire.head("GET /_cellucid/health HTTP/1.1")
        assert wire.socket.recv(10_000).startswith(b"HTTP/1.1 200 ")
    assert ask("/_cellucid/health").status == 200


def test_what_is_on_its_way_is_not_cut_to_make_room(monkeypatch, server, connect, dataset, ask):
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 4)
    resource = Resource(memoryview(bytes(BIG)), None, (BIG,), "text/plain")
    assert resource.etag
    dataset.find = {"big": resource}.get  # which is answered at once
    slow = connect()
    slow.head(f"GET {server.add(dataset)}big HTTP/1.1", "Connection: keep-alive")
    begun = slow.socket.recv(1000)
    for _ in range(8):
        assert ask("/_cellucid/health").status == 200
        wire = connect()
        wire.head("GET /_cellucid/health HTTP/1.1")
        assert wire.socket.recv(10_000).startswith(b"HTTP/1.1 200 ")
    n_bytes = len(begun)
    while n_bytes < BIG:
        part = slow.socket.recv(1 << 20)
        assert part, "it was cut"
        n_bytes += len(part)


def test_a_connection_that_is_answered_makes_no_room_for_others(monkeypatch, connect, server, dataset):
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 2)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slowly(path):
        begun.release()
        go_on.wait(20)
        return Resource(memoryview(b"late"), None, (4,), "text/plain")

    dataset.read = slowly
    path = server.add(dataset)
    asking = [connect(), connect()]
    for wire in asking:
        wire.head(f"GET {path}x HTTP/1.1", "Connection: close")
        assert begun.acquire(timeout=10)
    assert connect().closed
    go_on.set()
    assert all(wire.heard().endswith(b"late") for wire in asking)


@pytest.fixture
def taken():
    return []


@pytest.fixture
def tab_address(server, taken):
    class Viewer:
        title = "cells"

        def take(self, body, tab):
            taken.append(body)
            return []

    server.show("shown", Viewer())
    return "/_cellucid/events?viewerId=shown"


def n_connections(server):
    serving = server._thread._uvicorn
    return None if serving is None else len(serving.server_state.connections)
