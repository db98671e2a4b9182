"""The clock: APScheduler says "it is time", nothing more.

What is due, done or missed stands in the archive: each ring makes :class:`~bot.editions.EditionDesk` look there. So
a ring that comes late, twice or never (a sleeping machine, a clock set back) loses and repeats nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.schedule import Schedule
from digests.errors import ArchiveError

log = structlog.get_logger()

Ring = Callable[[], Awaitable[None]]
BEAT = timedelta(seconds=10)
_SILENT = 60.0
"""Seconds without a beat after which the clock counts as dead."""


class ScheduleTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """Fires at a :class:`~bot.schedule.Schedule`'s due times."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return self.schedule.next_after(max(previous_fire_time or now, now))


class Bells(Protocol):
    """What the app asks of a clock. :class:`Clock` rings by the machine's time; ``make chaos`` brings one of its own,
    whose time it moves."""

    @property
    def alive(self) -> bool:
        """Whether it runs and would ring."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    def every(self, interval: timedelta, ring_id: str, ring: Ring, *, soon: bool = False) -> None: ...

    def set_schedules(self, rings: Mapping[str, tuple[Schedule, Ring]]) -> None: ...


class Clock:
    """Rings callbacks by schedule or interval. Each has an id; setting an id again replaces what rang before."""

    def __init__(self) -> None:
        # A ring that comes while the one before is still being answered is skipped: that is meant, and no warning.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        # coalesce: several missed rings are one; no grace limit: a late ring still rings, the archive decides.
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._beat: float | None = None

    def start(self) -> None:
        self._beat = time.monotonic()
        self._scheduler.start()
        self.every(BEAT, "beat", self._beats)

    @property
    def alive(self) -> bool:
        """Whether it runs, and rang within the last minute: a ring of its own comes every ten seconds."""
        if not self._scheduler.running or self._beat is None:
            return False
        return time.monotonic() - self._beat < _SILENT

    async def _beats(self) -> None:
        self._beat = time.monotonic()

    async def stop(self) -> None:
        """Ring no more and let the rings under way be cancelled with the loop's other tasks."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)

    def every(self, interval: timedelta, ring_id: str, ring: Ring, *, soon: bool = False) -> None:
        """Ring at a fixed interval; ``soon`` rings once right away too."""
        first: dict[str, Any] = {"next_run_time": datetime.now(UTC)} if soon else {}
        trigger = IntervalTrigger(seconds=int(interval.total_seconds()), timezone=UTC)
        self._scheduler.add_job(logged(ring_id, ring), trigger, id=ring_id, replace_existing=True, **first)

    def set_schedules(self, rings: Mapping[str, tuple[Schedule, Ring]]) -> None:
        """Make exactly these schedules ring; those set before and not named now fall silent."""
        wanted = {f"schedule:{ring_id}": value for ring_id, value in rings.items()}
        for job in self._scheduler.get_jobs():
            if job.id.startswith("schedule:") and job.id not in wanted:
                job.remove()
        for job_id, (schedule, ring) in wanted.items():
            self._scheduler.add_job(logged(job_id, ring), ScheduleTrigger(schedule), id=job_id, replace_existing=True)


def logged(ring_id: str, ring: Ring) -> Ring:
    """``ring``, whose faults are logged: one ring's fault must not silence the clock."""

    async def run() -> None:
        try:
            await ring()
        except asyncio.CancelledError:
            # The clock is being stopped; APScheduler would call it an error.
            log.info("clock.ring-cancelled", ring=ring_id)
        except ArchiveError as error:
            log.error("clock.ring-failed", ring=ring_id, why=str(error))
        except Exception:
            log.exception("clock.ring-failed", ring=ring_id)

    return run
