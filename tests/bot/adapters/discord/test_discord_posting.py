"""Posting to Discord: channels, threads, forums, pictures; faults; and how fast requests may follow each other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.base import PermanentSendError, SendError, TransientSendError, UncertainSendError
from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.errors import CURES, send_error
from bot.adapters.discord.outgoing import mark
from bot.adapters.discord.pacing import RATE, Pacer, counts
from bot.adapters.discord.posting import nonce, thread_name
from bot.message import Heading, Image, Message, Paragraph, text
from digests.archive import Archive, media
from digests.model import Destination
from tests.bot.adapters.contract import full_message, long_message
from tests.bot.adapters.discord.conftest import Simulation, wired
from tests.conftest import StoppedClock
from tests.fakes.discord.schema import check_request
from tests.fakes.discord.server import FakeDiscord

MESSAGES = r"/channels/\d+/messages"
SILENT = 1 << 12
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(16)


def digest(*names: str, summary: str = "Morning digest") -> Message:
    blocks = [block for name in names for block in (Heading(name, 2), Paragraph(text(f"words of {name}")))]
    return Message((Heading("Morning digest"), *blocks), summary=summary, kind="digest")


# --- channels ----------------------------------------------------------------------------------------------


async def test_a_digest_is_posted_once_silently_and_pings_nobody(
    started: DiscordAdapter, discord_world: Simulation, news: Destination
) -> None:
    await started.send(news, digest("A"), key="k" * 20, parent=None)
    await started.send(news, full_message(), key="r" * 20, parent=None)
    quiet, loud = discord_world.requests("POST", MESSAGES)
    assert quiet["nonce"] == "k" * 20
    assert quiet["enforce_nonce"] is True
    assert quiet["allowed_mentions"]["parse"] == []
    assert quiet["flags"] & SILENT
    assert not loud["flags"] & SILENT


async def test_edits_ping_nobody_either(started: DiscordAdapter, discord_world: Simulation, news: Destination) -> None:
    sent = await started.send(news, full_message(), key="k" * 20, parent=None)
    await started.edit(news, sent, full_message("after"))
    (edited,) = discord_world.requests("PATCH", r"/channels/\d+/messages/\d+")
    assert edited["allowed_mentions"]["parse"] == []


async def test_buttons_are_not_kept_in_memory(started: DiscordAdapter, news: Destination) -> None:
    sent = await started.send(news, full_message(), key="k" * 20, parent=None)
    await started.edit(news, sent, full_message())
    assert not started.client.persistent_views


async def test_pictures_carry_their_description(
    started: DiscordAdapter, discord_world: Simulation, news: Destination, archive: Archive, clock: StoppedClock
) -> None:
    async with archive.write() as connection:
        key = await media.put(connection, PIXEL, content_type="image/png", now=clock())
    message = Message((Heading("Chart"), Image(key, "A chart of things")), summary="Chart")
    sent = await started.send(news, message, key="k" * 20, parent=None)
    await started.edit(news, sent, message)
    (attachment,) = discord_world.news.history()[-1].attachments
    assert attachment.filename == f"{key}.png"
    (posted,) = discord_world.requests("POST", MESSAGES)
    assert posted["attachments"][0]["description"] == "A chart of things"


async def test_a_picture_that_is_gone_leaves_its_description(
    started: DiscordAdapter, discord_world: Simulation, news: Destination
) -> None:
    await started.send(news, Message((Image("gone", "A lost chart"),), summary="s"), key="k" * 20, parent=None)
    assert "A lost chart" in discord_world.shown(discord_world.news.id)[-1]


async def test_a_long_key_still_makes_a_nonce_that_discord_takes() -> None:
    assert len(nonce("x" * 90)) == 25
    assert nonce("x" * 90) != nonce("x" * 91)
    assert 1_000 <= mark("x") < 2**31


# --- threads -----------------------------------------------------------------------------------------------


async def test_later_parts_go_to_one_thread_named_after_the_edition(
    started: DiscordAdapter, discord_world: Simulation, news: Destination
) -> None:
    parts = started.split(long_message(120))
    first = await started.send(news, parts[0], key="1" * 20, parent=None)
    assert not discord_world.news.threads
    ids = [
        (await started.send(news, part, key=f"p{n:019}", parent=first)).platform_ids for n, part in enumerate(parts[1:])
    ]
    (thread,) = discord_world.news.threads
    assert thread.name == "A long message"
    assert len(thread.history()) >= len(parts) - 1
    assert {(thread_id, channel) for _, thread_id, channel in ids} == {(str(thread.id), str(discord_world.news.id))}


async def test_a_thread_that_no_gateway_has_told_of_is_used(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock)
        place = Destination("discord", "local", str(fake.text.id))
        parts = [digest(name) for name in "ABC"]
        first = await adapter.send(place, parts[0], key="0" * 20, parent=None)
        threads = {
            (await adapter.send(place, part, key=f"{number:020}", parent=first)).platform_ids[1]
            for number, part in enumerate(parts[1:], 1)
        }
        assert threads == {first.platform_ids[0]}
        await adapter.close()


@pytest.mark.parametrize("permission", ["create_public_threads", "send_messages_in_threads"])
async def test_without_threads_later_parts_stay_in_the_channel(
    started: DiscordAdapter, discord_world: Simulation, permission: str
) -> None:
    denied = discord.PermissionOverwrite(**{permission: False})
    small = discord_world.guild.create_text_channel("small", overwrites={discord_world.guild.default_role: denied})
    place = Destination("discord", "local", str(small.id))
    first = await started.send(place, digest("A"), key="1" * 20, parent=None)
    second = await started.send(place, digest("B"), key="2" * 20, parent=first)
    assert second.platform_ids[1:] == ("", str(small.id))
    assert len(small.history()) == 2


async def test_a_full_server_gets_later_parts_in_the_channel(
    started: DiscordAdapter, discord_world: Simulation, news: Destination
) -> None:
    first = await started.send(news, digest("A"), key="1" * 20, parent=None)
    discord_world.env.inject_error("POST", "/channels/*/messages/*/threads", status=400, code=160006)
    second = await started.send(news, digest("B"), key="2" * 20, parent=first)
    assert second.platform_ids[1] == ""


async def test_an_archived_thread_is_opened_again(
    started: DiscordAdapter, discord_world: Simulation, news: Destination
) -> None:
    first = await started.send(news, digest("A"), key="1" * 20, parent=None)
    second = await started.send(news, digest("B"), key="2" * 20, parent=first)
    discord_world.env.inject_error("PATCH", "/channels/*/messages/*", status=400, code=50083)
    await started.edit(news, second, digest("C"))
    assert discord_world.requests("PATCH", rf"/channels/{second.platform_ids[1]}") == [{"archived": False}]
    assert "words of C" in discord_world.shown(int(second.platform_ids[1]))[-1]


def test_a_threads_name_is_the_editions_title() -> None:
    assert thread_name(digest(summary="Digest of 1 June (2/12)")) == "Digest of 1 June"
    assert len(thread_name(digest(summary="x" * 300))) == 100


# --- forums ------------------------------------------------------------------------------------------------


async def test_an_edition_is_a_post_of_a_forum(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        fake.checks.append(check_request)
        names = {"71": "assistance", "72": "Other"}
        fake.forum.tags = [
            {"id": tag, "name": name, "emoji_id": None, "emoji_name": None} for tag, name in names.items()
        ]
        adapter = wired(fake, archive, clock)
        place = Destination("discord", "local", str(fake.forum.id))
        assert await adapter.check(place) == ()
        first = await adapter.send(place, digest("Assistance", "Training"), key="1" * 20, parent=None)
        second = await adapter.send(place, digest("More"), key="2" * 20, parent=first)
        (post,) = fake.guild.threads
        assert post.name == "Morning digest"
        assert [str(tag) for tag in post.applied_tags] == ["71"]
        assert first.platform_ids[1:] == second.platform_ids[1:] == (str(post.id), str(fake.forum.id))
        (made,) = fake.seen("POST", "/channels/*/threads")
        assert made.payload["message"]["allowed_mentions"]["parse"] == []
        since = datetime.now(UTC) - timedelta(minutes=1)
        for number, sent in enumerate((first, second), 1):
            assert (await adapter.find(place, key=str(number) * 20, since=since)).sent == sent
        assert not fake.violations
        await adapter.close()


async def test_a_forum_that_wants_another_tag_names_the_cure(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        fake.forum.flags = 1 << 4
        adapter = wired(fake, archive, clock)
        place = Destination("discord", "local", str(fake.forum.id))
        (problem,) = await adapter.check(place)
        assert "tag" in problem
        with pytest.raises(PermanentSendError, match="tag"):
            await adapter.send(place, digest("Assistance"), key="1" * 20, parent=None)
        await adapter.close()


async def test_trouble_with_a_forums_post_leaves_us_in_doubt(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock)
        place = Destination("discord", "local", str(fake.forum.id))
        fake.fail_next("POST", "/channels/*/threads", drop=True)
        with pytest.raises(UncertainSendError):
            await adapter.send(place, digest("A"), key="1" * 20, parent=None)
        found = await adapter.find(place, key="1" * 20, since=datetime.now(UTC) - timedelta(minutes=1))
        assert found.sent is not None
        await adapter.close()


# --- direct messages and threads as destinations -----------------------------------------------------------


async def test_a_thread_can_be_a_destination(started: DiscordAdapter, discord_world: Simulation) -> None:
    backend = discord_world.env.backend
    thread = backend.create_thread(discord_world.news.id, "talk", backend.bot_user.id)
    place = Destination("discord", "local", str(thread.id), kind="thread")
    assert await started.check(place) == ()
    first = await started.send(place, digest("A"), key="1" * 20, parent=None)
    second = await started.send(place, digest("B"), key="2" * 20, parent=first)
    assert {first.platform_ids[1], second.platform_ids[1]} == {str(thread.id)}
    await started.edit(place, second, digest("C"))
    assert "words of C" in discord_world.shown(thread.id)[-1]


async def test_long_direct_messages_follow_each_other(started: DiscordAdapter, discord_world: Simulation) -> None:
    user = discord_world.env.create_user("ana")
    discord_world.guild.add_member(user)
    place = Destination("discord", "dm", str(user.id), kind="direct")
    first = await started.send(place, digest("A"), key="1" * 20, parent=None)
    second = await started.send(place, digest("B"), key="2" * 20, parent=first)
    assert second.platform_ids[2] == first.platform_ids[2] == str(user.dm_channel.id)
    await started.edit(place, second, digest("C"))
    assert "words of C" in discord_world.shown(user.dm_channel.id)[-1]


# --- limits ------------------------------------------------------------------------------------------------


async def test_many_threads_can_be_opened_one_after_the_other(archive: Archive, clock: StoppedClock) -> None:
    """The limit of threads has a long window; that it is not used up must not hold anything up."""
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock)
        place = Destination("discord", "local", str(fake.forum.id))
        for number in range(4):
            await adapter.send(place, digest("A"), key=f"{number:020}", parent=None)
        assert len(fake.guild.threads) == 4
        await adapter.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 429, "retry_after": 7.0}, TransientSendError),
        ({"delay": 5.0}, UncertainSendError),
    ],
)
async def test_waiting_too_long_is_uncertain_only_where_something_went_out(
    archive: Archive, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], kind: type[SendError]
) -> None:
    monkeypatch.setattr("bot.adapters.discord.adapter.REQUEST_TIMEOUT", 0.3)
    async with FakeDiscord() as fake:
        adapter = wired(fake, archive, clock)
        place = Destination("discord", "local", str(fake.text.id))
        assert await adapter.check(place) == ()
        fake.fail_next("POST", "/channels/*/messages", **fault)
        with pytest.raises(kind) as raised:
            await adapter.send(place, full_message(), key="k" * 20, parent=None)
        assert getattr(raised.value, "retry_after", None) == fault.get("retry_after")
        await adapter.close()


# --- faults ------------------------------------------------------------------------------------------------


def refusal(status: int, code: int = 0, *, retry_after: str | None = None) -> discord.HTTPException:
    headers = {"Retry-After": retry_after} if retry_after else {}
    response: Any = SimpleNamespace(status=status, reason="reason", headers=headers)
    kinds = {403: discord.Forbidden, 404: discord.NotFound}
    kind = discord.DiscordServerError if status >= 500 else kinds.get(status, discord.HTTPException)
    return kind(response, {"code": code, "message": "words of Discord"})


REQUEST: Any = SimpleNamespace(host="discord.com", port=443, ssl=True, is_ssl=True)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal(429, retry_after="7.5"), TransientSendError),
        (discord.RateLimited(7.5), TransientSendError),
        (refusal(503), TransientSendError),
        (refusal(401), PermanentSendError),
        (refusal(403, 50013), PermanentSendError),
        (refusal(404, 10003), PermanentSendError),
        (discord.LoginFailure("improper token"), PermanentSendError),
        (aiohttp.ClientConnectorError(REQUEST, OSError("refused")), TransientSendError),
        (aiohttp.ConnectionTimeoutError(), TransientSendError),
        (aiohttp.ServerDisconnectedError(), UncertainSendError),
        (TimeoutError(), UncertainSendError),
        (ConnectionResetError(), UncertainSendError),
    ],
)
def test_what_trouble_means_for_a_message(error: Exception, kind: type[SendError]) -> None:
    told = send_error(error)
    assert type(told) is kind
    assert str(told)


def test_discords_wish_to_wait_is_kept() -> None:
    for error in (refusal(429, retry_after="7.5"), discord.RateLimited(7.5)):
        told = send_error(error)
        assert isinstance(told, TransientSendError)
        assert told.retry_after == 7.5


def test_nothing_is_uncertain_where_nothing_is_posted() -> None:
    for error in (TimeoutError(), aiohttp.ServerDisconnectedError(), refusal(500)):
        assert isinstance(send_error(error, posting=False), TransientSendError)


def test_a_post_without_a_nonce_may_stand_there_after_discords_own_fault() -> None:
    assert isinstance(send_error(refusal(502), repeatable=False), UncertainSendError)


@pytest.mark.parametrize("code", [10003, 50001, 50013, 50007, 160006, 40067, 50083])
def test_every_known_refusal_names_its_cure(code: int) -> None:
    assert CURES[code] in str(send_error(refusal(403, code)))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(403, 50013, PermanentSendError), (404, 10003, PermanentSendError), (500, 0, SendError)],
)
async def test_refusals_while_sending(
    started: DiscordAdapter, discord_world: Simulation, news: Destination, status: int, code: int, kind: type[SendError]
) -> None:
    discord_world.env.inject_error("POST", "/channels/*/messages", status=status, code=code)
    with pytest.raises(kind) as raised:
        await started.send(news, full_message(), key="k" * 20, parent=None)
    assert not code or CURES[code] in str(raised.value)


async def test_a_user_who_takes_no_direct_messages(started: DiscordAdapter, discord_world: Simulation) -> None:
    user = discord_world.env.create_user("ana")
    discord_world.env.inject_error("POST", "/channels/*/messages", status=403, code=50007)
    with pytest.raises(PermanentSendError, match="subscription"):
        await started.send(
            Destination("discord", "dm", str(user.id), kind="direct"), full_message(), key="k", parent=None
        )


# --- pacing ------------------------------------------------------------------------------------------------


class Clock:
    """Time that only passes while somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


