"""/sources: what is read, and how it is doing."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.base import Command, Invocation, Reads
from bot.commands.paging import pages_of, with_pages
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.health import health_message
from digests.archive import health
from digests.model import SourceHealth

PAGE = 12
_ORDER = ("failing", "stale", "ok", "baseline", "waiting", "disabled")


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    story, now = services.story, services.now()

    async def read(connection: AsyncConnection) -> tuple[list[health.Condition], tuple[SourceHealth, ...]]:
        found = await health.conditions(connection, story.sources, now)
        ordered = sorted(found, key=lambda condition: (_ORDER.index(condition.state), condition.source_id))
        shown = ordered[invocation.page * PAGE : (invocation.page + 1) * PAGE]
        sources = [story.source(condition.source_id) for condition in shown]
        return ordered, await health.all_states(connection, sources, now)

    ordered, page = await services.archive.read_at_once(read)
    message = health_message(page, [condition.state for condition in ordered], story, t)
    return await with_pages(services, invocation, message, pages=pages_of(len(ordered), PAGE))


COMMAND = Command(
    "sources",
    N_("Which sources are read, and how they are doing"),
    _run,
    example="/sources",
    reads=Reads.ARCHIVE,
)
