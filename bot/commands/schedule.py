"""/schedule: the next editions."""

from __future__ import annotations

from bot.commands.base import Command, Invocation
from bot.commands.services import Services
from bot.i18n import LANGUAGE_NAMES, N_, translator
from bot.message import Bullet, BulletList, Heading, Message, Text, Time
from bot.present.citations import SEPARATOR

_MOST = 10


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    upcoming = services.editions.next_editions(after=services.now(), limit=_MOST)
    bullets = tuple(
        Bullet(
            (Time(at), Text(" – "), Text(digest.name.get(t.language), "strong")),
            (
                Text(LANGUAGE_NAMES[digest.language] + SEPARATOR),
                Text(", ".join(f"{d.platform} #{d.channel}" for d in digest.destinations)),
                Text(f"{SEPARATOR}{digest.schedule} ({digest.zone})"),
            ),
        )
        for digest, at in upcoming
    )
    summary = t.n("The next {n} edition", "The next {n} editions", len(bullets))
    return Message(
        (Heading(t("Next editions")), BulletList(bullets)), summary=summary, language=t.language, shareable=True
    )


COMMAND = Command("schedule", N_("When the next editions come"), _run, example="/schedule")
