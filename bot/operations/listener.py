"""A small server that offers health and figures and nothing else: for bots without the local chat, and for a network
in which the page shall not be seen."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.httpguard import LOCAL_NAMES, add_headers, check_host, check_site
from bot.operations.http import METRICS, Operations, bears, routes
from bot.settings import MonitoringSettings

log = structlog.get_logger()

_FAILED_LOGIN_PAUSE = 1.0
_SHUTDOWN_TIMEOUT = 1.0
_MOST_BODY = 1024


class Listener:
    """Serves :mod:`bot.operations.http` on the address of ``monitoring`` in bot.yaml."""

    def __init__(self, settings: MonitoringSettings, operations: Operations) -> None:
        self._settings = settings
        self._operations = operations
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen; :attr:`port` is the real one afterwards. Raises OSError when the port is taken."""
        app = web.Application(middlewares=[self._guard], client_max_size=_MOST_BODY)
        app.on_response_prepare.append(add_headers)
        app.add_routes(routes(self._operations))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()
        self.port = self._runner.addresses[0][1]
        log.info("monitoring.listening", host=self._settings.host, port=self.port)

    async def close(self) -> None:
        """Stop listening. Safe to call twice."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        names = LOCAL_NAMES | {self._settings.host, *self._settings.hosts}
        check_host(request, names, "monitoring.hosts", addresses=True)
        check_site(request)
        token = self._operations.token
        if request.path == METRICS and token is not None and not bears(request, token):
            if "Authorization" in request.headers:
                await asyncio.sleep(_FAILED_LOGIN_PAUSE)
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Bearer realm="Kakehashi"'})
        return await handler(request)
