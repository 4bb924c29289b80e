"""`make demo`: the quick start in a real JupyterLab, for a person, or headless for a machine."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import webbrowser
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from hosts.chromium import launch
from hosts.jupyterlab import JupyterLab
from hosts.kernel_client import client_of
from hosts.notebook import CellFailed, NotebookPage
from hosts.widget import WidgetPage

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"
BUILD = ROOT / "build"
PICTURE = BUILD / "demo.png"

# The cells of the notebook's widgets as Python has them, in the order in which they were named.
COUNTS = """
from cellucid import CellucidWidget
named = [value for name, value in list(globals().items()) if not name.startswith("_")]
print(*[value.n_cells for value in named if isinstance(value, CellucidWidget)])
"""


def main() -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", nargs="?", type=Path, default=NOTEBOOK, help="which notebook; the quick start")
    parser.add_argument("--headless", action="store_true", help="run it without a screen and take a picture")
    parser.add_argument(
        "--no-http", action="store_true", help="headless: refuse the browser every way to the data server"
    )
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where the picture goes; build/demo.png")
    given = parser.parse_args()
    # A copy to play with: JupyterLab saves what it opens.
    folder = BUILD / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(given.notebook, folder)
    with JupyterLab(folder) as lab:
        if given.headless:
            return run_headless(lab, given.notebook.name, given.picture, http=not given.no_http)
        if given.no_http:
            parser.error("--no-http needs --headless: it is the browser that is kept from the data server")
        return open_for_a_person(lab, given.notebook.name)


def run_headless(lab: JupyterLab, path: str, picture: Path, *, http: bool = True) -> int:
    """Run all cells, wait for settled plots, take the picture, and tell what was drawn."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        notebook = NotebookPage(page, lab, path)
        if not http:
            refuse_http(page, lab)
        try:
            notebook.open()
            notebook.run_all()
            widgets = [WidgetPage(notebook, index) for index in range(WidgetPage.count(notebook))]
            if not widgets:
                raise AssertionError("the notebook ran and shows no widget")
            for widget in reversed(widgets):
                widget.settle(60)
            widgets[0].root.scroll_into_view_if_needed()
            page.screenshot(path=picture)
            drawn = [widget.inspect() for widget in widgets]
            wanted = [int(count) for count in notebook.execute(COUNTS).split()]
            cells = [widget["cells_drawn"] for widget in drawn]
            if cells != wanted:
                raise AssertionError(f"the scenes hold {cells} cells, the datasets {wanted}")
            if notices := [notice for widget in drawn for notice in widget["notices"]]:
                raise AssertionError(f"the widgets complain: {notices}")
        except (AssertionError, CellFailed, PlaywrightError) as error:
            page.screenshot(path=picture)
            print(f"{lab.log_tail()}\ndemo failed: {error}", file=sys.stderr)
            return 1
        finally:
            browser.close()
    carried: dict[str, int] = {}
    for widget in drawn:
        for carrier, counts in widget["carriers"].items():
            carried[carrier] = carried.get(carrier, 0) + counts["bytes_received"]
    total = " + ".join(f"{count:,}" for count in cells)
    roads = ", ".join(dict.fromkeys(widget["transport"] for widget in drawn))
    moved = ", ".join(f"{carrier} {count:,} bytes" for carrier, count in carried.items() if count)
    print(f"drawn: {total} cells; transport: {roads}; moved: {moved}; picture: {os.path.relpath(picture)}")
    return 0


def refuse_http(page: Page, lab: JupyterLab) -> None:
    """Let a page reach JupyterLab itself and nothing else: neither another port nor its proxy."""
    page.route(lambda url: not url.startswith(lab.base_url) or "/proxy/" in url, lambda route: route.abort())


def open_for_a_person(lab: JupyterLab, path: str) -> int:
    """Run the notebook on the server, so that it opens with its plots drawn, and open it."""
    print("Running the notebook…", flush=True)
    execute_on_server(lab, path)
    url = lab.url(path)
    opened = webbrowser.open(url)
    print(f"{'Opened' if opened else 'Open this address in a browser:'} {url}\nCtrl+C ends the demo.", flush=True)
    try:
        return lab.wait()
    except KeyboardInterrupt:
        return 0


def execute_on_server(lab: JupyterLab, path: str) -> None:
    """Run a notebook's cells in the session that JupyterLab will find, and keep their outputs in the file."""
    body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    session = lab.request("POST", "api/sessions", body)
    notebook = nbformat.read(lab.root_dir / path, as_version=4)
    with client_of(lab, session["kernel"]["id"]) as client:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                outputs: list[Any] = []
                reply = client.execute_interactive(cell.source, timeout=300, output_hook=collector(outputs))
                cell.outputs, cell.execution_count = outputs, reply["content"].get("execution_count")
                # Saved as trusted through the server, which then signs it: JupyterLab shows no widgets otherwise.
                cell.metadata["trusted"] = True
    lab.request("PUT", f"api/contents/{path}", {"type": "notebook", "format": "json", "content": notebook})


def collector(outputs: list[Any]) -> Any:
    """A function that turns the kernel's messages into a cell's outputs."""

    def collect(message: dict[str, Any]) -> None:
        if message["header"]["msg_type"] in {"display_data", "execute_result", "stream", "error"}:
            outputs.append(nbformat.v4.output_from_msg(message))

    return collect


if __name__ == "__main__":
    sys.exit(main())
