"""Events as digests read them, and what the grouper takes up after a restart."""

from __future__ import annotations

from datetime import timedelta

from digests.archive import Archive, events, itemstore
from digests.archive.events import EventState
from digests.model import SourceKind
from tests.fakes.shelf import DAY_ONE, put_event, put_item

HOUR = timedelta(hours=1)
SECTIONS = ("building",)


async def test_members_come_best_source_first_without_withdrawn_ones(either_archive: Archive) -> None:
    event_id, other, empty = [await put_event(either_archive) for _ in range(3)]
    wire = await put_item(either_archive, event_id=event_id, kind=SourceKind.WIRE, family="a")
    official = await put_item(either_archive, event_id=event_id, kind=SourceKind.OFFICIAL, family="b")
    gone = await put_item(either_archive, event_id=event_id, family="c")
    lone = await put_item(either_archive, event_id=other)
    async with either_archive.write() as connection:
        await itemstore.withdraw(connection, [gone], DAY_ONE)
    async with either_archive.read() as connection:
        found = await events.members(connection, [other, event_id, empty, 999])
    assert [(event.id, [item.id for item in event.items]) for event in found] == [
        (other, [lone]),
        (event_id, [official, wire]),
    ]
    assert found[1].families == {"a", "b"}


async def test_events_touched_since_a_moment_the_latest_first(either_archive: Archive) -> None:
    old = await put_event(either_archive, DAY_ONE - HOUR)
    early, late = await put_event(either_archive, DAY_ONE), await put_event(either_archive, DAY_ONE + HOUR)
    async with either_archive.read() as connection:
        assert await events.touched_since(connection, DAY_ONE) == [late, early]
        assert await events.touched_since(connection, DAY_ONE - HOUR, limit=5) == [late, early, old]


async def test_an_event_that_an_older_report_joins_stays_as_late_as_it_is(either_archive: Archive) -> None:
    event_id = await put_event(either_archive, DAY_ONE)
    for joined, expected in ((DAY_ONE - HOUR, DAY_ONE), (DAY_ONE + HOUR, DAY_ONE + HOUR)):
        async with either_archive.write() as connection:
            await events.advance(connection, [EventState(event_id, joined, {"terms": {"bridge": 1.5}})])
        await put_item(either_archive, sections=SECTIONS, event_id=event_id, signature=b"x", published_at=joined)
        async with either_archive.read() as connection:
            _, (state,) = await events.window(connection, DAY_ONE - 2 * HOUR)
        assert state.last_item_at == expected
        assert state.profile == {"terms": {"bridge": 1.5}}


async def test_the_window_holds_recent_items_with_events_oldest_first_however_many(either_archive: Archive) -> None:
    event_id = await put_event(either_archive)
    early = await put_item(either_archive, sections=SECTIONS, event_id=event_id, signature=b"\x01\x02")
    late = await put_item(
        either_archive,
        sections=SECTIONS,
        event_id=event_id,
        duplicate_of=early,
        signature=b"\x03",
        published_at=DAY_ONE + HOUR,
    )
    await put_item(either_archive, sections=SECTIONS, event_id=event_id, published_at=DAY_ONE - HOUR)
    await put_item(either_archive)
    async with either_archive.read() as connection:
        rows, states = await events.window(connection, DAY_ONE)
    assert [(row.id, row.duplicate_of, row.signature) for row in rows] == [
        (early, None, b"\x01\x02"),
        (late, early, b"\x03"),
    ]
    assert [state.id for state in states] == [event_id]


async def test_the_window_is_read_in_pieces_and_misses_nothing_between_them(
    either_archive: Archive, monkeypatch: object
) -> None:
    event_id = await put_event(either_archive)
    made = [
        await put_item(
            either_archive, sections=SECTIONS, event_id=event_id, published_at=DAY_ONE + HOUR * (number // 3)
        )
        for number in range(10)
    ]
    monkeypatch.setattr(events, "CHUNK", 4)  # type: ignore[attr-defined]
    async with either_archive.read() as connection:
        rows, _ = await events.window(connection, DAY_ONE - HOUR)
    assert [row.id for row in rows] == made
