"""Who is in charge of the archive: one at a time, and whoever was before is believed no more."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from digests.archive import Archive, instances
from digests.archive.instances import InstanceRow, Process
from digests.errors import NotInCharge
from tests.fakes.shelf import DAY_ONE, second_program

ONE = Process("one", "host", 1, "place", "5")
TWO = Process("two", "host", 2, "place", "6")


async def take(archive: Archive, process: Process, seen: InstanceRow | None) -> int | None:
    async with archive.write() as connection:
        return await instances.take(connection, process, seen, now=DAY_ONE)


async def row(archive: Archive, role: str = instances.ACTIVE) -> InstanceRow | None:
    async with archive.read() as connection:
        return await instances.read(connection, role)


async def test_the_fencing_number_rises_with_everyone_who_takes_charge(either_archive: Archive) -> None:
    assert await row(either_archive) is None
    assert await take(either_archive, ONE, None) == 1
    seen = await row(either_archive)
    assert seen is not None
    assert (seen.process, seen.fence, seen.beat) == (ONE, 1, 1)
    assert await take(either_archive, TWO, seen) == 2
    async with either_archive.write() as connection:
        await instances.check(connection, 2)
        with pytest.raises(NotInCharge):
            await instances.check(connection, 1)
        with pytest.raises(NotInCharge):
            await instances.beat(connection, ONE, 1, now=DAY_ONE)


async def test_a_holder_that_has_moved_since_it_was_seen_keeps_its_charge(either_archive: Archive) -> None:
    assert await take(either_archive, ONE, None) == 1
    seen = await row(either_archive)
    async with either_archive.write() as connection:
        await instances.beat(connection, ONE, 1, now=DAY_ONE + timedelta(seconds=5))
    assert await take(either_archive, TWO, seen) is None
    assert await take(either_archive, TWO, None) is None
    now = await row(either_archive)
    assert now is not None
    assert (now.process.holder, now.fence, now.beat) == ("one", 1, 2)


async def test_of_many_that_take_at_once_one_gets_it(either_archive: Archive) -> None:
    other = await second_program(either_archive)
    try:
        processes = [Process(f"p{number}", "host", number, "", "") for number in range(6)]
        fences = await asyncio.gather(
            *(
                take(archive, process, None)
                for archive, process in zip((either_archive, other) * 3, processes, strict=True)
            )
        )
    finally:
        await other.close()
    assert sorted(fence or 0 for fence in fences) == [0, 0, 0, 0, 0, 1]


async def test_an_end_in_form_leaves_nobody_in_charge_and_only_of_its_own(either_archive: Archive) -> None:
    await take(either_archive, ONE, None)
    async with either_archive.write() as connection:
        await instances.release(connection, TWO)
    seen = await row(either_archive)
    assert seen is not None
    assert seen.process.holder == "one"
    async with either_archive.write() as connection:
        await instances.release(connection, ONE)
    seen = await row(either_archive)
    assert seen is not None
    assert seen.process.holder == ""


async def test_one_that_stands_by_leaves_word(either_archive: Archive) -> None:
    async with either_archive.write() as connection:
        await instances.stand_by(connection, TWO, beat=3, now=DAY_ONE)
    seen = await row(either_archive, instances.STANDBY)
    assert seen is not None
    assert (seen.process, seen.beat, seen.beat_at) == (TWO, 3, DAY_ONE)
    assert await row(either_archive) is None
