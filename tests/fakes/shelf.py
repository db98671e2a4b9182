"""Items put straight into an archive, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from digests.archive import Archive, deliveries, editions, events, itemstore
from digests.archive.deliveries import NewDelivery
from digests.archive.events import EventState
from digests.archive.ids import allocate
from digests.archive.items import hash_of
from digests.archive.itemstore import NewFilings
from digests.archive.tables import events as events_table
from digests.archive.tables import items as items_table
from digests.model import Dating, Filing, Reason, ReportedEvent, SourceKind

DAY_ONE = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)


async def put_item(archive: Archive, *, sections: Sequence[str] = (), score: float = 0.8, **values: Any) -> int:
    """Archive one item, filed into ``sections`` (off topic without any); returns its id."""
    async with archive.write() as connection:
        (item_id,) = await allocate(connection, items_table, 1)
        row = _row(item_id, values) | ({} if sections else {"off_topic": "too little for any section"}) | values
        await itemstore.insert(connection, [row])
        filings = [Filing(section, score, (Reason("word", "bridge", 0.4),)) for section in sections]
        await itemstore.insert_filings(connection, [NewFilings(item_id, row["published_at"], row["language"], filings)])
    return item_id


async def put_event(archive: Archive, last_item_at: datetime = DAY_ONE) -> int:
    """Archive an event; returns its id."""
    async with archive.write() as connection:
        (event_id,) = await allocate(connection, events_table, 1)
        await events.insert(connection, [EventState(event_id, last_item_at, {})], DAY_ONE)
    return event_id


async def put_edition(
    archive: Archive,
    at: datetime = DAY_ONE,
    *event_ids: int,
    digest: str = "morning",
    kind: str = "digest",
    deliver: Sequence[NewDelivery] = (),
) -> tuple[int, list[str]]:
    """Archive an edition that reports these events; returns its id and those of its deliveries."""
    async with archive.write() as connection:
        edition_id = await editions.create(
            connection, digest_id=digest, scheduled_at=at, composed_at=at, after_item=0, through_item=9, kind=kind
        )
        assert edition_id is not None, f"{digest} has an edition of {at}"
        reported = [ReportedEvent("building", event_id, voices=1, items=1) for event_id in event_ids]
        await editions.record_events(connection, edition_id, reported)
        keys = await deliveries.add(connection, edition_id, deliver, now=at, give_up_at=at + timedelta(hours=6))
    return edition_id, keys


async def second_program(archive: Archive) -> Archive:
    """The same archive opened once more, as another process would."""
    return await Archive.open(archive.url.render_as_string(hide_password=False))


def _row(item_id: int, values: dict[str, Any]) -> dict[str, Any]:
    url = values.get("url", f"https://news.example/{item_id}")
    return {
        "id": item_id,
        "source_id": "courier",
        "key": f"key-{item_id}",
        "fingerprint": f"{item_id:032}",
        "language": "en",
        "published_at": DAY_ONE,
        "dating": Dating.STATED,
        "first_seen_at": DAY_ONE,
        "publisher": "River Courier",
        "family": "courier",
        "kind": SourceKind.NATIONAL,
        "baseline": False,
        "revision": 1,
        "event_id": None,
        "duplicate_of": None,
        "withdrawn_at": None,
        "locator": None,
        "off_topic": None,
        "title": f"Title {item_id}",
        "url": url,
        "url_hash": hash_of(url) if url else None,
        "text": f"Text {item_id}.",
        "signature": None,
        "grouping": None,
    }
