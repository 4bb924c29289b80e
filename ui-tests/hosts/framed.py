"""A page of ours by the rules of hosts that show widgets in frames: the kernel is Jupyter's own, so are the widgets."""

import json
import re
import subprocess
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import anywidget
from playwright.sync_api import FrameLocator, Page

from hosts.console import Console
from hosts.jupyterlab import JupyterLab
from hosts.notebook import CellFailed
from hosts.thread import ThreadServer

ROOT = Path(__file__).parents[2]
SOURCES = Path(__file__).parent / "pages"
BUILT = ROOT / "build" / "host-pages"
ANYWIDGET = Path(anywidget.__file__).parent / "nbextension" / "index.js"

ESBUILD = (
    "--bundle",
    "--format=iife",
    "--platform=browser",
    "--minify",
    "--define:global=globalThis",
    "--define:__webpack_public_path__=globalThis.assets",
    '--define:process.env.NODE_ENV="production"',
    # What no widget of ours shows: the looks of ipywidgets' own controls.
    *(f"--loader:.{kind}=empty" for kind in ("css", "svg", "woff", "woff2", "ttf", "eot")),
    # JupyterLab's components import it and do not depend on it.
    "--alias:tslib=./node_modules/@microsoft/fast-foundation/node_modules/tslib",
    "--log-level=error",
)


@dataclass(frozen=True)
class Rules:
    """What a host allows its frames.

    Args:
        manager: the script of `pages` that is the frame's widget manager.
        form: how messages go to the frame and back, of `pages/buffers.js`.
        policy: the frame's Content-Security-Policy, with `{origin}` for where its scripts come from; empty for none.
        sandbox: the frame's attribute of that name; None for a frame of its page's own origin.
        relays: what the page around brings to the frame: messages of comms, or all of the kernel's socket.
        each: what has a frame of its own.
        frame_host: the host's name in the address of a frame, with `{cell}` for the number of the cell.
        port_proxy: the address, with `{port}`, that frames are told to reach a port of the kernel's machine by.
        packages: files that the manager imports by names that are not in node_modules.
    """

    manager: str
    form: Literal["numbers", "views", "base64"]
    policy: str = ""
    sandbox: str | None = None
    relays: Literal["comms", "socket"] = "comms"
    each: Literal["page", "cell"] = "page"
    frame_host: str = "127.0.0.1"
    port_proxy: str | None = None
    packages: Mapping[str, Path] = field(default_factory=dict)


def bundle(rules: Rules) -> None:
    """Bundle the scripts of a host with the packages that they import."""
    entries = [str(SOURCES / f"{name}.js") for name in ("kernel", rules.manager)]
    aliases = [f"--alias:{name}={file}" for name, file in rules.packages.items()]
    command = ["node_modules/.bin/esbuild", *entries, *ESBUILD, *aliases, f"--outdir={BUILT}"]
    subprocess.run(command, cwd=ROOT, check=True)


def html_manager() -> str:
    """The widget manager of frames that have no other, with its version."""
    package = json.loads((ROOT / "node_modules/@jupyter-widgets/html-manager/package.json").read_text())
    return f"html-manager {package['version']}"


class FrameServer(ThreadServer):
    """Serves the document of the frames and its scripts, on a port of its own: as another origin."""

    def __init__(self, rules: Rules) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        self._rules = rules
        manager = f"{rules.manager}.js"
        self._scripts = {manager: BUILT / manager, "anywidget.js": ANYWIDGET}

    @property
    def origin(self) -> str:
        """Where the frames come from."""
        return f"http://{self._rules.frame_host}:{self.port}"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.lstrip("/")
        if name == "frame.html":
            scripts = "".join(f"<script src={script}></script>" for script in self._scripts)
            given = f"{json.dumps(self._rules.form)}, {json.dumps(self._rules.port_proxy)}"
            body = f"<!doctype html><body>{scripts}<script>start({given})</script>".encode()
        elif name in self._scripts:
            body = self._scripts[name].read_bytes()
        else:
            request.send_error(404)
            return
        request.send_response(200)
        kind = "text/html" if name == "frame.html" else "text/javascript"
        request.send_header("Content-Type", f"{kind}; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        if self._rules.policy:
            request.send_header("Content-Security-Policy", self._rules.policy.format(origin=self.origin))
        request.end_headers()
        request.wfile.write(body)


class FramedPage:
    """A page with a kernel, which shows what that displays in frames.

    Args:
        page: the browser's page; what it logs is kept in `console`.
        lab: the Jupyter server that has the kernel.
        rules: those of the host.
        frames: serves the frames by these rules.
    """

    def __init__(self, page: Page, lab: JupyterLab, rules: Rules, frames: FrameServer) -> None:
        self.page = page
        self.lab = lab
        self.rules = rules
        self.frames = frames
        self.console = Console(page)

    @property
    def server(self) -> JupyterLab:
        """What has its kernel."""
        return self.lab

    @property
    def document(self) -> FrameLocator:
        """The last frame: the only one, or that of the last cell."""
        return self.page.frame_locator("iframe").last

    def open(self) -> "FramedPage":
        """Load the page and start its kernel."""
        frame = {"src": f"{self.frames.origin}/frame.html", "width": "1000", "height": "700", "style": "border: 0"}
        if self.rules.sandbox is not None:
            frame["sandbox"] = self.rules.sandbox
        # A page of Jupyter's origin, which may talk to the kernel, with nothing of Jupyter's in it.
        self.page.goto(f"{self.lab.base_url}login")
        self.page.set_content("<!doctype html><title>A host with frames</title><body></body>")
        self.page.add_script_tag(path=BUILT / "kernel.js")
        self.page.evaluate(
            "(rules) => openHost(rules)",
            {
                "token": self.lab.token,
                "form": self.rules.form,
                "relays": self.rules.relays,
                "frames": {"each": self.rules.each, "address": frame},
            },
        )
        return self

    def run_cell(self, code: str) -> str:
        """Run code as a cell of the page; what it printed."""
        return self._begin(code, cell=True)()

    def execute(self, code: str) -> str:
        """Run code in the kernel; what it printed, and the repr of its last expression."""
        return self.start(code)()

    def start(self, code: str) -> Callable[[], str]:
        """Run code as a cell does, without waiting for its end; what is returned waits, and has what it printed."""
        return self._begin(code, cell=False)

    def _begin(self, code: str, *, cell: bool) -> Callable[[], str]:
        given = {"name": f"run-{uuid.uuid4().hex}", "code": code, "cell": cell}
        run = "({ name, code, cell }) => { window[name] = host.execute(code, cell); window[name].catch(() => {}); }"
        self.page.evaluate(run, given)

        def finish() -> str:
            answer = self.page.evaluate("(name) => window[name]", given["name"])
            if answer["failure"]:
                raise CellFailed(re.sub(r"\x1b\[[0-9;]*m", "", answer["failure"]))
            text: str = answer["text"]
            return text.strip()

        return finish
