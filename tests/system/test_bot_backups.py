"""Backups that the bot makes by itself, and what putting one back does to what was posted since."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.base import Found, Sent
from bot.backups import backups_in
from bot.delivery import DeliveryWorker
from bot.message import Message, Paragraph, text, to_json
from bot.tools.backup import restore_once
from digests.archive import Archive, deliveries, editions
from digests.archive.deliveries import NewDelivery
from digests.errors import ArchiveError
from digests.model import Destination
from tests.conftest import StoppedClock
from tests.fakes.platform import FakePlatform
from tests.fakes.shelf import put_edition
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


async def test_it_is_looked_for_even_where_something_newer_has_been_posted_meanwhile(
    archive: Archive, clock: StoppedClock
) -> None:
    """After a restore the ledger's order is not that in which things were posted."""
    platform = FakePlatform(clock)
    asked: list[datetime] = []

    async def find(_: Destination, *, key: str, since: datetime) -> Found:
        asked.append(since)
        return Found(known=True, sent=Sent(("m9",), clock()))

    platform.find = find  # type: ignore[method-assign]
    place = Destination("fake", "w", "news")
    payload = to_json(Message((Paragraph(text("words")),), summary="words"))
    posted_at = clock()
    clock.forward(minutes=30)
    await put_edition(archive, clock(), deliver=[NewDelivery(place, 1, 1, payload)])
    async with archive.write() as connection:
        edition = await editions.create(
            connection,
            digest_id="other",
            scheduled_at=posted_at,
            composed_at=clock(),
            after_item=0,
            through_item=0,
            kind="digest",
        )
        assert edition is not None
        late = [NewDelivery(place, 1, 1, payload)]
        give_up = clock() + timedelta(hours=6)
        await deliveries.add(connection, edition, late, now=posted_at, give_up_at=give_up, in_doubt=True)
    worker = DeliveryWorker(archive, {"fake": platform}, now=clock)
    while await worker.work_once():
        clock.forward(seconds=5)
    assert len(platform.accepted) == 1
    assert len(asked) == 1
    assert asked[0] < posted_at


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
