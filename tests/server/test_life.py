"""The data server's life: start, stop, fork, the end of the process."""

import errno
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cellucid.dataset import Resource
from cellucid.server import DataServer, data_server

from .conftest import make_dataset


def get(server, address="_cellucid/health"):
    request = urllib.request.Request(server.url + address, headers={"X-Cellucid-Token": server.token})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def test_there_is_one_a_process():
    with_threads = []
    threads = [threading.Thread(target=lambda: with_threads.append(data_server())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(server) for server in with_threads} == {id(data_server())}


def test_it_starts_once_and_says_where_it_is(server):
    port = server.port
    server.start()
    assert (server.port, server.url, server.running) == (port, f"http://127.0.0.1:{port}/", True)
    assert [thread.name for thread in threading.enumerate()].count("cellucid-server") >= 1
    assert get(server)["status"] == "ok"


def test_it_stops_and_starts_again_with_what_it_served(server):
    path = server.add(make_dataset())
    assert get(server, path[1:] + "manifest.json")["n_cells"] == 100
    address = server.url
    server.stop()
    server.stop()
    assert not server.running
    with pytest.raises(RuntimeError, match=r"call start\(\)"):
        _ = server.port
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address + "_cellucid/health", timeout=10)
    server.start()
    assert get(server, path[1:] + "manifest.json")["n_cells"] == 100


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux counts a thread's waits")
def test_a_server_that_nobody_asks_sleeps(server):
    assert get(server)["status"] == "ok"
    serving = next(thread for thread in threading.enumerate() if thread.name == "cellucid-server")
    status = Path(f"/proc/self/task/{serving.native_id}/status")

    def waits():
        return int(re.search(r"^voluntary_ctxt_switches:\s+([0-9]+)", status.read_text(), re.MULTILINE)[1])

    time.sleep(0.5)  # what the answer has left to do
    before = waits()
    time.sleep(1.5)
    assert waits() - before < 10, "the watch comes every five seconds"


def test_stopping_at_once_after_the_start_ends_well():
    for _ in range(20):
        server = DataServer()
        server.start()
        server.stop()
        assert not server.running


ROOT = Path(__file__).resolve().parents[2]
# As on a platform that uvloop does not know.
WITHOUT = ("", "import sys\nsys.modules['uvloop'] = None\n")
IDS = ("uvloop", "asyncio")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")


def run(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_importing_the_package_loads_no_server():
    ran = run("import sys, cellucid; print([n for n in ('uvicorn', 'starlette', 'uvloop') if n in sys.modules])")
    assert ran.stdout == "[]\n", ran.stderr


def test_the_process_ends_without_a_word_while_the_server_runs():
    ran = run("from cellucid.server import data_server; s = data_server(); s.start(); print(s.running)")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "True\n", "")


FORK = """
import os, urllib.request
from cellucid.server import data_server
parent = data_server()
parent.start()
urllib.request.urlopen(parent.url + "_cellucid/health").read()
child = os.fork()
if child == 0:
    own = data_server()
    assert own is not parent and not own.running
    own.start()
    assert own.token != parent.token
    assert urllib.request.urlopen(own.url + "_cellucid/health").status == 200
    os._exit(0)
_, status = os.waitpid(child, 0)
assert urllib.request.urlopen(parent.url + "_cellucid/health").status == 200
print(os.waitstatus_to_exitcode(status))
"""

FORK_AND_STOP = """
import http.client, os, socket, warnings
from cellucid.server import DataServer
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, from 3.12 on, about threads and fork
server = DataServer()
server.start()
token, port = server.token, server.port
kept = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
kept.request("GET", "/_cellucid/health")
assert kept.getresponse().read() == b'{"status":"ok"}'
read_end, write_end = os.pipe()
child = os.fork()
if child == 0:
    assert not server.running and server.token != token
    os.close(write_end)
    os.read(read_end, 1)
    raise SystemExit(0)
server.stop()
assert kept.sock.recv(1000) == b"", "the end of the connection arrives though the child lives"
try:
    socket.create_connection(("127.0.0.1", port), timeout=5)
except ConnectionRefusedError:
    print("closed")
os.write(write_end, b"x")
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@forks
def test_a_forked_child_has_a_server_of_its_own():
    ran = run(FORK)
    assert ran.stdout == "0\n", ran.stderr


@forks
@pytest.mark.parametrize("without", WITHOUT, ids=IDS)
def test_a_forked_child_holds_neither_port_nor_connections_open(without):
    ran = run(without + FORK_AND_STOP)
    assert (ran.stdout, ran.stderr) == ("closed\n0\n", "")


CHURN = """
import threading, time
from cellucid.server import DataServer
for number in range(20):
    server = DataServer()
    server.start()
    time.sleep(number * 0.006)
    server.stop()
    assert not server.running
print([thread.name for thread in threading.enumerate()])
"""


@pytest.mark.parametrize("without", WITHOUT, ids=IDS)
def test_stopping_at_any_moment_ends_without_a_word(without):
    ran = run(without + CHURN)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "['MainThread']\n", "")


SLOW = """
import socket, threading, time
from cellucid.server import DataServer
from tests.server.conftest import make_dataset
server, dataset, begun = DataServer(), make_dataset(), threading.Event()
def slowly(path):
    begun.set()
    time.sleep(60)
