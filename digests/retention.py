"""Keeping the archive bounded: what is older than its time is deleted, in batches short enough for others to write
in between. The dossier stays; so do the editions' own texts until their time is up, and the items that they cite."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, local_messages, media, subscriptions, views
from digests.archive.tables import deliveries, edition_events, editions, events, items
from digests.events import WINDOW
from digests.model import DeliveryState
from digests.search.index import SearchIndex

log = structlog.get_logger()

_BATCH = 200
"""Rows of one transaction: about 0.1 s for items with their passages."""
LEAST_AGE = WINDOW + timedelta(days=1)
"""No item younger than this is deleted, whatever the policy: the grouper still places new items beside it."""


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
    pictures: int = 0


async def enforce(archive: Archive, index: SearchIndex, policy: Policy, now: datetime) -> Removed:
    """Delete what is older than the policy allows; safe to stop at any moment and to run again.

    An item of an event that a kept edition reports stays as long as that edition: members can still ask for it, and
    what changed since is told from it.
    """
    # Editions first: what only they held is free then.
    gone_editions = await _editions(archive, now - policy.editions)
    before = now - max(policy.items, LEAST_AGE)
    gone_items = await _items(archive, index, before)
    await index.tidy(archive)
    gone_events = await _events(archive, before)
    async with archive.write() as connection:
        messages = await local_messages.prune(connection, before=now - policy.messages)
        expired = await views.prune(connection, now=now)
        # A picture or file lives as long as the longest-lived message that may show it.
        pictures = await media.prune(connection, before=now - max(policy.messages, policy.editions))
    removed = Removed(gone_items, gone_events, messages, gone_editions, expired, pictures)
    if any(astuple(removed)):
        log.info(
            "retention.enforced",
            items=removed.items,
            events=removed.events,
            messages=removed.messages,
            editions=removed.editions,
            views=removed.views,
            pictures=removed.pictures,
        )
    return removed


async def _items(archive: Archive, index: SearchIndex, before: datetime) -> int:
    cited = select(edition_events.c.event_id).where(edition_events.c.event_id == items.c.event_id).exists()
    return await _in_batches(archive, items, (items.c.first_seen_at < before) & ~cited, index)


async def _events(archive: Archive, before: datetime) -> int:
    inhabited = select(items.c.id).where(items.c.event_id == events.c.id).exists()
    return await _in_batches(archive, events, (events.c.last_item_at < before) & ~inhabited)


async def _editions(archive: Archive, before: datetime) -> int:
    """A digest's newest edition stays: what is due next is told from it, unless it was a subscription that has ended.
    Unsettled deliveries keep theirs, too."""
    newer = editions.alias("newer")
    outdated = select(newer.c.id).where(newer.c.digest_id == editions.c.digest_id, newer.c.id > editions.c.id).exists()
    free = outdated | subscriptions.has_ended(editions.c.digest_id)
    unsettled = (
        select(deliveries.c.id)
        .where(
            deliveries.c.edition_id == editions.c.id,
            deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.LEASED]),
        )
        .exists()
    )
    return await _in_batches(archive, editions, (editions.c.composed_at < before) & free & ~unsettled)


async def _in_batches(
    archive: Archive, table: Table, condition: ColumnElement[Any], index: SearchIndex | None = None
) -> int:
    """Delete the rows that meet a condition; with ``index``, items with their passages. Returns how many."""

    async def work(connection: AsyncConnection) -> int:
        ids = list((await connection.execute(select(table.c.id).where(condition).limit(_BATCH))).scalars())
        if ids:
            if index is not None:
                await index.remove(connection, [f"item:{item_id}" for item_id in ids])
            await connection.execute(delete(table).where(table.c.id.in_(ids)))
        return len(ids)

    total = 0
    while batch := await archive.write_at_once(work):
        total += batch
    return total
