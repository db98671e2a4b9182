"""/about: what this is, which version, what it keeps."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.base import Command, Invocation
from bot.commands.services import Services
from bot.i18n import N_, Translator, translator
from bot.message import Bullet, BulletList, Heading, Message, Paragraph, Text, Time, text
from digests.archive import facts, items


@lru_cache
def program_version() -> str:
    """The installed version; ``unknown`` when the package is not installed."""
    try:
        return version("kakehashi")
    except PackageNotFoundError:
        return "unknown"


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)

    async def read(connection: AsyncConnection) -> tuple[int, int]:
        return await items.count(connection, section=None), await facts.count(connection)

    archived, known = await services.archive.read_at_once(read)
    story = services.story
    bullets = (
        Bullet(text(t("Version {version}, MIT licence", version=program_version()))),
        Bullet((Text(t("Running since") + " "), Time(services.started_at))),
        Bullet(text(t.n("{n} item on the story in the archive", "{n} items on the story in the archive", archived))),
        Bullet(text(t.n("{n} dated, sourced fact", "{n} dated, sourced facts", known))),
        *(Bullet(text(line)) for line in _model(services, t)),
        Bullet(
            text(
                t(
                    "Kept of members: subscriptions and settings, buttons for 30 days, digests sent by direct message, "
                    "and what is written in the local chat. /forget-me deletes it."
                )
            )
        ),
    )
    blocks = (
        Heading("Kakehashi"),
        Paragraph(text(story.description.get(t.language))),
        BulletList(bullets),
    )
    summary = t("Kakehashi follows “{story}”.", story=story.name.get(t.language))
    return Message(blocks, summary=summary, language=t.language, shareable=True)


def _model(services: Services, t: Translator) -> tuple[str, ...]:
    """Who writes the answers, and what leaves the house for that."""
    endpoint = services.phraser.endpoint
    if endpoint is None:
        return (t("Answers and digests are quotations: no language model writes them."),)
    return (
        t(
            "Answers may be phrased by the model {model} from the quoted passages. Each of its sentences is checked "
            "against its passage; where the check fails, the quotation stands. Digests are quotations.",
            model=endpoint.model,
        ),
        t("For that, questions and the quoted passages are sent to {host}.", host=endpoint.host),
    )


COMMAND = Command("about", N_("What this bot is and what it keeps"), _run, example="/about")
