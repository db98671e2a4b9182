"""Keeping below the number of requests a second that Discord allows a bot in all, and knowing which went out.

discord.py waits where a route's own limit is used up, but runs into the global one and then waits for its end; such
refusals count as invalid requests. Source: Discord's documentation, "Rate Limits", Global Rate Limit: 50 requests a
second; "Interaction endpoints are not bound to the bot's Global Rate Limit".
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import yarl

from bot.adapters.departure import watch

RATE = 48.5
"""Requests a second: somewhat below the 50, for the clocks of both sides do not tick together."""
MOST = 49
"""Requests within any second, also when what was held up for a moment is made up for."""
_CATCH_UP = 0.25
"""Seconds of lateness that are made up for."""
_TOO_MANY = 429


class Pacer:
    """Gives out turns in the order in which they are asked for: evenly spaced, and never more than ``most`` within a
    second, so that turns which came late (a busy event loop) are made up for without a burst."""

    def __init__(
        self,
        rate: float = RATE,
        *,
        most: int = MOST,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._step = 1.0 / rate
        self._now = now
        self._sleep = sleep
        self._free = 0.0
        self._given: deque[float] = deque(maxlen=most)
        self._line = asyncio.Lock()

    async def turn(self) -> None:
        """Return when the next request may start."""
        async with self._line:
            now = self._now()
            if self._free < now - _CATCH_UP:
                self._free = now
            at = self._free
            if len(self._given) == self._given.maxlen:
                at = max(at, self._given[0] + 1.0)
            if at > now:
                await self._sleep(at - now)
            self._free = max(self._free, now - _CATCH_UP) + self._step
            self._given.append(max(at, self._now()))


PACER = Pacer()
"""The one of this process: the limit is the bot's, however many clients it has."""


@dataclass(slots=True)
class Departure:
    """What became of the requests that were made for one message."""

    left: bool = False
    """Whether one went out that may have posted something."""
    retry_after: float | None = None
    """Seconds that Discord last asked to wait."""


_departure: ContextVar[Departure | None] = ContextVar("discord_departure", default=None)


@contextmanager
def departures() -> Iterator[Departure]:
    """Watch the requests of what is done within. discord.py waits inside a request, for its turn or after a refusal;
    where that takes too long, it matters whether anything went out."""
    departure = Departure()
    token = _departure.set(departure)
    try:
        yield departure
    finally:
        _departure.reset(token)


def trace(pacer: Pacer = PACER) -> aiohttp.TraceConfig:
    """What discord.py's ``http_trace`` takes: every request that counts waits for its turn before it starts."""
    config = aiohttp.TraceConfig()

    async def on_request_start(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if counts(params.url):
            await pacer.turn()
        departure = _departure.get()
        if departure is not None and params.method == "POST":
            departure.left = True

    async def on_request_end(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        departure = _departure.get()
        if departure is not None and params.response.status == _TOO_MANY:
            departure.left = False
            departure.retry_after = _seconds(params.response.headers.get("Retry-After", ""))

    config.on_request_start.append(on_request_start)
    config.on_request_end.append(on_request_end)
    return watch(config)


def _seconds(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def counts(url: yarl.URL) -> bool:
    """Whether a request to ``url`` counts towards the global limit: not the gateway, nor answers to interactions."""
    return url.scheme not in ("ws", "wss") and not {"interactions", "webhooks"}.intersection(url.parts)
