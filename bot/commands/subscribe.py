"""/subscribe: a section by direct message, daily at a time of the member's own."""

from __future__ import annotations

from bot.commands.base import Command, Invocation, Member, Option, OptionType
from bot.commands.services import Services
from bot.i18n import LANGUAGE_NAMES, N_, Translator, translator
from bot.message import Bullet, BulletList, Context, Heading, Message, Paragraph, Text, text
from digests.archive import subscriptions
from digests.model import Subscription
from digests.story import Story

_DEFAULT_TIME = "08:00"


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    member, chosen = invocation.member, invocation.options
    if "section" not in chosen:
        return await _listed(services, member, t)
    async with services.archive.write() as connection:
        made = await subscriptions.put(
            connection,
            platform=member.platform,
            workspace=member.workspace,
            user=member.user,
            section=chosen["section"],
            language=chosen.get("language", member.language),
            zone=chosen.get("zone", member.zone),
            time=chosen.get("time", _DEFAULT_TIME),
            now=services.now(),
        )
    await services.editions.changed()
    words = t(
        "Subscribed: {section}, daily at {time} ({zone}), in {language}, by direct message. Quiet days stay silent.",
        section=services.story.section(made.section).name.get(t.language),
        time=made.time,
        zone=made.zone,
        language=LANGUAGE_NAMES[made.language],
    )
    hint = Context(text(t("End it with /unsubscribe {section}.", section=made.section)))
    return Message((Paragraph(text(words)), hint), summary=words, language=t.language)


async def _listed(services: Services, member: Member, t: Translator) -> Message:
    async with services.archive.read() as connection:
        own = await subscriptions.of_member(
            connection, platform=member.platform, workspace=member.workspace, user=member.user
        )
    if not own:
        words = t("You have no subscription. Example: /subscribe assistance 08:00")
        return Message((Paragraph(text(words)),), summary=words, language=t.language)
    bullets = tuple(_bullet(subscription, services.story, t) for subscription in own)
    summary = t.n("You have {n} subscription.", "You have {n} subscriptions.", len(own))
    return Message((Heading(t("Your subscriptions")), BulletList(bullets)), summary=summary, language=t.language)


def _bullet(subscription: Subscription, story: Story, t: Translator) -> Bullet:
    name = next((s.name.get(t.language) for s in story.sections if s.id == subscription.section), subscription.section)
    when = t("daily at {time} ({zone})", time=subscription.time, zone=subscription.zone)
    return Bullet((Text(name, "strong"),), text(f"{when}, {LANGUAGE_NAMES[subscription.language]}"))


COMMAND = Command(
    "subscribe",
    N_("Get a section by direct message every day"),
    _run,
    options=(
        Option("section", N_("Which section; your subscriptions when left out"), OptionType.SECTION),
        Option("time", N_("Time of day, such as 08:00"), OptionType.TIME),
        Option("zone", N_("Time zone, such as Europe/Kyiv; yours when left out"), OptionType.ZONE),
        Option("language", N_("Language of the digest"), OptionType.LANGUAGE),
    ),
    example="/subscribe assistance 08:00",
)
