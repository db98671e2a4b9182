"""What members and admins see of the running bot."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import StoppedClock
from tests.system.conftest import Bot, StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar


async def test_ask_answers_with_its_source_and_refuses_what_the_archive_does_not_hold(start_bot: StartBot) -> None:
    bot = await start_bot()
    found = str(await bot.say("/ask What did the River Bridge Authority announce?"))
    assert "420 metres" in found
    assert "townhall.example" in found
    refused = str(await bot.say("/ask How much did the tunnel under the mountain cost in 1950?"))
    assert "does not hold an answer" in refused


async def test_paging_survives_a_restart(
    start_bot: StartBot, newsstand: Newsstand, clock: StoppedClock, config: Path
) -> None:
    newsstand.entries["town-hall"] = [
        pillar(f"p{n}", title=f"River bridge: report number {n} on the building works") for n in range(12)
    ]
    bot = await start_bot()
    await bot.poll()
    card = await bot.say("/latest building n:5")
    assert "Page 1 of 3" in card["html"]
    await bot.app.close()
    again = await start_bot()
    turned = await press(again, card, "Older")
    assert "Page 2 of 3" in turned["html"]
    assert titles(turned).isdisjoint(titles(card))
    last = await press(again, turned, "Older")
    assert "Page 3 of 3" in last["html"]
    assert "Page 2 of 3" in (await press(again, last, "Newer"))["html"]


async def test_a_subscription_comes_by_direct_message_at_the_members_time(
    start_bot: StartBot, newsstand: Newsstand
) -> None:
    bot = await start_bot()
    await bot.poll()
    done = await bot.say("/subscribe building 09:30 zone:Asia/Tokyo language:ja")
    assert "09:30" in done["html"]
    newsstand.entries["town-hall"] = [pillar()]
    await bot.poll()
    await bot.at("00:15")
    assert await bot.html("@local") == []
    await bot.at("00:30")
    (direct,) = await bot.html("@local")
    assert "Third pillar" in direct
    assert "橋の建設" in direct
    assert "1 subscription ended" in (await bot.say("/unsubscribe building"))["html"]
    await bot.at("00:30")
    assert len(await bot.html("@local")) == 1


async def test_admins_preview_and_post(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar()]
    await bot.poll()
    assert "Third pillar" in (await bot.say("/admin preview morning"))["html"]
    assert len(await bot.posts()) == 1, "a preview posts nothing"
    await bot.say("/admin post morning")
    await bot.ring()
    assert len(await bot.posts()) == 2
    await bot.at("08:00")
    assert len(await bot.posts()) == 2, "what was posted by hand is not told again"
    assert "manual" in (await bot.say("/admin status"))["html"]


async def test_a_broken_file_changes_nothing_and_is_shown(start_bot: StartBot, config: Path) -> None:
    bot = await start_bot()
    good = (config / "bot.yaml").read_text()
    (config / "bot.yaml").write_text(good.replace("schedule: daily 08:00", "schedule: whenever"))
    refused = await bot.say("/admin reload")
    assert "bot.yaml:" in refused["html"]
    assert "refused" in refused["html"]
    assert bot.app.store.settings.digests[0].schedule == "daily 08:00"
    assert any("bot.yaml:" in notice for notice in bot.app.dispatcher.notices("en"))
    (config / "bot.yaml").write_text(good.replace("daily 08:00", "daily 10:00"))
    assert "active" in (await bot.say("/admin reload"))["html"]
    assert bot.app.store.settings.digests[0].schedule == "daily 10:00"
    assert bot.app.dispatcher.notices("en") == ()


async def test_a_fact_added_to_the_dossier_is_news(start_bot: StartBot, config: Path) -> None:
    bot = await start_bot()
    path = config / "stories" / "tiny" / "facts.yaml"
    first = path.read_text()
    added = re.search(r"  - id: bu-001\n.*?(?=  - id: bu-002)", first, re.DOTALL)
    assert added
    path.write_text(first + added[0].replace("bu-001", "bu-900").replace("420", "440"))
    bot.clock.forward(minutes=1)
    assert "active" in (await bot.say("/admin reload"))["html"]
    await bot.at("08:00")
    assert "440" in (await bot.html())[-1]


async def test_every_command_answers_in_every_language(start_bot: StartBot) -> None:
    bot = await start_bot()
    for command in bot.app.dispatcher.commands:
        for line in [sub.example for sub in command.subcommands] or [command.example or f"/{command.name}"]:
            line = line.replace("assistance", "building").replace("challenges", "money").replace("kiel-donors", "loan")
            for language in ("en", "ja", "uk"):
                bot.clock.forward(seconds=10)  # nobody asks all of this at once
                card = await bot.say(line, language=language)
                assert "id:" not in card["summary"], (line, card["html"])
                assert card["kind"] != "error" or command.name in ("why", "settings"), (line, card["html"])


async def test_mistakes_are_told_kindly(start_bot: StartBot) -> None:
    bot = await start_bot()
    for line, words in {
        "/nonsense": "There is no command /nonsense",
        "/section nowhere": "Choose one of: overview",
        "/section": "needs name",
        "/digest building yesterday": "is no period",
        "/latest building 500": "from 1 to 20",
        "/why 999": "no item #999",
        "/subscribe building 25:00": "no time of day",
        "/subscribe building 08:00 zone:Mars/Base": "no time zone",
        "/admin": "needs one of",
        "/timeline from:2027 to:2026": "is later than",
    }.items():
        card = await bot.say(line)
        assert words in card["html"], (line, card["html"])
        assert card["kind"] == "error"
        assert card["private"]


async def test_the_timeline_shows_one_status_alone(start_bot: StartBot) -> None:
    bot = await start_bot()
    card = await bot.say("/timeline status:agreed")
    assert "32.5 million" in card["html"]  # signed
    assert "considered a loan" not in card["html"]
    everything = await bot.say("/timeline")
    assert "considered a loan" in everything["html"]
    wrong = await bot.say("/timeline status:perhaps")
    assert "Choose one of" in wrong["html"]


async def test_a_month_may_be_written_without_its_nought(start_bot: StartBot) -> None:
    bot = await start_bot()
    for short, full in (("from:2025-9", "from:2025-09"), ("to:2025-9-1", "to:2025-09-01")):
        asked, wanted = [await bot.say(f"/timeline {typed}") for typed in (short, full)]
        assert asked["summary"] == wanted["summary"]
        assert asked["html"] == wanted["html"]


async def press(bot: Bot, card: dict[str, object], label: str) -> dict[str, object]:
    import aiohttp

    found = re.search(rf'data-action="([^"]+)"[^>]*>{label}<', str(card["html"]))
    assert found, card["html"]
    body = {"message": card["id"], "action": found[1], "channel": "news", "language": "en"}
    async with aiohttp.ClientSession(bot.address) as http, http.post("/api/press", json=body) as answer:
        answer.raise_for_status()
        turned: dict[str, object] = (await answer.json())["message"]
        return turned


def titles(card: dict[str, object]) -> set[str]:
    return set(re.findall(r"report number \d+", str(card["html"])))
