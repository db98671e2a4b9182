"""Keeping SQLite's write-ahead log short while somebody always reads.

SQLite brings the log's pages into the database at a commit that finds it long ("checkpoint"), and begins the log anew
when nobody reads from it. Where many read, somebody always does: the log grew by two megabytes a second, and every
commit tried again, with two flushes to the disk. So checkpoints are made here instead, once in a while, and a log that
has become long is begun anew by force: the next readers then take the database itself, writers wait until the last
reader of the log has ended, which takes as long as the longest read. (SQLite, "Write-Ahead Logging", 2.3 and 6; PRAGMA
wal_checkpoint.)
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import structlog

log = structlog.get_logger()

EVERY = 5.0
"""Seconds between two checkpoints: a burst of new items changes the same pages again and again."""
LONG = 4_000
"""Pages (of 4 kB) from which on the log is begun anew, readers or not."""
SIZE_LIMIT = 32 * 1024 * 1024
"""Bytes to which SQLite cuts the log's file back when it begins it anew."""
_PATIENCE_MS = 1_000
"""How long the last readers of the log are waited for; then it is tried again the next time."""


class WriteAheadLog:
    """The log of one archive. Used by whoever writes, in one thread at a time."""

    def __init__(self, path: str, *, every: float | None = None) -> None:
        self._path = path
        self._every = EVERY if every is None else every
        self._next = time.monotonic() + self._every
        self._connection: sqlite3.Connection | None = None

    def keep_short(self) -> None:
        """Bring the log into the database when it is time. To be called after a commit, which stands whatever comes
        of this; what goes wrong is logged."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        try:
            pages = self._checkpoint("PASSIVE")
            if pages > LONG:
                self._checkpoint("RESTART")
        except sqlite3.Error as error:
            log.warning("archive.checkpoint-failed", why=str(error))

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _checkpoint(self, how: str) -> int:
        """Pages that stand in the log."""
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            self._connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
            self._connection.execute(f"PRAGMA journal_size_limit={SIZE_LIMIT}")
        with closing(self._connection.execute(f"PRAGMA wal_checkpoint({how})")) as cursor:
            _, pages, _ = cursor.fetchone()
        return int(pages)
