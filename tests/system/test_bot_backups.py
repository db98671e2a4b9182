"""Backups that the bot makes by itself, and what putting one back does to what was posted since."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.backups import backups_in
from bot.tools.backup import restore_once
from digests.archive import Archive
from digests.errors import ArchiveError
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack
from tests.system.conftest import StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar
from tests.system.test_slack_bot import slack

__all__ = ["slack"]


async def test_one_now_and_then_and_the_oldest_go(start_bot: StartBot, clock: StoppedClock, config: Path) -> None:
    path = config / "bot.yaml"
    path.write_text(path.read_text() + "backup: {every: 6h, keep: 3}\n")
    bot = await start_bot()
    made = []
    for _ in range(20):
        made.append(await bot.app.backups.run_once())
        clock.forward(hours=2)
    kept = backups_in(config.parent / "backups")
    files = [file for file in made if file is not None]
    assert len(files) == 7
    assert kept == files[-3:]
    other = config.parent / "backups" / "mine.sqlite3"
    other.touch()
    (config.parent / "backups" / ".kakehashi-20260101T000000Z.sqlite3.part").touch()
    clock.forward(hours=6)
    assert await bot.app.backups.run_once() is not None
    assert other.exists(), "files of other names are none of the bot's business"
    assert not list((config.parent / "backups").glob(".*.part"))


async def test_none_where_none_are_wanted(start_bot: StartBot, config: Path) -> None:
    path = config / "bot.yaml"
    path.write_text(path.read_text() + "backup: {enabled: false}\n")
    bot = await start_bot()
    assert await bot.app.backups.run_once() is None
    assert not (config.parent / "backups").exists()


async def test_one_command_puts_the_newest_whole_one_back(
    start_bot: StartBot, clock: StoppedClock, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bot = await start_bot()
    first = await bot.app.backups.run_once()
    clock.forward(days=2)
    second = await bot.app.backups.run_once()
    assert first is not None
    assert second is not None
    await bot.app.close()
    archive = config.parent / "archive.sqlite3"
    archive.write_bytes(b"\0" * 65_536)
    second.write_bytes(second.read_bytes()[:20_000])
    with pytest.raises(ArchiveError, match=r"kakehashi restore"):
        await Archive.open(f"sqlite:///{archive}")
    await restore_once(config, None)
    said = capsys.readouterr()
    assert first.name in said.out
    assert second.name in said.err
    await (await Archive.open(f"sqlite:///{archive}")).close()
    first.unlink()
    with pytest.raises(ArchiveError, match="no whole backup"):
        await restore_once(config, None)


async def test_what_was_posted_after_the_backup_is_not_posted_again(
    slack: FakeSlack, start_bot: StartBot, clock: StoppedClock, config: Path, newsstand: Newsstand
) -> None:
    slack.clock = lambda: clock().timestamp()
    bot = await start_bot()
    await bot.poll()
    assert await bot.app.backups.run_once() is not None
    newsstand.entries["town-hall"] = [pillar()]
    await bot.poll()
    await bot.at("08:00")
    assert len(slack.messages("C1")) == 2
    await bot.app.close()
    (config.parent / "archive.sqlite3").write_bytes(b"\0" * 65_536)
    await asyncio.to_thread(lambda: [path.unlink() for path in config.parent.glob("archive.sqlite3-*")])
    await restore_once(config, None)
    clock.forward(minutes=5)
    bot = await start_bot()
    assert len(slack.messages("C1")) == 2, "the platform was asked, and has it"
    clock.forward(days=1)
    await bot.ring()
    assert len(slack.messages("C1")) == 2, "a quiet day is skipped"
    newsstand.entries["town-hall"] = [pillar("p9", title="River bridge: the deck is laid"), pillar()]
    await bot.poll()
    await bot.at("08:00")
    assert len(slack.messages("C1")) == 3
