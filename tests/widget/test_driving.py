"""What Python tells the viewer: selections, marks, commands, before there is a viewer and after the end."""

import http.client
import json
import re
import warnings

import numpy as np
import pytest
import traitlets

from cellucid import CellucidWidget
from cellucid.server import data_server


@pytest.fixture
def sent(shown):
    """What the widget sends as messages, oldest first."""
    messages = []
    shown._talk.carrier._send = lambda content, buffers: messages.append(content)
    return messages


def page_is_ready(widget, page="p1", seq=1):
    payload = {"n_cells": widget.n_cells, "dimensions": 2}
    message = {"kind": "event", "page": page, "seq": seq, "event": "ready", "payload": payload}
    widget._handle_custom_msg(message, [])


def commands(sent, name):
    return [message["payload"] for message in sent if message.get("command") == name]


def test_selections_are_cleared_and_inverted(shown):
    shown.select([1, 2])
    assert shown.invert_selection().tolist() == [0, 3, 4, 5, 6, 7, 8, 9]
    shown.clear_selection()
    assert len(shown.selection) == 0
    assert len(shown.invert_selection()) == 10


@pytest.mark.parametrize(
    "cells",
    [[1, 3], np.array([3, 1]), ["cell-1", "cell-3"], "score == 1 or index == 'cell-3'", np.isin(range(10), [1, 3])],
)
def test_everything_that_names_cells_can_be_highlighted_and_hidden(shown, cells):
    shown.highlight_cells(cells)
    [(color, group)] = shown._marks.highlights
    assert (color, group.tolist()) == ("#ff0000", [1, 3])
    shown.set_visibility(cells, False)
    assert shown.n_visible == 8
    shown.set_visibility(cells)
    assert shown.n_visible == 10
    shown.clear_highlights()
    assert shown._marks.highlights == ()


