"""INSERT … ON CONFLICT for both databases; a dialect is imported only when its database is in use (start time)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite import Insert


def insert_for(connection: AsyncConnection, table: Table) -> Insert:
    """The INSERT of the connection's dialect; PostgreSQL's has the same conflict clauses as SQLite's."""
    return insert_into(connection.dialect.name, table)


def insert_into(dialect: str, table: Table) -> Insert:
    """The INSERT of the dialect of that name: for statements that are made once."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)  # type: ignore[return-value]
