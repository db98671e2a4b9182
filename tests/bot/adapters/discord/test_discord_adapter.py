"""The Discord adapter against a simulated Discord: the contract, finding, checks, starting and stopping."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import discord
import pytest
import structlog

from bot.adapters.base import PermanentSendError, TransientSendError
from bot.adapters.discord import watchdog
from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.outgoing import mark
from digests.archive import Archive
from digests.model import Destination
from tests.bot.adapters.contract import AdapterContract, Posted, full_message, long_message
from tests.bot.adapters.discord.conftest import Simulation, wired
from tests.conftest import StoppedClock
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.host import FakeHost


def lately() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


class TestContract(AdapterContract):
    @pytest.fixture
    def adapter(self, started: DiscordAdapter) -> DiscordAdapter:
        return started

    @pytest.fixture
    def place(self, news: Destination) -> Destination:
        return news

    @pytest.fixture
    def member_place(self, discord_world: Simulation) -> Destination:
        user = discord_world.env.create_user("ana")
        discord_world.guild.add_member(user)
        return Destination("discord", "local", str(user.id), kind="direct")

    @pytest.fixture
    def posted(self, discord_world: Simulation) -> Posted:
        async def shown(place: Destination) -> list[str]:
            number = int(place.channel)
            channels = discord_world.env.backend.dm_channels
            return discord_world.shown(channels[number] if place.kind == "direct" else number)

        return shown


# --- finding -----------------------------------------------------------------------------------------------


async def test_a_part_is_found_by_its_mark_though_history_knows_no_nonce(
    started: DiscordAdapter, news: Destination, discord_world: Simulation
) -> None:
    sent = await started.send(news, full_message("one"), key="k" * 20, parent=None)
    await started.send(news, full_message("two"), key="l" * 20, parent=None)
    assert all(message.nonce is None for message in discord_world.news.history())
    assert (await started.find(news, key="k" * 20, since=lately())).sent == sent


async def test_a_part_in_a_thread_is_found(started: DiscordAdapter, news: Destination) -> None:
    first = await started.send(news, full_message("one"), key="1" * 20, parent=None)
    second = await started.send(news, full_message("two"), key="2" * 20, parent=first)
    assert second.platform_ids[1] == first.platform_ids[0]
    assert (await started.find(news, key="2" * 20, since=lately())).sent == second


async def test_another_members_message_is_never_ours(
    started: DiscordAdapter, news: Destination, discord_world: Simulation
) -> None:
    component = {"type": 17, "id": mark("k" * 20), "components": [{"type": 10, "content": "words"}]}
    ana = discord_world.env.create_user("ana")
    discord_world.guild.add_member(ana)
    discord_world.env.backend.create_message(discord_world.news.id, ana.id, None, components=[component], flags=1 << 15)
    found = await started.find(news, key="k" * 20, since=lately())
    assert found.known
    assert found.sent is None


async def test_what_cannot_be_read_at_present_is_asked_again(
    started: DiscordAdapter, discord_world: Simulation, news: Destination
) -> None:
    """Not "nobody can tell": an outage would leave everything that was in doubt uncertain for ever."""
    discord_world.env.inject_error("GET", "/channels/*/messages", status=500)
    with pytest.raises(TransientSendError):
        await started.find(news, key="k" * 20, since=lately())


async def test_without_history_nothing_is_known(started: DiscordAdapter, discord_world: Simulation) -> None:
    mute = _channel_without(discord_world, "read_message_history")
    found = await started.find(mute, key="k" * 20, since=lately())
    assert not found.known


# --- checks ------------------------------------------------------------------------------------------------


async def test_every_missing_permission_is_named(started: DiscordAdapter, discord_world: Simulation) -> None:
    place = _channel_without(discord_world, "send_messages", "embed_links", "create_public_threads")
    (problem,) = await started.check(place)
    assert "Send Messages, Create Public Threads" in problem
    assert "Embed Links" in problem
    assert "Read Message History" not in problem
    with pytest.raises(PermanentSendError, match=r"Embed Links.*Permissions"):
        await started.send(place, full_message(), key="k" * 20, parent=None)


async def test_a_channel_of_another_server_is_refused(started: DiscordAdapter, discord_world: Simulation) -> None:
    channel = discord_world.news.id
    guild = discord_world.guild.id
    assert await started.check(Destination("discord", str(guild), str(channel))) == ()
    (problem,) = await started.check(Destination("discord", "1", str(channel)))
    assert f"discord:{guild}:{channel}" in problem


async def test_a_kind_of_channel_that_takes_no_posts(started: DiscordAdapter, discord_world: Simulation) -> None:
    category = discord_world.guild.create_category("all")
    assert await started.check(Destination("discord", "local", str(category.id)))


async def test_examining_says_whose_token_it_is(started: DiscordAdapter) -> None:
    checks = await started.examine()
    assert all(check.cure is None for check in checks)
    assert any("commands are registered" in check.what for check in checks)


# --- over the wire -----------------------------------------------------------------------------------------


async def test_without_a_gateway_everything_goes_over_rest(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock)
        place = Destination("discord", "local", str(fake.text.id))
        assert await adapter.check(place) == ()
        first = await adapter.send(place, full_message("one"), key="1" * 20, parent=None)
        second = await adapter.send(place, full_message("two"), key="2" * 20, parent=first)
        assert second.platform_ids[1] == first.platform_ids[0]
        assert (await adapter.find(place, key="2" * 20, since=lately())).sent == second
        await adapter.edit(place, second, full_message("three"))
        await adapter.close()


async def test_a_revoked_token_names_the_cure(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock, token="wrong.token")
        with pytest.raises(PermanentSendError, match="DISCORD_TOKEN"):
            await adapter.start(FakeHost())
        (check,) = await adapter.examine()
        assert check.cure is not None
        await adapter.close()


async def test_a_discord_that_is_away_is_told_from_one_that_refuses(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock)
    with pytest.raises(TransientSendError, match="cannot be reached"):
        await adapter.start(FakeHost())
    with pytest.raises(TransientSendError):
        await adapter.send(Destination("discord", "local", "1"), long_message(1), key="k", parent=None)
    await adapter.close()


async def test_a_start_can_be_tried_again(archive: Archive, clock: StoppedClock, host: FakeHost) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock)
        fake.fail_next("GET", "/users/@me", status=503)
        with pytest.raises(TransientSendError):
            await adapter.start(host)
        await adapter.start(host)
        interaction = await fake.command(fake.member, fake.text, "ask", {"question": "why"})
        assert interaction.delay is not None
        assert interaction.delay < 1
        await adapter.close()


async def test_a_silent_gateway_is_left_and_resumed(archive: Archive, clock: StoppedClock, host: FakeHost) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock, shards=1)
        await adapter.start(host)
        before = list(fake.gateway.connections)
        fake.go_silent()
        watching = asyncio.create_task(watchdog.watch(lambda: adapter.client, silence=0.1, every=0.05))
        await fake.until(lambda: [c for c in fake.gateway.connections if c not in before])
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await fake.until(lambda: fake.gateway.live)
        interaction = await fake.command(fake.member, fake.text, "ask", {"question": "why"})
        assert interaction.delay is not None
        assert interaction.delay < 1
        await adapter.close()


async def test_a_gateway_that_is_given_up_is_connected_anew(
    archive: Archive, clock: StoppedClock, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord.adapter.FIRST_PAUSE", 0.05)
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock, shards=1)
        await adapter.start(host)
        before = adapter.client
        for connection in fake.gateway.connections:
            connection.write("no json")
        await fake.until(lambda: adapter.client is not before and adapter.client.is_ready())
        interaction = await fake.command(fake.member, fake.text, "ask", {"question": "why"})
        assert interaction.delay is not None
        place = Destination("discord", "local", str(fake.text.id))
        assert (await adapter.send(place, full_message(), key="k" * 20, parent=None)).platform_ids
        await adapter.close()


async def test_a_token_revoked_later_is_told_once_with_its_cure(
    archive: Archive, clock: StoppedClock, host: FakeHost
) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock, shards=1)
        await adapter.start(host)
        with structlog.testing.capture_logs() as logs:
            await fake.revoke()
            await fake.until(lambda: [log for log in logs if log["event"] == "discord.stopped"])
        (told,) = (log for log in logs if log["event"] == "discord.stopped")
        assert "DISCORD_TOKEN" in told["why"]
        with pytest.raises(PermanentSendError, match="DISCORD_TOKEN"):
            await adapter.send(Destination("discord", "local", "1"), full_message(), key="k", parent=None)
        await adapter.close()


def _channel_without(world: Simulation, *names: str) -> Destination:
    denied = discord.PermissionOverwrite(**dict.fromkeys(names, False))
    everyone = world.guild.default_role
    channel = world.guild.create_text_channel("small", overwrites={everyone: denied})
    return Destination("discord", "local", str(channel.id))
