"""The two widgets that the browser shows, each used as its own documentation says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page
from sample import FIELDS

HEIGHT = 520  # of both, in pixels


@dataclass(frozen=True)
class Side:
    """Code for the notebook, and the button to click in the page."""

    name: str
    prepare: str
    """Makes the data; has `{n_cells}`."""
    show: str
    """Makes the widget and displays it."""
    recolor: str
    """Colours by `{field}`."""
    observe: str
    """Calls `heard(positions)` with each selection."""
    lasso: Callable[[Page], Locator]
    """What a person clicks to draw a lasso."""


OURS = Side(
    name="cellucid",
    prepare="from cellucid import CellucidWidget\ncells = sample.plot_cells({n_cells})",
    show=f'w = CellucidWidget(cells, color_by="{FIELDS[0]}", height={HEIGHT})\nw',
    recolor='w.color_by = "{field}"',
    observe='w.observe(lambda change: heard(change.new), "selection")',
    lasso=lambda page: page.locator(".cellucid").get_by_role("button", name=re.compile("^Lasso")),
)
THEIRS = Side(
    name="jupyter-scatter",
    prepare="import jscatter\nframe = sample.plot_frame({n_cells})",
    show=(
        f'scatter = jscatter.Scatter(data=frame, x="x", y="y", color_by="{FIELDS[0]}", height={HEIGHT})\nscatter.show()'
    ),
    recolor='scatter.color(by="{field}")',
    observe='scatter.widget.observe(lambda change: heard(change.new), "selection")',
    lasso=lambda page: page.get_by_title("Activate lasso selection", exact=True),
)
