"""A real marimo, and one notebook that is edited in it."""

import http.client
import json
import sys
import textwrap
import threading
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Page, WebSocket

from hosts.console import Console
from hosts.notebook import CellFailed
from hosts.process import HostProcess

CONFIG = """
[runtime]
auto_instantiate = true
"""
OPEN_SECONDS = 60


class Marimo(HostProcess):
    """One server of `marimo edit`, alive inside `with`; a notebook's cells run when a page opens it."""

    name = "marimo"

    @property
    def base_url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}/"

    def command(self) -> Sequence[str]:
        """Of the server."""
        config = self._home / "xdg-config" / "marimo" / "marimo.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG)
        # Nobody but the tests asks this server; skew protection wants a token that only marimo's own page has.
        flags = ("--headless", "--no-token", "--skip-update-check", "--no-skew-protection", "--no-sandbox")
        return [sys.executable, "-m", "marimo", "-y", "edit", str(self.root_dir), f"--port={self.port}", *flags]

    def folders(self) -> dict[str, str]:
        """Where marimo looks and writes."""
        xdg = {f"XDG_{name.upper()}_HOME": f"xdg-{name}" for name in ("config", "data", "cache", "state")}
        return {**super().folders(), **xdg}

    def probe(self) -> None:
        """Ask for its health."""
        urllib.request.urlopen(f"{self.base_url}health", timeout=10).close()


def write_notebook(path: Path, cells: Iterable[str]) -> Path:
    """Write a notebook of marimo's; returns `path`."""
    functions = (f"@app.cell\ndef _():\n{textwrap.indent(cell.strip(), '    ')}\n    return\n" for cell in cells)
    path.write_text("\n\n".join(["import marimo\n\napp = marimo.App()", *functions]))
    return path


class MarimoPage:
    """One notebook, open in one page; its cells run as it opens.

    Args:
        page: The browser's page; what it logs is kept in `console`.
        server: What serves the notebook.
        path: The notebook's path, relative to the server's `root_dir`.
    """

    def __init__(self, page: Page, server: Marimo, path: str) -> None:
        self.page = page
        self.server = server
        self.path = path
        self.console = Console(page)
        self._session: str | None = None
        page.on("websocket", self._connected)

    @property
    def document(self) -> Page:
        """Where the widgets are: marimo's own page, below a shadow root."""
        return self.page

    def _connected(self, socket: WebSocket) -> None:
        self._session = parse_qs(urlsplit(socket.url).query).get("session_id", [self._session])[0]

    def open(self) -> "MarimoPage":
        """Open the notebook and wait until its kernel is there."""
        self.page.goto(f"{self.server.base_url}?file={quote(self.path)}")
        for _ in range(OPEN_SECONDS * 10):
            if self._session is not None:
                return self
            self.page.wait_for_timeout(100)
        raise AssertionError(f"marimo's page has no session after {OPEN_SECONDS} s")

    def execute(self, code: str) -> str:
        """Run code in the notebook's kernel, as marimo's scratchpad does; what it printed, without white space around.

        Raises:
            CellFailed: The code raised.
        """
        return self.start(code)()

    def start(self, code: str) -> Callable[[], str]:
        """Begin to run code as `execute` does; what is returned waits for its end and gives what it gives."""
        answers: list[str] = []
        failures: list[str] = []
        run = threading.Thread(target=self._run, args=(code, answers, failures), daemon=True)
        run.start()

        def finish() -> str:
            while run.is_alive():
                self.page.wait_for_timeout(20)  # a plain join would keep the page's own events from being heard
            if failures:
                raise CellFailed("".join(failures))
            return "".join(answers).strip()

        return finish

    def _run(self, code: str, answers: list[str], failures: list[str]) -> None:
        headers = {"Content-Type": "application/json", "Marimo-Session-Id": self._session or ""}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        try:
            connection.request("POST", "/api/kernel/execute", json.dumps({"code": code}), headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise OSError(f"marimo answers {answer.status}: {answer.read()!r}")
            errors: list[str] = []
            for event in answer.read().decode().split("\n\n"):
                kind, _, data = event.partition("\ndata: ")
                match kind.removeprefix("event: "):
                    case "stdout":
                        answers.append(json.loads(data)["data"])
                    case "stderr":
                        errors.append(json.loads(data)["data"])
                    case "done" if not json.loads(data)["success"]:
                        failures.extend(errors or [data])
        except (OSError, ValueError) as error:
            failures.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def close(self) -> None:
        """End the notebook's kernel and close the page."""
        request = urllib.request.Request(
            f"{self.server.base_url}api/home/shutdown_session",
            json.dumps({"sessionId": self._session}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()
        self.page.close(run_before_unload=False)
