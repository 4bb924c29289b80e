"""What a person does first, in whatever host: show, colour, circle, wait. And what is told of it afterwards."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from cells import LOAD, few_cells, inside
from hosts.widget import Place, WidgetPage

VISITS = Path(__file__).parents[2] / "build" / "hosts"
CELLS = [LOAD, "w = CellucidWidget(adata, color_by='bulk_labels')\nw"]
"""The code of a notebook to go on the journey with."""


@dataclass(frozen=True)
class Host:
    """A kind of place.

    Args:
        name: as the README's table has it, such as "JupyterHub over https".
        version: of what makes it, such as "jupyterhub 6.1.1".
        real: the host's own code runs; else we only follow its rules.
    """

    name: str
    version: str
    real: bool


class KernelPlace(Place, Protocol):
    """A place with a kernel behind it, in which `CELLS` have run or are about to."""

    def execute(self, code: str) -> str:
        """Run code in the kernel; what it printed, and the repr of its last expression."""
        ...

    def start(self, code: str) -> Callable[[], str]:
        """Run code as a cell does, without waiting for its end; what is returned waits, and has what it printed."""
        ...


@dataclass(frozen=True)
class Visit:
    """What came of a journey.

    Args:
        host: the place it was in.
        transport: the carrier that Python says was taken.
        moved: bytes that the page received, by carrier.
    """

    host: Host
    transport: str
    moved: dict[str, int]

    def save(self, folder: Path = VISITS) -> None:
        """Keep it for the README's table."""
        folder.mkdir(parents=True, exist_ok=True)
        name = "".join(letter if letter.isalnum() else "-" for letter in self.host.name.lower())
        (folder / f"{name}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")


def journey(place: KernelPlace, host: Host, *, blocking: bool = True, seconds: float = 60) -> Visit:
    """Go through a host with the 700 cells of `CELLS`, shown and on their way to be drawn.

    Args:
        place: the place, with the widget as `w` in its kernel.
        host: what is told of it.
        blocking: wait for the lasso in a cell that blocks the kernel, else in one that awaits.
        seconds: the time-out of each step.

    Raises:
        AssertionError: a step did not come to what numpy says.
    """
    adata = few_cells()
    widget = WidgetPage(place)
    state = widget.settle(seconds)
    assert (state["cells_drawn"], state["notices"]) == (700, [])

    place.execute("w.color_by = 'CST3'")
    widget.root.get_by_role("heading", name="CST3").wait_for(timeout=seconds * 1000)
    widget.settle(seconds)
    widget.colour_by("louvain")
    widget.root.get_by_role("heading", name="louvain").wait_for(timeout=seconds * 1000)
    widget.settle(seconds)
    wait_until(place, "w.color_by == 'louvain'", seconds)

    form = "w.wait_for_event" if blocking else "await w.wait_for_event_async"
    finish = place.start(
        f"event = {form}('selection', timeout={seconds})\nprint(event['source'], *event['cells'], sep=',')"
    )
    expected = inside(adata.obsm["X_umap"], widget.unproject(circle_half(widget)))
    assert 100 < len(expected) < 600
    source, *cells = finish().split(",")
    assert source == "lasso"
    np.testing.assert_array_equal(np.array(cells, dtype=int), expected)
    wait_until(place, f"len(w.selection) == {len(expected)}", seconds)
    assert place.execute("print(w.errors)") == "[]"

    moved = {name: count["bytes_received"] for name, count in widget.inspect()["carriers"].items()}
    return Visit(host, place.execute("print(w.transport)"), {name: count for name, count in moved.items() if count})


def circle_half(widget: WidgetPage) -> np.ndarray:
    """Lasso the left half of the plot; the corners in the plot's CSS pixels."""
    plot = widget.inspect()["plot"]
    width, height = plot["width"], plot["height"]
    widget.press("l")
    return widget.draw([[10, 10], [width / 2, 10], [width / 2, height - 10], [10, height - 10]])


def wait_until(place: KernelPlace, expression: str, seconds: float) -> None:
    """Wait until an expression is true in the kernel."""
    for _ in range(int(seconds * 10)):
        if place.execute(f"print(bool({expression}))") == "True":
            return
        place.page.wait_for_timeout(100)
    raise AssertionError(f"`{expression}` was not true within {seconds} s")
