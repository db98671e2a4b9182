"""HTTP mode: Slack calls the bot. Requests are signed; bolt checks that ("Verifying requests from Slack")."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

log = structlog.get_logger()

EVENTS = "/slack/events"
INSTALL = "/slack/install"
REDIRECT = "/slack/oauth_redirect"
HEALTH = "/healthz"
_SHUTDOWN_TIMEOUT = 3.0
_STAMP, _SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
_LONGEST_STAMP = 20
"""Digits."""


class Server:
    """Listens for Slack. :meth:`start` once, then :meth:`close`."""

    def __init__(self, app: AsyncApp, host: str, port: int, *, installable: bool) -> None:
        self._app = app
        self._installable = installable
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self.address = ""

    async def start(self) -> None:
        """Listen; :attr:`address` says where. Raises OSError when the port is taken."""
        self._runner = web.AppRunner(self._pages(), access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self.address = f"http://{self._host}:{self._runner.addresses[0][1]}"
        log.info("slack.listening", address=self.address)

    def _pages(self) -> web.Application:
        pages = web.Application()
        pages.add_routes([web.get(HEALTH, _healthy), web.post(EVENTS, _handled_by(self._app.async_dispatch))])
        flow = self._app.oauth_flow
        # Bolt makes a flow of its own when it finds a client id in the environment.
        if flow is not None and self._installable:
            installing = _handled_by(flow.handle_installation)
            pages.add_routes([web.get(INSTALL, installing), web.get(REDIRECT, _handled_by(flow.handle_callback))])
        return pages

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def _handled_by(
    handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        await _check_readable(request)
        return await to_aiohttp_response(await handle(await to_bolt_request(request)))

    return answer


async def _check_readable(request: web.Request) -> None:
    """Refuse what bolt would trip over before it has checked the signature: Slack sends nothing of the kind."""
    stamp, signature = (request.headers.get(name, "") for name in (_STAMP, _SIGNATURE))
    if stamp and not (stamp.isascii() and stamp.isdecimal() and len(stamp) < _LONGEST_STAMP):
        raise web.HTTPUnauthorized(text="The request's time is no number.\n")
    if not signature.isascii():
        raise web.HTTPUnauthorized(text="The request's signature is none.\n")
    try:
        await request.text()
    except (UnicodeDecodeError, LookupError) as error:
        raise web.HTTPBadRequest(text="The request is no text in UTF-8.\n") from error


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok")
