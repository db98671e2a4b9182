"""Keeping the archive bounded: what is older than its time is deleted, in batches short enough for others to write
in between. The dossier stays; so do the editions' own texts until their time is up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Table, delete, select

from digests.archive import Archive, local_messages, views
from digests.archive.tables import deliveries, editions, events, items
from digests.model import DeliveryState
from digests.search.index import SearchIndex

log = structlog.get_logger()

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things are kept."""

    items: timedelta
    messages: timedelta
    editions: timedelta


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows were deleted."""

    items: int
    events: int
    messages: int
    editions: int
    views: int


async def enforce(archive: Archive, index: SearchIndex, policy: Policy, now: datetime) -> Removed:
    """Delete what is older than the policy allows; safe to stop at any moment and to run again."""
    gone = 0
    while batch := await _old_items(archive, index, now - policy.items):
        gone += batch
    memberless = ~select(items.c.id).where(items.c.event_id == events.c.id).exists()
    empty = await _in_batches(archive, events, memberless & (events.c.last_item_at < now - policy.items))
    # A digest's newest edition stays: what is due next is told from it. Unsettled deliveries keep theirs, too.
    newer = editions.alias("newer")
    newest = ~select(newer.c.id).where(newer.c.digest_id == editions.c.digest_id, newer.c.id > editions.c.id).exists()
    open_rows = (
        select(deliveries.c.id)
        .where(
            deliveries.c.edition_id == editions.c.id,
            deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.LEASED]),
        )
        .exists()
    )
    old = await _in_batches(archive, editions, (editions.c.composed_at < now - policy.editions) & ~newest & ~open_rows)
    async with archive.write() as connection:
        messages = await local_messages.prune(connection, before=now - policy.messages)
        expired = await views.prune(connection, now=now)
    removed = Removed(gone, empty, messages, old, expired)
    if removed != Removed(0, 0, 0, 0, 0):
        log.info("retention.enforced", items=gone, events=empty, messages=messages, editions=old, views=expired)
    return removed


async def _old_items(archive: Archive, index: SearchIndex, before: datetime) -> int:
    async with archive.write() as connection:
        query = select(items.c.id).where(items.c.first_seen_at < before).order_by(items.c.first_seen_at).limit(_BATCH)
        ids = list((await connection.execute(query)).scalars())
        if ids:
            await index.remove(connection, [f"item:{item_id}" for item_id in ids])
            await connection.execute(delete(items).where(items.c.id.in_(ids)))
    return len(ids)


async def _in_batches(archive: Archive, table: Table, condition: ColumnElement[Any]) -> int:
    total = 0
    while True:
        async with archive.write() as connection:
            ids = list((await connection.execute(select(table.c.id).where(condition).limit(_BATCH))).scalars())
            if ids:
                await connection.execute(delete(table).where(table.c.id.in_(ids)))
        total += len(ids)
        if len(ids) < _BATCH:
            return total
