"""What the tests of the Slack adapter have in common: a richer core, and adapters made for a loopback Slack."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from bot.adapters.base import AdapterContext
from bot.adapters.slack.adapter import SlackAdapter
from bot.adapters.slack.options import SlackOptions
from bot.commands.base import Choice, Command, Completion, Invocation, Member, Press
from bot.message import Message, Paragraph, text
from digests.archive import Archive
from digests.model import Destination
from tests.fakes.host import FakeHost
from tests.fakes.slack.server import FakeSlack

NEWS = Destination("slack", "local", "C1")
Json = dict[str, Any]


def said(words: str, *, kind: Any = "reply", private: bool = True, language: str = "en") -> Message:
    return Message((Paragraph(text(words)),), summary=words, kind=kind, private=private, language=language)


class RichHost(FakeHost):
    """A core with modals, settings, public answers, members' mistakes and faults."""

    commands: Any = (
        *FakeHost.commands,
        Command("subscribe", "Subscribe", None),
        Command("settings", "Settings", None),
        Command("help", "Help", None),
    )

    def __init__(self) -> None:
        super().__init__()
        self.invocations: list[Invocation] = []
        self.completions: list[Completion] = []
        self.answers: dict[str, Message | Exception] = {}
        self.language = "en"

    async def invoke(self, invocation: Invocation) -> Message:
        self.invocations.append(invocation)
        return await super().invoke(invocation)

    async def invoke_text(self, line: str, member: Member) -> Message:
        if line.startswith("/settings language:"):
            self.language = line.rpartition(":")[2]
        return self._prepared(line) or await super().invoke_text(line, member)

    async def press(self, press: Press) -> Message:
        answer = await super().press(press)
        return self._prepared(press.action) or answer

    async def complete(self, completion: Completion) -> tuple[Choice, ...]:
        self.completions.append(completion)
        return await super().complete(completion)

    async def home(self, member: Member) -> Message:
        return said(f"home of {member.user}", language=self.language)

    def _prepared(self, asked: str) -> Message | None:
        prepared = self.answers.get(asked)
        if isinstance(prepared, Exception):
            raise prepared
        return prepared


def options(slack: FakeSlack, **also: Any) -> SlackOptions:
    given = {
        "bot_token": SecretStr(slack.bot_token),
        "app_token": SecretStr(slack.app_token),
        "signing_secret": SecretStr(slack.signing_secret),
        "base_url": slack.base_url,
        # The doubles of the core answer with the line that they were asked.
        "commands": "many",
    }
    return SlackOptions(**{**given, **also})


def made(
    slack: FakeSlack, archive: Archive, now: Callable[[], datetime], *, silence: float = 45.0, **also: Any
) -> SlackAdapter:
    context = AdapterContext(options(slack, **also), archive, lambda: (NEWS,), now)
    return SlackAdapter(context, silence=silence)


def words_of(shown: Json) -> str:
    """What a message says. Text that Slack takes as markup stands as it was sent; literal text is escaped."""
    return "\n".join([shown.get("text", ""), *_words(shown.get("blocks", ()))])


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        words = value.get("text")
        if isinstance(words, str):
            yield words if value.get("type") == "mrkdwn" else html.escape(words, quote=False)
        for part in value.values():
            yield from _words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _words(part)


def actions_of(shown: Json) -> list[str]:
    """The action ids of a message's buttons."""
    return [
        str(element.get("action_id"))
        for block in shown["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]
