"""A widget's state as JSON, and back."""

import json

import numpy as np
import pytest

from cellucid import CellucidWidget


@pytest.fixture
def furnished(shown):
    shown.embedding = "X_umap_3d"
    shown.color_by, shown.layer = "CD3E", "double"
    shown.colormap, shown.color_limits = "magma_r", (0, "p99")
    shown.filters = {"leiden": {"hide": ["1"]}, "CD3E": {"min": 0.5, "enabled": False}}
    shown.camera = {"zoom": 2, "azimuth": 15}
    shown.point_size, shown.opacity, shown.tool, shown.theme, shown.height = 2, 0.25, "box", "dark", 400
    shown.select([1, 5, 9])
    shown.highlight_cells([2, 3], "#00ff00")
    shown.set_visibility([7], False)
    return shown


def test_a_state_survives_json_and_brings_everything_back(furnished, cube):
    state = json.loads(json.dumps(furnished.to_state(), allow_nan=False))
    fresh = CellucidWidget(cube)
    fresh.load(state)
    assert fresh.to_state() == furnished.to_state()
    assert (fresh.dimension, fresh.camera["zoom"], fresh.color_limits) == (3, 2, (0.0, "p99"))
    assert fresh.selection.tolist() == [1, 5, 9]
    assert fresh.n_visible == furnished.n_visible
    assert CellucidWidget(cube, state=state).to_state() == furnished.to_state()


def test_a_state_is_loaded_from_a_file(furnished, cube, tmp_path):
    path = tmp_path / "view.json"
    path.write_text(json.dumps(furnished.to_state()))
    assert CellucidWidget(cube, state=path).to_state() == furnished.to_state()
    assert CellucidWidget(cube, state=str(path)).color_by == "CD3E"


def test_what_does_not_fit_is_told_in_one_warning_and_the_rest_is_taken(furnished, cube):
    state = furnished.to_state()
    state["view"] |= {"color_by": "gone", "height": "tall", "newer_trait": 3}
    other = CellucidWidget(cube[:8].copy())
    other.select([0])
    with pytest.warns(UserWarning, match="not everything") as warned:
        other.load(state)
    [message] = [str(warning.message) for warning in warned]
    assert "'gone'" in message
    assert "'tall'" in message
    assert "other cells" in message
    assert "newer_trait" not in message
    assert (other.embedding, other.colormap, other.color_by) == ("X_umap_3d", "magma_r", None)
    assert other.selection.tolist() == [0]


@pytest.mark.parametrize(
    "cells", [{"selection": "!!"}, {"selection": 7}, {"selection": "eJw="}, {"highlights": [3]}, {"highlights": 4}]
)
def test_cells_that_cannot_be_read_leave_those_that_are_there(shown, cells):
    shown.select([4])
    state = shown.to_state()
    state["cells"] = cells
    with pytest.warns(UserWarning, match="cannot be read"):
        shown.load(state)
    assert shown.selection.tolist() == [4]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (7, TypeError, "got int"),
        (None, TypeError, "got NoneType"),
        ({}, ValueError, "its format is None"),
        ({"format": "cellucid-state-9"}, ValueError, "'cellucid-state-9'"),
        ({"format": "cellucid-state-1"}, ValueError, "no 'dataset'"),
        ({"format": "cellucid-state-1", "dataset": {}, "view": []}, ValueError, "no 'view'"),
        ("no/such/file.json", FileNotFoundError, "file.json"),
    ],
)
def test_what_is_no_state_is_refused_and_changes_nothing(shown, given, error, says):
    before = shown.to_state()
    with pytest.raises(error) as refusal:
        shown.load(given)
    assert says in str(refusal.value)
    assert shown.to_state() == before


def test_a_file_that_is_no_json_is_named(shown, tmp_path):
    path = tmp_path / "view.json"
    path.write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match=r"'view\.json' is not a state"):
        shown.load(path)


def test_a_state_stays_small_for_a_million_cells():
    import anndata as ad

    many = ad.AnnData(obs={"x": np.zeros(1_000_000)})
    many.obsm["X_umap"] = np.random.default_rng(0).normal(size=(1_000_000, 2)).astype(np.float32)
    widget = CellucidWidget(many)
    widget.select(np.arange(0, 1_000_000, 2))
    assert len(json.dumps(widget.to_state())) < 10_000
    restored = CellucidWidget(many, state=widget.to_state())
    assert restored.selection == widget.selection
