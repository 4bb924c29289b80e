"""The widget's place on the data server."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from cellucid.channel.messages import TransportChosen
from cellucid.connect import on_a_hub, override_address, tunnel, viewer_address
from cellucid.dataset import Dataset
from cellucid.server import DataServer, data_server
from cellucid.widget.viewer import Viewer

logger = logging.getLogger("cellucid.jupyter")


class Serving:
    """Keeps the datasets of one widget on the process's data server, and knows under which address pages reach them."""

    def __init__(self) -> None:
        self._served: Dataset | None = None
        self._path = ""
        self._viewer_id = ""

    def boot(self, dataset: Dataset) -> dict[str, Any]:
        """Where a page finds the dataset: port, token and path; empty where the server cannot run.

        Raises:
            ValueError: ``CELLUCID_CLIENT_SERVER_URL`` is set and is not an address.
        """
        override = override_address()
        try:
            server = _running()
        except OSError as error:  # no sockets here: the comm carries everything
            logger.warning("the data server cannot start: %s", error)
            return {}
        if self._served is not dataset:
            self._let_go()
            self._served, self._path = dataset, server.add(dataset)
        learned = server.counters.proxied
        return {
            "port": server.port,
            "token": server.token,
            "path": self._path,
            "override": override,
            "learned": None if learned is None else urlsplit(learned).path,
        }

    def asked_since(self, moment: float) -> bool:
        """Whether a page has asked for something of the dataset by HTTP since a moment of the monotonic clock."""
        return self._served is not None and data_server().asked(self._served) > moment

    def show(self, viewer_id: str, viewer: Viewer) -> None:
        """Serve the viewer's pages, until the end."""
        self._viewer_id = viewer_id
        data_server().show(viewer_id, viewer)

    def end(self) -> None:
        """Take dataset and viewer off the server. Idempotent."""
        data_server().show(self._viewer_id, None)
        self._let_go()

    def _let_go(self) -> None:
        served, self._served = self._served, None
        if served is not None:
            data_server().remove(served)

    def address(self, road: TransportChosen | None) -> str:
        """The server's address: the override, else the newest page's, else the last proxy's, else the direct one."""
        if (override := override_address()) is not None:
            return override
        if road is not None and road.name != "direct" and road.base is not None:
            return road.base
        server = _running()
        return (server.counters.proxied if road is None else None) or server.url

    def obstacle(self, road: TransportChosen | None) -> str | None:
        """Why browsers elsewhere do not reach the address, and what to do; None where one does, or nobody can tell."""
        server = _running()
        if self.address(road) != server.url or (road is not None and road.base is not None):
            return None
        if road is None:
            if not on_a_hub():
                return None
            cure = "read it again in a later cell: a page that shows a widget finds what your browser reaches"
        elif on_a_hub() or "jupyter-server-proxy" in (road.reason or ""):
            cure = "install jupyter-server-proxy in the environment that runs Jupyter, and restart Jupyter"
        else:
            cure = f"elsewhere, first run  {tunnel(urlsplit(server.url).netloc)}"
        return f"{server.url} is reached only from the machine where the kernel runs; {cure}"

    def page(self, road: TransportChosen | None, viewer_id: str) -> str:
        """The address that opens a viewer in a browser tab; it carries the token."""
        return viewer_address(self.address(road), viewer_id, _running().token)


def _running() -> DataServer:
    server = data_server()
    server.start()
    return server
