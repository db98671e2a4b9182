"""/aid: the story's numeric series, each as a chart with its numbers, its source and its terms."""

from __future__ import annotations

from bot.commands.base import Command, Invocation, Option, OptionType, UserError
from bot.commands.pictures import picture_of
from bot.commands.services import Services
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.series import series_chart, series_message


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    story = services.story
    if not story.series:
        raise UserError(t("This story has no numeric series."))
    wanted = invocation.options.get("measure", story.series[0].id)
    series = next(series for series in story.series if series.id == wanted)
    picture = await picture_of(services, series_chart(series, story, t))
    return series_message(series, story, picture, t)


COMMAND = Command(
    "aid",
    N_("Aid, budgets and other numbers, as a chart with their source"),
    _run,
    options=(Option("measure", N_("Which numbers; the first series when left out"), OptionType.SERIES),),
    example="/aid kiel-donors",
)
