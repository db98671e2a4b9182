"""/digest: what a period brought, on demand."""

from __future__ import annotations

from datetime import timedelta

from bot.commands.base import Command, Invocation, Option, OptionType, Reads
from bot.commands.options import Period
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.edition import edition_message
from digests.compose import OVERVIEW, DigestSpec, compose_period

_DEFAULT = timedelta(days=7)
_BULLETS_ONE = 5
_BULLETS_MANY = 3


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    story = services.story
    now = services.now()
    wanted = invocation.options.get("section")
    period = invocation.options.get("period") or Period(now - _DEFAULT, now, "7d")
    every = tuple(section.id for section in story.sections if section.id != OVERVIEW)
    sections = (wanted,) if wanted and wanted != OVERVIEW else every
    bullets = _BULLETS_ONE if len(sections) == 1 else _BULLETS_MANY
    spec = DigestSpec("on-demand", sections, bullets, t.language)
    composition = await services.archive.read_at_once(
        lambda connection: compose_period(connection, story, spec, start=period.start, end=period.end, now=now)
    )
    name = story.section(sections[0]).name if len(sections) == 1 else story.name
    message = edition_message(composition, story, f"{name.get(t.language)} · {period.text}")
    return Message(message.blocks, message.summary, message.language, kind="digest", shareable=True)


COMMAND = Command(
    "digest",
    N_("What a period brought, by section"),
    _run,
    options=(
        Option("section", N_("Which section; all when left out"), OptionType.SECTION),
        Option("period", N_("24h, 7d, 2w, 2026-05 or 2026-05-01..2026-05-31"), OptionType.PERIOD),
    ),
    example="/digest assistance 7d",
    reads=Reads.ARCHIVE,
)
