"""What an update writes of items: new ones, revisions, filings, withdrawals. Many rows a statement throughout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.items import chunks
from digests.archive.tables import UtcTime, filings, items, revisions
from digests.model import Filing

MOST_REVISIONS = 30
"""Earlier revisions that are kept of an item: the first one and the newest. A page that shows the time of day would
otherwise fill the archive."""


@dataclass(frozen=True, slots=True)
class NewFilings:
    """The filings of one item, with what of the item stands beside them."""

    item_id: int
    published_at: datetime
    language: str
    filings: Sequence[Filing]


async def insert(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write new items; each row holds every column of the table but those that may be missing."""
    for chunk in chunks(rows):
        await connection.execute(items.insert(), chunk)


async def insert_filings(connection: AsyncConnection, new: Iterable[NewFilings]) -> None:
    """Write the filings of items that have none yet."""
    rows = [
        {
            "item_id": own.item_id,
            "section": filing.section,
            "score": filing.score,
            "published_at": own.published_at,
            "language": own.language,
            "withdrawn": False,
            "reasons": [[reason.kind, reason.detail, reason.weight] for reason in filing.reasons],
        }
        for own in new
        for filing in own.filings
    ]
    for chunk in chunks(rows):
        await connection.execute(filings.insert(), chunk)


async def revise(connection: AsyncConnection, changes: Sequence[Mapping[str, Any]], seen_at: datetime) -> None:
    """Keep what items were as revisions and put other values in their place; their filings are dropped.

    Each change holds the ``id`` of the item and the new values, the same columns in all.
    """
    if not changes:
        return
    await _keep_revisions(connection, [change["id"] for change in changes], seen_at)
    await _set(connection, changes, revision=items.c.revision + 1)


async def refile(connection: AsyncConnection, changes: Sequence[Mapping[str, Any]]) -> None:
    """Like :func:`revise` for items whose words are the same: no revision is kept."""
    if changes:
        await _set(connection, changes)


async def touch(connection: AsyncConnection, seen: Mapping[int, tuple[str, str]]) -> None:
    """Note new keys and fingerprints of items whose change was cosmetic, by id."""
    if seen:
        await connection.execute(
            update(items)
            .where(items.c.id == bindparam("item"))
            .values(key=bindparam("new_key"), fingerprint=bindparam("new_print")),
            [{"item": item_id, "new_key": key, "new_print": new} for item_id, (key, new) in seen.items()],
        )


async def withdraw(connection: AsyncConnection, item_ids: Sequence[int], at: datetime) -> None:
    """Mark items that their source has taken away. They stay in the archive and are listed no more."""
    for chunk in chunks(item_ids):
        await connection.execute(update(items).where(items.c.id.in_(chunk)).values(withdrawn_at=at))
        await connection.execute(update(filings).where(filings.c.item_id.in_(chunk)).values(withdrawn=True))


async def _keep_revisions(connection: AsyncConnection, item_ids: Sequence[int], seen_at: datetime) -> None:
    columns = ["item_id", "number", "seen_at", "title", "text", "url"]
    surplus = select(items.c.revision - MOST_REVISIONS + 1).where(items.c.id == revisions.c.item_id).scalar_subquery()
    for chunk in chunks(item_ids):
        old = select(
            items.c.id, items.c.revision, literal(seen_at, UtcTime), items.c.title, items.c.text, items.c.url
        ).where(items.c.id.in_(chunk))
        await connection.execute(revisions.insert().from_select(columns, old))
        await connection.execute(
            delete(revisions).where(
                revisions.c.item_id.in_(chunk), revisions.c.number > 1, revisions.c.number <= surplus
            )
        )


async def _set(connection: AsyncConnection, changes: Sequence[Mapping[str, Any]], **also: Any) -> None:
    for chunk in chunks([change["id"] for change in changes]):
        await connection.execute(delete(filings).where(filings.c.item_id.in_(chunk)))
    names = [name for name in changes[0] if name != "id"]
    values: dict[str, ColumnElement[Any]] = {name: bindparam(f"new_{name}", type_=items.c[name].type) for name in names}
    if "grouping" in values:
        # An item that stays in its event stays for the reason that it came for.
        values["grouping"] = func.coalesce(values["grouping"], items.c.grouping)
    await connection.execute(
        update(items).where(items.c.id == bindparam("item")).values(**values, **also),
        [{"item": change["id"]} | {f"new_{name}": change[name] for name in names} for change in changes],
    )
