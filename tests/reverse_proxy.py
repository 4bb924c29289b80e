"""A small reverse proxy, as a person puts before the server: under a prefix that it takes away, or does not."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_OWN_AFFAIR = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host"}


class ReverseProxy:
    """Passes on what is below its prefix, body by body and part by part, and answers 404 to all else.

    Args:
        prefix: Such as ``"/lab/cells"``.
        strips: Whether what is behind it sees the prefix.
    """

    def __init__(self, prefix: str, *, strips: bool) -> None:
        self.prefix, self.strips = prefix, strips
        self.target = 0
        """The port that it leads to; to be set before the first request."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """With a slash at its end."""
        return f"http://127.0.0.1:{self._http.server_port}{self.prefix}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                if not self.path.startswith(proxy.prefix + "/"):
                    return self.send_error(404)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.path.removeprefix(proxy.prefix) if proxy.strips else self.path
                onward = http.client.HTTPConnection("127.0.0.1", proxy.target, timeout=60)
                try:
                    headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN_AFFAIR}
                    onward.request(self.command, path, body, {**headers, "Host": "lab.example.org"})
                    self.answer(onward.getresponse())
                except (ConnectionError, http.client.HTTPException, TimeoutError):
                    self.close_connection = True
                finally:
                    onward.close()

            def answer(self, answer: http.client.HTTPResponse) -> None:
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _OWN_AFFAIR:
                        self.send_header(name, value)
                self.send_header("Connection", "close")
                self.close_connection = True
                self.end_headers()
                while part := answer.read1(65536):
                    self.wfile.write(part)
                    self.wfile.flush()

            do_GET = do_HEAD = do_POST = do_OPTIONS = pass_on

            def log_message(self, *_: object) -> None:
                pass

        return Handler
