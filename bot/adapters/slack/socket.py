"""Socket mode that does not fall silent: what is heard is watched, and a dead connection is made anew.

The SDK's own client reconnects by timers that have let dead connections stand, and tries for ever when the token was
revoked. Here one task receives, pings and reconnects. Source: docs.slack.dev, "Using Socket Mode".
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp
import structlog
from aiohttp import ClientWebSocketResponse, WSMsgType
from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import PermanentSendError, SendError, TransientSendError
from bot.adapters.slack.errors import app_token_error, told_plainly

log = structlog.get_logger()

SILENCE = 45.0
"""Seconds without a message, ping or pong after which a connection counts as dead."""
PING_EVERY = 10.0
"""Seconds of silence after which we ask."""
FIRST_PAUSE = 0.5
"""Seconds before the second attempt to connect; it doubles up to a minute."""
_LONGEST_PAUSE = 60.0
_CONNECT_TIMEOUT = 20.0
_ACK_TIMEOUT = 3.0
"""Seconds: later Slack no longer wants the acknowledgement ("Acknowledge")."""


class WatchedSocket(SocketModeClient):
    """A connection that is watched. :meth:`connect` once, then own :meth:`run` as a task; end with :meth:`close`."""

    def __init__(
        self,
        app_token: str,
        web_client: AsyncWebClient,
        *,
        silence: float = SILENCE,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        super().__init__(app_token, web_client=web_client, auto_reconnect_enabled=False)
        self._silence = silence
        self._ping_every = min(PING_EVERY, silence / 3)
        self._first_pause = first_pause
        self._up = asyncio.Event()

    async def connect(self) -> None:
        """One attempt. Returns when Slack has said hello; raises :class:`SendError`'s children."""
        with told_plainly():
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                address = await socket_address(self.web_client, self.app_token)
                connection = await self.aiohttp_client_session.ws_connect(
                    address, autoping=False, proxy=self.proxy, timeout=aiohttp.ClientWSTimeout(ws_close=1.0)
                )
                try:
                    await self._hello(connection)
                except BaseException:
                    await connection.close()
                    raise
        old: ClientWebSocketResponse | None = self.current_session
        self.current_session = connection
        self._up.set()
        if old is not None:
            await old.close()

    async def _hello(self, connection: ClientWebSocketResponse) -> None:
        while True:
            message = await connection.receive()
            if message.type is WSMsgType.PING:
                await connection.pong(message.data)
            elif message.type is not WSMsgType.TEXT:
                raise TransientSendError("Slack closed the socket before its hello")
            elif _read(message.data).get("type") == "hello":
                return
            else:
                await self.enqueue_message(message.data)

    async def run(self) -> None:
        """Receive until :meth:`close`. Ends early, with one error in the log, when the token no longer works."""
        while self.current_session is not None:
            why = await self._received(self.current_session)
            if self.closed:
                return
            self._up.clear()
            log.info("slack.disconnected", why=why)
            if not await self._renewed(why):
                return

    async def _received(self, connection: ClientWebSocketResponse) -> str:
        """Hand on what comes in until the connection ends; says why it did."""
        clock = asyncio.get_running_loop().time
        heard = clock()
        while True:
            try:
                message = await connection.receive(timeout=self._ping_every)
                heard = clock()
                match message.type:
                    case WSMsgType.TEXT:
                        data = _read(message.data)
                        if data.get("type") == "disconnect":
                            return f"Slack asked for it ({data.get('reason', 'no reason')})"
                        await self.enqueue_message(message.data)
                    case WSMsgType.PING:
                        await connection.pong(message.data)
                    case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED | WSMsgType.ERROR:
                        return "the connection was closed"
            except TimeoutError:
                if clock() - heard >= self._silence:
                    return f"nothing was heard for {self._silence:g} s"
                await self._pinged(connection)
            except ConnectionError as error:
                return f"the connection broke ({type(error).__name__})"

    async def _pinged(self, connection: ClientWebSocketResponse) -> None:
        try:
            async with asyncio.timeout(self._ping_every):
                await connection.ping(b"kakehashi")
        except (TimeoutError, ConnectionError) as error:
            # The watch on silence decides; a connection that does not take a ping will not bring a pong either.
            log.debug("slack.ping-failed", error=type(error).__name__)

    async def _renewed(self, why: str) -> bool:
        """Connect again, with growing pauses. False when that cannot help until somebody acts."""
        pause, attempts = self._first_pause, 0
        while not self.closed:
            attempts += 1
            try:
                await self.connect()
            except PermanentSendError as error:
                log.error("slack.stopped", cure=str(error))
                return False
            except SendError as error:
                wait = max(pause * random.uniform(0.5, 1.0), getattr(error, "retry_after", None) or 0.0)
                log.warning("slack.unreachable", why=str(error), attempts=attempts, wait_s=round(wait, 1))
                await asyncio.sleep(wait)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                log.info("slack.reconnected", why=why, attempts=attempts)
                return True
        return False

    async def close(self) -> None:
        """Disconnect for good. Safe to call twice."""
        await super().close()  # type: ignore[no-untyped-call] # the SDK's own

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """The SDK's wish to reconnect: :meth:`run` sees to that."""

    async def send_message(self, message: str) -> None:
        """Send an acknowledgement, on the next connection where this one has just gone."""
        async with asyncio.timeout(_ACK_TIMEOUT):
            while True:
                await self._up.wait()
                try:
                    if self.current_session is not None:
                        await self.current_session.send_str(message)
                    return
                except ConnectionError:
                    self._up.clear()


class SocketHandler(AsyncBaseSocketModeHandler):
    """Hands what comes by the socket to bolt, and bolt's acknowledgement back."""

    def __init__(self, app: AsyncApp, client: WatchedSocket) -> None:
        self.app = self._bolt = app
        self.client = client
        client.socket_mode_request_listeners.append(self.handle)

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        start = asyncio.get_running_loop().time()
        response = await run_async_bolt_app(self._bolt, req)
        await send_async_response(client, req, response, start)


async def socket_address(client: AsyncWebClient, app_token: str) -> str:
    """Where to connect. Raises :class:`SendError`'s children."""
    try:
        with told_plainly():
            return str((await client.apps_connections_open(app_token=app_token))["url"])
    except PermanentSendError as error:
        raise app_token_error(error) from error


def _read(data: str) -> dict[str, Any]:
    try:
        read = json.loads(data)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
