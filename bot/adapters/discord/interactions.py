"""Commands, half-typed options and buttons: from Discord's interactions to the core and back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import discord
import structlog

from bot.adapters.discord.errors import TROUBLES, code_of
from bot.adapters.discord.replies import Interaction, Reply, is_foreign
from bot.commands.base import (
    Choice,
    Command,
    CommandHost,
    Completion,
    Invocation,
    Member,
    Press,
    Privacy,
)
from bot.i18n import supported, translator
from bot.message import Context, Message, Paragraph, text
from digests.archive import Archive

log = structlog.get_logger()

PLATFORM = "discord"
DIRECT = "dm"
"""The workspace of direct messages."""
WORK_TIMEOUT = 90.0
"""Seconds for one answer, sending included; the core gives up on a command earlier."""
COMPLETION_TIMEOUT = 2.5
"""Seconds; Discord waits 3 (interactions/receiving-and-responding)."""
GONE = frozenset({10062, 10015, 50027})
"""Codes that say that an interaction can no longer be answered."""


class Answers:
    """Answers interactions through the core. Never raises: who asked is told what went wrong, with an id."""

    def __init__(self, host: CommandHost, archive: Archive, is_home: Callable[[int], bool]) -> None:
        self._host = host
        self._archive = archive
        self._is_home = is_home
        self._running: set[asyncio.Task[Any]] = set()

    async def run(
        self, interaction: Interaction, command: Command, subcommand: str | None, options: Mapping[str, str | int]
    ) -> None:
        """Answer a command."""
        reply = Reply(interaction, self._archive)
        target = next((sub for sub in command.subcommands if sub.name == subcommand), command)

        async def work() -> None:
            await reply.think(private=target.privacy is Privacy.PRIVATE)
            member = self._member(interaction)
            message = await self._host.invoke(Invocation(command.name, member, dict(options), subcommand))
            await reply.say(await self._offered(message, member))

        await self._guarded(interaction, reply, work())

    async def press(self, interaction: Interaction) -> None:
        """Answer a button (see :class:`bot.commands.base.Press`)."""
        reply = Reply(interaction, self._archive)
        data: Mapping[str, Any] = interaction.data or {}
        action = str(data.get("custom_id", ""))
        kind = action.partition(":")[0]
        ways = {"page": self._turn, "share": self._share}
        await self._guarded(interaction, reply, ways.get(kind, self._anew)(interaction, reply, action))

    async def suggest(
        self, interaction: Interaction, command: str, subcommand: str | None, option: str, typed: str
    ) -> tuple[Choice, ...]:
        """Suggestions for a half-typed option; none when they take too long."""
        completion = Completion(command, option, typed, self._member(interaction), subcommand)
        try:
            async with asyncio.timeout(COMPLETION_TIMEOUT):
                return await self._host.complete(completion)
        except TimeoutError:
            log.warning("discord.completion-too-slow", command=command, option=option)
        except Exception as error:
            # Nobody can be told: an option without suggestions is typed by hand.
            log.error("discord.completion-failed", command=command, option=option, exc_info=error)
        return ()

    async def refuse(self, interaction: Interaction, error: Exception) -> None:
        """Answer what is no command of ours: Discord still offers one that is gone, or with other options."""
        log.warning("discord.unknown-command", why=str(error))
        if interaction.type is discord.InteractionType.autocomplete:
            return
        t = translator(language_of(interaction))
        words = t("This command has changed. Try again in a few minutes, or restart Discord.")
        reply = Reply(interaction, self._archive)
        await self._guarded(interaction, reply, reply.say(_error(words, t.language)))

    async def close(self, patience: float) -> None:
        """Wait up to ``patience`` seconds for what is being answered, then cancel what is left."""
        running = self._running - {task for task in (asyncio.current_task(),) if task is not None}
        if not running:
            return
        _, left = await asyncio.wait(running, timeout=patience)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _member(self, interaction: Interaction) -> Member:
        """Who calls, and from where. Discord tells the language, not the zone; times are shown in each reader's own.

        Whoever manages a server that digests go to is an admin. Anybody can invite a bot to a server of their own:
        that gives no say over the bot.
        """
        guild = interaction.guild_id
        manages = interaction.permissions.manage_guild and not is_foreign(interaction)
        return Member(
            platform=PLATFORM,
            workspace=str(guild) if guild is not None else DIRECT,
            channel=str(interaction.channel_id or ""),
            user=str(interaction.user.id),
            admin=guild is not None and manages and self._is_home(guild),
            language=language_of(interaction),
            zone="UTC",
            name=interaction.user.display_name,
            everywhere=True,
        )

    # --- buttons -------------------------------------------------------------------------------------------

    async def _turn(self, interaction: Interaction, reply: Reply, action: str) -> None:
        await reply.acknowledge()
        member = self._member(interaction)
        message = await self._host.press(Press(action, member))
        if message.kind == "error":
            await reply.say(message.as_private())
            return
        shown = interaction.message
        private = shown is not None and shown.flags.ephemeral
        await reply.turn(await self._offered(message.as_private(), member) if private else message)

    async def _share(self, interaction: Interaction, reply: Reply, action: str) -> None:
        await reply.acknowledge()
        member = self._member(interaction)
        message = await self._host.press(Press(action, member))
        if message.kind == "error":
            await reply.say(message.as_private())
            return
        t = translator(message.language)
        by = Context(text(t("Shared by {name}", name=member.name)))
        await reply.share(replace(message, blocks=(*message.blocks, by), private=False))
        await reply.without(action)

    async def _anew(self, interaction: Interaction, reply: Reply, action: str) -> None:
        await reply.think(private=True)
        member = self._member(interaction)
        message = (await self._host.press(Press(action, member))).as_private()
        await reply.say(await self._offered(message, member))

    async def _offered(self, message: Message, member: Member) -> Message:
        return await self._host.offer_sharing(message, member) if message.private else message

    # --- faults --------------------------------------------------------------------------------------------

    async def _guarded(self, interaction: Interaction, reply: Reply, work: Awaitable[None]) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            async with asyncio.timeout(WORK_TIMEOUT):
                await work
        except Exception as error:
            if code_of(error) in GONE:
                log.warning("discord.answer-too-late", code=code_of(error))
                return
            error_id = secrets.token_hex(4)
            log.error("discord.fault", error_id=error_id, exc_info=error)
            await self._told(interaction, reply, error_id)

    async def _told(self, interaction: Interaction, reply: Reply, error_id: str) -> None:
        """Tell who asked that something is wrong here, under which id admins find it in the log."""
        t = translator(language_of(interaction))
        words = t("Something went wrong here. The admins find it under this id: {id}", id=error_id)
        try:
            async with asyncio.timeout(WORK_TIMEOUT):
                await reply.say(_error(words, t.language))
        except TROUBLES as failure:
            log.warning("discord.member-not-told", error_id=error_id, why=str(failure) or type(failure).__name__)


def language_of(interaction: Interaction) -> str:
    """The language of the member's Discord, or English."""
    return supported(str(interaction.locale.value))


def _error(words: str, language: str) -> Message:
    return Message((Paragraph(text(words)),), summary=words, language=language, kind="error", private=True)
