"""What a person waits for, and what crosses the wire meanwhile: a real JupyterLab, kernel and Chromium."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright
from sample import FIELDS, NUMBER
from sides import OURS, THEIRS, Side
from table import Row
from wire import Wire

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "ui-tests"))

from hosts.chromium import launch  # noqa: E402
from hosts.jupyterlab import JupyterLab  # noqa: E402
from hosts.notebook import NotebookPage, write_notebook  # noqa: E402

FAILURE = HERE.parent / "build" / "bench-failure.png"
VIEWPORT = {"width": 1280, "height": 900}
QUIET = 1500  # ms without a change of the picture, until it counts as complete
PATIENCE = 120  # s
MOVES = 4  # of the mouse, along each side of the lasso: jupyter-scatter draws all cells again at each

TRIFLES = 5

PREPARE = """
import sys, time
sys.path.insert(0, {here!r})
import sample
times = []
def heard(positions):
    times.append((time.time(), len(positions)))
{prepare}
"""

ROWS = {
    "first": ("s", "display: from the cell's start to the complete picture"),
    "first_down": ("bytes", "display: bytes kernel to browser"),
    "recolor": ("s", "another categorical column: until the complete picture"),
    "recolor_down": ("bytes", "another categorical column: bytes kernel to browser"),
    "back": ("s", "back to the first column: until the complete picture"),
    "back_down": ("bytes", "back to the first column: bytes kernel to browser"),
    "number": ("s", "a column of numbers: until the complete picture"),
    "number_down": ("bytes", "a column of numbers: bytes kernel to browser"),
    "idle_paints": ("count", f"{TRIFLES} trivial requests to the kernel: repaints of the plot"),
    "lasso_paints": ("count", "lasso: repaints of the plot before the button goes up"),
    "lasso_heard": ("s", "lasso: from button up to the Python observer"),
    "lasso_seen": ("s", "lasso: from button up to the complete picture"),
    "lasso_up": ("bytes", "lasso: bytes browser to kernel"),
    "lasso_down": ("bytes", "lasso: bytes kernel to browser"),
}


def run(quick: bool) -> Iterator[Row]:
    """A dataset of a usual size."""
    yield from compare("browser", *((5_000, 1) if quick else (200_000, 3)))


def compare(bench: str, n_cells: int, repeats: int) -> Iterator[Row]:
    """A page for each repeat of each side, turn by turn; each page shows, recolours and selects."""
    rows = {key: Row(bench, what, unit, THEIRS.name) for key, (unit, what) in ROWS.items()}
    selected: dict[str, set[int]] = {OURS.name: set(), THEIRS.name: set()}
    with opened_browser() as (lab, context):
        for turn in range(repeats):
            for side in (OURS, THEIRS) if turn % 2 == 0 else (THEIRS, OURS):
                measured = Visit(lab, context, side, n_cells).measure()
                selected[side.name].add(int(measured.pop("selected")))
                for key in ROWS:
                    value = measured[key]
                    (rows[key].ours if side is OURS else rows[key].theirs).append(value)
    told = "; ".join(
        f"{name} {', '.join(f'{count:,}' for count in sorted(counts))}" for name, counts in selected.items()
    )
    rows["lasso_up"].note = f"The same rectangle round half of the plot selected: {told} of {n_cells:,} cells."
    for row in rows.values():
        row.what = row.what.replace("display:", f"display {n_cells:,} cells:")
    yield from rows.values()


@contextmanager
def opened_browser() -> Iterator[tuple[JupyterLab, BrowserContext]]:
    """JupyterLab and one browser profile, warmed up by opening a page."""
    with (
        tempfile.TemporaryDirectory(prefix="cellucid-bench-") as folder,
        JupyterLab(Path(folder)) as lab,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        context = browser.new_context(viewport=VIEWPORT)
        write_notebook(lab.root_dir / "warm.ipynb", ["import cellucid, scanpy"])
        warm = NotebookPage(context.new_page(), lab, "warm.ipynb").open()
        warm.run_all()
        warm.close()
        yield lab, context
        browser.close()


class Visit:
    """One new page and kernel with one widget."""

    def __init__(self, lab: JupyterLab, context: BrowserContext, side: Side, n_cells: int) -> None:
        self.side = side
        self.n_cells = n_cells
        prepare = PREPARE.format(here=str(HERE), prepare=side.prepare.format(n_cells=n_cells))
        path = write_notebook(lab.root_dir / f"{side.name}.ipynb", [prepare, f"began = time.time()\n{side.show}"])
        self.page = context.new_page()
        self.page.add_init_script(path=HERE / "painted.js")
        self.wire = Wire(self.page, lab.base_url)
        self.notebook = NotebookPage(self.page, lab, path.name)

    def measure(self) -> dict[str, float]:
        """By the keys of `ROWS`, and how many cells the lasso took."""
        self.notebook.open()
        try:
            self.notebook.run_cell(0)
            return {
                **self.show(),
                **self.recolor("recolor", FIELDS[1]),
                **self.recolor("back", FIELDS[0]),
                **self.recolor("number", NUMBER),
                **self.recolor("after", FIELDS[0]),
                **self.idle(),
                **self.lasso(),
            }
        except Exception:
            self.page.screenshot(path=FAILURE)
            print(
                f"{self.side.name} failed; {FAILURE} shows its page",
                *self.notebook.console[-20:],
                sep="\n",
                file=sys.stderr,
            )
            raise
        finally:
            self.notebook.close()

    def show(self) -> dict[str, float]:
        self.begin()
        self.notebook.run_cell(1)
        done, _, down = self.complete()
        began = float(self.notebook.execute("began"))
        self.notebook.execute(self.side.observe)
        return {"first": done["complete"] / 1000 - began, "first_down": down}

    def recolor(self, key: str, field: str) -> dict[str, float]:
        self.begin()
        code = f"began = time.time()\n{self.side.recolor.format(field=field)}\nprint(began)"
        began = float(self.notebook.execute(code))
        done, _, down = self.complete()
        return {key: done["complete"] / 1000 - began, f"{key}_down": down}

    def idle(self) -> dict[str, float]:
        """The kernel works on something that has nothing to do with the widget."""
        self.begin()
        for _ in range(TRIFLES):
            self.notebook.execute("None")
            self.page.wait_for_timeout(500)  # JupyterLab takes its time to show that the kernel is busy, and idle
        return {"idle_paints": self.page.evaluate("painted.paints()")}

    def lasso(self) -> dict[str, float]:
        """A rectangle round the left half of the plot, drawn with the mouse."""
        page = self.page
        self.side.lasso(page).click()
        # Asked for after the click, which may scroll the page.
        page.evaluate("painted.box()")
        page.wait_for_timeout(300)
        box = page.evaluate("painted.box()")
        left, top, middle = box["left"] + 2, box["top"] + 2, box["left"] + box["width"] / 2
        bottom = box["top"] + box["height"] - 2
        page.mouse.move(middle, top)
        page.wait_for_timeout(1000)  # what hovering there brings is not the lasso's
        self.begin()
        page.mouse.down()
        for corner in ((left, top), (left, bottom), (middle, bottom), (middle, top + 2)):
            page.mouse.move(*corner, steps=MOVES)
            page.wait_for_timeout(50)
        page.evaluate("(seconds) => painted.still(seconds)", PATIENCE)
        paints = page.evaluate("painted.paints()")
        page.evaluate("painted.reset()")
        page.mouse.up()
        done, up, down = self.complete()
        self.notebook.wait_for("times", seconds=PATIENCE)
        released = page.evaluate("painted.mouseUp()") / 1000
        heard, selected = (float(part) for part in self.notebook.execute("print(*times[-1])").split())
        if not 0.99 * self.n_cells / 2 <= selected <= self.n_cells / 2:
            raise AssertionError(f"{self.side.name}: the lasso round half of the cells selected {selected:,.0f}")
        return {
            "lasso_paints": paints,
            "lasso_heard": heard - released,
            "lasso_seen": done["complete"] / 1000 - released,
            "lasso_up": up,
            "lasso_down": down,
            "selected": selected,
        }

    def begin(self) -> None:
        """Count from here."""
        self.page.evaluate("painted.reset()")
        self.wire.reset()

    def complete(self) -> tuple[dict[str, Any], int, int]:
        """When the picture was complete, and the bytes up and down until then."""
        done = self.page.evaluate("(options) => painted.complete(options)", {"quiet": QUIET, "seconds": PATIENCE})
        return done, self.wire.up, self.wire.down
