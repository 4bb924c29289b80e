"""What a person waits for by each road that the data can take: straight, through Jupyter's proxy, over the comm."""

from __future__ import annotations

from collections.abc import Iterator

from browser import HERE, PATIENCE, PREPARE, QUIET, opened_browser
from playwright.sync_api import BrowserContext
from sides import OURS
from table import Row

from hosts.jupyterlab import JupyterLab
from hosts.notebook import NotebookPage, write_notebook

PROXY = "through Jupyter's proxy"
ROADS = {"direct": [], "proxy": ["direct"], "comm": ["direct", "proxy"]}
"""Which others are closed for the page to take each road."""

# In the page and not by the browser's own interception, which would slow down what is let through.
CLOSE = """
((closed) => {
  const open = globalThis.fetch;
  const nameOf = (url) => {
    if (/\\/proxy\\/\\d+\\//.test(url)) return "proxy";
    return /:\\d+\\/(_cellucid|d)\\//.test(url) ? "direct" : null;
  };
  globalThis.fetch = (url, options) =>
    closed.includes(nameOf(String(url))) ? Promise.reject(new TypeError("closed")) : open(url, options);
})(%s);
"""


def run(quick: bool) -> Iterator[Row]:
    """A page and a kernel for each road at each turn."""
    n_cells, repeats = (5_000, 1) if quick else (100_000, 5)
    seen: dict[str, list[dict[str, float]]] = {road: [] for road in ROADS}
    with opened_browser() as (lab, context):
        for turn in range(repeats):
            for road in list(ROADS) if turn % 2 == 0 else list(ROADS)[::-1]:
                seen[road].append(visit(lab, context, road, n_cells))
    for road in ("direct", "comm"):
        for key, unit, what in (
            ("first", "s", f"display {n_cells:,} cells, {road}: from the cell's start to the complete picture"),
            (
                "drawn",
                "s",
                f"display {n_cells:,} cells, {road}: from the viewer's start to its first picture with colours",
            ),
            ("chosen", "s", f"{road}: from the viewer's start to the chosen road"),
        ):
            ours, theirs = ([one[key] for one in seen[side]] for side in (road, "proxy"))
            yield Row("roads", what, unit, PROXY, ours=ours, theirs=theirs)


def visit(lab: JupyterLab, context: BrowserContext, road: str, n_cells: int) -> dict[str, float]:
    """Seconds by the keys of the rows, in a new page that has one road."""
    prepare = PREPARE.format(here=str(HERE), prepare=OURS.prepare.format(n_cells=n_cells))
    path = write_notebook(lab.root_dir / f"{road}.ipynb", [prepare, f"began = time.time()\n{OURS.show}"])
    page = context.new_page()
    page.add_init_script(path=HERE / "painted.js")
    page.add_init_script(CLOSE % ROADS[road])
    notebook = NotebookPage(page, lab, path.name).open()
    try:
        notebook.run_cell(0)
        page.evaluate("painted.reset()")
        notebook.run_cell(1)
        done = page.evaluate("(options) => painted.complete(options)", {"quiet": QUIET, "seconds": PATIENCE})
        began = float(notebook.execute("began"))
        state = page.locator(".cellucid").evaluate("(element) => element.cellucid.inspect()")
        if state["transport"] != road:
            raise AssertionError(f"the data came by {state['transport']}, not by {road}")
        return {
            "first": done["complete"] / 1000 - began,
            "drawn": state["milestones"]["settled"] / 1000,
            "chosen": state["milestones"]["road"] / 1000,
        }
    finally:
        notebook.close()
