"""What a widget sends to the browser before it has been asked anything: the messages that open its comms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import comm
import sample
from comm.base_comm import BaseComm
from table import Row

from cellucid import CellucidWidget

BUNDLE = ("_esm", "_css")


@dataclass
class Sent:
    """What went over the comms, counted."""

    messages: int = 0
    json: int = 0
    bundle: int = 0
    buffers: int = 0

    def add(self, data: dict[str, Any], buffers: list[Any]) -> None:
        self.messages += 1
        state = dict(data.get("state", {}))
        self.bundle += sum(len(state.pop(name, "").encode()) for name in BUNDLE)
        self.json += len(json.dumps({**data, "state": state}).encode())
        self.buffers += sum(memoryview(buffer).nbytes for buffer in buffers)


@contextmanager
def recorded() -> Iterator[Sent]:
    """Widgets made meanwhile open their comms to nobody; what they send is counted."""
    sent = Sent()

    class RecordingComm(BaseComm):
        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
        ) -> None:
            sent.add(data or {}, buffers or [])

    with patch.object(comm, "create_comm", RecordingComm):
        yield sent


def run(quick: bool) -> Iterator[Row]:
    """The opening of one widget with all cells, coloured by a categorical column."""
    n_cells = 2_000 if quick else 200_000
    mine = opening(lambda: CellucidWidget(sample.plot_cells(n_cells), color_by=sample.FIELDS[0]))
    theirs, why = peer_opening(n_cells)
    for unit, key, what in (
        ("count", "messages", f"comm messages until a widget of {n_cells:,} cells is open"),
        ("bytes", "json", "their JSON without the bundle"),
        ("bytes", "buffers", "their buffers"),
        ("bytes", "bundle", "bundle: JavaScript and CSS, as sent with each widget"),
    ):
        peer = [] if theirs is None else [float(getattr(theirs, key))]
        note = why or ("cellucid opens without data; the page then asks for what it draws." if key == "buffers" else "")
        yield Row("opening", what, unit, "jupyter-scatter", [float(getattr(mine, key))], peer, note)


def opening(make: Callable[[], object]) -> Sent:
    """What making a widget sends."""
    with recorded() as sent:
        widget = make()
        now = replace(sent)  # without the closing of a widget that nobody holds any more
    del widget
    return now


def peer_opening(n_cells: int) -> tuple[Sent | None, str]:
    """The same for jupyter-scatter, or why not."""
    try:
        import jscatter
    except ImportError:
        return None, "jupyter-scatter is not installed: `make bench` installs it."
    frame = sample.plot_frame(n_cells)
    return opening(lambda: jscatter.Scatter(data=frame, x="x", y="y", color_by=sample.FIELDS[0]).show()), ""
