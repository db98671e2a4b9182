"""A core for tests of adapters: it knows two commands and answers predictably."""

from __future__ import annotations

from bot.commands.base import Choice, Command, Completion, Invocation, Member, Option, OptionType, Press
from bot.message import Actions, Button, Message, Paragraph, text


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
        return Message((Paragraph(text(f"pressed {press.action}")),), summary="pressed", private=True)

    async def complete(self, completion: Completion) -> tuple[Choice, ...]:
        return (Choice("Assistance", "assistance"),)

    def notices(self, language: str) -> tuple[str, ...]:
        return self.problems

    def _answer(self, line: str) -> Message:
        blocks = (Paragraph(text(f"answer to {line}")), Actions((Button("Older", "page:token:1"),)))
        return Message(blocks, summary=line, private=True, shareable=True)
