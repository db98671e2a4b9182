"""/sections: the parts of the story."""

from bot.commands.base import Command, Invocation
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Bullet, BulletList, Context, Heading, Message, Text, text


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    story = services.story
    bullets = tuple(
        Bullet(
            (Text(section.name.get(t.language), "strong"), Text(" "), Text(section.id, "code")),
            text(section.description.get(t.language)),
        )
        for section in story.sections
    )
    hint = t("Read one with /section and its name, for example /section {section}.", section=story.sections[-1].id)
    blocks = (Heading(story.name.get(t.language)), BulletList(bullets), Context(text(hint)))
    summary = t.n("The story has {n} section.", "The story has {n} sections.", len(bullets))
    return Message(blocks, summary=summary, language=t.language, shareable=True)


COMMAND = Command("sections", N_("The parts of the story"), _run, example="/sections")
