"""A selection that a page has sent is kept as it came until somebody reads it."""

import queue
import threading

import numpy as np
import pytest
import traitlets

from cellucid import CellucidWidget
from cellucid.cells import Selection
from cellucid.channel.selection import EncodedCells


@pytest.fixture
def made(monkeypatch):
    """The names of the threads on which positions were made out of bitmaps."""
    threads = []
    decode = EncodedCells.positions.fget

    def spy(self):
        if self._positions is None:
            threads.append(threading.current_thread().name)
        return decode(self)

    monkeypatch.setattr(EncodedCells, "positions", property(spy))
    return threads


def lasso(widget, cells, seq=1, page="p1"):
    sent = EncodedCells.of(np.array(cells, dtype=np.uint32), widget.n_cells)
    payload = {"source": "lasso", "encoding": sent.encoding, "count": sent.count}
    content = {"kind": "event", "page": page, "seq": seq, "event": "selection", "payload": payload}
    widget._handle_custom_msg(content, [memoryview(sent.data)])


HALF = list(range(0, 700, 2))


def test_nothing_is_made_of_a_selection_that_nobody_reads(widget, made):
    lasso(widget, HALF)
    lasso(widget, HALF, seq=2)  # the same once more
    assert made == []
    assert widget.selection.tolist() == HALF
    assert isinstance(widget.selection, Selection)
    assert made == [threading.current_thread().name], "made once, by who reads first"


def test_a_hook_makes_the_positions_on_its_own_thread(widget, made):
    heard = queue.Queue()
    widget.on_selection(lambda event: heard.put((event["cells"], list(event["names"]))))
    lasso(widget, HALF)
    cells, names = heard.get(timeout=10)
    assert cells == HALF
    assert names == [widget._dataset.cell_names[cell] for cell in HALF]
    assert [name.startswith("cellucid-hooks-") for name in made] == [True]


def test_observers_get_selections(widget):
    changes = []
    widget.observe(changes.append, "selection")
    lasso(widget, HALF)
    lasso(widget, [1], seq=2)
    assert [type(change[key]) for change in changes for key in ("old", "new")] == [Selection] * 4
    assert [(change.old.tolist(), change.new.tolist()) for change in changes] == [([], HALF), (HALF, [1])]


def test_setting_what_a_page_has_sent_is_no_change(widget):
    lasso(widget, HALF)
    changes = []
    widget.observe(changes.append, "selection")
    widget.selection = HALF
    assert changes == []
    widget.selection = [3]
    assert changes[0]["old"].tolist() == HALF


def test_a_link_takes_what_a_page_has_sent_to_another_widget(widget, adata):
    other = CellucidWidget(adata)
    try:
        traitlets.link((widget, "selection"), (other, "selection"))
        lasso(widget, HALF)
        assert other.selection == widget.selection
        lasso(other, [7])
        assert widget.selection.tolist() == [7]
    finally:
        other.close()


def test_notifications_that_are_held_tell_the_last_selection_once(widget):
    changes = []
    widget.observe(changes.append, "selection")
    with widget.hold_trait_notifications():
        lasso(widget, HALF)
        lasso(widget, [5], seq=2)
    assert [(change["old"].tolist(), change["new"].tolist()) for change in changes] == [([], [5])]
