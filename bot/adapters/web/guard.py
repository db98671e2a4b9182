"""What a request to the local chat must satisfy before anything else looks at it.

A page that listens on loopback is still reachable from every site that the same browser opens: by DNS rebinding
(hence the Host check), by cross-site requests (hence the checks of the site and the JSON body) and by being framed.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.adapters.web.options import WebOptions

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
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_DATA = ("/api/", "/media/")
"""What only the page itself asks for; the page may be opened by a link on any site."""
_FAILED_LOGIN_PAUSE = 1.0


def guard(options: WebOptions) -> Middleware:
    """Middleware: host, origin and password checks, and the security headers on every answer."""
    names = _LOCAL_NAMES | {options.host, *options.hosts}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        _check_host(request, names)
        if request.path != "/healthz":
            await _check_password(request, options)
        if request.method not in ("GET", "HEAD"):
            _check_site(request)
            _check_json(request)
        elif request.path.startswith(_DATA):
            _check_site(request)
        return await handler(request)

    return middleware


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: the security headers stand on errors and streams too."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _check_host(request: web.Request, names: frozenset[str] | set[str]) -> None:
    host = urlsplit(f"//{request.host}").hostname or ""
    if host not in names:
        raise web.HTTPMisdirectedRequest(text="This page is not served under that name; see platforms.web.hosts.\n")


def _check_site(request: web.Request) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="Requests from other sites are refused.\n")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(text="Requests from other sites are refused.\n")


def _check_json(request: web.Request) -> None:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.\n")


async def _check_password(request: web.Request, options: WebOptions) -> None:
    if options.password is None:
        return
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).partition(b":")[2] if scheme.lower() == "basic" else b""
    except ValueError:  # no Base64, or letters beyond ASCII
        given = b""
    if hmac.compare_digest(given, options.password.get_secret_value().encode()):
        return
    if encoded:
        await asyncio.sleep(_FAILED_LOGIN_PAUSE)
    raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="Kakehashi", charset="UTF-8"'})
