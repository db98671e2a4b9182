"""The fake Discord, used by the real discord.py over loopback."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord.limits import Limit
from tests.fakes.discord.messages import pings
from tests.fakes.discord.model import MEMBER_PERMISSIONS, Json, Kind, Overwrite, Permission
from tests.fakes.discord.server import FakeDiscord

POST = "/channels/*/messages"
ROOT = Path(__file__).parents[4]


class Paging(discord.ui.View):
    """A button that replaces the message that it stands on."""

    @discord.ui.button(label="Older", custom_id="page:1")
    async def older(self, interaction: discord.Interaction, button: discord.ui.Button[Paging]) -> None:
        await interaction.response.edit_message(content="the second page")


class Bot(discord.AutoShardedClient):
    """A bot such as ours: no privileged intents, a command tree, a button."""

    def __init__(self, **options: object) -> None:
        super().__init__(intents=discord.Intents.default(), guild_ready_timeout=0.05, **options)  # type: ignore[arg-type]
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(ask)
        self.tree.add_command(settings)
        self.ready = asyncio.Event()
        self.heard: dict[int, str] = {}

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py waits five seconds here."""

    async def setup_hook(self) -> None:
        self.add_view(Paging(timeout=None))
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.ready.set()

    async def on_message(self, message: discord.Message) -> None:
        self.heard[message.id] = message.content


@app_commands.command(description="Ask the archive")
async def ask(interaction: discord.Interaction, question: str, source: str | None = None) -> None:
    if question == "nothing":
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.edit_original_response(content=f"answer to {question} from {source}", view=Paging(timeout=None))
    if question == "more":
        await interaction.followup.send("and more", ephemeral=False)


