"""The still picture in the widget's output, for notebooks that are opened without a kernel."""

import base64
import io
import logging

import anndata as ad
import matplotlib
import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from cellucid import CellucidWidget
from cellucid.widget.colormaps import STOPS, colormap_colors
from cellucid.widget.picture import HEIGHT, WIDTH, picture
from test_colormaps import samples, viewer_stops

MARGIN = 28
MISSING, PLAIN = (211, 211, 211, 255), (143, 143, 143, 255)
RED, GREEN, BLUE = (255, 0, 0, 255), (0, 128, 0, 255), (0, 0, 255, 255)

# So far apart that no disc touches another; the corners of the box, its middle, and two on one spot.
CORNERS = np.array([[0, 0], [10, 0], [0, 6], [10, 6], [5, 3], [2, 3], [2, 3]], dtype=np.float32)


@pytest.fixture
def corners():
    obs = pd.DataFrame(
        {
            "kind": pd.Categorical(["a", "b", "c", None, "a", "b", None], categories=["a", "b", "c"]),
            "score": np.array([0, 1, 2, np.nan, 4, 4, 1], dtype=np.float32),
            "flat": np.full(7, 3.0),
            "wild": [0.0, 10.0, np.inf, -np.inf, 5.0, 5.0, 5.0],
        },
        index=[f"cell-{n}" for n in range(7)],
    )
    data = ad.AnnData(np.zeros((7, 0), dtype=np.float32), obs=obs)
    data.uns["kind_colors"] = ["red", "green", "blue"]
    data.obsm["X_umap"] = CORNERS.copy()
    return data


def drawn(widget):
    """The picture's pixels, `(height, width, 4)`."""
    image = Image.open(io.BytesIO(picture(widget)))
    assert (image.format, image.mode) == ("PNG", "RGBA")
    return np.asarray(image)


def at(pixels, place, low=(0, 0), high=(10, 6)):
    """The pixel at a place of the plane: the box in the middle, as large as fits inside the margins."""
    extent = np.subtract(high, low)
    scale = ((WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN) / extent).min()
    x, y = (WIDTH, HEIGHT) / np.array([2, 2]) + (np.asarray(place) - np.add(low, high) / 2) * scale * [1, -1]
    return tuple(int(channel) for channel in pixels[int(y), int(x)])


def viridis(part, name="viridis"):
    return (*(int(channel) for channel in colormap_colors(name)[round(255 * part)]), 255)


def test_categories_have_their_colours_at_the_places_of_their_cells(corners):
    pixels = drawn(CellucidWidget(corners, color_by="kind"))
    assert pixels.shape == (420, 640, 4)
    assert [at(pixels, place) for place in CORNERS[:5]] == [RED, GREEN, BLUE, MISSING, RED]


def test_between_the_cells_the_picture_is_transparent(corners):
    pixels = drawn(CellucidWidget(corners, color_by="kind"))
    assert at(pixels, (7.5, 4.5)) == (0, 0, 0, 0)
    covered = np.count_nonzero(pixels[..., 3]) / 6
    assert np.pi * 4.5**2 < covered < np.pi * 5.5**2, "discs of 9 pixels with a soft edge"
    assert {0, 255} < set(pixels[..., 3].ravel())


def test_the_size_of_the_points_is_the_widgets(corners):
    pixels = drawn(CellucidWidget(corners, point_size=3.0))
    assert np.count_nonzero(pixels[..., 3]) / 6 == pytest.approx(np.pi * 13.5**2, rel=0.1)


def test_without_a_column_all_cells_have_one_grey(corners):
    pixels = drawn(CellucidWidget(corners))
    assert {at(pixels, place) for place in CORNERS} == {PLAIN}


def test_numbers_have_the_colours_of_the_colormap_between_the_datas_own_ends(corners):
    pixels = drawn(CellucidWidget(corners, color_by="score"))
    expected = [viridis(0), viridis(1 / 4), viridis(2 / 4), MISSING, viridis(1)]
    assert [at(pixels, place) for place in CORNERS[:5]] == expected


