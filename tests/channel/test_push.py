"""What is sent unasked where no page is heard, without Jupyter."""

import threading

import numpy as np
import pytest

from cellucid.channel.comm import CommCarrier
from cellucid.channel.messages import PIECE_BYTES
from cellucid.channel.pace import Pace
from cellucid.channel.push import EVERYTHING, Push
from cellucid.channel.rpc import Answer, RequestError

RESOURCES = {
    "manifest.json": b"{}",
    "embeddings/X_umap.f32": np.arange(PIECE_BYTES // 2, dtype=np.uint32).tobytes(),
    "obs/leiden.codes.u8": bytes(100),
}


class Kernel:
    """What is shown, and the messages that left."""

    def __init__(self, patience=0.02):
        self.sent, self.left, self.read = [], threading.Event(), []
        self.shown = lambda changed: (1, RESOURCES)
        self.on_read = lambda path: None
        carrier = CommCarrier(self.transmit, lambda *_: None, Pace(per_second=1e9, burst=1e9))
        self.push = Push(carrier, self.read_piece, lambda changed, since: self.shown(changed), "t", patience)

    def transmit(self, content, buffers):
        self.sent.append((content["payload"], b"".join(bytes(buffer) for buffer in buffers)))
        self.left.set()

    def read_piece(self, path, offset, length):
        self.read.append((path, offset))
        self.on_read(path)
        if path not in RESOURCES:
            raise RequestError("not_found", path)
        data = RESOURCES[path]
        result = {"total": len(data), "dtype": None, "shape": [len(data)], "etag": "1"}
        return Answer(result, (memoryview(data)[offset : offset + length],))

    def wait(self, done, seconds=10):
        end = threading.Event()
        for _ in range(int(seconds / 0.01)):
            if done():
                return
            end.wait(0.01)
        raise AssertionError(f"not within {seconds} s; sent {[payload['path'] for payload, _ in self.sent]}")

    @property
    def resources(self):
        whole = {}
        for payload, data in self.sent:
            assert payload["offset"] == len(whole.get(payload["path"], b"")), "pieces come in order"
            whole[payload["path"]] = whole.get(payload["path"], b"") + data
        return whole


@pytest.fixture
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.push.close()


def sends_nothing_more(kernel):
    before = len(kernel.sent)
    threading.Event().wait(0.15)
    return len(kernel.sent) == before


def test_what_is_displayed_is_sent_whole_in_pieces_and_in_order(kernel):
    kernel.push.displayed()
    kernel.wait(lambda: kernel.resources == RESOURCES)
    assert list(kernel.resources) == list(RESOURCES)
    assert max(len(data) for _, data in kernel.sent) == PIECE_BYTES
    assert {payload["version"] for payload, _ in kernel.sent} == {1}
    assert kernel.push.bytes_sent == sum(map(len, RESOURCES.values()))


def test_what_leaves_while_it_is_displayed_once_more_is_sent_to_the_new_page_too(kernel):
    displays, transmit = [kernel.push.displayed], kernel.transmit

    def transmit_and_display(content, buffers):
        transmit(content, buffers)
        if displays:
            displays.pop()()

    kernel.push._carrier._send = transmit_and_display
    kernel.push.displayed()
    kernel.wait(lambda: len(kernel.sent) > 4)
    kernel.wait(lambda: [payload["path"] for payload, _ in kernel.sent].count("manifest.json") == 2)


def test_nothing_is_sent_once_a_page_has_spoken(kernel):
    kernel.push.displayed()
    kernel.push.heard()
    assert sends_nothing_more(kernel)
    assert kernel.sent == []


def test_it_ends_in_the_middle_when_a_page_speaks(kernel):
    kernel.on_read = lambda path: kernel.push.heard() if path.startswith("embeddings") else None
    kernel.push.displayed()
    kernel.wait(lambda: kernel.left.is_set())
    assert sends_nothing_more(kernel)
    assert list(kernel.resources) == ["manifest.json"]


def test_what_changes_later_is_sent_without_what_was_sent_before(kernel):
    kernel.push.displayed()
    kernel.wait(lambda: kernel.resources == RESOURCES)
    kernel.sent.clear()
    changed = []
    kernel.shown = lambda what: changed.append(what) or (1, ["obs/leiden.codes.u8", "manifest.json"])
    kernel.push.changed("columns")
    kernel.wait(lambda: changed)
    assert sends_nothing_more(kernel)
    assert (changed, kernel.sent) == ([frozenset({"columns"})], [])
    kernel.shown = lambda what: (2, ["manifest.json"])
    kernel.push.changed(EVERYTHING)
    kernel.wait(lambda: [payload["version"] for payload, _ in kernel.sent] == [2])


def test_nothing_is_sent_of_a_widget_that_was_never_displayed(kernel):
    kernel.push.changed("columns")
    assert sends_nothing_more(kernel)
    assert kernel.read == []


def test_nothing_is_sent_where_no_page_could_use_it(kernel):
    kernel.shown = lambda changed: None
    kernel.push.displayed()
    assert sends_nothing_more(kernel)
    assert kernel.read == []


def test_no_more_is_sent_than_may_be(kernel, monkeypatch):
    monkeypatch.setattr("cellucid.channel.push.MOST", PIECE_BYTES)
    kernel.push.displayed()
    kernel.wait(lambda: len(kernel.read) >= 2)
    assert sends_nothing_more(kernel)
    assert list(kernel.resources) == ["manifest.json"], "a resource that does not fit is not begun"


def test_what_cannot_be_read_is_left_out(kernel):
    kernel.shown = lambda changed: (1, ["var/gone.values.f32", "manifest.json"])
    kernel.push.displayed()
    kernel.wait(lambda: kernel.resources == {"manifest.json": b"{}"})


def test_a_widget_that_is_closed_sends_nothing(kernel):
    kernel.push.displayed()
    kernel.push.close()
    kernel.push.changed("columns")
    assert sends_nothing_more(kernel)
