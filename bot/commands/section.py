"""/section: the background brief of a section, every sentence with its sources."""

from __future__ import annotations

from bot.commands.base import Command, Invocation, Option, OptionType
from bot.commands.services import Services
from bot.i18n import N_, format_partial_date, translator
from bot.message import Message
from bot.present.brief import brief_message


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    story = services.story
    section = story.section(invocation.options["name"])
    brief = story.brief(section.id, t.language)
    facts = {fact.id: fact for fact in story.facts}
    as_of = format_partial_date(brief.as_of.isoformat(), t.language)
    return brief_message(brief, section.name.get(t.language), facts, as_of, t)


COMMAND = Command(
    "section",
    N_("The background of a section, with its sources"),
    _run,
    options=(Option("name", N_("Which section"), OptionType.SECTION, required=True),),
    example="/section assistance",
)
