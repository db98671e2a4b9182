"""Killed at any point, the bot loses and repeats nothing."""

from __future__ import annotations

import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.message import from_json
from digests.archive import Archive, local_messages
from tests.system import crashing
from tests.system.killable import begin, ended
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar, titles

START = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)


async def run(config: Path, time: datetime) -> None:
    """A run that ends well, in this process: to start another takes longer than all that it does."""
    await crashing.main(config, time, "never")


async def killed(config: Path, time: datetime, point: str) -> bool:
    """Whether a run in a process of its own died at ``point``."""
    status = await ended(begin(crashing.program, config, time, point))
    assert status in (0, -signal.SIGKILL), "what went wrong stands on its standard error"
    return status == -signal.SIGKILL


async def posted(config: Path, url: str | None = None) -> list[list[str]]:
    """What the channel shows, edition by edition, welcomes left out."""
    archive = await Archive.open(url or f"sqlite:///{config.parent / 'archive.sqlite3'}", migrate=False)
    try:
        async with archive.read() as connection:
            rows = await local_messages.page(connection, "news", member="local", limit=100)
    finally:
        await archive.close()
    messages = [from_json(row.message) for row in rows]
    return [titles(message) for message in messages if "where the story stands" not in message.summary]


@pytest.mark.parametrize("point", ["composed", "written", "leased", "sent"])
async def test_a_kill_at_any_point_of_an_edition_loses_and_repeats_nothing(
    config: Path, newsstand: Newsstand, point: str
) -> None:
    await run(config, START)
    newsstand.entries["town-hall"] = [pillar()]
    due = START + timedelta(hours=2, minutes=1)
    assert await killed(config, due, point)
    await run(config, due + timedelta(minutes=5))
    assert await posted(config) == [["Third pillar of the river bridge is built"]]


@pytest.mark.postgres
async def test_a_kill_before_the_record_loses_and_repeats_nothing_on_postgresql(
    config: Path, newsstand: Newsstand, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAKEHASHI_ARCHIVE", postgres_url)
    path = config / "bot.yaml"
    path.write_text(re.sub("^archive: .*$", "archive: {env: KAKEHASHI_ARCHIVE}", path.read_text(), flags=re.MULTILINE))
    await run(config, START)
    newsstand.entries["town-hall"] = [pillar()]
    due = START + timedelta(hours=2, minutes=1)
    assert await killed(config, due, "sent")
    await run(config, due + timedelta(minutes=5))
    assert await posted(config, postgres_url) == [["Third pillar of the river bridge is built"]]


async def test_a_kill_between_two_editions_loses_and_repeats_nothing(config: Path, newsstand: Newsstand) -> None:
    await run(config, START)
    newsstand.entries["town-hall"] = [pillar()]
    assert await killed(config, START + timedelta(hours=2, minutes=1), "written")
    words = (
        "Builders began work on the deck of the bridge. The crane arrived by ship from Southtown this week, the "
        "harbour office reported."
    )
    second = pillar("p2", title="River bridge: deck construction has begun", body=words)
    newsstand.entries["town-hall"] = [second, pillar()]
    await run(config, START + timedelta(hours=4))
    await run(config, START + timedelta(days=1, hours=2, minutes=1))
    assert await posted(config) == [
        ["Third pillar of the river bridge is built"],
        ["River bridge: deck construction has begun"],
    ]
