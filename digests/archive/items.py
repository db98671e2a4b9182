"""Items, their revisions and filings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Select, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import UtcTime, filings, items, revisions
from digests.model import Dating, Filing, Item, Reason, SourceKind

_CHUNK = 500
"""Values in one IN list; SQLite's own limit is 32,766 since 3.32."""
_COLUMNS = [column for column in items.c if column.name not in ("signature", "fingerprint")]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FiledItem:
    """An item with the sections that it is filed in."""

    item: Item
    filings: tuple[Filing, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What an update must know of an archived item to tell whether an entry is new, changed or the same."""

    id: int
    key: str
    fingerprint: str
    revision: int
    url: str | None
    withdrawn: bool


# --- reading -----------------------------------------------------------------------------------------------


async def by_id(connection: AsyncConnection, item_id: int) -> Item | None:
    found = await by_ids(connection, [item_id])
    return found[0] if found else None


async def by_ids(connection: AsyncConnection, item_ids: Sequence[int]) -> list[Item]:
    """The items that exist, in the order of ``item_ids``."""
    found: dict[int, Item] = {}
    for chunk in _chunks(item_ids):
        for item in await _fetch(connection, select(*_COLUMNS).where(items.c.id.in_(chunk))):
            found[item.id] = item
    return [found[item_id] for item_id in item_ids if item_id in found]


async def latest(connection: AsyncConnection, *, section: str | None, limit: int, offset: int = 0) -> list[Item]:
    """Items on the story, newest publication first, of one section or of all."""
    if section is None:
        ids = (
            select(items.c.id)
            .where(items.c.off_topic.is_(None))
            .order_by(items.c.published_at.desc(), items.c.id.desc())
        )
    else:
        ids = (
            select(filings.c.item_id)
            .where(filings.c.section == section)
            .order_by(filings.c.published_at.desc(), filings.c.item_id.desc())
        )
    found = (await connection.execute(ids.limit(limit).offset(offset))).scalars().all()
    return await by_ids(connection, found)


async def count(connection: AsyncConnection, *, section: str | None) -> int:
    """How many items there are on the story, in one section or in all."""
    if section is None:
        query = select(func.count()).select_from(items).where(items.c.off_topic.is_(None))
    else:
        query = select(func.count()).select_from(filings).where(filings.c.section == section)
    return (await connection.execute(query)).scalar_one()


async def max_item_id(connection: AsyncConnection) -> int:
    """The newest item's id; 0 in an empty archive."""
    return (await connection.execute(select(func.max(items.c.id)))).scalar() or 0


async def last_before(connection: AsyncConnection, moment: datetime) -> int:
    """The id of the last item first seen before a moment; 0 when there is none."""
    query = (
        select(items.c.id)
        .where(items.c.first_seen_at < moment)
        .order_by(items.c.first_seen_at.desc(), items.c.id.desc())
        .limit(1)
    )
    return (await connection.execute(query)).scalar() or 0


async def new_since(
    connection: AsyncConnection, *, after_item: int, through_item: int, sections: Sequence[str]
) -> list[FiledItem]:
    """Items that count as news, filed into any of the sections, with ``after_item < id <= through_item``."""
    query = (
        select(filings.c.item_id)
        .distinct()
        .join(items, items.c.id == filings.c.item_id)
        .where(
            filings.c.section.in_(list(sections)),
            filings.c.item_id > after_item,
            filings.c.item_id <= through_item,
            items.c.baseline.is_(False),
            items.c.withdrawn_at.is_(None),
        )
        .order_by(filings.c.item_id)
    )
    return await _filed(connection, (await connection.execute(query)).scalars().all())


async def published_between(
    connection: AsyncConnection, *, start: datetime, end: datetime, sections: Sequence[str], most: int
) -> list[FiledItem]:
    """The strongest items of a period, ``most`` of each section, baseline ones included (``start <= time < end``)."""
    ids: dict[int, None] = {}
    for section in sections:
        query = (
            select(filings.c.item_id)
            .where(filings.c.section == section, filings.c.published_at >= start, filings.c.published_at < end)
            .order_by(filings.c.score.desc(), filings.c.published_at.desc())
            .limit(most)
        )
        ids.update(dict.fromkeys((await connection.execute(query)).scalars()))
    found = await _filed(connection, sorted(ids))
    return [filed for filed in found if filed.item.withdrawn_at is None]


async def counts_between(connection: AsyncConnection, *, after_item: int, through_item: int) -> tuple[int, int]:
    """How many new items there were, and how many of them off topic."""
    query = select(func.count(), func.count(items.c.off_topic)).where(
        items.c.id > after_item, items.c.id <= through_item, items.c.baseline.is_(False)
    )
    seen, off_topic = (await connection.execute(query)).one()
    return seen, off_topic


async def filings_of(connection: AsyncConnection, item_ids: Sequence[int]) -> dict[int, tuple[Filing, ...]]:
    """Each item's filings, strongest first."""
    found: dict[int, list[Filing]] = defaultdict(list)
    for chunk in _chunks(item_ids):
        query = select(filings).where(filings.c.item_id.in_(chunk)).order_by(filings.c.score.desc())
        for row in (await connection.execute(query)).mappings():
            found[row["item_id"]].append(_filing(row))
    return {item_id: tuple(own) for item_id, own in found.items()}


async def known(connection: AsyncConnection, source_id: str, keys: Sequence[str]) -> dict[str, Known]:
    """What is archived of a source under these keys."""
    found: dict[str, Known] = {}
    for chunk in _chunks(keys):
        query = select(*_KNOWN).where(items.c.source_id == source_id, items.c.key.in_(chunk))
        found |= {row.key: _known(row) for row in await connection.execute(query)}
    return found


async def known_by_url(connection: AsyncConnection, source_id: str, urls: Sequence[str]) -> dict[str, Known]:
    """What is archived of a source under these addresses."""
    found: dict[str, Known] = {}
    for chunk in _chunks(urls):
        query = select(*_KNOWN).where(items.c.url.in_(chunk), items.c.source_id == source_id)
        found |= {row.url: _known(row) for row in await connection.execute(query)}
    return found


async def present_keys(connection: AsyncConnection, source_id: str) -> dict[str, int]:
    """Keys and ids of a source's items that are not withdrawn."""
    query = select(items.c.key, items.c.id).where(items.c.source_id == source_id, items.c.withdrawn_at.is_(None))
    return {row.key: row.id for row in await connection.execute(query)}


# --- writing -----------------------------------------------------------------------------------------------


async def insert(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write new items; each row holds every column of the table."""
    if rows:
        await connection.execute(items.insert(), list(rows))


async def insert_filings(connection: AsyncConnection, new: Iterable[tuple[int, datetime, Sequence[Filing]]]) -> None:
    """Write the filings of items: (item id, publication time, filings)."""
    rows = [
        {
            "item_id": item_id,
            "section": filing.section,
            "score": filing.score,
            "reasons": [[reason.kind, reason.detail, reason.weight] for reason in filing.reasons],
            "published_at": published_at,
        }
        for item_id, published_at, own in new
        for filing in own
    ]
    if rows:
        await connection.execute(filings.insert(), rows)


async def revise(connection: AsyncConnection, item_id: int, values: Mapping[str, Any], seen_at: datetime) -> None:
    """Keep what an item was as a revision and put ``values`` in its place; its filings are dropped."""
    old = select(
        items.c.id, items.c.revision, literal(seen_at, UtcTime), items.c.title, items.c.text, items.c.url
    ).where(items.c.id == item_id)
    columns = ["item_id", "number", "seen_at", "title", "text", "url"]
    await connection.execute(revisions.insert().from_select(columns, old))
    await connection.execute(filings.delete().where(filings.c.item_id == item_id))
    await connection.execute(update(items).where(items.c.id == item_id).values(revision=items.c.revision + 1, **values))


async def touch(connection: AsyncConnection, fingerprints: Mapping[int, str]) -> None:
    """Note new fingerprints of items whose change was cosmetic, or that came back after being withdrawn."""
    for item_id, fingerprint in fingerprints.items():
        await connection.execute(
            update(items).where(items.c.id == item_id).values(fingerprint=fingerprint, withdrawn_at=None)
        )


async def withdraw(connection: AsyncConnection, item_ids: Sequence[int], at: datetime) -> None:
    """Mark items that their source has taken away. They stay in the archive."""
    for chunk in _chunks(item_ids):
        await connection.execute(update(items).where(items.c.id.in_(chunk)).values(withdrawn_at=at))


async def revisions_of(connection: AsyncConnection, item_id: int) -> list[tuple[int, str, str]]:
    """Earlier revisions, oldest first: number, title, text."""
    query = select(revisions).where(revisions.c.item_id == item_id).order_by(revisions.c.number)
    return [(row.number, row.title, row.text) for row in await connection.execute(query)]


# --- rows --------------------------------------------------------------------------------------------------

_KNOWN = (items.c.id, items.c.key, items.c.fingerprint, items.c.revision, items.c.url, items.c.withdrawn_at)


def _known(row: Any) -> Known:
    return Known(row.id, row.key, row.fingerprint, row.revision, row.url, row.withdrawn_at is not None)


async def _filed(connection: AsyncConnection, item_ids: Sequence[int]) -> list[FiledItem]:
    own = await filings_of(connection, item_ids)
    return [FiledItem(item, own.get(item.id, ())) for item in await by_ids(connection, item_ids)]


async def _fetch(connection: AsyncConnection, query: Select[Any]) -> list[Item]:
    return [item_of(row) for row in (await connection.execute(query)).mappings()]


def item_of(row: RowMapping) -> Item:
    """A row of ``items`` as an item."""
    return Item(
        id=row["id"],
        source_id=row["source_id"],
        key=row["key"],
        url=row["url"],
        title=row["title"],
        text=row["text"],
        language=row["language"],
        published_at=row["published_at"],
        dating=Dating(row["dating"]),
        first_seen_at=row["first_seen_at"],
        publisher=row["publisher"],
        family=row["family"],
        kind=SourceKind(row["kind"]),
        baseline=row["baseline"],
        revision=row["revision"],
        event_id=row["event_id"],
        duplicate_of=row["duplicate_of"],
        off_topic=row["off_topic"],
        locator=row["locator"],
        withdrawn_at=row["withdrawn_at"],
    )


def _filing(row: RowMapping) -> Filing:
    reasons = tuple(Reason(kind, detail, weight) for kind, detail, weight in row["reasons"])
    return Filing(row["section"], row["score"], reasons)


def _chunks(values: Sequence[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])
