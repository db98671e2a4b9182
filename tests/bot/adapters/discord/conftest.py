"""A simulated Discord in this process, with one server, and the adapter in it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from discord import app_commands
from pydantic import SecretStr
from simcord.builders import ChannelHandle, GuildHandle
from simcord.env import Env

from bot.adapters.base import AdapterContext
from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.options import DiscordOptions
from digests.archive import Archive
from digests.model import Destination
from tests.conftest import StoppedClock
from tests.fakes.discord.schema import check_request
from tests.fakes.discord.server import TOKEN, FakeDiscord
from tests.fakes.host import FakeHost

_ESCAPED = re.compile(r"\\(\W)")


@dataclass(frozen=True)
class Simulation:
    """What the tests arrange and look at."""

    env: Env
    guild: GuildHandle
    news: ChannelHandle

    def requests(self, method: str, path: str) -> list[dict[str, Any]]:
        """The bodies of the bot's requests whose path matches the pattern, oldest first."""
        return [
            dict(seen.json or {}) if not isinstance(seen.json, list) else {"all": seen.json}
            for seen in self.env.http_requests
            if seen.method == method and re.fullmatch(path, seen.path)
        ]

    def shown(self, channel: int) -> list[str]:
        """The messages of a channel, oldest first; a character that is escaped is no longer beside the next one."""
        messages = sorted(self.env.backend.messages[channel].values(), key=lambda message: message.id)
        return [
            _ESCAPED.sub(
                r"\1 ", json.dumps([m.content, m.embeds, m.components], ensure_ascii=False).replace("\\\\", "\\")
            )
            for m in messages
        ]


def context(
    archive: Archive, clock: StoppedClock, places: Sequence[Destination] = (), **options: object
) -> AdapterContext:
    """``places``: where digests go; may be filled later."""
    given = {"token": SecretStr("simcord.fake.token"), "shards": 1} | options
    return AdapterContext(DiscordOptions.model_validate(given), archive, lambda: tuple(places), clock)


def wired(fake: FakeDiscord, archive: Archive, clock: StoppedClock, **options: object) -> DiscordAdapter:
    """An adapter that talks to ``fake`` over the wire."""
    given = {"token": TOKEN, "base_url": fake.base_url, "gateway": fake.gateway_url} | options
    return DiscordAdapter(context(archive, clock, **given))


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def places() -> list[Destination]:
    """Where digests go."""
    return []


@pytest.fixture
def made(archive: Archive, clock: StoppedClock, places: list[Destination]) -> DiscordAdapter:
    return DiscordAdapter(context(archive, clock, places))


@pytest.fixture
async def discord_world(made: DiscordAdapter) -> AsyncIterator[Simulation]:
    env = Env(made.client)
    await env.start()
    # The simulation has a clock of its own, and the ids of its messages tell the time by it.
    await env.advance_time(max(0.0, (datetime.now(UTC) - env.now()).total_seconds()))
    guild = env.create_guild("Guild")
    yield Simulation(env, guild, guild.create_text_channel("news"))
    await env.shutdown()
    for seen in env.http_requests:
        if seen.method in ("POST", "PUT", "PATCH"):
            check_request(seen.method, seen.path, seen.json)
    # What a member can bring about with an old list of commands is answered; nothing else may go wrong unseen.
    assert [error for error in env.errors if not isinstance(error, app_commands.CommandNotFound)] == []


@pytest.fixture
async def started(made: DiscordAdapter, discord_world: Simulation, host: FakeHost) -> AsyncIterator[DiscordAdapter]:
    await made.start(host)
    yield made
    await made.close()


@pytest.fixture
def news(discord_world: Simulation) -> Destination:
    return Destination("discord", "local", str(discord_world.news.id))
