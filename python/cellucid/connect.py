"""Under which address a browser reaches the data server."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

OVERRIDE = "CELLUCID_CLIENT_SERVER_URL"
"""The environment variable that names the address which browsers are to use, whatever they would find themselves."""

_UNFIT = re.compile(r"[?#@\\\s\x00-\x1f\x7f]")


def override_address(environ: Mapping[str, str] = os.environ) -> str | None:
    """The address that the environment prescribes, with a slash at its end; None where it prescribes none.

    Raises:
        ValueError: It is not an http or https address, or has a query, a fragment or a user's name.
    """
    given = environ.get(OVERRIDE, "").strip()
    if not given:
        return None
    if not _is_base_address(given):
        # A password in it is not for an error message.
        shown = repr(given) if "@" not in given else "an address with a user's name"
        raise ValueError(
            f"{OVERRIDE} is {shown}, which is not the base address of a server; "
            "expected something like https://lab.example.org/cells/, without a query and without a user's name"
        )
    scheme, rest = given.split(":", 1)
    base = f"{scheme.lower()}:{rest}"
    return base if base.endswith("/") else base + "/"


def _is_base_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not match
        return False
    # Browsers refuse to fetch from an address with a name and a password.
    return named and _UNFIT.search(text) is None


def viewer_address(base: str, viewer_id: str, token: str) -> str:
    """The address that opens a viewer in a browser tab.

    Args:
        base: The server's address, with a slash at its end.
        viewer_id: Which viewer.
        token: The server's token: who has the address sees the data.
    """
    # Jupyter and JupyterHub log addresses where something fails. Of a part of the query whose name contains "token",
    # in lower case, they leave out the value.
    name = "viewer_token" if "/proxy/" in urlsplit(base).path else "viewerToken"
    return f"{base}?{urlencode({'viewerId': viewer_id, name: token})}"


def on_a_hub(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether JupyterHub has started what runs here: people's browsers are elsewhere."""
    return bool(environ.get("JUPYTERHUB_API_URL"))


def tunnel(target: str) -> str:
    """What a person runs on their own machine, so that a port there leads to one that only this machine reaches.

    Args:
        target: Host and port, as this machine reaches them.
    """
    return f"ssh -N -L {target.rpartition(':')[2]}:{target} {_login()}"


def _login() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):  # a user without a name
        return socket.gethostname()


def network_address() -> str:
    """An address under which other machines may reach this one; its name where it has no network now."""
    # A datagram socket that is connected sends nothing: the system says from where it would. The addresses are those
    # that RFC 5737 and RFC 3849 keep for documentation.
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asking:
                asking.connect((elsewhere, 9))
                return str(asking.getsockname()[0])
        except OSError:
            continue
    return socket.gethostname()
