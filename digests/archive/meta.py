"""Small facts about the archive itself: key and value."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import meta
from digests.archive.upsert import insert_for

RESTORED_AT = "restored_at"
"""When a backup was put in this archive's place: what was due until then may have been posted without standing here.
Empty from the restoring until the first start after it."""


async def get(connection: AsyncConnection, key: str) -> str | None:
    value: str | None = await connection.scalar(select(meta.c.value).where(meta.c.key == key))
    return value


async def with_prefix(connection: AsyncConnection, prefix: str) -> dict[str, str]:
    """Every key that begins with ``prefix``, and its value."""
    query = select(meta).where(meta.c.key.startswith(prefix, autoescape=True))
    return {row.key: row.value for row in await connection.execute(query)}


async def forget(connection: AsyncConnection, key: str) -> None:
    await connection.execute(meta.delete().where(meta.c.key == key))


async def put(connection: AsyncConnection, key: str, value: str) -> None:
    statement = insert_for(connection, meta).values(key=key, value=value)
    await connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
