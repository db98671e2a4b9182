"""What Slack's and Discord's doors must not let through: forged, stale, replayed and foreign requests.

The whole bot runs with the platforms' own libraries, over real sockets. Slack's requests come over HTTP, signed as
Slack signs them, or nearly.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from structlog.typing import EventDict

from tests.attacks.corpus import Case, each
from tests.bot.adapters.slack.setting import actions_of, words_of
from tests.conftest import StoppedClock
from tests.fakes.discord.interactions import Asked
from tests.fakes.discord.model import Permission
from tests.fakes.discord.server import TOKEN, FakeDiscord
from tests.fakes.slack.server import FakeSlack
from tests.system.conftest import Bot, StartBot, over_slack

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SUBSCRIBE = {"command": "/kakehashi", "text": "subscribe building 09:30", "user_id": "U1", "user_name": "u1"}
PLACE = {"channel_id": "C1", "team_id": "T1", "api_app_id": "A1", "trigger_id": "t1"}
LINE = urlencode({**SUBSCRIBE, **PLACE, "response_url": "http://127.0.0.1:9/"})


@dataclass
class InSlack:
    bot: Bot
    slack: FakeSlack

    @property
    def address(self) -> str:
        return f"{self.slack.app_url}slack/events"

    async def post(self, body: str | bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """A request as anybody on the internet can make it."""
        raw = body.encode() if isinstance(body, str) else body
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http,
            http.post(self.address, data=raw, headers={"Content-Type": FORM, **headers}) as answer,
        ):
            return answer.status, await answer.text()

    async def subscriptions(self) -> int:
        async with self.bot.app.archive.read() as connection:
            rows = await connection.exec_driver_sql("SELECT count(*) FROM subscriptions")
            return int(rows.scalar_one())

    async def told(self, user: str, after: int = 0) -> str:
        """The newest message that only this member sees, once there are more than ``after``."""
        await self.slack.until(lambda: len(self.slack.private(user)) > after)
        return words_of(self.slack.private(user)[-1])

    async def asks(self, user: str, text: str, channel: str = "C1") -> dict[str, Any]:
        before = len(self.slack.private(user))
        await self.slack.command(user, channel, "/kakehashi", text)
        await self.told(user, before)
        return self.slack.private(user)[-1]


@pytest.fixture
async def in_slack(config: Path, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[InSlack]:
    async with over_slack(config, monkeypatch, http=True) as slack:
        bot = await start_bot()
        slack.transport, slack.app_url = "http", f"{bot.app.adapters['slack'].address}/"  # type: ignore[attr-defined]
        yield InSlack(bot, slack)


@dataclass
class InDiscord:
    bot: Bot
    discord: FakeDiscord


@pytest.fixture
async def in_discord(config: Path, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[InDiscord]:
    async with FakeDiscord() as discord:
        monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
        path = config / "bot.yaml"
        options = f'discord: {{base_url: "{discord.base_url}", gateway: "{discord.gateway_url}", shards: 1}}'
        text = path.read_text().replace("web: {port: 0}", options)
        path.write_text(text.replace("web:news", f"discord:{discord.text.id}"))
        yield InDiscord(await start_bot(), discord)


# --- Slack: signatures -------------------------------------------------------------------------------------


def signed(body: str, secret: str, at: float) -> dict[str, str]:
    """Slack's signature ("Verifying requests from Slack"), written out here so that it is not bolt's own."""
    stamp = str(int(at))
    made = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={made}"}


Headers = Callable[[FakeSlack], Mapping[str, str]]


def refused_with(headers: Headers, body: str = LINE) -> Callable[[InSlack], Awaitable[None]]:
    async def check(there: InSlack) -> None:
        status, _ = await there.post(body, headers(there.slack))
        assert status == 401
        assert await there.subscriptions() == 0
        assert there.slack.private("U1") == []

    return check


async def honest(there: InSlack) -> None:
    """The signature that the others are forgeries of: it is let in."""
    status, _ = await there.post(LINE, signed(LINE, there.slack.signing_secret, time.time()))
    assert status == 200
    await there.told("U1")
    assert await there.subscriptions() == 1


def unreadable(body: bytes, **headers: str) -> Callable[[InSlack], Awaitable[None]]:
    """What cannot even be read is refused as what it is, not as a fault of ours."""

    async def check(there: InSlack) -> None:
        stamp = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=" + "0" * 64}
        status, told = await there.post(
            body, stamp | {name.replace("_", "-"): value for name, value in headers.items()}
        )
        assert status in (400, 401)
        assert "Traceback" not in told
        assert await there.subscriptions() == 0

    return check


async def ssl_check(there: InSlack) -> None:
    status, _ = await there.post(LINE + "&ssl_check=1&token=x", {})
    assert status in (200, 401)
    assert await there.subscriptions() == 0
    assert there.slack.private("U1") == []


async def another_body(there: InSlack) -> None:
    headers = signed(LINE, there.slack.signing_secret, time.time())
    status, _ = await there.post(LINE.replace("U1", "U2"), headers)
    assert status == 401
    assert await there.subscriptions() == 0


async def malformed(there: InSlack) -> None:
    """Signed nonsense: nothing crashes, nothing is done."""
    for body, kind in (
        ("", FORM),
        ("payload=%7B", FORM),
        ("payload=[]", FORM),
        ("payload=null", FORM),
        ("{", JSON),
        ("[]", JSON),
        ("null", JSON),
        ('{"type": "event_callback", "team_id": "T1", "event": {"type": "app_mention"}}', JSON),
        ('{"type": "event_callback", "team_id": "T1", "event": []}', JSON),
        (
            urlencode({"payload": json.dumps({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}})}),
            FORM,
        ),
        (
            urlencode(
                {
                    "payload": json.dumps(
                        {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1"}, "view": {}}
                    )
                }
            ),
            FORM,
        ),
        (urlencode({"command": "/kakehashi"}), FORM),
    ):
        await there.post(body, {**signed(body, there.slack.signing_secret, time.time()), "Content-Type": kind})
    assert await there.subscriptions() == 0
    await there.asks("U1", "help")


async def large(there: InSlack) -> None:
    body = LINE + "&x=" + "y" * (3 << 20)
    status, _ = await there.post(body, {})
    assert status in (401, 413)


async def confirmed(there: InSlack) -> None:
    """Slack's question whether the address is ours holds no secret, but its answer must be no page of an attacker's."""
    body = json.dumps({"type": "url_verification", "challenge": "<script>alert(1)</script>"})
    async with (
        aiohttp.ClientSession() as http,
        http.post(there.address, data=body, headers={"Content-Type": JSON}) as answer,
    ):
        if answer.status == 200:
            assert answer.content_type != "text/html"


# --- Slack: members and workspaces -------------------------------------------------------------------------


async def admin_by_member(there: InSlack) -> None:
    assert "Only admins" in words_of(await there.asks("U1", "admin post morning"))
    assert len(there.slack.messages("C1")) == 1, "only the welcome is posted"


async def press_of_another(there: InSlack) -> None:
    """Another member presses a share button whose id they have seen: it is not theirs."""
    asked = await there.asks("U1", "sections")
    share = next(action for action in actions_of(asked) if action.startswith("share:"))
    before = len(there.slack.private("U2"))
    await there.slack.press("U2", asked, share)
    assert "belongs to the member who asked" in await there.told("U2", before)
    assert len(there.slack.messages("C1")) == 1


def forged_press(action: str, words: str) -> Callable[[InSlack], Awaitable[None]]:
    """A signed press with an id that the bot has never given out."""

    async def check(there: InSlack) -> None:
        asked = await there.asks("U1", "help")
        asked["blocks"].append({"type": "actions", "elements": [{"type": "button", "action_id": action}]})
        before = len(there.slack.private("U1"))
        await there.slack.press("U1", asked, action)
        assert words in await there.told("U1", before)
        assert len(there.slack.messages("C1")) == 1

    return check


async def foreign_team(there: InSlack) -> None:
    """A request that is signed, for a workspace that the token is not of."""
    body = urlencode({**SUBSCRIBE, **PLACE, "team_id": "T666"})
    await there.post(body, signed(body, there.slack.signing_secret, time.time()))
    await there.asks("U2", "help")
    async with there.bot.app.archive.read() as connection:
        rows = await connection.exec_driver_sql("SELECT workspace FROM subscriptions")
        assert "T666" not in {row[0] for row in rows}


async def forged_view(there: InSlack) -> None:
    """A modal that was never opened, for a command that has none, with a place of the sender's choice."""
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "admin",
        "private_metadata": '{"channel": "C1"}',
        "blocks": [],
        "state": {"values": {"b": {"admin:digest": {"type": "plain_text_input", "value": "morning"}}}},
    }
    before = len(there.slack.private("U1"))
    await there.slack.submit_view("U1", view, {})
    assert "Only admins" in await there.told("U1", before)
    assert len(there.slack.messages("C1")) == 1


