"""Whatever is sent to the server's socket: no failure of its own, no byte from outside the data, and it lives on.

The folder that is served has links out of it; beside it lie the files that nobody may read.
"""

import gc
import json
import logging
import re
import shutil
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import anndata as ad
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid import CellucidWidget
from cellucid.dataset import open_dataset
from cellucid.server import DataServer, data_server

from .conftest import make_adata
from .fuzz import looking

EXPORT = Path(__file__).parents[1] / "vectors/exports/A-none"
SECRET = b"nobody-may-read-this-6f1d"
LINKED = ("obs/n_counts.values.f32", "var/HLA-A.values.f32")
"""Of the folder, which lists them, but they are links out of it."""
OUTSIDE = (SECRET, b"root:x:0", b"root:!:")


def words(text):
    return text.split()


METHODS = ["GET"] * 12 + ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get"]
UP = words(r"""
.. . ... ..; .%2e %2e%2e %2E%2E %252e%252e %25252e%25252e ..%00 %00 %2500 %2e%2e%5c ~ ~root C: file: \\host %5c%5chost
%c0%ae%c0%ae %c0%ae. %e0%80%ae%e0%80%ae %f0%80%80%ae %ef%bc%8e%ef%bc%8e %u002e%u002e %e2%80%ae.. ．． ․․ ‥
""")
BETWEEN = ["/"] * 6 + words(r"// \ %2f %2F %5c %252f %c0%af %ef%bc%8f ／ ∕ ; %2f%2f /./")
FILES = words("""
etc/passwd etc%2fpasswd secret.txt secret outside/secret.txt linked linked/secret.txt self proc/self/environ
dataset_identity.json manifest.json obs obs/ cells.h5ad
embeddings/X_umap.f32 var/genes.json points_2d.bin cells/names.0.json
""")
SERVED = words("""
/_cellucid/health /_cellucid/info /_cellucid/datasets /_cellucid/state /_cellucid/commands /_cellucid/events
/_cellucid/commands/1 /_cellucid/commands/-1 /_cellucid/commands/1e9 / *
""")
THERE = ["manifest.json", "embeddings/X_umap.f32", *LINKED]
ELSEWHERE = ["/", "/d/", "//", "/x{path}", "/_cellucid/../", ""]
QUERIES = words("""
? ?viewerId=viewer-1 ?viewerId=viewer-1&tab=tab-12345678 ?viewerId=..%2f..&tab=%00 ?%ff=%00&=&&
?challenge=0123456789abcdef ?challenge=%00 ?viewerId=viewer-1&viewerToken=guess ?after=-1&after=1e5
""")
HEADERS = f"""
Range: bytes=0-
Range: bytes=5-2
Range: bytes=-0
Range: bytes=0-0,2-3
Range: bytes=99999999999999999-
If-None-Match: *
If-None-Match: "
If-Range: x
Accept-Encoding: gzip;q=x
Accept-Encoding: *;q=0
Host: evil.example.org
X-Forwarded-Host: evil
X-Forwarded-Prefix: /../..
Origin: null
Origin: é
Origin: a{chr(13)}X-Evil: 1
Cookie: {"a=b; " * 300}
Expect: 100-continue
Upgrade: websocket
Connection: upgrade
Accept: text/html
X-Cellucid-Token: guess
Authorization: token guess
Sec-Fetch-Mode: navigate
Content-Type: {chr(127)}
""".strip().split("\n")
BODIES = [
    b"",
    b"\0\0\0\0",
    b"\2\0\0\0{}",
    b"\xff\xff\xff\xff",
    b'\x10\0\0\0{"messages": []}',
    b'\x2c\0\0\0{"messages":[{"content":{},"buffers":[-1]}]}',
    b"{}" * 500,
]
LINES = [
    *(b"GET / HTTP/1.1", b"GET /_cellucid/info HTTP/1.0", b"GET  / HTTP/1.1", b"GET /\0 HTTP/1.1", b"GET / HTTP/9.9"),
    *(b"GET http://127.0.0.1/_cellucid/info HTTP/1.1", b"CONNECT evil:80 HTTP/1.1", b"PRI * HTTP/2.0", b"GET /", b""),
    *(b"\x16\3\1\2\0\1\0\1\xfc\3\3", b"GET / HTTP/1.1\nHost: x", b"POST /_cellucid/events HTTP/1.1"),
]
FIELDS = [
    *(b"Host: localhost", b"Host:", b"Host : x", b" folded", b"A\0: b", b"\xff\xfe: \xff", b": x", b"\r"),
    *(b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 0", b"Content-Length: 10737418240"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: \x0bchunked"),
    *(b"X: " + b"a" * 3000, b"X-Cellucid-Token: \xc3\xa9", b"Origin: a\rX-Evil: 1", b"Origin: a\n X-Evil: 1"),
]
ENDS = [
    *(b"\r\n\r\n", b"\n\n", b"\r\n\r\n0\r\n\r\n", b"", b"\0"),
    *(b"\r\n\r\nffffffffffffffff\r\n", b"\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"),
]


