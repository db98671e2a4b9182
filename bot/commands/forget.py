"""/forget-me: delete everything that is kept of the member who asks."""

from __future__ import annotations

from bot.commands.base import Command, Invocation
from bot.commands.services import Services
from bot.i18n import N_, Translator, translator
from bot.message import Bullet, BulletList, Context, Message, Paragraph, text
from digests.archive import members
from digests.archive.members import Forgotten


async def _run(services: Services, invocation: Invocation) -> Message:
    member = invocation.member
    t = translator(member.language)
    async with services.archive.write() as connection:
        gone = await members.forget(
            connection,
            platform=member.platform,
            workspace=None if member.everywhere else member.workspace,
            user=member.user,
        )
    await services.editions.changed()
    lines = _lines(gone, t)
    words = t("Deleted, for good:") if lines else t("Nothing was kept of you.")
    hint = t("What you shared with a channel stays there; whoever looks after the channel can delete it.")
    bullets = (BulletList(tuple(Bullet(text(line)) for line in lines)),) if lines else ()
    return Message((Paragraph(text(words)), *bullets, Context(text(hint))), summary=words, language=t.language)


def _lines(gone: Forgotten, t: Translator) -> list[str]:
    lines = []
    if gone.subscriptions:
        lines.append(t.n("{n} subscription", "{n} subscriptions", gone.subscriptions))
    if gone.settings:
        lines.append(t("your language and time zone"))
    if gone.buttons:
        lines.append(t.n("what {n} button was for", "what {n} buttons were for", gone.buttons))
    if gone.messages:
        lines.append(t.n("{n} message kept for you", "{n} messages kept for you", gone.messages))
    return lines


COMMAND = Command("forget-me", N_("Delete everything that is kept of you"), _run, example="/forget-me")
