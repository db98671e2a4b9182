"""What the database's errors mean for whoever runs the bot: plain words, with the cure."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from digests.errors import ArchiveError

_UNREACHABLE = (
    r"connect(?:ion)? (?:call )?(?:failed|refused)|connection (?:(?:was|is) closed|does not exist)"
    r"|terminating connection|the database system is|name or service not known|no such file or directory"
    r"|^TimeoutError$"
)
_CURES = (
    (
        r"database (?:table )?is locked|due to lock timeout",
        "is locked: another program is writing to it. Stop the second bot or tool that uses it, then try again",
    ),
    (
        r"file is not a database|malformed|file is encrypted",
        "is damaged or is no SQLite database. Stop the bot and put the newest backup back with `kakehashi restore`",
    ),
    (
        r"unable to open database file",
        "cannot be opened. Check that its folder exists and that this user may write there",
    ),
    (
        r"readonly database|read-only",
        "may not be written to. Give this user write access to the file and its folder",
    ),
    (
        r"disk is full|no space left",
        "cannot grow: the disk is full. Free some space; the bot keeps what it has and goes on by itself",
    ),
    (
        r"disk i/o error",
        "cannot be read or written: a fault of the disk. Check the disk, then put a backup back: `kakehashi restore`",
    ),
    (r"password authentication failed|no pg_hba\.conf entry", "refuses this user. Check the user name and password"),
    (r"(?:database|role) \S+ does not exist", "is not there. Create the database and its user, or correct the address"),
    (r"QueuePool limit", "is busy: no connection to it became free in time. Try again in a minute"),
    (_UNREACHABLE, "cannot be reached. Check that the server runs and that address and port are right"),
)
"""What a message says (case does not count), and what that means."""


@contextmanager
def told_plainly(url: URL) -> Iterator[None]:
    """Turn what the database itself suffers from into :class:`ArchiveError`; other errors pass through."""
    try:
        yield
    except Exception as error:
        trouble = explained(error, url) if _is_of_the_database(error, url) else None
        if trouble is None:
            raise
        raise trouble from error


def explained(error: Exception, url: URL) -> ArchiveError | None:
    """The error in plain words with its cure, when it is one of the database and not of a query."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    message = str(cause) or type(cause).__name__
    for sign, meaning in _CURES:
        if re.search(sign, message, re.IGNORECASE):
            return ArchiveError(f"the archive {name_of(url)} {meaning} ({message.splitlines()[0][:200]})")
    return None


def name_of(url: URL) -> str:
    """The archive as its owner knows it: the file, or the address without the password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string()


def _is_of_the_database(error: Exception, url: URL) -> bool:
    if isinstance(error, IntegrityError):
        return False
    if isinstance(error, DBAPIError | sqlite3.DatabaseError | PoolTimeout):
        return True
    # While it connects, PostgreSQL's driver raises what its library raises.
    remote = url.get_backend_name() != "sqlite"
    return remote and (isinstance(error, OSError) or type(error).__module__.startswith("asyncpg"))