@ask.autocomplete("source")
async def sources(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{current.title()} News", value=current)]


settings = app_commands.Group(
    name="settings", description="Settings", default_permissions=discord.Permissions(manage_guild=True)
)


@settings.command(description="Choose a language")
async def language(interaction: discord.Interaction, name: str) -> None:
    assert interaction.channel is not None
    await interaction.response.send_message(f"{name} for {interaction.user.name} ({interaction.locale})")


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        monkeypatch.setattr(Route, "BASE", server.base_url)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
        yield server


@asynccontextmanager
async def connected(fake: FakeDiscord, **options: object) -> AsyncIterator[Bot]:
    """A bot that is logged in and ready, with its run as a task."""
    bot = Bot(**options)
    running = asyncio.create_task(bot.start(fake.token))
    waiting = asyncio.create_task(bot.ready.wait())
    try:
        await asyncio.wait((running, waiting), timeout=5, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        assert bot.ready.is_set()
        yield bot
    finally:
        waiting.cancel()
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def bot(fake: FakeDiscord) -> AsyncIterator[Bot]:
    async with connected(fake) as client:
        yield client


def channel_of(bot: Bot, channel_id: int) -> discord.TextChannel:
    channel = bot.get_channel(channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


class TestGateway:
    async def test_a_client_learns_the_guild_its_channels_and_its_permissions(
        self, fake: FakeDiscord, bot: Bot
    ) -> None:
        guild = bot.get_guild(fake.guild.id)
        assert guild is not None
        assert [channel.name for channel in guild.channels] == ["text", "news", "forum"]
        assert isinstance(bot.get_channel(fake.forum.id), discord.ForumChannel)
        assert channel_of(bot, fake.text.id).permissions_for(guild.me).value == MEMBER_PERMISSIONS
        assert [str(session.shard) for session in fake.gateway.live] == ["(0, 1)"]

    async def test_guilds_are_shared_out_over_shards(self, fake: FakeDiscord) -> None:
        second = fake.world.add_guild("Second")
        fake.gateway.advised_shards = 2
        async with connected(fake) as bot:
            assert sorted(session.shard for session in fake.gateway.live) == [(0, 2), (1, 2)]
            assert {guild.id: guild.shard_id for guild in bot.guilds} == {
                fake.guild.id: (fake.guild.id >> 22) % 2,
                second.id: (second.id >> 22) % 2,
            }

    @pytest.mark.parametrize("how", ["broken off", "closed", "asked"])
    async def test_a_client_that_was_cut_off_gets_what_it_missed(self, fake: FakeDiscord, bot: Bot, how: str) -> None:
        old = next(iter(fake.gateway.connections))
        if how == "asked":
            fake.reconnect()
        else:
            await fake.disconnect(None if how == "broken off" else 4000)
        await fake.until(lambda: old not in fake.gateway.connections)
        missed = fake.say(fake.member, fake.text, "missed")
        await fake.until(lambda: fake.gateway.resumed == 1 and missed.id in bot.heard)
        assert len(fake.gateway.identified) == 1

    async def test_an_invalid_session_is_begun_anew(self, fake: FakeDiscord, bot: Bot) -> None:
        fake.invalidate()
        await fake.until(lambda: len(fake.gateway.identified) == 2 and fake.gateway.live)
        assert fake.gateway.resumed == 0
        assert (await fake.command(fake.member, fake.text, "ask", {"question": "x"})).delay is not None

    async def test_a_silent_gateway_is_left_for_another_connection(self, fake: FakeDiscord) -> None:
        fake.gateway.heartbeat_interval = 0.05
        async with connected(fake, heartbeat_timeout=0.3) as bot:
            await fake.until(lambda: fake.gateway.heartbeats > 2)
            fake.go_silent()
            said = fake.say(fake.member, fake.text, "said in the silence")
            assert not bot.heard
            await fake.until(lambda: said.id in bot.heard)

    async def test_a_wrong_token_is_refused_everywhere(self, fake: FakeDiscord, bot: Bot) -> None:
        await fake.revoke()
        await fake.until(bot.is_closed)
        async with Bot() as stranger:
            with pytest.raises(discord.LoginFailure):
                await stranger.login(fake.token)
        assert fake.invalid == 1

    async def test_privileged_intents_are_refused_until_they_are_allowed(self, fake: FakeDiscord) -> None:
        async with discord.AutoShardedClient(intents=discord.Intents.all()) as client:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await asyncio.wait_for(client.start(fake.token), 5)

    async def test_a_plain_connection_gets_text(self, fake: FakeDiscord) -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway_url + "?v=10") as socket:
            assert (await socket.receive_json(timeout=1))["op"] == 10
            await socket.send_json({"op": 6, "d": {"token": fake.token, "session_id": "unknown", "seq": 1}})
            assert await socket.receive_json(timeout=1) == {"op": 9, "d": False, "s": None, "t": None}
            await socket.send_json({"op": 3, "d": {}})
            await socket.receive(timeout=1)
            assert socket.close_code == 4003


class TestInteractions:
    async def test_a_command_is_answered_and_the_answer_is_seen_by_one_member(
        self, fake: FakeDiscord, bot: Bot
    ) -> None:
        answer = await fake.command(fake.member, fake.text, "ask", {"question": "why?"})
        assert answer.delay is not None
        assert 0 < answer.delay < 1
        assert answer.answered == {"flags": 64}
        await fake.until(lambda: not answer.thinking)
        assert answer.message is not None
        assert answer.message.text == "answer to why? from None"
        assert answer.message.ephemeral
        assert fake.messages(fake.text) == []

    async def test_a_follow_up_is_a_message_of_its_own(self, fake: FakeDiscord, bot: Bot) -> None:
        answer = await fake.command(fake.member, fake.text, "ask", {"question": "more"})
        await fake.until(lambda: answer.followups)
        assert [message.text for message in fake.messages(fake.text)] == ["and more"]

    async def test_a_button_replaces_its_message(self, fake: FakeDiscord, bot: Bot) -> None:
        sent = await channel_of(bot, fake.text.id).send("the first page", view=Paging(timeout=None))
        message = fake.text.messages[sent.id]
        answer = await fake.press(fake.member, message, "page:1")
        assert answer.message is message
        assert message.text == "the second page"
        with pytest.raises(LookupError):
            await fake.press(fake.member, message, "page:2")

    async def test_suggestions_follow_what_is_typed(self, fake: FakeDiscord, bot: Bot) -> None:
        choices = await fake.autocomplete(fake.member, fake.text, "ask", "source", "star", {"question": "x"})
        assert [(choice["name"], choice["value"]) for choice in choices] == [("Star News", "star")]

    async def test_commands_can_belong_to_one_guild(self, fake: FakeDiscord, bot: Bot) -> None:
        bot.tree.copy_global_to(guild=discord.Object(fake.guild.id))
        synced = await bot.tree.sync(guild=discord.Object(fake.guild.id))
        assert [command.guild_id for command in synced] == [fake.guild.id] * 2
        assert [command.id for command in await bot.tree.fetch_commands(guild=discord.Object(fake.guild.id))] == [
            command.id for command in synced
        ]
        fake.world.commands[None] = []
        answer = await fake.command(fake.member, fake.text, "ask", {"question": "x"})
        assert answer.data["id"] == str(synced[0].id)

    async def test_subcommands_are_kept_from_who_may_not_use_them(self, fake: FakeDiscord, bot: Bot) -> None:
        owner = fake.world.owner
        owner.locale = "uk"
        answer = await fake.command(owner, fake.text, "settings language", {"name": "Ukrainian"})
        assert answer.message is not None
        assert answer.message.text == "Ukrainian for Owner (uk)"
        with pytest.raises(PermissionError):
            await fake.command(fake.member, fake.text, "settings language", {"name": "x"})

    async def test_a_command_without_an_answer_times_out(self, fake: FakeDiscord, bot: Bot) -> None:
        fake.interactions.answer_seconds = 0.1
        with pytest.raises(TimeoutError):
            await fake.command(fake.member, fake.text, "ask", {"question": "nothing"})
        assert fake.interactions.delays == []

    async def test_commands_in_direct_messages_know_their_user(self, fake: FakeDiscord, bot: Bot) -> None:
        answer = await fake.command(fake.member, fake.world.direct(fake.member), "ask", {"question": "x"})
        await fake.until(lambda: not answer.thinking)

    async def test_two_hundred_commands_at_once_are_answered_in_time(self, fake: FakeDiscord, bot: Bot) -> None:
        url = fake.base_url.replace("/api/v10", "/_control")
        body = {"count": 200, "command": "ask", "options": {"question": "x"}}
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/commands", json=body) as response:
                answered = await response.json()
            async with session.get(f"{url}/stats") as response:
                stats = await response.json()
        assert answered["unanswered"] == 0
        assert len(answered["delays_ms"]) == len(stats["ack_delays_ms"]) == 200
        assert max(answered["delays_ms"]) < 3_000
        assert stats["rate_limited"] == 0


class TestAnswersOnce:
    """What Discord refuses of the answers to interactions."""

    @pytest.fixture
    async def answer(self, fake: FakeDiscord) -> AsyncIterator[Callable[[Json], Awaitable[tuple[int, Json]]]]:
        fake.world.commands[None] = [{"id": "1", "name": "ask", "options": []}]
        interaction = fake.interactions.command(fake.member, fake.text, "ask", {})
        url = f"{fake.base_url}/interactions/{interaction.id}/{interaction.token}/callback"
        async with aiohttp.ClientSession() as session:

            async def send(payload: Json) -> tuple[int, Json]:
                async with session.post(url, json=payload) as response:
                    return response.status, await response.json() if response.status != 204 else {}

            yield send

    async def test_the_second_answer_is_refused(
        self, fake: FakeDiscord, answer: Callable[[Json], Awaitable[tuple[int, Json]]]
    ) -> None:
        assert await answer({"type": 5}) == (204, {})
        status, body = await answer({"type": 4, "data": {"content": "x"}})
        assert (status, body["code"]) == (400, 40060)

    async def test_a_late_answer_is_refused(
        self, fake: FakeDiscord, answer: Callable[[Json], Awaitable[tuple[int, Json]]]
    ) -> None:
        fake.interactions.all[0].fired -= 3.1
        status, body = await answer({"type": 5})
        assert (status, body["code"]) == (404, 10062)

    async def test_an_answer_of_another_kind_is_refused(
        self, fake: FakeDiscord, answer: Callable[[Json], Awaitable[tuple[int, Json]]]
    ) -> None:
        status, body = await answer({"type": 7, "data": {"content": "x"}})
        assert (status, body["code"]) == (400, 50035)


class TestMessages:
    async def test_a_message_is_kept_edited_found_and_deleted(self, fake: FakeDiscord, bot: Bot) -> None:
        channel = channel_of(bot, fake.text.id)
        sent = await channel.send("first", embed=discord.Embed(title="Title", description="Words"))
        assert fake.text.messages[sent.id].text == "first\nTitle\nWords"
        await sent.edit(content="second")
        assert (await channel.fetch_message(sent.id)).content == "second"
        await sent.delete()
        with pytest.raises(discord.NotFound) as caught:
            await channel.fetch_message(sent.id)
        assert caught.value.code == 10008

    async def test_the_same_nonce_gives_the_first_message(self, fake: FakeDiscord, bot: Bot) -> None:
        channel = channel_of(bot, fake.text.id)
        first = await channel.send("one", nonce="a" * 25)
        second = await channel.send("two", nonce="a" * 25)
        other = await channel.send("three", nonce="b")
        assert first.id == second.id != other.id
        assert second.content == "one"
        with pytest.raises(discord.HTTPException):
            await channel.send("four", nonce="c" * 26)

    async def test_history_has_pages_in_both_directions(self, fake: FakeDiscord, bot: Bot) -> None:
        for number in range(150):
            fake.say(fake.world.bot, fake.text, str(number))
        channel = channel_of(bot, fake.text.id)
        after = datetime.now(UTC) - timedelta(minutes=1)
        assert [m.content async for m in channel.history(after=after, limit=120)] == [str(n) for n in range(120)]
        assert [m.content async for m in channel.history(limit=3)] == ["149", "148", "147"]
        ids = list(fake.text.messages)
        before = discord.Object(ids[2])
        assert [m.content async for m in channel.history(before=before)] == ["1", "0"]

    async def test_other_peoples_words_are_kept_from_who_may_not_read_them(self, fake: FakeDiscord, bot: Bot) -> None:
        plain = fake.say(fake.member, fake.text, "among ourselves")
        asked = fake.say(fake.member, fake.text, f"<@{fake.world.bot.id}> hello")
        direct = fake.say(fake.member, fake.world.direct(fake.member), "in private")
        await fake.until(lambda: len(bot.heard) == 3)
        assert bot.heard == {plain.id: "", asked.id: asked.content, direct.id: "in private"}
        assert (await channel_of(bot, fake.text.id).fetch_message(plain.id)).content == ""

    async def test_files_come_with_their_payload(self, fake: FakeDiscord, bot: Bot) -> None:
        file = discord.File(io.BytesIO(b"twelve bytes"), "notes.txt", description="the notes")
        sent = await channel_of(bot, fake.text.id).send("with a file", file=file)
        stored = fake.text.messages[sent.id]
        assert stored.content == "with a file"
        assert [(a["filename"], a["size"], a["description"]) for a in stored.attachments] == [
            ("notes.txt", 12, "the notes")
        ]

    async def test_a_layout_is_kept_with_its_text_and_its_buttons(self, fake: FakeDiscord, bot: Bot) -> None:
        class Layout(discord.ui.LayoutView):
            words: discord.ui.TextDisplay[Layout] = discord.ui.TextDisplay("shown")
            row: discord.ui.ActionRow[Layout] = discord.ui.ActionRow()

            @row.button(label="Press", custom_id="press")
            async def press(self, interaction: discord.Interaction, button: discord.ui.Button[Layout]) -> None:
                await interaction.response.defer()

        sent = await channel_of(bot, fake.text.id).send(view=Layout())
        stored = fake.text.messages[sent.id]
        assert stored.text == "shown"
        assert list(stored.buttons) == ["press"]
        await fake.press(fake.member, stored, "press")

    async def test_threads_hang_on_messages_or_stand_alone(self, fake: FakeDiscord, bot: Bot) -> None:
        channel = channel_of(bot, fake.text.id)
        sent = await channel.send("headline")
        thread = await sent.create_thread(name="the rest", auto_archive_duration=1440)
        await thread.send("continued")
        assert thread.id == sent.id
        assert [message.text for message in fake.messages(fake.world.channels[thread.id])] == ["continued"]
        with pytest.raises(discord.HTTPException) as caught:
            await sent.create_thread(name="again")
        assert caught.value.code == 160004
        alone = await channel.create_thread(name="alone", type=discord.ChannelType.public_thread)
        await alone.edit(archived=True)
        assert fake.world.channels[alone.id].archived
        await alone.send("awake")
        assert not fake.world.channels[alone.id].archived

    async def test_a_forum_takes_posts_and_no_messages(self, fake: FakeDiscord, bot: Bot) -> None:
        fake.forum.tags = [{"id": "77", "name": "digest", "moderated": False, "emoji_id": None, "emoji_name": None}]
        forum = await bot.fetch_channel(fake.forum.id)
        assert isinstance(forum, discord.ForumChannel)
        thread, message = await forum.create_thread(
            name="A post",
            content="its first message",
            applied_tags=[discord.Object(77)],  # type: ignore[list-item]
        )
        assert thread.id == message.id
        assert fake.world.channels[thread.id].applied_tags == ["77"]
        with pytest.raises(discord.HTTPException) as caught:
            await bot.http.send_message(fake.forum.id, params=discord.http.handle_message_parameters("words"))
        assert caught.value.code == 50008

    async def test_direct_messages_can_be_closed(self, fake: FakeDiscord, bot: Bot) -> None:
        user = await bot.fetch_user(fake.member.id)
        await user.send("hello")
        assert [message.text for message in fake.messages(fake.world.direct(fake.member))] == ["hello"]
        fake.member.takes_direct_messages = False
        with pytest.raises(discord.Forbidden) as caught:
            await user.send("again")
        assert caught.value.code == 50007

    async def test_missing_permissions_have_their_codes(self, fake: FakeDiscord, bot: Bot) -> None:
        channel = channel_of(bot, fake.text.id)
        everyone = fake.guild.everyone
        fake.set_overwrites(fake.text, Overwrite(everyone, deny=int(Permission.SEND_MESSAGES)))
        with pytest.raises(discord.Forbidden) as caught:
            await channel.send("x")
        assert caught.value.code == 50013
        fake.set_overwrites(fake.text, Overwrite(everyone, deny=int(Permission.VIEW_CHANNEL)))
        with pytest.raises(discord.Forbidden) as caught:
            await channel.send("x")
        assert caught.value.code == 50001
        allow = Overwrite(fake.world.bot, allow=int(Permission.VIEW_CHANNEL))
        fake.set_overwrites(fake.text, Overwrite(everyone, deny=int(Permission.VIEW_CHANNEL)), allow)
        await channel.send("x")
        fake.delete_channel(fake.text)
        with pytest.raises(discord.NotFound) as gone:
            await channel.send("x")
        assert gone.value.code == 10003
        assert fake.invalid == 2

    async def test_what_would_notify_somebody_is_known(self, fake: FakeDiscord, bot: Bot) -> None:
        channel, words = channel_of(bot, fake.text.id), f"@everyone <@{fake.member.id}> <@&{fake.guild.id}> @\u200bhere"
        none = await channel.send(words, allowed_mentions=discord.AllowedMentions.none())
        users = await channel.send(words, allowed_mentions=discord.AllowedMentions(everyone=False, roles=False))
        named = discord.AllowedMentions(
            everyone=False, users=[discord.Object(1)], roles=[discord.Object(fake.guild.id)]
        )
        roles = await channel.send(words, allowed_mentions=named)
        everybody = await channel.send(words)
        assert [pings(fake.text.messages[sent.id]) for sent in (none, users, roles, everybody)] == [
            [],
            [f"<@{fake.member.id}>"],
            [f"<@&{fake.guild.id}>"],
            ["@everyone", f"<@{fake.member.id}>", f"<@&{fake.guild.id}>"],
        ]

    async def test_an_empty_and_a_long_message_are_refused(self, fake: FakeDiscord, bot: Bot) -> None:
        channel = channel_of(bot, fake.text.id)
        codes = []
        for content in ("", "x" * 2_001):
            with pytest.raises(discord.HTTPException) as caught:
                await channel.send(content)
            codes.append(caught.value.code)
        assert codes == [50006, 50035]


class TestRates:
    async def test_a_channel_takes_five_messages_in_five_seconds(self, fake: FakeDiscord, bot: Bot) -> None:
        fake.limits.routes["POST /channels/{channel}/messages"] = Limit(5, 0.2)
        channel = channel_of(bot, fake.text.id)
        started = time.monotonic()
        for number in range(11):
            await channel.send(str(number))
        assert 0.4 < time.monotonic() - started < 1.2
        assert fake.rate_limited == 0

    async def test_who_goes_on_regardless_is_refused(self, fake: FakeDiscord) -> None:
        headers = {"Authorization": f"Bot {fake.token}"}
        url = f"{fake.base_url}/channels/{fake.text.id}/messages"
        async with aiohttp.ClientSession(headers=headers) as session:
            seen = []
            for _ in range(6):
                async with session.post(url, json={"content": "x"}) as response:
                    seen.append((response.status, response.headers["X-RateLimit-Remaining"]))
            assert seen == [(200, "4"), (200, "3"), (200, "2"), (200, "1"), (200, "0"), (429, "0")]
            assert response.headers["X-RateLimit-Scope"] == "user"
            assert 4 < float(response.headers["X-RateLimit-Reset-After"]) <= 5
            other = f"{fake.base_url}/channels/{fake.news.id}/messages"
            async with session.post(other, json={"content": "x"}) as response:
                assert response.status == 200
        assert (fake.rate_limited, fake.invalid) == (1, 1)

    async def test_the_whole_bot_has_a_limit_and_interactions_do_not_count(self, fake: FakeDiscord) -> None:
        headers = {"Authorization": f"Bot {fake.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:

            async def get(path: str) -> tuple[int, Json, dict[str, str]]:
                async with session.get(fake.base_url + path) as response:
                    return response.status, await response.json(), dict(response.headers)

            await asyncio.gather(*(get(f"/webhooks/{fake.world.bot.id}/{n}/messages/@original") for n in range(20)))
            answers = await asyncio.gather(*(get(f"/channels/{fake.text.id}{n}") for n in range(60)))
        statuses = [status for status, _, _ in answers]
        assert (statuses.count(404), statuses.count(429)) == (50, 10)
        _, body, answered = next(answer for answer in answers if answer[0] == 429)
        assert body["global"] is True
        assert 0 < body["retry_after"] <= 1
        assert answered["X-RateLimit-Global"] == "true"
        assert answered["X-RateLimit-Scope"] == "global"

    async def test_limits_can_be_switched_off(self, fake: FakeDiscord, bot: Bot) -> None:
        fake.enforce_rates = False
        channel = channel_of(bot, fake.text.id)
        await asyncio.gather(*(channel.send(str(number)) for number in range(60)))
        assert len(fake.messages(fake.text)) == 60

    async def test_too_many_invalid_answers_shut_a_bot_out(self, fake: FakeDiscord) -> None:
        fake.limits.invalid_requests = 3
        async with aiohttp.ClientSession() as session:
            statuses = []
            for _ in range(4):
                async with session.get(f"{fake.base_url}/users/@me") as response:
                    statuses.append(response.status)
        assert statuses == [401, 401, 401, 429]
        assert "Via" not in response.headers


class TestFaults:
    async def test_a_dropped_post_is_there_and_a_lost_one_is_not(self, fake: FakeDiscord, bot: Bot) -> None:
        channel = channel_of(bot, fake.text.id)
        fake.fail_next("POST", POST, drop=True)
        with pytest.raises(aiohttp.ClientError):
            await channel.send("dropped")
        fake.fail_next("POST", POST, lost=True)
        with pytest.raises(aiohttp.ClientError):
            await channel.send("lost")
        assert [message.text for message in fake.messages(fake.text)] == ["dropped"]

    async def test_failures_and_refusals_are_met_once(self, fake: FakeDiscord, bot: Bot) -> None:
        channel = channel_of(bot, fake.text.id)
        fake.fail_next("POST", POST, status=503)
        with pytest.raises(discord.DiscordServerError):
            await channel.send("not there")
        fake.fail_next("POST", POST, status=429, retry_after=0.05)
        fake.fail_next("POST", POST, delay=0.1)
        started = time.monotonic()
        await channel.send("there")
        assert time.monotonic() - started > 0.15
        assert [request.status for request in fake.seen("POST", POST)] == [503, 429, 200]
        assert [message.text for message in fake.messages(fake.text)] == ["there"]


async def test_checks_see_every_payload(fake: FakeDiscord) -> None:
    seen: list[tuple[str, str]] = []

    def check(method: str, path: str, payload: Json) -> None:
        seen.append((method, path))
        if payload.get("content") == "bad":
            raise AssertionError("bad words")

    fake.checks.append(check)
    async with connected(fake) as bot:
        await channel_of(bot, fake.text.id).send("bad")
        await channel_of(bot, fake.text.id).send("good")
    posts = [("POST", f"/channels/{fake.text.id}/messages")] * 2
    commands = [("PUT", f"/applications/{fake.world.bot.id}/commands")] * 2
    assert seen == [*commands, *posts]
    assert [str(violation) for violation in fake.violations] == ["bad words"]


async def test_guilds_come_and_go(fake: FakeDiscord, bot: Bot) -> None:
    second = fake.world.add_guild("Second")
    fake.world.add_channel(second, "elsewhere", Kind.NEWS)
    fake.join(second)
    await fake.until(lambda: bot.get_guild(second.id))
    fake.leave(second)
    await fake.until(lambda: not bot.get_guild(second.id))


async def test_a_process_of_its_own_is_asked_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("-m", "tests.fakes.discord.server", "--channels", "1000")
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        world = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
        monkeypatch.setattr(Route, "BASE", world["base_url"])
        control = world["base_url"].replace("/api/v10", "/_control")
        bot = Bot()
        running = asyncio.create_task(bot.start(world["token"]))
        await asyncio.wait_for(bot.ready.wait(), 5)
        for channel_id in world["channels"][-3:]:
            await channel_of(bot, int(channel_id)).send("hello")
        body = {"count": 5, "command": "ask", "options": {"question": "x"}}
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{control}/commands", json=body) as response:
                assert len((await response.json())["delays_ms"]) == 5
            async with session.get(f"{control}/stats") as response:
                stats = await response.json()
        await bot.close()
        await running
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 5) == 0
    assert stats["rate_limited"] == 0
    first, second, third = stats["message_posts"]
    assert first < second < third < time.time()
