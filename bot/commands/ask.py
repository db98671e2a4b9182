"""/ask: the best passages of the archive, quoted (or phrased from the quotations) and cited, or an honest refusal."""

from __future__ import annotations

from bot.commands.base import Command, Invocation, Option, Reads
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.answer import answer_message
from digests.answer import answer


async def _run(services: Services, invocation: Invocation) -> Message:
    found = await answer(
        services.archive,
        services.index,
        services.story,
        invocation.options["question"],
        language=invocation.member.language,
        now=services.now(),
    )
    found = await services.phraser.phrase(found, services.story)
    return answer_message(found, translator(invocation.member.language))


COMMAND = Command(
    "ask",
    N_("Ask the archive; every sentence comes with its source"),
    _run,
    options=(Option("question", N_("Your question, in English, Japanese or Ukrainian"), required=True, rest=True),),
    example="/ask What is NSATU?",
    reads=Reads.ANSWERS,
)
