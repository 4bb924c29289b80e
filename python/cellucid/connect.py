"""Under which address a browser reaches the data server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

OVERRIDE = "CELLUCID_CLIENT_SERVER_URL"
"""The environment variable that names the address which browsers are to use, whatever they would find themselves."""


def override_address(environ: Mapping[str, str] = os.environ) -> str | None:
    """The address that the environment prescribes, with a slash at its end; None where it prescribes none.

    Raises:
        ValueError: It is not an http or https address, or has a query or a fragment.
    """
    given = environ.get(OVERRIDE, "").strip()
    if not given:
        return None
    try:
        parts = urlsplit(given)
        whole = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not match
        whole = False
    if not whole or parts.query or parts.fragment:
        raise ValueError(
            f"{OVERRIDE}={given!r} is not the base address of a server; "
            "expected something like https://lab.example.org/cells/, without a query"
        )
    return given if given.endswith("/") else given + "/"


def viewer_address(base: str, viewer_id: str, token: str) -> str:
    """The address that opens a viewer in a browser tab.

    Args:
        base: The server's address, with a slash at its end.
        viewer_id: Which viewer.
        token: The server's token: who has the address sees the data.
    """
    return f"{base}?{urlencode({'viewerId': viewer_id, 'viewerToken': token})}"
