"""A widget behind a person's reverse proxy, which takes its prefix away or not: what a page asks, asked by hand."""

import http.client
import json
from contextlib import closing
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest

from cellucid import CellucidWidget
from cellucid.channel.selection import EncodedCells
from cellucid.connect import OVERRIDE
from cellucid.server import data_server
from reverse_proxy import ReverseProxy

TAB = "tab-12345678"


@pytest.fixture(params=[("/lab/cells", True), ("/lab/cells", False), ("/_cellucid/d", False)], ids=str)
def proxy(request, monkeypatch):
    prefix, strips = request.param
    with ReverseProxy(prefix, strips=strips) as running:
        monkeypatch.setenv(OVERRIDE, running.url.rstrip("/"))
        yield running


@pytest.fixture
def widget(proxy, cube):
    shown = CellucidWidget(cube)
    assert shown.viewer_url.startswith(proxy.url)
    proxy.target = data_server().port
    yield shown
    shown.close()


def ask(proxy, address, body=None, *, token=True, read=True, **headers):
    """A request below the address that the page was loaded from."""
    url = urlsplit(proxy.url)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
    given = {"X-Cellucid-Token": data_server().token} if token else {}
    connection.request("GET" if body is None else "POST", url.path + address, body, {**given, **headers})
    answer = connection.getresponse()
    if not read:
        return closing(connection), answer
    with closing(connection):
        return answer.status, answer.headers, answer.read()


def test_the_page_is_served_and_its_address_is_all_that_it_knows(proxy, widget):
    query = urlsplit(widget.viewer_url).query
    status, _, body = ask(proxy, f"?{query}", token=False)
    assert status == 200
    assert proxy.prefix.encode() not in body, "its addresses are relative to where it was loaded from"
    (viewer,) = parse_qs(query)["viewerId"]
    for wrong in (f"?viewerId={viewer}", f"?viewerId={viewer}&viewerToken=guess"):
        assert ask(proxy, wrong, token=False)[0] in (401, 403)
        status, _, body = ask(proxy, wrong, token=False, Accept="text/html")
        assert (status, b"needs its token" in body) == (401, True)


def test_the_data_come_whole_and_in_parts(proxy, widget):
    path = widget._boot["path"].lstrip("/")
    status, _, body = ask(proxy, path + "manifest.json")
    assert (status, json.loads(body)["n_cells"]) == (200, widget.n_cells)
    column = widget._dataset.read(f"embeddings/{widget.embedding}.f32")
    status, headers, body = ask(proxy, f"{path}embeddings/{widget.embedding}.f32", Range="bytes=4-11")
    assert (status, body) == (206, bytes(column.data[4:12]))
    assert headers["Content-Range"] == f"bytes 4-11/{column.nbytes}"
    assert ask(proxy, path + "manifest.json", token=False)[0] == 403


def test_what_a_tab_does_reaches_python_and_what_python_says_the_tab(proxy, widget):
    viewer = {"viewerId": widget.viewer_id}
    status, _, body = ask(proxy, f"_cellucid/state?{urlencode(viewer)}")
    assert (status, json.loads(body)["n_cells"]) == (200, widget.n_cells)

    tab = urlencode({**viewer, "tab": TAB})
    connection, stream = ask(proxy, f"_cellucid/commands?{tab}", read=False)
    with connection:
        assert stream.status == 200
        assert stream.readline() == b"event: epoch\n"
        cells = EncodedCells.of(np.array([3, 5], np.uint32), widget.n_cells)
        payload = {"source": "lasso", "encoding": cells.encoding, "count": 2}
        message = {"kind": "event", "page": "page1", "seq": 1, "event": "selection", "payload": payload}
        head = json.dumps({"messages": [{"content": message, "buffers": [len(cells.data)]}]}).encode()
        body = len(head).to_bytes(4, "little") + head + bytes(cells.data)
        status, _, _ = ask(proxy, f"_cellucid/events?{tab}", body)
        assert status == 200
        assert widget.selection.tolist() == [3, 5]
        widget.select([1, 2, 4])
        said = None
        while said is None or said["content"].get("command") != "selection":
            line = stream.readline()
            if line.startswith(b"id: "):
                number = int(line[4:])
            if line.startswith(b"data: {"):
                said = json.loads(line[6:])
        assert said["content"]["payload"]["count"] == 3
    status, _, body = ask(proxy, f"_cellucid/commands/{number}?{tab}")
    assert (status, len(body)) == (200, sum(said["buffers"]))
