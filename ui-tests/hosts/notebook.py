"""Drives one notebook in JupyterLab, or in Notebook, as a person would, and asks its kernel what came of it."""

import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import nbformat
from playwright.sync_api import Locator, Page

from hosts.console import Console

OPEN_SECONDS = 60
CELL_SECONDS = 120

# `panel` is the notebook's panel in the page's own JupyterLab application, `app`.
PANEL = """
const app = window.jupyterapp;
const panel = [...app.shell.widgets("main")].find((widget) => widget.context?.path === path);
if (!panel) throw new Error(`the notebook ${path} is not open`);
"""

# Rejects with a reason instead of waiting for ever on a kernel that died.
WITHIN = """
const within = (promise, seconds, what) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};
"""

READY = """
await within((async () => {
  await panel.context.ready;
  await panel.revealed;
  await panel.sessionContext.ready;
  const idle = () => panel.sessionContext.isReady && panel.sessionContext.session?.kernel?.status === "idle";
  // Run All on a notebook without its cells, or before the kernel is there, runs nothing and says nothing.
  while (panel.content.widgets.length === 0 || !idle()) await new Promise((resolve) => setTimeout(resolve, 50));
})(), seconds, "getting the notebook and an idle kernel");
"""

EXECUTE = """
const kernel = panel.sessionContext.session?.kernel;
if (!kernel) throw new Error("the notebook has no kernel");
const future = kernel.requestExecute({ code, store_history: false, allow_stdin: false, stop_on_error: false });
let text = "";
let failure = null;
future.onIOPub = (message) => {
  const { content } = message;
  switch (message.header.msg_type) {
    case "stream":
      if (content.name === "stdout") text += content.text;
      break;
    case "execute_result":
      text += content.data["text/plain"];
      break;
    case "error":
      failure = content.traceback.join("\\n").replace(/\\x1b\\[[0-9;]*m/g, "");
      break;
  }
};
try {
  await within(future.done, seconds, "running code in the kernel");
} finally {
  future.dispose();
}
return { text, failure };
"""


class CellFailed(AssertionError):
    """Code in the notebook's kernel raised; the message is its traceback."""


def write_notebook(path: Path, cells: Iterable[str]) -> Path:
    """Writes a notebook of code cells for the environment's own Python kernel.

    Args:
        path: Where to; its folder is made.
        cells: The source of each cell.

    Returns:
        `path`.
    """
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


class NotebookServer(Protocol):
    """What serves notebooks to a page that has `window.jupyterapp`."""

    def url(self, path: str = "", *, workspace: str | None = None) -> str:
        """The address that opens a notebook."""
        ...

    def log_tail(self, lines: int = 60) -> str:
        """The last lines of the log."""
        ...


