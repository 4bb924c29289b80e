"""Another dataset of the folder, by the trait, by the menu of a page and by a state."""

import json
import threading

import numpy as np
import pytest
import traitlets
from ipywidgets import Dropdown

import cellucid
from cellucid import CellucidWidget, open_dataset, prepare
from cellucid.dataset import FolderDataset
from pages import Page, page_sets


@pytest.fixture
def folder(cube, tmp_path):
    """`one` has ten cells; `two` six, no `score`, no `MS4A1`, and no space; `three` is broken behind its identity."""
    prepare(cube, tmp_path / "one", dataset_name="The first", progress=False)
    less = cube[:6, ["CD3E", "leiden"]].copy()
    del less.obs["score"], less.obsm["X_umap_3d"]
    less.obs["extra"] = np.arange(6.0)
    less.obsm["X_pca"] = less.obsm["X_umap"] * 100
    prepare(less, tmp_path / "two", dataset_id="id-two", progress=False)
    broken = prepare(cube, tmp_path / "three", progress=False)
    (broken / "points_2d.bin").write_bytes(b"")
    return tmp_path


@pytest.fixture
def several(folder):
    widget = CellucidWidget(folder, dataset="The_first")
    yield widget
    widget.close()


def until(widget, name, reached):
    """Wait until a trait has a value."""
    done = threading.Event()
    widget.observe(lambda change: done.set() if reached(change["new"]) else None, name)
    assert reached(getattr(widget, name)) or done.wait(20)


def ids(widget):
    return [one["id"] for one in widget.datasets]


def open_slowly(monkeypatch):
    """Has the opening of another dataset wait: events for that it has begun, and to let it go on."""
    opening, go_on = threading.Event(), threading.Event()
    opened = FolderDataset.open_listed

    def slow(self, id):
        opening.set()
        assert go_on.wait(20)
        return opened(self, id)

    monkeypatch.setattr(FolderDataset, "open_listed", slow)
    return opening, go_on


def test_all_of_a_folder_are_listed_in_its_order(several):
    assert several.datasets == [
        {"id": "The_first", "name": "The first", "n_cells": 10},
        {"id": "three", "name": "three", "n_cells": 10},
        {"id": "id-two", "name": "two", "n_cells": 6},
    ]
    with pytest.raises(traitlets.TraitError, match="read-only"):
        several.datasets = []


def test_a_dataset_alone_lists_itself(shown, folder):
    assert shown.datasets == [{"id": shown.dataset, "name": "AnnData", "n_cells": 10}]
    shown.dataset = shown.dataset
    with pytest.raises(traitlets.TraitError, match="no dataset 'two'"):
        shown.dataset = "two"
    page_sets(shown, {"dataset": "two"})
    until(shown, "errors", bool)
    assert "the only one is" in shown.errors[0]["message"]
    widget = CellucidWidget(folder / "two")
    assert ids(widget) == [widget.dataset] == ["id-two"]
    widget.close()


def test_another_one_is_shown_with_what_fits_there(several):
    several.color_by, several.layer, several.colormap, several.height = "CD3E", "X", "magma", 300
    several.color_limits = (0, 3)
    several.filters = {"leiden": {"hide": ["0"]}, "score": {"min": 2}, "gene:MS4A1": {"min": 1}}
    several.camera = {"zoom": 4}
    several.select([1, 9])
    several.highlight_cells([9])
    several.set_visibility([2], False)
    several.dataset = "id-two"
    assert (several.dataset, several.n_cells, several.embeddings) == ("id-two", 6, ["X_umap", "X_pca"])
    assert (several.color_by, several.layer, several.colormap, several.height) == ("CD3E", "X", "magma", 300)
    assert several.color_limits == (0, 3)
    assert several.filters == {"leiden": {"hide": ["0"]}}
    assert several.n_visible == 4
    assert several.camera["zoom"] == 1
    assert several.selection.tolist() == []
    assert several._marks.highlights == ()
    assert len(several._marks.hidden) == 0
    assert several._version == 1
    assert ids(several) == ["The_first", "three", "id-two"]
    several.select(["cell-5"])
    assert several.selected.obs["extra"].tolist() == [5.0]
    with pytest.raises(traitlets.TraitError):
        several.select([9])


