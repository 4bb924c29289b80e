"""Every trait that Python can set: what it takes, what it refuses and how, what changes with it."""

import numpy as np
import pandas as pd
import pytest
import traitlets
from ipywidgets import Checkbox, Dropdown, FloatRangeSlider, FloatSlider, IntSlider, Text, interactive

from cellucid import CellucidWidget
from cellucid.server import data_server
from pages import page_sets

NAN = float("nan")


@pytest.mark.parametrize(
    ("trait", "value", "says"),
    [
        ("dataset", "other", "There are: 'anndata-"),
        ("dataset", None, "None"),
        ("embedding", "X_umap3d", "Did you mean 'X_umap_3d'"),
        ("dimension", 3, "Set embedding to 'X_umap_3d' first"),
        ("dimension", 0, "1, 2 or 3, got 0"),
        ("dimension", 4, "got 4"),
        ("dimension", True, "got True"),
        ("dimension", 2.5, "got 2.5"),
        ("dimension", NAN, "got nan"),
        ("dimension", "2", "got '2'"),
        ("dimension", None, "got None"),
        ("color_by", "CD3", "'CD3E'"),
        ("layer", "doubl", "Did you mean 'double'"),
        ("colormap", "viridi", "Did you mean 'viridis'"),
        ("colormap", None, "None"),
        ("colormap", 3, "3"),
        ("color_limits", 3, "(low, high) or None, got 3"),
        ("color_limits", "p9", "got 'p9'"),
        ("color_limits", (1, 2, 3), "got (1, 2, 3)"),
        ("color_limits", (2, 1), "lower limit must lie below"),
        ("color_limits", (1, 1), "lower limit must lie below"),
        ("color_limits", (NAN, 1), "got nan"),
        ("color_limits", (0, np.inf), "got inf"),
        ("color_limits", ("p99", "p1"), "lower percentile"),
        ("color_limits", (0, "p101"), "got 'p101'"),
        ("color_limits", (0, "p٩٩"), "got 'p٩٩'"),
        pytest.param("height", 10**5000, "got a int that is too long", id="a number of 5,000 digits"),
        pytest.param("tool", [10**5000], "no tool a list that is too long", id="one in a list"),
        ("color_limits", (0, "99%"), "got '99%'"),
        ("color_limits", (False, True), "got False"),
        ("point_size", 21, "0.05 to 20"),
        ("point_size", None, "got None"),
        ("opacity", 1.01, "from 0 to 1, or None, got 1.01"),
        ("opacity", -0.1, "got -0.1"),
        ("opacity", NAN, "got nan"),
        ("opacity", "1", "got '1'"),
        ("filters", ["leiden"], "dict of filters"),
        ("filters", {"leidn": {"hide": ["0"]}}, "'leiden'"),
        ("filters", {7: {}}, "got 7"),
        ("filters", {"leiden": {"hide": ["3"]}}, "no category '3'"),
        ("filters", {"leiden": {"min": 3}}, "categorical field has no 'min'"),
        ("filters", {"score": {"hide": ["3"]}}, "continuous field has no 'hide'"),
        ("filters", {"score": {"min": NAN}}, "min is a finite number, got nan"),
        ("filters", {"CD3E": {"max": "p99"}}, "max is a finite number"),
        ("filters", {"leiden": {}, "obs:leiden": {}}, "names 'leiden' once more"),
        ("filters", {"leiden": None}, "got None"),
        ("hovered", 10, "10 is not among the positions 0 to 9"),
        ("hovered", -1, "-1"),
        ("hovered", 1.5, "float"),
        ("hovered", NAN, "float"),
        ("hovered", "cell-1x", "cell-1x"),
        ("camera", [0, 0], "expected a dict"),
        ("camera", {"center": [0, 0, 0]}, "center is 2 finite numbers"),
        ("camera", {"center": [0, NAN]}, "got [0, nan]"),
        ("camera", {"center": "ab"}, "got 'ab'"),
        ("camera", {"zoom": 0}, "zoom is a number from 0.01"),
        ("camera", {"zoom": NAN}, "got nan"),
        ("camera", {"zoom": True}, "got True"),
        ("camera", {"azimuth": 10}, "no key 'azimuth' in 2D"),
        ("tool", "laso", "Did you mean 'lasso'"),
        ("tool", None, "None"),
        ("theme", "drak", "Did you mean 'dark'"),
        ("theme", True, "True"),
        ("height", 159, "160 to 4000"),
        ("height", NAN, "got nan"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_nothing_changes(shown, trait, value, says):
    before = getattr(shown, trait)
    with pytest.raises(traitlets.TraitError) as refusal:
        setattr(shown, trait, value)
    assert f"CellucidWidget.{trait}" in str(refusal.value)
    assert says in str(refusal.value)
    assert getattr(shown, trait) == before


@pytest.mark.parametrize("trait", ["datasets", "n_visible", "transport", "_version", "_hover_wanted"])
def test_what_python_only_reads_cannot_be_set(shown, trait):
    with pytest.raises(traitlets.TraitError, match="read-only"):
        setattr(shown, trait, getattr(shown, trait))


@pytest.mark.parametrize(
    ("trait", "given", "taken"),
    [
        ("colormap", "VIRIDIS", "viridis"),
        ("colormap", "rdbu_r", "RdBu_r"),
        ("color_limits", [np.float32(0), np.int64(3)], (0.0, 3.0)),
        ("color_limits", np.array([0.0, 1.0]), (0.0, 1.0)),
        ("color_limits", (None, "p99"), (None, "p99")),
        ("color_limits", ("p0.5", 3), ("p0.5", 3.0)),
        ("color_limits", (None, None), None),
        ("opacity", np.float32(0.5), 0.5),
        ("opacity", 0, 0.0),
        ("opacity", None, None),
        ("filters", {"obs:leiden": {"hide": ("0",)}}, {"leiden": {"hide": ["0"]}}),
        ("filters", {"CD3E": {"min": 1}}, {"gene:CD3E": {"min": 1.0}}),
        ("filters", {"gene:leiden": {"max": 1}, "leiden": {}}, {"gene:leiden": {"max": 1.0}, "leiden": {}}),
        ("filters", None, {}),
        ("hovered", np.uint32(0), 0),
        ("hovered", None, None),
        ("camera", {"zoom": 2}, {"zoom": 2.0}),
        ("camera", {"center": np.array([1, 2]), "zoom": 3}, {"center": [1.0, 2.0], "zoom": 3.0}),
        ("dimension", 1, 1),
        ("dimension", np.int64(2), 2),
        ("tool", "box", "box"),
        ("theme", "dark", "dark"),
        ("height", np.int64(160), 160),
    ],
)
def test_a_good_value_is_taken_in_its_one_form(shown, trait, given, taken):
    setattr(shown, trait, given)
    value = getattr(shown, trait)
    if trait == "camera":
        value = {key: value[key] for key in taken}
    assert value == taken
    assert type(value) is type(taken)


def test_another_embedding_comes_with_its_dimensions_and_the_camera_on_all_of_it(shown, cube):
    heard = []
    shown.observe(lambda change: heard.append((change.name, shown.embedding, shown.dimension)))
    shown.camera = {"zoom": 5}
    heard.clear()
    shown.embedding = "X_umap_3d"
    assert shown.dimension == 3
    low, high = cube.obsm["X_umap_3d"].min(axis=0), cube.obsm["X_umap_3d"].max(axis=0)
    np.testing.assert_allclose(shown.camera["center"], (low.astype(float) + high) / 2)
    assert (shown.camera["zoom"], shown.camera["azimuth"], shown.camera["elevation"]) == (1, -60, 30)
    assert sorted(name for name, *_ in heard) == ["camera", "dimension", "embedding"]
    assert {state for _, *state in map(tuple, heard) for state in [tuple(state)]} == {("X_umap_3d", 3)}

    shown.camera = {"elevation": 90, "azimuth": 400}
    assert (shown.camera["elevation"], shown.camera["zoom"]) == (90, 1)
    with pytest.raises(traitlets.TraitError, match="elevation is a number from -90 to 90, got 91"):
        shown.camera = {"elevation": 91}
    shown.dimension = 2
    assert len(shown.camera["center"]) == 2
    assert "azimuth" not in shown.camera
    shown.embedding = "X_umap"
    assert shown.dimension == 2


def test_a_page_that_shows_the_first_two_of_three_columns_is_not_contradicted(shown):
    sent = []
    shown.send_state = lambda key=None: sent.append(key)
    page_sets(shown, {"embedding": "X_umap_3d", "dimension": 2, "camera": {"center": [0.5, 0.5], "zoom": 2.0}})
    assert (shown.embedding, shown.dimension, shown.camera) == ("X_umap_3d", 2, {"center": [0.5, 0.5], "zoom": 2.0})
    assert not {"embedding", "dimension", "camera"} & {
        key for keys in sent if keys for key in ([keys] if isinstance(keys, str) else keys)
    }
    assert shown.errors == []


def test_visible_cells_are_counted_without_a_viewer(shown, cube):
    assert shown.n_visible == 10
    shown.filters = {"leiden": {"hide": ["0"]}}
    assert shown.n_visible == 6
    shown.filters = {"leiden": {"hide": ["0"], "keep_missing": False}, "score": {"min": 2, "max": 8}}
    assert shown.n_visible == 4
    shown.set_visibility([1, 2], False)
    assert shown.n_visible == 3
    shown.filters = {}
    assert shown.n_visible == 8
    shown.set_visibility()
    assert shown.n_visible == 10
    gene = np.asarray(cube[:, "CD3E"].X).ravel()
    shown.filters = {"CD3E": {"min": 2}}
    assert shown.n_visible == int((gene >= 2).sum())
    shown.layer = "double"
    assert shown.n_visible == int((gene * 2 >= 2).sum())
    shown.filters = {"CD3E": {"min": 2, "enabled": False}}
    assert shown.n_visible == 10


def test_a_layer_without_the_gene_of_a_filter_is_refused(cube):
    cube.raw = cube[:, ["CD3E"]].copy()
    widget = CellucidWidget(cube, layer="X", filters={"MS4A1": {"min": 0}})
    with pytest.raises(traitlets.TraitError, match=r"MS4A1.*Set filters"):
        widget.layer = "raw"
    widget.filters = None
    widget.layer = "raw"


def test_traits_link_to_ipywidgets(shown):
    size, limits, opacity = FloatSlider(min=0.1, max=5), FloatRangeSlider(min=0, max=9), FloatSlider(max=1)
    tool, height, theme = Dropdown(options=["navigate", "lasso", "box"]), IntSlider(max=2000), Text()
    color, off = Dropdown(options=["leiden", "score", "CD3E"]), Checkbox()
    shown.color_limits, shown.opacity = (1, 2), 1
    shown.color_by = "score"
    for trait, menu in {
        "point_size": size,
        "color_limits": limits,
        "opacity": opacity,
        "tool": tool,
        "height": height,
        "theme": theme,
        "color_by": color,
    }.items():
        traitlets.link((shown, trait), (menu, "value"))
    traitlets.dlink((shown, "filters"), (off, "value"), bool)
    size.value, limits.value, opacity.value = 2, (3, 4), 0.5
    tool.value, height.value, theme.value, color.value = "lasso", 333, "dark", "CD3E"
    assert (shown.point_size, shown.color_limits, shown.opacity) == (2, (3, 4), 0.5)
    assert (shown.tool, shown.height, shown.theme, shown.color_by) == ("lasso", 333, "dark", "CD3E")
    shown.point_size, shown.color_limits, shown.tool = 1, (5, 6), "box"
    assert (size.value, limits.value, tool.value) == (1, (5, 6), "box")
    shown.filters = {"leiden": {"hide": ["0"]}}
    assert off.value


def test_dict_traits_link_between_widgets(shown, cube):
    other = CellucidWidget(cube)
    for trait in ("camera", "filters", "hovered", "embedding"):
        traitlets.link((shown, trait), (other, trait))
    shown.camera = {"zoom": 3}
    other.filters = {"score": {"max": 3}}
    shown.hovered = 4
    assert other.camera == shown.camera
    assert shown.filters == {"score": {"max": 3.0}}
    assert other.hovered == 4
    other.embedding = "X_umap_3d"
    assert shown.camera == other.camera
    assert len(shown.camera["center"]) == 3


def test_what_is_set_equal_notifies_nobody(shown):
    told = []
    shown.filters = {"leiden": {"hide": ["0"]}}
    shown.color_limits = (0, 1)
    shown.observe(told.append, ["filters", "camera", "color_limits"])
    shown.filters = {"obs:leiden": {"hide": pd.Index(["0"])}}
    shown.camera = None
    shown.color_limits = [0, 1]
    assert told == []


def test_what_python_gave_cannot_be_changed_in_place_unseen(shown):
    given = {"leiden": {"hide": ["0"]}}
    shown.filters = given
    given["leiden"]["hide"].append("1")
    assert shown.filters == {"leiden": {"hide": ["0"]}}


def test_the_constructor_takes_them_and_refuses_as_they_do(cube):
    widget = CellucidWidget(
        cube,
        embedding="X_umap_3d",
        color_by="CD3E",
        layer="double",
        filters={"score": {"min": 3}},
        colormap="magma_r",
        color_limits=("p1", "p99"),
        opacity=0.5,
        theme="dark",
    )
    assert (widget.dimension, widget.layer, widget.n_visible) == (3, "double", 6)
    assert (widget.colormap, widget.color_limits, widget.opacity, widget.theme) == (
        "magma_r",
        ("p1", "p99"),
        0.5,
        "dark",
    )
    assert widget.dataset == widget.datasets[0]["id"]
    assert CellucidWidget(cube, dataset=widget.dataset).dataset == widget.dataset
    for wrong in ({"filters": {"x": {}}}, {"colormap": "x"}, {"dataset": "x"}, {"opacity": 2}, {"theme": "x"}):
        with pytest.raises(traitlets.TraitError, match=next(iter(wrong))):
            CellucidWidget(cube, **wrong)


def test_a_page_hears_the_pointer_only_while_somebody_listens(shown):
    assert not shown._hover_wanted
    listener = lambda change: None  # noqa: E731
    shown.observe(listener, "hovered")
    assert shown._hover_wanted
    shown.unobserve(listener, "hovered")
    assert not shown._hover_wanted
    hook = shown.on_hover(lambda event: None)
    assert shown._hover_wanted
    shown.unregister_hook("hover", hook)
    assert not shown._hover_wanted
    traitlets.dlink((shown, "hovered"), (IntSlider(), "value"), lambda cell: cell or 0)
    assert shown._hover_wanted
    shown.unobserve_all("hovered")
    assert not shown._hover_wanted


def test_a_camera_of_an_embedding_that_is_no_longer_shown_is_not_taken(shown):
    plane = {"embedding": "X_umap", "dimension": 2}
    page_sets(shown, {"camera": {"center": [0.5, 0.5], "zoom": 2.0}}, camera_of=plane)
    assert shown.camera["zoom"] == 2
    shown.embedding = "X_umap_3d"
    fitted = shown.camera
    page_sets(shown, {"camera": {"center": [9.0, 9.0], "zoom": 5.0}}, camera_of=plane)  # on its way meanwhile
    assert (shown.camera, shown.errors) == (fitted, [])
    # The old camera beside a newer choice, which counts.
    space = {"embedding": "X_umap_3d", "dimension": 3}
    values = {"embedding": "X_umap", "dimension": 2, "camera": {"center": [1.0, 1.0, 1.0], "zoom": 6.0}}
    page_sets(shown, values, camera_of=space)
    assert (shown.embedding, shown.dimension, shown.errors) == ("X_umap", 2, [])
    assert len(shown.camera["center"]) == 2


def test_a_widget_that_could_not_be_made_leaves_no_data_on_the_server(cube):
    served = data_server()._registry.listing()
    with pytest.raises(traitlets.TraitError, match="typo"):
        CellucidWidget(cube, color_by="typo")
    with pytest.raises(FileNotFoundError):
        CellucidWidget(cube, state="no such file.json")
    assert data_server()._registry.listing() == served


def test_traits_that_are_set_under_hold_sync_travel_together(shown, monkeypatch):
    sent = []
    monkeypatch.setattr("ipywidgets.Widget._send", lambda self, msg, buffers=None: sent.append(msg))
    with shown.hold_sync():
        shown.point_size, shown.tool = 2.0, "lasso"
        shown.color_by = "leiden"
        assert sent == []
    [message] = sent
    values = {name: value for name, value in message["state"].items() if name != "_updates"}
    assert values == {"point_size": 2.0, "tool": "lasso", "color_by": "leiden"}


def test_a_trait_can_be_played_with_by_interact(shown):
    def paint(size, field):
        shown.point_size, shown.color_by = size, field

    played = interactive(paint, size=(0.5, 4.0), field=["leiden", "score"])
    played.children[0].value = 3.5
    played.children[1].value = "score"
    assert (shown.point_size, shown.color_by) == (3.5, "score")
