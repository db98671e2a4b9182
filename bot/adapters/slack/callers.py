"""Who calls and from where, and what they are told when their call goes wrong here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable

import structlog

from bot.adapters.base import SendError
from bot.adapters.slack.client import Workspaces
from bot.adapters.slack.members import Members
from bot.adapters.slack.replies import Place, Replies
from bot.commands.base import Member
from bot.i18n import Translator, translator
from bot.message import Message, Paragraph, text

log = structlog.get_logger()

WORK_TIMEOUT = 90.0
"""Seconds for one answer, sending included; the core gives up on a command earlier."""


class Callers:
    """What every piece of work begins and ends with."""

    def __init__(self, workspaces: Workspaces, members: Members, replies: Replies) -> None:
        self._workspaces = workspaces
        self._members = members
        self._replies = replies

    async def place(self, team: str, channel: str, user: str, *, response_url: str | None = None) -> Place:
        """Where the call comes from. Raises :class:`SendError`'s children when the workspace is not ours."""
        client, identity = await self._workspaces.of(team)
        return Place(client, identity.team, channel, user, response_url=response_url)

    async def member(self, place: Place) -> Member:
        return await self._members.member(place.client, team=place.team, channel=place.channel, user=place.user)

    async def guarded(self, place: Place, work: Awaitable[None], *, tell: bool = True) -> None:
        """Do ``work``; what goes wrong in it is logged, and the member is told when they wait for an answer."""
        try:
            async with asyncio.timeout(WORK_TIMEOUT):
                await work
        except SendError as error:
            log.warning("slack.answer-refused", why=str(error))
            if tell:
                t = await self._translator(place)
                await self._told(place, t("Slack did not take the answer: {why}", why=str(error)))
        except Exception as error:
            error_id = secrets.token_hex(4)
            log.error("slack.fault", error_id=error_id, exc_info=error)
            if tell:
                t = await self._translator(place)
                words = t("Something went wrong here. The admins find it under this id: {id}", id=error_id)
                await self._told(place, words)

    async def _translator(self, place: Place) -> Translator:
        return translator((await self.member(place)).language)

    async def _told(self, place: Place, words: str) -> None:
        try:
            async with asyncio.timeout(WORK_TIMEOUT):
                message = Message((Paragraph(text(words)),), summary=words, kind="error", private=True)
                await self._replies.privately(place, message)
        except (SendError, TimeoutError) as error:
            log.warning("slack.member-not-told", why=str(error) or "no answer in time")