def test_what_is_not_there_goes_back_to_its_default(several):
    several.embedding, several.color_by, several.color_limits = "X_umap_3d", "score", (1, 3)
    several.dataset = "id-two"
    assert (several.embedding, several.dimension, several.color_by) == ("X_umap", 2, None)
    assert several.color_limits is None
    several.color_by, several.color_limits, several.embedding = "extra", ("p1", "p99"), "X_pca"
    several.dataset = "The_first"
    assert (several.embedding, several.color_by, several.color_limits) == ("X_umap", None, ("p1", "p99"))
    assert several.camera == {"zoom": 1.0, "center": pytest.approx(several._dataset.embedding("X_umap").min, abs=10)}


def test_observers_and_links_hear_of_it_once(several, folder):
    heard = []
    several.observe(lambda change: heard.append((change.old, change.new, several.n_cells)), "dataset")
    choice = Dropdown(options=ids(several), value=several.dataset)
    traitlets.link((several, "dataset"), (choice, "value"))
    choice.value = "id-two"
    assert (several.n_cells, heard) == (6, [("The_first", "id-two", 6)])
    other = CellucidWidget(folder)
    traitlets.link((several, "dataset"), (other, "dataset"))
    assert other.dataset == "id-two"
    other.dataset = "The_first"
    assert (several.n_cells, choice.value) == (10, "The_first")
    other.close()


def test_hooks_hear_that_nothing_is_selected_any_more(several):
    events, heard = [], threading.Event()
    several.on_selection(lambda event: (events.append((event["cells"], event["source"])), heard.set()))
    several.select([1])
    assert heard.wait(10)
    heard.clear()
    several.dataset = "id-two"
    assert heard.wait(10)
    assert events == [([1], "python"), ([], "python")]


def test_a_gesture_on_the_cells_of_before_is_not_one_on_these(several):
    page = Page(several)
    page.ready()
    several.dataset = "id-two"
    page.select([1, 2])
    page.click(3)
    assert several.selection.tolist() == []
    assert several.state.click is None
    fresh = Page(several, "p2")
    fresh.ready()
    fresh.select([1, 2])
    assert several.selected_names.tolist() == ["cell-1", "cell-2"]


def test_a_page_of_before_is_not_given_resources_of_other_cells(several):
    page = Page(several)
    page.ready()
    several.dataset = "id-two"
    sent = []
    several._talk.carrier._send = lambda content, buffers: sent.append(content)
    ask = {"kind": "request", "page": "p1", "id": 1, "method": "read"}
    params = {"path": "obs/leiden.codes.u8", "offset": 0, "length": 10}
    several._handle_custom_msg(ask | {"params": params}, [])
    assert sent[0]["error"]["code"] == "outdated"
    assert sent[1]["payload"]["values"]["_version"] == 1, "it is told to begin afresh"


def test_names_of_a_selection_before_are_those_it_had(several):
    events, heard = [], threading.Event()
    several.on_selection(lambda event: (events.append(event), heard.set()))
    several.select([8, 9])
    assert heard.wait(10)
    several.dataset = "id-two"
    assert list(events[0]["names"]) == ["cell-8", "cell-9"]


def test_where_to_look_does_not_wait_for_other_cells(several):
    several.zoom_to([1])
    several.send_message({"type": "mine"})
    several.dataset = "id-two"
    sent = []
    several._talk.carrier._send = lambda content, buffers: sent.append(content)
    Page(several).ready()
    assert [message["command"] for message in sent if message["kind"] == "command"] == ["message"]


