"""What lives how long: a widget that is closed frees everything, one that is shown stays."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest
import traitlets
from ipywidgets import IntSlider
from ipywidgets.widgets.widget import _instances

from cellucid import CellucidWidget
from cellucid.channel.selection import EncodedCells
from cellucid.server import data_server


def lasso(widget, positions, seq):
    cells = EncodedCells.of(np.array(positions, dtype=np.uint32), widget.n_cells)
    payload = {"source": "lasso", "encoding": cells.encoding, "count": cells.count}
    content = {"kind": "event", "page": "p1", "seq": seq, "event": "selection", "payload": payload}
    widget._handle_custom_msg(content, [memoryview(cells.data)])


def used(data):
    """A widget that has served, selected, called hooks and observers, been linked and been waited for."""
    widget = CellucidWidget(data, color_by="leiden")
    called = threading.Event()
    widget.on_selection(lambda event: (event["names"], called.set()))
    widget.observe(lambda change: change.new, "selection")
    slider = IntSlider()
    link = traitlets.dlink((widget, "selection"), (slider, "value"), len)
    lasso(widget, [1, 2], 1)
    assert called.wait(10)
    lasso(widget, [3], 2)
    with pytest.raises(TimeoutError):
        widget.wait_for_event("click", timeout=0.01)
    widget.highlight_cells([1])
    widget._dataset.gene("CD3E")
    link.unlink()
    slider.close()
    return widget


def gone(*references):
    deadline = time.monotonic() + 10
    while any(reference() is not None for reference in references):
        gc.collect()
        assert time.monotonic() < deadline, [gc.get_referrers(reference()) for reference in references]
        time.sleep(0.01)
    return True


def test_a_closed_widget_frees_itself_and_the_data(cube):
    data = cube.copy()
    widget = used(data)
    thread = widget._talk.dispatcher.thread_name
    n_datasets, viewer = len(data_server()._registry.listing()), widget.viewer_id
    references = [weakref.ref(thing) for thing in (widget, widget._dataset, widget._talk, data)]
    widget.close()
    assert len(data_server()._registry.listing()) == n_datasets - 1
    assert data_server()._registry.viewer(viewer) is None
    del widget, data
    assert gone(*references)
    assert thread not in [running.name for running in threading.enumerate()]


def test_a_stopped_widget_holds_no_cached_data_and_no_thread(cube):
    widget = used(cube)
    widget.stop()
    assert widget._dataset._cache.nbytes == 0
    deadline = time.monotonic() + 10
    while widget._talk.dispatcher.thread_name in [running.name for running in threading.enumerate()]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    widget.close()


def test_what_is_shown_does_not_die_because_nobody_in_python_holds_it(cube):
    heard = threading.Event()
    reference = weakref.ref(used(cube))
    gc.collect()
    widget = reference()
    assert widget is not None
    widget.on_selection(lambda event: heard.set())
    model = widget.model_id
    del widget
    gc.collect()
    lasso(reference(), [5], 3)
    assert heard.wait(10)
    assert model in _instances
    reference().close()
    assert gone(reference)


def test_a_data_set_is_let_go_of_when_another_is_shown(cube):
    widget = CellucidWidget(cube)
    old = weakref.ref(widget._dataset)
    cube.obs["more"] = 1.0
    widget.refresh()
    assert gone(old)
    widget.close()


def test_closing_twice_and_in_any_order_is_fine(cube):
    for steps in (("close", "close"), ("stop", "close", "stop"), ("close", "stop")):
        widget = CellucidWidget(cube)
        for step in steps:
            getattr(widget, step)()
        assert widget.status == "closed"


def test_a_widget_may_be_closed_in_its_own_hook(cube):
    widget, thread = CellucidWidget(cube), []
    done = threading.Event()

    @widget.on_click
    def last(event):
        thread.append(threading.current_thread().name)
        widget.close()
        done.set()

    content = {"kind": "event", "page": "p1", "seq": 1, "event": "click"}
    widget._handle_custom_msg({**content, "payload": {"cell": 0, "button": 0, "shift": False, "ctrl": False}}, [])
    assert done.wait(10)
    assert (thread, widget.status) == ([widget._talk.dispatcher.thread_name], "closed")
