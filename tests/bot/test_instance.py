"""Keeping charge of an archive: the second stands by, the frozen one knows that it is too late."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from bot.instance import InstanceKeeper, is_gone, this_process
from digests.archive import Archive, instances
from digests.errors import NotInCharge
from tests.conftest import StoppedClock


class Seconds:
    """A clock that nobody sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def archive(either_archive: Archive) -> Archive:
    return either_archive


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def keeper(archive: Archive, clock: StoppedClock, seconds: Seconds) -> InstanceKeeper:
    return InstanceKeeper(archive, now=clock, lease=30.0, seconds=seconds)


async def test_the_second_stands_by_until_the_beat_has_stood_still_for_the_lease(
    archive: Archive, clock: StoppedClock, seconds: Seconds
) -> None:
    first, second = keeper(archive, clock, seconds), keeper(archive, clock, seconds)
    assert await first.try_to_take()
    assert first.is_sure
    assert not await second.try_to_take()
    assert second.rival is not None
    assert second.rival.process.holder == first.process.holder
    for _ in range(10):
        seconds.now += 10
        await first.beat()
        assert not await second.try_to_take(), "the holder lives"
    seconds.now += 29
    assert not await second.try_to_take(), "its last beat was seen less than a lease ago"
    seconds.now += 30
    assert await second.try_to_take()
    assert second.rival is None


async def test_clocks_that_are_set_decide_nothing(archive: Archive, clock: StoppedClock, seconds: Seconds) -> None:
    first, second = keeper(archive, clock, seconds), keeper(archive, clock, seconds)
    assert await first.try_to_take()
    for hours in (48, -96, 2):
        clock.forward(hours=hours)
        assert first.is_sure
        assert not await second.try_to_take()


async def test_one_that_was_frozen_is_not_sure_and_is_told_so(
    archive: Archive, clock: StoppedClock, seconds: Seconds
) -> None:
    first, second = keeper(archive, clock, seconds), keeper(archive, clock, seconds)
    await first.try_to_take()
    await second.try_to_take()
    seconds.now += 23
    assert not first.is_sure, "it no longer trusts itself before anybody may take over"
    seconds.now += 8
    assert await second.try_to_take()
    async with archive.write() as connection:
        await second.verify(connection)
        with pytest.raises(NotInCharge):
            await first.verify(connection)
    with pytest.raises(NotInCharge):
        await first.beat()
    await first.release()
    assert second.is_sure
    await second.beat()


async def test_an_end_in_form_hands_over_at_once(archive: Archive, clock: StoppedClock, seconds: Seconds) -> None:
    first, second = keeper(archive, clock, seconds), keeper(archive, clock, seconds)
    await first.try_to_take()
    await first.release()
    assert not first.in_charge
    assert await second.try_to_take()


async def test_a_holder_whose_process_is_no_more_is_not_waited_for(
    archive: Archive, clock: StoppedClock, seconds: Seconds
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = replace(this_process(), holder="dead", pid=gone.pid, born="1")
    async with archive.write() as connection:
        await instances.take(connection, dead, None, now=clock())
    assert await keeper(archive, clock, seconds).try_to_take() == bool(dead.place)


def test_only_what_is_sure_counts_as_gone() -> None:
    here = this_process()
    assert not is_gone(here, here)
    assert not is_gone(replace(here, place="elsewhere", pid=1), here), "another machine's processes cannot be looked up"
    assert not is_gone(replace(here, place=""), replace(here, place=""))
    if here.place:
        assert is_gone(replace(here, born="0"), here), "the pid has been given to another process since"
        assert is_gone(replace(here, pid=2**22 + 1), here)
        assert here.pid == os.getpid()


async def test_whoever_waits_takes_over_and_leaves_no_word_behind(
    archive: Archive, clock: StoppedClock, seconds: Seconds
) -> None:
    first, second = keeper(archive, clock, seconds), keeper(archive, clock, seconds)
    await first.try_to_take()
    waiting = asyncio.create_task(second.wait_for_charge())
    while await _standing_by(archive) is None:
        await asyncio.sleep(0.01)
    await first.release()
    async with asyncio.timeout(20):
        await waiting
    assert second.in_charge
    assert await _standing_by(archive) == ""


async def _standing_by(archive: Archive) -> str | None:
    async with archive.read() as connection:
        row = await instances.read(connection, instances.STANDBY)
    return row.process.holder if row else None
