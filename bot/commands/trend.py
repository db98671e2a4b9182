"""/trend: how much was told over time, of a section, a person or body, or by one kind of source."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.commands.base import Command, Invocation, Option, OptionType
from bot.commands.options import Period
from bot.commands.pictures import picture_of
from bot.commands.services import Services
from bot.commands.topics import topic_of
from bot.i18n import N_, translator
from bot.message import Message
from bot.present.trend import trend_chart, trend_message
from digests.coverage import Topic, trend

_DEFAULT = timedelta(days=360)


async def _run(services: Services, invocation: Invocation) -> Message:
    t = translator(invocation.member.language)
    story, now = services.story, services.now()
    period = invocation.options.get("period") or Period(now - _DEFAULT, now, "12m")
    asked = invocation.options.get("topic")
    topic = topic_of(asked, story, t) if asked else Topic()
    zone = ZoneInfo(invocation.member.zone)
    found = await services.archive.read_at_once(
        lambda connection: trend(connection, story, topic, start=period.start, end=period.end, zone=zone)
    )
    picture = None if found.empty else await picture_of(services, trend_chart(found, topic, story, t))
    return trend_message(found, topic, story, picture, t)


COMMAND = Command(
    "trend",
    N_("Coverage over time, as a chart and in numbers"),
    _run,
    options=(
        Option("topic", N_("A section, a kind of source, or a person or body; all sections when left out"),
               OptionType.TOPIC, maximum=80),
        Option("period", N_("24h, 7d, 2w, 12m, 2026-05 or 2026-05-01..2026-05-31"), OptionType.PERIOD),
    ),
    example="/trend assistance 90d",
)  # fmt: skip
