"""Looking again at data that have changed under the widget."""

import threading

import anndata as ad
import numpy as np
import pytest

from cellucid import CellucidWidget
from cellucid.channel.selection import EncodedCells


def test_new_columns_and_other_clusters_are_there(shown, cube):
    cube.obs["fresh"] = np.arange(10.0)
    cube.obs["leiden"] = [f"c{n % 4}" for n in range(10)]
    shown.refresh()
    shown.color_by = "fresh"
    shown.filters = {"leiden": {"hide": ["c3"]}}
    assert shown.n_visible == 8
    assert shown._version == 1


def test_selection_and_marks_follow_their_cells_by_name(cube):
    whole = cube.copy()
    widget = CellucidWidget(cube)
    widget.select(["cell-2", "cell-8"])
    widget.highlight_cells(["cell-8", "cell-9"])
    widget.set_visibility(["cell-1"], False)
    widget.camera = {"zoom": 3, "center": [0.5, 0.5]}
    order = [9, 8, 1, 0]
    cube._inplace_subset_obs(order)
    with pytest.warns(UserWarning, match="1 selected cells"):
        widget.refresh()
    assert widget.n_cells == 4
    assert widget.selected_names.tolist() == ["cell-8"]
    [(_, group)] = widget._marks.highlights
    assert whole.obs_names[order][group].tolist() == ["cell-9", "cell-8"]
    assert widget.n_visible == 3
    assert widget.camera == {"zoom": 3.0, "center": [0.5, 0.5]}


def test_a_camera_on_all_cells_stays_on_all_cells(shown, cube):
    cube.obsm["X_umap"] = cube.obsm["X_umap"] + 100
    shown.refresh()
    assert min(shown.camera["center"]) > 90


def test_what_has_gone_is_dropped_with_one_warning(cube):
    widget = CellucidWidget(cube, embedding="X_umap_3d", color_by="score", layer="double")
    widget.filters = {"score": {"min": 3}, "leiden": {"hide": ["0"]}}
    del cube.obs["score"], cube.layers["double"], cube.obsm["X_umap_3d"]
    with pytest.warns(UserWarning, match="no longer in the data") as warned:
        widget.refresh()
    [message] = [str(warning.message) for warning in warned]
    for gone in ("color_by 'score'", "layer 'double'", "'X_umap_3d'", "filter on 'score'"):
        assert gone in message
    assert (widget.embedding, widget.dimension, widget.color_by, widget.layer) == ("X_umap", 2, None, None)
    assert widget.filters == {"leiden": {"hide": ["0"]}}
    assert widget.n_visible == 6


def test_data_that_can_no_longer_be_shown_leave_the_widget_as_it_was(shown, cube):
    shown.select([3])
    for key in list(cube.obsm):
        del cube.obsm[key]
    with pytest.raises(ValueError, match="obsm"):
        shown.refresh()
    assert (shown.embedding, shown.selection.tolist(), shown._version) == ("X_umap", [3], 0)


def test_cells_whose_names_repeat_are_matched_by_position(cube):
    cube.obs_names = ["same"] * 10
    with pytest.warns(UserWarning, match="not unique"):
        widget = CellucidWidget(cube)
    widget.select([3])
    cube.obs["fresh"] = 1.0
    with pytest.warns(UserWarning, match="not unique"):
        widget.refresh()
    assert widget.selection.tolist() == [3]


def test_pages_hear_of_the_cells_before_the_version_and_of_the_selection_after_it(shown, cube):
    told = []
    shown.send_state = lambda key=None: told.append(key)
    shown._talk.carrier._send = lambda content, buffers: told.append(content["command"])
    shown.select([1, 2])
    told.clear()
    cube._inplace_subset_obs([2, 1, 0])
    shown.refresh()
    assert told.index("n_cells") < told.index("_version") < told.index("selection")


def lasso(widget, positions, page, seq):
    """A gesture of a page, as it arrives."""
    bits = np.packbits(np.isin(np.arange(10), positions), bitorder="little").tobytes()
    payload = {"source": "lasso", "encoding": "bitmap", "count": len(positions)}
    message = {"kind": "event", "page": page, "seq": seq, "event": "selection", "payload": payload}
    widget._handle_custom_msg(message, [memoryview(bits)])


def test_a_gesture_on_the_old_picture_is_not_taken_for_the_new_cells(shown, cube):
    lasso(shown, [0, 1], "old", 1)
    assert shown.selected_names.tolist() == ["cell-0", "cell-1"]
    cube._inplace_subset_obs(np.arange(10)[::-1])
    shown.refresh()
    assert shown.selected_names.tolist() == ["cell-1", "cell-0"]
    lasso(shown, [0], "old", 2)  # was drawn while the cell ran that has reordered the cells
    assert shown.selected_names.tolist() == ["cell-1", "cell-0"]
    lasso(shown, [0], "new", 1)
    assert shown.selected_names.tolist() == ["cell-9"]


def test_names_in_an_event_are_of_the_cells_that_were_selected(shown, cube):
    heard, seen = [], threading.Event()
    first = threading.Event()

    @shown.on_selection
    def slow(event):
        first.wait(10)
        heard.append(list(event["names"]))
        seen.set()

    shown.select([0, 1])
    cube._inplace_subset_obs(np.arange(10)[::-1])
    shown.refresh()
    first.set()
    assert seen.wait(10)
    assert heard[0] == ["cell-0", "cell-1"]


def test_a_pointer_that_rested_on_a_cell_that_has_gone_is_no_error(shown, cube):
    assert shown._boot
    cube._inplace_subset_obs([0, 1, 2])
    shown.refresh()
    shown.set_state({"hovered": 9, "_boot": {}})
    assert (shown.hovered, shown._boot, shown.errors) == (None, {}, [])


@pytest.mark.parametrize("keep", [range(8), range(10)])
def test_a_page_that_starts_after_a_refresh_gets_the_selection_of_as_many_cells(cube, keep):
    data = ad.concat([cube, cube[:6]], index_unique="-", merge="first")  # 16 cells: the bitmap's length tells
    data.obsm["X_umap"] = np.zeros((16, 2), dtype=np.float32)
    widget = CellucidWidget(data)
    widget.select(range(0, 8))
    data._inplace_subset_obs(list(keep))
    widget.refresh()
    payload, sent = widget._talk.publisher.selection_payload()
    assert (payload["n_cells"], payload["count"]) == (len(keep), 8)
    cells = EncodedCells.received(payload["encoding"], sent, payload["count"], len(keep))
    assert cells.positions.tolist() == list(range(8))
    widget.close()


def test_a_refresh_waits_for_who_holds_the_data(shown, cube):
    done = threading.Event()
    with shown.lock:
        thread = threading.Thread(target=lambda: (shown.refresh(), done.set()))
        thread.start()
        assert not done.wait(0.05)
        cube.obs["fresh"] = 1.0
    thread.join(20)
    assert done.is_set()
    assert "fresh" in [field.key for field in shown._dataset.fields]
