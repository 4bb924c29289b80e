"""Where the server listens, who reaches it there, and under which names."""

import errno
import http.client
import json
import socket

import numpy as np
import pytest
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st

from cellucid import AnnDataServer, CellucidWidget, serve_anndata
from cellucid.connect import network_address
from cellucid.server import DataServer, data_server, life, listen, security


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def started():
    servers = []

    def start(host=None, *, allowed=(), port=0):
        servers.append(DataServer())
        servers[-1].allow(allowed)
        servers[-1].start(port, host)
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def get(server, host, address="/_cellucid/health", **headers):
    connection = http.client.HTTPConnection(host, server.port, timeout=10)
    connection.request("GET", address, headers=headers)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


@pytest.mark.parametrize(
    ("host", "url", "reached"),
    [
        (None, "127.0.0.1", ["127.0.0.1"]),
        ("localhost", "localhost", ["127.0.0.1"]),
        ("0.0.0.0", "127.0.0.1", ["127.0.0.1", "127.0.0.2"]),
        pytest.param("::1", "[::1]", ["::1"], marks=ipv6),
        pytest.param("::", "127.0.0.1", ["127.0.0.1", "::1"], marks=ipv6),
    ],
)
def test_it_listens_where_it_is_told(started, host, url, reached):
    server = started(host)
    assert server.url == f"http://{url}:{server.port}/"
    assert (server.everywhere, server.open_to_others) == (host in ("0.0.0.0", "::"),) * 2
    for address in reached:
        assert get(server, address) == (200, {"status": "ok"})
        assert get(server, address, "/_cellucid/info")[0] == 401
        token = {"X-Cellucid-Token": server.token}
        assert get(server, address, "/_cellucid/info", **token)[1]["host"] == (host or "127.0.0.1")


def test_by_default_only_this_machine_reaches_it(started):
    address = network_address()
    try:
        socket.create_server((address, 0)).close()
    except OSError:
        pytest.skip("this machine has no address but loopback's")
    server = started()
    assert not server.open_to_others
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, server.port), timeout=10)
    everywhere = started("0.0.0.0")
    assert get(everywhere, address) == (200, {"status": "ok"})
    there = started(address)
    assert (there.url, there.open_to_others, there.everywhere) == (f"http://{address}:{there.port}/", True, False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", there.port), timeout=10)


@pytest.mark.parametrize("host", ["0.0.0.0", pytest.param("::", marks=ipv6)])
def test_the_address_that_was_reached_is_its_own_and_another_is_not(started, host):
    server = started(host)
    connection = http.client.HTTPConnection("127.0.0.2", server.port, timeout=10)
    for name, status in (("127.0.0.2", 200), ("10.1.2.3", 403), ("evil.example.org", 403), ("0.0.0.0", 403)):
        connection.request("GET", "/_cellucid/health", headers={"Host": f"{name}:{server.port}"})
        answer = connection.getresponse()
        assert (name, answer.status) == (name, status)
        answer.read()
    connection.close()


def test_names_that_are_allowed_are_its_own_and_get_no_more_than_those(started):
    server = started(allowed=["Lab.Example.org", "10.1.2.3", "[fd00:0::5]"])
    for own in ("lab.example.org:8765", "LAB.example.org", "10.1.2.3:80", "[fd00::5]", "127.0.0.1"):
        assert get(server, "127.0.0.1", Host=own) == (200, {"status": "ok"})
        assert get(server, "127.0.0.1", "/_cellucid/info", Host=own)[0] == 401
    for foreign in ("example.org", "x.lab.example.org", "lab.example.org.evil.org", "10.1.2.4", "[fd00::6]"):
        assert get(server, "127.0.0.1", Host=foreign)[0] == 403
        assert get(server, "127.0.0.1", "/_cellucid/info", Host=foreign)[0] == 403


def test_the_name_that_it_listens_under_is_its_own(started):
    server = started("127.1")  # which the system takes for 127.0.0.1, as it takes a name for an address
    assert get(server, "127.0.0.1", Host=f"127.1:{server.port}") == (200, {"status": "ok"})
    assert get(server, "127.0.0.1", Host="127.2")[0] == 403
    assert get(started(), "127.0.0.1", Host="127.1")[0] == 403


def test_a_text_is_one_name(started):
    server = started(allowed="lab")
    assert [get(server, "127.0.0.1", Host=name)[0] for name in ("lab", "l", "a", "b")] == [200, 403, 403, 403]


@pytest.mark.parametrize("name", ["", "*", "*.example.org", "lab.example.org:80", "http://lab", "a b", "..", "a/b"])
def test_what_is_no_name_is_not_allowed(name):
    with pytest.raises(ValueError, match="is no host"):
        DataServer().allow([name])


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_an_address_is_the_same_however_it_is_written(address):
    name = security.allowed_name(str(address))
    for host in (str(address), address.exploded) if address.version == 4 else (f"[{address}]", f"[{address.exploded}]"):
        known = security.is_own_host(host, {name}) or getattr(address, "ipv4_mapped", None) is not None
        assert known
        assert security.is_own_host(host + ":4711", {name}) is security.is_own_host(host, {name})


def test_a_taken_port_is_named_with_the_way_out(started):
    port = started().port
    with pytest.raises(OSError, match=rf"port {port} is taken; choose another, or 0 for one that is free") as refusal:
        started(port=port)
    assert refusal.value.errno == errno.EADDRINUSE


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("203.0.113.77", "'203.0.113.77' is no address of this machine"),
        ("nowhere.invalid", "no address is known by the name 'nowhere.invalid'"),
        ("x" * 300, "no address is known by the name"),
    ],
)
def test_an_address_that_cannot_be_had_is_named(host, reason):
    server = DataServer()
    with pytest.raises(OSError, match=reason):
        server.start(0, host)
    assert not server.running
    with pytest.raises(OSError, match="the host is empty"):
        listen.listen("", 0)
    server.start()
    assert server.host == "127.0.0.1"
    server.stop()


