"""Figures of the archive for monitoring: cheap counts that its indexes answer, and how large it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import deliveries as ledger
from digests.archive import health
from digests.archive.tables import deliveries, editions, filings, items
from digests.model import DeliveryState, Source, SourceHealth

_WAITING = (DeliveryState.PENDING, DeliveryState.LEASED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the archive. ``oldest_waiting`` is when the oldest delivery that waits was written."""

    sources: Sequence[SourceHealth]
    items: Mapping[str, int]
    """By section; withdrawn ones are left out."""
    duplicates: int
    """Items that are copies of another."""
    deliveries: Mapping[DeliveryState, int]
    oldest_waiting: datetime | None
    last_editions: Mapping[str, datetime]
    """By digest: when the newest edition was composed of which everything was posted (or nothing was to be)."""


async def standing(
    connection: AsyncConnection,
    *,
    sources: Iterable[Source],
    sections: Iterable[str],
    digests: Iterable[str],
    now: datetime,
) -> Standing:
    """Read everything; some tens of milliseconds with 100,000 items, so not on the event loop."""
    states = await health.all_states(connection, sources, now)
    filed = select(filings.c.section, func.count()).where(filings.c.withdrawn.is_(False)).group_by(filings.c.section)
    counted = {row[0]: int(row[1]) for row in await connection.execute(filed)}
    copies = select(func.count()).select_from(items).where(items.c.duplicate_of.is_not(None))
    waiting = select(func.min(deliveries.c.created_at)).where(deliveries.c.state.in_(_WAITING))
    last = {digest: await _last_complete(connection, digest) for digest in digests}
    return Standing(
        sources=states,
        items={section: counted.get(section, 0) for section in sections},
        duplicates=(await connection.execute(copies)).scalar_one(),
        deliveries=await ledger.counts(connection),
        oldest_waiting=(await connection.execute(waiting)).scalar(),
        last_editions={digest: at for digest, at in last.items() if at is not None},
    )


async def _last_complete(connection: AsyncConnection, digest_id: str) -> datetime | None:
    open_row = exists().where(deliveries.c.edition_id == editions.c.id, deliveries.c.state != DeliveryState.SENT)
    query = (
        select(editions.c.composed_at)
        .where(editions.c.digest_id == digest_id, ~open_row)
        .order_by(editions.c.scheduled_at.desc())
        .limit(1)
    )
    found: datetime | None = (await connection.execute(query)).scalar()
    return found


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes. ``free`` are pages that deleted rows left behind and that new ones will fill; ``index`` is the search
    index's share (None: this database cannot tell)."""

    archive: int
    free: int
    index: int | None


async def size(connection: AsyncConnection) -> Size:
    """How large the archive is. SQLite reads every page of the index for that: about 0.2 s for 100,000 items."""
    if connection.dialect.name == "postgresql":
        whole = (await connection.execute(text("SELECT pg_database_size(current_database())"))).scalar_one()
        share = text(
            "SELECT pg_total_relation_size(c.oid) FROM pg_class c WHERE c.relname LIKE 'search\\_%' AND relkind = 'r'"
        )
        return Size(int(whole), 0, sum(int(row[0]) for row in await connection.execute(share)))
    page = await _pragma(connection, "page_size")
    pages, free = await _pragma(connection, "page_count"), await _pragma(connection, "freelist_count")
    return Size(page * pages, page * free, await _index_size(connection))


async def _pragma(connection: AsyncConnection, name: str) -> int:
    return int((await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one())


async def _index_size(connection: AsyncConnection) -> int | None:
    """By SQLite's own table of pages, which not every build of it has."""
    options = {row[0] for row in await connection.exec_driver_sql("PRAGMA compile_options")}
    if "ENABLE_DBSTAT_VTAB" not in options:
        return None
    found = await connection.exec_driver_sql(
        "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN"
        " (SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'search\\_%' ESCAPE '\\')"
    )
    return int(found.scalar() or 0)
