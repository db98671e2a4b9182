"""Figures for monitoring, in both databases."""

from __future__ import annotations

from datetime import timedelta

from digests.archive import Archive, deliveries, figures, itemstore
from digests.archive.deliveries import NewDelivery
from digests.model import DeliveryState, Destination
from digests.search.index import open_index
from tests.fakes.pressroom import feed
from tests.fakes.shelf import DAY_ONE, put_edition, put_event, put_item

HOUR = timedelta(hours=1)
NEWS, OTHER = Destination("web", "local", "news"), Destination("web", "local", "other")


async def standing(archive: Archive) -> figures.Standing:
    return await archive.read_at_once(
        lambda connection: figures.standing(
            connection,
            sources=[feed("courier")],
            sections=["building", "money"],
            digests=["morning", "evening"],
            now=DAY_ONE + 24 * HOUR,
        )
    )


async def test_an_empty_archive_has_figures_too(either_archive: Archive) -> None:
    found = await standing(either_archive)
    assert (found.items, found.duplicates, found.oldest_waiting) == ({"building": 0, "money": 0}, 0, None)
    assert found.last_editions == {}
    assert set(found.deliveries.values()) == {0}
    assert found.sources[0].state == "waiting"


async def test_items_copies_and_editions_are_counted(either_archive: Archive) -> None:
    event = await put_event(either_archive)
    first = await put_item(either_archive, sections=["building", "money"], event_id=event)
    await put_item(either_archive, sections=["building"], event_id=event, duplicate_of=first)
    gone = await put_item(either_archive, sections=["money"])
    await put_item(either_archive)
    async with either_archive.write() as connection:
        await itemstore.withdraw(connection, [gone], DAY_ONE)
    # One edition of which everything is posted, a later one of which a part waits, and one that posted nothing.
    _, keys = await put_edition(either_archive, DAY_ONE, deliver=[NewDelivery(NEWS, 1, 1, {})])
    later = [NewDelivery(place, 1, 1, {}) for place in (NEWS, OTHER)]
    _, waiting = await put_edition(either_archive, DAY_ONE + HOUR, deliver=later)
    await put_edition(either_archive, DAY_ONE + 2 * HOUR, digest="evening", kind="skipped")
    async with either_archive.write() as connection:
        until = DAY_ONE + 3 * HOUR
        await deliveries.lease(connection, owner="w", now=DAY_ONE + 2 * HOUR, until=until, limit=2)
        for key in (*keys, waiting[1]):
            await deliveries.mark_sent(connection, key, owner="w", platform_ids=("1",), at=DAY_ONE)
    found = await standing(either_archive)
    assert found.items == {"building": 2, "money": 1}
    assert found.duplicates == 1
    assert found.deliveries[DeliveryState.SENT] == 2
    assert found.deliveries[DeliveryState.PENDING] + found.deliveries[DeliveryState.LEASED] == 1
    assert found.oldest_waiting == DAY_ONE + HOUR
    assert found.last_editions == {"morning": DAY_ONE, "evening": DAY_ONE + 2 * HOUR}


async def test_sizes(either_archive: Archive) -> None:
    await open_index(either_archive)
    found = await either_archive.read_at_once(figures.size)
    assert found.index is not None
    assert 0 < found.index < found.archive
    assert 0 <= found.free < found.archive
