"""The interpreter's switch interval: short while requests come, the person's own else."""

import os
import subprocess
import sys
from urllib.request import urlopen

import pytest

from cellucid.server import DataServer
from cellucid.server.turns import REST, SOON, TURNS
from patience import wait_until

HEALTH = "/_cellucid/health"
PYTHONS = 0.005


def interval():
    return round(sys.getswitchinterval(), 6)


@pytest.fixture(autouse=True)
def _as_it_was():
    TURNS.relax()
    assert interval() == PYTHONS
    yield
    TURNS.relax()
    sys.setswitchinterval(PYTHONS)


def test_it_is_short_while_requests_come_and_then_the_persons_own_again(server, ask):
    sys.setswitchinterval(0.02)
    for _ in range(3):
        ask(HEALTH)
        assert interval() == SOON
    wait_until(lambda: interval() == 0.02)


def test_requests_keep_it_short(server, ask, monkeypatch):
    monkeypatch.setattr("cellucid.server.turns.REST", REST / 100)
    looks = []
    look = type(TURNS)._look
    monkeypatch.setattr(type(TURNS), "_look", lambda turns, loop: (looks.append(turns._is_asked), look(turns, loop)))
    ask(HEALTH)
    wait_until(lambda: interval() == PYTHONS)
    assert looks == [True, False]


def test_one_that_is_shorter_still_stays(server, ask):
    sys.setswitchinterval(0.00001)
    ask(HEALTH)
    assert interval() == 0.00001


def test_one_that_the_person_sets_meanwhile_stays(server, ask):
    ask(HEALTH)
    sys.setswitchinterval(0.001)
    ask(HEALTH)
    server.stop()
    assert interval() == 0.001


def test_ours_that_a_person_puts_back_is_given_back_after_the_next_request(server, ask):
    ask(HEALTH)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.02)
    TURNS.relax()  # as when no request has come meanwhile
    sys.setswitchinterval(before)
    ask(HEALTH)
    wait_until(lambda: interval() == PYTHONS)


@pytest.mark.parametrize("seconds", [0.1, 0.0999, 0.004_999, 0.000_123])
def test_it_is_given_back_to_the_microsecond(seconds):
    sys.setswitchinterval(seconds)
    own = interval()
    server = DataServer()
    for _ in range(5):
        server.start()
        urlopen(server.url + HEALTH[1:]).read()
        server.stop()
    assert interval() == own


def test_a_server_that_ends_gives_it_back():
    server = DataServer()
    server.start()
    urlopen(server.url + HEALTH[1:]).read()
    assert interval() == SOON
    server.stop()
    assert interval() == PYTHONS


FORK = """
import os, sys
from urllib.request import urlopen
from cellucid.server import DataServer
server = DataServer()
server.start()
urlopen(server.url + "_cellucid/health").read()
if os.fork() == 0:
    print(sys.getswitchinterval(), flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_has_the_persons_own():
    ran = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == f"{PYTHONS}\n", ran.stderr
