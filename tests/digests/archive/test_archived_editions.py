"""Editions: one for a digest and a time, and what each one reported."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from digests.archive import Archive, editions, items
from digests.model import Edition, ReportedEvent
from tests.fakes.shelf import DAY_ONE, put_edition, put_event, second_program

HOUR = timedelta(hours=1)


async def create(archive: Archive, digest: str = "morning", through: int = 9) -> int | None:
    async with archive.write() as connection:
        return await editions.create(
            connection,
            digest_id=digest,
            scheduled_at=DAY_ONE,
            composed_at=DAY_ONE + HOUR,
            after_item=3,
            through_item=through,
            kind="digest",
            missed=2,
            summary={"bullets": 7},
        )


async def test_an_edition_comes_back_as_it_was_written(either_archive: Archive) -> None:
    edition_id = await create(either_archive)
    assert edition_id is not None
    expected = Edition(edition_id, "morning", DAY_ONE, DAY_ONE + HOUR, 3, 9, "digest", 2)
    async with either_archive.read() as connection:
        assert await editions.by_id(connection, edition_id) == expected
        assert await editions.last(connection, "morning") == expected
        assert await editions.exists(connection, "morning", DAY_ONE)
        assert not await editions.exists(connection, "morning", DAY_ONE + HOUR)
        assert await editions.by_id(connection, edition_id + 1) is None
        assert await editions.last(connection, "evening") is None


async def test_a_digest_has_one_edition_for_a_time(either_archive: Archive) -> None:
    first = await create(either_archive)
    assert await create(either_archive, through=99) is None
    assert await create(either_archive, "evening") is not None
    async with either_archive.read() as connection:
        last = await editions.last(connection, "morning")
    assert last is not None
    assert (last.id, last.through_item) == (first, 9)


async def test_of_two_programs_that_write_an_edition_at_once_one_does(either_archive: Archive) -> None:
    other = await second_program(either_archive)
    try:
        made = await asyncio.gather(*(create(archive) for archive in (either_archive, other) for _ in range(4)))
    finally:
        await other.close()
    assert len([edition_id for edition_id in made if edition_id is not None]) == 1
    async with either_archive.read() as connection:
        assert len(await editions.recent(connection)) == 1


async def test_the_last_edition_is_the_newest_by_its_time_of_any_kind(either_archive: Archive) -> None:
    await put_edition(either_archive, DAY_ONE + HOUR, kind="skipped")
    await put_edition(either_archive, DAY_ONE)
    await put_edition(either_archive, DAY_ONE + 2 * HOUR, digest="evening")
    async with either_archive.read() as connection:
        last = await editions.last(connection, "morning")
        assert last is not None
        assert (last.scheduled_at, last.kind) == (DAY_ONE + HOUR, "skipped")
        everything = [(edition.digest_id, edition.scheduled_at) for edition in await editions.recent(connection)]
        assert everything == [
            ("evening", DAY_ONE + 2 * HOUR),
            ("morning", DAY_ONE + HOUR),
            ("morning", DAY_ONE),
        ]
        (newest,) = await editions.recent(connection, digest_id="morning", limit=1)
        assert newest == last


@pytest.mark.parametrize(("kind", "posted"), [("digest", True), ("manual", True), ("skipped", False), ("start", False)])
async def test_what_was_not_posted_does_not_count_as_posted(either_archive: Archive, kind: str, posted: bool) -> None:
    await put_edition(either_archive, DAY_ONE, kind=kind)
    async with either_archive.read() as connection:
        assert await editions.posted_since(connection, "morning", DAY_ONE - HOUR) is posted
        assert not await editions.posted_since(connection, "morning", DAY_ONE)
        assert not await editions.posted_since(connection, "evening", DAY_ONE - HOUR)


async def test_of_an_event_the_latest_report_by_the_same_digest_is_told(
    either_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "CHUNK", 1)
    bridge, loan, unknown = [await put_event(either_archive) for _ in range(3)]
    late, _ = await put_edition(either_archive, DAY_ONE + HOUR)
    early, _ = await put_edition(either_archive, DAY_ONE, loan)
    foreign, _ = await put_edition(either_archive, DAY_ONE + 2 * HOUR, digest="evening")
    async with either_archive.write() as connection:
        for edition_id, voices in ((early, 1), (late, 2), (foreign, 3)):
            report = [ReportedEvent(section, bridge, voices, voices * 2) for section in ("building", "money")]
            await editions.record_events(connection, edition_id, report)
        await editions.record_events(connection, late, [])
    async with either_archive.read() as connection:
        found = await editions.reported_before(connection, "morning", [bridge, loan, unknown])
        assert found == {
            ("building", bridge): ReportedEvent("building", bridge, 2, 4),
            ("money", bridge): ReportedEvent("money", bridge, 2, 4),
            ("building", loan): ReportedEvent("building", loan, 1, 1),
        }
        assert await editions.reported_before(connection, "morning", []) == {}
