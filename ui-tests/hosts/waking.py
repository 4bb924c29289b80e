"""Wakes kernels that have missed a request, as those of ipykernel 7.0 to 7.3 do.

They send replies on the socket that they hear requests on, and may take the news of a request away from themselves
(ipython/ipykernel#1554): it stays in the socket until somebody else connects to it. Cells then wait for ever, without
any widget too.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

import zmq

EVERY = 2.0  # s
HELD = 0.2  # s that a connection needs to be taken


def misses_requests(folder: str) -> bool:
    """Whether the ipykernel in a folder is one of those."""
    (version,) = (found.version for found in distributions(name="ipykernel", path=[folder]))
    major, minor = map(int, version.split(".")[:2])
    return major == 7 and minor < 4


@contextmanager
def kept_awake(connection_files: Path) -> Iterator[None]:
    """Connects to each kernel of a folder of connection files every other second, and says nothing to it."""
    over = threading.Event()
    thread = threading.Thread(target=_wake_all, args=(connection_files, over), name="waking", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _wake_all(folder: Path, over: threading.Event) -> None:
    with zmq.Context() as context:
        while not over.wait(EVERY):
            sockets = []
            for file in folder.glob("kernel-*.json"):
                try:
                    kernel = json.loads(file.read_text())
                except (OSError, ValueError):  # gone, or not written yet
                    continue
                sockets.append(context.socket(zmq.DEALER))
                sockets[-1].linger = 0
                sockets[-1].connect(f"tcp://{kernel['ip']}:{kernel['shell_port']}")
            over.wait(HELD)
            for socket in sockets:
                socket.close()
