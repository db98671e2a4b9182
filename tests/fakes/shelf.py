"""Items put straight into an archive, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from digests.archive import Archive, events, itemstore
from digests.archive.events import EventState
from digests.archive.ids import allocate
from digests.archive.items import hash_of
from digests.archive.itemstore import NewFilings
from digests.archive.tables import events as events_table
from digests.archive.tables import items as items_table
from digests.model import Dating, Filing, Reason, SourceKind

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
    }
