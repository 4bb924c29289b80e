from __future__ import annotations

import warnings
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from matplotlib import colors as matplotlib_colors
from scanpy.plotting import _utils as scanpy_plotting

from cellucid.dataset.colors import category_colors, to_hex
from cellucid.dataset.palettes import MISSING_COLOR, R_COLORS, default_palette


@pytest.mark.parametrize("n", [1, 2, 9, 10, 11, 20, 21, 28, 29, 102, 103, 150])
def test_the_default_colours_are_scanpys(n: int) -> None:
    names = [f"{i:03}" for i in range(n)]
    adata = ad.AnnData(obs=pd.DataFrame({"x": pd.Categorical(names)}, index=names))
    scanpy_plotting._set_default_colors_for_categorical_obs(adata, "x")
    assert list(default_palette(n)) == adata.uns["x_colors"]


def test_no_categories_have_no_colours() -> None:
    assert category_colors("x", 0, {}) == ()


def test_the_colour_of_missing_cells_and_rs_names_are_scanpys() -> None:
    assert matplotlib_colors.to_hex("lightgray") == MISSING_COLOR
    assert scanpy_plotting.additional_colors == R_COLORS


@pytest.mark.parametrize(
    "kept",
    [
        ["#FF0000", "green"],
        np.array(["red", "#008000", "blue"]),
        np.array(["r", "g"], dtype=object),
        [(1.0, 0.0, 0.0), (0.0, 0.5, 0.0, 0.3)],
        ["#f00", "#008000ff"],
        np.array([[1.0, 0, 0], [0, 0.5, 0]]),
    ],
)
def test_kept_colours_are_used_in_any_form_and_cut_to_the_categories(kept: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert category_colors("x", 2, {"x_colors": kept}) in [("#ff0000", "#008000")]


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (["#ff0000"], r"adata.uns\['x_colors'\] has 1 colours for 2 categories"),
        (["red", "nonsense"], "has 'nonsense', which is not a colour"),
        (["red", None], "has None, which is not a colour"),
        ({"a": "red"}, "is a dict, not a list"),
        ("red", "is a str, not a list"),
    ],
)
def test_too_few_or_unreadable_colours_warn_and_give_way_to_the_default(kept: Any, message: str) -> None:
    with pytest.warns(UserWarning, match=message) as caught:
        assert category_colors("x", 2, {"x_colors": kept}) == default_palette(2)
    assert len(caught) == 1


def test_names_from_r_are_colours() -> None:
    assert to_hex("gold2") == "#eec900"
    assert to_hex("gold99") is None
