"""The whole bot in Discord: real discord.py, real sockets, a Discord of ours on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.tools.doctor import run_doctor
from bot.tools.post import PostError, post_test
from tests.fakes.discord.schema import check_request
from tests.fakes.discord.server import TOKEN, FakeDiscord
from tests.system.conftest import Bot, StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar

PLATFORMS = 'platforms:\n  discord: {{base_url: "{url}", gateway: "{gateway}", shards: 1}}\n'


@pytest.fixture
async def discord(config: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        fake.checks.append(check_request)
        monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
        path = config / "bot.yaml"
        given = PLATFORMS.format(url=fake.base_url, gateway=fake.gateway_url)
        text = path.read_text().replace("platforms:\n  web: {port: 0}\n", given)
        path.write_text(text.replace("web:news", f"discord:{fake.text.id}"))
        yield fake
        assert fake.violations == []


@pytest.fixture
async def bot(discord: FakeDiscord, start_bot: StartBot, newsstand: Newsstand) -> Bot:
    started = await start_bot()
    await started.poll()
    newsstand.entries["town-hall"] = [pillar()]
    await started.poll()
    return started


async def test_an_edition_is_posted_and_corrected_once(bot: Bot, discord: FakeDiscord, newsstand: Newsstand) -> None:
    await bot.at("08:00")
    welcome, digest = discord.messages(discord.text)
    assert "this is where it stands" in welcome.text
    assert "Third pillar of the river bridge is built" in digest.text
    newsstand.entries["town-hall"] = [pillar(title="Third pillar of the river bridge is built at last")]
    await bot.poll()
    _, edited = discord.messages(discord.text)
    assert edited.id == digest.id
    assert "built at last" in edited.text
    assert "edited by its source since" in edited.text
    newsstand.entries["town-hall"] = [pillar(title="Third pillar of the river bridge is not built")]
    await bot.poll()
    assert len(discord.seen("PATCH", "/channels/*/messages/*")) == 1
    assert len(discord.messages(discord.text)) == 2


async def test_a_command_is_acknowledged_and_answered(bot: Bot, discord: FakeDiscord) -> None:
    question = "What did the River Bridge Authority announce?"
    asked = await discord.command(discord.member, discord.text, "ask", {"question": question})
    assert asked.delay < 3
    await discord.until(lambda: discord.seen("PATCH", "/webhooks/*/*/messages/@original"))
    (seen,) = discord.seen("PATCH", "/webhooks/*/*/messages/@original")
    assert "420 metres" in str(seen.payload)


async def test_a_forum_gets_a_post_with_its_tag(discord: FakeDiscord, start_bot: StartBot, config: Path) -> None:
    path = config / "bot.yaml"
    path.write_text(path.read_text().replace(str(discord.text.id), str(discord.forum.id)))
    await start_bot()
    (opened,) = discord.seen("POST", "/channels/*/threads")
    assert opened.status in (200, 201)


async def test_doctor_and_test_message(discord: FakeDiscord, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run_doctor(config)
    assert f"ok    discord:local:{discord.text.id}: can be posted to (digest morning)" in capsys.readouterr().out
    await post_test(config, f"discord:{discord.text.id}")
    (posted,) = discord.messages(discord.text)
    assert "A test message" in posted.text
    with pytest.raises(PostError, match="channel"):
        await post_test(config, "discord:42")
    discord.delete_channel(discord.text)
    assert not await run_doctor(config)
    assert "MEND" in capsys.readouterr().out


def test_the_invitation_is_printed_without_a_token(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.cli import cli

    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    run = CliRunner()
    done = run.invoke(cli, ["--config", str(config), "invite", "discord", "--application-id", "42"])
    assert done.exit_code == 0, done.output
    assert "client_id=42" in done.output
    assert "read_message_history: to find what was posted" in done.output
    refused = run.invoke(cli, ["--config", str(config), "invite", "discord"])
    assert refused.exit_code != 0
    assert "--application-id" in str(refused.exception)
