"""What the reference package's servers get wrong and this one does not, by the numbers of the list of defects.

Rows, or parts of them, that other tests cover:

- S1, slow reads → test_resources.py, test_a_slow_read_holds_up_neither_health_nor_other_reads; slow genes →
  test_streaming.py, test_a_slow_gene_leaves_the_server_to_others; hooks → widget/test_notebook_defects.py, J3
- S3 → test_security.py, test_a_name_that_was_rebound_to_this_machine_gets_nothing
- S7, what may be kept → test_security.py, test_no_answer_is_kept_for_another_page
- S9, parts → test_resources.py, test_a_part_comes_as_a_part, test_head_has_the_headers_and_no_body
- S12, of datasets → test_resources.py, test_what_is_not_there_is_answered_in_json
- S15 → dataset/test_folder.py, test_the_same_id_twice_is_told_apart_by_folder and
  test_what_a_folder_says_of_its_datasets_is_listed_in_its_order
"""

import gzip
import json
import queue
import re
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from cellucid import AnnDataServer, CellucidServer, CellucidWidget, prepare
from cellucid.dataset import open_dataset
from cellucid.server import DataServer, data_server
from cellucid.server.page import CODE

from .conftest import make_dataset

EXPORTS = Path(__file__).parents[1] / "vectors/exports"


@pytest.fixture
def path(server, dataset):
    return server.add(dataset)


@pytest.fixture
def widget():
    cells = ad.AnnData(obs=pd.DataFrame(index=[f"c{n}" for n in range(10)]), obsm={"X_umap": np.eye(10, 2)})
    shown = CellucidWidget(cells)
    assert shown.viewer_url
    yield shown
    shown.close()


