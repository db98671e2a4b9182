"""What a request to the local chat must satisfy before anything else looks at it.

On top of the Host and site checks that all our servers share (:mod:`bot.httpguard`) stand a JSON body, which no form of
another site can send, and the password.
"""

from __future__ import annotations

import asyncio
import base64
import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.adapters.web.options import WebOptions
from bot.httpguard import HEADERS, LOCAL_NAMES, add_headers, check_host, check_site
from bot.operations.http import HEALTH, METRICS, bears, is_health

__all__ = ["HEADERS", "add_headers", "guard"]
_DATA = ("/api/", "/media/", HEALTH, METRICS)
"""What only the page itself, or no browser at all, asks for; the page may be opened by a link on any site."""
_FAILED_LOGIN_PAUSE = 1.0


def guard(options: WebOptions, token: str | None = None) -> Middleware:
    """Middleware: host, origin and password checks. ``token`` opens the figures, and only them."""
    names = LOCAL_NAMES | {options.host, *options.hosts}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_host(request, names, "platforms.web.hosts")
        if not is_health(request.path):
            await _check_password(request, options, token)
        if request.method not in ("GET", "HEAD"):
            check_site(request)
            _check_json(request)
        elif request.path.startswith(_DATA):
            check_site(request)
        return await handler(request)

    return middleware


def _check_json(request: web.Request) -> None:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.\n")


async def _check_password(request: web.Request, options: WebOptions, token: str | None) -> None:
    if request.path == METRICS and token is not None:
        if bears(request, token):
            return
    elif options.password is None:
        return
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).partition(b":")[2] if scheme.lower() == "basic" else b""
    except ValueError:  # no Base64, or letters beyond ASCII
        given = b""
    if options.password is not None and hmac.compare_digest(given, options.password.get_secret_value().encode()):
        return
    if encoded:
        await asyncio.sleep(_FAILED_LOGIN_PAUSE)
    raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="Kakehashi", charset="UTF-8"'})
