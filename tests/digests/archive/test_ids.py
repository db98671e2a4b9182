"""Ids of items and events: given once, and visible in their order."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, events
from digests.archive.events import EventState
from digests.archive.ids import allocate
from digests.archive.tables import events as table
from tests.fakes.shelf import DAY_ONE, second_program


async def put(connection: AsyncConnection, count: int) -> list[int]:
    ids = await allocate(connection, table, count)
    await asyncio.sleep(0)
    await events.insert(connection, [EventState(event_id, DAY_ONE, {}) for event_id in ids], DAY_ONE)
    return ids


async def visible(archive: Archive) -> set[int]:
    async with archive.read() as connection:
        return set((await connection.execute(select(table.c.id))).scalars())


async def test_ids_ascend_and_none_are_given_for_nothing(either_archive: Archive) -> None:
    async with either_archive.write() as connection:
        assert await allocate(connection, table, 0) == []
        first = await put(connection, 3)
        second = await put(connection, 2)
    assert first + second == sorted(set(first + second))


async def test_an_id_is_not_given_again_after_its_row_is_gone(either_archive: Archive) -> None:
    async with either_archive.write() as connection:
        ids = await put(connection, 3)
        await connection.execute(delete(table))
    async with either_archive.write() as connection:
        assert min(await put(connection, 1)) > max(ids)


async def test_programs_that_write_at_once_get_ids_that_never_appear_below_what_was_read(
    either_archive: Archive,
) -> None:
    """An edition considers items up to the highest id that it sees: a lower one that comes later would be lost."""
    other = await second_program(either_archive)
    given: list[int] = []
    done = asyncio.Event()

    async def write(archive: Archive) -> None:
        for count in (1, 4, 2):
            async with archive.write() as connection:
                given.extend(await put(connection, count))

    async def watch() -> int:
        looks, seen = 0, await visible(either_archive)
        while not done.is_set():
            now = await visible(either_archive)
            assert all(event_id > max(seen, default=0) for event_id in now - seen)
            looks, seen = looks + 1, now
        return looks

    watching = asyncio.create_task(watch())
    try:
        await asyncio.gather(*(write(archive) for archive in (either_archive, other) for _ in range(4)))
    finally:
        done.set()
        looks = await watching
        await other.close()
    assert looks > 1
    assert len(given) == len(set(given)) == 8 * 7
    assert await visible(either_archive) == set(given)


async def test_ids_of_a_transaction_that_failed_do_no_harm(either_archive: Archive) -> None:
    async def fail() -> None:
        async with either_archive.write() as connection:
            await put(connection, 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with either_archive.write() as connection:
        ids = await put(connection, 2)
    assert await visible(either_archive) == set(ids)
