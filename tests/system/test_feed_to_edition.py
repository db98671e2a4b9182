"""From a feed on loopback to a posted edition, with everything that feeds do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import MOST_ROUNDS
from bot.message import BulletList, Link, Message, Text
from tests.system.conftest import StartBot
from tests.system.newsstand import Entry, Newsstand

NOW = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
LONG = (
    "The River Bridge Authority said on Monday that builders had finished the third pillar of the bridge between "
    "Northtown and Southtown. Construction of the deck begins in July, the authority said. Residents had asked for a "
    "wider path for cyclists. The mayor welcomed the progress and thanked the workers for a winter of hard work."
)


def pillar(key: str = "p1", **more: object) -> Entry:
    values = {
        "key": key,
        "title": "Third pillar of the river bridge is built",
        "body": f"<p>{LONG}</p>",
        "published": NOW + timedelta(minutes=5),
    } | more
    return Entry(**values)  # type: ignore[arg-type]


def titles(message: Message) -> list[str]:
    """The bullets' first words, in order."""
    return [
        inline.text
        for block in message.blocks
        if isinstance(block, BulletList)
        for item in block.items
        for inline in item.inlines[:1]
        if isinstance(inline, Link | Text)
    ]


def details(message: Message) -> str:
    return " | ".join(
        inline.text
        for block in message.blocks
        if isinstance(block, BulletList)
        for item in block.items
        for inline in item.detail
        if isinstance(inline, Link | Text)
    )


async def test_what_was_there_before_the_first_reading_is_archived_and_not_posted(
    start_bot: StartBot, newsstand: Newsstand
) -> None:
    newsstand.entries["town-hall"] = [pillar()]
    bot = await start_bot()
    await bot.poll()
    assert "Third pillar" in str(await bot.say("/latest building"))
    await bot.at("08:00")
    assert [post.summary for post in await bot.posts()] == ["Morning digest: where the story stands"]


async def test_a_new_item_is_posted_once_with_its_source(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar()]
    await bot.poll()
    await bot.at("08:00")
    edition = (await bot.posts())[-1]
    assert titles(edition) == ["Third pillar of the river bridge is built"]
    assert "Town hall" in details(edition)
    await bot.at("08:00")
    assert len(await bot.posts()) == 2, "the next day is quiet and skipped"


async def test_copies_and_other_voices_fold_into_one_bullet_best_source_first(
    start_bot: StartBot, newsstand: Newsstand
) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["courier"] = [pillar("c1", title="Bridge: third pillar done")]
    newsstand.entries["agency"] = [pillar("w1")]
    newsstand.entries["town-hall"] = [
        pillar(
            "t1",
            title="Third pillar of the river bridge completed",
            body="The third pillar of the bridge between Northtown and Southtown is complete, the River Bridge "
            "Authority announced. Builders begin construction of the deck in July.",
        )
    ]
    await bot.poll()
    await bot.at("08:00")
    edition = (await bot.posts())[-1]
    assert titles(edition) == ["Third pillar of the river bridge completed"]
    assert "independent sources" in details(edition)


async def test_an_edited_item_is_revised_and_not_posted_as_new(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar()]
    await bot.poll()
    await bot.at("08:00")
    newsstand.entries["town-hall"] = [pillar(body=f"<p>{LONG}</p><p>Correction: the deck begins in August.</p>")]
    await bot.poll()
    await bot.at("08:00")
    assert len(await bot.posts()) == 2
    assert "edited it 1 time" in str(await bot.say("/why 1"))
    assert "August" in str(await bot.say("/ask deck begins in August"))


async def test_white_space_and_tracking_are_no_edit(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    newsstand.entries["town-hall"] = [pillar()]
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar(body=f"<p>{LONG}</p>\n\n", link="https://news.example/p1?utm_source=rss")]
    await bot.poll()
    assert "edited it" not in str(await bot.say("/why 1"))


async def test_an_undated_item_says_so(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar(published=None)]
    await bot.poll()
    await bot.at("08:00")
    assert "date of retrieval" in details((await bot.posts())[-1])


async def test_a_future_date_is_corrected(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar(published=NOW + timedelta(days=400))]
    await bot.poll()
    assert "cannot be right" in str(await bot.say("/why 1"))


