"""Backups: made while the bot writes, put back while it does not run, never at the price of what stands there."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import time
from pathlib import Path

import pytest

from digests.archive import Archive, backup, backups, meta, restore
from digests.errors import ArchiveError


async def put(archive: Archive, value: str) -> None:
    async with archive.write() as connection:
        await meta.put(connection, "a", value)


async def stands_in(path: Path) -> str | None:
    archive = await Archive.open(f"sqlite:///{path}")
    try:
        async with archive.read() as connection:
            return await meta.get(connection, "a")
    finally:
        await archive.close()


async def test_a_backup_made_between_writes_holds_one_moment(archive: Archive, tmp_path: Path) -> None:
    await put(archive, "0")
    begun, stop = asyncio.Event(), asyncio.Event()

    async def keep_writing() -> int:
        count = 0
        while not stop.is_set():
            async with archive.write() as connection:
                count += 1
                await meta.put(connection, "a", str(count))
                await meta.put(connection, "b", str(count))
            begun.set()
        return count

    writing = asyncio.create_task(keep_writing())
    await begun.wait()
    target = tmp_path / "new folder" / "copy.sqlite3"
    await backup(archive, target)
    stop.set()
    assert await writing > 0
    copy = sqlite3.connect(target)
    values = dict(copy.execute("SELECT key, value FROM meta WHERE key IN ('a', 'b')").fetchall())
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert values["a"] == values["b"]
    assert [path.name for path in target.parent.iterdir()] == ["copy.sqlite3"]


async def test_a_backup_can_be_made_inside_an_open_write_and_lacks_it(archive: Archive, tmp_path: Path) -> None:
    await put(archive, "before")
    async with archive.write() as connection:
        await meta.put(connection, "a", "after")
        await backup(archive, tmp_path / "copy.sqlite3")
    assert await stands_in(tmp_path / "copy.sqlite3") == "before"


async def test_a_backup_overwrites_nothing(archive: Archive, tmp_path: Path) -> None:
    target = tmp_path / "precious.txt"
    target.write_text("precious")
    with pytest.raises(ArchiveError, match="exists already"):
        await backup(archive, target)
    assert target.read_text() == "precious"


async def test_a_backup_that_fails_leaves_no_half_file(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_path: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backups, "_flush", fails)
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveError, match="the disk is full"):
        await backup(archive, tmp_path / "out" / "copy.sqlite3")
    assert list((tmp_path / "out").iterdir()) == []


async def test_restoring_puts_the_backup_back_and_keeps_what_stood_there(tmp_path: Path) -> None:
    database = tmp_path / "archive.sqlite3"
    url = f"sqlite:///{database}"
    archive = await Archive.open(url)
    await put(archive, "old")
    await backup(archive, tmp_path / "copy.sqlite3")
    await put(archive, "new")
    await archive.close()
    kept = await restore(url, tmp_path / "copy.sqlite3")
    assert kept is not None
    assert await stands_in(database) == "old"
    assert await stands_in(kept) == "new"
    assert await stands_in(tmp_path / "copy.sqlite3") == "old"


async def test_restoring_where_nothing_stands(archive: Archive, tmp_path: Path) -> None:
    await put(archive, "here")
    await backup(archive, tmp_path / "copy.sqlite3")
    database = tmp_path / "elsewhere" / "archive.sqlite3"
    assert await restore(f"sqlite:///{database}", tmp_path / "copy.sqlite3") is None
    assert await stands_in(database) == "here"


async def test_restoring_takes_the_place_of_a_damaged_archive(archive: Archive, tmp_path: Path) -> None:
    await put(archive, "good")
    await backup(archive, tmp_path / "copy.sqlite3")
    database = tmp_path / "damaged.sqlite3"
    database.write_bytes(b"garbage " * 1000)
    database.with_name("damaged.sqlite3-wal").write_bytes(b"garbage")
    kept = await restore(f"sqlite:///{database}", tmp_path / "copy.sqlite3")
    assert kept is not None
    assert kept.read_bytes().startswith(b"garbage")
    assert kept.with_name(f"{kept.name}-wal").exists()
    assert await stands_in(database) == "good"


async def test_restoring_is_refused_while_the_archive_is_open(archive: Archive, tmp_path: Path) -> None:
    await put(archive, "old")
    await backup(archive, tmp_path / "copy.sqlite3")
    await put(archive, "new")
    with pytest.raises(ArchiveError, match=r"is in use; stop the bot"):
        await restore(str(archive.url), tmp_path / "copy.sqlite3")
    async with archive.read() as connection:
        assert await meta.get(connection, "a") == "new"
    assert sorted(path.suffix for path in tmp_path.iterdir() if "replaced" in path.name) == []


def hold_open(path: str, opened: object, close: object) -> None:
    async def hold() -> None:
        archive = await Archive.open(f"sqlite:///{path}")
        opened.set()  # type: ignore[attr-defined]
        await asyncio.to_thread(close.wait, 30)  # type: ignore[attr-defined]
        await archive.close()

    asyncio.run(hold())


async def test_restoring_is_refused_while_another_process_only_has_it_open(archive: Archive, tmp_path: Path) -> None:
    await backup(archive, tmp_path / "copy.sqlite3")
    database = tmp_path / "running.sqlite3"
    context = multiprocessing.get_context("spawn")
    opened, close = context.Event(), context.Event()
    process = context.Process(target=hold_open, args=(str(database), opened, close))
    process.start()
    try:
        assert await asyncio.to_thread(opened.wait, 60)
        with pytest.raises(ArchiveError, match="is in use"):
            await restore(f"sqlite:///{database}", tmp_path / "copy.sqlite3")
    finally:
        close.set()
        await asyncio.to_thread(process.join, 30)
    assert await restore(f"sqlite:///{database}", tmp_path / "copy.sqlite3") is not None


async def test_what_is_no_backup_is_refused_and_nothing_changes(archive: Archive, tmp_path: Path) -> None:
    await put(archive, "here")
    url = f"sqlite:///{tmp_path / 'archive.sqlite3'}"
    await archive.close()
    text = tmp_path / "notes.txt"
    text.write_text("notes " * 500)
    other = tmp_path / "other.sqlite3"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE x (y)")
    connection.close()
    for source, words in (
        (tmp_path / "missing", "there is no file"),
        (text, "no backup of Kakehashi"),
        (other, "no backup of Kakehashi"),
        (tmp_path / "archive.sqlite3", "is the archive itself"),
    ):
        with pytest.raises(ArchiveError, match=words):
            await restore(url, source)
    assert await stands_in(tmp_path / "archive.sqlite3") == "here"


async def test_a_backup_of_a_newer_program_and_a_damaged_one_are_refused(archive: Archive, tmp_path: Path) -> None:
    async with archive.write() as connection:
        for number in range(300):
            await meta.put(connection, f"key {number}", "x" * 200)
    newer, damaged = tmp_path / "newer.sqlite3", tmp_path / "damaged.sqlite3"
    await backup(archive, newer)
    await backup(archive, damaged)
    connection = sqlite3.connect(newer)
    connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.commit()
    connection.close()
    data = bytearray(damaged.read_bytes())
    data[-4096 * 12 :] = b"\x00" * 4096 * 12
    damaged.write_bytes(data)
    with pytest.raises(ArchiveError, match="newer Kakehashi"):
        await restore(f"sqlite:///{tmp_path / 'new.sqlite3'}", newer)
    with pytest.raises(ArchiveError, match="damaged"):
        await restore(f"sqlite:///{tmp_path / 'new.sqlite3'}", damaged)
    assert not (tmp_path / "new.sqlite3").exists()


@pytest.mark.postgres
async def test_for_postgresql_its_own_tools_are_named(postgres_url: str, tmp_path: Path) -> None:
    archive = await Archive.open(postgres_url)
    try:
        with pytest.raises(ArchiveError, match="pg_dump"):
            await backup(archive, tmp_path / "x")
        with pytest.raises(ArchiveError, match="pg_restore"):
            await restore(postgres_url, tmp_path / "x")
    finally:
        await archive.close()


async def test_the_bot_does_not_wait_for_a_backup(archive: Archive, tmp_path: Path) -> None:
    """The copying is done in a thread: the loop turns meanwhile."""
    async with archive.write() as connection:
        for number in range(500):
            await meta.put(connection, f"key {number}", "x" * 2000)
    copying = asyncio.create_task(backup(archive, tmp_path / "copy.sqlite3"))
    turns = 0
    began = time.monotonic()
    while not copying.done():
        await asyncio.sleep(0)
        turns += 1
    await copying
    assert turns > 3, f"{turns} turns in {time.monotonic() - began:.3f} s"