dataset.read = slowly
path = server.add(dataset)
server.start()
wire = socket.create_connection(("127.0.0.1", server.port))
head = f"GET {path}x HTTP/1.1\\r\\nHost: localhost\\r\\nX-Cellucid-Token: {server.token}\\r\\n\\r\\n"
wire.sendall(head.encode())
assert begun.wait(10)
"""


@pytest.mark.parametrize("end", ["", "server.stop()"])
def test_neither_the_end_of_the_process_nor_a_stop_waits_for_a_slow_read(end):
    begun = time.monotonic()
    ran = run(SLOW + end)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert time.monotonic() - begun < 30


BESIDE_ANOTHER = """
import logging, socket, urllib.request
loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")]
loggers[2].addHandler(logging.NullHandler())
def settings():
    return [(logger.level, logger.handlers[:], logger.propagate, logger.filters[:]) for logger in loggers]
before = settings()
from cellucid.server import DataServer
server = DataServer()
server.start()
wire = socket.create_connection(("127.0.0.1", server.port))
wire.sendall(b"nonsense\\r\\n\\r\\n")
assert b" 400 " in wire.recv(1000)
upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
urllib.request.urlopen(urllib.request.Request(server.url + "_cellucid/health", headers=upgrade)).read()
assert [setting[:3] for setting in settings()] == [setting[:3] for setting in before]
server.stop()
assert settings() == before
"""


def test_nonsense_prints_nothing_and_another_uvicorn_keeps_its_logs():
    ran = run(BESIDE_ANOTHER)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_log_says_the_port_and_not_the_token(caplog):
    with caplog.at_level("INFO", logger="cellucid.server"):
        server = DataServer()
        server.start()
        port = server.port
        server.stop()
    assert [record.getMessage() for record in caplog.records if record.levelname == "INFO"] == [
        f"data server on 127.0.0.1:{port}"
    ]
    assert server.token not in caplog.text


def test_where_no_thread_can_be_had_the_port_is_given_back(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    server = DataServer()
    with pytest.raises(OSError, match="can't start new thread"):
        server.start()
    assert not server.running


ALONE = """
import urllib.request
import numpy as np
from cellucid.dataset import Resource
from cellucid.server import DataServer
from tests.server.conftest import make_dataset
server, dataset = DataServer(), make_dataset()
data = memoryview(bytes(700_001))
dataset.read = lambda path: Resource(data, None, (700_001,), "application/octet-stream")
path = server.add(dataset)
server.start()
headers = {"X-Cellucid-Token": server.token, "Cookie": "x" * 20_000}
body = urllib.request.urlopen(urllib.request.Request(server.url + path[1:] + "x", headers=headers)).read()
loop = type(server._thread._uvicorn.servers[0].get_loop()).__module__.split(".")[0]
print(loop, len(body))
server.stop()
"""


@pytest.mark.parametrize(
    ("without", "used"),
    [
        pytest.param(WITHOUT[0], "uvloop", marks=pytest.mark.skipif(os.name == "nt", reason="no uvloop")),
        (WITHOUT[1], "asyncio"),
    ],
    ids=IDS,
)
def test_it_serves_with_what_the_platform_has(without, used):
    ran = run(without + ALONE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{used} 700001\n", "")


@pytest.fixture
def long_answer(server):
    """The address of 64 MiB that are at hand."""
    dataset = make_dataset()
    resource = Resource(memoryview(bytes(64 << 20)), None, (64 << 20,), "application/octet-stream")
    assert resource.etag
    dataset.find = dataset.read = lambda path: resource
    return server.add(dataset) + "x"


def test_what_is_being_answered_is_answered_to_its_end_when_the_server_stops(server, long_answer):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", long_answer, headers={"X-Cellucid-Token": server.token})
    answer = connection.getresponse()
    first = answer.read(1 << 20)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    while server.running:
        time.sleep(0.001)
    assert len(first) + len(answer.read()) == 64 << 20
    stopping.join()
    connection.close()


def test_a_stop_does_not_wait_for_one_who_does_not_read(server, long_answer):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", long_answer, headers={"X-Cellucid-Token": server.token})
    assert connection.getresponse().status == 200
    thread = server._thread
    server.stop()
    assert not thread._thread.is_alive(), "it has ended within its seconds of grace"
    connection.close()


KILLED = """
import os, signal, socket
from cellucid.server import DataServer
server = DataServer()
server.start(PORT)
wire = socket.create_connection(("127.0.0.1", server.port))
wire.sendall(b"GET /_cellucid/health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
assert b" 200 " in wire.recv(1000)
print(server.port, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_after_a_process_was_killed_its_port_can_be_had_at_once():
    first = subprocess.run([sys.executable, "-c", KILLED, "0"], capture_output=True, text=True, timeout=60, check=False)
    port = first.stdout.strip()
    again = subprocess.run(
        [sys.executable, "-c", KILLED, port], capture_output=True, text=True, timeout=60, check=False
    )
    assert again.stdout.strip() == port, again.stderr


def test_of_several_who_want_one_port_one_has_it():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    servers, refused = [DataServer() for _ in range(8)], []

    def start(server):
        try:
            server.start(port)
        except OSError as error:
            refused.append(error.errno)

    threads = [threading.Thread(target=start, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    running = [server for server in servers if server.running]
    assert [server.port for server in running] == [port]
    assert refused == [errno.EADDRINUSE] * 7
    running[0].stop()