def test_an_unknown_one_names_those_there(several):
    with pytest.raises(traitlets.TraitError, match=r"no dataset 'id-tow'. Did you mean 'id-two'.*'The_first', 'three'"):
        several.dataset = "id-tow"
    with pytest.raises(traitlets.TraitError, match="no dataset 5"):
        several.dataset = 5
    assert several.dataset == "The_first"


def test_one_that_cannot_be_opened_leaves_the_widget_as_it_was(several):
    several.select([3])
    with pytest.raises(traitlets.TraitError, match=r"three/points_2d.bin: it has 0 bytes"):
        several.dataset = "three"
    assert (several.dataset, several.selection.tolist(), several._version) == ("The_first", [3], 0)
    assert several.errors == []
    several.color_by = "CD3E"


def test_a_choice_in_a_page_is_shown_and_the_comm_waits_for_no_file(several, monkeypatch):
    opening, go_on = open_slowly(monkeypatch)
    page = Page(several)
    page.ready()
    page.set({"dataset": "id-two", "height": 300})
    assert opening.wait(10)
    assert (several.dataset, several.height) == ("The_first", 300)
    page.select([1, 9])
    assert several.selection.tolist() == [1, 9], "the cells of before are there until then, and no lock is held"
    go_on.set()
    until(several, "dataset", lambda id: id == "id-two")
    assert (several.n_cells, several.selection.tolist()) == (6, [])
    page.select([1, 2])
    assert several.selection.tolist() == []


def test_who_chooses_last_is_shown(several, monkeypatch):
    turns = {"id-two": threading.Event(), "again": threading.Event()}
    opened = FolderDataset.open_listed
    ended = []

    def slow(self, id):
        dataset = opened(self, id)
        assert turns[id].wait(20)
        monkeypatch.setattr(dataset, "close", lambda: ended.append(id))
        return dataset

    monkeypatch.setattr(FolderDataset, "open_listed", slow)
    page = Page(several)
    page.set({"dataset": "id-two"})
    page.set({"dataset": "The_first"})
    [waiting] = [thread for thread in threading.enumerate() if thread.name.startswith("cellucid-dataset-")]
    turns["id-two"].set()
    waiting.join(10)
    assert not waiting.is_alive()
    assert (several.dataset, several._version, ended) == ("The_first", 0, ["id-two"])


def test_what_a_person_chose_and_cannot_be_opened_is_told(several):
    page = Page(several)
    page.ready()
    told = threading.Event()
    several.observe(lambda _: told.set(), "errors")
    page.set({"dataset": "three"})
    assert told.wait(10)
    [error] = several.errors
    assert error["source"] == "dataset"
    assert "three/points_2d.bin" in error["message"]
    assert several.dataset == "The_first"
    with several._lock:  # the thread is done telling
        _, values = several._host.traits_since(0, "p1")
    assert values["dataset"] == "The_first", "the page shows its own choice until it hears that"
    page.select([1])
    assert several.selection.tolist() == [1]
    told.clear()
    page.set({"dataset": "nope"})
    assert told.wait(10)
    assert "There are: 'The_first', 'three', 'id-two'" in several.errors[-1]["message"]


def test_an_observer_that_raises_keeps_no_page_from_beginning_afresh(several):
    page = Page(several)
    page.ready()

    def fail(_):
        raise ValueError("mine")

    several.observe(fail, "n_cells")
    with pytest.raises(ValueError, match="mine"):
        several.dataset = "id-two"
    assert (several.dataset, several.n_cells, several._dataset.id) == ("id-two", 6, "id-two")
    _, values = several._host.traits_since(0, "p1")
    assert (values["_version"], values["dataset"], values["n_cells"]) == (1, "id-two", 6)
    several.unobserve(fail, "n_cells")
    several.observe(fail, "embeddings")
    fresh = Page(several, "p2")
    fresh.ready()
    fresh.set({"dataset": "The_first"})
    until(several, "errors", bool)
    assert (several.errors[-1]["source"], several.dataset) == ("observer", "The_first")


