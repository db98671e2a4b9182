"""/aid, /trend and /compare through a whole bot and its local chat."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.commands import dispatch
from digests.charts import gallery
from digests.charts.gallery import Gallery
from tests.conftest import StoppedClock
from tests.fakes.shelf import DAY_ONE, put_item
from tests.system.conftest import Bot, StartBot

A_DAY_BEFORE = DAY_ONE - timedelta(days=1)
IMAGE = re.compile(r'<img src="(/media/[0-9a-f]+)" alt="([^"]*)">')


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is: what is told here is not how fast pictures are drawn."""
    monkeypatch.setattr(gallery, "PATIENCE", 90.0)
    monkeypatch.setattr(dispatch, "HANDLER_TIMEOUT", 100.0)
    monkeypatch.setitem(Gallery.__init__.__kwdefaults__, "timeout", 90.0)


async def picture(bot: Bot, html: str) -> tuple[bytes, str]:
    found = IMAGE.search(html)
    assert found is not None, html
    async with aiohttp.ClientSession(bot.address) as http, http.get(found[1]) as answer:
        assert answer.status == 200
        assert answer.content_type == "image/png"
        return await answer.read(), unescape(found[2])


async def test_a_series_is_a_picture_with_its_numbers_source_and_terms(start_bot: StartBot) -> None:
    bot = await start_bot()
    for line in ("/aid", "/aid loan", "/aid measure:融資額"):
        html = (await bot.say(line))["html"]
        png, alt = await picture(bot, html)
        assert png.startswith(b"\x89PNG")
        assert "32.5" in alt
        for words in ("32.5", "Considered first, then signed.", "Sources:", "Terms:"):
            assert words in html


async def test_a_measure_that_is_not_there_names_those_that_are(start_bot: StartBot) -> None:
    bot = await start_bot()
    assert "Choose one of: loan" in (await bot.say("/aid moon"))["html"]


async def test_coverage_is_told_by_section_by_kind_and_by_name(start_bot: StartBot, clock: StoppedClock) -> None:
    bot = await start_bot()
    for day in range(5):
        when = DAY_ONE - timedelta(days=day)
        await put_item(bot.app.archive, sections=["building"], published_at=when, text="The ferry stops.")
    for line in ("/trend", "/trend 2w", "/trend building", "/trend national 30d", "/trend 渡し船 90d"):
        html = (await bot.say(line))["html"]
        png, alt = await picture(bot, html)
        assert png.startswith(b"\x89PNG")
        assert re.search(r"\b[45] reports", alt), line
        assert "independent publisher" in html
        assert "Terms:" in html
    assert "no coverage" in (await bot.say("/trend unicorns"))["html"]


async def test_two_terms_are_compared_under_all_their_names(start_bot: StartBot) -> None:
    bot = await start_bot()
    sentence = "The ferry between the towns carries eight hundred people a day."
    await put_item(bot.app.archive, sections=["money"], text=sentence, publisher="River Courier")
    html = unescape((await bot.say('/compare 渡し船 "River Bridge Authority"'))["html"])
    assert sentence in html
    assert "River Courier" in html
    assert "in the dossier's words" in html
    assert "Name two terms" in (await bot.say("/compare … ???"))["html"]


async def test_a_chart_that_cannot_be_drawn_leaves_its_numbers(start_bot: StartBot) -> None:
    bot = await start_bot()
    bot.app.gallery._timeout = 0.01
    html = (await bot.say("/aid"))["html"]
    assert "<img" not in html
    assert "could not be drawn" in html
    assert "32.5" in html


async def test_a_hostile_name_is_a_name(start_bot: StartBot) -> None:
    bot = await start_bot()  # one for all of them: to start the process that draws takes most of the time
    for name in ("$\\frac{1}{0", "<img src=x onerror=alert(1)>", "@everyone $x$", "\u202eevil", "%(x)s {0}", "'); --"):
        await put_item(bot.app.archive, sections=["money"], text=f"They say {name} came.", published_at=A_DAY_BEFORE)
        html = (await bot.say(f"/trend topic:'{name}'" if "'" not in name else f'/trend topic:"{name}"'))["html"]
        assert "<img src=x" not in html, name
        png, alt = await picture(bot, html)
        assert png.startswith(b"\x89PNG"), name
        assert name.strip() in alt


def test_the_command_line_tells_the_same_and_keeps_the_picture(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "chart.png"
    told = CliRunner().invoke(cli, ["--config", str(config), "aid", "loan", "--language", "uk", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert "32,5" in told.output
    assert out.read_bytes().startswith(b"\x89PNG")
    refused = CliRunner().invoke(cli, ["--config", str(config), "aid", "moon"])
    assert refused.exit_code == 1


@pytest.mark.parametrize(("form", "wanted"), [("csv", ",32.5,"), ("json", '"value": 32.5'), ("markdown", "| 32.5 |")])
def test_series_are_exported_with_their_source(config: Path, form: str, wanted: str) -> None:
    told = CliRunner().invoke(cli, ["--config", str(config), "export", "series", "--format", form])
    assert told.exit_code == 0, told.output
    assert wanted in told.output
    assert ("Town hall" if form == "markdown" else "mo-002") in told.output