def post(widget, body, content_type="application/octet-stream", *, token=True, length=None, **query):
    """What a page, or somebody else, posts as events; the status and the body's error."""
    server = data_server()
    query = urlencode({"viewerId": widget.viewer_id, **query})
    head = [
        f"POST /_cellucid/events?{query} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *([f"X-Cellucid-Token: {server.token}"] if token else ["Origin: https://evil.example.org"]),
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as wire:
        wire.sendall("\r\n".join([*head, "", ""]).encode() + body)
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    said = answer.partition(b"\r\n\r\n")[2]
    return int(answer.split()[1]), json.loads(said).get("error") if said.startswith(b"{") else said


def packed(*messages):
    head = json.dumps({"messages": [{"content": message, "buffers": []} for message in messages]}).encode()
    return len(head).to_bytes(4, "little") + head


def event(number, name, payload):
    return {"kind": "event", "page": "page1", "seq": number, "event": name, "payload": payload}


def test_s01_neither_idle_connections_nor_half_requests_nor_a_reader_that_stops_hold_others_up(server, ask, path):
    address = ("127.0.0.1", server.port)
    wires = [socket.create_connection(address, timeout=10) for _ in range(12)]
    for wire in wires[4:8]:
        wire.sendall(f"GET {path}manifest.json HTTP/1.1\r\nHost: local".encode())
    for wire in wires[8:]:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = (
            f"GET {path}embeddings/X_umap.f32 HTTP/1.1\r\nHost: localhost\r\nX-Cellucid-Token: {server.token}\r\n\r\n"
        )
        wire.sendall(head.encode() * 50)  # and reads none of the answers
    assert ask("/_cellucid/health").status == 200
    assert ask(path + "manifest.json").status == 200
    for wire in wires:
        wire.close()


def test_s02_no_page_and_no_process_without_the_token_forges_an_event(widget, tmp_path):
    victim = tmp_path / "thesis.txt"
    victim.write_text("four years")
    heard = queue.Queue()
    widget.on_message(heard.put)
    forged = packed(event(1, "session_bundle", {"requestId": "0" * 32, "path": str(victim)}))
    for kind in ("application/octet-stream", "text/plain", "application/x-www-form-urlencoded"):
        assert post(widget, forged, kind, token=False) == (401, "token")
    # With the token it is an event like any other that somebody sends from the page: nobody opens the file.
    assert post(widget, forged)[0] == 200
    assert heard.get(timeout=20)["path"] == str(victim)
    assert post(widget, packed(event(2, "last", {})))[0] == 200
    assert heard.get(timeout=20)["event"] == "last", "of the forged ones nothing was heard"
    assert victim.read_text() == "four years"


def test_s03_the_port_cannot_be_foreseen():
    servers = [DataServer() for _ in range(4)]
    for server in servers:
        server.start()
    ports = {server.port for server in servers}
    for server in servers:
        server.stop()
    assert len(ports) == 4
    assert 8765 not in ports


def test_s04_s14_the_page_comes_out_of_the_package_whole_and_no_folder_of_all_users_is_touched(
    tmp_path, monkeypatch, widget
):
    planted = tmp_path / "cellucid-web-cache"
    planted.mkdir()
    (planted / "index.html").write_text("<script>alert('planted')</script>")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server = data_server()

    def page(_):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as wire:
            query = urlencode({"viewerId": widget.viewer_id, "viewerToken": server.token})
            wire.sendall(f"GET /?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            text = b"".join(iter(lambda: wire.recv(1 << 20), b"")).partition(b"\r\n\r\n")[2].decode()
        return re.sub('nonce="[^"]+"', "", text)

    with ThreadPoolExecutor(8) as pool:
        (same,) = set(pool.map(page, range(16)))
    assert CODE.read_text(encoding="utf-8") in same
    assert "planted" not in same
    assert [entry.name for entry in tmp_path.iterdir()] == ["cellucid-web-cache"]


@pytest.mark.parametrize(
    "length", ["-1", "-9999999999", "+5", "0x5", "five", "5,5", "5\r\nContent-Length: 6", "9" * 30]
)
def test_s05_a_length_that_is_none_is_refused_at_once(widget, length):
    status, _ = post(widget, b"12345", length=length)
    assert status in (400, 413)
    assert post(widget, packed())[0] == 200


def test_s06_what_is_refused_for_its_length_takes_nothing_from_what_comes_after(widget):
    heard = threading.Event()
    widget.on_message(lambda _: heard.set())
    hello = packed(event(1, "hello", {}))
    status, error = post(widget, b"", length=10 * 1024**3)
    assert (status, error) == (413, "too_long")
    assert post(widget, hello)[0] == 200
    assert heard.wait(20), "the first event is taken under its number, as if nothing had been"


def test_s07_after_a_new_export_the_old_data_are_not_shown(server, ask, tmp_path):
    def served(name):
        folder = prepare(EXPORTS / "A-none", tmp_path / "out", dataset_name=name, force=True, progress=False)
        dataset = open_dataset(folder)
        return dataset, server.add(dataset)

    first, path = served("first")
    before = ask(path + "manifest.json")
    assert before.headers["cache-control"] == "private, no-cache"
    server.remove(first)
    _, again = served("second")
    assert again != path
    assert ask(path + "manifest.json").status == 404
    after = ask(again + "manifest.json", If_None_Match=before.headers["etag"])
    assert (after.status, json.loads(after.body)["name"]) == (200, "second")


def test_s08_the_port_is_taken_when_it_is_chosen_and_can_be_taken_again_at_once():
    server = DataServer()
    server.start()
    port = server.port
    with pytest.raises(OSError, match=f"port {port} is taken"):
        DataServer().start(port)
    # The side that closes first keeps the port waiting for minutes.
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(b"GET /_cellucid/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"".join(iter(lambda: wire.recv(1000), b"")).startswith(b"HTTP/1.1 200")
    server.stop()
    server.start(port)
    assert server.port == port
    server.stop()


def test_s09_head_is_answered_everywhere_and_no_folder_is_listed(server, ask, path):
    for address in ("/_cellucid/health", "/_cellucid/info", "/_cellucid/datasets", path + "manifest.json"):
        head, get = ask(address, method="HEAD"), ask(address)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(get.body))
    export = server.add(open_dataset(EXPORTS / "A-none"))
    for folder in ("/", "/d", "/d/", path, path[:-1], path + "obs", path + "obs/", export, export + "obs/"):
        answer = ask(folder)
        assert (folder, answer.status) == (folder, 401 if folder == "/" else 404)
        assert b"<li>" not in answer.body
        assert b"manifest" not in answer.body


@pytest.mark.parametrize(
    "accepted", [None, "gzip", "gzip;q=0", "identity", "br, gzip;q=0.0", "*;q=0", "deflate", "GZIP"]
)
def test_s10_whatever_encodings_are_taken_the_bytes_are_the_same(server, ask, accepted):
    dataset = open_dataset(EXPORTS / "A-q8gz")
    path = server.add(dataset)
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    encodings = set()
    for resource in dataset.resources():
        address = path + "/".join(quote(part, safe="") for part in resource.split("/"))
        answer = ask(address, **headers)
        encoding = answer.headers.get("content-encoding", "identity")
        encodings.add(encoding)
        assert encoding == "identity" or (encoding == "gzip" and accepted in ("gzip", "GZIP"))
        body = gzip.decompress(answer.body) if encoding == "gzip" else answer.body
        assert body == bytes(dataset.read(resource).data)
        other = ask(address, Accept_Encoding="gzip").headers.get("content-encoding", "identity")
        if other != encoding:
            assert "Accept-Encoding" in answer.headers["vary"]
        assert ask(address + ".gz").status == 404, "compression is a header's affair, not an address's"
    assert ("gzip" in encodings) is (accepted in ("gzip", "GZIP"))


def test_s11_names_that_a_file_system_could_not_tell_apart_are_each_their_own(server, ask):
    names = ["A/B", "A_B", "A B", "A%2FB", "a/b", "A\\B", "é", "e\u0301", ".", "..", "", " ", "CON", "x" * 300]
    values = np.arange(2 * len(names), dtype=np.float32).reshape(2, -1)
    cells = ad.AnnData(values, obs=pd.DataFrame(index=["c0", "c1"]), var=pd.DataFrame(index=names))
    cells.obsm["X_umap"] = np.eye(2, dtype=np.float32)
    path = server.add(open_dataset(cells))
    for column, name in enumerate(names):
        resource = f"var/{quote(name, safe='')}.values.f32"
        answer = ask(path + "/".join(quote(part, safe="") for part in resource.split("/")))
        assert answer.status == 200, name
        assert np.frombuffer(answer.body, np.float32).tolist() == values[:, column].tolist(), name


def test_s12_what_goes_wrong_has_a_status_and_says_what(server, ask, path, widget):
    answers = [
        (404, ask(path + "nothing")),
        (404, ask("/d/000000000000/manifest.json")),
        (404, ask("/_cellucid/nothing")),
        (405, ask("/_cellucid/health", method="POST")),
        (404, ask("/_cellucid/state?viewerId=nobody")),
        (404, ask("/_cellucid/events?viewerId=nobody", method="POST")),
        (400, ask("/_cellucid/health?challenge=x")),
        (401, ask("/_cellucid/info", token="guess")),
        (403, ask("/_cellucid/info", token=None, Host="evil.example.org")),
    ]
    for status, answer in answers:
        assert answer.status == status
        assert answer.headers["content-type"] == "application/json"
        assert set(json.loads(answer.body)) == {"error", "message", "hint"}
    assert post(widget, b"nonsense") == (400, "events")
    assert post(widget, b"") == (400, "events")


def test_s13_the_listing_reads_nothing_stays_the_same_and_names_no_folder(server, ask, tmp_path):
    cells = ad.AnnData(obs=pd.DataFrame(index=["c0", "c1"]), obsm={"X_umap": np.eye(2)})
    cells.write_h5ad(tmp_path / "patient.h5ad")
    dataset = open_dataset(tmp_path / "patient.h5ad")
    path = server.add(dataset)
    identities = [ask(path + "dataset_identity.json").body for _ in range(2)]
    read, dataset.read = dataset.read, lambda wanted: pytest.fail(f"{wanted} is read")
    listings = [ask(address).body for address in ("/_cellucid/datasets", "/_cellucid/info", "/_cellucid/health") * 2]
    dataset.read = read
    assert identities[0] == identities[1]
    assert listings[:3] == listings[3:]
    for body in (*identities, *listings, ask(path + "manifest.json").body):
        assert str(tmp_path).encode() not in body


def test_s16_stopping_leaves_an_anndata_of_the_users_open(tmp_path):
    cells = ad.AnnData(np.ones((4, 2), dtype=np.float32), obsm={"X_umap": np.eye(4, 2)})
    cells.write_h5ad(tmp_path / "cells.h5ad")
    backed = ad.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    server = AnnDataServer(backed)
    for _ in range(2):
        server.start_background()
        server.stop()
        server.stop()
    assert backed.isbacked
    assert backed.file.is_open
    assert backed[:, 0].X[:].ravel().tolist() == [1] * 4
    backed.file.close()


def test_the_faces_serve_in_the_background_and_all_at_one_port():
    folder, cells = CellucidServer(EXPORTS / "A-none"), AnnDataServer(make_dataset())
    with pytest.raises(RuntimeError, match=r"call start_background\(\)"):
        _ = folder.url
    with folder, cells:
        assert folder.url == cells.url == data_server().url
        assert folder.viewer_url.startswith(folder.url + "?viewerId=")
        assert folder.viewer_url != cells.viewer_url
        addresses = [folder.viewer_url, cells.viewer_url]
    for server in (folder, cells):
        with pytest.raises(RuntimeError, match="nothing is served"):
            _ = server.viewer_url
    assert len(set(addresses)) == 2
    with pytest.raises((OSError, ValueError), match="gone"):
        CellucidServer("gone").start_background()
