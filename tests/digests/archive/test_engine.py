"""Opening and sharing the archive: transactions, snapshots, work in one go, and errors that name their cure."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, engine, meta, views
from digests.archive.direct import aside
from digests.archive.troubles import explained
from digests.archive.waiting import finished
from digests.errors import ArchiveError

NOW = datetime(2026, 6, 1, tzinfo=UTC)


async def value(archive: Archive, key: str = "a") -> str | None:
    async with archive.read() as connection:
        return await meta.get(connection, key)


# --- transactions ------------------------------------------------------------------------------------------


async def test_a_block_that_fails_leaves_nothing(either_archive: Archive) -> None:
    async def fail() -> None:
        async with either_archive.write() as connection:
            await meta.put(connection, "a", "1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await value(either_archive) is None


async def test_a_reader_sees_one_moment(either_archive: Archive) -> None:
    async with either_archive.write() as connection:
        await meta.put(connection, "a", "before")
    async with either_archive.read() as reader:
        assert await meta.get(reader, "a") == "before"
        async with either_archive.write() as writer:
            await meta.put(writer, "a", "after")
        assert await meta.get(reader, "a") == "before"
    assert await value(either_archive) == "after"


async def test_a_reader_cannot_write(either_archive: Archive) -> None:
    with pytest.raises((DBAPIError, ArchiveError)):
        async with either_archive.read() as connection:
            await meta.put(connection, "a", "1")
    assert await value(either_archive) is None


async def test_writers_take_turns(either_archive: Archive) -> None:
    async with either_archive.write() as connection:
        await meta.put(connection, "a", "0")

    async def add_one() -> None:
        async with either_archive.write() as connection:
            query = "SELECT value FROM meta WHERE key = 'a'" + ("" if either_archive.is_sqlite else " FOR UPDATE")
            before = int((await connection.execute(text(query))).scalar_one())
            await asyncio.sleep(0)
            await connection.execute(text("UPDATE meta SET value = :v WHERE key = 'a'"), {"v": str(before + 1)})

    await asyncio.gather(*(add_one() for _ in range(8)))
    assert await value(either_archive) == "8"


async def test_a_broken_rule_of_the_schema_is_no_trouble_of_the_archive(either_archive: Archive) -> None:
    with pytest.raises(IntegrityError):
        async with either_archive.write() as connection:
            await connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', '1'), ('a', '2')"))


# --- work in one go ----------------------------------------------------------------------------------------


async def test_work_in_one_go_reads_and_writes_like_a_block(either_archive: Archive) -> None:
    async def put(connection: AsyncConnection) -> str:
        await meta.put(connection, "a", "1")
        return await views.put(
            connection, views.new(kind="page", owner="me", payload={"n": 1}, expires_at=NOW), now=NOW
        )

    token = await either_archive.write_at_once(put)
    assert len(token) == 16
    assert await either_archive.read_at_once(lambda connection: meta.get(connection, "a")) == "1"


async def test_work_in_one_go_that_fails_leaves_nothing(either_archive: Archive) -> None:
    async def put(connection: AsyncConnection) -> None:
        await meta.put(connection, "a", "1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await either_archive.write_at_once(put)
    assert await value(either_archive) is None


async def test_reading_in_one_go_cannot_write(either_archive: Archive) -> None:
    with pytest.raises((DBAPIError, ArchiveError)):
        await either_archive.read_at_once(lambda connection: meta.put(connection, "a", "1"))
    assert await value(either_archive) is None


async def test_work_in_one_go_and_blocks_take_turns(archive: Archive) -> None:
    async with archive.write() as connection:
        await meta.put(connection, "a", "block")
        later = asyncio.create_task(archive.write_at_once(lambda c: meta.put(c, "a", "at once")))
        await asyncio.sleep(0.05)
        assert not later.done()
    await later
    assert await value(archive) == "at once"


async def test_with_sqlite_work_in_one_go_stays_off_the_event_loop(archive: Archive) -> None:
    async def where(connection: AsyncConnection) -> tuple[int, int]:
        await meta.get(connection, "a")
        return threading.get_ident(), await aside(connection, threading.get_ident)

    first, second = await archive.read_at_once(where)
    assert first == second != threading.get_ident()


async def test_inside_work_in_one_go_nothing_else_may_be_waited_for(archive: Archive) -> None:
    async def wait(connection: AsyncConnection) -> None:
        await meta.put(connection, "a", "1")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but the archive"):
        await archive.write_at_once(wait)
    assert await value(archive) is None


async def test_two_reads_run_at_once_and_a_write_waits_for_neither(archive: Archive) -> None:
    go_on, lock = threading.Event(), threading.Lock()
    running = most = 0

    async def slow(connection: AsyncConnection) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go_on.wait(30)
        with lock:
            running -= 1

    reads = [asyncio.create_task(archive.read_at_once(slow)) for _ in range(5)]
    async with asyncio.timeout(30):
        while most < 2:
            await asyncio.sleep(0.01)
        await archive.write_at_once(lambda connection: meta.put(connection, "a", "1"))
        go_on.set()
        await asyncio.gather(*reads)
    assert most == 2
    assert await value(archive) == "1"


async def test_work_that_is_cancelled_ends_before_the_cancellation_goes_on() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    task = asyncio.create_task(finished(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


# --- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense", "sqlite://", "sqlite:///:memory:", ""])
async def test_an_address_that_is_none_is_refused_with_examples(url: str) -> None:
    with pytest.raises(ArchiveError, match=r"sqlite:///path"):
        await Archive.open(url)


async def test_a_file_that_is_no_database_is_told_with_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite3"
    file.write_bytes(b"This is a shopping list, and no database at all. " * 100)
    with pytest.raises(ArchiveError, match=r"x\.sqlite3 is damaged.*kakehashi restore"):
        await Archive.open(f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"This is a shopping list")


async def test_damage_that_is_met_later_is_told_with_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite3"
    archive = await Archive.open(f"sqlite:///{file}")
    async with archive.write() as connection:
        for number in range(200):
            await meta.put(connection, f"key {number}", "x" * 500)
    await archive.close()
    data = bytearray(file.read_bytes())
    for at in range(8192, len(data), 4096):
        data[at : at + 200] = b"\xff" * 200
    file.write_bytes(data)

    async def read_all() -> None:
        archive = await Archive.open(f"sqlite:///{file}")
        try:
            for number in range(200):
                await value(archive, f"key {number}")
        finally:
            await archive.close()

    with pytest.raises(ArchiveError, match="is damaged"):
        await read_all()


async def test_a_lock_that_another_program_holds_is_told_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    url = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    archive = await Archive.open(url)
    other = sqlite3.connect(tmp_path / "x.sqlite3", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ArchiveError, match=r"is locked.*Stop the second"):
            async with archive.write() as connection:
                await meta.put(connection, "a", "1")
        with pytest.raises(ArchiveError, match="is locked"):
            await archive.write_at_once(lambda c: meta.put(c, "a", "1"))
        # Reading goes on, and so does opening: nothing is to be migrated.
        assert await value(archive) is None
        second = await Archive.open(url)
        await second.close()
    finally:
        other.close()
        await archive.close()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="cannot be made"):
        await Archive.open(f"sqlite:///{tmp_path / 'file' / 'x.sqlite3'}")


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        ("attempt to write a readonly database", "write access"),
        ("database or disk is full", "Free some space"),
        ("disk I/O error", "Check the disk"),
        ("database disk image is malformed", "kakehashi restore"),
        ('password authentication failed for user "x"', "Check the user name and password"),
        ("[Errno 111] Connect call failed ('127.0.0.1', 5432)", "server runs"),
        ("the database system is starting up", "server runs"),
    ],
)
def test_each_trouble_names_its_cure_and_the_archive_without_its_password(message: str, cure: str) -> None:
    url = make_url("postgresql+asyncpg://me:secret@db.example/news")
    trouble = explained(OSError(message), url)
    assert trouble is not None
    assert cure in str(trouble)
    assert "db.example/news" in str(trouble)
    assert "secret" not in str(trouble)


def test_a_mistake_of_a_query_is_no_trouble_of_the_archive() -> None:
    assert explained(OSError('relation "nothing" does not exist'), make_url("postgresql://db.example/news")) is None
    assert explained(OSError("no such table: nothing"), make_url("sqlite:///x")) is None


async def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be opened"):
        await Archive.open(f"sqlite:///{tmp_path}")


@pytest.mark.postgres
async def test_a_database_that_is_not_there_is_told_without_the_password(postgres_url: str) -> None:
    address = postgres_url.replace("postgres:@", "postgres:secret@").replace("/t", "/nowhere", 1)
    with pytest.raises(ArchiveError, match="Create the database") as caught:
        await Archive.open(address)
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
async def test_a_server_that_is_not_there_is_told(postgres_url: str) -> None:
    assert postgres_url
    with pytest.raises(ArchiveError, match="cannot be reached"):
        await Archive.open("postgresql://nobody@127.0.0.1:9/x")
