"""A core for tests of adapters: it knows two commands and answers predictably."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.base import Choice, Command, Completion, Invocation, Member, Option, OptionType, Press
from bot.message import Actions, Button, Heading, Message, Paragraph, text


async def _unused(services: object, invocation: Invocation) -> Message:
    raise AssertionError("the fake host answers itself")


class FakeHost:
    commands = (
        Command("ask", "Ask the archive", _unused, (Option("question", "Your question", required=True, rest=True),)),
        Command("latest", "The newest items", _unused, (Option("section", "Which", OptionType.SECTION),)),
    )

    def __init__(self) -> None:
        self.lines: list[tuple[str, Member]] = []
        self.presses: list[Press] = []
        self.problems: tuple[str, ...] = ()

    async def invoke(self, invocation: Invocation) -> Message:
        return self._answer(f"/{invocation.command}")

    async def invoke_text(self, line: str, member: Member) -> Message:
        self.lines.append((line, member))
        return self._answer(line)

    async def press(self, press: Press) -> Message:
        self.presses.append(press)
        if press.action.startswith("share:"):
            return Message((Paragraph(text("shared words")),), summary="shared words")
        return Message((Paragraph(text(f"pressed {press.action}")),), summary="pressed", private=True)

    async def complete(self, completion: Completion) -> tuple[Choice, ...]:
        return (Choice("Assistance", "assistance"),)

    async def offer_sharing(self, message: Message, member: Member) -> Message:
        if not (message.private and message.shareable):
            return message
        return replace(message, blocks=(*message.blocks, Actions((Button("Share with channel", "share:token"),))))

    async def home(self, member: Member) -> Message:
        blocks = (Heading("Home"), Paragraph(text(f"home of {member.user}")))
        return Message(blocks, summary="Home", language=member.language, private=True)

    def notices(self, language: str) -> tuple[str, ...]:
        return self.problems

    def _answer(self, line: str) -> Message:
        blocks = (Paragraph(text(f"answer to {line}")), Actions((Button("Older", "page:token:1"),)))
        return Message(blocks, summary=line, private=True, shareable=True)
