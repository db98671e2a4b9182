"""The dead man's alarm: what falls silent is told once, and that it is over is told once, over every restart."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.message import Message
from digests.archive import deliveries
from digests.model import DeliveryState
from tests.conftest import StoppedClock
from tests.system.conftest import Bot, StartBot
from tests.system.newsstand import Newsstand


@pytest.fixture
def config(config: Path) -> Path:
    path = config / "bot.yaml"
    text = path.read_text().replace("quiet: skip", "quiet: post")
    path.write_text(text.replace("digests:\n", "ops: web:ops\ndigests:\n", 1))
    return config


async def told(bot: Bot) -> list[str]:
    await bot.ring()
    return [" ".join(re.sub(r"<[^>]*>", "", html).split()) for html in await bot.html("ops")]


async def test_downtime_is_told_once_when_it_ends_and_once_when_it_is_over(
    start_bot: StartBot, clock: StoppedClock
) -> None:
    bot = await start_bot()
    await bot.at("08:00")
    assert await told(bot) == []
    await bot.app.close()
    clock.forward(days=1, hours=3)
    bot = await start_bot()
    (silent,) = await told(bot)
    assert "Morning digest: nothing posted since it was due at" in silent
    assert "This digest was absent" not in (await bot.html())[-1], "nothing was missed: one edition is late"
    assert "This edition is 3 hours late." in (await bot.html())[-1]
    await bot.app.alarms.run_once()
    _, over = await told(bot)
    assert "Morning digest: is posted again; it was silent for 3 hours" in over
    for _ in range(3):
        await bot.app.alarms.run_once()
    await bot.app.close()
    bot = await start_bot()
    await bot.app.alarms.run_once()
    assert len(await told(bot)) == 2


async def test_the_digest_says_how_long_it_was_absent(start_bot: StartBot, clock: StoppedClock) -> None:
    bot = await start_bot()
    await bot.app.close()
    clock.forward(days=3, hours=3)
    bot = await start_bot()
    html = (await bot.html())[-1]
    assert "This digest was absent for 3 days." in html
    assert "3 earlier editions were missed" in html


async def test_a_restart_repeats_no_alarm_that_still_stands(
    start_bot: StartBot, clock: StoppedClock, config: Path
) -> None:
    bot = await start_bot()
    await bot.app.close()
    clock.forward(days=1, hours=9)  # older than the catch-up window: nothing is posted until the next morning
    for _ in range(3):
        bot = await start_bot()
        assert len(await told(bot)) == 1
        await bot.app.close()


async def test_a_digest_whose_channel_takes_nothing_is_silent_there(
    start_bot: StartBot, clock: StoppedClock, config: Path
) -> None:
    path = config / "bot.yaml"
    path.write_text(path.read_text().replace('["web:news"]', '["web:news", "web:elsewhere:news"]'))
    bot = await start_bot()
    await bot.at("08:00")
    async with bot.app.archive.read() as connection:
        assert (await deliveries.counts(connection))[DeliveryState.DEAD] == 2
    assert await told(bot) == []
    clock.forward(minutes=31)
    await bot.app.alarms.run_once()
    (silent,) = await told(bot)
    assert "not delivered to web:elsewhere:news" in silent
    assert "mend bot.yaml" in silent


async def test_a_kind_of_sources_that_fails_as_a_whole_is_told(
    start_bot: StartBot, clock: StoppedClock, newsstand: Newsstand
) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.broken.add("agency")
    for _ in range(5):
        await bot.poll()
        await bot.app.alarms.run_once()
    assert await told(bot) == [], "one hour has not passed"
    for _ in range(3):
        await bot.poll()
        clock.forward(hours=1)
        await bot.app.alarms.run_once()
    (failing,) = [line for line in await told(bot) if "Sources" in line]
    assert "Sources (news agency): no source can be read since" in failing
    assert "500" in failing
    newsstand.broken.clear()
    clock.forward(hours=3)
    await bot.poll()
    await bot.app.alarms.run_once()
    assert "Sources (news agency): can be read again, after" in (await told(bot))[-1]
    assert len([line for line in await told(bot) if "Sources" in line]) == 2


async def test_without_an_ops_destination_nothing_is_posted(
    start_bot: StartBot, clock: StoppedClock, config: Path
) -> None:
    path = config / "bot.yaml"
    path.write_text(path.read_text().replace("ops: web:ops\n", ""))
    bot = await start_bot()
    clock.forward(days=1, hours=9)
    assert await bot.app.alarms.run_once() == 1
    await bot.ring()
    assert await bot.posts("ops", kind=None) == []
    clock.present += timedelta(minutes=5)
    assert await bot.app.alarms.run_once() == 0


async def test_a_digest_that_cannot_be_written_keeps_no_other_silent_and_is_alarmed(
    start_bot: StartBot, clock: StoppedClock, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config / "bot.yaml"
    second = path.read_text().partition("digests:\n")[2].replace("morning", "second").replace("Morning", "Second")
    path.write_text(path.read_text() + second.replace("web:news", "web:second"))
    bot = await start_bot()
    web = bot.app.adapters["web"]
    split = web.split

    def faulty(message: Message) -> tuple[Message, ...]:
        if message.summary.startswith("Morning digest"):
            raise ValueError("a bug")
        return split(message)

    monkeypatch.setattr(web, "split", faulty)
    with structlog.testing.capture_logs() as logs:
        await bot.at("08:00")
    assert len(await bot.html("second")) == 2
    assert len(await bot.html("news")) == 1
    (said,) = [line for line in logs if line["event"] == "edition.fault"]
    assert said["log_level"] == "error"
    clock.forward(minutes=45)
    await bot.app.alarms.run_once()
    (silent,) = await told(bot)
    assert "Morning digest: nothing posted since it was due at" in silent
    monkeypatch.setattr(web, "split", split)
    await bot.ring()
    assert len(await bot.html("news")) == 2
    assert len(await bot.html("second")) == 2