def test_a_widget_that_ends_meanwhile_closes_what_it_has_opened(several, monkeypatch):
    opening, go_on, closed = threading.Event(), threading.Event(), threading.Event()
    opened = FolderDataset.open_listed

    def slow(self, id):
        dataset = opened(self, id)
        monkeypatch.setattr(dataset, "close", closed.set)
        opening.set()
        assert go_on.wait(20)
        return dataset

    monkeypatch.setattr(FolderDataset, "open_listed", slow)
    page_sets(several, {"dataset": "id-two"})
    assert opening.wait(10)
    several.close()
    go_on.set()
    assert closed.wait(10)
    assert several.errors == []
    with pytest.raises(RuntimeError, match="closed"):
        several.dataset = "id-two"


def test_an_export_is_looked_at_anew_although_the_list_of_its_folder_is_broken(several, folder):
    (folder / "datasets.json").write_text("{")
    several.refresh()
    assert (several.dataset, ids(several)) == ("The_first", ["The_first"])


def test_the_data_server_has_only_the_one_that_is_shown(several):
    before = several._boot["path"]
    several.dataset = "id-two"
    from cellucid.server import data_server

    served = [one.path for one in data_server()._registry.listing()]
    assert several._boot["path"] in served
    assert before not in served


def test_a_state_of_another_one_of_the_folder_shows_that_one(several, folder, tmp_path):
    several.dataset = "id-two"
    several.color_by = "extra"
    several.select([1, 5])
    several.highlight_cells([0])
    state = json.loads(json.dumps(several.to_state()))
    several.dataset = "The_first"
    several.load(state)
    assert (several.dataset, several.color_by, several.selection.tolist()) == ("id-two", "extra", [1, 5])
    assert len(several._marks.highlights) == 1
    fresh = CellucidWidget(folder, state=state)
    assert (fresh.dataset, fresh.selection.tolist()) == ("id-two", [1, 5])
    fresh.close()
    state["dataset"]["listed_as"] = "three"
    with pytest.warns(UserWarning, match=r"three/points_2d.bin"):
        several.load(state)
    assert several.dataset == "id-two"


def test_a_dataset_of_the_user_s_stays_open(folder):
    with open_dataset(folder, dataset="id-two") as mine:
        widget = CellucidWidget(mine)
        widget.dataset = "The_first"
        widget.close()
        assert mine.obs("extra").tolist() == [0, 1, 2, 3, 4, 5]


def test_refresh_looks_at_the_folder_anew(several, cube, folder):
    several.dataset = "id-two"
    prepare(cube, folder / "a new one", progress=False)
    several.refresh()
    assert several.dataset == "id-two"
    assert ids(several) == ["a_new_one", "The_first", "three", "id-two"]
    several.dataset = "a_new_one"
    assert several.n_cells == 10


def test_what_is_shown_while_a_refresh_reads_is_not_taken_back(several, monkeypatch):
    reopen = FolderDataset.reopen

    def slow(self):
        fresh = reopen(self)
        several.dataset = "id-two"
        several.select([5])
        return fresh

    several.select([9])
    monkeypatch.setattr(FolderDataset, "reopen", slow)
    several.refresh()
    assert (several.dataset, several.n_cells, several.selection.tolist()) == ("id-two", 6, [5])


def test_a_refresh_does_not_take_back_what_is_being_opened(several, monkeypatch):
    opening, go_on = open_slowly(monkeypatch)
    page_sets(several, {"dataset": "id-two"})
    assert opening.wait(10)
    several.refresh()
    go_on.set()
    until(several, "dataset", lambda id: id == "id-two")
    assert several.n_cells == 6


def test_a_menu_begins_with_the_default_and_keeps_the_order_of_the_list(folder):
    cellucid.generate_datasets_manifest(folder, default_dataset="id-two")
    widget = CellucidWidget(folder)
    assert (widget.dataset, ids(widget)) == ("id-two", ["The_first", "three", "id-two"])
    widget.close()
