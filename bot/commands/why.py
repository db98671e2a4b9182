"""/why: how an item was read, filed and grouped, and what the reasons were."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.base import Command, Invocation, Option, OptionType, Reads, UserError
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.why import why_message
from digests.archive import events, explanations, items


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    number = invocation.options["item"]

    async def read(connection: AsyncConnection) -> Message:
        item = await items.by_id(connection, number)
        if item is None:
            raise UserError(t("There is no item #{n}. /latest shows the numbers.", n=number))
        filings = (await items.filings_of(connection, [number])).get(number, ())
        grouped = await events.members(connection, [item.event_id]) if item.event_id else []
        original = await items.by_id(connection, item.duplicate_of) if item.duplicate_of else None
        siblings = grouped[0].items if grouped else ()
        grouping = await explanations.grouping_of(connection, number)
        return why_message(item, filings, siblings, original, services.story, t, grouping)

    return await services.archive.read_at_once(read)


COMMAND = Command(
    "why",
    N_("Why an item was filed as it was"),
    _run,
    options=(
        Option("item", N_("The item's number, as /latest shows it"), OptionType.INTEGER, required=True, minimum=1),
    ),
    example="/why 12",
    reads=Reads.ARCHIVE,
)
