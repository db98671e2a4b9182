"""/admin: post, preview, reload, status. For admins alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.base import Command, Invocation, Option, OptionType, Permission
from bot.commands.services import Services
from bot.i18n import N_, Translator, translator
from bot.message import Block, Bullet, BulletList, Context, Heading, Message, Paragraph, Text, Time, text
from bot.present.citations import SEPARATOR
from bot.present.edition import edition_message
from digests.archive import deliveries, editions, health
from digests.model import Delivery, DeliveryState, Edition, SourceHealth

_MOST_EDITIONS = 8
_MOST_LETTERS = 5


async def _post(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    digest = services.settings.digest(invocation.options["digest"])
    parts = await services.editions.post_now(digest, now=services.now())
    words = t.n("{n} message part is on its way.", "{n} message parts are on their way.", parts)
    return Message((Paragraph(text(words)),), summary=words, language=t.language)


async def _preview(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    digest = services.settings.digest(invocation.options["digest"])
    composition = await services.editions.preview(digest, now=services.now())
    message = edition_message(composition, services.story, digest.name.get(digest.language))
    note = Context(text(t("A preview: nothing has been posted.")))
    return Message((*message.blocks, note), message.summary, message.language, kind="digest")


async def _reload(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    await services.reload()
    problems = services.configuration.problems
    if not problems:
        words = t("The configuration is read anew and active.")
        return Message((Paragraph(text(words)),), summary=words, language=t.language)
    words = t("The changed configuration was refused; the one before it stays active.")
    bullets = BulletList(tuple(Bullet((Text(str(problem), language="en"),)) for problem in problems))
    return Message((Paragraph(text(words)), bullets), summary=words, language=t.language, kind="error")


async def _status(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    found = await services.archive.read_at_once(lambda connection: _read_status(connection, services))
    failing = sum(1 for state in found.sources if state.state == "failing")
    shown = [pair for pair in _STATES if pair[0] is not DeliveryState.DROPPED or found.counts[pair[0]]]
    line = SEPARATOR.join(f"{found.counts[state]} {t(name)}" for state, name in shown)
    blocks: list[Block] = [
        Heading(t("Status")),
        Paragraph((Text(t("Running since") + " "), Time(services.started_at))),
        Paragraph(text(t("Deliveries: {line}", line=line))),
        Paragraph(text(t.n("{n} source is failing (/sources)", "{n} sources are failing (/sources)", failing))),
        Heading(t("Latest editions"), level=2),
        BulletList(
            tuple(
                Bullet((Time(edition.scheduled_at), Text(f" – {edition.digest_id} ({edition.kind})")))
                for edition in found.recent
            )
        ),
    ]
    blocks += _letters(t("Given up"), found.dead) + _letters(
        t("Uncertain: look before you post again"), found.uncertain
    )
    if found.dead or found.uncertain:
        hint = t("To send one again or to settle it, on the command line: {command}", command="kakehashi deliveries")
        blocks.append(Context(text(hint)))
    blocks += _refused(services, t)
    return Message(tuple(blocks), summary=t("Status"), language=t.language)


@dataclass(frozen=True, slots=True)
class _Status:
    counts: Mapping[DeliveryState, int]
    recent: Sequence[Edition]
    dead: Sequence[Delivery]
    uncertain: Sequence[Delivery]
    sources: Sequence[SourceHealth]


async def _read_status(connection: AsyncConnection, services: Services) -> _Status:
    return _Status(
        await deliveries.counts(connection),
        await editions.recent(connection, limit=_MOST_EDITIONS),
        await deliveries.in_state(connection, DeliveryState.DEAD, limit=_MOST_LETTERS),
        await deliveries.in_state(connection, DeliveryState.UNCERTAIN, limit=_MOST_LETTERS),
        await health.all_states(connection, services.story.sources, services.now()),
    )


_STATES = (
    (DeliveryState.PENDING, N_("waiting")),
    (DeliveryState.LEASED, N_("being sent")),
    (DeliveryState.SENT, N_("sent")),
    (DeliveryState.UNCERTAIN, N_("uncertain")),
    (DeliveryState.DEAD, N_("given up")),
    (DeliveryState.DROPPED, N_("dropped")),
)


def _letters(heading: str, rows: Sequence[Delivery]) -> list[Block]:
    if not rows:
        return []
    bullets = tuple(Bullet(text(f"{row.id} → {row.destination}"), text(row.error or "")) for row in rows)
    return [Heading(heading, level=2), BulletList(bullets)]


def _refused(services: Services, t: Translator) -> list[Block]:
    problems = services.configuration.problems
    if not problems:
        return []
    bullets = BulletList(tuple(Bullet((Text(str(problem)),)) for problem in problems))
    return [Heading(t("The changed configuration was refused"), level=2), bullets]


_DIGEST = Option("digest", N_("Which digest"), OptionType.DIGEST, required=True)

COMMAND = Command(
    "admin",
    N_("Post, preview, reload, status"),
    None,
    subcommands=(
        Command("post", N_("Post an edition now"), _post, (_DIGEST,), example="/admin post morning"),
        Command(
            "preview", N_("See an edition without posting it"), _preview, (_DIGEST,), example="/admin preview morning"
        ),
        Command("reload", N_("Read the configuration anew"), _reload, example="/admin reload"),
        Command("status", N_("Editions, deliveries, failing sources"), _status, example="/admin status"),
    ),
    permission=Permission.ADMIN,
    example="/admin status",
)
