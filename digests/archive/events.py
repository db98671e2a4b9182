"""Events: rows, members, and what the grouper needs to take up its work after a restart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.items import CHUNK, COLUMNS, chunks, item_of
from digests.archive.tables import UtcTime, events, items
from digests.events import EventRow, ItemRow, best_first
from digests.model import Event


@dataclass(frozen=True, slots=True)
class EventState:
    """An event as the grouper has it now. ``last_item_at`` is that of the items that have just joined it."""

    id: int
    last_item_at: datetime
    profile: Mapping[str, Any]


_EVENT = COLUMNS.index(items.c.event_id)
_MEMBERS = select(*COLUMNS).where(
    items.c.event_id.in_(bindparam("among", expanding=True)), items.c.withdrawn_at.is_(None)
)
"""Made once: building it takes longer than running it."""


async def members(connection: AsyncConnection, event_ids: Sequence[int]) -> list[Event]:
    """The events with their items, best source first; withdrawn items are left out."""
    found = defaultdict(list)
    for chunk in chunks(event_ids):
        for row in await connection.execute(_MEMBERS, {"among": chunk}):
            found[row[_EVENT]].append(item_of(row))
    return [Event(event_id, tuple(best_first(found[event_id]))) for event_id in event_ids if event_id in found]


async def touched_since(connection: AsyncConnection, moment: datetime, *, limit: int = 100) -> list[int]:
    """Events with a report published since a moment, the latest first."""
    query = (
        select(events.c.id)
        .where(events.c.last_item_at >= moment)
        .order_by(events.c.last_item_at.desc(), events.c.id.desc())
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def insert(connection: AsyncConnection, new: Sequence[EventState], now: datetime) -> None:
    """Write new events."""
    rows = [
        {"id": one.id, "created_at": now, "last_item_at": one.last_item_at, "profile": dict(one.profile)} for one in new
    ]
    for chunk in chunks(rows):
        await connection.execute(events.insert(), chunk)


async def advance(connection: AsyncConnection, states: Sequence[EventState]) -> None:
    """Put events' profiles in place after items have joined them."""
    if states:
        last = bindparam("last", type_=UtcTime())
        await connection.execute(
            update(events)
            .where(events.c.id == bindparam("event"))
            .values(
                last_item_at=case((events.c.last_item_at > last, events.c.last_item_at), else_=last),
                profile=bindparam("new", type_=events.c.profile.type),
            ),
            [{"event": one.id, "last": one.last_item_at, "new": dict(one.profile)} for one in states],
        )


async def window(connection: AsyncConnection, since: datetime) -> tuple[list[ItemRow], list[EventRow]]:
    """What the event index is rebuilt from: items published since a moment, oldest first, and their events.

    Read in pieces, so that no single one keeps the event loop for long.
    """
    rows: list[ItemRow] = []
    after: tuple[datetime, int] = (since, 0)
    while True:
        query = (
            select(items.c.id, items.c.event_id, items.c.duplicate_of, items.c.published_at, items.c.signature)
            .where(
                items.c.off_topic.is_(None),
                items.c.withdrawn_at.is_(None),
                items.c.event_id.is_not(None),
                tuple_(items.c.published_at, items.c.id) > after,
            )
            .order_by(items.c.published_at, items.c.id)
            .limit(CHUNK)
        )
        page = [ItemRow(*row) for row in await connection.execute(query)]
        rows += page
        if len(page) < CHUNK:
            return rows, await _states(connection, sorted({row.event_id for row in rows if row.event_id is not None}))
        after = (page[-1].published_at, page[-1].id)


async def _states(connection: AsyncConnection, event_ids: Sequence[int]) -> list[EventRow]:
    found: list[EventRow] = []
    for chunk in chunks(event_ids):
        query = select(events.c.id, events.c.last_item_at, events.c.profile).where(events.c.id.in_(chunk))
        found += [EventRow(*row) for row in await connection.execute(query)]
    return found