async def bots_words(there: InSlack) -> None:
    """A bot (or this bot itself) that mentions the bot gets no answer: no two bots talk for ever."""
    for also in ({"bot_id": "B9"}, {"subtype": "bot_message"}, {"user": ""}):
        event = {"type": "app_mention", "user": "U1", "text": "<@UBOT> help", "ts": "1.1", "channel": "C1", **also}
        await there.slack.event(event)
    await there.asks("U1", "help")
    assert len(there.slack.messages("C1")) == 1


async def mentions_come_back_quietly(there: InSlack) -> None:
    """What a member types is repeated in errors; it calls nobody."""
    told = await there.asks("U1", "section &lt;!channel&gt; <!channel> <@U2> *x*")
    assert "<!channel>" not in words_of(told)
    assert "<@U2>" not in words_of(told)


async def slow_sender(there: InSlack) -> None:
    """A connection that sends its headers and no body is no work for anybody; others are answered meanwhile."""
    import asyncio

    host, port = there.slack.app_url.removeprefix("http://").rstrip("/").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    await writer.drain()
    await there.asks("U1", "help")
    writer.close()


@dataclass(frozen=True, kw_only=True)
class SlackCase(Case):
    check: Callable[[InSlack], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class DiscordCase(Case):
    check: Callable[[InDiscord], Awaitable[None]]


NOT_DONE = "401; nothing is done, nobody is told"
IN_SLACK: tuple[SlackCase, ...] = (
    SlackCase(name="Slack: an honest request, for comparison", expected="let in", check=honest),
    SlackCase(name="Slack: a request without a signature", expected=NOT_DONE, check=refused_with(lambda _: {})),
    SlackCase(
        name="Slack: a signature with another secret",
        expected=NOT_DONE,
        check=refused_with(lambda _: signed(LINE, "another-secret", time.time())),
    ),
    SlackCase(
        name="Slack: a signature with an empty secret",
        expected=NOT_DONE,
        check=refused_with(lambda _: signed(LINE, "", time.time())),
    ),
    SlackCase(
        name="Slack: a signature ten minutes old (a replay)",
        expected=NOT_DONE,
        check=refused_with(lambda slack: signed(LINE, slack.signing_secret, time.time() - 600)),
    ),
    SlackCase(
        name="Slack: a signature ten minutes ahead",
        expected=NOT_DONE,
        check=refused_with(lambda slack: signed(LINE, slack.signing_secret, time.time() + 600)),
    ),
    SlackCase(
        name="Slack: an old signature under a new time",
        expected=NOT_DONE,
        check=refused_with(
            lambda slack: (
                signed(LINE, slack.signing_secret, time.time() - 600)
                | {"X-Slack-Request-Timestamp": str(int(time.time()))}
            )
        ),
    ),
    SlackCase(
        name="Slack: a time that is no number",
        expected=NOT_DONE,
        check=refused_with(
            lambda slack: signed(LINE, slack.signing_secret, time.time()) | {"X-Slack-Request-Timestamp": "now"}
        ),
    ),
    SlackCase(
        name="Slack: a signature without its version",
        expected=NOT_DONE,
        check=refused_with(
            lambda slack: {
                name: value.removeprefix("v0=")
                for name, value in signed(LINE, slack.signing_secret, time.time()).items()
            }
        ),
    ),
    SlackCase(
        name="Slack: an unsigned request that says it is a check of the certificate (ssl_check)",
        expected="no command is run",
        check=ssl_check,
    ),
    SlackCase(name="Slack: a body that is no UTF-8", expected="refused", check=unreadable(b"\xff\xfe=\xff")),
    SlackCase(
        name="Slack: a charset that does not exist",
        expected="refused",
        check=unreadable(LINE.encode(), Content_Type=f"{FORM}; charset=evil"),
    ),
    SlackCase(
        name="Slack: a signature of letters beyond ASCII",
        expected="refused",
        check=unreadable(LINE.encode(), X_Slack_Signature="v0=\u00e9\u00fc"),
    ),
    SlackCase(name="Slack: another body under a right signature", expected=NOT_DONE, check=another_body),
    SlackCase(
        name="Slack: signed nonsense of twelve kinds", expected="nothing is done; the bot goes on", check=malformed
    ),
    SlackCase(name="Slack: a body of three megabytes", expected="refused", check=large),
    SlackCase(
        name="Slack: a script as the challenge of an unsigned question",
        expected="no page is made of it",
        check=confirmed,
    ),
    SlackCase(name="Slack: an admin command by a member", expected="refused; nothing is posted", check=admin_by_member),
    SlackCase(
        name="Slack: a share button pressed by another", expected="refused; nothing is shared", check=press_of_another
    ),
    SlackCase(
        name="Slack: a forged button that runs an admin command",
        expected="refused; nothing is posted",
        check=forged_press("run:/admin post morning", "Only admins"),
    ),
    SlackCase(
        name="Slack: a forged button with a made-up token",
        expected="refused as expired",
        check=forged_press("page:AAAAAAAAAAAAAAAA:1", "expired"),
    ),
    SlackCase(
        name="Slack: a forged button of an unknown kind",
        expected="refused as expired",
        check=forged_press("exec:rm -rf /", "expired"),
    ),
    SlackCase(
        name="Slack: a modal that was never opened, for /admin",
        expected="refused; nothing is posted",
        check=forged_view,
    ),
    SlackCase(
        name="Slack: a signed request of a workspace that is not ours",
        expected="nothing is kept for it",
        check=foreign_team,
    ),
    SlackCase(name="Slack: bots that mention the bot", expected="no answer", check=bots_words),
    SlackCase(
        name="Slack: mentions in a member's own line", expected="come back as words", check=mentions_come_back_quietly
    ),
    SlackCase(name="Slack: a body that does not come", expected="others are answered meanwhile", check=slow_sender),
)


# --- Discord -----------------------------------------------------------------------------------------------


def answers(there: InDiscord) -> str:
    return "".join(str(seen.payload) for seen in there.discord.seen("PATCH", "/webhooks/*/*/messages/@original"))


async def forged_custom_id(there: InDiscord) -> None:
    discord = there.discord
    (welcome,) = discord.messages(discord.text)
    posts = len(discord.seen("POST", "/channels/*/messages"))
    forged = ("run:/admin post morning", "page:AAAAAAAAAAAAAAAA:1", "share:x", "exec:x", "", "page:\u202e:٣")
    for custom_id in forged:
        data = {"custom_id": custom_id, "component_type": 2, "id": 7}
        await discord.forge(Asked.COMPONENT, discord.member, discord.text, data, welcome)

    def told() -> int:
        edits = discord.seen("PATCH", "/webhooks/*/*/messages/@original")
        return len(edits) + len(discord.seen("POST", "/webhooks/*/*"))

    await discord.until(lambda: told() >= len(forged))
    assert len(discord.seen("POST", "/channels/*/messages")) == posts, "nothing is posted"
    assert "Something went wrong" not in answers(there)


async def discord_others_button(there: InDiscord) -> None:
    """A private reply's button in another member's hands: the custom id is right, the member is not."""
    discord = there.discord
    posts = len(discord.seen("POST", "/channels/*/messages"))
    await discord.command(discord.member, discord.text, "timeline")
    await discord.until(lambda: "share:" in answers(there))
    (welcome,) = discord.messages(discord.text)
    token = re.findall(r"share:[A-Za-z0-9_-]+", answers(there))[-1]
    other = discord.world.add_user("Other", next(iter(discord.world.guilds.values())))
    data = {"custom_id": token, "component_type": 2, "id": 7}
    await discord.forge(Asked.COMPONENT, other, discord.text, data, welcome)

    def told() -> str:
        return str([seen.payload for seen in discord.seen("POST", "/webhooks/*/*")]) + answers(there)

    await discord.until(lambda: "belongs to the member who asked" in told())
    assert len(discord.seen("POST", "/channels/*/messages")) == posts, "nothing is shared"


async def discord_admin(there: InDiscord) -> None:
    """Discord does not show /admin to members; a request that comes all the same is refused."""
    discord = there.discord
    command = next(c for c in discord.world.commands[None] if c["name"] == "admin")
    post = {"name": "post", "type": 1, "options": [{"name": "digest", "type": 3, "value": "morning"}]}
    data = {"id": command["id"], "name": "admin", "type": 1, "options": [post]}
    await discord.forge(Asked.COMMAND, discord.member, discord.text, data)
    await discord.until(lambda: "Only admins" in answers(there))


async def foreign_manager(there: InDiscord) -> None:
    """Who manages a server of their own, to which no digest goes, has no say."""
    discord = there.discord
    guild = discord.world.add_guild("Evil")
    manager = discord.world.add_user("Manager", guild)
    role = discord.world.add_role(guild, "boss", int(Permission.MANAGE_GUILD) | int(Permission.ADMINISTRATOR))
    guild.members[manager.id].roles.append(role)
    channel = discord.world.add_channel(guild, "evil")
    await discord.command(manager, channel, "admin status")
    await discord.until(lambda: "Only admins" in answers(there))


async def pings_nobody(there: InDiscord) -> None:
    discord = there.discord
    await discord.command(discord.member, discord.text, "ask", {"question": "@everyone <@1> [x](https://evil.example)"})
    await discord.until(lambda: answers(there))
    for seen in (
        *discord.seen("PATCH", "/webhooks/*/*/messages/@original"),
        *discord.seen("POST", "/channels/*/messages"),
    ):
        assert dict(seen.payload or {}).get("allowed_mentions") == {"parse": []}


IN_DISCORD: tuple[DiscordCase, ...] = (
    DiscordCase(
        name="Discord: custom ids that the bot never gave out",
        expected="refused; nothing is posted",
        check=forged_custom_id,
    ),
    DiscordCase(
        name="Discord: a share button of another member, sent by its custom id",
        expected="refused; nothing is shared",
        check=discord_others_button,
    ),
    DiscordCase(name="Discord: /admin by a member, past Discord's own menu", expected="refused", check=discord_admin),
    DiscordCase(
        name="Discord: /admin by the manager of a server without digests", expected="refused", check=foreign_manager
    ),
    DiscordCase(name="Discord: a question full of mentions", expected="answered; nobody is pinged", check=pings_nobody),
)
CASES: tuple[Case, ...] = (*IN_SLACK, *IN_DISCORD)


@pytest.mark.parametrize("case", each(IN_SLACK))
async def test_at_slacks_door(case: SlackCase, in_slack: InSlack, clock: StoppedClock) -> None:
    await case.check(in_slack)


@pytest.mark.parametrize("case", each(IN_DISCORD))
async def test_at_discords_door(case: DiscordCase, in_discord: InDiscord, logged: list[EventDict]) -> None:
    await case.check(in_discord)
    assert [entry for entry in logged if entry["log_level"] == "error"] == []
