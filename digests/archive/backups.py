"""Copies of a SQLite archive: made while the bot runs, put back while it does not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from digests.archive import migrations
from digests.archive.deliveries import IN_DOUBT
from digests.archive.engine import Archive
from digests.archive.meta import RESTORED_AT
from digests.archive.troubles import told_plainly
from digests.archive.waiting import finished
from digests.errors import ArchiveError

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a database while it is in use, or after a crash."""


class DamagedBackup(ArchiveError):
    """The file is no backup, or not a whole one; another may be."""


async def backup(archive: Archive, target: Path) -> None:
    """Write a consistent copy of a SQLite archive to ``target`` while the bot runs. ``target`` must not exist.

    The file appears under its name when it is complete. Raises :class:`ArchiveError`.
    """
    if not archive.is_sqlite:
        raise ArchiveError("backup copies SQLite archives only; use pg_dump for PostgreSQL")
    with told_plainly(archive.url), _files_told_plainly():
        await finished(_copy_out, Path(str(archive.url.database)), target)


async def restore(url: str, source: Path) -> Path | None:
    """Put a backup in the place of the archive at ``url``; the bot must not be running.

    What stood there is kept beside it under another name, which is returned (None: nothing stood there). Raises
    :class:`ArchiveError` when ``source`` is no backup of Kakehashi or the archive is in use; nothing has changed then.
    """
    target = make_url(url)
    if target.get_backend_name() != "sqlite" or not target.database:
        raise ArchiveError("restore puts back SQLite archives only; use pg_restore for PostgreSQL")
    with told_plainly(target), _files_told_plainly():
        return await asyncio.to_thread(_put_back, Path(target.database), source)


def _copy_out(database: Path, target: Path) -> None:
    if target.exists():
        raise ArchiveError(f"{target} exists already; name a new file")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        part.touch()
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        _flush(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _put_back(database: Path, source: Path) -> Path | None:
    if not source.is_file():
        raise ArchiveError(f"there is no file {source}")
    if database.exists() and source.samefile(database):
        raise ArchiveError(f"{source} is the archive itself; name a backup")
    _check(source)
    database.parent.mkdir(parents=True, exist_ok=True)
    part = database.with_name(f".{database.name}.part")
    part.unlink(missing_ok=True)
    try:
        _copy_in(source, part)
        _mark_restored(part)
        _flush(part)
        with _unused(database):
            kept = _set_aside(database)
            part.rename(database)
    finally:
        part.unlink(missing_ok=True)
    _flush(database.parent)
    return kept


def _check(source: Path) -> None:
    """Whether the file is an archive that this program can read, and whole."""
    what = f"{source} is no backup of Kakehashi"
    try:
        with closing(_read_only(source)) as connection:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("SELECT id FROM editions LIMIT 1").fetchone()
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedBackup(f"{what}, or it is damaged ({error}); name a file that `kakehashi backup` made") from error
    if revision is None or revision[0] not in migrations.REVISIONS:
        raise ArchiveError(f"{source} was made by a newer Kakehashi; update the program first")
    if verdict != "ok":
        raise DamagedBackup(f"{source} is damaged ({verdict}); name another backup")


def _copy_in(source: Path, part: Path) -> None:
    """Copy through SQLite: with an archive that was copied by hand comes what still stands in its -wal file."""
    with closing(_read_only(source)) as connection, closing(sqlite3.connect(part)) as target:
        connection.backup(target)
        target.execute("PRAGMA journal_mode=DELETE").fetchone()


def _mark_restored(part: Path) -> None:
    """What the archive in whose place this comes has posted since is not known here: what waits, and what was due until
    the next start, is to be looked for before it is sent. Nobody is in charge of it yet."""
    with closing(sqlite3.connect(part)) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, '')", (RESTORED_AT,))
        connection.execute(
            "UPDATE deliveries SET state = 'leased', lease_until = 0, error = ? WHERE state IN ('pending', 'leased')",
            (IN_DOUBT,),
        )
        # Older backups know no instances yet.
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'instances'").fetchone():
            connection.execute("UPDATE instances SET holder = NULL")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


@contextmanager
def _unused(database: Path) -> Iterator[None]:
    """Hold the archive so that nobody can open it; ArchiveError when somebody has it open."""
    if not database.exists():
        yield
        return
    with closing(sqlite3.connect(database, timeout=0.5, isolation_level=None)) as connection:
        try:
            # Leaving WAL mode needs a database that no other connection has open.
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise ArchiveError(f"the archive {database} is in use; stop the bot, then restore again") from error
            # Otherwise damaged beyond being opened: the very reason to put a backup back.
        yield


def _set_aside(database: Path) -> Path | None:
    """Give the archive and what stands beside it another name; None when there is no archive."""
    moment = datetime.now(UTC)
    kept = database.with_name(f"{database.name}.replaced-{moment:%Y%m%dT%H%M%S}")
    while kept.exists():
        kept = kept.with_name(f"{kept.name}-again")
    # Without its database, too: SQLite would take what a stale -wal file holds for changes to the one put back.
    for ending in ("", *_BESIDE):
        file = database.with_name(database.name + ending)
        if file.exists():
            file.rename(kept.with_name(kept.name + ending))
    return kept if kept.exists() else None


@contextmanager
def _files_told_plainly() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise ArchiveError(f"{what}; check the path, and that this user may write there") from error


def _flush(path: Path) -> None:
    """Make a file, or a folder's list of files, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
