"""A member's own page: subscriptions, next editions, settings; for admins what needs their attention."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.commands.base import Member
from bot.commands.services import Services
from bot.i18n import LANGUAGE_NAMES, Translator, translator
from bot.message import (
    Actions,
    Block,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
    Heading,
    Message,
    Paragraph,
    Text,
    Time,
    text,
)
from digests.archive import deliveries, health, subscriptions
from digests.model import DeliveryState, SourceHealth, Subscription
from digests.story import Story

_MOST_EDITIONS = 5
_MOST_FAILING = 8


async def home_message(services: Services, member: Member) -> Message:
    t = translator(member.language)
    async with services.archive.read() as connection:
        own = await subscriptions.of_member(
            connection, platform=member.platform, workspace=member.workspace, user=member.user
        )
    story = services.story
    blocks: list[Block] = [
        Heading(story.name.get(t.language)),
        Paragraph(text(story.description.get(t.language))),
        Actions(
            (
                Button(t("Where the story stands"), "run:/sections"),
                Button(t("Newest items"), "run:/latest"),
                Button(t("Help"), "run:/help"),
            )
        ),
        Heading(t("Your subscriptions"), 2),
        *_subscriptions(own, story, t),
        Heading(t("Next editions"), 2),
        *_upcoming(services, t),
        Heading(t("Your settings"), 2),
        Paragraph(
            text(
                t(
                    "Language: {language}. Time zone: {zone}. Change them with /settings.",
                    language=LANGUAGE_NAMES[t.language],
                    zone=ZoneInfo(member.zone).key,
                )
            )
        ),
    ]
    if member.admin:
        blocks += await _for_admins(services, t)
    return Message(tuple(blocks), summary=story.name.get(t.language), language=t.language, private=True)


def _subscriptions(own: list[Subscription], story: Story, t: Translator) -> list[Block]:
    if not own:
        return [Paragraph(text(t("You have no subscription. Example: /subscribe assistance 08:00")))]
    known = {section.id: section.name.get(t.language) for section in story.sections}
    blocks: list[Block] = []
    for subscription in own:
        name = known.get(subscription.section, subscription.section)
        when = t("daily at {time} ({zone})", time=subscription.time, zone=subscription.zone)
        line = Bullet((Text(name, "strong"),), text(f"{when}, {LANGUAGE_NAMES[subscription.language]}"))
        end = Button(
            t("Unsubscribe"),
            f"run:/unsubscribe {subscription.section}",
            description=t("End the subscription to {section}", section=name),
        )
        blocks += [BulletList((line,)), Actions((end,))]
    return blocks


def _upcoming(services: Services, t: Translator) -> list[Block]:
    upcoming = services.editions.next_editions(after=services.now(), limit=_MOST_EDITIONS)
    if not upcoming:
        return [Paragraph(text(t("No digest is set up.")))]
    return [
        BulletList(
            tuple(
                Bullet((Time(at), Text(" – "), Text(digest.name.get(t.language), "strong"))) for digest, at in upcoming
            )
        )
    ]


async def _for_admins(services: Services, t: Translator) -> list[Block]:
    async with services.archive.read() as connection:
        states = await health.all_states(connection, services.story.sources, services.now())
        counts = await deliveries.counts(connection)
    failing = [state for state in states if state.state == "failing"]
    blocks: list[Block] = [
        Divider(),
        Heading(t("For admins"), 2),
        Paragraph(
            text(
                t(
                    "Sources: {working} working, {failing} failing. Posts: {dead} given up, {uncertain} uncertain.",
                    working=sum(state.state == "ok" for state in states),
                    failing=len(failing),
                    dead=counts[DeliveryState.DEAD],
                    uncertain=counts[DeliveryState.UNCERTAIN],
                )
            )
        ),
    ]
    if failing:
        bullets = tuple(_failing(state, services.story, t) for state in failing[:_MOST_FAILING])
        blocks.append(BulletList(bullets))
    blocks += [Context((Text(str(problem), language="en"),)) for problem in services.configuration.problems]
    blocks.append(Actions((Button(t("Status"), "run:/admin status"), Button(t("Sources"), "run:/sources"))))
    return blocks


def _failing(state: SourceHealth, story: Story, t: Translator) -> Bullet:
    name = story.source(state.source_id).name.get(t.language)
    detail: list[Text | Time] = [Text(state.why or "", language="en")]
    if state.failing_since is not None:
        detail = [Text(t("since") + " "), Time(state.failing_since), Text(f" · {state.why or ''}", language="en")]
    return Bullet((Text(name, "strong"),), tuple(detail))