def test_a_server_that_runs_does_not_come_to_be_reached_by_others_unnoticed(started):
    server = started()
    with pytest.raises(ValueError, match=r"listens on 127\.0\.0\.1 already, not on 0\.0\.0\.0"):
        server.start(0, "0.0.0.0")
    server.start(0, "127.0.0.1")
    server.stop()
    server.start(0, "0.0.0.0")
    assert server.everywhere
    server.stop()
    server.start()
    assert server.everywhere, "it starts again where it was"


@pytest.fixture
def own_server(monkeypatch):
    """The process's server of this test alone."""
    monkeypatch.setattr(life, "_server", None)
    yield data_server()
    data_server().stop()


def ten_cells():
    return AnnData(obsm={"X_umap": np.arange(20, dtype=np.float32).reshape(10, 2)})


def test_it_is_open_to_others_only_as_long_as_somebody_wants_that(own_server):
    first, second = (AnnDataServer(ten_cells(), host="0.0.0.0") for _ in range(2))
    first.start_background()
    second.start_background()
    first.stop()
    first.stop()
    assert own_server.open_to_others
    second.stop()
    assert not own_server.running
    widget = CellucidWidget(ten_cells())
    assert widget.viewer_url.startswith("http://127.0.0.1:")
    assert not own_server.open_to_others
    widget.close()


def test_what_cannot_be_shown_opens_nothing_to_others(own_server):
    with pytest.raises(TypeError):
        AnnDataServer({}, host="0.0.0.0").start_background()
    assert not own_server.running
    with pytest.raises(TypeError):
        serve_anndata({}, host="0.0.0.0", open_browser=False)
    assert not own_server.running


def test_a_server_on_loopback_goes_on_for_the_widgets_that_use_it(own_server):
    with AnnDataServer(ten_cells()):
        port = own_server.port
    assert own_server.running
    assert own_server.port == port


@pytest.mark.parametrize("port", [-1, 65536, "80", 8.5])
def test_what_is_no_port_is_named(own_server, port):
    with pytest.raises(ValueError, match=f"^port: {port!r} is no port; expected 1 to 65535"):
        AnnDataServer(ten_cells(), port=port).start_background()
