"""A real JupyterLab on a free loopback port, with nothing of the person's own configuration in it."""

import json
import secrets
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hosts.process import HostProcess

# What would cover the notebook, or reach for the network, on a first start.
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/extensionmanager-extension/plugin": {"enabled": False, "disclaimed": False},
}


class JupyterLab(HostProcess):
    """One JupyterLab server of the running interpreter, alive inside `with`.

    Args:
        root_dir: The folder it shows.
        env: Further environment variables for the server and its kernels.
        log: Where its log goes; in a temporary folder unless given.
        base_path: Below which path of its address it is.
    """

    name = "JupyterLab"
    module = "jupyterlab"
    application = "LabApp"

    def __init__(
        self, root_dir: Path, *, env: Mapping[str, str] | None = None, log: Path | None = None, base_path: str = "/"
    ) -> None:
        super().__init__(root_dir, env=env, log=log)
        self.token = secrets.token_hex(16)
        self.base_path = base_path

    @property
    def base_url(self) -> str:
        """The server's address, without the token."""
        return f"http://127.0.0.1:{self.port}{self.base_path}"

    def url(self, path: str = "", *, workspace: str | None = None) -> str:
        """The address that opens a notebook, or the launcher; carries the token.

        Args:
            path: The notebook, relative to `root_dir`.
            workspace: A workspace of its own, emptied first, so that what an earlier page had open does not return.
        """
        return add_query(self.base_url + lab_path(path, workspace), f"token={self.token}")

    def connection_file(self, kernel_id: str) -> Path:
        """Where a kernel of this server says how to reach it."""
        return self.connection_files / f"kernel-{kernel_id}.json"

    @property
    def connection_files(self) -> Path:
        """Where those of all kernels are."""
        return self._home / "runtime"

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Calls Jupyter's REST API, for example `request("GET", "api/kernels")`.

        Args:
            method: the HTTP method.
            path: what comes after the server's base address.
            body: sent as JSON, unless None.

        Returns:
            The decoded JSON, or None where the answer has no body.
        """
        request = urllib.request.Request(
            self.base_url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = response.read()
        return json.loads(answer) if answer else None

    def shutdown_kernels(self) -> None:
        """Ends every session and kernel of the server."""
        for collection in ("sessions", "kernels"):
            for item in self.request("GET", f"api/{collection}"):
                try:
                    self.request("DELETE", f"api/{collection}/{item['id']}")
                except urllib.error.HTTPError as error:
                    # Gone between the two requests: what was wanted. (410: its kernel had died.)
                    if error.code not in (404, 410):
                        raise

    def reset_settings(self) -> None:
        """Puts every setting back to what the server started with, such as the theme that a test has switched."""
        write_settings(self._home / "settings")

    def command(self) -> Sequence[str]:
        """Of the server."""
        self.reset_settings()
        return [
            *(sys.executable, "-m", self.module, "--no-browser"),
            # A container's root may run it: only this process knows the token.
            "--allow-root",
            f"--ServerApp.root_dir={self.root_dir}",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            # Another port than the one we know would be waited for in vain.
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={self.base_path}",
            f"--IdentityProvider.token={self.token}",
            f"--{self.application}.expose_app_in_browser=True",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--ServerApp.terminals_enabled=False",
        ]

    def folders(self) -> dict[str, str]:
        """Where Jupyter looks and writes."""
        return {
            **super().folders(),
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }

    def probe(self) -> None:
        """Ask for its status."""
        self.request("GET", "api/status")


def lab_path(path: str = "", workspace: str | None = None) -> str:
    """What opens a notebook in JupyterLab, below a server's base address; the arguments are those of `url`."""
    place = f"lab/workspaces/{quote(workspace)}" if workspace else "lab"
    tree = f"/tree/{quote(path)}" if path else ""
    return f"{place}{tree}{'?reset' if workspace else ''}"


def add_query(url: str, query: str) -> str:
    """A further part of an address's query."""
    return f"{url}{'&' if '?' in url else '?'}{query}"


def write_settings(folder: Path) -> None:
    """Make a settings folder of JupyterLab with `SETTINGS` and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for plugin, values in SETTINGS.items():
        file = folder / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
