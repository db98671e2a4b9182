"""/settings: the member's own language and time zone, where the platform's word does not fit."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.base import Command, Invocation, Option, OptionType, UserError
from bot.commands.services import Services
from bot.i18n import LANGUAGE_NAMES, N_, translator
from bot.message import Context, Message, Paragraph, text
from digests.archive import preferences


async def _run(services: Services, invocation: Invocation) -> Message:
    member, chosen = invocation.member, invocation.options
    if chosen and member.settled:
        t = translator(member.language)
        raise UserError(t("Here language and time zone are chosen in the page itself."))
    if chosen:
        async with services.archive.write() as connection:
            before = await preferences.of_member(connection, member.key)
            await preferences.put(connection, member.key, replace(before, **chosen))
    language = chosen.get("language", member.language)
    t = translator(language)
    words = t(
        "Your language is {language}, your time zone {zone}.",
        language=LANGUAGE_NAMES[language],
        zone=chosen.get("zone", member.zone),
    )
    hint = Context(text(t("Subscriptions that stand keep their own; change one with /subscribe.")))
    return Message((Paragraph(text(words)), hint), summary=words, language=language)


COMMAND = Command(
    "settings",
    N_("Your language and time zone"),
    _run,
    options=(
        Option("language", N_("The language of answers to you"), OptionType.LANGUAGE),
        Option("zone", N_("Your time zone, such as Asia/Tokyo"), OptionType.ZONE),
    ),
    example="/settings ja Asia/Tokyo",
)
