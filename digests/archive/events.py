"""Events: rows, members, and what the grouper needs to take up its work after a restart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.items import item_of
from digests.archive.tables import events, items
from digests.events import EventRow, ItemRow, best_first
from digests.model import Event

_CHUNK = 500
_MEMBER_COLUMNS = [column for column in items.c if column.name not in ("signature", "fingerprint")]


async def members(connection: AsyncConnection, event_ids: Sequence[int]) -> list[Event]:
    """The events with their items, best source first; withdrawn items are left out."""
    found = defaultdict(list)
    for start in range(0, len(event_ids), _CHUNK):
        query = select(*_MEMBER_COLUMNS).where(
            items.c.event_id.in_(list(event_ids[start : start + _CHUNK])), items.c.withdrawn_at.is_(None)
        )
        for row in (await connection.execute(query)).mappings():
            found[row["event_id"]].append(item_of(row))
    return [Event(event_id, tuple(best_first(found[event_id]))) for event_id in event_ids if event_id in found]


async def insert(
    connection: AsyncConnection, rows: Sequence[tuple[int, datetime, Mapping[str, Any]]], now: datetime
) -> None:
    """Write new events: (id, time of the last item, profile)."""
    if rows:
        await connection.execute(
            events.insert(),
            [
                {"id": event_id, "created_at": now, "last_item_at": last, "profile": dict(profile)}
                for event_id, last, profile in rows
            ],
        )


async def advance(
    connection: AsyncConnection, event_id: int, last_item_at: datetime, profile: Mapping[str, Any]
) -> None:
    """Put an event's profile in place after items have joined it."""
    await connection.execute(
        update(events).where(events.c.id == event_id).values(last_item_at=last_item_at, profile=dict(profile))
    )


async def window(connection: AsyncConnection, since: datetime) -> tuple[list[ItemRow], list[EventRow]]:
    """What the event index is rebuilt from: items published since a moment, oldest first, and their events."""
    query = (
        select(items.c.id, items.c.event_id, items.c.duplicate_of, items.c.published_at, items.c.signature)
        .where(items.c.published_at >= since, items.c.event_id.is_not(None))
        .order_by(items.c.published_at, items.c.id)
    )
    rows = [ItemRow(*row) for row in await connection.execute(query)]
    wanted = select(events.c.id, events.c.last_item_at, events.c.profile).where(
        events.c.id.in_(select(items.c.event_id).where(items.c.published_at >= since))
    )
    return rows, [EventRow(*row) for row in await connection.execute(wanted)]
