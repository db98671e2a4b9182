"""The answer to one interaction: in place of "thinking …", of the message with the button, or as new messages.

Source: Discord's documentation, interactions/receiving-and-responding: the first answer within 3 s, a token lives for
15 minutes, deferring fixes whether the first message is private, five follow-ups where the app is installed by the
member alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import structlog

from bot.adapters.discord.outgoing import NO_PINGS, outgoing
from bot.adapters.discord.render import FIT
from bot.adapters.splitting import split
from bot.i18n import translator
from bot.message import Context, Message, Paragraph, text
from digests.archive import Archive

log = structlog.get_logger()

Interaction = discord.Interaction[Any]
MOST_FOLLOW_UPS = 5
"""Where the member alone has installed the app."""


class Reply:
    """What is said to one interaction. Every method raises what discord.py raises."""

    def __init__(self, interaction: Interaction, archive: Archive) -> None:
        self._interaction = interaction
        self._archive = archive
        self._waiting: bool | None = None
        """Whether the "thinking …" that stands there is private; None when there is none."""
        self._left: int | None = MOST_FOLLOW_UPS if is_foreign(interaction) else None

    async def think(self, *, private: bool) -> None:
        """Acknowledge: a new message will come."""
        await self._interaction.response.defer(ephemeral=private, thinking=True)
        self._waiting = private

    async def acknowledge(self) -> None:
        """Acknowledge a button: the message that it stands on may change."""
        await self._interaction.response.defer()

    async def say(self, message: Message) -> None:
        """A new message, in several parts where it is long."""
        replaces = self._waiting is not None and self._waiting == message.private
        parts = self._parts(message, replaced=int(replaces))
        if replaces:
            first, *parts = parts
            self._waiting = None
            await self._replace(first)
        elif self._waiting is not None:
            # What was announced to everybody must not show a private answer. As long as something is announced, the
            # next message takes its place and its visibility, even when it was deleted before; so it is ended first.
            self._waiting = None
            await self._replace(Message((Paragraph(text("…")),), summary="…", language=message.language))
            await self._interaction.delete_original_response()
        for part in parts:
            await self._follow(part)

    async def turn(self, message: Message) -> None:
        """Put ``message`` in the place of the one with the button."""
        first, *rest = self._parts(message, replaced=1)
        await self._replace(first)
        for part in rest:
            await self._follow(part)

    async def share(self, message: Message) -> None:
        """Show ``message`` to the channel."""
        for part in self._parts(message):
            try:
                await self._follow(part)
            except discord.HTTPException as error:
                channel = self._interaction.channel
                if error.status >= 500 or not isinstance(channel, discord.abc.Messageable):
                    raise
                log.info("discord.shared-in-channel", why=error.code)
                ready = await outgoing(self._archive, part)
                await channel.send(allowed_mentions=NO_PINGS, **ready.new())

    async def without(self, action: str) -> None:
        """Take the button with this custom id from the message that it stands on."""
        message = self._interaction.message
        if message is None:
            return
        view = discord.ui.LayoutView.from_message(message, timeout=None)
        for row in [item for item in view.walk_children() if isinstance(item, discord.ui.ActionRow)]:
            for button in list(row.children):
                if isinstance(button, discord.ui.Button) and button.custom_id == action:
                    row.remove_item(button)
            if not row.children:
                holder = row.parent if isinstance(row.parent, discord.ui.Container) else view
                holder.remove_item(row)
        view.stop()
        await self._interaction.edit_original_response(view=view, allowed_mentions=NO_PINGS)

    async def _replace(self, message: Message) -> None:
        ready = await outgoing(self._archive, message)
        await self._interaction.edit_original_response(allowed_mentions=NO_PINGS, **ready.replacing())

    async def _follow(self, message: Message) -> None:
        ready = await outgoing(self._archive, message)
        arguments: dict[str, Any] = {"ephemeral": message.private, "allowed_mentions": NO_PINGS, **ready.new()}
        if not self._interaction.response.is_done():
            await self._interaction.response.send_message(**arguments)
            return
        await self._interaction.followup.send(wait=True, **arguments)
        if self._left is not None:
            self._left -= 1

    def _parts(self, message: Message, *, replaced: int = 0) -> list[Message]:
        """The message in parts, as many as may be sent; ``replaced`` of them need no follow-up."""
        parts = list(split(message, FIT))
        most = len(parts) if self._left is None else max(1, self._left + replaced)
        if len(parts) <= most:
            return parts
        t = translator(message.language)
        words = t("There is more, but Discord takes no more messages here.")
        last = parts[most - 1]
        return [*parts[: most - 1], replace(last, blocks=(*last.blocks, Context(text(words))))]


def is_foreign(interaction: Interaction) -> bool:
    """Whether only the member has installed the app, and not the server (or the bot's own direct messages) it is in."""
    if interaction.is_guild_integration() or interaction.context.dm_channel:
        return False
    return interaction.is_user_integration()
