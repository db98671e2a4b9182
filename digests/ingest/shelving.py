"""Writing what an update has prepared: items, revisions, filings, events, passages, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import events, itemstore
from digests.archive import tables as table
from digests.archive.direct import aside
from digests.archive.ids import allocate
from digests.archive.items import hash_of
from digests.archive.itemstore import NewFilings
from digests.events import EventIndex
from digests.ingest.grouping import Grouper, Groups, Place, Sorting
from digests.ingest.prepare import Prepared
from digests.model import Dating, Item, Source
from digests.search.index import SearchIndex
from digests.search.passages import NewPassage, item_passages

_NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Edited:
    """An archived item with its entry as it is now. ``revision``: its words differ, so what they were is kept."""

    item: Item
    entry: Prepared
    revision: bool

    @property
    def dated(self) -> tuple[datetime, Dating]:
        """The item's date; the entry's only where the source states one that it did not state before."""
        if self.item.dating is not Dating.STATED and self.entry.dating is Dating.STATED:
            return self.entry.published_at, self.entry.dating
        return self.item.published_at, self.item.dating


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes of a source's update."""

    source: Source
    new: Sequence[Prepared] = ()
    edited: Sequence[Edited] = ()
    seen: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Key and fingerprint of items with cosmetic changes, by id."""
    gone: Sequence[int] = ()
    baseline: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.edited or self.seen or self.gone)


async def shelve(
    connection: AsyncConnection, batch: Batch, grouper: Grouper, search: SearchIndex, now: datetime
) -> None:
    """Write a batch. When it raises, or the transaction fails, reset the grouper: it is ahead of the archive then."""
    index = await grouper.ready(connection, now)
    ids = await allocate(connection, table.items, len(batch.new))
    event_ids = await allocate(connection, table.events, len(batch.new) + len(batch.edited))
    rows = await aside(connection, _rows, batch, index, ids, event_ids, now)
    await events.insert(connection, rows.groups.begun, now)
    await events.advance(connection, rows.groups.joined)
    await itemstore.insert(connection, rows.new)
    await itemstore.revise(connection, rows.revised, now)
    await itemstore.refile(connection, rows.refiled)
    await itemstore.insert_filings(connection, rows.filings)
    await itemstore.touch(connection, batch.seen)
    await itemstore.withdraw(connection, batch.gone, now)
    stale = [f"item:{item_id}" for item_id in (*(edited.item.id for edited in batch.edited), *batch.gone)]
    if stale:
        await search.remove(connection, stale)
    await search.add(connection, rows.passages)


@dataclass(frozen=True, slots=True)
class _Rows:
    groups: Groups
    new: Sequence[Mapping[str, Any]]
    revised: Sequence[Mapping[str, Any]]
    refiled: Sequence[Mapping[str, Any]]
    filings: Sequence[NewFilings]
    passages: Sequence[NewPassage]


def _rows(batch: Batch, index: EventIndex, ids: Sequence[int], event_ids: Sequence[int], now: datetime) -> _Rows:
    index.forget(batch.gone)
    sorting = Sorting(index, event_ids, now)
    for item_id, entry in zip(ids, batch.new, strict=True):
        sorting.add(item_id, entry)
    for edited in batch.edited:
        sorting.edit(edited.item, edited.entry, edited.dated[0])
    groups = sorting.groups()
    placed = [(item_id, entry, entry.published_at) for item_id, entry in zip(ids, batch.new, strict=True)]
    placed += [(edited.item.id, edited.entry, edited.dated[0]) for edited in batch.edited]
    return _Rows(
        groups=groups,
        new=[
            _new_row(batch, item_id, entry, groups.places[item_id], now)
            for item_id, entry in zip(ids, batch.new, strict=True)
        ],
        revised=[_edited_row(edited, groups.places[edited.item.id]) for edited in batch.edited if edited.revision],
        refiled=[_edited_row(edited, groups.places[edited.item.id]) for edited in batch.edited if not edited.revision],
        filings=[NewFilings(item_id, at, entry.language, entry.filing.filings) for item_id, entry, at in placed],
        passages=[passage for item_id, entry, at in placed for passage in _passages(item_id, entry, at)],
    )


def _new_row(batch: Batch, item_id: int, entry: Prepared, place: Place, now: datetime) -> dict[str, Any]:
    return _common(entry, place) | {
        "id": item_id,
        "source_id": batch.source.id,
        "published_at": entry.published_at,
        "dating": entry.dating,
        "first_seen_at": now,
        "baseline": batch.baseline,
        "revision": 1,
    }


def _edited_row(edited: Edited, place: Place) -> dict[str, Any]:
    published_at, dating = edited.dated
    return _common(edited.entry, place) | {"id": edited.item.id, "published_at": published_at, "dating": dating}


def _common(entry: Prepared, place: Place) -> dict[str, Any]:
    return {
        "key": entry.key,
        "fingerprint": entry.fingerprint,
        "language": entry.language,
        "publisher": entry.publisher.name[:_NAME_LIMIT],
        "family": entry.publisher.family,
        "kind": entry.publisher.kind,
        "event_id": place.event_id,
        "duplicate_of": place.duplicate_of,
        "withdrawn_at": None,
        "locator": entry.locator,
        "off_topic": entry.filing.off_topic,
        "title": entry.title,
        "url": entry.url,
        "url_hash": hash_of(entry.url) if entry.url else None,
        "text": entry.text,
        "signature": place.signature,
        "grouping": place.why,
    }


def _passages(item_id: int, entry: Prepared, published_at: datetime) -> tuple[NewPassage, ...]:
    """Off-topic items are archived but not searched: they could only support wrong answers."""
    if not entry.filing.filings:
        return ()
    return item_passages(
        item_id=item_id,
        title=entry.title,
        text=entry.text,
        language=entry.language,
        sections=tuple(filing.section for filing in entry.filing.filings),
        kind=entry.publisher.kind,
        published_at=published_at,
        locator=entry.locator,
    )
