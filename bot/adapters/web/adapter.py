"""The local chat as an adapter: the archive is its platform, the open pages are its clients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from aiohttp import web

from bot.adapters.base import AdapterContext, Check, Found, PermanentSendError, Sent
from bot.adapters.web.hub import Hub, LiveEvent
from bot.adapters.web.options import WebOptions
from bot.adapters.web.render import render
from bot.adapters.web.server import build_app
from bot.adapters.web.split import split
from bot.commands.base import CommandHost
from bot.message import Message, from_json, to_json
from digests.archive import Archive, local_messages, media
from digests.archive.local_messages import LocalMessage
from digests.archive.media import Media
from digests.model import Destination

log = structlog.get_logger()

PLATFORM = "web"
WORKSPACE = "local"
BOT = "Kakehashi"
_SHUTDOWN_TIMEOUT = 3.0


def create(context: AdapterContext) -> WebAdapter:
    """The entry point's callable."""
    return WebAdapter(context)


class WebAdapter:
    """Serves the page and keeps the messages. Sending is a row in the archive, so it is exactly once."""

    name = PLATFORM
    spacing = 0.0
    is_local = True
    """Started by an instance that stands by, too: it takes nothing away from the one in charge."""

    def __init__(self, context: AdapterContext) -> None:
        self.options: WebOptions = context.options
        self.hub = Hub()
        self._archive: Archive = context.archive
        self._destinations: Callable[[], tuple[Destination, ...]] = context.destinations
        self._now = context.now
        self.operations = context.operations
        self._runner: web.AppRunner | None = None
        self.address = ""

    # --- Adapter -------------------------------------------------------------------------------------------

    async def start(self, host: CommandHost) -> None:
        """Listen; :attr:`address` is the page's URL afterwards. Raises OSError when the port is taken."""
        self._runner = web.AppRunner(build_app(self, host), access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.options.host, self.options.port)
        await site.start()
        port = self._runner.addresses[0][1]
        shown = self.options.host if self.options.is_local else "127.0.0.1"
        self.address = f"http://{shown}:{port}/"
        log.info("web.listening", address=self.address)

    async def close(self) -> None:
        self.hub.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def split(self, message: Message) -> tuple[Message, ...]:
        return split(message)

    async def send(self, destination: Destination, message: Message, *, key: str, parent: Sent | None) -> Sent:
        if destination.workspace != WORKSPACE:
            raise PermanentSendError(
                f"the local chat has one workspace, {WORKSPACE!r}, not {destination.workspace!r}; mend bot.yaml"
            )
        private_to = destination.channel if destination.kind == "direct" else None
        channel = direct_channel(destination.channel) if private_to else destination.channel
        row = await self.post(channel, message, private_to=private_to, delivery_id=key)
        return Sent((str(row.id),), row.created_at)

    async def find(self, destination: Destination, *, key: str, since: datetime) -> Found:
        async with self._archive.read() as connection:
            row = await local_messages.by_delivery(connection, key)
        return Found(known=True, sent=Sent((str(row.id),), row.created_at) if row else None)

    async def edit(self, destination: Destination, sent: Sent, message: Message) -> None:
        if await self.replace(int(sent.platform_ids[0]), message) is None:
            raise PermanentSendError("the message is no longer there")

    async def check(self, destination: Destination) -> tuple[str, ...]:
        if destination.workspace == WORKSPACE:
            return ()
        return (f"the local chat has one workspace, {WORKSPACE!r}: write web:{destination.channel}",)

    async def examine(self) -> tuple[Check, ...]:
        return (Check(f"the local chat listens on {self.options.host}, port {self.options.port}"),)

    async def refresh(self) -> None:
        """Open pages read their channels, commands and notices again."""
        self.hub.publish(LiveEvent("state", {}))

    # --- what the server does with messages ----------------------------------------------------------------

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that a digest goes to, then the extra ones, each once."""
        from_digests = [d.channel for d in self._destinations() if d.platform == PLATFORM and d.kind == "channel"]
        return tuple(dict.fromkeys([*from_digests, *self.options.channels]))

    async def post(
        self,
        channel: str,
        message: Message,
        *,
        author: str = BOT,
        private_to: str | None = None,
        delivery_id: str | None = None,
    ) -> LocalMessage:
        """Append a message and show it on open pages. A delivery that is there already is not posted again."""
        row, _ = await self._append(channel, message, author, private_to, delivery_id)
        return row

    async def show(self, channel: str, message: Message, *, private_to: str | None = None) -> dict[str, Any]:
        """Append a message of the bot as :meth:`post` does; returns its card."""
        _, shown = await self._append(channel, message, BOT, private_to, None)
        return shown

    async def _append(
        self, channel: str, message: Message, author: str, private_to: str | None, delivery_id: str | None
    ) -> tuple[LocalMessage, dict[str, Any]]:
        # One thread, and no flush of its own: a busy page would wait for the disk twice a command. A power cut takes
        # whole transactions from the end, so a delivery that is recorded as sent never lacks its message.
        row, new = await self._archive.write_at_once(
            lambda connection: local_messages.add(
                connection,
                channel=channel,
                author=author,
                message=to_json(message),
                now=self._now(),
                private_to=private_to,
                delivery_id=delivery_id,
            )
        )
        shown = card(row, message if new else None)
        if new:
            self.hub.publish(LiveEvent("message", shown, row.id, private_to))
        return row, shown

    async def replace(self, message_id: int, message: Message) -> LocalMessage | None:
        """Put another content in a message's place, here and on open pages."""
        content = to_json(message)
        row = await self._archive.write_at_once(
            lambda connection: local_messages.replace(connection, message_id, content)
        )
        if row is not None:
            self.hub.publish(LiveEvent("replaced", card(row, message), None, row.private_to))
        return row

    async def message(self, message_id: int) -> LocalMessage | None:
        async with self._archive.read() as connection:
            return await local_messages.by_id(connection, message_id)

    async def kept(self, key: str) -> Media | None:
        """A picture or file of a message; None when it never was or is kept no more."""
        async with self._archive.read() as connection:
            return await media.get(connection, key)

    async def page(self, channel: str, member: str, before: int | None, limit: int) -> list[LocalMessage]:
        async with self._archive.read() as connection:
            return await local_messages.page(connection, channel, member=member, before=before, limit=limit)


def direct_channel(user: str) -> str:
    """The channel of a member's direct messages."""
    return f"@{user}"


def card(row: LocalMessage, message: Message | None = None) -> dict[str, Any]:
    """A message as the page wants it: ready HTML plus what stands around it. ``message`` is the row's, where it is at
    hand and need not be read."""
    if message is None:
        message = from_json(row.message)
    return {
        "id": row.id,
        "channel": row.channel,
        "author": row.author,
        "bot": row.author == BOT,
        "private": row.private_to is not None and not row.channel.startswith("@"),
        "shareable": row.private_to is not None and message.shareable,
        "kind": message.kind,
        "language": message.language,
        "summary": message.summary,
        "at": row.created_at.isoformat(),
        "html": render(message),
    }
