"""/admin: post, preview, reload, status. For admins alone."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.base import Command, Invocation, Option, OptionType, Permission
from bot.commands.services import Services
from bot.i18n import N_, Translator, translator
from bot.message import Block, Bullet, BulletList, Context, Heading, Message, Paragraph, Text, Time, text
from bot.present.citations import SEPARATOR
from bot.present.edition import edition_message
from digests.archive import deliveries, editions, health
from digests.model import Delivery, DeliveryState

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
    async with services.archive.read() as connection:
        counts = await deliveries.counts(connection)
        recent = await editions.recent(connection, limit=_MOST_EDITIONS)
        dead = await deliveries.in_state(connection, DeliveryState.DEAD, limit=_MOST_LETTERS)
        uncertain = await deliveries.in_state(connection, DeliveryState.UNCERTAIN, limit=_MOST_LETTERS)
        states = await health.all_states(connection, services.story.sources, services.now())
    failing = sum(1 for state in states if state.state == "failing")
    line = SEPARATOR.join(f"{counts[state]} {t(name)}" for state, name in _STATES)
    blocks: list[Block] = [
        Heading(t("Status")),
        Paragraph((Text(t("Running since") + " "), Time(services.started_at))),
        Paragraph(text(t("Deliveries: {line}", line=line))),
        Paragraph(text(t.n("{n} source is failing (/sources)", "{n} sources are failing (/sources)", failing))),
        Heading(t("Latest editions"), level=2),
        BulletList(
            tuple(
                Bullet((Time(edition.scheduled_at), Text(f" – {edition.digest_id} ({edition.kind})")))
                for edition in recent
            )
        ),
    ]
    blocks += _letters(t("Given up"), dead) + _letters(t("Uncertain: look before you post again"), uncertain)
    blocks += _refused(services, t)
    return Message(tuple(blocks), summary=t("Status"), language=t.language)


_STATES = (
    (DeliveryState.PENDING, N_("waiting")),
    (DeliveryState.LEASED, N_("being sent")),
    (DeliveryState.SENT, N_("sent")),
    (DeliveryState.UNCERTAIN, N_("uncertain")),
    (DeliveryState.DEAD, N_("given up")),
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
