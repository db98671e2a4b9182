"""/timeline: the dossier's dated facts, newest first."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.base import Choice, Command, Invocation, Option, OptionType, Reads, UserError
from bot.commands.paging import pages_of, with_pages
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.labels import status_names
from bot.present.timeline import timeline_message
from digests.archive import facts
from digests.mentions import subject_of
from digests.model import Fact, Status

PAGE = 10


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    chosen = invocation.options
    start, end = chosen.get("from"), chosen.get("to")
    if start and end and start[:10] > end and not start.startswith(end):
        raise UserError(t("“from” ({start}) is later than “to” ({end}).", start=start, end=end))
    section = chosen.get("section")
    status = Status(chosen["status"]) if "status" in chosen else None
    actors = subject_of(chosen["actor"], services.story.glossary).names if "actor" in chosen else ()

    async def read(connection: AsyncConnection) -> tuple[int, list[Fact]]:
        count = await facts.count(
            connection, section=section, date_from=start, date_to=end, actors=actors, status=status
        )
        found = await facts.query(
            connection,
            section=section,
            date_from=start,
            date_to=end,
            actors=actors,
            status=status,
            limit=PAGE,
            offset=invocation.page * PAGE,
        )
        return count, found

    count, found = await services.archive.read_at_once(read)
    name = services.story.section(section).name if section else services.story.name
    # Members in general have no terminal of the bot's; a line about it would stand under each of their timelines.
    command = _export(chosen, t.language) if invocation.member.admin else None
    message = timeline_message(found, count, name.get(t.language), t, command=command)
    return await with_pages(services, invocation, message, pages=pages_of(count, PAGE))


def _export(chosen: Mapping[str, Any], language: str) -> str:
    """The line for the command line that writes the same facts to a file."""
    words = ["kakehashi", "export", "timeline", "--language", language]
    for name in ("section", "from", "to", "actor", "status"):
        if name in chosen:
            words += [f"--{name}", str(chosen[name])]
    return shlex.join([*words, "--out", "timeline.csv"])


COMMAND = Command(
    "timeline",
    N_("Dated events, newest first"),
    _run,
    options=(
        Option("section", N_("Which section; all when left out"), OptionType.SECTION),
        Option("from", N_("From this date on: 2025, 2025-04 or 2025-04-08"), OptionType.DATE),
        Option("to", N_("Up to this date"), OptionType.DATE),
        Option("actor", N_("Only where this person or body takes part"), maximum=80),
        Option(
            "status",
            N_("Only what is as far along as this"),
            choices=tuple(Choice(name, status.value) for status, name in status_names().items()),
        ),
    ),
    example="/timeline assistance from:2025-01 actor:NSATU",
    reads=Reads.ARCHIVE,
)
