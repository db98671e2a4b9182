"""Editions: one row per (digest, scheduled time), and which events each one reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.items import chunks
from digests.archive.tables import edition_events, editions
from digests.archive.upsert import insert_for
from digests.model import Edition, ReportedEvent


async def create(
    connection: AsyncConnection,
    *,
    digest_id: str,
    scheduled_at: datetime,
    composed_at: datetime,
    after_item: int,
    through_item: int,
    kind: str,
    missed: int = 0,
    summary: Mapping[str, Any] | None = None,
) -> int | None:
    """Insert an edition and return its id; None when that (digest, scheduled time) has one already."""
    statement = (
        insert_for(connection, editions)
        .values(
            digest_id=digest_id,
            scheduled_at=scheduled_at,
            composed_at=composed_at,
            after_item=after_item,
            through_item=through_item,
            kind=kind,
            missed=missed,
            summary=dict(summary or {}),
        )
        .on_conflict_do_nothing(index_elements=["digest_id", "scheduled_at"])
        .returning(editions.c.id)
    )
    created: int | None = (await connection.execute(statement)).scalar_one_or_none()
    return created


async def exists(connection: AsyncConnection, digest_id: str, scheduled_at: datetime) -> bool:
    query = select(editions.c.id).where(editions.c.digest_id == digest_id, editions.c.scheduled_at == scheduled_at)
    return (await connection.execute(query)).first() is not None


async def last(connection: AsyncConnection, digest_id: str) -> Edition | None:
    """The digest's newest edition by scheduled time, of any kind."""
    query = select(editions).where(editions.c.digest_id == digest_id).order_by(editions.c.scheduled_at.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return _edition(row) if row else None


async def by_id(connection: AsyncConnection, edition_id: int) -> Edition | None:
    row = (await connection.execute(select(editions).where(editions.c.id == edition_id))).mappings().first()
    return _edition(row) if row else None


async def summary_of(connection: AsyncConnection, edition_id: int) -> dict[str, Any]:
    """What was kept of an edition beside its words; empty when there is none."""
    found: dict[str, Any] | None = (
        await connection.execute(select(editions.c.summary).where(editions.c.id == edition_id))
    ).scalar_one_or_none()
    return found or {}


async def recent(connection: AsyncConnection, *, digest_id: str | None = None, limit: int = 10) -> list[Edition]:
    """Newest editions first, of one digest or of all."""
    query = select(editions).order_by(editions.c.scheduled_at.desc(), editions.c.id.desc()).limit(limit)
    if digest_id is not None:
        query = query.where(editions.c.digest_id == digest_id)
    return [_edition(row) for row in (await connection.execute(query)).mappings()]


async def posted_since(connection: AsyncConnection, digest_id: str, since: datetime) -> bool:
    """Whether a digest has posted anything since a moment (skipped editions and the start do not count)."""
    query = select(editions.c.id).where(
        editions.c.digest_id == digest_id,
        editions.c.scheduled_at > since,
        editions.c.kind.not_in(["skipped", "start"]),
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def record_events(connection: AsyncConnection, edition_id: int, reported: Iterable[ReportedEvent]) -> None:
    """Keep what an edition reported, so that the next one can tell what has changed."""
    rows = [
        {
            "edition_id": edition_id,
            "section": e.section,
            "event_id": e.event_id,
            "voices": e.voices,
            "items": e.items,
        }
        for e in reported
    ]
    if rows:
        await connection.execute(edition_events.insert(), rows)


async def reported_before(
    connection: AsyncConnection, digest_id: str, event_ids: Iterable[int]
) -> dict[tuple[str, int], ReportedEvent]:
    """The latest report of each of these events by the digest, by (section, event id)."""
    # With something appended the digest finds no rows of itself: few editions report an event, but a digest has many.
    of_digest = editions.c.digest_id.concat("") == digest_id
    found: dict[tuple[str, int], ReportedEvent] = {}
    for chunk in chunks(list(event_ids)):
        query = (
            select(edition_events)
            .join(editions, editions.c.id == edition_events.c.edition_id)
            .where(of_digest, edition_events.c.event_id.in_(chunk))
            .order_by(editions.c.scheduled_at)
        )
        for row in await connection.execute(query):
            found[row.section, row.event_id] = ReportedEvent(row.section, row.event_id, row.voices, row.items)
    return found


def _edition(row: RowMapping) -> Edition:
    return Edition(
        id=row["id"],
        digest_id=row["digest_id"],
        scheduled_at=row["scheduled_at"],
        composed_at=row["composed_at"],
        after_item=row["after_item"],
        through_item=row["through_item"],
        kind=row["kind"],
        missed=row["missed"],
    )
