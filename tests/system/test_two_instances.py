"""Two bots started on one archive by mistake: one posts, the other says that it is the second."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import structlog

from bot.tools.doctor import run_doctor
from digests.errors import NotInCharge
from tests.conftest import StoppedClock
from tests.system.conftest import Bot, StartBot


@pytest.fixture
def config(config: Path) -> Path:
    path = config / "bot.yaml"
    path.write_text(path.read_text().replace("quiet: skip", "quiet: post"))
    return config


async def notices(bot: Bot) -> str:
    async with aiohttp.ClientSession(bot.address) as http, http.get("/api/state") as answer:
        return await answer.text()


async def test_the_second_posts_nothing_says_so_and_takes_over(
    start_bot: StartBot, clock: StoppedClock, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.present = datetime.now(UTC)  # as doctor's
    first = await start_bot()
    with structlog.testing.capture_logs() as logs:
        second = await start_bot()
    (said,) = [line for line in logs if line["event"] == "instance.second"]
    assert "stop one of the two" in said["cure"]
    assert "Another Kakehashi works on this archive (process" in await notices(second)
    assert "Another Kakehashi" not in await notices(first)
    await run_doctor(config)
    assert "MEND  instance: a second one stands by (process" in capsys.readouterr().out
    await first.at("08:00")
    assert len(await first.posts()) == 2
    clock.forward(days=1)
    with pytest.raises(NotInCharge):
        await second.app.desk.catch_up()
    await first.app.close()
    async with asyncio.timeout(20):
        while not second.app.instance.in_charge or len(await second.posts()) < 3:
            await asyncio.sleep(0.05)
    assert "Another Kakehashi" not in await notices(second)


async def test_a_bot_that_another_has_taken_over_from_ends_and_says_why(
    start_bot: StartBot, clock: StoppedClock
) -> None:
    bot = await start_bot()
    other = await _taken_over(bot)  # between two beats: a beat amid it shows that the holder lives
    bot.app.instance._every = 0.01
    bot.app._own(bot.app.instance.keep(), "a quicker beat")
    with pytest.raises(NotInCharge):
        async with asyncio.timeout(20):
            await bot.app.wait()
    await bot.app.close()
    assert other.is_sure


async def _taken_over(bot: Bot) -> object:
    """Another instance takes charge although the first one lives: as if that had been frozen."""
    from bot.instance import InstanceKeeper

    other = InstanceKeeper(bot.app.archive, now=bot.clock)
    other._is_free = lambda row, now: True  # type: ignore[method-assign]
    assert await other.try_to_take()
    return other
