"""Posted messages that must be edited: an item that an edition cites was revised or withdrawn by its source.

Two steps, each safe to repeat: :func:`outstanding` and :func:`write` turn changes of items into rows with the new
text, once for each edition and item; :func:`due` and :func:`settle` carry them to the platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.items import chunks
from digests.archive.tables import corrections, deliveries, edition_items, editions, items, revisions
from digests.archive.upsert import insert_for
from digests.model import DeliveryState, Destination

_UNSETTLED = (DeliveryState.PENDING, DeliveryState.LEASED)


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """An item that is not any more what an edition said. ``posted_url`` is the one that was posted."""

    edition_id: int
    item_id: int
    posted_url: str | None
    url: str | None
    title: str
    text: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """A posted message part and what shall stand in its place."""

    delivery_id: str
    destination: Destination
    platform_ids: tuple[str, ...]
    sent_at: datetime
    payload: Mapping[str, Any]
    attempts: int
    edition_id: int


@dataclass(frozen=True, slots=True)
class Posted:
    """A message part as it stands at the platform, or as it will once waiting corrections have arrived."""

    delivery_id: str
    payload: Mapping[str, Any]


async def record_items(connection: AsyncConnection, edition_id: int, item_ids: Iterable[int]) -> None:
    """Note which items the edition cites, as they are now."""
    for chunk in chunks(sorted(set(item_ids))):
        found = await connection.execute(select(items.c.id, items.c.revision).where(items.c.id.in_(chunk)))
        rows = [{"edition_id": edition_id, "item_id": row.id, "revision": row.revision} for row in found]
        if rows:
            await connection.execute(edition_items.insert(), rows)


async def outstanding(connection: AsyncConnection, *, since: datetime) -> list[ChangedItem]:
    """Changed items that editions composed after ``since`` cite and whose readers were not told, oldest edition first.

    Editions that are still being delivered wait.
    """
    unsettled = exists().where(deliveries.c.edition_id == editions.c.id, deliveries.c.state.in_(_UNSETTLED))
    query = (
        select(
            edition_items.c.edition_id,
            items.c.id,
            func.coalesce(revisions.c.url, items.c.url).label("posted_url"),
            items.c.url,
            items.c.title,
            items.c.text,
            items.c.withdrawn_at,
        )
        .join(items, items.c.id == edition_items.c.item_id)
        .outerjoin(
            revisions,
            and_(revisions.c.item_id == items.c.id, revisions.c.number == edition_items.c.revision),
        )
        .join(editions, editions.c.id == edition_items.c.edition_id)
        .where(
            edition_items.c.told_at.is_(None),
            editions.c.composed_at > since,
            or_(items.c.revision > edition_items.c.revision, items.c.withdrawn_at.is_not(None)),
            ~unsettled,
        )
        .order_by(edition_items.c.edition_id, items.c.id)
    )
    return [
        ChangedItem(row.edition_id, row.id, row.posted_url, row.url, row.title, row.text, row.withdrawn_at is not None)
        for row in await connection.execute(query)
    ]


async def posted(connection: AsyncConnection, edition_id: int) -> list[Posted]:
    """The edition's parts that were posted."""
    query = (
        select(deliveries.c.id, deliveries.c.payload, corrections.c.payload.label("newer"))
        .outerjoin(corrections, corrections.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.edition_id == edition_id, deliveries.c.state == DeliveryState.SENT)
    )
    return [Posted(row.id, row.newer or row.payload) for row in await connection.execute(query)]


async def write(connection: AsyncConnection, payloads: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    """Have these texts, by delivery, put in the place of what was posted."""
    for delivery_id, payload in payloads.items():
        values = {"payload": dict(payload), "attempts": 0, "next_try_at": now, "error": None}
        statement = insert_for(connection, corrections).values(delivery_id=delivery_id, **values)
        await connection.execute(statement.on_conflict_do_update(index_elements=["delivery_id"], set_=values))


async def mark_told(connection: AsyncConnection, edition_id: int, item_id: int, now: datetime) -> None:
    """The readers of the edition are told about the item: not again."""
    await connection.execute(
        update(edition_items)
        .where(and_(edition_items.c.edition_id == edition_id, edition_items.c.item_id == item_id))
        .values(told_at=now)
    )


async def due(connection: AsyncConnection, *, now: datetime, limit: int = 50) -> list[Correction]:
    query = (
        select(corrections, deliveries)
        .join(deliveries, deliveries.c.id == corrections.c.delivery_id)
        .where(corrections.c.next_try_at <= now)
        .order_by(corrections.c.next_try_at)
        .limit(limit)
        .with_only_columns(
            corrections.c.delivery_id,
            corrections.c.payload,
            corrections.c.attempts,
            deliveries.c.platform,
            deliveries.c.workspace,
            deliveries.c.channel,
            deliveries.c.kind,
            deliveries.c.platform_ids,
            deliveries.c.sent_at,
            deliveries.c.edition_id,
        )
    )
    return [
        Correction(
            row.delivery_id,
            Destination(row.platform, row.workspace, row.channel, row.kind),
            tuple(row.platform_ids),
            row.sent_at,
            row.payload,
            row.attempts,
            row.edition_id,
        )
        for row in await connection.execute(query)
    ]


async def settle(connection: AsyncConnection, correction: Correction, *, posted: bool) -> None:
    """The correction is at the platform, or (``posted`` False) never will be."""
    await connection.execute(delete(corrections).where(corrections.c.delivery_id == correction.delivery_id))
    if posted:
        await connection.execute(
            update(deliveries).where(deliveries.c.id == correction.delivery_id).values(payload=dict(correction.payload))
        )


async def postpone(connection: AsyncConnection, correction: Correction, *, next_try_at: datetime, error: str) -> None:
    await connection.execute(
        update(corrections)
        .where(corrections.c.delivery_id == correction.delivery_id)
        .values(next_try_at=next_try_at, attempts=correction.attempts + 1, error=error)
    )


async def waiting(connection: AsyncConnection) -> int:
    """How many corrections are not at their platform yet."""
    return int((await connection.execute(select(func.count()).select_from(corrections))).scalar_one())
