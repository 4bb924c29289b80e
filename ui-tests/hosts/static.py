"""A host that serves files, plainly as Python's own does, or with the habits of others."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hosts.thread import ThreadServer


class StaticHost(ThreadServer):
    """Serves a folder on a free port of the loopback address.

    Args:
        folder: What is served.
        odd: Say of ``*.gz`` that it is encoded so, on which browsers inflate it; call everything text/html; answer with
            a page, and 200, where there is nothing.
    """

    def __init__(self, folder: Path, *, odd: bool = False) -> None:
        self.asked: list[str] = []
        handler = type("Handler", (_Odd if odd else _Plain,), {"asked": self.asked})
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))))
        self.url = f"http://127.0.0.1:{self.port}/"


class _Plain(SimpleHTTPRequestHandler):
    asked: list[str]

    def log_request(self, *_: object) -> None:
        self.asked.append(self.path)

    def log_message(self, *_: object) -> None:
        pass


class _Odd(_Plain):
    def do_GET(self) -> None:
        if not Path(self.translate_path(self.path)).exists():
            page = b"<!DOCTYPE html>\n<title>There is no such page</title>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
        else:
            super().do_GET()

    def guess_type(self, path: object) -> str:
        return "text/html"

    def end_headers(self) -> None:
        if self.path.endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()