async def test_hostile_text_stays_text_and_hostile_links_lead_nowhere(
    start_bot: StartBot, newsstand: Newsstand
) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [
        pillar(
            title="<script>alert(1)</script> @everyone Bridge pillar built <img src=x onerror=alert(2)>",
            body=f"<p>{LONG}</p><script>steal()</script><a href='javascript:alert(3)'>click</a> \u202egnp.exe",
            link="javascript:alert(4)",
        )
    ]
    await bot.poll()
    await bot.at("08:00")
    shown = (await bot.html())[-1]
    assert "Bridge pillar built" in shown
    for bad in ("<script", "<img", "javascript:", "\u202e", "steal()"):
        assert bad not in shown


async def test_off_topic_items_are_archived_with_the_reason(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["courier"] = [
        pillar("s1", title="Football: Northtown win", body="Northtown won the football cup. The bridge was decorated.")
    ]
    await bot.poll()
    await bot.at("08:00")
    assert len(await bot.posts()) == 1
    assert "sport" in str(await bot.say("/why 1"))


async def test_the_footer_counts_the_sources_read_and_names_those_failing_in_the_digests_language(
    start_bot: StartBot, newsstand: Newsstand, config: Path
) -> None:
    bot_yaml, sources = config / "bot.yaml", config / "stories" / "tiny" / "sources.yaml"
    english = bot_yaml.read_text().partition("digests:\n")[2].replace("quiet: skip", "quiet: post")
    others = [
        english.replace("morning", language).replace("web:news", f"web:{language}") + f"    language: {language}\n"
        for language in ("ja", "uk")
    ]
    bot_yaml.write_text(bot_yaml.read_text().replace("quiet: skip", "quiet: post") + "".join(others))
    named = "name: {en: Wire, ja: 通信社, uk: Агентство}"
    sources.write_text(sources.read_text().replace("name: Wire", named))
    newsstand.broken = {"agency"}
    bot = await start_bot()
    await bot.poll()
    await bot.at("08:00")
    assert "2 sources read · failing: Wire · next edition" in (await bot.html("news"))[-1]
    assert "情報源2件を確認 · 障害：通信社 · " in (await bot.html("ja"))[-1]
    assert "прочитано 2 джерела · не відповідають: Агентство · " in (await bot.html("uk"))[-1]


async def test_a_failing_source_is_shown_and_stops_no_other(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.broken = {"courier"}
    newsstand.entries["town-hall"] = [pillar()]
    await bot.poll()
    await bot.at("08:00")
    edition = await bot.html()
    assert "Third pillar" in edition[-1]
    assert "failing: River Courier" in edition[-1]
    health = str(await bot.say("/sources"))
    assert "500" in health
    newsstand.broken = set()
    bot.clock.forward(hours=7)
    await bot.app.poll()
    assert "500" not in str(await bot.say("/sources"))


async def test_an_unchanged_feed_is_asked_conditionally(start_bot: StartBot, newsstand: Newsstand) -> None:
    newsstand.entries["town-hall"] = [pillar()]
    bot = await start_bot()
    await bot.poll()
    await bot.poll()
    assert newsstand.unchanged == 3, "all three feeds answered 304 the second time"


async def test_an_event_told_before_comes_back_only_when_it_has_moved(
    start_bot: StartBot, newsstand: Newsstand
) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["courier"] = [pillar("c1")]
    await bot.poll()
    await bot.at("08:00")
    newsstand.entries["town-hall"] = [pillar("t1", title="Third pillar of the river bridge completed: Town hall")]
    await bot.poll()
    await bot.at("08:00")
    edition = (await bot.html())[-1]
    assert "What changed" in edition
    assert "Town hall" in edition


async def test_rounds_of_polling_overlap_and_end_with_the_bot(
    start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await start_bot()
    begun, ended = [], []

    async def hang(*_: object) -> list[object]:
        begun.append(1)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)
        return []

    monkeypatch.setattr(bot.app.updater, "update_due", hang)
    for _ in range(MOST_ROUNDS + 3):
        await bot.app._begin_round()
        await asyncio.sleep(0)
    assert len(begun) == MOST_ROUNDS
    await bot.app.close()
    assert len(ended) == MOST_ROUNDS
