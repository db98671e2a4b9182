"""Every decision can be explained afterwards, and an edition composed again says what was posted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.reload import load_all
from bot.replay import differences, find, replay
from bot.tools.post import PostError
from bot.tools.replay import replay_once
from bot.tools.why import explain, why_once
from digests.archive import local_messages
from digests.archive.tables import deliveries, editions, items
from digests.archive.tables import local_messages as messages_table
from digests.errors import NotFound
from tests.system.conftest import Bot, StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import LONG, pillar

LOAN = "The bank grants a loan of 20 million dollars for the river bridge. The towns will pay it back in ten years."
Why = Callable[[Bot, str], Any]


async def why(bot: Bot, config: Path, named: str) -> dict[str, Any]:
    settings, story = load_all(config)
    return await explain(bot.app.archive, story, settings, named)


@pytest.fixture
async def bot(start_bot: StartBot, newsstand: Newsstand) -> Bot:
    """A bot that has posted a welcome and one digest with an event of two voices."""
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar()]
    newsstand.entries["courier"] = [pillar("c1"), pillar("c2", title="Football", body="Northtown won by two goals.")]
    await bot.poll()
    await bot.at("08:00")
    return bot


async def item_of(bot: Bot, key: str) -> int:
    async with bot.app.archive.read() as connection:
        return int((await connection.execute(select(items.c.id).where(items.c.key == key))).scalar_one())


# --- why ---------------------------------------------------------------------------------------------------


async def test_why_an_item(bot: Bot, config: Path) -> None:
    number = await item_of(bot, "p1")
    told = await why(bot, config, str(number))
    assert told == await why(bot, config, f"item:{number}") == await why(bot, config, f"#{number}")
    assert told["source"]["id"] == "town-hall"
    assert told["fetched_at"].startswith("2026-06-01")
    assert told["revisions"] == [{"number": 1, "until": None, "title": told["title"], "url": told["url"]}]
    assert told["filed"][0]["section"] == "building"
    assert told["filed"][0]["reasons"][0]["what"]
    (citing,) = told["editions"]
    assert citing["digest"] == "morning"
    assert citing["deliveries"] == [{"destination": "web:local:news", "part": 1, "state": "sent"}]


async def test_why_items_were_grouped_is_kept(bot: Bot, config: Path) -> None:
    told = [(await why(bot, config, str(await item_of(bot, key))))["event"] for key in ("p1", "c1")]
    assert told[0]["event"] == told[1]["event"]
    reasons = sorted(one["why"] for one in told)
    assert "a near copy of item" in reasons[0]
    assert reasons[1] == "begins a new event: nothing like it in the window"
    assert (await why(bot, config, str(await item_of(bot, "c2"))))["event"] is None


async def test_the_reason_of_a_grouping_outlives_an_edit(bot: Bot, config: Path, newsstand: Newsstand) -> None:
    newsstand.entries["town-hall"] = [pillar(body=f"<p>{LONG} The mayor cut a ribbon.</p>")]
    await bot.poll()
    told = await why(bot, config, str(await item_of(bot, "p1")))
    assert [revision["number"] for revision in told["revisions"]] == [1, 2]
    assert told["event"]["why"].startswith(("begins a new event", "a near copy"))
    assert told["editions"][0]["revision"] == 1


async def test_chat_tells_the_reason_too(bot: Bot) -> None:
    card = await bot.say(f"/why {await item_of(bot, 'p1')}")
    assert "near copy" in card["html"] or "begins a new event" in card["html"]


async def test_why_an_edition(bot: Bot, config: Path, newsstand: Newsstand) -> None:
    assert (await why(bot, config, "edition:1"))["kind"] == "welcome"
    told = await why(bot, config, "morning")
    assert told == await why(bot, config, "edition:2") == await why(bot, config, "morning@2026-06-01")
    assert told["due_at"] == "2026-06-01T08:00:00+00:00"
    assert [one["section"] for one in told["took"]] == ["building"]
    assert told["items"] == {"after": 0, "through": 3, "seen": 3, "baseline": 0, "off_topic": 1, "withdrawn": 0}
    assert told["left_out"] == []
    (row,) = told["deliveries"]
    assert (row["state"], row["attempts"], row["destination"]) == ("sent", 1, "web:local:news")
    # The same event again, with nothing that moved; and something new.
    newsstand.entries["town-hall"] = [pillar(), pillar("p2", body=f"<p>{LONG} Again.</p>")]
    newsstand.entries["agency"] = [pillar("a1", title="Bank grants a loan for the river bridge", body=LOAN)]
    await bot.poll()
    await bot.at("08:00")
    told = await why(bot, config, "morning")
    assert told["due_at"] == "2026-06-02T08:00:00+00:00"
    (left,) = told["left_out"]
    assert left["item"] == await item_of(bot, "p2")
    assert "told before, and nothing has moved since" in left["why"]


@pytest.mark.parametrize("named", ["999", "edition:999", "evening", "morning@1999", "edition:x", ""])
async def test_what_does_not_exist_is_said_with_the_way_to_name_it(bot: Bot, config: Path, named: str) -> None:
    with pytest.raises(NotFound, match=r"there is no (item|edition)"):
        await why(bot, config, named)


async def test_the_command_prints_text_and_json(bot: Bot, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number = await item_of(bot, "p1")
    capsys.readouterr()
    await why_once(config, "morning", as_json=True)
    assert json.loads(capsys.readouterr().out)["edition"] == 2
    await why_once(config, "morning", as_json=False)
    text = capsys.readouterr().out
    assert "edition 2 of morning (digest)" in text
    assert "→ web:local:news, part 1 of 1: sent" in text
    await why_once(config, str(number), as_json=False)
    assert "filed under building" in capsys.readouterr().out


# --- replay ------------------------------------------------------------------------------------------------


async def difference(bot: Bot, config: Path, named: str) -> list[str]:
    settings, story = load_all(config)
    edition = await find(bot.app.archive, named)
    replayed = await replay(bot.app.archive, story, settings, edition)
    assert replayed.exact
    again = await replay(bot.app.archive, story, settings, edition)
    assert again.message == replayed.message, "the same every time"
    (lines,) = (await differences(bot.app.archive, replayed, bot.app.adapters)).values()
    return lines


async def counts(bot: Bot) -> list[int]:
    async with bot.app.archive.read() as connection:
        return [
            int((await connection.execute(select(func.count()).select_from(table))).scalar_one())
            for table in (editions, deliveries, messages_table)
        ]


async def test_an_edition_composed_again_says_what_was_posted_whatever_came_later(
    bot: Bot, config: Path, newsstand: Newsstand
) -> None:
    before = await counts(bot)
    assert await difference(bot, config, "edition:1") == []
    assert await difference(bot, config, "edition:2") == []
    assert await counts(bot) == before, "nothing is written"
    settings, story = load_all(config)
    edition = await find(bot.app.archive, "edition:2")
    then = (await replay(bot.app.archive, story, settings, edition)).message
    # More of the event, an edit, a withdrawal, another source that fails, and another edition.
    newsstand.entries["town-hall"] = [pillar(title="Third pillar is built after all", body=f"<p>{LONG} Late.</p>")]
    newsstand.entries["agency"] = [pillar("a1"), pillar("a2", title="Bank grants a bridge loan", body=LOAN)]
    newsstand.broken.add("courier")
    for _ in range(5):
        await bot.poll()
    await bot.at("08:00")
    assert await difference(bot, config, "edition:3") == []
    async with bot.app.archive.read() as connection:
        posted = await local_messages.page(connection, "news", member="local")
    assert len(posted) == 3
    assert (await replay(bot.app.archive, story, settings, edition)).message == then


async def test_a_correction_is_shown_as_a_difference(bot: Bot, config: Path, newsstand: Newsstand) -> None:
    newsstand.entries["town-hall"] = [pillar(title="Third pillar is built after all", body="<p>The river is deep.</p>")]
    await bot.poll()
    await bot.app.corrections.run_once()
    lines = await difference(bot, config, "edition:2")
    assert any(line.startswith("-") and "after all" in line for line in lines)
    assert any(line.startswith("+") and "Third pillar of the river bridge" in line for line in lines)


async def test_a_changed_digest_is_replayed_as_it_was(bot: Bot, config: Path) -> None:
    path = config / "bot.yaml"
    path.write_text(path.read_text().replace("language: en", "language: uk").replace("Morning digest", "Another"))
    assert await difference(bot, config, "edition:2") == []


async def test_the_command_posts_to_a_place_for_tests_only(
    bot: Bot, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    await replay_once(config, "edition:2", only_difference=True, place=None)
    assert capsys.readouterr().out == "web:local:news: as it was posted\n"
    before = await counts(bot)
    with pytest.raises(PostError, match="name a channel for tests"):
        await replay_once(config, "edition:2", only_difference=True, place="web:news")
    assert await counts(bot) == before
    await replay_once(config, "edition:2", only_difference=False, place="web:newsroom")
    assert "Third pillar" in capsys.readouterr().out
    assert (await bot.posts("newsroom"))[0].summary == (await bot.posts("news"))[-1].summary
    assert (await counts(bot))[:2] == before[:2], "no edition and no row of the ledger"
