"""Manners towards servers: few requests at once, and not too fast one after another, on each host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from digests.errors import FetchError


@dataclass(slots=True)
class _Host:
    turns: asyncio.Semaphore
    next_start: float = 0.0
    visitors: int = 0


class HostGate:
    """Lets requests through: at most ``overall`` at once, ``per_host`` on one host, ``spacing`` seconds apart there."""

    def __init__(self, *, overall: int, per_host: int, spacing: float, patience: float) -> None:
        self._overall = asyncio.Semaphore(overall)
        self._per_host = per_host
        self._spacing = spacing
        self._patience = patience
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn on ``host`` and hold it. Who waits for a slow host keeps nobody else from theirs.

        Raises :class:`FetchError` when no turn comes within ``patience`` seconds.
        """
        entry = self._hosts.setdefault(host, _Host(asyncio.Semaphore(self._per_host)))
        entry.visitors += 1
        try:
            async with AsyncExitStack() as held:
                await self._wait(host, entry, held)
                yield
        finally:
            entry.visitors -= 1
            self._forget_idle()

    async def _wait(self, host: str, entry: _Host, held: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await held.enter_async_context(entry.turns)
                await self._wait_for_start(entry)
                await held.enter_async_context(self._overall)
        except TimeoutError as error:
            raise FetchError(f"other requests to {host} did not end in {self._patience:g} s") from error

    async def _wait_for_start(self, entry: _Host) -> None:
        now = asyncio.get_running_loop().time()
        start = max(now, entry.next_start)
        entry.next_start = start + self._spacing
        if start > now:
            await asyncio.sleep(start - now)

    def _forget_idle(self) -> None:
        """Keep no state of hosts that nobody visits: redirects may lead to any number of them."""
        now = asyncio.get_running_loop().time()
        for host in [name for name, entry in self._hosts.items() if not entry.visitors and entry.next_start <= now]:
            del self._hosts[host]
