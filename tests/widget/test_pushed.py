"""What a widget sends unasked where none of its pages is heard."""

import http.client
import threading
from functools import partial

import pytest

from cellucid import CellucidWidget
from cellucid.channel import conversation
from cellucid.channel.push import Push

PAGE = {"kind": "event", "page": "p1", "payload": {}}


class Sent:
    """The resources that a widget has sent unasked."""

    def __init__(self, widget, monkeypatch):
        self.resources = {}
        send = widget._talk.carrier._send

        def keep(content, buffers):
            if content.get("command") == "piece":
                self.resources[content["payload"]["path"]] = bytes(buffers[0])
            send(content, buffers)

        monkeypatch.setattr(widget._talk.carrier, "_send", keep)

    def wait(self, *paths):
        for _ in range(1000):
            if set(paths) <= self.resources.keys():
                return
            threading.Event().wait(0.01)
        raise AssertionError(f"only {list(self.resources)} was sent")

    def settled(self):
        threading.Event().wait(0.2)
        return list(self.resources)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(conversation, "Push", partial(Push, patience=0.02))


def says(widget, event, seq=1, **payload):
    widget._handle_custom_msg({**PAGE, "seq": seq, "event": event, "payload": payload}, [])


def test_manifest_positions_colours_and_what_filters_hide_are_sent(cube, monkeypatch):
    widget = CellucidWidget(cube, color_by="leiden", filters={"gene:MS4A1": {"min": 1}, "score": {"max": 5}})
    try:
        sent = Sent(widget, monkeypatch)
        widget._repr_mimebundle_()
        paths = [
            "manifest.json",
            "embeddings/X_umap.f32",
            "obs/leiden.codes.u8",
            "var/MS4A1.values.f32",
            "obs/score.values.f32",
        ]
        sent.wait(*paths)
        assert list(sent.resources) == paths
        assert all(sent.resources[path] == bytes(widget._dataset.read(path).data) for path in paths)
    finally:
        widget.close()


def test_chosen_components_and_a_layer_are_sent_by_their_own_paths(cube, monkeypatch):
    widget = CellucidWidget(cube, embedding="X_umap_3d", components="1,3", color_by="gene:CD3E", layer="double")
    try:
        sent = Sent(widget, monkeypatch)
        widget._repr_mimebundle_()
        key = "X_umap_3d%3A1%2C3"
        sent.wait(f"embeddings/{key}.json", f"embeddings/{key}.f32", "layers/double/var/CD3E.values.f32")
    finally:
        widget.close()


def test_a_page_that_was_heard_asks_for_itself(shown, monkeypatch):
    sent = Sent(shown, monkeypatch)
    shown._repr_mimebundle_()
    request = {"kind": "request", "page": "p1", "id": 1, "method": "read"}
    shown._handle_custom_msg({**request, "params": {"path": "manifest.json", "offset": 0, "length": 10}}, [])
    assert sent.settled() == []


def test_what_python_changes_while_nobody_is_heard_is_sent_too(shown, monkeypatch):
    sent = Sent(shown, monkeypatch)
    shown._repr_mimebundle_()
    says(shown, "ready", n_cells=10, dimensions=2)
    shown.color_by = "leiden"
    sent.wait("obs/leiden.codes.u8")
    shown.embedding = "X_umap_3d"
    sent.wait("embeddings/X_umap_3d.f32")
    assert sent.settled() == ["obs/leiden.codes.u8", "embeddings/X_umap_3d.f32"]


def test_what_a_page_has_set_itself_is_not_sent_to_it(shown, monkeypatch):
    sent = Sent(shown, monkeypatch)
    shown._repr_mimebundle_()
    says(shown, "ready", n_cells=10, dimensions=2)
    says(shown, "traits", 2, values={"color_by": "leiden"}, camera_of=None)
    assert shown.color_by == "leiden"
    assert sent.settled() == []


def test_pages_that_read_by_http_get_nothing_unasked(shown, monkeypatch):
    sent = Sent(shown, monkeypatch)
    shown._repr_mimebundle_()
    says(shown, "transport", name="direct", base="http://127.0.0.1:1/", reason=None)
    shown.color_by = "leiden"
    assert sent.settled() == []


def test_a_page_that_reads_by_http_is_known_before_it_speaks(shown, monkeypatch):
    sent = Sent(shown, monkeypatch)
    monkeypatch.setattr(shown._talk.push, "_patience", 1.0)
    shown._repr_mimebundle_()
    boot = shown._boot
    connection = http.client.HTTPConnection("127.0.0.1", boot["port"], timeout=10)
    connection.request("GET", boot["path"] + "manifest.json", headers={"X-Cellucid-Token": boot["token"]})
    assert connection.getresponse().status == 200
    connection.close()
    threading.Event().wait(1.0)
    assert sent.settled() == []


def test_nobody_is_sent_anything_once_the_last_page_has_gone(shown, monkeypatch):
    sent = Sent(shown, monkeypatch)
    shown._repr_mimebundle_()
    says(shown, "ready", n_cells=10, dimensions=2)
    says(shown, "closed", 2)
    shown.color_by = "leiden"
    assert sent.settled() == []
