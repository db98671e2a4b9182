"""The event loop's pulse: one small task that measures by how much its timer comes late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger()

TICK = 0.02
"""Seconds between two beats: fifty a second cost a thousandth of a processor, and show what lasts as long as that."""
STALL = 5.0
"""Seconds of lag from which on the loop counts as stalled: platforms want an acknowledgement within three."""
REMEMBERED = 60.0
"""Seconds for which a stall is held against the bot."""


class Pulse:
    """Run :meth:`run` as a task. ``observe`` is told every lag, in seconds."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        self._observe = observe
        self._beat: float | None = None
        self._stalled_at: float | None = None

    @property
    def well(self) -> bool:
        """Whether the loop has turned, and has not stalled for a minute."""
        now = time.monotonic()
        if self._beat is None or now - self._beat > STALL:
            return False
        return self._stalled_at is None or now - self._stalled_at > REMEMBERED

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            before = time.monotonic()
            self._beat = before
            await asyncio.sleep(TICK)
            now = time.monotonic()
            lag = max(0.0, now - before - TICK)
            self._observe(lag)
            if lag > STALL:
                self._stalled_at = now
                log.warning("loop.stalled", seconds=round(lag, 1))
