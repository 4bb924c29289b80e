"""A real JupyterHub behind configurable-http-proxy, over https, under a name that is not this machine's."""

import json
import ssl
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from certipy import Certipy
from playwright.sync_api import Page

from hosts.jupyterlab import lab_path, write_settings
from hosts.process import START_SECONDS, HostProcess, free_port

NAME = "hub.example.org"
"""Nothing that a browser takes for its own machine, as the name of no Hub is."""
CHROMIUM_FLAGS = (f"--host-resolver-rules=MAP {NAME} 127.0.0.1",)

PROXY = Path(__file__).parents[2] / "node_modules" / ".bin" / "configurable-http-proxy"


class Hub(HostProcess):
    """One Hub for users of any name and with any password; their folders are below `root_dir`."""

    name = "JupyterHub"

    def user(self, name: str, *, proxy: bool = True) -> "HubUser":
        """Somebody who may sign in; their server starts when they do.

        Args:
            name: in lower case, as the Hub has it.
            proxy: whether their server has jupyter-server-proxy.
        """
        folder = self.root_dir / name
        (folder / ".jupyter").mkdir(parents=True)
        if not proxy:
            config = {"ServerApp": {"jpserver_extensions": {"jupyter_server_proxy": False}}}
            (folder / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(config))
        return HubUser(self, name, folder)

    @property
    def base_url(self) -> str:
        """The Hub's address in a browser that was started with `CHROMIUM_FLAGS`."""
        return f"https://{NAME}:{self.port}/"

    def command(self) -> Sequence[str]:
        """Of the Hub, which starts its proxy itself."""
        if not PROXY.exists():
            raise FileNotFoundError(f"{PROXY} is not there: `make env` installs it")
        authority = Certipy(store_dir=str(self._home / "tls"))
        authority.create_ca("authority")
        pair = authority.create_signed_pair("hub", "authority", alt_names=[f"DNS:{NAME}", "IP:127.0.0.1"])
        self._trust = ssl.create_default_context(cafile=pair["files"]["ca"])
        write_settings(self._home / "settings")
        config = {
            "JupyterHub.bind_url": f"https://127.0.0.1:{self.port}/",
            "JupyterHub.hub_bind_url": f"http://127.0.0.1:{free_port()}",
            "JupyterHub.ssl_key": pair["files"]["key"],
            "JupyterHub.ssl_cert": pair["files"]["cert"],
            "JupyterHub.db_url": f"sqlite:///{self._home / 'hub.sqlite'}",
            "JupyterHub.cookie_secret_file": str(self._home / "cookie_secret"),
            "ConfigurableHTTPProxy.command": [str(PROXY)],
            "ConfigurableHTTPProxy.api_url": f"http://127.0.0.1:{free_port()}",
            "ConfigurableHTTPProxy.pid_file": str(self._home / "proxy.pid"),
            "JupyterHub.authenticator_class": "dummy",
            "Authenticator.allow_all": True,
            "JupyterHub.spawner_class": "simple",
            "SimpleLocalProcessSpawner.home_dir_template": str(self.root_dir / "{username}"),
            "Spawner.env_keep": ["PATH", "LANG"],
            "Spawner.environment": self.own_environment(),
            "Spawner.cmd": [sys.executable, "-m", "jupyterhub.singleuser"],
            "Spawner.args": [
                "--allow-root",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--ServerApp.terminals_enabled=False",
                # The Hub stops a server by SIGINT first, of which it would ask whether that is meant.
                "--ServerApp.answer_yes=True",
            ],
        }
        file = self._home / "jupyterhub_config.py"
        file.write_text("".join(f"c.{key} = {value!r}\n" for key, value in config.items()))
        return [sys.executable, "-m", "jupyterhub", "--config", str(file)]

    def folders(self) -> dict[str, str]:
        """Each user's own are in their home."""
        return {**super().folders(), "JUPYTERLAB_SETTINGS_DIR": "settings"}

    def probe(self) -> None:
        """Ask the Hub for its health, through its proxy."""
        urllib.request.urlopen(f"https://127.0.0.1:{self.port}/hub/health", timeout=10, context=self._trust).close()


class HubUser:
    """Somebody with a JupyterLab of their own on a Hub; made by `Hub.user`."""

    def __init__(self, hub: Hub, name: str, root_dir: Path) -> None:
        self.hub = hub
        self.name = name
        self.root_dir = root_dir

    @property
    def base_path(self) -> str:
        """Below which path of the Hub's address their server is."""
        return f"/user/{self.name}/"

    @property
    def base_url(self) -> str:
        """The address of their server."""
        return f"{self.hub.base_url.rstrip('/')}{self.base_path}"

    def url(self, path: str = "", *, workspace: str | None = None) -> str:
        """The address that opens a notebook in a browser in which they have signed in; see `JupyterLab.url`."""
        return self.base_url + lab_path(path, workspace)

    def sign_in(self, page: Page) -> None:
        """Sign in as a person does, and wait until the server is there."""
        server = f"{self.base_path}api/status"
        wanted = f"/hub/spawn/{self.name}?next={quote(server, safe='')}"
        page.goto(f"{self.hub.base_url}hub/login?next={quote(wanted, safe='')}")
        page.get_by_label("Username").fill(self.name)
        page.get_by_label("Password").fill("any")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{server}", timeout=START_SECONDS * 1000)

    def log_tail(self, lines: int = 60) -> str:
        """The last lines of the Hub's log, where their server writes too."""
        return self.hub.log_tail(lines)
