"""/compare: what each kind of source says of two terms."""

from __future__ import annotations

from bot.commands.base import Command, Invocation, Option, Reads, UserError
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.compare import comparison_message
from digests.compare import compare

_LONGEST = 80


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    one, other = (invocation.options[name] for name in ("first", "second"))
    if not all(any(char.isalnum() for char in term) for term in (one, other)):
        raise UserError(t("Name two terms, such as /compare SDF NATO."))
    found = await compare(services.archive, services.story, one, other, language=t.language)
    return comparison_message(found, t)


COMMAND = Command(
    "compare",
    N_("Two terms side by side: what each kind of source says"),
    _run,
    options=(
        Option("first", N_("A person, body or thing; in quotes when it has several words"), required=True,
               maximum=_LONGEST),
        Option("second", N_("What to compare it with"), required=True, maximum=_LONGEST),
    ),
    example="/compare SDF NATO",
    reads=Reads.ARCHIVE,
)  # fmt: skip
