"""Backup and restore beside a whole bot that reads, posts and answers meanwhile."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from tests.system.conftest import Bot, StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import LONG, pillar

ROOT = Path(__file__).parents[2]


async def kakehashi(config: Path, *arguments: str) -> tuple[int, str]:
    """The command line as another program; exit status and everything it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.cli", "--config", str(config), *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def keep_busy(bot: Bot, newsstand: Newsstand, enough: asyncio.Event) -> None:
    """Read, post and answer, over and over, until it is enough."""
    number = 0
    digest = bot.app.store.settings.digest("morning")
    while not enough.is_set():
        number += 1
        entry = pillar(f"p{number}", title=f"Pillar {number} of the river bridge is built", body=f"{LONG} {number}.")
        newsstand.entries["town-hall"] = [*newsstand.entries.get("town-hall", [])[-5:], entry]
        await bot.poll()
        await bot.app.desk.post_now(digest, now=bot.clock.present)
        await bot.app.worker.work_once()
        await bot.say("/latest building 3")
        await asyncio.sleep(0.4)  # leaves the other program some of the machine


def faults(path: Path) -> list[str]:
    """What does not fit together in a copy of an archive."""
    found: list[str] = []
    with closing(sqlite3.connect(path)) as connection:

        def none_of(what: str, query: str) -> None:
            if rows := connection.execute(query).fetchall():
                found.append(f"{what}: {rows[:3]}")

        if (verdict := connection.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
            found.append(f"integrity: {verdict}")
        none_of("foreign keys", "PRAGMA foreign_key_check")
        none_of(
            "posted and not there",
            "SELECT id FROM deliveries WHERE state = 'sent' AND id NOT IN"
            " (SELECT delivery_id FROM local_messages WHERE delivery_id IS NOT NULL)",
        )
        none_of(
            "editions without their ledger",
            "SELECT id FROM editions WHERE kind IN ('welcome', 'manual', 'digest')"
            " AND id NOT IN (SELECT edition_id FROM deliveries)",
        )
        none_of(
            "items without a filing",
            "SELECT id FROM items WHERE off_topic IS NULL AND id NOT IN (SELECT item_id FROM filings)",
        )
        none_of(
            "items that cannot be found",
            "SELECT id FROM items WHERE off_topic IS NULL AND id NOT IN"
            " (SELECT item_id FROM passages WHERE item_id IS NOT NULL)",
        )
        shelves = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5(%'").fetchall()
        assert shelves
        for (name,) in shelves:
            connection.execute(f"INSERT INTO {name}({name}) VALUES ('integrity-check')")
    return found


async def test_backups_made_under_load_hold_one_moment_and_can_be_restored(
    start_bot: StartBot, config: Path, newsstand: Newsstand, tmp_path: Path
) -> None:
    bot = await start_bot()
    await bot.poll()
    enough = asyncio.Event()
    load = asyncio.create_task(keep_busy(bot, newsstand, enough))
    copies = [tmp_path / f"copy-{number}.sqlite3" for number in range(2)]
    for copy in copies:
        status, said = await kakehashi(config, "backup", str(copy))
        assert status == 0, said
        assert not load.done(), "the bot goes on meanwhile"
    status, said = await kakehashi(config, "restore", "--yes", str(copies[0]))
    assert status == 1
    assert "in use; stop the bot" in said
    enough.set()
    async with asyncio.timeout(30):
        await load  # not cancelled: what is cancelled amid a statement keeps the archive open for a moment
    assert not [path for path in tmp_path.iterdir() if "replaced" in path.name], "nothing was touched"
    sizes = []
    for copy in copies:
        assert faults(copy) == []
        with closing(sqlite3.connect(copy)) as connection:
            sizes.append(connection.execute("SELECT count(*) FROM editions").fetchone()[0])
    assert sizes[0] < sizes[-1], "there was load"
    await bot.app.close()
    for _ in range(10):
        # Here the bot was no process of its own: a thread of it may hold the archive for a moment longer.
        status, said = await kakehashi(config, "restore", "--yes", str(copies[-1]))
        if "in use" not in said:
            break
        gc.collect()
        await asyncio.sleep(0.5)
    assert status == 0, said
    again = await start_bot()
    posts = await again.posts()
    async with again.app.archive.read() as connection:
        rows = await connection.exec_driver_sql("SELECT count(*), count(DISTINCT delivery_id) FROM local_messages"
                                                " WHERE delivery_id IS NOT NULL")  # fmt: skip
        assert tuple(rows.one()) == (len(posts), len(posts))
        states = await connection.exec_driver_sql("SELECT DISTINCT state FROM deliveries")
        assert [row[0] for row in states] == ["sent"]
    assert len(posts) >= sizes[-1]
