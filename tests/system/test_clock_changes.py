"""Editions over clock changes and downtime: each once, none lost."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from digests.archive import editions
from tests.conftest import StoppedClock
from tests.system.conftest import StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar


def rewrite(config: Path, old: str, new: str) -> None:
    path = config / "bot.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("zone", "clock_time", "day"),
    [
        ("Europe/Kyiv", "03:30", datetime(2026, 3, 29, tzinfo=UTC)),
        ("Europe/Kyiv", "03:30", datetime(2026, 10, 25, tzinfo=UTC)),
        ("America/New_York", "02:30", datetime(2026, 3, 8, tzinfo=UTC)),
        ("America/New_York", "01:30", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
async def test_each_day_around_a_clock_change_gets_one_edition(
    config: Path, clock: StoppedClock, start_bot: StartBot, zone: str, clock_time: str, day: datetime
) -> None:
    rewrite(config, "schedule: daily 08:00", f"schedule: daily {clock_time}\n    zone: {zone}")
    rewrite(config, "quiet: skip", "quiet: post")
    clock.present = day - timedelta(days=2)
    bot = await start_bot()
    while clock.present < day + timedelta(days=2):
        clock.forward(minutes=15 if clock.present.date() == day.date() else 60)
        await bot.ring()
    async with bot.app.archive.read() as connection:
        written = await editions.recent(connection, digest_id="morning", limit=100)
    days = Counter(e.scheduled_at.astimezone(ZoneInfo(zone)).date() for e in written if e.kind == "quiet")
    assert len(days) == 4
    assert set(days.values()) == {1}
    assert len(await bot.posts()) == 5, "four editions after the welcome"


async def test_a_clock_set_back_repeats_nothing(clock: StoppedClock, config: Path, start_bot: StartBot) -> None:
    rewrite(config, "quiet: skip", "quiet: post")
    bot = await start_bot()
    await bot.at("08:00")
    clock.forward(hours=-2)
    for _ in range(20):
        clock.forward(minutes=15)
        await bot.ring()
    assert len(await bot.posts()) == 2


async def test_downtime_over_quiet_days_posts_nothing_when_quiet_days_are_skipped(
    config: Path, clock: StoppedClock, start_bot: StartBot, newsstand: Newsstand
) -> None:
    bot = await start_bot()
    await bot.poll()
    await bot.app.close()
    newsstand.entries["town-hall"] = [pillar()]
    clock.present = datetime(2026, 6, 4, 9, 0, tzinfo=UTC)
    again = await start_bot()
    assert len(await again.posts()) == 1, "nothing new has been read yet, and quiet days are skipped"
    await again.app.close()


async def test_missed_editions_fold_into_the_newest_one(config: Path, clock: StoppedClock, start_bot: StartBot) -> None:
    rewrite(config, "quiet: skip", "quiet: post")
    bot = await start_bot()
    await bot.app.close()
    clock.present = datetime(2026, 6, 4, 9, 0, tzinfo=UTC)
    again = await start_bot()
    html = await again.html()
    assert len(html) == 2
    assert "3 earlier editions were missed" in html[-1]


async def test_an_edition_older_than_its_catch_up_window_waits_for_the_next(
    config: Path, clock: StoppedClock, start_bot: StartBot
) -> None:
    rewrite(config, "quiet: skip", "quiet: post")
    bot = await start_bot()
    await bot.app.close()
    clock.present = datetime(2026, 6, 4, 20, 0, tzinfo=UTC)
    again = await start_bot()
    assert len(await again.posts()) == 1
    await again.at("08:00")
    assert len(await again.posts()) == 2
    assert "4 earlier editions were missed" in (await again.html())[-1]


async def test_a_weekly_roundup_stands_in_for_quiet_days(
    config: Path, clock: StoppedClock, start_bot: StartBot
) -> None:
    rewrite(config, "quiet: skip", "quiet: weekly-roundup")
    bot = await start_bot()
    for _ in range(15):
        await bot.at("08:00")
    html = await bot.html()
    assert len(html) == 3, "the welcome, then one roundup a week"
    assert "A quiet week" in html[1]
