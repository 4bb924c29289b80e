"""What is said where a page shows the widget and the viewer never starts: when, and above all when not."""

import asyncio
import json
import time

import pytest

from cellucid.widget import explanation

SENTENCE = "install anywidget 0.11 in the environment that runs Jupyter, then reload the page."


@pytest.fixture(autouse=True)
def _short_ticks(monkeypatch):
    monkeypatch.setattr(explanation, "_TICK", 0.05)


def counts_views(widget, count):
    """What ipywidgets in a page sends when it shows the widget, or an error in its place."""
    widget._handle_msg({"content": {"data": {"method": "update", "state": {"_view_count": count}}}, "buffers": []})


def speaks(widget):
    request = {"kind": "request", "page": "p1", "id": 1, "method": "read"}
    params = {"path": "manifest.json", "offset": 0, "length": 10}
    widget._handle_custom_msg({**request, "params": params}, [])


def speaks_from_a_tab(widget, seq):
    event = {"kind": "event", "page": "p2", "seq": seq, "event": "ready", "payload": {"n_cells": 8, "dimensions": 2}}
    head = json.dumps({"messages": [{"content": event, "buffers": []}]}).encode()
    widget._talk.receive_from_tab(len(head).to_bytes(4, "little") + head, lambda page: None)


def said(widget):
    shown = widget._explanation._shown
    return shown.value or None if shown is not None else None


async def a_while(seconds=1.5):
    await asyncio.sleep(seconds)


def test_a_page_that_shows_the_widget_without_the_viewer_is_told_what_to_do(shown):
    async def run():
        shown._repr_mimebundle_()
        counts_views(shown, 1)
        assert said(shown) is None, "the viewer has some time to start"
        while said(shown) is None:
            await a_while(0.05)
        assert SENTENCE in said(shown)
        explained = shown._explanation._shown
        speaks(shown)
        assert (explained.value, explained.layout.display) == ("", "none")
        counts_views(shown, 2)
        await a_while()
        assert said(shown) is None, "it is not said once more"
        shown.close()
        assert explained.comm is None

    asyncio.run(asyncio.wait_for(run(), 30))


def test_where_no_page_shows_it_nothing_is_said(shown):
    async def run():
        shown._repr_mimebundle_()
        await a_while()
        assert said(shown) is None

    asyncio.run(run())


@pytest.mark.parametrize(
    "happens",
    [speaks, lambda widget: counts_views(widget, 0), lambda widget: widget.stop()],
    ids=["the viewer speaks", "the cell is run anew", "the widget is stopped"],
)
def test_nothing_is_said_when_meanwhile(shown, happens):
    async def run():
        shown._repr_mimebundle_()
        counts_views(shown, 1)
        await a_while(0.1)
        happens(shown)
        await a_while()
        assert said(shown) is None

    asyncio.run(run())


def test_while_the_kernel_is_busy_nothing_is_said_as_what_the_viewer_says_waits(shown):
    async def run():
        shown._repr_mimebundle_()
        counts_views(shown, 1)
        for _ in range(20):
            time.sleep(0.15)  # a cell, which blocks the loop
            await a_while(0.05)
            assert said(shown) is None
        speaks(shown)
        await a_while()
        assert said(shown) is None

    asyncio.run(run())


def test_what_a_tab_says_does_not_mend_the_cell(shown):
    async def run():
        shown._repr_mimebundle_()
        counts_views(shown, 1)
        speaks_from_a_tab(shown, 1)
        assert shown.ready
        while said(shown) is None:
            await a_while(0.05)
        speaks_from_a_tab(shown, 2)
        assert SENTENCE in said(shown)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_viewer_that_has_spoken_before_a_page_counts_keeps_silence(shown):
    async def run():
        shown._repr_mimebundle_()
        speaks(shown)
        counts_views(shown, 1)
        await a_while()
        assert said(shown) is None

    asyncio.run(run())


@pytest.mark.parametrize("count", [True, "1", None, -1, 1.5])
def test_what_is_no_count_is_left_alone(shown, count):
    async def run():
        shown._repr_mimebundle_()
        counts_views(shown, count)
        await a_while()
        assert (said(shown), shown._view_count) == (None, 0)

    asyncio.run(run())


def test_where_nobody_runs_a_loop_a_count_does_no_harm(shown):
    shown._repr_mimebundle_()
    counts_views(shown, 1)
    assert said(shown) is None
