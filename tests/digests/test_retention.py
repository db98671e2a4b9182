"""Old things are deleted in time; what is still needed stays, whatever its age."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from digests import retention
from digests.archive import Archive, deliveries, editions, items, itemstore, local_messages, media, subscriptions, views
from digests.archive.deliveries import NewDelivery
from digests.archive.tables import editions as editions_table
from digests.archive.tables import events as events_table
from digests.archive.tables import facts, passages, revisions
from digests.model import Destination, ReportedEvent, SourceKind
from digests.retention import LEAST_AGE, Policy, Removed, enforce
from digests.search.index import SearchIndex, open_index
from digests.search.passages import NewPassage
from digests.search.query import parse_query
from tests.fakes.shelf import put_event, put_item

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = Policy(items=100 * DAY, messages=10 * DAY, editions=50 * DAY)
NOTHING = Removed(0, 0, 0, 0, 0)


@pytest.fixture
async def index(either_archive: Archive) -> SearchIndex:
    return await open_index(either_archive)


async def ids(archive: Archive) -> list[int]:
    async with archive.read() as connection:
        found = await items.latest(connection, section="building", limit=1000)
    return sorted(item.id for item in found)


async def put_edition(archive: Archive, at: datetime, *event_ids: int, digest: str = "morning") -> int:
    async with archive.write() as connection:
        edition_id = await editions.create(
            connection, digest_id=digest, scheduled_at=at, composed_at=at, after_item=0, through_item=9, kind="digest"
        )
        assert edition_id is not None
        reported = [ReportedEvent("building", event_id, voices=1, items=1) for event_id in event_ids]
        await editions.record_events(connection, edition_id, reported)
    return edition_id


async def count(archive: Archive, table: object) -> int:
    async with archive.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]


async def test_items_go_with_all_that_hangs_on_them(either_archive: Archive, index: SearchIndex) -> None:
    event_id = await put_event(either_archive, NOW - 101 * DAY)
    old = await put_item(
        either_archive, sections=["building"], first_seen_at=NOW - 101 * DAY, event_id=event_id, title="Zeppelin"
    )
    copy = await put_item(either_archive, sections=["building"], first_seen_at=NOW - 99 * DAY, duplicate_of=old)
    async with either_archive.write() as connection:
        await itemstore.revise(connection, [{"id": old, "title": "Zeppelin"}], NOW)
        passage = NewPassage(
            f"item:{old}", "A zeppelin.", "en", ("building",), SourceKind.WIRE, "2026-01-01", item_id=old
        )
        await index.add(connection, [passage])
    assert await enforce(either_archive, index, POLICY, NOW) == Removed(1, 1, 0, 0, 0)
    assert await ids(either_archive) == [copy]
    for table in (passages, revisions, events_table):
        assert await count(either_archive, table) == 0
    assert (await index.search(either_archive, parse_query("zeppelin", "en"))).hits == []
    async with either_archive.read() as connection:
        kept = await items.by_id(connection, copy)
    assert kept is not None
    assert kept.duplicate_of is None
    assert await enforce(either_archive, index, POLICY, NOW) == NOTHING


async def test_items_that_a_kept_edition_reports_stay_as_long_as_it(
    either_archive: Archive, index: SearchIndex
) -> None:
    told, untold = [await put_event(either_archive, NOW - 200 * DAY) for _ in range(2)]
    old = NOW - 200 * DAY
    kept = await put_item(either_archive, sections=["building"], first_seen_at=old, event_id=told)
    await put_item(either_archive, sections=["building"], first_seen_at=old, event_id=untold)
    await put_edition(either_archive, NOW - 49 * DAY, told)
    await put_edition(either_archive, NOW - DAY)
    assert await enforce(either_archive, index, POLICY, NOW) == Removed(1, 1, 0, 0, 0)
    assert await ids(either_archive) == [kept]
    assert await enforce(either_archive, index, POLICY, NOW + 2 * DAY) == Removed(1, 1, 0, 1, 0)
    assert await ids(either_archive) == []


async def test_of_old_editions_the_newest_of_a_digest_and_those_under_delivery_stay(
    either_archive: Archive, index: SearchIndex
) -> None:
    old = NOW - 60 * DAY
    done, due = await put_edition(either_archive, old), await put_edition(either_archive, old + DAY)
    newest = await put_edition(either_archive, old + 2 * DAY)
    only = await put_edition(either_archive, old, digest="weekly")
    async with either_archive.write() as connection:
        part = NewDelivery(Destination("web", "local", "news"), part=1, parts=1, payload={})
        await deliveries.add(connection, due, [part], now=old, give_up_at=NOW + DAY)
    assert (await enforce(either_archive, index, POLICY, NOW)).editions == 1
    async with either_archive.read() as connection:
        kept = set((await connection.execute(select(editions_table.c.id))).scalars())
    assert kept == {due, newest, only}
    assert done not in kept


async def test_of_a_subscription_that_has_ended_no_edition_stays_for_ever(
    either_archive: Archive, index: SearchIndex
) -> None:
    old = NOW - 60 * DAY
    async with either_archive.write() as connection:
        running = await subscriptions.put(
            connection, platform="web", workspace="local", user="me", section="building", language="en", zone="UTC",
            time="08:00", now=old,
        )  # fmt: skip
    kept = await put_edition(either_archive, old, digest=f"subscription:{running.id}")
    await put_edition(either_archive, old, digest=f"subscription:{running.id + 1}")
    recent = await put_edition(either_archive, NOW - DAY, digest=f"subscription:{running.id + 2}")
    assert (await enforce(either_archive, index, POLICY, NOW)).editions == 1
    async with either_archive.read() as connection:
        found = set((await connection.execute(select(editions_table.c.id))).scalars())
    assert found == {kept, recent}


async def test_messages_and_views_go_in_their_time(either_archive: Archive, index: SearchIndex) -> None:
    async with either_archive.write() as connection:
        for age in (9, 11):
            await local_messages.add(connection, channel="news", author="bot", message={}, now=NOW - age * DAY)
        for expires in (NOW - DAY, NOW + DAY):
            await views.put(connection, views.new(kind="page", owner="me", payload={}, expires_at=expires), now=NOW)
    assert await enforce(either_archive, index, POLICY, NOW) == Removed(0, 0, 1, 0, 1)


async def test_the_dossier_stays_whatever_its_age(either_archive: Archive, index: SearchIndex) -> None:
    async with either_archive.write() as connection:
        await connection.execute(facts.insert(), [_fact_row(NOW - 1000 * DAY)])
        await index.add(connection, [NewPassage("a", "A claim.", "en", (), SourceKind.OFFICIAL, "2020")])
    await enforce(either_archive, index, POLICY, NOW)
    assert await count(either_archive, facts) == await count(either_archive, passages) == 1


async def test_what_grouping_still_works_with_is_kept_whatever_the_policy(
    either_archive: Archive, index: SearchIndex
) -> None:
    ages = [LEAST_AGE - DAY / 24, LEAST_AGE + DAY / 24]
    recent, _ = [await put_item(either_archive, sections=["building"], first_seen_at=NOW - age) for age in ages]
    await enforce(either_archive, index, Policy(items=DAY, messages=DAY, editions=DAY), NOW)
    assert await ids(either_archive) == [recent]


async def test_much_is_deleted_in_several_transactions(
    either_archive: Archive, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 3)
    for _ in range(8):
        await put_item(either_archive, sections=["building"], first_seen_at=NOW - 200 * DAY)
    recent = await put_item(either_archive, sections=["building"], first_seen_at=NOW)
    sizes: list[int] = []
    real = index.remove

    async def remove(connection: object, refs: Iterable[str]) -> None:
        listed = list(refs)
        sizes.append(len(listed))
        await real(connection, listed)  # type: ignore[arg-type]

    monkeypatch.setattr(index, "remove", remove)
    assert (await enforce(either_archive, index, POLICY, NOW)).items == 8
    assert sizes == [3, 3, 2]
    assert await ids(either_archive) == [recent]


def _fact_row(added: datetime) -> dict[str, object]:
    return {
        "id": "a",
        "date": "2020",
        "section": "building",
        "status": "decided",
        "grade": "official",
        "first_day": "2020-01-01",
        "last_day": "2020-12-31",
        "haystack": "",
        "content": {},
        "fingerprint": "x",
        "added_at": added,
        "baseline": True,
    }


async def test_pictures_and_files_live_as_long_as_the_messages_that_may_show_them(either_archive: Archive) -> None:
    index = await open_index(either_archive)
    longest = max(POLICY.messages, POLICY.editions)
    async with either_archive.write() as connection:
        old = await media.put(connection, b"old", content_type="image/png", now=NOW - longest - DAY)
        new = await media.put(connection, b"new", content_type="image/png", now=NOW - longest + DAY)
        assert await media.put(connection, b"new", content_type="image/png", now=NOW) == new, "the same bytes, one row"
        table = await media.put(connection, b"old", content_type="text/csv", now=NOW - longest - DAY)
        assert table != old, "the type counts"
        asked_again = await media.put(connection, b"id,date", content_type="text/csv", now=NOW - longest - DAY)
        assert await media.put(connection, b"id,date", content_type="text/csv", now=NOW) == asked_again
    assert (await enforce(either_archive, index, POLICY, NOW)).pictures == 2
    async with either_archive.read() as connection:
        assert await media.get(connection, old) is None
        assert await media.get(connection, new) == media.Media(new, "image/png", b"new")
