"""Opening the archive: one writer, several readers, migrations at start.

SQLite runs in WAL mode with ``synchronous=FULL`` (a delivery recorded as sent must survive a power cut) and every
write transaction begins ``IMMEDIATE``, so that a lock is met at the start and never half-way. What is written in one
go (:meth:`Archive.write_at_once`) is left to the system to flush unless it is asked to last: a power cut may take the
last seconds of it, whole transactions from the end, and what stands in them is read from its source again. The ledger
asks for it: a lease that a power cut took away would have a posted message posted again.

PostgreSQL could let several write at once. Here it does not: a lock at the start of every write transaction gives what
SQLite gives, so that what holds with the one holds with the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool

from digests.archive import migrations
from digests.archive.direct import Work, drive
from digests.archive.troubles import told_plainly
from digests.archive.waiting import finished_in
from digests.archive.writeahead import SIZE_LIMIT, WriteAheadLog
from digests.errors import ArchiveError

BUSY_TIMEOUT_MS = 10_000
"""How long one program waits for another that is writing."""
_READERS = 4
_DIRECT_READERS = 2
"""Reads of many statements at the same time. They share the interpreter with the event loop, so more of them finish no
sooner, and the loop waits for each that is ready before it goes on itself."""
_POOL_TIMEOUT = 30
_ONE_WRITER = 0x6B616B65
"""The key of PostgreSQL's lock under which everybody writes; any number that nobody else uses."""
_SERVER_TIMEOUTS = {"timeout": 15, "command_timeout": 120}
"""Seconds that PostgreSQL may take to let us in and for one statement; no statement of ours takes ten."""
# Caches are per connection and negative sizes are KiB; the system's own cache holds the file anyway.
_READING = ("query_only=ON", "cache_size=-4000")
_WRITING = ("cache_size=-8000", f"journal_size_limit={SIZE_LIMIT}")
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
T = TypeVar("T")


class Archive:
    """The archive's connections. Use :meth:`open`, then ``async with archive.read()`` or ``archive.write()``."""

    def __init__(self, url: URL, reader: AsyncEngine, writer: AsyncEngine, *, writes: bool = True) -> None:
        self.url = url
        self._writes = writes
        self._reader = reader
        self._writer = writer
        self._write_lock = asyncio.Lock()
        self._direct: Mapping[str, Engine] = {}
        self._reading = ThreadPoolExecutor(_DIRECT_READERS, "archive-read")
        self._writing = ThreadPoolExecutor(1, "archive-write")
        self._log: WriteAheadLog | None = None
        if self.is_sqlite:
            self._direct = {kind: _direct_engine(url, kind) for kind in ("read", "write", "lasting")}
            self._log = WriteAheadLog(str(url.database))

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True, writes: bool = True) -> Self:
        """Connect and, with ``migrate``, bring the schema up to date. Without ``writes`` nothing can be written: for a
        process beside the one that has the archive.

        ``url`` is a SQLAlchemy URL with or without driver: ``sqlite:///var/kakehashi.sqlite3`` or
        ``postgresql://…``. Raises :class:`ArchiveError` with a cure when that cannot be done.
        """
        target = _with_driver(url)
        archive = cls(target, *_engines(target), writes=writes)
        try:
            await archive._bring_up(migrate=migrate and writes)
        except BaseException:
            await archive.close()
            raise
        return archive

    async def _bring_up(self, *, migrate: bool) -> None:
        async with self.read() as connection:
            ready = await migrations.is_current(connection)
        if migrate and not ready:
            async with self.write() as connection:
                await migrations.upgrade(connection)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def address(self) -> str:
        """The URL as :meth:`open` takes it, with its password: not to be shown."""
        return self.url.render_as_string(hide_password=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a read transaction: one consistent snapshot until the block ends. It cannot write."""
        with told_plainly(self.url):
            async with self._reader.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a write transaction; commits when the block ends well. Writers take turns."""
        self._may_write()
        with told_plainly(self.url):
            async with self._write_lock, self._writer.begin() as connection:
                if not self.is_sqlite:
                    await connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}")
                    await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_WRITER})")
                yield connection

    async def read_at_once(self, work: Work[T]) -> T:
        """Run ``work`` on one snapshot. With SQLite in one thread from begin to end: for work of many statements.

        ``work`` may await nothing but its connection, and may be heavy: on the event loop it runs with PostgreSQL
        only.
        """
        if not self.is_sqlite:
            async with self.read() as connection:
                return await work(connection)
        return await finished_in(self._reading, self._run_directly, "read", work)

    async def write_at_once(self, work: Work[T], *, lasting: bool = False) -> T:
        """Like :meth:`read_at_once`, in a write transaction that commits when ``work`` ends well.

        With ``lasting`` it is on the disk when this returns; otherwise a power cut within some seconds may undo it.
        """
        self._may_write()
        if not self.is_sqlite:
            async with self.write() as connection:
                return await work(connection)
        async with self._write_lock:
            return await finished_in(self._writing, self._write_directly, "lasting" if lasting else "write", work)

    def _may_write(self) -> None:
        if not self._writes:
            raise ArchiveError("this process only reads the archive")

    def _write_directly(self, kind: str, work: Work[T]) -> T:
        done = self._run_directly(kind, work)
        if self._log is not None:
            self._log.keep_short()
        return done

    def _run_directly(self, kind: str, work: Work[T]) -> T:
        with told_plainly(self.url), self._direct[kind].begin() as connection:
            return drive(work, connection)

    async def close(self) -> None:
        """Close all connections."""
        if self.is_sqlite:
            await self._reader.dispose()
        await self._writer.dispose()
        for engine in self._direct.values():
            await asyncio.to_thread(engine.dispose)
        if self._log is not None:
            await asyncio.to_thread(self._log.close)
        for threads in (self._reading, self._writing):
            threads.shutdown(wait=False)