@st.composite
def targets(draw):
    """An address: of what is there, and of what one would like to be there."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.sampled_from(SERVED)) + draw(st.sampled_from(["", "/", "/../../..", "%00", "%2f"]))
    if kind == 1:
        return "{path}" + draw(st.sampled_from(THERE))
    path = "{path}" if kind < 8 else draw(st.sampled_from(ELSEWHERE))
    for up in draw(st.lists(st.sampled_from(UP), max_size=5)):
        path += up + draw(st.sampled_from(BETWEEN))
    return path + draw(
        st.sampled_from(FILES) | st.text(st.characters(codec="utf-8", exclude_characters=" \r\n"), max_size=12)
    )


requests = st.tuples(
    st.sampled_from(METHODS),
    targets(),
    st.sampled_from(["", *QUERIES]),
    st.lists(st.sampled_from(HEADERS), max_size=2),
    st.integers(0, 99),
)
nonsense = st.tuples(
    st.sampled_from(LINES) | st.binary(max_size=40),
    st.lists(st.sampled_from(FIELDS), max_size=3),
    st.sampled_from(ENDS),
)


class House:
    """The server under attack, and what has come of it."""

    def __init__(self, server, paths, place):
        self.server, self.paths, self.place = server, paths, str(place).encode()
        self.statuses = {}

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=20)

    def look_at(self, status, head, body):
        """What must hold of any answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        assert 200 <= status < 500, (status, body)
        for outside in (*OUTSIDE, self.place, self.server.token.encode()):
            assert outside not in head + body
        assert b"x-evil" not in head, "what is told back is no header of its own"
        if status >= 400 and b"application/json" in head and body:
            said = json.loads(body)
            assert set(said) == {"error", "message", "hint"}
            assert said["error"]

    @contextmanager
    def unharmed(self):
        """What was served before is served afterwards, with no more memory, and nothing is left open."""
        self.statuses = {}
        failed = []
        listening = logging.Handler(logging.ERROR)
        listening.emit = failed.append
        logging.getLogger("cellucid").addHandler(listening)
        before = [self.manifest(path) for path in self.paths]
        gc.collect()
        resident = psutil.Process().memory_info().rss
        yield
        logging.getLogger("cellucid").removeHandler(listening)
        assert [record.getMessage() for record in failed] == []
        assert [self.manifest(path) for path in self.paths] == before
        gc.collect()
        assert psutil.Process().memory_info().rss - resident < 64 << 20
        end = time.monotonic() + 60
        while self.server._thread._uvicorn.server_state.connections:
            assert time.monotonic() < end, "a connection is kept that its client has closed"
            time.sleep(0.05)

    def manifest(self, path):
        request = f"GET {path}manifest.json HTTP/1.1\r\nHost: localhost\r\nX-Cellucid-Token: {self.server.token}\r\n"
        with self.connect() as wire:
            wire.sendall(f"{request}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        return answer


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A server with a folder, a file and a widget; links lead from the folder to what lies beside it."""
    place = tmp_path_factory.mktemp("house")
    (place / "outside").mkdir()
    (place / "secret.txt").write_bytes(SECRET)
    (place / "outside/secret.txt").write_bytes(SECRET)
    folder = place / "export"
    shutil.copytree(EXPORT, folder)
    for link, target in {"linked": "outside", "secret.txt": "secret.txt", "self": "export", "etc": "/etc"}.items():
        (folder / link).symlink_to(place / target)
    for listed in LINKED:
        length = (folder / listed).stat().st_size
        (place / "outside" / listed[:3]).write_bytes((SECRET * length)[:length])
        (folder / listed).unlink()
        (folder / listed).symlink_to(place / "outside" / listed[:3])
    cells = make_adata()
    cells.obs.columns = ["score"]  # h5ad has no slashes in names
    cells.write_h5ad(place / "cells.h5ad")
    server = DataServer()
    paths = [server.add(open_dataset(data)) for data in (folder, place / "cells.h5ad", make_adata())]
    widget = CellucidWidget(ad.AnnData(obs=cells.obs, obsm={"X_umap": cells.obsm["X_umap"]}))
    assert widget.viewer_url
    server.show("viewer-1", data_server()._registry.viewer(widget.viewer_id))
    server.start()
    yield House(server, paths, place)
    server.stop()
    widget.close()


def written(house, method, target, query, lines, dice):
    """The request's bytes. Nineteen in twenty have the token: what follows it is what may do harm."""
    address = target.replace("{path}", house.paths[dice % len(house.paths)]) + query
    body = BODIES[dice % len(BODIES)] if method == "POST" else b""
    token = f"X-Cellucid-Token: {house.server.token}\r\n" if dice >= 5 else ""
    rest = "".join(f"{line}\r\n" for line in lines)
    head = f"{method} {address or '/'} HTTP/1.1\r\nHost: localhost\r\n{token}Content-Length: {len(body)}\r\n{rest}\r\n"
    return head.encode() + body


def ask(wire, house, method, request):
    """Send a request and read its answer; whether the connection can be used on."""
    wire.sendall(request)
    with wire.makefile("rb") as reading:
        line = reading.readline()
        if line.startswith(b"HTTP/1.1 100 "):
            assert reading.readline() == b"\r\n"
            line = reading.readline()
        if not line:
            return False
        assert line.startswith(b"HTTP/1.1 "), line
        status, head = int(line.split()[1]), b"".join(iter(reading.readline, b"\r\n")).lower()
        fields = dict(field.split(b": ", 1) for field in head.splitlines())
        if fields.get(b"content-type", b"").startswith(b"text/event-stream") and method != "HEAD":
            house.look_at(status, head, b"")
            return False  # it has no end
        without_body = method == "HEAD" or status in (204, 304)
        house.look_at(status, head, b"" if without_body else reading.read(int(fields[b"content-length"])))
        return fields.get(b"connection") != b"close"


def test_no_address_leads_out_of_the_data_and_none_breaks_the_server(house):
    @given(st.lists(requests, min_size=20, max_size=20))
    @looking(375)
    def send(asked):
        wire = house.connect()
        for method, *request in asked:
            if not ask(wire, house, method, written(house, method, *request)):
                wire.close()
                wire = house.connect()
        wire.close()

    with house.unharmed():
        send()
    assert {200, 204, 400, 401, 404, 405} <= set(house.statuses), "each way was taken"


def test_what_is_hardly_http_is_refused_or_hung_up_on(house):
    @given(st.lists(nonsense, min_size=10, max_size=10))
    @looking(200)
    def send(sent):
        for line, fields, end in sent:
            answer = b""
            with house.connect() as wire, suppress(ConnectionError):
                wire.sendall(b"\r\n".join([line, *fields]) + end)
                wire.shutdown(socket.SHUT_WR)
                while part := wire.recv(65536):
                    answer += part
            while answer:  # what follows a request has an answer of its own
                head, _, rest = answer.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 ")
                length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
                end = int(length[1]) if length and not rest.startswith(b"HTTP/1.1 ") else 0  # HEAD tells of no body
                house.look_at(int(head.split()[1]), head.lower(), rest[:end])
                answer = rest[end:]

    with house.unharmed():
        send()
    assert {400, 403, 413} <= set(house.statuses)
