"""What the archive can tell of how an item or an edition came about: for ``kakehashi why``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import deliveries, edition_items, editions, items, revisions
from digests.model import Destination


@dataclass(frozen=True, slots=True)
class Revision:
    """What an item said until ``seen_at``, when another text was read."""

    number: int
    seen_at: datetime
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Citing:
    """An edition that quotes an item. ``told_at``: when its readers were told that the item changed."""

    edition_id: int
    digest_id: str
    scheduled_at: datetime
    kind: str
    revision: int
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the ledger with its times, without what it says."""

    id: str
    destination: Destination
    part: int
    parts: int
    state: str
    attempts: int
    created_at: datetime
    next_try_at: datetime
    give_up_at: datetime
    sent_at: datetime | None
    platform_ids: Sequence[str]
    error: str | None


async def grouping_of(connection: AsyncConnection, item_id: int) -> str | None:
    """Why the item belongs to its event; None when nobody wrote that down."""
    found: str | None = (
        await connection.execute(select(items.c.grouping).where(items.c.id == item_id))
    ).scalar_one_or_none()
    return found


async def revisions_of(connection: AsyncConnection, item_id: int) -> list[Revision]:
    """Earlier revisions, oldest first."""
    query = (
        select(revisions.c.number, revisions.c.seen_at, revisions.c.title, revisions.c.url)
        .where(revisions.c.item_id == item_id)
        .order_by(revisions.c.number)
    )
    return [Revision(*row) for row in await connection.execute(query)]


async def editions_citing(connection: AsyncConnection, item_id: int) -> list[Citing]:
    """The editions that quote the item, oldest first."""
    query = (
        select(
            editions.c.id,
            editions.c.digest_id,
            editions.c.scheduled_at,
            editions.c.kind,
            edition_items.c.revision,
            edition_items.c.told_at,
        )
        .join(editions, editions.c.id == edition_items.c.edition_id)
        .where(edition_items.c.item_id == item_id)
        .order_by(editions.c.scheduled_at, editions.c.id)
    )
    return [Citing(*row) for row in await connection.execute(query)]


async def ledger_of(connection: AsyncConnection, edition_id: int) -> list[Row]:
    """The edition's deliveries, by destination and part."""
    columns = (
        *("id", "platform", "workspace", "channel", "kind", "part", "parts", "state", "attempts"),
        *("created_at", "next_try_at", "give_up_at", "sent_at", "platform_ids", "error"),
    )
    query = (
        select(*(deliveries.c[name] for name in columns))
        .where(deliveries.c.edition_id == edition_id)
        .order_by(deliveries.c.platform, deliveries.c.workspace, deliveries.c.channel, deliveries.c.part)
    )
    return [
        Row(row.id, Destination(row.platform, row.workspace, row.channel, row.kind), *row[5:])
        for row in await connection.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Window:
    """Items that were archived between two editions, by what became of them at once."""

    seen: int
    baseline: int
    """Read with their source's first reading: background, not news."""
    off_topic: int
    withdrawn: int
    """Before the edition was composed."""


async def window_of(connection: AsyncConnection, *, after_item: int, through_item: int) -> Window:
    """Of the items that are still archived."""
    news = items.c.baseline.is_(False)
    query = select(
        func.count(),
        func.count().filter(items.c.baseline),
        func.count().filter(news, items.c.off_topic.is_not(None)),
        func.count().filter(news, items.c.off_topic.is_(None), items.c.withdrawn_at.is_not(None)),
    ).where(items.c.id > after_item, items.c.id <= through_item)
    return Window(*(await connection.execute(query)).one())
