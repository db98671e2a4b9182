"""Small facts about the archive itself: key and value."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import meta


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
    await connection.execute(meta.delete().where(meta.c.key == key))
    await connection.execute(meta.insert().values(key=key, value=value))