@pytest.mark.parametrize(
    ("limits", "parts"),
    [((1, 3), (0, 0, 0.5, 1)), ((None, 8), (0, 1 / 8, 2 / 8, 4 / 8)), (("p0", "p50"), (0, 2 / 3, 1, 1))],
)
def test_colour_limits_and_another_colormap_are_the_widgets(corners, limits, parts):
    pixels = drawn(CellucidWidget(corners, color_by="score", color_limits=limits, colormap="magma_r"))
    places = [CORNERS[0], CORNERS[1], CORNERS[2], CORNERS[4]]
    assert [at(pixels, place) for place in places] == [viridis(part, "magma_r") for part in parts]


def test_a_column_of_one_value_has_the_middle_of_the_colormap_and_infinite_ones_its_ends(corners):
    assert at(drawn(CellucidWidget(corners, color_by="flat")), CORNERS[0]) == viridis(0.5)
    pixels = drawn(CellucidWidget(corners, color_by="wild"))
    assert [at(pixels, place) for place in CORNERS[2:4]] == [viridis(1), viridis(0)]


def test_a_column_without_any_value_is_all_missing(corners):
    corners.obs["nothing"] = np.full(7, np.nan)
    pixels = drawn(CellucidWidget(corners, color_by="nothing"))
    assert {at(pixels, place) for place in CORNERS} == {MISSING}


def test_a_gene_is_drawn_from_the_layer_in_use(cube):
    widget = CellucidWidget(cube, color_by="CD3E")
    before = drawn(widget)
    widget.color_limits = (0, float(cube[:, "CD3E"].X.max()))
    np.testing.assert_array_equal(drawn(widget), before)
    widget.layer = "double"
    assert not np.array_equal(drawn(widget), before)


def test_of_cells_on_one_spot_the_last_is_seen_but_never_a_missing_one_and_of_numbers_the_highest(corners):
    widget = CellucidWidget(corners, color_by="kind")
    assert at(drawn(widget), CORNERS[5]) == GREEN
    corners.obs.loc["cell-6", "kind"] = "c"
    widget.refresh()
    assert at(drawn(widget), CORNERS[5]) == BLUE
    widget.color_by = "score"
    assert at(drawn(widget), CORNERS[5]) == viridis(1)


def test_cells_out_of_sight_are_not_there(corners):
    widget = CellucidWidget(corners, color_by="kind", filters={"kind": {"hide": ["b"]}})
    widget.set_visibility([0], False)
    pixels = drawn(widget)
    clear = (0, 0, 0, 0)
    assert [at(pixels, place) for place in CORNERS[:6]] == [clear, clear, BLUE, MISSING, RED, MISSING]


def test_with_all_cells_out_of_sight_the_picture_is_empty(corners):
    widget = CellucidWidget(corners, color_by="kind")
    widget.set_visibility(None, False)
    assert not drawn(widget).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_cell_without_a_place_is_left_out(corners, bad):
    corners.obsm["X_umap"][4] = [5, bad]
    pixels = drawn(CellucidWidget(corners, color_by="kind"))
    assert at(pixels, (5, 3)) == (0, 0, 0, 0)
    assert at(pixels, CORNERS[0]) == RED


@pytest.mark.parametrize("extent", [0, 1e-40, 3e38])
def test_any_extent_fits(corners, extent):
    corners.obsm["X_umap"] = (CORNERS / 10 * np.float64(extent)).astype(np.float32)
    pixels = drawn(CellucidWidget(corners, color_by="kind"))
    rows, columns = pixels[..., 3].nonzero()
    assert len(rows) > 0
    assert rows.min() >= MARGIN - 6
    assert columns.max() < WIDTH - MARGIN + 6
    assert at(pixels, (5, 3)) == (RED if extent else GREEN)


