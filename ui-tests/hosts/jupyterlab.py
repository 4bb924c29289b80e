"""A real JupyterLab on a free loopback port, with nothing of the person's own configuration in it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

START_SECONDS = 60
STOP_SECONDS = 15

# What would cover the notebook, or reach for the network, on a first start.
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/extensionmanager-extension/plugin": {"enabled": False, "disclaimed": False},
}


class JupyterLabFailed(RuntimeError):
    """JupyterLab did not start or did not answer; the message carries the end of its log."""


class JupyterLab:
    """One JupyterLab server of the running interpreter, alive inside `with`.

    Args:
        root_dir: The folder it shows.
        env: Further environment variables for the server and its kernels.
        log: Where its log goes; in a temporary folder unless given.
    """

    def __init__(self, root_dir: Path, *, env: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        self.root_dir = Path(root_dir).resolve()
        self.token = secrets.token_hex(16)
        self._env = dict(env or {})
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._home = Path(tempfile.mkdtemp(prefix="cellucid-lab-"))
        self.log = self._log or self._home / "jupyterlab.log"
        self.port = free_port()
        try:
            self._start()
            self._wait_until_up()
        except BaseException:
            # Also at Ctrl+C: a server left behind would keep its port and its kernels.
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The server's address, without the token."""
        return f"http://127.0.0.1:{self.port}/"

    def url(self, path: str = "", *, workspace: str | None = None) -> str:
        """The address that opens a notebook, or the launcher; carries the token.

        Args:
            path: The notebook, relative to `root_dir`.
            workspace: A workspace of its own, emptied first, so that what an earlier page had open does not return.
        """
        place = f"lab/workspaces/{quote(workspace)}" if workspace else "lab"
        tree = f"/tree/{quote(path)}" if path else ""
        reset = "reset&" if workspace else ""
        return f"{self.base_url}{place}{tree}?{reset}token={self.token}"

    def connection_file(self, kernel_id: str) -> Path:
        """Where a kernel of this server says how to reach it."""
        return self._home / "runtime" / f"kernel-{kernel_id}.json"

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
        shutil.rmtree(self._settings, ignore_errors=True)
        for plugin, values in SETTINGS.items():
            file = self._settings / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))

    def log_tail(self, lines: int = 60) -> str:
        """The last lines of the log."""
        if not self.log.is_file():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait(self) -> int:
        """Waits until the server ends by itself; returns its exit code."""
        if self._process is None:
            raise JupyterLabFailed("JupyterLab is not running")
        return self._process.wait()

    def stop(self) -> None:
        """Ends the server and its kernels; harmless when it has ended."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            # On SIGTERM the server shuts its kernels down before it goes. Killed, it leaves them to ipykernel's own
            # watch on its parent.
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def _start(self) -> None:
        self.root_dir.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._settings = self._home / "settings"
        self.reset_settings()
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser"),
            # A container's root may run it: only this process knows the token.
            "--allow-root",
            f"--ServerApp.root_dir={self.root_dir}",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            # Another port than the one we know would be waited for in vain.
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--ServerApp.terminals_enabled=False",
        ]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.root_dir,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl+C in our terminal must reach us only: we then stop the server in order.
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        # The environment's own kernels and lab extensions stay visible: Jupyter finds them by sys.prefix.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "JPY_"))}
        folders = {
            "JUPYTER_CONFIG_DIR": self._home / "config",
            "JUPYTER_DATA_DIR": self._home / "data",
            "JUPYTER_RUNTIME_DIR": self._home / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": self._settings,
            "JUPYTERLAB_WORKSPACES_DIR": self._home / "workspaces",
            "IPYTHONDIR": self._home / "ipython",
            "CELLUCID_CACHE_DIR": self._home / "cache",
        }
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        return {**inherited, **{key: str(folder) for key, folder in folders.items()}, **self._env}

    def _wait_until_up(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            if (code := self._process.poll()) is not None:
                raise JupyterLabFailed(f"JupyterLab ended at its start with code {code}. Its log:\n{self.log_tail()}")
            try:
                self.request("GET", "api/status")
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise JupyterLabFailed(
                        f"JupyterLab did not answer on {self.base_url} within {START_SECONDS} s ({error}). "
                        f"Its log:\n{self.log_tail()}"
                    ) from error
                time.sleep(0.1)
            else:
                return


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