def _with_driver(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        # Not repeated: a mistyped address may hold a password all the same.
        raise ArchiveError("this is no address of an archive; use sqlite:///path or postgresql://…") from error
    if backend not in _DRIVERS:
        raise ArchiveError(f"unknown archive {parsed.drivername!r}; use sqlite:///path or postgresql://…")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ArchiveError(f"{url!r} names no file; use sqlite:///path, as in sqlite:///var/kakehashi.sqlite3")
    return parsed.set(drivername=_DRIVERS[backend])


def _engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """Reader and writer."""
    if url.get_backend_name() != "sqlite":
        try:
            writer = create_async_engine(
                url,
                pool_size=_READERS + 1,
                pool_pre_ping=True,
                pool_timeout=_POOL_TIMEOUT,
                connect_args=_SERVER_TIMEOUTS,
            )
        except ModuleNotFoundError as error:
            raise ArchiveError("for PostgreSQL install the extra: pip install 'kakehashi[postgres]'") from error
        return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), writer
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(f"the folder of the archive {url.database} cannot be made: {error.strerror}") from error
    reader = create_async_engine(
        url, poolclass=AsyncAdaptedQueuePool, pool_size=_READERS, max_overflow=0, pool_timeout=_POOL_TIMEOUT
    )
    writer = create_async_engine(
        url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0, pool_timeout=_POOL_TIMEOUT
    )
    _configure(reader.sync_engine, begin="BEGIN", pragmas=_READING)
    _configure(writer.sync_engine, begin="BEGIN IMMEDIATE", pragmas=("synchronous=FULL", *_WRITING))
    return reader, writer


def _direct_engine(url: URL, kind: str) -> Engine:
    reading = kind == "read"
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        poolclass=QueuePool,
        pool_size=_DIRECT_READERS if reading else 1,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
    )
    if reading:
        _configure(engine, begin="BEGIN", pragmas=_READING)
    else:
        flush = "synchronous=FULL" if kind == "lasting" else "synchronous=NORMAL"
        _configure(engine, begin="BEGIN IMMEDIATE", pragmas=(flush, "wal_autocheckpoint=0", *_WRITING))
    return engine


def _configure(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # The driver's own transaction handling would begin too late; BEGIN is sent by the listener below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            *pragmas,
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)