@pytest.mark.parametrize(
    ("drive", "says"),
    [
        (lambda w: w.highlight_cells([10]), "10"),
        (lambda w: w.highlight_cells(["nobody"]), "nobody"),
        (lambda w: w.highlight_cells([1], "#ff"), "'#ff' is not a colour"),
        (lambda w: w.highlight_cells([1], 7), "7 is not a colour"),
        (lambda w: w.highlight_cells([1], None), "None is not a colour"),
        (lambda w: w.highlight_cells([0.5]), "float"),
        (lambda w: w.set_visibility([-1], False), "-1"),
        (lambda w: w.zoom_to([]), "cannot zoom to no cells"),
        (lambda w: w.zoom_to("scor > 1"), "scor"),
        (lambda w: w.send_message({"x": float("nan")}), "message['x'] is nan"),
        (lambda w: w.send_message({"type": "highlight", "cells": [99]}), "99"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_sent(shown, sent, drive, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        drive(shown)
    assert sent == []


def test_an_unknown_field_is_refused_as_the_trait_does(shown):
    with pytest.raises(traitlets.TraitError, match="leiden"):
        shown.set_color_by("leidn")
    shown.set_color_by("leiden")
    assert shown.color_by == "leiden"


def test_a_zoom_to_cells_without_a_place_says_so(cube):
    cube.obsm["X_umap"][3] = np.nan
    widget = CellucidWidget(cube)
    with pytest.raises(ValueError, match="without a place in 'X_umap'"):
        widget.zoom_to([3])
    widget.zoom_to([3, 4])


def test_commands_before_the_display_come_when_the_viewer_is_there(shown, sent, cube):
    shown.zoom_to([1, 2])
    shown.reset_view()
    shown.send_message({"type": "mine", "values": np.arange(3)})
    assert [message for message in sent if message.get("command") != "marks"] == []
    page_is_ready(shown)
    assert [message["command"] for message in sent if "command" in message] == ["zoom_to", "reset_view", "message"]
    places = cube.obsm["X_umap"][[1, 2]]
    [box] = commands(sent, "zoom_to")
    assert box["embedding"] == "X_umap"
    np.testing.assert_allclose([box["min"], box["max"]], [places.min(axis=0), places.max(axis=0)])
    assert commands(sent, "message") == [{"message": {"type": "mine", "values": [0, 1, 2]}}]
    json.dumps(sent)


def test_cellucids_messages_do_what_the_methods_do(shown, sent):
    page_is_ready(shown)
    shown.camera = {"zoom": 4}
    shown.send_message({"type": "highlight", "cells": np.array([1, 2]), "color": "#00ff00"})
    assert [(color, group.tolist()) for color, group in shown._marks.highlights] == [("#00ff00", [1, 2])]
    shown.send_message({"type": "setVisibility", "cells": [5], "visible": False})
    assert shown.n_visible == 9
    shown.send_message({"type": "setVisibility", "cells": None, "visible": True})
    assert shown.n_visible == 10
    shown.send_message({"type": "setColorBy", "field": "score"})
    assert shown.color_by == "score"
    shown.send_message({"type": "clearHighlights"})
    assert shown._marks.highlights == ()
    shown.send_message({"type": "resetCamera"})
    assert shown.camera["zoom"] == 1
    assert commands(sent, "message") == []
    with pytest.raises(TypeError, match="a message is a dict, got str"):
        shown.send_message("hello")


def test_reset_view_shows_all_also_without_a_viewer(shown):
    shown.camera = {"zoom": 9}
    shown.reset_view()
    assert shown.camera["zoom"] == 1


@pytest.mark.parametrize("end", ["stop", "close"])
def test_after_the_end_commands_say_so_and_reading_goes_on(shown, end):
    shown.select([1, 2])
    getattr(shown, end)()
    getattr(shown, end)()
    for drive in (
        lambda: shown.highlight_cells([1]),
        shown.clear_highlights,
        shown.set_visibility,
        shown.reset_view,
        shown.refresh,
        shown.display,
        lambda: shown.zoom_to([1]),
        lambda: shown.set_color_by("leiden"),
        lambda: shown.send_message({}),
        lambda: shown.load(shown.to_state()),
    ):
        with pytest.raises(RuntimeError, match="make a new one"):
            drive()
    assert shown.selected_names.tolist() == ["cell-1", "cell-2"]
    assert shown.to_state()["dataset"]["n_cells"] == 10
    shown.close()
    assert shown.status == "closed"


def test_a_stopped_widget_keeps_its_comm_and_a_closed_one_does_not(shown):
    shown.stop()
    assert shown.status == "stopped"
    assert shown.comm is not None
    shown.close()
    assert shown.comm is None


def test_a_hook_for_the_pointer_gets_the_place_of_the_cell(shown, cube):
    import threading

    heard, done = [], threading.Event()
    begun = threading.Event()

    @shown.on_hover
    def hook(event):
        heard.append((event["cell"], event["position"], shown.hovered))
        begun.set()
        if event["cell"] is None:
            done.set()

    for cell in (3, None):
        message = {"kind": "event", "page": "p1", "seq": 0, "event": "hover", "payload": {"cell": cell}}
        shown._handle_custom_msg(message, [])
        assert begun.wait(10)  # of hovers that wait together only the latest counts
    assert done.wait(10)
    x, y = cube.obsm["X_umap"][3].tolist()
    assert [cell for cell, *_ in heard] == [3, None]
    assert [place for _, place, _ in heard] == [{"x": x, "y": y}, None]
    assert heard[-1][2] is None


def test_outside_a_notebook_display_prints_the_address(shown, capsys):
    shown.display()
    assert capsys.readouterr().out == f"{shown.viewer_url}\n"
    assert shown.viewer_url.startswith(shown.server_url)
    assert f"viewerId={shown.viewer_id}" in shown.viewer_url


def test_the_addresses_follow_the_override_and_the_proxy(shown, monkeypatch):
    direct = shown.server_url
    assert direct.startswith("http://127.0.0.1:")
    page_is_ready(shown)
    payload = {"name": "proxy", "base": "https://hub.example.org/user/ada/proxy/4711/", "reason": None}
    message = {"kind": "event", "page": "p1", "seq": 2, "event": "transport", "payload": payload}
    shown._handle_custom_msg(message, [])
    assert (shown.transport, shown.server_url) == ("proxy", payload["base"])
    assert shown.viewer_url.startswith(payload["base"] + "?viewerId=")
    monkeypatch.setenv("CELLUCID_CLIENT_SERVER_URL", "https://lab.example.org/cells")
    assert shown.server_url == "https://lab.example.org/cells/"


def takes_a_road(widget, name, base=None, reason=None, seq=2):
    payload = {"name": name, "base": base, "reason": reason}
    message = {"kind": "event", "page": "p1", "seq": seq, "event": "transport", "payload": payload}
    widget._handle_custom_msg(message, [])


@pytest.mark.parametrize(
    ("hub", "reason", "cure"),
    [
        (
            "",
            "proxy: Jupyter has no jupyter-server-proxy there",
            "install jupyter-server-proxy in the environment that",
        ),
        ("http://10.0.0.1:8081/hub/api", "", "install jupyter-server-proxy in the environment that runs Jupyter"),
        (
            "",
            "direct: the page comes from marimo.example.org",
            "elsewhere, first run  ssh -N -L {port}:127.0.0.1:{port} ",
        ),
    ],
)
def test_an_address_that_only_the_kernels_machine_reaches_says_so_once(shown, monkeypatch, hub, reason, cure):
    monkeypatch.setenv("JUPYTERHUB_API_URL", hub)
    page_is_ready(shown)
    takes_a_road(shown, "comm", reason=reason)
    where, port = data_server().url, data_server().port
    with pytest.warns(UserWarning, match="^viewer_url") as told:
        address = shown.viewer_url
    (said,) = (str(warning.message) for warning in told)
    assert said.startswith(f"viewer_url: {where} is reached only from the machine where the kernel runs; ")
    assert cure.format(port=port) in said
    assert told[0].filename == __file__
    assert address.startswith(f"{where}?viewerId=")
    with warnings.catch_warnings(action="error"):
        assert shown.viewer_url == address
    assert said.removeprefix("viewer_url: ").rstrip(".") in repr(shown.debug_connection(timeout=0))


def test_on_a_hub_the_address_waits_for_a_page_that_finds_it(shown, monkeypatch):
    monkeypatch.setattr(data_server().counters, "proxied", None)
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://10.0.0.1:8081/hub/api")
    with pytest.warns(UserWarning, match="read it again in a later cell"):
        assert shown.viewer_url.startswith(data_server().url)
    page_is_ready(shown)
    takes_a_road(shown, "proxy", "https://hub.example.org/user/ada/proxy/4711/")
    with warnings.catch_warnings(action="error"):
        assert shown.viewer_url.startswith("https://hub.example.org/user/ada/proxy/4711/?viewerId=")


@pytest.mark.parametrize("road", ["direct", "override", None])
def test_an_address_that_a_browser_reaches_or_may_reach_comes_without_a_word(shown, monkeypatch, road):
    monkeypatch.delenv("JUPYTERHUB_API_URL", raising=False)
    page_is_ready(shown)
    if road == "direct":
        takes_a_road(shown, "direct", data_server().url)
        takes_a_road(shown, "comm", data_server().url, "the comm was quicker", seq=3)
    elif road == "override":
        monkeypatch.setenv("CELLUCID_CLIENT_SERVER_URL", "https://lab.example.org/cells")
        takes_a_road(shown, "comm", reason="the server does not answer")
    with warnings.catch_warnings(action="error"):
        assert f"viewerId={shown.viewer_id}" in shown.viewer_url
    report = shown.debug_connection(timeout=0)
    assert report["tab"] == {"base": shown.server_url, "obstacle": None}
    assert f"opens below {shown.server_url}" in repr(report)
    assert data_server().token not in repr(report) + json.dumps(report)


def test_a_proxy_is_known_by_what_it_says_when_a_page_comes_through_it(shown, monkeypatch):
    monkeypatch.setattr(data_server().counters, "proxied", None)
    direct = shown.server_url
    said = {"X-Forwarded-Prefix": "/user/ada/proxy/4711", "X-Forwarded-Proto": "https,http", "Host": "hub.example.org"}
    for token, expected in (("guess", direct), (data_server().token, "https://hub.example.org/user/ada/proxy/4711/")):
        connection = http.client.HTTPConnection("127.0.0.1", data_server().port, timeout=10)
        connection.request("GET", "/_cellucid/info", headers={**said, "X-Cellucid-Token": token})
        connection.getresponse().read()
        connection.close()
        assert shown.server_url == expected
    assert shown._host.server()["learned"] == "/user/ada/proxy/4711/"
    assert shown.viewer_url.startswith("https://hub.example.org/user/ada/proxy/4711/?viewerId=")
    page_is_ready(shown)
    message = {"kind": "event", "page": "p1", "seq": 2, "event": "transport"}
    shown._handle_custom_msg({**message, "payload": {"name": "direct", "base": direct, "reason": None}}, [])
    assert shown.server_url == direct, "a page that is there knows better"


def test_a_wrong_override_is_told_before_anything_is_shown(cube, monkeypatch):
    monkeypatch.setenv("CELLUCID_CLIENT_SERVER_URL", "ftp://x")
    with pytest.raises(ValueError, match="CELLUCID_CLIENT_SERVER_URL"):
        CellucidWidget(cube)


def test_the_boot_trait_is_emptied_by_pages_and_changed_by_none(shown):
    assert set(shown._boot) == {"port", "token", "path", "override", "learned"}
    before = dict(shown._boot)
    shown.set_state({"_boot": {"port": 1, "token": "evil", "path": "/", "override": None}})
    assert shown._boot == before
    shown.set_state({"_boot": {}})
    assert shown._boot == {}
