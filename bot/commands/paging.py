"""Paging by buttons whose state lies in the archive: they work after a restart, for the member who asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.commands.base import Invocation
from bot.commands.services import Services
from bot.i18n import translator
from bot.message import Actions, Button, Context, Message, text
from digests.archive import views

VIEW = "page"
KEPT = timedelta(days=30)
"""How long paging buttons work."""


async def with_pages(services: Services, invocation: Invocation, message: Message, *, pages: int) -> Message:
    """``message`` with "page n of m" and buttons to the neighbours; as it is when there is one page only."""
    if pages <= 1:
        return message
    token = invocation.view or await _keep(services, invocation)
    t = translator(invocation.member.language)
    page = invocation.page
    buttons = Actions(
        (
            Button(t("Newer"), f"{VIEW}:{token}:{max(page - 1, 0)}", disabled=page == 0),
            Button(t("Older"), f"{VIEW}:{token}:{page + 1}", disabled=page + 1 >= pages),
        )
    )
    where = Context(text(t("Page {page} of {pages}", page=page + 1, pages=pages)))
    return replace(message, blocks=(*message.blocks, where, buttons))


async def _keep(services: Services, invocation: Invocation) -> str:
    payload = {
        "command": invocation.command,
        "subcommand": invocation.subcommand,
        "options": dict(invocation.raw),
    }
    view = views.new(kind=VIEW, owner=invocation.member.key, payload=payload, expires_at=services.now() + KEPT)
    return await services.keep(view)


def pages_of(count: int, size: int) -> int:
    """How many pages ``count`` things fill."""
    return max(1, -(-count // size))
