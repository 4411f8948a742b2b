"""The one rule about addresses: the emulator is reachable from this machine only."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_of(host: str, port: int) -> str:
    """The address as clients write it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
