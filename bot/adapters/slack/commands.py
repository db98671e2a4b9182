"""From what Slack sends for a typed command to a line that the core understands. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from bot.commands.base import Command

UMBRELLA = "kakehashi"
"""The one command in whose text the others are named: /kakehashi ask …"""
ASK = "ask"
SUBSCRIBE = "subscribe"
SETTINGS = "settings"

_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_SIGNS = {"@": "@", "#": "#", "!": "@"}


def plain_text(typed: str) -> str:
    """What the member saw when typing: Slack's ``<@U1|name>``, ``<https://x|x>`` and ``&amp;`` taken back.

    Source: docs.slack.dev, "Formatting text for app surfaces".
    """
    return html.unescape(_MARKUP.sub(_unmarked, typed)).strip()


def _unmarked(found: re.Match[str]) -> str:
    kind, target, label = found.groups()
    if kind:
        return _SIGNS[kind] + (label or target).lstrip("@#")
    # An address: what the member wrote stands behind the bar where Slack has completed it.
    return label or target


def without_mention(typed: str, bot: str) -> str:
    """The text of a mention without the bot's own name."""
    return plain_text(re.sub(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>", " ", typed) if bot else typed)


def command_line(command: str, typed: str, commands: Iterable[Command]) -> str:
    """The line for the core: ``/kakehashi latest 5`` and ``/latest 5`` both give ``/latest 5``.

    Nothing behind /kakehashi asks for help; words that name no command are a question.
    """
    name, rest = command.removeprefix("/").casefold(), plain_text(typed)
    if name != UMBRELLA:
        return f"/{name} {rest}".rstrip()
    if not rest:
        return "/help"
    first, *_ = rest.split(maxsplit=1)
    word = first.removeprefix("/").casefold()
    if word in {known.name for known in commands}:
        return f"/{word} {rest[len(first) :].strip()}".rstrip()
    return f"/{ASK} {rest}"


def question_line(text: str) -> str:
    """The line for what was said to the bot in a mention or a direct message."""
    if not text:
        return "/help"
    return text if text.startswith("/") else f"/{ASK} {text}"


def wants_modal(line: str, commands: Iterable[Command]) -> str | None:
    """The command whose modal opens in place of an answer: one of the two, typed alone."""
    name = line.removeprefix("/")
    return name if name in (ASK, SUBSCRIBE) and name in {known.name for known in commands} else None
