"""/unsubscribe: end one subscription or all."""

from __future__ import annotations

from bot.commands.base import Command, Invocation, Option, OptionType
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message, Paragraph, text
from digests.archive import subscriptions


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    member = invocation.member
    async with services.archive.write() as connection:
        ended = await subscriptions.remove(
            connection,
            platform=member.platform,
            workspace=member.workspace,
            user=member.user,
            section=invocation.options.get("section"),
        )
    await services.editions.changed()
    words = (
        t.n("{n} subscription ended.", "{n} subscriptions ended.", ended)
        if ended
        else t("There was no such subscription.")
    )
    return Message((Paragraph(text(words)),), summary=words, language=t.language)


COMMAND = Command(
    "unsubscribe",
    N_("End a subscription"),
    _run,
    options=(Option("section", N_("Which section; all when left out"), OptionType.SECTION),),
    example="/unsubscribe assistance",
)
