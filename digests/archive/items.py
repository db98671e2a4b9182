"""Items, their revisions and filings: reading. What an update writes stands in :mod:`digests.archive.itemstore`."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, bindparam, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import filings, items, revisions
from digests.model import Dating, Filing, Item, Reason, SourceKind

CHUNK = 500
"""Values in one IN list (SQLite's own limit is 32,766 since 3.32), and rows that become items in one go: about 10 ms
of work for the event loop."""
TITLES_SEARCHED = 50_000
"""How many of the newest items :func:`find_titles` looks at: about 25 ms when none of them matches."""
COLUMNS = tuple(items.c[field.name] for field in fields(Item))
"""The columns that make an item, in the order of its fields."""
_KIND, _DATING = (COLUMNS.index(items.c[name]) for name in ("kind", "dating"))
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
    title: str
    published_at: datetime


# --- items -------------------------------------------------------------------------------------------------


async def by_id(connection: AsyncConnection, item_id: int) -> Item | None:
    found = await by_ids(connection, [item_id])
    return found[0] if found else None


async def by_ids(connection: AsyncConnection, item_ids: Sequence[int]) -> list[Item]:
    """The items that exist, in the order of ``item_ids``."""
    found: dict[int, Item] = {}
    for chunk in chunks(item_ids):
        for row in await connection.execute(_BY_ID, {"among": chunk}):
            found[row[0]] = item_of(row)
    return [found[item_id] for item_id in item_ids if item_id in found]


async def latest(
    connection: AsyncConnection,
    *,
    section: str | None,
    limit: int,
    offset: int = 0,
    before: tuple[datetime, int] | None = None,
    language: str | None = None,
) -> list[Item]:
    """Items on the story, newest publication first, of one section or of all; withdrawn ones are left out.

    ``before`` (publication time and id of the last item of a page) begins after that item and costs the same on every
    page; ``offset`` walks over what it leaves out, 5 ms at 100,000.
    """
    if section is None:
        when, item_id, spoken = items.c.published_at, items.c.id, items.c.language
        query = select(item_id).where(*_ON_TOPIC)
    else:
        when, item_id, spoken = filings.c.published_at, filings.c.item_id, filings.c.language
        query = select(item_id).where(*_in_section(section))
    if before is not None:
        query = query.where(tuple_(when, item_id) < before)
    if language is not None:
        query = query.where(spoken == language)
    query = query.order_by(when.desc(), item_id.desc()).limit(limit).offset(offset)
    return await by_ids(connection, (await connection.execute(query)).scalars().all())


async def count(connection: AsyncConnection, *, section: str | None, language: str | None = None) -> int:
    """How many items there are on the story, in one section or in all; withdrawn ones are left out."""
    if section is None:
        query = select(func.count()).select_from(items).where(*_ON_TOPIC)
        spoken: ColumnElement[str] = items.c.language
    else:
        query = select(func.count()).select_from(filings).where(*_in_section(section))
        spoken = filings.c.language
    if language is not None:
        query = query.where(spoken == language)
    return (await connection.execute(query)).scalar_one()


async def counts_since(connection: AsyncConnection, moment: datetime, sections: Sequence[str]) -> dict[str, int]:
    """How many items published since a moment each section holds; 0 for sections without any."""
    query = (
        select(filings.c.section, func.count())
        .where(filings.c.section.in_(sections), filings.c.withdrawn.is_(False), filings.c.published_at >= moment)
        .group_by(filings.c.section)
    )
    found = {row[0]: int(row[1]) for row in await connection.execute(query)}
    return {section: found.get(section, 0) for section in sections}


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


async def find_titles(connection: AsyncConnection, words: str, *, limit: int = 20) -> list[tuple[int, str]]:
    """Ids and titles of items whose title holds every word (or piece of one), newest first, off-topic ones included.

    Of a large archive only the newest :data:`TITLES_SEARCHED` items are looked at.
    """
    newest = await max_item_id(connection)
    query = (
        select(items.c.id, items.c.title)
        .where(items.c.id > newest - TITLES_SEARCHED, *(_holds(items.c.title, word) for word in words.split()))
        .order_by(items.c.id.desc())
        .limit(limit)
    )
    return [(row.id, row.title) for row in await connection.execute(query)]


# --- items as digests want them ----------------------------------------------------------------------------


async def new_since(
    connection: AsyncConnection, *, after_item: int, through_item: int, sections: Sequence[str]
) -> list[FiledItem]:
    """Items that count as news, filed into any of the sections, with ``after_item < id <= through_item``."""
    query = (
        select(filings.c.item_id)
        .distinct()
        .join(items, items.c.id == filings.c.item_id)
        .where(
            filings.c.item_id > after_item,
            filings.c.item_id <= through_item,
            filings.c.section.in_(sections),
            filings.c.withdrawn.is_(False),
            items.c.baseline.is_(False),
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
        asked = {"wanted": section, "start": start, "end": end, "most": most}
        ids.update(dict.fromkeys((await connection.execute(_STRONGEST, asked)).scalars()))
    return await _filed(connection, sorted(ids))


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
    for chunk in chunks(item_ids):
        for row in await connection.execute(_FILINGS, {"among": chunk}):
            found[row.item_id].append(_filing(row))
    return {item_id: tuple(own) for item_id, own in found.items()}


async def revisions_of(connection: AsyncConnection, item_id: int) -> list[tuple[int, str, str]]:
    """Earlier revisions, oldest first: number, title, text."""
    query = select(revisions).where(revisions.c.item_id == item_id).order_by(revisions.c.number)
    return [(row.number, row.title, row.text) for row in await connection.execute(query)]


# --- items as updates want them ----------------------------------------------------------------------------


async def known(connection: AsyncConnection, source_id: str, keys: Sequence[str]) -> dict[str, Known]:
    """What is archived of a source under these keys."""
    found: dict[str, Known] = {}
    for chunk in chunks(keys):
        rows = await connection.execute(_BY_KEY, {"source": source_id, "among": chunk})
        found |= {row.key: _known(row) for row in rows}
    return found


async def known_by_url(connection: AsyncConnection, source_id: str, urls: Sequence[str]) -> dict[str, list[Known]]:
    """What is archived of a source under these addresses."""
    hashes = {hash_of(url): url for url in urls}
    found: dict[str, list[Known]] = defaultdict(list)
    for chunk in chunks(list(hashes)):
        for row in await connection.execute(_BY_LINK, {"source": source_id, "among": chunk}):
            found[row.url].append(_known(row))
    return {url: found[url] for url in urls if url in found}


async def present_keys(connection: AsyncConnection, source_id: str) -> dict[str, int]:
    """Keys and ids of a source's items that are not withdrawn."""
    query = select(items.c.key, items.c.id).where(items.c.source_id == source_id, items.c.withdrawn_at.is_(None))
    return {row.key: row.id for row in await connection.execute(query)}


def hash_of(url: str) -> str:
    """What the archive looks addresses up by."""
    return hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def chunks(values: Sequence[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(values), CHUNK):
        yield list(values[start : start + CHUNK])


# --- rows and conditions -----------------------------------------------------------------------------------

_KNOWN = (
    items.c.id,
    items.c.key,
    items.c.fingerprint,
    items.c.revision,
    items.c.url,
    items.c.withdrawn_at,
    items.c.title,
    items.c.published_at,
)
# Made once: building such a statement takes longer than running it.
_OF_SOURCE = select(*_KNOWN).where(items.c.source_id == bindparam("source"))
_BY_KEY = _OF_SOURCE.where(items.c.key.in_(bindparam("among", expanding=True)))
_BY_ID = select(*COLUMNS).where(items.c.id.in_(bindparam("among", expanding=True)))
_FILINGS = (
    select(filings.c.item_id, filings.c.section, filings.c.score, filings.c.reasons)
    .where(filings.c.item_id.in_(bindparam("among", expanding=True)))
    .order_by(filings.c.score.desc(), filings.c.section)
)
_BY_LINK = _OF_SOURCE.where(items.c.url_hash.in_(bindparam("among", expanding=True)))
# As the partial index has it, so that it is taken.
_ON_TOPIC = (items.c.off_topic.is_(None), items.c.withdrawn_at.is_(None))


_STRONGEST = (
    select(filings.c.item_id)
    .where(
        filings.c.section == bindparam("wanted"),
        filings.c.withdrawn.is_(False),
        filings.c.published_at >= bindparam("start"),
        filings.c.published_at < bindparam("end"),
    )
    .order_by(filings.c.score.desc(), filings.c.published_at.desc(), filings.c.item_id.desc())
    .limit(bindparam("most", type_=Integer()))
)


def _in_section(section: str) -> tuple[ColumnElement[bool], ...]:
    return filings.c.section == section, filings.c.withdrawn.is_(False)


def _holds(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Whether a text holds a word in whatever case. SQLite knows upper and lower case of ASCII letters only."""
    spellings = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
    if word.isascii():
        return column.icontains(word, autoescape=True)
    return or_(*(column.contains(spelling, autoescape=True) for spelling in spellings))


def _known(row: Any) -> Known:
    return Known(
        row.id,
        row.key,
        row.fingerprint,
        row.revision,
        row.url,
        row.withdrawn_at is not None,
        row.title,
        row.published_at,
    )


async def _filed(connection: AsyncConnection, item_ids: Sequence[int]) -> list[FiledItem]:
    own = await filings_of(connection, item_ids)
    return [FiledItem(item, own.get(item.id, ())) for item in await by_ids(connection, item_ids)]


def item_of(row: Sequence[Any]) -> Item:
    """A row of :data:`COLUMNS` as an item."""
    values = list(row)
    values[_KIND] = SourceKind(values[_KIND])
    values[_DATING] = Dating(values[_DATING])
    return Item(*values)


def _filing(row: Any) -> Filing:
    reasons = tuple(Reason(kind, detail, weight) for kind, detail, weight in row.reasons)
    return Filing(row.section, row.score, reasons)
