"""Who gets what from the data server: over real sockets."""

import hashlib
import hmac
import json
import logging
import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.dataset import DatasetError
from cellucid.server import gate, security

NONCE = "0123456789abcdef0123456789abcdef"
FOREIGN = "https://evil.example.org"


def hmac_of(token, text):
    return hmac.new(token.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def path(server, dataset):
    return server.add(dataset)


@pytest.mark.parametrize("token", [None, "", "guess", "é"])
@pytest.mark.parametrize("what", ["manifest.json", "embeddings/X_umap.f32", "nothing"])
def test_without_the_token_there_are_no_data(ask, path, token, what):
    answer = ask(path + what, token=token and token.encode().decode("latin-1"), Origin="http://localhost:8888")
    assert answer.status == 401
    assert json.loads(answer.body)["error"] == "token"
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("address", ["/_cellucid/info", "/_cellucid/datasets", "/", "/d/", "/favicon.ico"])
def test_nor_anything_else_but_health(ask, path, address):
    assert ask(address, token=None).status == 401


def test_half_a_token_is_none(ask, server, path):
    for wrong in (server.token[:-1], server.token + "x", server.token[::-1], server.token.swapcase()):
        assert ask(path + "manifest.json", token=wrong).status == 401


def test_the_token_does_not_count_in_another_place(ask, server, path):
    address = f"{path}manifest.json"
    assert ask(f"{address}?token={server.token}", token=None).status == 401
    assert ask(address, token=None, Authorization=f"token {server.token}").status == 401
    assert ask(address, token=None, Cookie=f"X-Cellucid-Token={server.token}").status == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "evil.example.org:80",
        "127.0.0.1.evil.org",
        "localhost.evil.org",
        "0.0.0.0",
        "x[::1]",
        "[127.0.0.1]",
        "::1",
        "localhost:port",
        "localhost, evil.example.org",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_gets_nothing(ask, path, host):
    for address in (path + "manifest.json", "/_cellucid/health", f"/_cellucid/health?challenge={NONCE}"):
        answer = ask(address, token=None, Host=host)
        assert answer.status == 403
        assert b'"answer"' not in answer.body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:65535", "[::1]:8888", "[::1]"])
def test_under_its_own_names_the_server_says_that_it_is_there(ask, host):
    answer = ask("/_cellucid/health", token=None, Host=host)
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


def test_a_request_without_a_host_gets_nothing(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(b"GET /_cellucid/health HTTP/1.0\r\n\r\n")
        assert b" 403 " in wire.recv(1000).split(b"\r\n")[0]


def test_with_the_token_any_host_and_origin_is_served(ask, path):
    answer = ask(path + "manifest.json", Host="hub.example.org", Origin="https://hub.example.org")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://hub.example.org"
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    assert "X-Cellucid-Length" in answer.headers["access-control-expose-headers"]


def test_the_server_proves_that_it_knows_the_token(ask, server):
    answer = ask(f"/_cellucid/health?challenge={NONCE}", token=None, Origin=FOREIGN)
    assert json.loads(answer.body) == {"status": "ok", "answer": hmac_of(server.token, NONCE)}
    assert "access-control-allow-origin" not in answer.headers, "a foreign page cannot read it"


def test_a_page_that_proves_that_it_knows_the_token_may_read_health_from_anywhere(ask, server):
    proof = hmac_of(server.token, f"page:{NONCE}")
    answer = ask(f"/_cellucid/health?challenge={NONCE}&proof={proof}", token=None, Host="h.example.org", Origin=FOREIGN)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == FOREIGN
    assert json.loads(answer.body)["answer"] == hmac_of(server.token, NONCE)


def test_the_servers_own_answer_is_no_proof(ask, server):
    answer = ask(
        f"/_cellucid/health?challenge={NONCE}&proof={hmac_of(server.token, NONCE)}", token=None, Host="h.example.org"
    )
    assert answer.status == 403


@pytest.mark.parametrize("challenge", ["", "short", "x" * 129, "with space........", "%00" * 20])
def test_what_is_no_challenge_is_refused(ask, challenge):
    address = f"/_cellucid/health?challenge={challenge.replace(' ', '%20')}"
    for answer in (ask(address), ask(address, token=None)):
        assert (answer.status, json.loads(answer.body)["error"]) == (400, "challenge")


def test_the_address_of_a_viewer_may_name_the_token_so_that_jupyters_log_leaves_it_out(ask, server):
    for name in ("viewerToken", "viewer_token"):
        assert ask(f"/?viewerId=v1&{name}={server.token}", token=None).status == 404, "there is no such viewer"
        assert ask(f"/?viewerId=v1&{name}=guess", token=None).status == 401
        assert ask(f"/_cellucid/info?{name}={server.token}", token=None).status == 401
    assert ask(f"/?viewerToken=guess&viewer_token={server.token}", token=None).status == 401


def test_what_a_stranger_says_of_a_proxy_is_not_believed(ask, server):
    said = {"X_Forwarded_Prefix": "/user/ana/proxy/1/", "X_Forwarded_Host": "hub.example.org"}
    for token in (None, "guess"):
        ask("/_cellucid/health", token=token, **said)
        ask("/_cellucid/info", token=token, **said)
        assert server.counters.proxied is None
    ask("/_cellucid/info", **said)
    assert server.counters.proxied == "http://hub.example.org/user/ana/proxy/1/"


def test_a_name_that_looks_like_code_is_none_in_the_page(ask, server):
    class Shown:
        title = "</title><script>alert(1)</script>"

    server.show("v1", Shown())
    page = ask(f"/?viewerId=v1&viewerToken={server.token}", token=None).body.decode()
    assert "&lt;/title&gt;&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_a_preflight_is_answered_and_gives_nothing_away(ask, path):
    for address in (path + "manifest.json", "/d/guess/manifest.json"):
        answer = ask(address, method="OPTIONS", token=None, Origin=FOREIGN)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == FOREIGN
        assert "X-Cellucid-Token" in answer.headers["access-control-allow-headers"]
        assert int(answer.headers["access-control-max-age"]) > 0
        assert "access-control-allow-credentials" not in answer.headers


def test_an_address_without_end_is_refused(ask):
    assert ask("/" + "x" * 20_000).status == 414


def test_neither_token_nor_files_are_in_logs_and_answers(ask, server, dataset, path, caplog, tmp_path):
    # NOTSET is what rich's manual sets on the root logger; uvicorn then logs whole messages.
    caplog.set_level(logging.NOTSET)
    restarted = server.port
    server.stop()
    server.start()
    assert server.port != restarted
    secret = str(tmp_path / "patient.h5ad")
    read = dataset.read
    answers = [ask(path + "manifest.json"), ask("/_cellucid/info"), ask("/nothing"), ask("/", token="guess")]
    answers.append(ask(f"/?viewerId=v1&viewerToken={server.token}", token=None))
    for error in (OSError(2, "No such file", secret), DatasetError(f"cannot read {secret}")):
        dataset.read = lambda wanted, error=error: (_ for _ in ()).throw(error)
        answers.append(ask(path + "var/genes.json"))
    dataset.read = read
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(f"nonsense {server.token}\r\n\r\n".encode())
        assert b" 400 " in wire.recv(1000)
    assert [answer.status for answer in answers] == [200, 200, 404, 401, 404, 500, 404]
    for answer in answers:
        assert secret.encode() not in answer.body
        assert server.token.encode() not in answer.body
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "patient.h5ad" in logged, "the reason is there, without the way to it"
    # The traceback's files among them: those of this test, and of the packages.
    for place in (str(tmp_path), str(Path(__file__).parent), os.path.dirname(os.__file__)):
        assert place not in caplog.text
    assert server.token not in caplog.text


@given(st.text(max_size=40))
def test_only_names_of_this_machine_are_its_own(name):
    own = security.is_own_host(name)
    stem = name.rsplit(":", 1)[0].strip("[]").lower()
    if own:
        assert stem.startswith("127.") or stem in ("localhost", "::1") or stem.replace("0", "").replace(":", "") == "1"


@given(st.text(), st.text())
def test_secrets_are_the_same_or_not(a, b):
    assert security.same(a, a) is (a.encode("utf-8", "replace") == a.encode("utf-8", "surrogatepass"))
    assert security.same(None, a) is False
    if a != b:
        assert security.same(a, b) is False


def test_secrets_are_compared_in_constant_time(ask, server, path, monkeypatch):
    compared = []

    def compare(a, b):
        compared.append((a, b))
        return hmac.compare_digest(a, b)

    monkeypatch.setattr(security, "hmac", type("Spy", (), {"compare_digest": compare, "new": hmac.new}))
    assert ask(path + "manifest.json", token="guess").status == 401
    proof = hmac_of(server.token, f"page:{NONCE}")
    assert ask(f"/_cellucid/health?challenge={NONCE}&proof={proof}", token=None, Host="h.example.org").status == 200
    assert set(compared) == {(b"guess", server.token.encode()), (proof.encode(), proof.encode())}


def test_two_hosts_are_none(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(b"GET /_cellucid/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.org\r\n\r\n")
        assert b" 403 " in wire.recv(1000).split(b"\r\n")[0]


def test_a_proof_is_for_one_challenge_only(ask, server):
    proof = hmac_of(server.token, f"page:{NONCE}")
    for query in (f"challenge={NONCE[::-1]}&proof={proof}", f"proof={proof}", f"challenge={NONCE}&proof=", "proof=%FF"):
        answer = ask(f"/_cellucid/health?{query}", token=None, Host="h.example.org", Origin=FOREIGN)
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers


def test_with_the_token_too_the_server_answers_a_challenge(ask, server):
    said = json.loads(ask(f"/_cellucid/health?challenge={NONCE}").body)
    assert (said["status"], said["answer"]) == ("ok", hmac_of(server.token, NONCE))


def test_no_answer_is_kept_for_another_page(ask, path):
    answers = [ask(path + "manifest.json"), ask("/_cellucid/health", token=None), ask("/", token=None)]
    answers += [ask("/nothing"), ask("/", method="OPTIONS", token=None)]
    for answer in answers:
        assert "Origin" in answer.headers["vary"].split(", ")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert [answer.headers["cache-control"] for answer in answers] == ["private, no-cache"] + ["no-store"] * 4


def test_no_answer_sends_a_browser_to_the_host_it_named(ask, path):
    for address in (path[:-1], "/_cellucid/health/", "//evil.example.org/"):
        answer = ask(address, Host="evil.example.org")
        assert (answer.status, answer.headers.get("location")) == (404, None)


@given(st.sampled_from(["127.0.0.1", "127.255.0.9", "localhost", "LocalHost", "[::1]"]), st.integers(0, 65535))
def test_a_port_makes_no_difference(name, port):
    assert security.is_own_host(name)
    assert security.is_own_host(f"{name}:{port}")


def test_what_looks_like_our_address_in_the_name_of_a_resource_is_no_prefix_of_a_proxy(path):
    for name in ("vectors/_cellucid/X_umap.f32", "d/_cellucid/health"):
        assert gate._without_prefix({"path": path + name}, {}) == path + name
    assert gate._without_prefix({"path": f"/proxy/80{path}vectors/x.f32"}, {}) == f"{path}vectors/x.f32"


def test_neither_prefix_nor_path_opens_the_gate(ask, path):
    for address in (
        f"/_cellucid/health/..{path}manifest.json",
        f"/_cellucid/health?{path}manifest.json#",
        f"/x{path}x",
    ):
        answer = ask(address, token=None)
        assert answer.status == 401 or json.loads(answer.body) == {"status": "ok"}, re.sub(r"\W", "", address)
