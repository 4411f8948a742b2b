"""Who may ask the emulator: programs of this machine, and no web page of another origin."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


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


def refusal(environ: Mapping[str, Any]) -> str:
    """Why a request (a WSGI environ) is not answered; empty if it is.

    Loopback is no boundary for a browser: a page of any site may send requests to this machine,
    under a name of its own that resolves to it, too. A browser names the page's origin in
    ``Origin``, and where it leaves that out (a GET without CORS) the relation of the two origins
    in ``Sec-Fetch-Site``. A program sends neither.
    """
    host = str(environ.get("HTTP_HOST", ""))
    name = _name(f"//{host}")
    # `api.127.0.0.1` is a loopback address behind the prefix of an operation: no name that ends in a
    # number is looked up, and no browser asks for it.
    here = is_loopback(name) or name.endswith((".localhost", ".127.0.0.1"))
    if host and not here:
        return f"host {host!r} is not this machine; ask a loopback address"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin != f"{environ.get('wsgi.url_scheme', 'http')}://{host}":
        return f"origin {origin!r} is another web site; the emulator answers no web pages"
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    if site not in ("none", "same-origin"):
        return f"a {site} request of a web page; the emulator answers no web pages"
    return ""


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
