"""The connection to Discord: one client with the options of bot.yaml, without privileged intents and caches."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.adapters.base import PermanentSendError, SendError, TransientSendError
from bot.adapters.discord import errors, pacing
from bot.adapters.discord.commands import Tree
from bot.adapters.discord.errors import send_error, told_plainly
from bot.adapters.discord.options import DiscordOptions

log = structlog.get_logger()

READY_TIMEOUT = 60.0
"""Seconds until the gateway is ready; guilds come in afterwards."""
LOGIN_TIMEOUT = 20.0
CLOSE_TIMEOUT = 10.0
GUILDS_TIMEOUT = 0.5
"""Seconds without another guild after which the client is ready; the REST API is asked about those that come later."""
_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY

Interaction = discord.Interaction[Any]


class Client(discord.AutoShardedClient):
    """discord.py's client. Commands go to :attr:`tree`, buttons to ``pressed``."""

    def __init__(self, options: DiscordOptions) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        given: dict[str, Any] = {"application_id": options.application_id} if options.application_id else {}
        super().__init__(
            intents=intents,
            shard_count=options.shards,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=pacing.trace(),
            guild_ready_timeout=GUILDS_TIMEOUT,
            **given,
        )
        self.tree: Tree = Tree(self, options.guilds)
        self.pressed: Callable[[Interaction], Awaitable[None]] | None = None

    async def on_interaction(self, interaction: Interaction) -> None:
        """Buttons have no view in memory; they are known by their custom ids."""
        if interaction.type is discord.InteractionType.component and self.pressed is not None:
            await self.pressed(interaction)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        log.info("discord.guild-joined", guild=guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        log.warning("discord.guild-removed", guild=guild.id)

    async def on_shard_disconnect(self, shard: int) -> None:
        log.info("discord.disconnected", shard=shard)

    async def on_shard_resumed(self, shard: int) -> None:
        log.info("discord.reconnected", shard=shard, resumed=True)

    async def on_shard_ready(self, shard: int) -> None:
        log.info("discord.connected", shard=shard)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.error("discord.fault", doing=event_method, exc_info=sys.exc_info()[1])


def make_client(options: DiscordOptions) -> Client:
    """A client that is not connected yet. Discord's addresses are those of the options."""
    Route.BASE = options.base_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(options.gateway) if options.gateway else _GATEWAY
    return Client(options)


class Connection:
    """A client's life: logged in when first needed, connected to the gateway when commands are taken, closed once."""

    def __init__(self, client: Client, options: DiscordOptions) -> None:
        self.client = client
        self._options = options
        self._lock = asyncio.Lock()
        self._opened = False
        self._closing = False
        self._gateway: asyncio.Task[None] | None = None

    async def login(self) -> None:
        """Be known to the REST API. Raises :class:`SendError`'s children."""
        async with self._lock:
            if self._closing:
                raise TransientSendError("the connection to Discord is being closed")
            if self.client.user is not None:
                return
            token = self._options.token
            if token is None:
                raise PermanentSendError("the bot's token is missing: set the variable DISCORD_TOKEN")
            self._opened = True
            with told_plainly():
                async with asyncio.timeout(LOGIN_TIMEOUT):
                    await self.client.login(token.get_secret_value().strip())

    async def connect(self) -> None:
        """Connect to the gateway; returns when it is ready. Raises :class:`SendError`'s children."""
        if self.client.is_ready():
            return
        with told_plainly():
            async with asyncio.timeout(READY_TIMEOUT):
                await self._count_shards()
        self._gateway = asyncio.create_task(self.client.connect(), name="discord-gateway")
        ready = asyncio.create_task(self.client.wait_until_ready(), name="discord-ready")
        try:
            await asyncio.wait({self._gateway, ready}, timeout=READY_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            await asyncio.gather(ready, return_exceptions=True)
        if self._gateway.done():
            raise self._why(self._gateway)
        if not self.client.is_ready():
            raise TransientSendError(
                f"Discord's gateway was not ready within {READY_TIMEOUT:.0f} s; see https://discordstatus.com"
            )

    async def ended(self) -> SendError:
        """Wait until discord.py gives up the gateway (it reconnects by itself as long as that may help): why."""
        if self._gateway is None:
            raise ValueError("this client was connected by somebody else")
        await asyncio.wait({self._gateway})
        return self._why(self._gateway)

    @property
    def is_ours(self) -> bool:
        """Whether the gateway's connection was made here, so that its end is seen here."""
        return self._gateway is not None

    async def close(self) -> None:
        """Disconnect. Safe to call twice."""
        self._closing = True
        if self._opened or self.client.user is not None:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self.client.close()
            except TimeoutError:
                log.warning("discord.close-timed-out", seconds=CLOSE_TIMEOUT)
        if self._gateway is not None:
            self._gateway.cancel()
            await asyncio.gather(self._gateway, return_exceptions=True)

    async def _count_shards(self) -> None:
        """discord.py asks Discord how many shards there should be only together with the gateway's address."""
        if self._options.gateway is not None and self._options.shards is None:
            self.client.shard_count, _, _ = await self.client.http.get_bot_gateway()

    def _why(self, task: asyncio.Task[None]) -> SendError:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return TransientSendError("the connection to Discord's gateway ended")
        told = send_error(error, posting=False)
        if not isinstance(error, errors.TROUBLES):
            # A fault of discord.py or of its use, and no refusal: a new connection may do better.
            told = TransientSendError(f"the connection to Discord's gateway failed: {error!r}")
        told.__cause__ = error
        return told
