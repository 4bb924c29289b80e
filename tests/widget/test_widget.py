"""The widget's traits and members, without a browser."""

import inspect
import json
import re
import sys
import threading
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import traitlets
from ipywidgets import Dropdown, IntText, Layout
from ipywidgets.widgets.widget import _instances

from cellucid import CellucidWidget, open_dataset
from cellucid.widget.host import MIRRORED
from pages import page_sets


def test_it_starts_with_what_the_data_have(widget, adata):
    assert (widget.embedding, widget.embeddings, widget.n_cells) == ("X_umap", ["X_umap", "X_pca"], 700)
    assert (widget.color_by, widget.layer, widget.point_size, widget.height) == ("louvain", None, 1.0, 520)
    assert (widget.ready, widget.status, widget.errors) == (False, "not shown", [])
    assert len(widget.selection) == 0
    assert repr(widget) == "CellucidWidget(700 cells, 'X_umap', color_by='louvain', not shown)"


def test_it_takes_a_dataset_and_ipywidgets_layout(adata):
    widget = CellucidWidget(open_dataset(adata), layout=Layout(width="50%"), height=300, point_size=2)
    assert (widget.n_cells, widget.layout.width, widget.height, widget.point_size) == (700, "50%", 300, 2.0)


@pytest.mark.parametrize(
    ("trait", "value", "says"),
    [
        ("embedding", "X_ump", "Did you mean 'X_umap'"),
        ("embedding", None, "X_umap"),
        ("embedding", 3, "X_umap"),
        ("color_by", "louvan", "'louvain'"),
        ("color_by", "cst3", "'CST3'"),
        ("color_by", "gene:louvain", "louvain"),
        ("color_by", 7, "got 7"),
        ("color_by", ["CST3"], "got ['CST3']"),
        ("layer", "counts", "'raw', 'X'"),
        ("layer", 0, "'raw', 'X'"),
        ("point_size", 0, "0.05 to 20"),
        ("point_size", float("nan"), "got nan"),
        ("point_size", "2", "got '2'"),
        ("point_size", True, "got True"),
        ("height", 10, "160 to 4000"),
        ("height", 300.5, "got 300.5"),
        ("height", True, "got True"),
        ("selection", [700], "700"),
        ("selection", [-1], "-1"),
        ("selection", [0.5], "float"),
        ("selection", ["AAACATACAACCAC-1"], "AAACATACAACCAC-1"),
        ("selection", np.zeros(3, dtype=bool), "700"),
        ("selection", "no_such_column > 3", "no_such_column"),
        ("selection", object(), "object"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_nothing_changes(widget, trait, value, says):
    before = getattr(widget, trait)
    with pytest.raises(traitlets.TraitError) as refusal:
        setattr(widget, trait, value)
    assert trait in str(refusal.value)
    assert says in str(refusal.value)
    assert getattr(widget, trait) is before or getattr(widget, trait) == before


@pytest.mark.parametrize("trait", ["embeddings", "n_cells", "ready", "status", "errors", "viewer_id"])
def test_what_python_only_reads_cannot_be_set(widget, trait):
    with pytest.raises(traitlets.TraitError, match="read-only"):
        setattr(widget, trait, getattr(widget, trait))


@pytest.mark.parametrize("name", ["bulk_labels", "CST3", "obs:louvain", "gene:CST3", None])
def test_every_spelling_of_a_field_is_accepted(widget, name):
    widget.color_by = name
    assert widget.color_by == name


def test_numpys_numbers_are_numbers(widget):
    widget.point_size = np.float32(0.5)
    widget.height = np.int64(300)
    assert (type(widget.point_size), type(widget.height)) == (float, int)


def test_everything_that_names_cells_selects_them(widget, adata):
    mask = (adata.obs["louvain"] == "3").to_numpy()
    expected = np.flatnonzero(mask)
    for what in (expected, expected[::-1], mask, list(mask), adata.obs_names[mask], list(adata.obs_names[mask])):
        widget.selection = None
        widget.selection = what
        np.testing.assert_array_equal(widget.selection, expected)
    assert len(widget.select("louvain == '3'")) == len(expected)
    assert list(widget.selected_names) == list(adata.obs_names[mask])
    np.testing.assert_array_equal(widget.selection_mask, mask)
    assert widget.selected.is_view
    assert list(widget.selected.obs_names) == list(adata.obs_names[mask])


def test_a_selection_cannot_be_changed_in_place(widget):
    widget.selection = [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        widget.selection[0] = 5


def test_a_selection_is_one_notification_and_an_equal_one_is_none(widget):
    changes = []
    widget.observe(changes.append, "selection")
    widget.selection = [5, 1]
    widget.selection = [1, 5]
    widget.selection = np.array([1, 5, 5])
    assert len(changes) == 1


def test_selections_link_between_widgets_and_to_ipywidgets(widget, adata):
    other, count = CellucidWidget(adata), IntText()
    traitlets.link((widget, "selection"), (other, "selection"))
    traitlets.dlink((other, "selection"), (count, "value"), len)
    widget.selection = [1, 2, 3]
    assert (other.selection.tolist(), count.value) == ([1, 2, 3], 3)
    other.selection = []
    assert (len(widget.selection), count.value) == (0, 0)


def test_unknown_arguments_are_refused(adata):
    with pytest.raises(TypeError, match="colour_by"):
        CellucidWidget(adata, colour_by="louvain")


def make(n_obs=5, **slots):
    return ad.AnnData(np.ones((n_obs, 2), dtype=np.float32), **slots)


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (make(), ValueError, "obsm"),
        (make(obsm={"flags": np.zeros((5, 2), dtype=bool)}), ValueError, "flags"),
        (make(0, obsm={"X_umap": np.zeros((0, 2))}), ValueError, "cells"),
        (make(obsm={"X_umap": np.full((5, 2), np.nan)}), ValueError, "X_umap"),
        ("data.h5ad", ValueError, "there is no file"),
        (np.zeros((3, 2)), TypeError, "ndarray"),
        (None, TypeError, "NoneType"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_anything_is_made(data, error, says):
    before = set(_instances)
    with pytest.raises(error) as refusal:
        CellucidWidget(data)
    assert says in str(refusal.value)
    assert set(_instances) == before


def test_duplicate_names_are_told_once_and_do_not_stop_the_widget():
    data = make(obsm={"X_umap": np.zeros((5, 2))})
    data.obs_names = ["a", "a", "b", "c", "d"]
    with pytest.warns(UserWarning, match="'a'"):
        widget = CellucidWidget(data)
    with pytest.raises(traitlets.TraitError, match="'a'"):
        widget.selection = ["a"]
    widget.selection = [0]
    assert list(widget.selected_names) == ["a"]


def test_the_user_s_data_stay_as_they_are(adata):
    before = (adata.X.copy(), adata.obs.copy(), {key: value.copy() for key, value in adata.obsm.items()})
    widget = CellucidWidget(adata, color_by="CST3")
    for path in ("manifest.json", "var/CST3.values.f32", "embeddings/X_umap.f32"):
        widget._dataset.read(path)
    widget.selection = "n_genes > 500"
    widget.close()
    np.testing.assert_array_equal(adata.X, before[0])
    assert adata.obs.equals(before[1])
    assert all(np.array_equal(adata.obsm[key], value) for key, value in before[2].items())
    assert not adata.is_view


def test_a_page_may_set_its_own_traits_and_no_others(widget):
    page_sets(widget, {"color_by": "CST3", "n_cells": 3, "ready": True, "viewer_id": "x", "errors": [{}]})
    assert (widget.color_by, widget.n_cells, widget.ready, widget.errors) == ("CST3", 700, False, [])
    assert widget.viewer_id != "x"


def test_a_bad_value_from_a_page_is_reported_and_does_not_raise(widget):
    page_sets(widget, {"color_by": "no such gene"})
    assert widget.color_by == "louvain"
    assert "no such gene" in widget.errors[-1]["message"]


def test_hooks_are_registered_by_decorator_and_by_name(widget):
    seen, done = [], threading.Event()

    @widget.on_selection
    def first(event):
        seen.append(event["cells"])
        done.set()

    assert first.__name__ == "first"
    widget.selection = [4]
    assert done.wait(10)
    assert seen == [[4]]
    assert widget.unregister_hook("selection", first)
    assert not widget.unregister_hook("selection", first)
    widget.register_hook("selection", first)
    widget.clear_hooks("selection")
    widget.clear_hooks()
    assert not widget.unregister_hook("selection", first)


def test_a_hook_may_set_traits_and_close_the_widget(widget):
    done = threading.Event()

    @widget.on_selection
    def react(event):
        widget.color_by = "CST3"
        widget.close()
        done.set()

    widget.selection = [1]
    assert done.wait(10)
    assert (widget.color_by, widget.status) == ("CST3", "closed")


def test_closing_twice_ends_well_and_ends_the_hook_thread(widget):
    widget.on_selection(lambda event: None)
    widget.selection = [1]
    widget.close()
    widget.close()
    assert (widget.status, widget.ready) == ("closed", False)
    assert widget.n_cells == 700


def test_what_a_linked_widget_refuses_is_reported_and_the_page_keeps_its_choice(widget):
    menu = Dropdown(options=["louvain", "bulk_labels"])
    traitlets.link((widget, "color_by"), (menu, "value"))
    page_sets(widget, {"color_by": "CST3"})
    assert widget.color_by == "CST3"
    assert widget.errors[-1]["source"] == "observer"
    assert "Invalid selection" in widget.errors[-1]["message"]


def test_what_an_observer_raises_while_a_page_sets_a_trait_is_reported(widget):
    def broken(change):
        raise ZeroDivisionError("observer's bug")

    widget.observe(broken, "height")
    page_sets(widget, {"height": 300})
    assert (widget.height, widget.errors[-1]["source"]) == (300, "observer")
    assert "observer's bug" in widget.errors[-1]["message"]


def test_a_page_cannot_bring_a_front_end_of_its_own(widget):
    before = widget._esm, widget._view_module
    widget.set_state({"_esm": "alert(1)", "_view_module": "evil"})
    assert (widget._esm, widget._view_module) == before


def test_the_user_s_layout_is_left_alone(adata):
    shared = Layout(border="1px solid")
    assert CellucidWidget(adata, layout=shared).layout is shared
    assert shared.width is None
    assert CellucidWidget(adata, layout={"margin": "4px"}).layout.width == "100%"


def test_two_widgets_whose_observers_set_each_other_do_not_lock_each_other_out(adata):
    first, second = CellucidWidget(adata), CellucidWidget(adata)
    first.observe(lambda change: second.select(change.new), "selection")
    second.observe(lambda change: first.select(change.new), "selection")

    def drive(widget, offset):
        for cell in range(offset, offset + 300):
            widget.selection = [cell]

    threads = [threading.Thread(target=drive, args=args, daemon=True) for args in ((first, 0), (second, 300))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert first.selection == second.selection


def test_the_last_notification_has_the_last_value_whoever_writes(widget):
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(30):
            told = []
            widget.observe(lambda change, told=told: told.append(change.new), "height")
            threads = [
                threading.Thread(target=lambda low=low: [setattr(widget, "height", low + n) for n in range(20)])
                for low in (200, 300)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert told[-1] == widget.height
            widget.unobserve_all("height")
    finally:
        sys.setswitchinterval(switching)


def test_no_notification_is_lost_between_threads(widget):
    # ipywidgets swaps notify_change on the instance while it applies a page's state; see `_notify_trait`.
    heights = []
    widget.observe(lambda change: heights.append(change.new), "height")
    stop = threading.Event()

    def page():
        size = 0
        while not stop.is_set():
            size += 1
            page_sets(widget, {"point_size": 1 + size % 5})

    thread = threading.Thread(target=page)
    thread.start()
    wanted = [200 + n % 2 for n in range(2000)]
    for height in wanted:
        widget.height = height
    stop.set()
    thread.join()
    assert heights == wanted


def test_the_opening_state_is_small_besides_the_bundle(widget):
    state = {key: value for key, value in widget.get_state().items() if key != "_esm"}
    assert len(json.dumps(state, default=str)) < 20_000
    assert "selection" not in state


def test_every_public_member_is_documented():
    own = {name: member for name, member in vars(CellucidWidget).items() if not name.startswith("_")}
    undocumented = [
        name
        for name, member in own.items()
        if not isinstance(member, (traitlets.TraitType, traitlets.EventHandler)) and not inspect.getdoc(member)
    ]
    assert undocumented == []


def test_the_viewer_and_python_mirror_the_same_traits():
    source = Path(__file__).parents[2] / "js" / "src" / "host" / "traits.ts"
    mirrored = set(re.findall(r'\["(\w+)", store\.', source.read_text(encoding="utf-8")))
    # The camera is mirrored in a way of its own.
    assert mirrored | {"camera"} == set(MIRRORED)
    assert set(MIRRORED) <= set(CellucidWidget.class_trait_names(sync=True))


def test_what_travels_when_a_widget_opens_is_small_besides_the_viewer(adata):
    data = adata.copy()
    for number in range(60):
        data.obs[f"column {number}"] = data.obs["louvain"]
    widget = CellucidWidget(data, color_by="louvain", filters={"louvain": {"hide": ["1"]}})
    state = {name: value for name, value in widget.get_state().items() if name not in ("_esm", "_css")}
    assert len(json.dumps(state)) < 20_000
    widget.close()
