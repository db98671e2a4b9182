"""The write-ahead log stays short, though somebody always reads."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import structlog

from digests.archive import Archive, meta, writeahead
from digests.archive.writeahead import WriteAheadLog

_PAGE = 4_096


@contextmanager
def _readers(path: Path, count: int = 3) -> Iterator[None]:
    """Snapshots that overlap: at no moment is nobody reading."""
    over = threading.Event()
    first = threading.Barrier(count + 1)

    def read(turn: int) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.isolation_level = None
            begun = False
            while not over.is_set():
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM meta").fetchone()
                if not begun:
                    first.wait(10)
                    begun = True
                over.wait(0.01 + 0.005 * turn)
                connection.execute("COMMIT")

    threads = [threading.Thread(target=read, args=(turn,)) for turn in range(count)]
    for thread in threads:
        thread.start()
    first.wait(10)
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _log_of(path: Path) -> int:
    """Bytes of the log."""
    return path.with_name(f"{path.name}-wal").stat().st_size


async def _write(archive: Archive, count: int) -> None:
    for number in range(count):
        await archive.write_at_once(lambda connection, n=number: meta.put(connection, f"k{n % 40}", f"{n:04}" * 10_000))


@pytest.fixture
def path(tmp_path: Path, empty_archive: Path) -> Path:
    return Path(shutil.copy(empty_archive, tmp_path / "archive.sqlite3"))


async def test_a_log_from_which_somebody_always_reads_is_begun_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writeahead, "EVERY", 0.0)
    monkeypatch.setattr(writeahead, "LONG", 100)
    archive = await Archive.open(f"sqlite:///{path}")
    try:
        with _readers(path):
            await _write(archive, 240)  # eleven pages each
            assert _log_of(path) < 1_000 * _PAGE
    finally:
        await archive.close()


async def test_without_that_it_grows_and_with_it_nothing_is_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half is what makes the test above one that can fail."""
    monkeypatch.setattr(WriteAheadLog, "keep_short", lambda self: None)
    archive = await Archive.open(f"sqlite:///{path}")
    try:
        with _readers(path):
            await _write(archive, 240)
            assert _log_of(path) > 2_000 * _PAGE
            monkeypatch.undo()
            monkeypatch.setattr(writeahead, "LONG", 100)
            assert archive._log is not None
            archive._log._next = 0.0
            await _write(archive, 1)
        async with archive.read() as connection:
            assert await meta.get(connection, "k39") == "0239" * 10_000
    finally:
        await archive.close()


def test_a_checkpoint_comes_when_it_is_time_and_one_that_fails_is_told(tmp_path: Path) -> None:
    path = tmp_path / "there.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("CREATE TABLE words (word)")
        size = path.stat().st_size
        early = WriteAheadLog(str(path), every=3_600.0)
        early.keep_short()
        assert path.stat().st_size == size
        due = WriteAheadLog(str(path), every=0.0)
        due.keep_short()
        assert path.stat().st_size > size
        due.close()
    broken = WriteAheadLog(str(tmp_path), every=0.0)  # a folder
    with structlog.testing.capture_logs() as logs:
        broken.keep_short()
    assert [entry["event"] for entry in logs] == ["archive.checkpoint-failed"]
