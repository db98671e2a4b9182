"""How commands are called here: where Slack knows only /kakehashi, /latest must read /kakehashi latest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bot.adapters.slack.commands import UMBRELLA
from bot.commands.base import Choice, Command, CommandHost, Completion, Invocation, Member, Press
from bot.message import Block, Bullet, BulletList, Context, Inline, Inlines, Message, Paragraph, Quote, Table, Text


class Naming:
    """Rewrites the names of ``commands`` in messages."""

    def __init__(self, commands: Iterable[Command]) -> None:
        names = "|".join(re.escape(command.name) for command in commands)
        self._called = re.compile(rf"(?<![\w/.\-])/(?=(?:{names})(?![\w/]))") if names else None

    def named(self, message: Message) -> Message:
        """The message with its commands called as members must type them."""
        if self._called is None:
            return message
        blocks = tuple(self._block(block) for block in message.blocks)
        return replace(message, blocks=blocks, summary=self._words(message.summary))

    def _block(self, block: Block) -> Block:
        match block:
            case Paragraph() | Context():
                return replace(block, inlines=self._inlines(block.inlines))
            case Quote():
                return replace(block, source=self._inlines(block.source))
            case BulletList():
                return replace(block, items=tuple(self._item(item) for item in block.items))
            case Table():
                rows = tuple(tuple(self._inlines(cell) for cell in row) for row in block.rows)
                return replace(block, rows=rows)
        return block

    def _item(self, item: Bullet) -> Bullet:
        return Bullet(self._inlines(item.inlines), self._inlines(item.detail))

    def _inlines(self, inlines: Inlines) -> Inlines:
        return tuple(self._inline(inline) for inline in inlines)

    def _inline(self, inline: Inline) -> Inline:
        return replace(inline, text=self._words(inline.text)) if isinstance(inline, Text) else inline

    def _words(self, words: str) -> str:
        return self._called.sub(f"/{UMBRELLA} ", words) if self._called and "/" in words else words


class NamedHost:
    """A core whose messages call its commands as Slack knows them."""

    def __init__(self, host: CommandHost, naming: Naming) -> None:
        self._host = host
        self._naming = naming

    @property
    def commands(self) -> tuple[Command, ...]:
        return self._host.commands

    async def invoke(self, invocation: Invocation) -> Message:
        return self._naming.named(await self._host.invoke(invocation))

    async def invoke_text(self, line: str, member: Member) -> Message:
        return self._naming.named(await self._host.invoke_text(line, member))

    async def press(self, press: Press) -> Message:
        return self._naming.named(await self._host.press(press))

    async def complete(self, completion: Completion) -> tuple[Choice, ...]:
        return await self._host.complete(completion)

    async def offer_sharing(self, message: Message, member: Member) -> Message:
        return await self._host.offer_sharing(message, member)

    async def home(self, member: Member) -> Message:
        return self._naming.named(await self._host.home(member))

    def notices(self, language: str) -> tuple[str, ...]:
        return self._host.notices(language)