def test_a_space_is_seen_from_the_viewers_first_place_and_near_cells_cover_far_ones(corners):
    azimuth, elevation = np.radians([-60, 30])
    right = np.array([-np.sin(azimuth), np.cos(azimuth), 0])
    toward = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    up = np.cross(toward, right)
    view = np.array([[-2, -2, 0], [2, -2, 0], [-2, 2, 0], [2, 2, 0], [0, 0, 2], [0, 0, -2], [0, 0, 0]])
    places = (view @ np.array([right, up, toward])).astype(np.float32)
    corners.obsm["X_space"] = places
    widget = CellucidWidget(corners, color_by="kind", embedding="X_space")
    widget.dimension = 3
    pixels = drawn(widget)

    low, high = places.min(axis=0), places.max(axis=0)
    center, distance = (low + high) / 2, 1.5 * np.linalg.norm(high - low)
    radius = np.linalg.norm(places - center, axis=1).max()
    scale = (HEIGHT - 2 * MARGIN) / (2 * radius / np.sqrt(1 - (radius / distance) ** 2))
    x, y, z = ((places - center) @ np.array([right, up, toward]).T).T
    x, y = (WIDTH / 2 + scale * x / (1 - z / distance), HEIGHT / 2 - scale * y / (1 - z / distance))
    seen = pixels[y.astype(int), x.astype(int)]
    assert [tuple(color) for color in seen[:5, :3]] == [RED[:3], GREEN[:3], BLUE[:3], MISSING[:3], RED[:3]]
    np.testing.assert_array_equal(seen[4], seen[5], "of three behind each other the nearest")
    faded = 255 * (1 - 0.5 * (0.5 - 1.5 * z / distance))
    np.testing.assert_allclose(seen[:5, 3], faded[:5], atol=1)
    assert seen[4, 3] > seen[0, 3]


def test_a_space_without_extent_is_in_the_middle(corners):
    corners.obsm["X_space"] = np.ones((7, 3), dtype=np.float32)
    widget = CellucidWidget(corners, color_by="kind", embedding="X_space")
    widget.dimension = 3
    rows, columns = drawn(widget)[..., 3].nonzero()
    assert (rows.mean(), columns.mean()) == (HEIGHT / 2, WIDTH / 2)


def test_one_dimension_is_a_band(corners):
    widget = CellucidWidget(corners, color_by="kind")
    widget.dimension = 1
    rows, columns = drawn(widget)[..., 3].nonzero()
    assert (columns.min(), columns.max()) == (MARGIN - 4, WIDTH - MARGIN + 4)
    assert np.ptp(rows) < (WIDTH - 2 * MARGIN) / 8 + 12
    assert abs(rows.mean() - HEIGHT / 2) < 20


def test_many_cells_make_a_small_picture():
    rng = np.random.default_rng(0)
    many = ad.AnnData(np.zeros((200_000, 0), dtype=np.float32), obs=pd.DataFrame({"x": rng.normal(size=200_000)}))
    many.obsm["X_umap"] = rng.normal(size=(200_000, 2)).astype(np.float32)
    assert len(picture(CellucidWidget(many, color_by="x"))) < 150_000


def test_the_output_holds_the_widget_the_picture_and_a_line_of_text(widget):
    data, _ = DisplayFormatter().format(widget)
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert base64.b64decode(data["image/png"], validate=True) == picture(widget)
    assert data["text/plain"] == repr(widget)


def test_what_goes_wrong_leaves_the_picture_out_and_is_logged(shown, cube, caplog):
    cube.obsm["X_umap"] = cube.obsm["X_umap"] * 2
    shown._dataset.clear_cache()
    with caplog.at_level(logging.DEBUG, logger="cellucid.jupyter"):
        data, _ = DisplayFormatter().format(shown)
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    (record,) = (record for record in caplog.records if "picture" in record.message)
    assert record.levelno == logging.DEBUG
    assert "has changed since" in str(record.exc_info[1])


def test_what_was_closed_has_no_picture(cube):
    widget = CellucidWidget(cube)
    widget.close()
    data, _ = DisplayFormatter().format(widget)
    assert set(data) == {"text/plain"}


def test_pythons_colormaps_are_the_viewers():
    assert list(STOPS) == list(viewer_stops())
    for name, stops in viewer_stops().items():
        np.testing.assert_array_equal(colormap_colors(name), samples(stops))
        theirs = matplotlib.colormaps[f"{name}_r"](np.linspace(0, 1, 256))[:, :3] * 255
        assert np.abs(colormap_colors(f"{name}_r") - theirs).max() <= 2.5
