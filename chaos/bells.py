"""A clock whose time the driver moves: it rings as :class:`bot.clock.Clock` does, by the steered time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Ring, logged
from bot.schedule import Schedule

TICK = 0.05
"""Seconds of real time between two looks at the steered time."""


@dataclass
class _Bell:
    ring: Ring
    next_at: datetime
    interval: timedelta | None = None
    schedule: Schedule | None = None
    ringing: asyncio.Task[None] | None = None

    def set_again(self, now: datetime) -> None:
        if self.interval is not None:
            self.next_at = now + self.interval
        elif self.schedule is not None:
            self.next_at = self.schedule.next_after(now)


class SteeredBells:
    """See :class:`bot.clock.Bells`. ``on_tick`` is called at every look: waits that the bot counts in real seconds end
    then, as they would by the time that is moved on."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._bells: dict[str, _Bell] = {}
        self._task: asyncio.Task[None] | None = None
        self.on_tick: Callable[[], None] = lambda: None

    @property
    def alive(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="steered bells")

    async def stop(self) -> None:
        ringing = [bell.ringing for bell in self._bells.values() if bell.ringing is not None]
        for task in (self._task, *ringing):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in (self._task, *ringing) if task is not None), return_exceptions=True)

    def every(self, interval: timedelta, ring_id: str, ring: Ring, *, soon: bool = False) -> None:
        first = self._now() if soon else self._now() + interval
        self._bells[ring_id] = _Bell(logged(ring_id, ring), first, interval=interval)

    def set_schedules(self, rings: Mapping[str, tuple[Schedule, Ring]]) -> None:
        kept = {name: bell for name, bell in self._bells.items() if bell.schedule is None}
        for ring_id, (schedule, ring) in rings.items():
            name = f"schedule:{ring_id}"
            kept[name] = _Bell(logged(name, ring), schedule.next_after(self._now()), schedule=schedule)
        self._bells = kept

    async def _run(self) -> None:
        before = self._now()
        while True:
            now = self._now()
            for bell in list(self._bells.values()):
                if now < before - timedelta(minutes=1):
                    bell.set_again(now)  # The clock was set back: a timer of the machine's would go on, too.
                idle = bell.ringing is None or bell.ringing.done()
                if now >= bell.next_at and idle:
                    bell.set_again(now)
                    bell.ringing = asyncio.create_task(bell.ring())  # type: ignore[arg-type]
            before = now
            self.on_tick()
            await asyncio.sleep(TICK)
