"""Opening the archive: one writer, several readers, migrations at start.

SQLite runs in WAL mode with ``synchronous=FULL`` (a delivery recorded as sent must survive a power cut) and every
write transaction begins ``IMMEDIATE``, so that a lock is met at the start and never half-way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from digests.archive import migrations
from digests.errors import ArchiveError

BUSY_TIMEOUT_MS = 10_000
_READERS = 4


class Archive:
    """The archive's connections. Use :meth:`open`, then ``async with archive.read()`` or ``archive.write()``."""

    def __init__(self, url: URL, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.url = url
        self._reader = reader
        self._writer = writer
        self._write_lock = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True) -> Self:
        """Connect and bring the schema up to date.

        ``url`` is a SQLAlchemy URL with or without driver: ``sqlite:///var/kakehashi.sqlite3`` or
        ``postgresql://…``. Raises :class:`ArchiveError` with a cure when that cannot be done.
        """
        target = _with_driver(url)
        if target.get_backend_name() == "sqlite":
            if target.database and target.database != ":memory:":
                Path(target.database).parent.mkdir(parents=True, exist_ok=True)
            writer = _sqlite_engine(target, begin="BEGIN IMMEDIATE", size=1)
            reader = _sqlite_engine(target, begin="BEGIN", size=_READERS)
        else:
            writer = reader = create_async_engine(target, pool_size=_READERS + 1, pool_pre_ping=True)
        archive = cls(target, reader, writer)
        try:
            if migrate:
                async with archive.write() as connection:
                    await migrations.upgrade(connection)
        except (SQLAlchemyError, OSError) as error:
            await archive.close()
            raise ArchiveError(f"the archive {target.render_as_string()} cannot be used: {_plain(error)}") from error
        return archive

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a read transaction: one consistent snapshot until the block ends."""
        async with self._reader.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a write transaction; commits when the block ends well. Writers take turns."""
        if self.is_sqlite:
            async with self._write_lock, self._writer.begin() as connection:
                yield connection
        else:
            async with self._writer.begin() as connection:
                yield connection

    async def close(self) -> None:
        if self.is_sqlite:
            await self._reader.dispose()
        await self._writer.dispose()


def _with_driver(url: str) -> URL:
    parsed = make_url(url)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    driver = drivers.get(parsed.get_backend_name())
    if driver is None:
        raise ArchiveError(f"unknown archive {parsed.drivername!r}; use sqlite:///path or postgresql://…")
    return parsed.set(drivername=driver)


def _sqlite_engine(url: URL, *, begin: str, size: int) -> AsyncEngine:
    engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=size, max_overflow=0, pool_timeout=30)

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # The driver's own transaction handling would begin too late; BEGIN is sent by the listener below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-8000",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


async def backup(archive: Archive, target: Path) -> None:
    """Write a consistent copy of a SQLite archive to ``target`` while the bot runs. ``target`` must not exist."""
    if not archive.is_sqlite:
        raise ArchiveError("backup copies SQLite archives only; use pg_dump for PostgreSQL")
    if target.exists():
        raise ArchiveError(f"{target} exists already; name a new file")
    target.parent.mkdir(parents=True, exist_ok=True)
    async with archive._reader.connect() as connection:
        raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await raw.execute(text("VACUUM INTO :target"), {"target": str(target)})


def _plain(error: Exception) -> str:
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)
