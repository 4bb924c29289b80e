"""Who may have data: pure functions on what a request says."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Container

TOKEN_HEADER = "X-Cellucid-Token"

KNOWN = "cellucid.known"
"""What a request that has shown the token has in its scope's state: its connection outlasts those of strangers."""

CHALLENGE_FORM = "a challenge is 16 to 128 letters, digits, - and _"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::[0-9]{1,5})?")
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LOOPBACK_4 = ipaddress.IPv4Network("127.0.0.0/8")
_LOOPBACK_6 = ipaddress.IPv6Address("::1")


def same(given: str | None, expected: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell how far they are."""
    return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def is_challenge(text: str) -> bool:
    """Whether this can be a nonce: 16 to 128 letters, digits, ``-`` and ``_``."""
    return _CHALLENGE.fullmatch(text) is not None


def answer(token: str, challenge: str) -> str:
    """What only a server that knows the token can answer: HMAC-SHA256 in hexadecimal."""
    return hmac.new(token.encode(), challenge.encode(), hashlib.sha256).hexdigest()


def proof(token: str, challenge: str) -> str:
    """What only a page that knows the token can send along with a challenge."""
    return answer(token, f"page:{challenge}")


def is_own_host(host: str | None, others: Container[str] = ()) -> bool:
    """Whether a Host header names this machine itself, as a page does that has not been rebound to it.

    The port is not looked at: tunnels change it.

    Args:
        host: The header, if there is one.
        others: What is this machine's own besides loopback, as :func:`allowed_name` gives it.
    """
    match = _HOST.fullmatch(host or "")
    if match is None:
        return False
    bracketed, plain = match.groups()
    if plain is not None and plain.lower() == "localhost":
        return True
    try:
        address = ipaddress.IPv4Address(plain) if bracketed is None else ipaddress.IPv6Address(bracketed)
    except ValueError:
        return bracketed is None and plain.lower() in others
    return address in _LOOPBACK_4 or address == _LOOPBACK_6 or str(address) in others


def allowed_name(name: str) -> str:
    """A name or an address in the one form in which they are compared.

    Raises:
        ValueError: It is neither: it has a port, a path, or a star.
    """
    bare = name.strip().partition("%")[0].removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        if _NAME.fullmatch(bare) is None:
            raise ValueError(f"{name!r} is no host; expected a name or an address, such as lab.example.org") from None
        return bare.lower()
    mapped = address.ipv4_mapped if address.version == 6 else None  # how a socket for both tells of IPv4
    return str(mapped or address)
