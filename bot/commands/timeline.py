"""/timeline: the dossier's dated facts and the archive's events, oldest or newest first."""

from __future__ import annotations

from bot.commands.base import Command, Invocation, Option, OptionType, UserError
from bot.commands.paging import pages_of, with_pages
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.timeline import timeline_message
from digests.archive import facts

PAGE = 10


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    chosen = invocation.options
    start, end = chosen.get("from"), chosen.get("to")
    if start and end and start[:10] > end and not start.startswith(end):
        raise UserError(t("“from” ({start}) is later than “to” ({end}).", start=start, end=end))
    wanted = {"section": chosen.get("section"), "date_from": start, "date_to": end, "actor": chosen.get("actor")}
    async with services.archive.read() as connection:
        count = await facts.count(connection, **wanted)
        found = await facts.query(connection, **wanted, limit=PAGE, offset=invocation.page * PAGE)
    section = chosen.get("section")
    name = services.story.section(section).name if section else services.story.name
    message = timeline_message(found, count, name.get(t.language), t)
    return await with_pages(services, invocation, message, pages=pages_of(count, PAGE))


COMMAND = Command(
    "timeline",
    N_("Dated events, newest first"),
    _run,
    options=(
        Option("section", N_("Which section; all when left out"), OptionType.SECTION),
        Option("from", N_("From this date on: 2025, 2025-04 or 2025-04-08"), OptionType.DATE),
        Option("to", N_("Up to this date"), OptionType.DATE),
        Option("actor", N_("Only where this person or body takes part"), maximum=80),
    ),
    example="/timeline assistance from:2025-01 actor:NSATU",
)
