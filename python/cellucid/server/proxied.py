"""Under which address a reverse proxy lets browsers through to this server, from what it says with a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+/?")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_MAX = 1000


def address_behind_proxy(headers: Mapping[str, str]) -> str | None:
    """The server's address as the browser sees it, with a slash at its end; None where no proxy says one.

    jupyter-server-proxy says the prefix, and passes the browser's own Host; a Hub's proxy before it says the scheme.

    Args:
        headers: Of a request that has shown the token: anybody else may say what they like.
    """
    prefix = headers.get("x-forwarded-prefix") or headers.get("x-forwarded-context") or ""
    host = _first(headers.get("x-forwarded-host")) or headers.get("host", "")
    scheme = _first(headers.get("x-forwarded-proto")) or headers.get("referer", "").partition(":")[0] or "http"
    if len(prefix) > _MAX or _PREFIX.fullmatch(prefix) is None or _HOST.fullmatch(host) is None:
        return None
    return f"{scheme}://{host}{prefix.rstrip('/')}/" if scheme in ("http", "https") else None


def _first(listed: str | None) -> str:
    """The first of several proxies' words: that of the one next to the browser."""
    return (listed or "").partition(",")[0].strip()
