"""The archive as it was when an edition was composed, in both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, editions, items, itemstore
from digests.archive.past import read_as_of
from digests.errors import ArchiveError
from digests.model import Edition
from tests.fakes.shelf import DAY_ONE, put_edition, put_item

HOUR = timedelta(hours=1)


async def edition_of(archive: Archive, edition_id: int, through: int) -> Edition:
    async with archive.read() as connection:
        found = await editions.by_id(connection, edition_id)
    assert found is not None
    return replace(found, through_item=through)


async def test_what_came_later_is_not_there_and_what_changed_is_as_it_was(either_archive: Archive) -> None:
    edited = await put_item(either_archive, sections=["building"], title="First words")
    withdrawn = await put_item(either_archive, sections=["building"])
    earlier, _ = await put_edition(either_archive, DAY_ONE)
    edition_id, _ = await put_edition(either_archive, DAY_ONE + HOUR)
    edition = await edition_of(either_archive, edition_id, withdrawn)
    later = await put_item(either_archive, sections=["building"])
    async with either_archive.write() as connection:
        for number in (2, 3):
            change = {"id": edited, "title": f"Words {number}", "url": None}
            await itemstore.revise(connection, [change], DAY_ONE + number * HOUR)
        await itemstore.withdraw(connection, [withdrawn], DAY_ONE + 2 * HOUR)

    async def look(connection: AsyncConnection) -> tuple[object, ...]:
        found = await items.by_ids(connection, [edited, withdrawn, later])
        new = await items.new_since(connection, after_item=0, through_item=later, sections=["building"])
        last = await editions.last(connection, "morning")
        return (
            [(item.id, item.title, item.revision, item.url is None, item.withdrawn_at) for item in found],
            [filed.item.id for filed in new],
            await items.max_item_id(connection),
            last.id if last else None,
        )

    then = ([(edited, "First words", 1, False, None), (withdrawn, f"Title {withdrawn}", 1, False, None)], [withdrawn])
    for _ in range(2):
        assert await read_as_of(either_archive, edition, look) == (*then, withdrawn, earlier)
    async with either_archive.read() as connection:
        now = await items.by_ids(connection, [edited, withdrawn, later])
    assert [item.title for item in now] == ["Words 3", f"Title {withdrawn}", f"Title {later}"]
    assert now[1].withdrawn_at is not None


async def test_a_query_that_was_asked_before_is_answered_from_the_past_and_then_from_the_present(
    either_archive: Archive,
) -> None:
    """PostgreSQL's connections keep how a query was understood, names of tables and all."""
    first = await put_item(either_archive, sections=["building"])
    edition_id, _ = await put_edition(either_archive, DAY_ONE)
    edition = await edition_of(either_archive, edition_id, first)
    later = await put_item(either_archive, sections=["building"])

    async def look(connection: AsyncConnection) -> list[int]:
        new = await items.new_since(connection, after_item=0, through_item=later, sections=["building"])
        return [filed.item.id for filed in new]

    for _ in range(3):
        assert await either_archive.read_at_once(look) == [first, later]
        assert await read_as_of(either_archive, edition, look) == [first]


async def test_after_a_fault_the_connection_sees_the_present_and_cannot_write(either_archive: Archive) -> None:
    await put_item(either_archive)
    edition_id, _ = await put_edition(either_archive, DAY_ONE)
    edition = await edition_of(either_archive, edition_id, 0)

    async def fails(connection: AsyncConnection) -> None:
        raise LookupError("a fault")

    for _ in range(5):  # as many as there are connections, and one more
        with pytest.raises(LookupError):
            await read_as_of(either_archive, edition, fails)
    assert await either_archive.read_at_once(items.max_item_id) == 1

    async def writes(connection: AsyncConnection) -> None:
        await connection.exec_driver_sql("DELETE FROM items")

    with pytest.raises(ArchiveError):
        await either_archive.read_at_once(writes)
