"""The colours scanpy gives to categories that have none, as constants.

Read out of scanpy 1.11.5 (``scanpy.plotting.palettes`` and ``scanpy.plotting._utils.additional_colors``) and
matplotlib 3.11 (``tab10``), both BSD-licensed, so that neither is imported to show a dataset.
"""

from __future__ import annotations

TAB_10 = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#7f7f7f",
    "#bcbd22",
    "#17becf",
)
"""matplotlib's default cycle, which scanpy uses for up to 10 categories."""

SCANPY_20 = (
    "#1f77b4",
    "#ff7f0e",
    "#279e68",
    "#d62728",
    "#aa40fc",
    "#8c564b",
    "#e377c2",
    "#b5bd61",
    "#17becf",
    "#aec7e8",
    "#ffbb78",
    "#98df8a",
    "#ff9896",
    "#c5b0d5",
    "#c49c94",
    "#f7b6d2",
    "#dbdb8d",
    "#9edae5",
    "#ad494a",
    "#8c6d31",
)
"""``scanpy.plotting.palettes.default_20``: up to 20 categories."""

SCANPY_28 = (
    "#023fa5",
    "#7d87b9",
    "#bec1d4",
    "#d6bcc0",
    "#bb7784",
    "#8e063b",
    "#4a6fe3",
    "#8595e1",
    "#b5bbe3",
    "#e6afb9",
    "#e07b91",
    "#d33f6a",
    "#11c638",
    "#8dd593",
    "#c6dec7",
    "#ead3c6",
    "#f0b98d",
    "#ef9708",
    "#0fcfc0",
    "#9cded6",
    "#d5eae7",
    "#f3e1eb",
    "#f6c4e1",
    "#f79cd4",
    "#7f7f7f",
    "#c7c7c7",
    "#1ce6ff",
    "#336600",
)
"""``scanpy.plotting.palettes.default_28``: up to 28 categories."""

SCANPY_102 = (
    "#ffff00",
    "#1ce6ff",
    "#ff34ff",
    "#ff4a46",
    "#008941",
    "#006fa6",
    "#a30059",
    "#ffdbe5",
    "#7a4900",
    "#0000a6",
    "#63ffac",
    "#b79762",
    "#004d43",
    "#8fb0ff",
    "#997d87",
    "#5a0007",
    "#809693",
    "#6a3a4c",
    "#1b4400",
    "#4fc601",
    "#3b5dff",
    "#4a3b53",
    "#ff2f80",
    "#61615a",
    "#ba0900",
    "#6b7900",
    "#00c2a0",
    "#ffaa92",
    "#ff90c9",
    "#b903aa",
    "#d16100",
    "#ddefff",
    "#000035",
    "#7b4f4b",
    "#a1c299",
    "#300018",
    "#0aa6d8",
    "#013349",
    "#00846f",
    "#372101",
    "#ffb500",
    "#c2ffed",
    "#a079bf",
    "#cc0744",
    "#c0b9b2",
    "#c2ff99",
    "#001e09",
    "#00489c",
    "#6f0062",
    "#0cbd66",
    "#eec3ff",
    "#456d75",
    "#b77b68",
    "#7a87a1",
    "#788d66",
    "#885578",
    "#fad09f",
    "#ff8a9a",
    "#d157a0",
    "#bec459",
    "#456648",
    "#0086ed",
    "#886f4c",
    "#34362d",
    "#b4a8bd",
    "#00a6aa",
    "#452c2c",
    "#636375",
    "#a3c8c9",
    "#ff913f",
    "#938a81",
    "#575329",
    "#00fecf",
    "#b05b6f",
    "#8cd0ff",
    "#3b9700",
    "#04f757",
    "#c8a1a1",
    "#1e6e00",
    "#7900d7",
    "#a77500",
    "#6367a9",
    "#a05837",
    "#6b002c",
    "#772600",
    "#d790ff",
    "#9b9700",
    "#549e79",
    "#fff69f",
    "#201625",
    "#72418f",
    "#bc23ff",
    "#99adc0",
    "#3a2465",
    "#922329",
    "#5b4534",
    "#fde8dc",
    "#404e55",
    "#0089a3",
    "#cb7e98",
    "#a4e804",
    "#324e72",
)
"""``scanpy.plotting.palettes.default_102``: up to 102 categories."""

OVERFLOW_COLOR = "#808080"
"""CSS ``grey``: every category, where there are more of them than the largest palette has colours."""

MISSING_COLOR = "#d3d3d3"
"""CSS ``lightgray``: cells without a value, as in ``sc.pl.umap``."""

# R's colour names, which scanpy accepts in ``uns`` beside matplotlib's.
R_COLORS = {
    "gold2": "#eec900",
    "firebrick3": "#cd2626",
    "khaki2": "#eee685",
    "slategray3": "#9fb6cd",
    "palegreen3": "#7ccd7c",
    "tomato2": "#ee5c42",
    "grey80": "#cccccc",
    "grey90": "#e5e5e5",
    "wheat4": "#8b7e66",
    "grey65": "#a6a6a6",
    "grey10": "#1a1a1a",
    "grey20": "#333333",
    "grey50": "#7f7f7f",
    "grey30": "#4d4d4d",
    "grey40": "#666666",
    "antiquewhite2": "#eedfcc",
    "grey77": "#c4c4c4",
    "snow4": "#8b8989",
    "chartreuse3": "#66cd00",
    "yellow4": "#8b8b00",
    "darkolivegreen2": "#bcee68",
    "olivedrab3": "#9acd32",
    "azure3": "#c1cdcd",
    "violetred": "#d02090",
    "mediumpurple3": "#8968cd",
    "purple4": "#551a8b",
    "seagreen4": "#2e8b57",
    "lightblue3": "#9ac0cd",
    "orchid3": "#b452cd",
    "indianred 3": "#cd5555",
    "grey60": "#999999",
    "mediumorchid1": "#e066ff",
    "plum3": "#cd96cd",
    "palevioletred3": "#cd6889",
}


def default_palette(n_categories: int) -> tuple[str, ...]:
    """The colours that ``sc.pl`` gives to a column of so many categories in a fresh process.

    Args:
        n_categories: How many categories there are, unused ones included.

    Returns:
        One ``#rrggbb`` string for each category.
    """
    for palette in (TAB_10, SCANPY_20, SCANPY_28, SCANPY_102):
        if n_categories <= len(palette):
            return palette[:n_categories]
    return (OVERFLOW_COLOR,) * n_categories
