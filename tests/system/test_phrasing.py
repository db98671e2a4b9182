"""/ask in the local chat with a model behind it: honest, lying, broken, exchanged while the bot runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.model_server import ModelServer
from tests.system.conftest import StartBot

ASK = "/ask What did the River Bridge Authority announce?"


@pytest.fixture
async def server(config: Path) -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        with (config / "bot.yaml").open("a", encoding="utf-8") as file:
            file.write(f"phrasing: {{enabled: true, url: '{running.url}', model: fake-1, timeout: 1s}}\n")
        yield running


async def test_a_phrased_answer_names_the_model_and_shows_the_quotation_with_its_source(
    server: ModelServer, start_bot: StartBot
) -> None:
    bot = await start_bot()
    html = (await bot.say(ASK))["html"]
    assert "phrased" in html
    assert "fake-1" in html
    assert "townhall.example" in html
    assert server.asked[0].passages
    assert bot.app.phraser.counts["phrased"] == 1


@pytest.mark.parametrize("mode", ["cites-what-is-not-there", "leaks", "fails", "closes", "prose"])
async def test_with_a_model_that_misbehaves_the_member_gets_the_quotation(
    server: ModelServer, start_bot: StartBot, mode: str
) -> None:
    server.mode = mode
    bot = await start_bot()
    html = (await bot.say(ASK))["html"]
    assert "420 metres" in html
    assert "fake-1" not in html
    assert "not written anew" in html
    assert len(server.asked) == 1


async def test_about_says_which_model_is_used_and_where_questions_go(
    server: ModelServer, start_bot: StartBot, config: Path
) -> None:
    bot = await start_bot()
    told = (await bot.say("/about"))["html"]
    assert "fake-1" in told
    assert "127.0.0.1" in told
    path = config / "bot.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("enabled: true", "enabled: false"), encoding="utf-8")
    await bot.app.reload()
    assert "no language model writes them" in (await bot.say("/about"))["html"]
    await bot.say(ASK)
    assert server.asked == []