class NotebookPage:
    """One notebook, open in one browser page.

    Args:
        page: The browser's page; what it logs is kept in `console`.
        server: What serves the notebook.
        path: The notebook's path, relative to the server's `root_dir`.
    """

    def __init__(self, page: Page, server: NotebookServer, path: str) -> None:
        self.page = page
        self.server = server
        self.path = path
        self.console = Console(page)
        self._are_comms_on_main = False

    @property
    def document(self) -> Page:
        """Where the widgets are: JupyterLab's own page."""
        return self.page

    def open(self, *, load: bool = True) -> "NotebookPage":
        """Opens the notebook and waits until it shows its cells and its kernel is idle.

        Args:
            load: Load JupyterLab anew; else open the notebook in the JupyterLab that the page shows.
        """
        if load:
            # A workspace of its own: two pages in one workspace would each reopen what the other has.
            self.page.goto(self.server.url(self.path, workspace=f"test-{uuid.uuid4().hex[:8]}"))
        else:
            self.page.evaluate(
                "(path) => void window.jupyterapp.commands.execute('docmanager:open', { path })", self.path
            )
        self.page.wait_for_function(
            """(path) => {
              const app = window.jupyterapp;
              return app && [...app.shell.widgets("main")].some((widget) => widget.context?.path === path);
            }""",
            arg=self.path,
            timeout=OPEN_SECONDS * 1000,
        )
        self._in_panel("await app.restored;")
        self.wait_idle(OPEN_SECONDS)
        self._in_panel("app.shell.activateById(panel.id);")
        self.collapse_sidebar()
        return self

    def wait_idle(self, seconds: float = CELL_SECONDS) -> None:
        """Waits until the cells are there, the kernel is idle, and nothing is queued in the notebook."""
        self._in_panel(
            READY
            + """
            const busy = () => panel.content.widgets.some((cell) => cell.model?.executionState === "running"
              || cell.promptNode?.textContent?.includes("*") || cell.inputArea?.promptNode?.textContent?.includes("*"));
            await within((async () => {
              while (busy()) await new Promise((resolve) => setTimeout(resolve, 50));
            })(), seconds, "running the queued cells");
            """,
            seconds=seconds,
        )

    def run_all(self, *, wait: bool = True, seconds: float = CELL_SECONDS) -> None:
        """Runs every cell, as the menu's Run All does.

        Args:
            wait: Return when the last cell has ended; otherwise as soon as they are queued.
            seconds: The time-out.

        Raises:
            CellFailed: A cell raised (with `wait`).
        """
        self._run_command("notebook:run-all-cells", wait=wait, seconds=seconds)

    def run_cell(self, index: int, *, wait: bool = True, seconds: float = CELL_SECONDS) -> None:
        """Runs one cell; the arguments are those of `run_all`."""
        self._in_panel("panel.content.deselectAll(); panel.content.activeCellIndex = index;", index=index)
        self._run_command("notebook:run-cell", wait=wait, seconds=seconds)

    def execute(self, code: str, *, seconds: float = CELL_SECONDS) -> str:
        """Runs code in the notebook's kernel, outside its cells.

        Returns:
            What it printed, followed by the repr of its last expression, without surrounding white space.

        Raises:
            CellFailed: The code raised.
        """
        return self.start(code, seconds=seconds)()

    def start(self, code: str, *, seconds: float = CELL_SECONDS) -> Callable[[], str]:
        """Begins to run code as `execute` does; what is returned waits for its end and gives what it gives."""
        name = f"cellucid-{uuid.uuid4().hex}"
        begin = f"window[name] = (async () => {{ {EXECUTE} }})(); window[name].catch(() => {{}});"
        self._in_panel(begin, name=name, code=code, seconds=seconds)

        def finish() -> str:
            answer = self.page.evaluate("(name) => window[name]", name)
            if answer["failure"]:
                raise CellFailed(answer["failure"])
            text: str = answer["text"]
            return text.strip()

        return finish

    def serve_comms_on_main(self) -> None:
        """From now on comms wait for cells to end, as in kernels without sub-shells: JupyterLab's own setting."""
        self._in_panel('app.serviceManager.kernels.commsOverSubshells = "disabled";')
        self._are_comms_on_main = True

    def hears_while_awaiting(self) -> bool:
        """Whether this ipykernel takes messages of the comm while a cell awaits: 6 does not, on main only 7.4 does."""
        first = (7, 4) if self._are_comms_on_main else (7, 0)
        return self.execute(f"import ipykernel; ipykernel.version_info[:2] >= {first}") == "True"

    def wait_for(self, expression: str, *, seconds: float = 30) -> None:
        """Waits until an expression is true in the kernel, which must not be blocked by a cell.

        Raises:
            AssertionError: It did not become true in time; the message has its last value.
        """
        deadline = time.monotonic() + seconds
        while (value := self.execute(f"(bool({expression}), {expression})")).startswith("(False"):
            if time.monotonic() > deadline:
                raise AssertionError(f"`{expression}` was not true within {seconds} s; at last: {value}")
            self.page.wait_for_timeout(50)

    def restart_kernel(self, seconds: float = OPEN_SECONDS) -> None:
        """Restarts the kernel, keeping the outputs, and waits until the new one is idle."""
        self._in_panel(
            'await within(panel.sessionContext.session.kernel.restart(), seconds, "the restart");', seconds=seconds
        )
        self.wait_idle(seconds)

    def interrupt_kernel(self, seconds: float = OPEN_SECONDS) -> None:
        """Interrupts the running cell, and those queued behind it, and waits until the kernel is idle."""
        self._in_panel("await panel.sessionContext.session.kernel.interrupt();")
        self.wait_idle(seconds)

    def cell_is_running(self, index: int) -> bool:
        """Whether a cell is running or waits to run."""
        running: bool = self._in_panel(
            """
            const cell = panel.content.widgets[index];
            return cell.model.executionState === "running" || cell.inputArea.promptNode.textContent.includes("*");
            """,
            index=index,
        )
        return running

    def cell_output(self, index: int) -> Locator:
        """The output area of one cell, scrolled into view."""
        # By a mark of ours: which cells have a node in the page depends on JupyterLab's windowing of long notebooks.
        self._in_panel(
            """
            const cell = panel.content.widgets[index];
            if (!cell) throw new Error(`the notebook has no cell ${index}`);
            await panel.content.scrollToItem(index);
            cell.node.dataset.harnessCell = String(index);
            """,
            index=index,
        )
        return self.page.locator(f'[data-harness-cell="{index}"] .jp-Cell-outputArea')

    def set_theme(self, name: str) -> None:
        """Switches JupyterLab's theme, for example to "JupyterLab Dark"."""
        self._in_panel('await app.commands.execute("apputils:change-theme", { theme: name });', name=name)
        self.page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=name)
        # JupyterLab covers the page meanwhile, and lets the cover fade for a moment after the theme is there.
        self.page.wait_for_function("() => document.getElementById('jupyterlab-splash') === null")

    def collapse_sidebar(self) -> None:
        """Closes the file browser, so that the notebook has the whole width."""
        self._in_panel('if (!app.shell.leftCollapsed) await app.commands.execute("application:toggle-left-area");')

    def leave(self) -> bool:
        """Closes the notebook and keeps the page; returns whether that is as good as new."""
        if self.page.is_closed():
            return False
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.mouse.move(0, 0)
        self.console.close()
        as_new: bool = self._in_panel(
            """
            panel.dispose();
            await new Promise((resolve) => setTimeout(resolve));
            app.serviceManager.kernels.commsOverSubshells = "perCommTarget";
            const { leases = [] } = globalThis[Symbol.for("cellucid.contexts.1")] ?? {};
            const widgets = document.querySelectorAll(".cellucid, .jp-Dialog").length + leases.length;
            return widgets === 0 && document.body.dataset.jpThemeName === "JupyterLab Light";
            """
        )
        return as_new

    def close(self) -> None:
        """Shuts the notebook's kernel down and closes the page."""
        self._in_panel("await panel.sessionContext.shutdown();")
        self.page.close(run_before_unload=False)

    def _run_command(self, command: str, *, wait: bool, seconds: float) -> None:
        self.wait_idle(seconds)
        self._in_panel("app.shell.activateById(panel.id);")
        if not wait:
            self._in_panel("void app.commands.execute(command);", command=command)
            return
        self._in_panel(
            "await within(app.commands.execute(command), seconds, command);", command=command, seconds=seconds
        )
        failure = self._in_panel(
            """
            for (const cell of panel.content.widgets) {
              const outputs = cell.model.sharedModel.outputs ?? [];
              const error = outputs.find((output) => output.output_type === "error");
              if (error) return (error.traceback ?? [error.evalue]).join("\\n").replace(/\\x1b\\[[0-9;]*m/g, "");
            }
            return null;
            """
        )
        if failure:
            raise CellFailed(failure)

    def _in_panel(self, script: str, **arguments: Any) -> Any:
        """Runs a script in the page with `app`, `panel`, `within` and the arguments in scope."""
        given = {"path": self.path, **arguments}
        return self.page.evaluate(f"async ({{ {', '.join(given)} }}) => {{ {PANEL} {WITHIN} {script} }}", given)
