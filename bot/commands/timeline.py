"""/timeline: the dossier's dated facts, newest first; on a page or all of them in a file."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.base import Choice, Command, Invocation, Option, OptionType, Reads, UserError
from bot.commands.keeping import kept
from bot.commands.paging import pages_of, with_pages
from bot.commands.services import Services
from bot.i18n import N_, Translator, translator
from bot.message import Message
from bot.present.export import FORMS, for_members, timeline_text
from bot.present.labels import status_names
from bot.present.timeline import none_message, timeline_file_message, timeline_message
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
    wanted: dict[str, Any] = {
        "section": section,
        "date_from": start,
        "date_to": end,
        "actors": subject_of(chosen["actor"], services.story.glossary).names if "actor" in chosen else (),
        "status": Status(chosen["status"]) if "status" in chosen else None,
    }
    name = (services.story.section(section).name if section else services.story.name).get(t.language)
    if "export" in chosen:
        return await _exported(services, wanted, chosen["export"], name, t)

    async def read(connection: AsyncConnection) -> tuple[int, list[Fact]]:
        count = await facts.count(connection, **wanted)
        return count, await facts.query(connection, **wanted, limit=PAGE, offset=invocation.page * PAGE)

    count, found = await services.archive.read_at_once(read)
    message = timeline_message(found, count, name, t)
    return await with_pages(services, invocation, message, pages=pages_of(count, PAGE))


async def _exported(services: Services, wanted: dict[str, Any], form: str, name: str, t: Translator) -> Message:
    """All that is wanted as one file."""
    found = await services.archive.read_at_once(
        lambda connection: facts.query(connection, **wanted, limit=facts.ALL, offset=0)
    )
    if not found:
        return none_message(name, t)
    content = await asyncio.to_thread(lambda: for_members(timeline_text(found, form, t.language), form))
    called = f"timeline-{wanted['section']}" if wanted["section"] else "timeline"
    file = await kept(services, content, name=called, content_type=FORMS[form], t=t)
    return timeline_file_message(found, file, name, t)


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
        Option(
            "export",
            N_("All of it as a file, instead of a page"),
            choices=(
                Choice(N_("CSV, for spreadsheets"), "csv"),
                Choice(N_("JSON, for programs"), "json"),
                Choice(N_("Markdown, to read"), "markdown"),
            ),
        ),
    ),
    example="/timeline assistance from:2025-01 actor:NSATU",
    reads=Reads.ARCHIVE,
)
