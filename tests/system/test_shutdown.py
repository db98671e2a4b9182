"""Asked to end while messages are under way, the bot ends in time and in form, and the next start settles the rest."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from digests.archive import Archive, deliveries
from digests.model import DeliveryState
from tests.fakes.slack.server import FakeSlack

ROOT = Path(__file__).parents[2]
LIMIT = 10.0
"""Seconds that the product gives itself to end, whatever a platform does (ARCHITECTURE.md, "Delivery")."""
STALL = 60.0
LEASES_ARE_OVER = 300
CHANNELS = ("C1", "C2", "C3")


@pytest.fixture
async def slack(config: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        for channel in CHANNELS[1:]:
            fake.add_channel(channel)
        monkeypatch.setenv("SLACK_BOT_TOKEN", fake.bot_token)
        monkeypatch.setenv("SLACK_APP_TOKEN", fake.app_token)
        path = config / "bot.yaml"
        text = path.read_text().replace("web: {port: 0}", f'slack: {{base_url: "{fake.base_url}"}}')
        path.write_text(text.replace('"web:news"', ", ".join(f'"slack:{channel}"' for channel in CHANNELS)))
        yield fake


@asynccontextmanager
async def running(config: Path, *, ahead: float = 0) -> AsyncIterator[asyncio.subprocess.Process]:
    with (config.parent / "bot.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.system.running", str(config), str(ahead)),
            cwd=ROOT,
            env=os.environ,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(process: asyncio.subprocess.Process) -> float:
    """Ask it to end; how many seconds that took. It must end with 0."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(STALL):
        assert await process.wait() == 0
    return time.monotonic() - began


async def states(config: Path) -> dict[DeliveryState, int]:
    archive = await Archive.open(f"sqlite:///{config.parent / 'archive.sqlite3'}", migrate=False)
    try:
        async with archive.read() as connection:
            counts = await deliveries.counts(connection)
    finally:
        await archive.close()
    return {state: count for state, count in counts.items() if count}


async def test_what_is_under_way_when_the_bot_is_asked_to_end_is_neither_lost_nor_doubled(
    config: Path, slack: FakeSlack
) -> None:
    """One message is answered late, one is posted and never answered, one is neither posted nor answered."""
    slack.fail_next("chat.postMessage", delay=1.0)
    slack.fail_next("chat.postMessage", stall=STALL)
    slack.fail_next("chat.postMessage", delay=STALL, drop_before=True)
    async with running(config) as bot:
        await slack.until(lambda: slack.calls["chat.postMessage"] == len(CHANNELS), timeout=60)
        assert await ended(bot) < LIMIT
    assert await states(config) == {DeliveryState.SENT: 1, DeliveryState.LEASED: 2}
    assert sum(len(slack.messages(channel)) for channel in CHANNELS) == 2
    async with running(config, ahead=LEASES_ARE_OVER) as bot:
        async with asyncio.timeout(60):
            while await states(config) != {DeliveryState.SENT: 3}:
                await asyncio.sleep(0.1)
        assert await ended(bot) < LIMIT
    assert [len(slack.messages(channel)) for channel in CHANNELS] == [1, 1, 1]


async def test_asked_to_end_while_it_starts_it_ends_in_form(config: Path, slack: FakeSlack) -> None:
    """Deliveries begin before a start is over: had it been killed then, messages were left in the dark."""
    slack.fail_next("auth.test", stall=STALL)
    async with running(config) as bot:
        await slack.until(lambda: slack.calls["auth.test"] == 1, timeout=60)
        assert await ended(bot) < LIMIT
    assert '"app.started"' not in (log := (config.parent / "bot.log").read_text()), log
