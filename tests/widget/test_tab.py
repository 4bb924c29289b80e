"""The widget in a browser tab, as the data server serves it: over a real socket, without a browser."""

import contextlib
import http.client
import json
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest

from cellucid.channel.selection import EncodedCells
from cellucid.server import limits
from patience import wait_until

TAB = "tab-0123456789"
PAGE = "page1"


class Tab:
    """A tab's side of HTTP."""

    def __init__(self, widget, name=TAB):
        url = urlsplit(widget.viewer_url)
        query = parse_qs(url.query)
        self.port, self.viewer_id, self.token = url.port, query["viewerId"][0], query["viewerToken"][0]
        self.name, self.seq, self.epoch = name, 0, ""

    def ask(self, path, method="GET", body=None, headers=None, **query):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            address = f"{path}?{urlencode({'viewerId': self.viewer_id, **query})}"
            connection.request(method, address, body, {"X-Cellucid-Token": self.token} if headers is None else headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def post(self, *messages):
        entries = [{"content": content, "buffers": [len(data) for data in buffers]} for content, *buffers in messages]
        head = json.dumps({"messages": entries}).encode()
        data = b"".join(b"".join(buffers) for _, *buffers in messages)
        body = len(head).to_bytes(4, "little") + head + data
        return self.ask("/_cellucid/events", "POST", body, tab=self.name)

    def event(self, event, payload, *buffers):
        self.seq += 1
        message = {"kind": "event", "page": PAGE, "seq": self.seq, "event": event, "payload": payload}
        status, _, body = self.post((message, *buffers))
        assert (status, json.loads(body)) == (200, {"acks": []})

    def listen(self, enough, after=0, epoch=None):
        """The stream's messages, `(number, content, lengths)`, until one is enough; then it hangs up."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            query = urlencode(
                {"viewerId": self.viewer_id, "tab": self.name, "after": after, "epoch": epoch or self.epoch}
            )
            connection.request("GET", f"/_cellucid/commands?{query}", headers={"X-Cellucid-Token": self.token})
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            heard = []
            while not heard or not enough(heard[-1][1]):
                line = answer.readline().decode()
                if not line:
                    raise EOFError(heard)
                if line == "event: epoch\n":
                    self.epoch = answer.readline().decode().removeprefix("data: ").strip()
                elif line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    said = json.loads(line[6:])
                    heard.append((number, said["content"], said["buffers"]))
            return heard


@pytest.fixture
def tab(shown):
    return Tab(shown)


def test_the_page_is_one_file_whose_policy_allows_its_code_alone(tab):
    status, headers, body = tab.ask("/", headers={}, viewerToken=tab.token)
    assert status == 200
    html = body.decode()
    nonce = html.split('nonce="')[1].split('"')[0]
    policy = headers["Content-Security-Policy"]
    assert f"script-src 'nonce-{nonce}'" in policy
    assert "default-src 'none'" in policy
    assert "src=" not in html.split("<script")[0], "nothing else is loaded"
    assert html.count("<script") == html.count("</script>") == 1
    assert tab.token not in html
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'self'" in policy, "no page of another origin embeds it"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_page_of_a_viewer_that_is_gone_says_what_to_do(tab, shown):
    shown.close()
    status, _, body = tab.ask("/", headers={}, viewerToken=tab.token)
    assert status == 404
    assert "not shown any more" in body.decode()


def test_a_person_without_the_token_gets_a_page_and_a_script_gets_json(tab):
    status, headers, body = tab.ask("/", headers={"Sec-Fetch-Mode": "navigate", "Host": "hub.example.org"})
    assert status == 401
    assert "needs its token" in body.decode()
    assert "script-src 'nonce-" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    plain = {"Accept": "text/html,*/*", "Host": "lab.example.org"}  # over plain http browsers say no more
    assert b"needs its token" in tab.ask("/", headers=plain)[2]
    status, _, body = tab.ask("/", headers={})
    assert (status, json.loads(body)["error"]) == (401, "token")
    status, _, body = tab.ask("/", headers={"Host": "evil.example.org"})
    assert (status, json.loads(body)["error"]) == (403, "host")


def test_the_traits_are_there_and_no_secret(tab, shown):
    status, _, body = tab.ask("/_cellucid/state")
    state = json.loads(body)
    assert status == 200
    assert next(iter(state)) == "_updates", "what they are news of is first"
    assert (state["embedding"], state["n_cells"], state["_version"]) == (shown.embedding, 10, 0)
    assert tab.token not in body.decode()
    assert not {"_boot", "_esm", "layout"} & set(state)


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("/_cellucid/state", {"viewerId": "nobody"}, "not_found"),
        ("/_cellucid/commands", {"tab": "short"}, "tab"),
        ("/_cellucid/commands", {"tab": "../" * 5}, "tab"),
        ("/_cellucid/commands", {"tab": TAB, "after": "-1"}, "after"),
        ("/_cellucid/commands", {"tab": TAB, "after": "\u0663"}, "after"),
        ("/_cellucid/commands/7", {"tab": TAB}, "not_found"),
        ("/_cellucid/commands/0x7", {"tab": TAB}, "not_found"),
    ],
)
def test_what_is_not_there_or_is_nonsense_is_refused(tab, path, query, error):
    status, _, body = tab.ask(path, **query)
    assert status in (400, 404)
    assert json.loads(body)["error"] == error


def test_head_of_the_stream_has_an_end(tab):
    query = urlencode({"viewerId": tab.viewer_id, "tab": TAB})
    connection = http.client.HTTPConnection("127.0.0.1", tab.port, timeout=20)
    with contextlib.closing(connection):
        for method in ("HEAD", "HEAD", "GET"):  # on one connection, as each is answered
            connection.request(method, f"/_cellucid/commands?{query}", headers={"X-Cellucid-Token": tab.token})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "text/event-stream")
            if method == "HEAD":
                assert answer.read() == b""


@pytest.mark.parametrize("path", ["state", "events", "commands", "commands/1"])
def test_nothing_is_said_without_the_token(tab, path):
    status, headers, _ = tab.ask(f"/_cellucid/{path}", "POST" if path == "events" else "GET", headers={}, tab=TAB)
    assert status == 401
    assert "Access-Control-Allow-Origin" not in headers


def test_a_selection_in_the_tab_is_pythons_and_is_acknowledged_there(tab, shown):
    heard = []
    shown.observe(lambda change: heard.append(change["new"].tolist()), "selection")
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    cells = EncodedCells.of(np.array([1, 4], np.uint32), 10)
    tab.event("selection", {"source": "lasso", "encoding": cells.encoding, "count": 2}, bytes(cells.data))
    assert heard == [[1, 4]]
    assert shown.ready
    assert shown.status == "ready"
    tab.listen(lambda said: said == {"kind": "ack", "page": PAGE, "seq": 2, "revision": 1, "error": None})


def test_what_python_sets_comes_to_the_tab_and_again_from_where_it_left_off(tab, shown):
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    before = tab.listen(lambda said: said.get("kind") == "ack")[-1][0]
    shown.opacity = 0.25
    shown.select([2, 3])
    heard = tab.listen(lambda said: said.get("command") == "selection", after=before)
    assert heard[0][0] == before + 1
    assert any(said.get("opacity") == 0.25 for _, said, _ in heard)
    number, said, lengths = heard[-1]
    status, _, body = tab.ask(f"/_cellucid/commands/{number}", tab=TAB)
    assert (status, len(body)) == (200, sum(lengths))
    selected = EncodedCells.received(said["payload"]["encoding"], body, said["payload"]["count"], 10)
    assert selected.positions.tolist() == [2, 3]
    assert tab.listen(bool, number - 1)[0] == heard[-1], "said again to who asks for it"


def test_who_was_away_for_too_long_hears_all_that_is_new(tab, shown):
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    number = tab.listen(lambda said: said.get("kind") == "ack")[-1][0]
    before = tab.epoch
    known = shown._tabs.tab(TAB)
    wait_until(lambda: not known.heard)
    shown._tabs._drop(known)
    assert shown.status == "not shown"
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    heard = tab.listen(lambda said: said.get("kind") == "ack", after=number + 100, epoch=before)
    assert heard[0][0] == 1, "in a new epoch the numbers of the old one say nothing"
    assert tab.epoch != before


def test_a_tabs_requests_are_answered_in_its_stream(tab):
    request = {"kind": "request", "page": PAGE, "id": 1, "method": "read"}
    tab.post(({**request, "params": {"path": "manifest.json", "offset": 0, "length": 100}},))
    number, said, lengths = tab.listen(lambda said: said.get("kind") == "reply")[-1]
    assert (said["id"], lengths) == (1, [100])
    assert tab.ask(f"/_cellucid/commands/{number}", tab=TAB)[2].startswith(b"{")


def test_what_one_page_asks_for_the_other_does_not_hear(tab, shown):
    other = Tab(shown, "tab-9876543210")
    other.event("ready", {"n_cells": 10, "dimensions": 2})
    tab.post(({"kind": "request", "page": "page2", "id": 1, "method": "ping", "params": {}},))
    tab.listen(lambda said: said.get("kind") == "reply")
    shown.opacity = 0.5
    heard = other.listen(lambda said: said.get("opacity") == 0.5)
    assert "reply" not in {said.get("kind") for _, said, _ in heard}


def test_nonsense_from_a_tab_harms_nobody(tab, shown):
    assert tab.ask("/_cellucid/events", "POST", b"nonsense", tab=TAB)[0] == 400
    assert tab.post(({"kind": "nonsense"},), ([1],), ({"kind": "event", "page": 7},))[0] == 200
    assert tab.ask("/_cellucid/events", "POST", b"x" * (limits.MAX_BODY + 1), tab=TAB)[0] == 413
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    assert shown.ready


def test_a_tab_that_is_closed_is_missed_and_one_that_crashed_after_a_while(tab, shown, monkeypatch):
    monkeypatch.setattr("cellucid.channel.tabs.GONE", 1.0)
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    tab.event("closed", {})
    assert shown.status == "not shown"
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    assert shown.ready
    wait_until(lambda: shown.status == "not shown")


def test_the_stream_ends_with_the_widget(tab, shown):
    tab.event("ready", {"n_cells": 10, "dimensions": 2})
    timer = threading.Timer(0.3, shown.close)
    timer.start()
    with pytest.raises(EOFError):
        tab.listen(lambda _: False)
    timer.join()
    assert tab.ask("/_cellucid/state")[0] == 404


def test_waiting_for_an_event_works_with_a_tab_alone(tab, shown):
    heard = threading.Event()

    def speak():
        tab.event("ready", {"n_cells": 10, "dimensions": 2})
        while not heard.wait(0.1):  # what is clicked before the wait is not waited for
            tab.event("click", {"cell": 3, "button": 0, "shift": False, "ctrl": False})

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        shown.wait_for_ready(timeout=30)
        event = shown.wait_for_event("click", timeout=30)
    finally:
        heard.set()
        speaker.join()
    assert event["cell"] == 3
