"""Keeping below the number of requests a second that Discord allows a bot in all.

discord.py waits where a route's own limit is used up, but runs into the global one and then waits for its end; such
refusals count as invalid requests. Source: Discord's documentation, "Rate Limits", Global Rate Limit: 50 requests a
second; "Interaction endpoints are not bound to the bot's Global Rate Limit".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import aiohttp
import yarl

RATE = 47
"""Requests a second: somewhat below the 50, for the clocks of both sides do not tick together."""


class Pacer:
    """Gives out turns, evenly spaced, in the order in which they are asked for."""

    def __init__(
        self,
        rate: float = RATE,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._step = 1.0 / rate
        self._now = now
        self._sleep = sleep
        self._free = 0.0

    async def turn(self) -> None:
        """Return when the next request may start."""
        now = self._now()
        at = max(now, self._free)
        self._free = at + self._step
        if at > now:
            await self._sleep(at - now)


PACER = Pacer()
"""The one of this process: the limit is the bot's, however many clients it has."""


def trace(pacer: Pacer = PACER) -> aiohttp.TraceConfig:
    """What discord.py's ``http_trace`` takes: every request that counts waits for its turn before it starts."""
    config = aiohttp.TraceConfig()

    async def on_request_start(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if counts(params.url):
            await pacer.turn()

    config.on_request_start.append(on_request_start)
    return config


def counts(url: yarl.URL) -> bool:
    """Whether a request to ``url`` counts towards the global limit: not the gateway, nor answers to interactions."""
    return url.scheme not in ("ws", "wss") and not {"interactions", "webhooks"}.intersection(url.parts)
