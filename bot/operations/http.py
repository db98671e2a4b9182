"""``/healthz``, ``/healthz/live``, ``/healthz/ready`` and ``/metrics``: handlers for every server that offers them.

Health says yes or no and nothing else, so it needs no password. ``/healthz`` tells both and is 200 as long as anything
answers at all, so that a supervisor that restarts on it does not do so over a database that is away;
``/healthz/ready`` is 503 when the bot is not ready. Which check fails stands in the log and in the figures. Figures are
for whoever holds the token, or the page's password.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Protocol

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

HEALTH = "/healthz"
METRICS = "/metrics"


class Operations(Protocol):
    """What the handlers ask of the bot. ``token`` opens the figures (None: none is set)."""

    @property
    def token(self) -> str | None: ...

    async def ready(self) -> bool:
        """Whether the bot could post and answer now."""
        ...

    async def exposition(self) -> bytes:
        """Its figures in Prometheus' text format."""
        ...


def is_health(path: str) -> bool:
    """Whether a path is one of those that need no password."""
    return path == HEALTH or path.startswith(f"{HEALTH}/")


def bears(request: web.Request, token: str | None) -> bool:
    """Whether a request carries the token as a bearer (RFC 6750)."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())


def routes(operations: Operations) -> Iterable[web.RouteDef]:
    """The routes, without any check of who asks: that is the server's."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"live": True, "ready": await operations.ready()})

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def is_ready(_request: web.Request) -> web.Response:
        ready = await operations.ready()
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=await operations.exposition(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return (
        web.get(HEALTH, healthz),
        web.get(f"{HEALTH}/live", live),
        web.get(f"{HEALTH}/ready", is_ready),
        web.get(METRICS, metrics),
    )
