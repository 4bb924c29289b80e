"""The data server's life: start, stop, fork, the end of the process."""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

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


def test_stopping_at_once_after_the_start_ends_well():
    for _ in range(20):
        server = DataServer()
        server.start()
        server.stop()
        assert not server.running


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


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


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this platform does not fork")
def test_a_forked_child_has_a_server_of_its_own():
    ran = run(FORK)
    assert ran.stdout == "0\n", ran.stderr
