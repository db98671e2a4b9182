"""The whole bot in Slack: real slack-bolt, real sockets, a Slack of ours on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.tools.doctor import run_doctor
from bot.tools.post import PostError, post_test
from tests.bot.adapters.slack.setting import actions_of, words_of
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack
from tests.system.conftest import Bot, StartBot, over_slack
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar


@pytest.fixture
async def slack(config: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSlack]:
    """Two variables and one line of YAML: that is all it takes."""
    async with over_slack(config, monkeypatch) as fake:
        yield fake


@pytest.fixture
async def bot(slack: FakeSlack, start_bot: StartBot, newsstand: Newsstand) -> Bot:
    started = await start_bot()
    await started.poll()
    newsstand.entries["town-hall"] = [pillar()]
    await started.poll()
    return started


async def answer(slack: FakeSlack, text: str, user: str = "U1") -> dict[str, Any]:
    before = len(slack.private(user))
    await slack.command(user, "C1", "/kakehashi", text)
    await slack.until(lambda: len(slack.private(user)) > before)
    return slack.private(user)[-1]


async def test_an_edition_is_posted_and_corrected_once(bot: Bot, slack: FakeSlack, newsstand: Newsstand) -> None:
    await bot.at("08:00")
    welcome, digest = slack.messages("C1")
    assert "where the story stands" in welcome["text"]
    assert "Third pillar of the river bridge is built" in words_of(digest)
    newsstand.entries["town-hall"] = [pillar(title="Third pillar of the river bridge is built at last")]
    await bot.poll()
    _, edited = slack.messages("C1")
    assert edited["ts"] == digest["ts"]
    assert "built at last" in words_of(edited)
    assert "edited by its source since" in words_of(edited)
    newsstand.entries["town-hall"] = [pillar(title="Third pillar of the river bridge is not built")]
    await bot.poll()
    assert slack.calls["chat.update"] == 1
    assert len(slack.messages("C1")) == 2


async def test_a_member_asks_pages_shares_and_subscribes(bot: Bot, slack: FakeSlack) -> None:
    asked = await answer(slack, "ask What did the River Bridge Authority announce?")
    assert "420 metres" in words_of(asked)
    share = next(action for action in actions_of(asked) if action.startswith("share:"))
    await slack.press("U1", asked, share)
    await slack.until(lambda: len(slack.messages("C1")) == 2)
    assert "420 metres" in words_of(slack.messages("C1")[-1])
    assert "<@U1>" in words_of(slack.messages("C1")[-1])
    refused = await answer(slack, "admin status")
    assert "Only admins" in words_of(refused)
    assert "Running since" in words_of(await answer(slack, "admin status", user="U2"))
    done = await answer(slack, "subscribe building 09:30 zone:UTC")
    assert "Subscribed" in words_of(done)
    await slack.open_home("U1")
    await slack.until(lambda: "U1" in slack.homes)
    assert "09:30" in words_of(slack.homes["U1"])


async def test_a_subscription_comes_by_direct_message(bot: Bot, slack: FakeSlack, newsstand: Newsstand) -> None:
    await answer(slack, "subscribe building 09:30 zone:UTC language:ja")
    newsstand.entries["town-hall"] = [pillar(), pillar("p2", title="The bridge gets its fourth pillar of concrete")]
    await bot.poll()
    await bot.at("09:30")
    (direct,) = slack.messages("DU1")
    assert "fourth pillar" in words_of(direct)
    assert "橋の建設" in words_of(direct)


async def test_a_lost_answer_is_settled_by_reading_back(bot: Bot, slack: FakeSlack, clock: StoppedClock) -> None:
    slack.fail_next("chat.postMessage", drop=True)
    await bot.at("08:00")
    assert len(slack.messages("C1")) == 2
    assert slack.calls["conversations.history"] >= 1


async def test_a_revoked_token_stops_the_delivery_with_its_cure(bot: Bot, slack: FakeSlack) -> None:
    slack.revoke()
    await bot.at("08:00")
    assert len(slack.messages("C1")) == 1
    from digests.archive import deliveries
    from digests.model import DeliveryState

    async with bot.app.archive.read() as connection:
        (row,) = await deliveries.in_state(connection, DeliveryState.DEAD)
    assert "token_revoked" in (row.error or "")
    assert "reinstall" in (row.error or "")


async def test_doctor_says_what_to_mend(slack: FakeSlack, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run_doctor(config)
    said = capsys.readouterr().out
    assert "ok    slack: Slack takes the bot's token: @kakehashi in Newsroom (T1)" in said
    assert "ok    slack:local:C1: can be posted to (digest morning)" in said
    slack.remove_scope("users:read")
    slack.channels["C1"].archived = True
    assert not await run_doctor(config)
    said = capsys.readouterr().out
    assert "MEND  slack: the bot may use users:read" in said
    assert "add users:read under OAuth & Permissions" in said
    assert "MEND  slack:local:C1 (digest morning): " in said
    assert "unarchive" in said


async def test_a_test_message_is_posted_or_the_cure_named(
    slack: FakeSlack, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await post_test(config, "slack:C1")
    assert "ok    slack:local:C1" in capsys.readouterr().out
    (posted,) = slack.messages("C1")
    assert "A test message" in words_of(posted)
    with pytest.raises(PostError, match=r"channel_not_found.*invite the bot"):
        await post_test(config, "slack:C404")
    with pytest.raises(PostError, match="platform:channel"):
        await post_test(config, "nowhere")
    with pytest.raises(PostError, match=r"platforms in bot\.yaml"):
        await post_test(config, "discord:1")


def test_the_manifest_is_printed_before_there_is_any_token(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.cli import cli

    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    path = config / "bot.yaml"
    path.write_text(path.read_text().replace("web: {port: 0}", "web: {port: 0}\n  slack: {commands: many}"))
    done = CliRunner().invoke(cli, ["--config", str(config), "manifest", "slack"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "command: /latest" in done.output
    assert "chat:write  # to post" in done.output
