"""All commands, in the order in which /help shows them."""

from bot.commands import (
    about,
    admin,
    aid,
    ask,
    compare,
    digest,
    forget,
    latest,
    schedule,
    section,
    sections,
    settings,
    sources,
    subscribe,
    timeline,
    trend,
    unsubscribe,
    why,
)
from bot.commands.base import Command
from bot.commands.help import help_command

_DECLARED: tuple[Command, ...] = (
    ask.COMMAND,
    digest.COMMAND,
    latest.COMMAND,
    sections.COMMAND,
    section.COMMAND,
    timeline.COMMAND,
    trend.COMMAND,
    aid.COMMAND,
    compare.COMMAND,
    sources.COMMAND,
    why.COMMAND,
    subscribe.COMMAND,
    unsubscribe.COMMAND,
    schedule.COMMAND,
    settings.COMMAND,
    forget.COMMAND,
    about.COMMAND,
    admin.COMMAND,
)

COMMANDS: tuple[Command, ...] = (*_DECLARED, help_command(_DECLARED))
