"""A private reply that its reader may show to the channel. The reply is kept in the archive until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.commands.base import Member, UserError
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Actions, Block, Button, Message, from_json, to_json
from digests.archive import views

VIEW = "share"
KEPT = timedelta(days=1)
"""How long a private reply can still be shared."""
LABEL = N_("Share with channel")


async def offered(services: Services, message: Message, member: Member) -> Message:
    """``message`` with the button."""
    payload = to_json(as_shared(message))
    view = views.new(kind=VIEW, owner=member.key, payload=payload, expires_at=services.now() + KEPT)
    token = await services.keep(view)
    button = Button(translator(message.language)(LABEL), f"{VIEW}:{token}")
    *before, last = message.blocks
    if isinstance(last, Actions):
        return replace(message, blocks=(*before, Actions((*last.buttons, button))))
    return replace(message, blocks=(*message.blocks, Actions((button,))))


async def shared(services: Services, token: str, member: Member) -> Message:
    """The kept reply as everybody may see it. Raises :class:`UserError` when it is not there for this member."""
    t = translator(member.language)
    async with services.archive.read() as connection:
        view = await views.get(connection, token, now=services.now())
    if view is None or view.kind != VIEW:
        raise UserError(t("This button has expired. Ask again with the command."))
    if view.owner != member.key:
        raise UserError(t("This button belongs to the member who asked."))
    return from_json(view.payload)


def as_shared(message: Message) -> Message:
    """Without the buttons that only the asking member may press."""
    blocks: list[Block] = []
    for block in message.blocks:
        if isinstance(block, Actions):
            block = Actions(tuple(button for button in block.buttons if button.url is not None))
            if not block.buttons:
                continue
        blocks.append(block)
    return replace(message, blocks=tuple(blocks), private=False, shareable=False)
