"""A chat platform for tests of the ledger: it remembers what it accepted and fails as told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

from bot.adapters.base import Check, Found, Sent
from bot.commands.base import CommandHost
from bot.message import Message
from digests.model import Destination


class FakePlatform:
    """``accepted`` holds (destination, key, summary) in the order of arrival; ``script`` what the next sends do.

    A script entry is None (accept), an exception (refuse), or a tuple (accept, exception): taken, reply lost.
    """

    name = "fake"
    spacing = 0.0

    def __init__(self, now: Callable[[], datetime], *, can_find: bool = True, idempotent: bool = False) -> None:
        self.accepted: list[tuple[str, str, str]] = []
        self.parents: list[Sent | None] = []
        self.script: deque[object] = deque()
        self.can_find = can_find
        self.find_error: Exception | None = None
        self.idempotent = idempotent
        self.hold: asyncio.Event | None = None
        self.arrived = asyncio.Event()
        self._now = now

    async def start(self, host: CommandHost) -> None: ...

    async def close(self) -> None: ...

    async def refresh(self) -> None: ...

    def split(self, message: Message) -> tuple[Message, ...]:
        return (message,)

    async def send(self, destination: Destination, message: Message, *, key: str, parent: Sent | None) -> Sent:
        step = self.script.popleft() if self.script else None
        if isinstance(step, Exception):
            raise step
        sent = self._accept(destination, message, key, parent)
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(step, tuple):
            raise step[1]
        return sent

    def _accept(self, destination: Destination, message: Message, key: str, parent: Sent | None) -> Sent:
        known = [n for n, (_, other, _) in enumerate(self.accepted) if other == key]
        if self.idempotent and known:
            return Sent((f"m{known[0]}",), self._now())
        self.accepted.append((str(destination), key, message.summary))
        self.parents.append(parent)
        return Sent((f"m{len(self.accepted) - 1}",), self._now())

    async def find(self, destination: Destination, *, key: str, since: datetime) -> Found:
        if self.find_error is not None:
            raise self.find_error
        if not self.can_find:
            return Found(known=False)
        for n, (_, other, _) in enumerate(self.accepted):
            if other == key:
                return Found(known=True, sent=Sent((f"m{n}",), self._now()))
        return Found(known=True)

    async def edit(self, destination: Destination, sent: Sent, message: Message) -> None: ...

    async def check(self, destination: Destination) -> tuple[str, ...]:
        return ()

    async def examine(self) -> tuple[Check, ...]:
        return ()
