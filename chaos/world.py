"""The world around the bot: both platforms, a newsstand, a configuration. It outlives every death of the bot."""

from __future__ import annotations

import random
import shutil
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from chaos.model import Plan
from chaos.reading import Reader
from chaos.steering import Steering
from tests.fakes.discord.schema import check_request
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.slack.schema import check_call
from tests.fakes.slack.server import FakeSlack
from tests.system.newsstand import Entry, Newsstand

_TINY = Path(__file__).parents[1] / "tests" / "data" / "stories" / "tiny"
_ODD = tuple((hour, 30) for hour in range(1, 24, 2))
_BOT = """\
story: tiny
archive: sqlite:///{folder}/archive.sqlite3
zone: UTC
language: en
platforms:
  web: {{port: {port}}}
  slack: {{base_url: "{slack}"}}
  discord: {{base_url: "{discord}", gateway: "{gateway}", shards: 1}}
ops: slack:COPS
backup: {{every: 2h, keep: 5}}
digests:
"""
_DIGEST = """\
  - id: {id}
    name: {{en: {name}}}
    sections: all
    destinations: [{destinations}]
    schedule: "{schedule}"
    zone: {zone}
    catch_up: {catch_up}m
    length: long
    quiet: post
"""
_SOURCES = """\
sources:
  - {{id: town-hall, name: Town hall, url: "{address}/town-hall.xml", publisher: Town hall, family: town-hall,
     kind: official, language: en, every: 10m, allow_private: true}}
  - {{id: courier, name: River Courier, url: "{address}/courier.xml", publisher: River Courier, family: courier,
     kind: national, language: en, every: 10m, allow_private: true}}
"""
_SYLLABLES = (
    "ba ce dor fen gar hul jo kes lim mor nas ol pir qua ros sel tam ur vin wex yel zan thor brig clay dun esk fal "
    "gorm hest ilk jarn kul lork mesk nirn osk pell quil rusk stolt trun ulm vash wern yost zirk"
)


def plans_for(discord: FakeDiscord) -> tuple[tuple[Plan, ...], Plan]:
    """The digests that go to six destinations, and one that goes where the bot may post and not read."""
    texts = [discord.text, discord.world.add_channel(discord.guild, "second")]
    places = ("slack:C1", "slack:C2", "slack:C3", *(f"discord:{channel.id}" for channel in (*texts, discord.forum)))
    hours = timedelta(hours=6)
    odd = "30 " + ",".join(str(hour) for hour, _ in _ODD) + " * * *"
    return (
        Plan("hourly", "Hourly digest", "hourly", "UTC", (), hours, places),
        Plan("odd", "Odd hours", odd, "Europe/Kyiv", _ODD, hours, places),
        Plan("night", "Night digest", "daily 01:30", "America/New_York", ((1, 30),), 2 * hours, places),
    ), Plan("unread", "Unread digest", "daily 12:15", "Europe/Kyiv", ((12, 15),), hours, ("slack:C4",))


@dataclass
class World:
    """Everything but the bot. Use ``async with``."""

    folder: Path
    steering: Steering
    rng: random.Random
    slack: FakeSlack = field(init=False)
    discord: FakeDiscord = field(init=False)
    newsstand: Newsstand = field(default_factory=Newsstand)
    plans: tuple[Plan, ...] = ()
    unread: Plan = field(init=False)
    reader: Reader = field(init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _told: int = 0

    async def __aenter__(self) -> Self:
        self.slack = await self._stack.enter_async_context(FakeSlack(clock=self.steering.seconds))
        self.discord = await self._stack.enter_async_context(FakeDiscord(clock=self.steering.seconds))
        self.slack.keep_requests = False
        self.slack.checks.append(check_call)
        self.discord.checks.append(check_request)
        self.discord.enforce_rates = False
        for name in ("C2", "C3", "COPS"):
            self.slack.add_channel(name)
        self.slack.add_channel("C4", member=False)
        await self.newsstand.start()
        self._stack.push_async_callback(self.newsstand.stop)
        self.plans, self.unread = plans_for(self.discord)
        by_name = {plan.name: plan for plan in (*self.plans, self.unread)}
        self.reader = Reader(self.slack, self.discord, by_name, self.plans[0].destinations)
        self._configure()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def archive(self) -> Path:
        return self.folder / "archive.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        """What the bot's process is told."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "DISCORD_TOKEN": self.discord.token,
        }

    def _configure(self) -> None:
        shutil.copytree(_TINY, self.config / "stories" / "tiny")
        addresses = {
            "slack": self.slack.base_url,
            "discord": self.discord.base_url,
            "gateway": self.discord.gateway_url,
        }
        text = _BOT.format(folder=self.folder, port=_free_port(), **addresses)
        for plan in (*self.plans, self.unread):
            text += _DIGEST.format(
                id=plan.id,
                name=plan.name,
                schedule=plan.schedule,
                zone=plan.zone,
                catch_up=int(plan.catch_up.total_seconds() // 60),
                destinations=", ".join(f'"{place}"' for place in plan.destinations),
            )
        (self.config / "bot.yaml").write_text(text)
        sources = _SOURCES.format(address=self.newsstand.address)
        (self.config / "stories" / "tiny" / "sources.yaml").write_text(sources)

    def print_news(self, now: datetime, count: int) -> None:
        """Publish items that say something new, each about something else."""
        for _ in range(count):
            self._told += 1
            feed = ("town-hall", "courier")[self._told % 2]
            entries = self.newsstand.entries.setdefault(feed, [])
            entries.insert(0, self._entry(now))
            del entries[30:]

    def _entry(self, now: datetime) -> Entry:
        """An item about works that have names of their own, long enough that an edition of them needs several parts."""
        number = self._told
        syllables = _SYLLABLES.split()
        names = ["".join(self.rng.sample(syllables, 3)).capitalize() for _ in range(30)]
        paid = number % 2 == 0
        title = f"{names[0]} bridge {'loan' if paid else 'works'} {number}: {names[1]}, {names[2]} and {names[3]}"
        head = "A loan in dollars pays for" if paid else "Workers build"
        body = (
            f"{head} the {names[0]} bridge pillar with {', '.join(names[4:22])} and {names[22]}. "
            f"{names[23]}, {names[24]} and {names[25]} met {', '.join(names[26:29])} and {names[29]}."
        )
        return Entry(f"n{number}", title, f"<p>{body}</p>", now - timedelta(minutes=1))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
