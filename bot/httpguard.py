"""What a request to a small server of ours must satisfy, and the headers that stand on every answer.

A server that listens on loopback is still reachable from every site that a browser on this machine opens: by DNS
rebinding (hence the Host check) and by cross-site requests (hence the check of the site).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to a server that listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(request: web.Request, names: Collection[str], setting: str, *, addresses: bool = False) -> None:
    """Refuse a request under another name (421); ``setting`` is where an admin adds names.

    ``addresses`` lets every plain IP address through: rebinding needs a name, and supervisors ask by address.
    """
    host = _host(request)
    if host in names or (addresses and _is_address(host)):
        return
    raise web.HTTPMisdirectedRequest(text=f"This page is not served under that name; see {setting}.\n")


def check_site(request: web.Request) -> None:
    """Refuse what a page of another site asks for (403). Programs other than browsers say nothing of a site."""
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) != request.host:
        raise web.HTTPForbidden(text="Requests from other sites are refused.\n")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(text="Requests from other sites are refused.\n")


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: the security headers stand on errors and streams too."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _host(request: web.Request) -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:  # an opening bracket without its end
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
