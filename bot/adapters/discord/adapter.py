"""Discord as an adapter: the gateway brings commands and buttons, the REST API takes messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import discord
import structlog

from bot.adapters.base import (
    AdapterContext,
    Check,
    Found,
    PermanentSendError,
    SendError,
    Sent,
    TransientSendError,
)
from bot.adapters.discord import examination, finding, pacing, posting, watchdog
from bot.adapters.discord.client import Client, Connection, make_client
from bot.adapters.discord.commands import register
from bot.adapters.discord.errors import send_error, told_plainly
from bot.adapters.discord.interactions import Answers
from bot.adapters.discord.options import DiscordOptions
from bot.adapters.discord.render import FIT
from bot.adapters.splitting import split
from bot.commands.base import CommandHost
from bot.message import Message
from digests.archive import Archive
from digests.model import Destination

log = structlog.get_logger()

REQUEST_TIMEOUT = 25.0
"""Seconds for one message with all that has to be asked before it; shorter than the ledger waits for an adapter."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
"""Seconds before a connection that discord.py gave up is made anew; each failure doubles them. Discord allows 1,000
sessions a day (events/gateway, "Session Start Limit")."""
PATIENCE = 3.0
"""Seconds that closing waits for answers that are on their way."""


class DiscordAdapter:
    """One bot, in all the servers that it was invited to."""

    name = "discord"
    spacing = 0.25
    """Discord names no limit for a channel; its headers do (at present five messages in five seconds), and discord.py
    waits for what they say (topics/rate-limits: limits "should not be hard coded"). This only keeps parts in order."""

    def __init__(self, context: AdapterContext) -> None:
        self.options: DiscordOptions = context.options
        self._archive: Archive = context.archive
        self._destinations: Callable[[], tuple[Destination, ...]] = context.destinations
        self._connection = self._connect()
        self._answers: Answers | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def client(self) -> Client:
        """discord.py's client; a new one after a start that failed."""
        return self._connection.client

    # --- Adapter -------------------------------------------------------------------------------------------

    async def start(self, host: CommandHost) -> None:
        """Log in, register the commands where they have changed, connect to the gateway; returns when it is ready."""
        await self._end_tasks()
        await self._begin(host)
        self._tasks = [asyncio.create_task(watchdog.watch(lambda: self.client), name="discord-watchdog")]
        if self._connection.is_ours:
            self._tasks.append(asyncio.create_task(self._supervise(host), name="discord-supervisor"))

    async def close(self) -> None:
        self.client.pressed = None
        await self._end_tasks()
        if self._answers is not None:
            await self._answers.close(PATIENCE)
        await self._connection.close()

    def split(self, message: Message) -> tuple[Message, ...]:
        return split(message, FIT)

    async def send(self, destination: Destination, message: Message, *, key: str, parent: Sent | None) -> Sent:
        await self._connection.login()
        with told_plainly(posting=True), pacing.departures() as departure:
            try:
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    return await posting.post(self.client, self._archive, destination, message, key, parent)
            except TimeoutError as error:
                if departure.left:
                    raise
                wait = departure.retry_after
                raise TransientSendError("Discord's limits let nothing through at present", retry_after=wait) from error

    async def find(self, destination: Destination, *, key: str, since: datetime) -> Found:
        try:
            await self._connection.login()
            with told_plainly():
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    return await finding.find(self.client, destination, key=key, since=since)
        except PermanentSendError as error:
            log.warning("discord.not-looked-for", place=str(destination), why=str(error))
            return Found(known=False)

    async def edit(self, destination: Destination, sent: Sent, message: Message) -> None:
        await self._connection.login()
        with told_plainly():
            async with asyncio.timeout(REQUEST_TIMEOUT):
                await posting.edit(self.client, self._archive, sent, message)

    async def check(self, destination: Destination) -> tuple[str, ...]:
        try:
            await self._connection.login()
            with told_plainly():
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    return await examination.troubles(self.client, destination)
        except SendError as error:
            return (str(error),)

    async def examine(self) -> tuple[Check, ...]:
        try:
            await self._connection.login()
        except PermanentSendError as error:
            return (Check("Discord does not let the bot in", str(error)),)
        except TransientSendError as error:
            return (Check("Discord cannot be asked now", str(error)),)
        return await examination.examined(self.client)

    async def refresh(self) -> None:
        """Discord shows nothing of the configuration beside the commands, which only change with the program."""

    def _is_home(self, guild: int) -> bool:
        """Whether the server is one that the configuration names: itself, or by a channel that digests go to."""
        if guild in self.options.guilds:
            return True
        known = self.client.get_guild(guild)
        for place in self._destinations():
            if place.platform != self.name:
                continue
            if place.workspace == str(guild):
                return True
            channel = int(place.channel) if place.channel.isdecimal() else 0
            if known is not None and known.get_channel_or_thread(channel) is not None:
                return True
        return False

    # --- parts ---------------------------------------------------------------------------------------------

    def make_client(self) -> Client:
        """The client, not connected yet."""
        return make_client(self.options)

    def _connect(self) -> Connection:
        return Connection(self.make_client(), self.options)

    async def _begin(self, host: CommandHost) -> None:
        """Begin with a connection that was not used yet; after a failure there is another one."""
        try:
            await self._connection.login()
            await self._offer(host)
            await self._connection.connect()
        except SendError:
            await self._renew()
            raise
        log.info("discord.started", guilds=len(self.client.guilds), shards=self.client.shard_count)

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _renew(self) -> None:
        await self._connection.close()
        self._connection = self._connect()

    async def _supervise(self, host: CommandHost) -> None:
        """Begin anew where discord.py gives up the gateway, unless only somebody's work can help."""
        pause = FIRST_PAUSE
        why = await self._connection.ended()
        await self._renew()
        while not isinstance(why, PermanentSendError):
            log.warning("discord.gateway-lost", why=str(why), next_try=pause)
            await asyncio.sleep(pause)
            try:
                await self._begin(host)
            except SendError as error:
                why, pause = error, min(2 * pause, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            why = await self._connection.ended()
            await self._renew()
        log.error("discord.stopped", why=str(why))

    async def _offer(self, host: CommandHost) -> None:
        """Take commands and buttons from now on."""
        answers = self._answers = Answers(host, self._archive, self._is_home)
        self.client.pressed = answers.press
        tree = self.client.tree
        await tree.fill(host.commands, answers.run, answers.suggest, answers.refuse)
        try:
            await register(tree, self._archive)
        except discord.HTTPException as error:
            # What was registered before still works; the next start tries again.
            log.error("discord.commands-not-registered", why=str(send_error(error, posting=False)))
