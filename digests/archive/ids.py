"""Ids handed out before rows are written: events, items and passages of one batch refer to each other."""

from __future__ import annotations

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = :table")


async def allocate(connection: AsyncConnection, table: Table, count: int) -> list[int]:
    """``count`` fresh ids of ``table``, ascending. Call it in the write transaction that uses them.

    Since writers take turns, no transaction that took lower ids commits later than one that took higher ones: what has
    been read up to the highest id is complete.
    """
    if count <= 0:
        return []
    if connection.dialect.name == "sqlite":
        last = (await connection.execute(_LAST, {"table": table.name})).scalar() or 0
        return list(range(last + 1, last + count + 1))
    query = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")
    return sorted((await connection.execute(query, {"table": table.name, "count": count})).scalars())
