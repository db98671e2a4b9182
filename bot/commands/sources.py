"""/sources: what is read, and how it is doing."""

from __future__ import annotations

from bot.commands.base import Command, Invocation
from bot.commands.paging import pages_of, with_pages
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.health import health_message
from digests.archive import health

PAGE = 12
_ORDER = ("failing", "stale", "ok", "baseline", "waiting", "disabled")


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    states = await services.archive.read_at_once(
        lambda connection: health.all_states(connection, services.story.sources, services.now())
    )
    ordered = sorted(states, key=lambda state: (_ORDER.index(state.state), state.source_id))
    page = ordered[invocation.page * PAGE : (invocation.page + 1) * PAGE]
    message = health_message(page, ordered, services.story, t)
    return await with_pages(services, invocation, message, pages=pages_of(len(ordered), PAGE))


COMMAND = Command("sources", N_("Which sources are read, and how they are doing"), _run, example="/sources")
