"""Where the server listens: an address of this machine, and what can be wrong with it."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
"""Where only this machine reaches it."""

_BACKLOG = 128
_REASONS = {
    errno.EADDRINUSE: "port {port} is taken; choose another, or 0 for one that is free",
    errno.EACCES: "port {port} is for administrators alone; choose one from 1024 on",
    errno.EADDRNOTAVAIL: "{host!r} is no address of this machine; 0.0.0.0 and :: are all that it has",
}


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; ``::`` takes IPv4 too where the system can do both.

    Args:
        host: A name or an address of this machine, ``0.0.0.0`` or ``::`` for all that it has.
        port: 0 leaves the choice to the system.

    Raises:
        OSError: The address cannot be had; its ``errno`` is the system's, its text says what to do.
    """
    family, address = _resolved(host, port)
    both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"{{host!r}}, port {{port}}: {error.strerror or error}")
        raise OSError(error.errno, f"cannot listen: {reason.format(host=host, port=port)}") from error


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches what listens on an address."""
    return _parsed(address).is_loopback


def is_everywhere(address: str) -> bool:
    """Whether an address stands for all that the machine has."""
    return _parsed(address).is_unspecified


def loopback_of(address: str) -> str:
    """Under which address of loopback this machine reaches what listens on every address."""
    return LOOPBACK if _parsed(address).version == 4 or socket.has_dualstack_ipv6() else "::1"


def in_address(host: str) -> str:
    """The host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address.partition("%")[0])  # without the name of a network card


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError) as error:
        raise OSError(errno.EADDRNOTAVAIL, f"cannot listen: no address is known by the name {host!r}") from error
    if not found:
        raise OSError(errno.EADDRNOTAVAIL, "cannot listen: the host is empty; 0.0.0.0 is every address of this machine")
    # IPv4 first, as that is what colleagues' addresses are made of.
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address  # type: ignore[return-value]  # of other families there are none