async def test_never_more_than_fifty_requests_in_any_second() -> None:
    clock = Clock()
    pacer = Pacer(now=lambda: clock.now, sleep=clock.sleep)
    at: list[float] = []
    for _ in range(500):
        await pacer.turn()
        at.append(clock.now)
    assert all(later - earlier >= 1.0 for earlier, later in zip(at, at[50:], strict=False))
    assert at[-1] - at[0] < 500 / 45


async def test_turns_asked_for_at_once_are_spread_too() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    pacer = Pacer(now=lambda: 5.0, sleep=sleep)
    await asyncio.gather(*(pacer.turn() for _ in range(48)))
    assert len(waits) == 47
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(47 / RATE)


async def test_a_quiet_time_saves_up_no_burst() -> None:
    clock = Clock()
    pacer = Pacer(now=lambda: clock.now, sleep=clock.sleep)
    await pacer.turn()
    clock.now += 3_600
    start = clock.now
    for _ in range(48):
        await pacer.turn()
    assert clock.now - start == pytest.approx(47 / RATE)


@given(st.lists(st.floats(0, 0.4), min_size=100, max_size=300))
async def test_what_a_busy_loop_delays_is_made_up_for_without_going_over(late: list[float]) -> None:
    clock = Clock()
    pacer = Pacer(now=lambda: clock.now, sleep=clock.sleep)
    at: list[float] = []
    for number, delay in enumerate(late):
        await pacer.turn()
        at.append(clock.now)
        if number % 10 == 0:
            clock.now += delay
    assert all(later - earlier >= 1.0 - 1e-6 for earlier, later in zip(at, at[50:], strict=False))


@pytest.mark.parametrize(
    ("url", "counted"),
    [
        ("https://discord.com/api/v10/channels/1/messages", True),
        ("https://discord.com/api/v10/gateway/bot", True),
        ("https://discord.com/api/v10/interactions/1/token/callback", False),
        ("https://discord.com/api/v10/webhooks/1/token/messages/@original", False),
        ("wss://gateway.discord.gg/?v=10", False),
    ],
)
def test_what_counts_towards_the_limit(url: str, counted: bool) -> None:
    assert counts(yarl.URL(url)) is counted
