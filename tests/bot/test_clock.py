"""The clock rings, and nothing that happens in a ring stops it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.clock import Clock, ScheduleTrigger
from bot.schedule import parse_schedule

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    made = Clock()
    made.start()
    yield made
    await made.stop()


async def test_a_ring_that_fails_does_not_silence_the_next(clock: Clock) -> None:
    rung = asyncio.Event()
    turns = 0

    async def ring() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise RuntimeError("once")
        rung.set()

    clock.every(timedelta(seconds=1), "poll", ring, soon=True)
    await asyncio.wait_for(rung.wait(), 10)
    assert turns >= 2


async def test_setting_schedules_anew_replaces_and_removes(clock: Clock) -> None:
    async def ring() -> None: ...

    daily = parse_schedule("daily 08:00", KYIV)
    clock.set_schedules({"a": (daily, ring), "b": (daily, ring)})
    clock.set_schedules({"b": (parse_schedule("daily 09:00", KYIV), ring)})
    (job,) = (job for job in clock._scheduler.get_jobs() if job.id.startswith("schedule:"))
    assert job.id == "schedule:b"
    assert job.next_run_time.astimezone(KYIV).hour == 9


def test_the_trigger_fires_when_the_schedule_is_due_and_never_in_the_past() -> None:
    trigger = ScheduleTrigger(parse_schedule("daily 03:30", KYIV))
    before_the_gap = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert trigger.get_next_fire_time(None, before_the_gap) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    late = datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert trigger.get_next_fire_time(before_the_gap, late) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


async def test_stopping_twice_is_fine(clock: Clock) -> None:
    await clock.stop()
    await clock.stop()


async def test_a_clock_that_is_stopped_amid_a_ring_calls_nothing_an_error(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    ringing, ended = asyncio.Event(), asyncio.Event()

    async def ring() -> None:
        ringing.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    clock.every(timedelta(hours=1), "long", ring, soon=True)
    assert clock.alive
    await asyncio.wait_for(ringing.wait(), 5)
    await clock.stop()
    await asyncio.wait_for(ended.wait(), 5)
    await asyncio.sleep(0)
    assert not clock.alive
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
