"""A whole bot in a folder of its own, over the made-up story "tiny", with its clock in the test's hand."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import App
from bot.message import Message, from_json
from digests.archive import deliveries
from digests.ingest.fetch import FetchLimits
from digests.model import DeliveryState
from tests.conftest import StoppedClock
from tests.fakes.slack.schema import check_call
from tests.fakes.slack.server import FakeSlack
from tests.system.newsstand import Newsstand

TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"
BOT = """\
story: tiny
archive: sqlite:///{archive}
zone: UTC
language: en
platforms:
  web: {{port: 0}}
digests:
  - id: morning
    name: {{en: Morning digest}}
    sections: all
    destinations: ["web:news"]
    schedule: daily 08:00
    quiet: skip
"""
SOURCES = """\
sources:
  - {{id: town-hall, name: Town hall, url: "{address}/town-hall.xml", publisher: Town hall, family: town-hall,
     kind: official, language: en, every: 1m, allow_private: true}}
  - {{id: courier, name: River Courier, url: "{address}/courier.xml", publisher: River Courier, family: courier,
     kind: national, language: en, every: 1m, allow_private: true}}
  - {{id: agency, name: Wire, url: "{address}/agency.xml", publisher: Valley Wire, family: wire,
     kind: wire, language: en, every: 1m, allow_private: true}}
"""


@asynccontextmanager
async def over_slack(config: Path, monkeypatch: pytest.MonkeyPatch, *, http: bool = False) -> AsyncIterator[FakeSlack]:
    """A Slack on loopback that the configuration posts to in the local chat's place, by Socket Mode or signed HTTP; at
    the end nothing that was sent may have broken Slack's rules."""
    async with FakeSlack() as fake:
        fake.checks = [check_call]
        monkeypatch.setenv("SLACK_BOT_TOKEN", fake.bot_token)
        if http:
            monkeypatch.setenv("SLACK_SIGNING_SECRET", fake.signing_secret)
        else:
            monkeypatch.setenv("SLACK_APP_TOKEN", fake.app_token)
        path = config / "bot.yaml"
        mode = ", mode: http, port: 0" if http else ""
        platforms = f'platforms:\n  slack: {{base_url: "{fake.base_url}"{mode}}}\n'
        text = path.read_text().replace("platforms:\n  web: {port: 0}\n", platforms)
        path.write_text(text.replace("web:news", "slack:C1"))
        yield fake
        assert fake.violations == []


@pytest.fixture
async def newsstand() -> AsyncIterator[Newsstand]:
    stand = Newsstand()
    await stand.start()
    yield stand
    await stand.stop()


@pytest.fixture
def config(tmp_path: Path, newsstand: Newsstand, empty_archive: Path) -> Path:
    """A configuration folder whose sources lie on the newsstand, and an archive whose tables are made already."""
    shutil.copy(empty_archive, tmp_path / "archive.sqlite3")
    folder = tmp_path / "config"
    shutil.copytree(TINY, folder / "stories" / "tiny")
    (folder / "bot.yaml").write_text(BOT.format(archive=tmp_path / "archive.sqlite3"))
    (folder / "stories" / "tiny" / "sources.yaml").write_text(SOURCES.format(address=newsstand.address))
    return folder


class Bot:
    """A running app and how a member sees it."""

    def __init__(self, app: App, clock: StoppedClock) -> None:
        self.app = app
        self.clock = clock

    @property
    def address(self) -> str:
        return str(self.app.adapters["web"].address)  # type: ignore[attr-defined]

    async def poll(self) -> None:
        """Let time pass until every source is due, and read them."""
        self.clock.forward(minutes=10)
        await self.app.poll()

    async def at(self, clock_time: str) -> None:
        """Set the clock to the next such time (UTC) and let the bot do what is due."""
        hour, minute = map(int, clock_time.split(":"))
        target = self.clock.present.replace(hour=hour, minute=minute, second=0, microsecond=0)
        self.clock.present = target if target > self.clock.present else target + timedelta(days=1)
        await self.ring()

    async def ring(self) -> None:
        """What the clock's ring does, and what it leads to."""
        await self.app.desk.catch_up()
        async with asyncio.timeout(20):
            while not await self._ledger_rests():
                await self.app.worker.work_once()
                await asyncio.sleep(0.01)

    async def _ledger_rests(self) -> bool:
        """The app's own worker may have taken rows and be sending them still."""
        async with self.app.archive.read() as connection:
            counts = await deliveries.counts(connection)
        return not counts[DeliveryState.PENDING] and not counts[DeliveryState.LEASED]

    async def posts(self, channel: str = "news", kind: str | None = "digest") -> list[Message]:
        """Public messages of a channel, oldest first."""
        rows = await self.app.adapters["web"].page(channel, "local", None, 1000)  # type: ignore[attr-defined]
        messages = [from_json(row.message) for row in rows if row.private_to is None]
        return [message for message in messages if kind is None or message.kind == kind]

    async def html(self, channel: str = "news") -> list[str]:
        async with (
            aiohttp.ClientSession(self.address) as http,
            http.get("/api/messages", params={"channel": channel}) as answer,
        ):
            return [row["html"] for row in (await answer.json())["messages"]]

    async def say(self, line: str, **more: str) -> dict[str, Any]:
        body = {"line": line, "channel": "news", "language": "en", "zone": "UTC", **more}
        async with aiohttp.ClientSession(self.address) as http, http.post("/api/say", json=body) as answer:
            answer.raise_for_status()
            card: dict[str, Any] = (await answer.json())["message"]
            return card


StartBot = Callable[[], Awaitable[Bot]]


@pytest.fixture
async def start_bot(config: Path, clock: StoppedClock) -> AsyncIterator[StartBot]:
    """Start a bot on the configuration; may be called again after it was closed. The clock rings only as the test
    says: its own rings would come by the real time."""
    running: list[Bot] = []

    async def start() -> Bot:
        app = await App.create(config, now=clock, limits=FetchLimits(spacing=0.0))
        bot = Bot(app, clock)
        running.append(bot)
        await app.start(ingest=False)
        await bot.ring()
        return bot

    yield start
    for bot in running:
        await bot.app.close()
