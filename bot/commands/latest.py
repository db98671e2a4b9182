"""/latest: the newest items of a section, one line each."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.base import Command, Invocation, Option, OptionType, Reads
from bot.commands.paging import pages_of, with_pages
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.items import items_message
from digests.archive import items
from digests.model import Item

_DEFAULT = 5
_MOST = 20


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    section = invocation.options.get("section")
    size = invocation.options.get("n", _DEFAULT)

    async def read(connection: AsyncConnection) -> tuple[int, list[Item]]:
        count = await items.count(connection, section=section)
        return count, await items.latest(connection, section=section, limit=size, offset=invocation.page * size)

    count, found = await services.archive.read_at_once(read)
    name = services.story.section(section).name.get(t.language) if section else services.story.name.get(t.language)
    message = items_message(found, name, t)
    return await with_pages(services, invocation, message, pages=pages_of(count, size))


COMMAND = Command(
    "latest",
    N_("The newest items, of one section or of all"),
    _run,
    options=(
        Option("section", N_("Which section; all when left out"), OptionType.SECTION),
        Option("n", N_("How many a page, 1 to 20"), OptionType.INTEGER, minimum=1, maximum=_MOST),
    ),
    example="/latest assistance 5",
    reads=Reads.ARCHIVE,
)
