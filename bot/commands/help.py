"""/help: every command, with an example."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.base import Command, Handler, Invocation, Permission
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Bullet, BulletList, Context, Heading, Message, Paragraph, Text, text


def _handler(others: Sequence[Command]) -> Handler:
    async def run(services: Services, invocation: Invocation) -> Message:
        t = translator(invocation.member.language)
        shown = [command for command in others if command.permission is Permission.MEMBER or invocation.member.admin]
        bullets = tuple(
            Bullet((Text(command.example or f"/{command.name}", "code"),), text(t(command.description)))
            for command in shown
        )
        intro = t(
            "I follow one story, “{story}”, post what is new by section, and answer from the archive with sources.",
            story=services.story.name.get(t.language),
        )
        hint = t("Replies are private until you share them. A line without a slash is a question.")
        blocks = (Heading(t("Help")), Paragraph(text(intro)), BulletList(bullets), Context(text(hint)))
        return Message(blocks, summary=intro, language=t.language)

    return run


def help_command(others: Sequence[Command]) -> Command:
    """/help knows all other commands."""
    return Command("help", N_("What I can do"), _handler(others), example="/help")
