"""The local chat's history. A delivery id stands at most once, so a part that is sent twice is posted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import local_messages
from digests.archive.upsert import insert_into

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import ReturningInsert


@dataclass(frozen=True, slots=True)
class LocalMessage:
    """One message of the local chat; ``private_to`` names the only member who sees it."""

    id: int
    channel: str
    delivery_id: str | None
    author: str
    private_to: str | None
    message: Mapping[str, Any]
    created_at: datetime


async def add(
    connection: AsyncConnection,
    *,
    channel: str,
    author: str,
    message: Mapping[str, Any],
    now: datetime,
    private_to: str | None = None,
    delivery_id: str | None = None,
) -> tuple[LocalMessage, bool]:
    """Append a message; returns it and whether it is new (False: that delivery was there already)."""
    values = {
        "channel": channel,
        "author": author,
        "message": message,
        "created_at": now,
        "private_to": private_to,
        "delivery_id": delivery_id,
    }
    number = (await connection.execute(_adding(connection.dialect.name), values)).scalar()
    if number is not None:
        return LocalMessage(number, channel, delivery_id, author, private_to, message, now), True
    assert delivery_id is not None
    existing = await by_delivery(connection, delivery_id)
    assert existing is not None
    return existing, False


@cache
def _adding(dialect: str) -> ReturningInsert[Any]:
    """Made once: building it takes longer than running it."""
    statement = insert_into(dialect, local_messages)
    return statement.on_conflict_do_nothing(index_elements=["delivery_id"]).returning(local_messages.c.id)


async def by_delivery(connection: AsyncConnection, delivery_id: str) -> LocalMessage | None:
    query = select(local_messages).where(local_messages.c.delivery_id == delivery_id)
    row = (await connection.execute(query)).mappings().first()
    return _message(row) if row else None


async def by_id(connection: AsyncConnection, message_id: int) -> LocalMessage | None:
    query = select(local_messages).where(local_messages.c.id == message_id)
    row = (await connection.execute(query)).mappings().first()
    return _message(row) if row else None


async def page(
    connection: AsyncConnection, channel: str, *, member: str, before: int | None = None, limit: int = 40
) -> list[LocalMessage]:
    """The newest messages of a channel that ``member`` may see, oldest first; ``before`` pages backwards."""
    query = select(local_messages).where(
        local_messages.c.channel == channel,
        or_(local_messages.c.private_to.is_(None), local_messages.c.private_to == member),
    )
    if before is not None:
        query = query.where(local_messages.c.id < before)
    rows = (await connection.execute(query.order_by(local_messages.c.id.desc()).limit(limit))).mappings()
    return [_message(row) for row in rows][::-1]


async def replace(connection: AsyncConnection, message_id: int, message: Mapping[str, Any]) -> LocalMessage | None:
    """Put other content in a message's place (a turned page, an edited source); None when it is gone."""
    statement = (
        update(local_messages)
        .where(local_messages.c.id == message_id)
        .values(message=dict(message))
        .returning(local_messages)
    )
    row = (await connection.execute(statement)).mappings().first()
    return _message(row) if row else None


async def prune(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget messages older than a moment; returns how many."""
    return (await connection.execute(delete(local_messages).where(local_messages.c.created_at < before))).rowcount


def _message(row: RowMapping) -> LocalMessage:
    return LocalMessage(
        id=row["id"],
        channel=row["channel"],
        delivery_id=row["delivery_id"],
        author=row["author"],
        private_to=row["private_to"],
        message=row["message"],
        created_at=row["created_at"],
    )
