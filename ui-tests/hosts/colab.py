"""Colab's rules: a frame of its own origin for each cell, a proxy of ports, buffers as base64 or as DataViews."""

import contextlib
import re
import socket
import socketserver
import threading
from typing import Literal

from hosts.framed import Rules, html_manager
from hosts.journey import Host
from hosts.thread import ThreadServer

DOMAIN = "colab.example"
BROWSER = (f"--host-resolver-rules=MAP *.{DOMAIN} 127.0.0.1",)
"""What lets a browser find the frames and the proxy, whose names are not this machine's: no page of Colab's is."""

CHUNK = 64 * 1024


class PortProxy(ThreadServer):
    """Carries connections on to the port of loopback that their host's name begins with."""

    def __init__(self) -> None:
        super().__init__(_Server(("127.0.0.1", 0), _Link))

    @property
    def address(self) -> str:
        """Of a port, which stands for `{port}`."""
        return f"http://{{port}}-port.{DOMAIN}:{self.port}"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


class _Link(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := self.request.recv(CHUNK)):
                return
            head += data
        port = re.search(rb"^host: (\d+)-port\.", head, re.IGNORECASE | re.MULTILINE)
        assert port is not None, f"for which port? {head!r}"
        with socket.create_connection(("127.0.0.1", int(port[1]))) as onward:
            onward.sendall(head)
            back = threading.Thread(target=_pump, args=(onward, self.request), daemon=True)
            back.start()
            _pump(self.request, onward)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # where one end has gone, the other goes
        while data := source.recv(CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def colab(form: Literal["base64", "views"], proxy: PortProxy) -> Rules:
    """Colab's rules, with buffers in one of the forms in which it has had them."""
    return Rules(
        manager="widgets", form=form, each="cell", frame_host=f"cell-{{cell}}.{DOMAIN}", port_proxy=proxy.address
    )


def colab_host() -> Host:
    """What is told of it."""
    return Host("Colab's rules", html_manager(), real=False)
