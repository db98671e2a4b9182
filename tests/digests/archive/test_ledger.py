"""The ledger: rows in their order, never leased to two workers, and believed only of the worker that holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from digests.archive import Archive, deliveries
from digests.archive.deliveries import NewDelivery
from digests.archive.tables import deliveries as table
from digests.model import Delivery, DeliveryState, Destination
from tests.fakes.shelf import DAY_ONE, put_edition, second_program

NEWS = Destination("slack", "team", "news")
OTHER = Destination("slack", "team", "other")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def parts(place: Destination, count: int = 1) -> list[NewDelivery]:
    return [NewDelivery(place, part, count, {"words": f"{part} of {count}"}) for part in range(1, count + 1)]


async def lease(
    archive: Archive, owner: str = "a", *, after: timedelta = timedelta(0), limit: int = 50
) -> list[Delivery]:
    """What a worker gets ``after`` the first morning; for one minute."""
    now = DAY_ONE + after
    async with archive.write() as connection:
        return await deliveries.lease(connection, owner=owner, now=now, until=now + MINUTE, limit=limit)


async def sent(archive: Archive, rows: Sequence[Delivery], owner: str = "a") -> None:
    async with archive.write() as connection:
        for row in rows:
            assert await deliveries.mark_sent(connection, row.id, owner=owner, platform_ids=("1", "2"), at=DAY_ONE)


async def all_rows(archive: Archive) -> dict[str, Delivery]:
    async with archive.read() as connection:
        ids = (await connection.execute(select(table.c.edition_id).distinct())).scalars().all()
        return {row.id: row for edition_id in ids for row in await deliveries.of_edition(connection, edition_id)}


async def test_a_row_comes_back_as_it_was_written(either_archive: Archive) -> None:
    place = Destination("web", "local", "дайджест 橋", kind="direct")
    edition_id, (key,) = await put_edition(either_archive, deliver=[NewDelivery(place, 1, 2, {"a": ["ї", None, 1.5]})])
    async with either_archive.read() as connection:
        (row,) = await deliveries.of_edition(connection, edition_id)
    assert row == Delivery(
        id=key,
        edition_id=edition_id,
        destination=place,
        part=1,
        parts=2,
        payload={"a": ["ї", None, 1.5]},
        state=DeliveryState.PENDING,
        attempts=0,
        next_try_at=DAY_ONE,
        give_up_at=DAY_ONE + 6 * HOUR,
    )


async def test_parts_go_one_after_the_other_and_destinations_beside_each_other(either_archive: Archive) -> None:
    await put_edition(either_archive, deliver=[*parts(NEWS, 3), *parts(OTHER, 2)])
    seen = []
    while rows := await lease(either_archive):
        seen.append([(row.destination.channel, row.part) for row in rows])
        await sent(either_archive, rows)
    assert seen == [[("news", 1), ("other", 1)], [("news", 2), ("other", 2)], [("news", 3)]]


async def test_an_edition_waits_for_the_one_before_it_at_the_same_destination_only(either_archive: Archive) -> None:
    _, (first,) = await put_edition(either_archive, DAY_ONE, deliver=parts(NEWS))
    _, (second, elsewhere) = await put_edition(either_archive, DAY_ONE + MINUTE, deliver=[*parts(NEWS), *parts(OTHER)])
    assert [row.id for row in await lease(either_archive, limit=1, after=HOUR)] == [first]
    assert [row.id for row in await lease(either_archive, after=HOUR)] == [elsewhere]
    async with either_archive.write() as connection:
        assert await deliveries.mark_dead(connection, first, owner="a", error="the channel is gone")
    assert [row.id for row in await lease(either_archive, after=HOUR)] == [second]


async def test_a_row_that_nobody_knows_the_fate_of_holds_up_no_other(either_archive: Archive) -> None:
    _, (first, second) = await put_edition(either_archive, deliver=parts(NEWS, 2))
    await lease(either_archive)
    async with either_archive.write() as connection:
        assert await deliveries.mark_uncertain(connection, first, owner="a", error="no reply")
    assert [row.id for row in await lease(either_archive, after=HOUR)] == [second]


async def test_nothing_is_leased_before_its_time_or_twice(either_archive: Archive) -> None:
    await put_edition(either_archive, DAY_ONE + HOUR, deliver=parts(NEWS))
    assert await lease(either_archive, after=59 * MINUTE) == []
    (row,) = await lease(either_archive, after=HOUR)
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 0)
    assert await lease(either_archive, "b", after=HOUR + 0.9 * MINUTE) == []


async def test_a_lease_that_ran_out_is_taken_over_and_the_first_worker_believed_no_more(
    either_archive: Archive,
) -> None:
    _, (key,) = await put_edition(either_archive, deliver=parts(NEWS))
    await lease(either_archive, "slow")
    (row,) = await lease(either_archive, "next", after=2 * MINUTE)
    assert (row.id, row.state, row.lease_owner, row.attempts) == (key, DeliveryState.LEASED, "slow", 1)
    async with either_archive.write() as connection:
        late = {"owner": "slow", "error": "late"}
        assert not await deliveries.mark_sent(connection, key, owner="slow", platform_ids=("x",), at=DAY_ONE)
        assert not await deliveries.mark_retry(connection, key, next_try_at=DAY_ONE, **late)  # type: ignore[arg-type]
        assert not await deliveries.mark_dead(connection, key, **late)
        assert not await deliveries.mark_uncertain(connection, key, **late)
        assert not await deliveries.release(connection, key, owner="slow", now=DAY_ONE)
    standing = (await all_rows(either_archive))[key]
    assert (standing.state, standing.lease_owner, standing.attempts) == (DeliveryState.LEASED, "next", 2)
    await sent(either_archive, [row], "next")
    settled = (await all_rows(either_archive))[key]
    assert (settled.state, settled.platform_ids, settled.lease_owner) == (DeliveryState.SENT, ("1", "2"), None)
    async with either_archive.write() as connection:
        assert not await deliveries.mark_dead(connection, key, owner="next", error="twice")


async def test_a_lease_of_a_clock_that_was_set_back_since_is_taken_over(either_archive: Archive) -> None:
    _, (key,) = await put_edition(either_archive, deliver=parts(NEWS))
    await lease(either_archive, "dead", after=2 * HOUR)
    (row,) = await lease(either_archive, "next", after=MINUTE)
    assert (row.id, row.state) == (key, DeliveryState.LEASED), "the platform is asked first"
    assert await lease(either_archive, "other", after=MINUTE) == []


async def test_a_row_tried_in_vain_comes_again_in_its_time_with_the_reason(either_archive: Archive) -> None:
    _, (key,) = await put_edition(either_archive, deliver=parts(NEWS))
    await lease(either_archive)
    async with either_archive.write() as connection:
        again = DAY_ONE + HOUR
        assert await deliveries.mark_retry(connection, key, owner="a", next_try_at=again, error="busy")
        assert await deliveries.next_due(connection) == again
    assert await lease(either_archive, after=HOUR - MINUTE) == []
    (row,) = await lease(either_archive, after=HOUR)
    assert (row.attempts, row.error) == (1, "busy")


async def test_a_row_given_back_untried_was_no_attempt(either_archive: Archive) -> None:
    _, (key,) = await put_edition(either_archive, deliver=parts(NEWS))
    await lease(either_archive)
    async with either_archive.write() as connection:
        assert await deliveries.release(connection, key, owner="a", now=DAY_ONE)
    (row,) = await lease(either_archive)
    assert row.attempts == 0


async def test_the_ledger_tells_when_it_wants_attention(either_archive: Archive) -> None:
    async def due() -> object:
        async with either_archive.read() as connection:
            return await deliveries.next_due(connection)

    assert await due() is None
    await put_edition(either_archive, deliver=parts(NEWS))
    assert await due() == DAY_ONE
    rows = await lease(either_archive)
    assert await due() == DAY_ONE + MINUTE
    await sent(either_archive, rows)
    assert await due() is None


async def test_rows_are_counted_and_listed_by_what_became_of_them(either_archive: Archive) -> None:
    _, old = await put_edition(either_archive, deliver=[*parts(NEWS), *parts(OTHER)])
    _, new = await put_edition(either_archive, DAY_ONE + HOUR, deliver=[*parts(replace(NEWS, channel="third"))])
    await lease(either_archive, after=HOUR)
    async with either_archive.write() as connection:
        for key in (old[0], *new):
            await deliveries.mark_dead(connection, key, owner="a", error=f"gone {key}")
    async with either_archive.read() as connection:
        counts = await deliveries.counts(connection)
        dead = await deliveries.in_state(connection, DeliveryState.DEAD)
        assert len(await deliveries.in_state(connection, DeliveryState.DEAD, limit=1)) == 1
    assert counts == dict.fromkeys(DeliveryState, 0) | {DeliveryState.DEAD: 2, DeliveryState.LEASED: 1}
    assert [(row.id, row.error) for row in dead] == [(key, f"gone {key}") for key in (*new, old[0])]


async def test_the_first_part_is_found_for_the_others(either_archive: Archive) -> None:
    edition_id, _ = await put_edition(either_archive, deliver=[*parts(NEWS, 2), *parts(OTHER, 2)])
    await put_edition(either_archive, DAY_ONE + HOUR, deliver=parts(NEWS))
    async with either_archive.read() as connection:
        rows = await deliveries.of_edition(connection, edition_id)
        for row in rows:
            first = await deliveries.first_part(connection, row)
            assert first is not None
            assert (first.edition_id, first.destination, first.part) == (edition_id, row.destination, 1)
        stranger = replace(rows[0], destination=replace(NEWS, channel="nowhere"))
        assert await deliveries.first_part(connection, stranger) is None


@pytest.mark.parametrize("limit", [1, 7])
async def test_programs_that_lease_at_once_never_get_the_same_row(either_archive: Archive, limit: int) -> None:
    places = [replace(NEWS, channel=f"c{number}") for number in range(10)]
    _, keys = await put_edition(either_archive, deliver=[part for place in places for part in parts(place, 2)])
    other = await second_program(either_archive)
    got: list[tuple[str, int, str]] = []

    async def work(archive: Archive, owner: str) -> None:
        while rows := await lease(archive, owner, limit=limit):
            got.extend((row.destination.channel, row.part, row.id) for row in rows)
            await asyncio.sleep(0)
            await sent(archive, rows, owner)

    try:
        # Twice: a worker goes when it finds nothing, though another may be about to free a second part.
        for _ in range(2):
            await asyncio.gather(
                *(work(archive, f"{id(archive)} {n}") for archive in (either_archive, other) for n in (1, 2))
            )
    finally:
        await other.close()
    assert sorted(key for _, _, key in got) == sorted(keys)
    for place in places:
        assert [part for channel, part, _ in got if channel == place.channel] == [1, 2]
