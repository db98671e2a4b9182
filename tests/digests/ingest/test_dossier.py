"""The dossier in archive and index: background at first, news when something is added, gone when it is taken out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digests.archive import Archive, facts, meta
from digests.archive.tables import passages
from digests.ingest.dossier import sync_facts
from digests.model import Brief, BriefPart, BriefSentence, Localized
from digests.search.index import SearchIndex, open_index
from digests.search.query import parse_query
from digests.story import Story
from tests.conftest import StoppedClock


@pytest.fixture
async def index(either_archive: Archive) -> SearchIndex:
    return await open_index(either_archive)


async def found(archive: Archive, index: SearchIndex, words: str, language: str = "en") -> set[str]:
    return {hit.passage.ref for hit in (await index.search(archive, parse_query(words, language))).hits}


async def test_the_first_dossier_is_background(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    changes = await sync_facts(either_archive, index, tiny, clock())
    assert set(changes.added) == {fact.id for fact in tiny.facts}
    async with either_archive.read() as connection:
        assert await facts.count(connection) == len(tiny.facts)
        assert await facts.new_since(connection, clock().replace(year=2000)) == []
    clock.forward(hours=1)
    assert await sync_facts(either_archive, index, tiny, clock()) == facts.FactChanges((), (), ())


async def test_a_fact_that_is_added_is_news_and_found_in_every_language(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    await sync_facts(either_archive, index, tiny, clock())
    claim = Localized({"en": "A zeppelin moored.", "ja": "飛行船が係留された。", "uk": "Дирижабль пришвартовано."})
    added = replace(tiny.facts[0], id="zeppelin", claim=claim)
    clock.forward(hours=1)
    before = clock()
    clock.forward(hours=1)
    story = replace(tiny, facts=(*tiny.facts, added))
    assert (await sync_facts(either_archive, index, story, clock())).added == ("zeppelin",)
    async with either_archive.read() as connection:
        assert [fact.id for fact in await facts.new_since(connection, before)] == ["zeppelin"]
    for words, language in (("zeppelin", "en"), ("飛行船", "ja"), ("дирижабль", "uk")):
        assert await found(either_archive, index, words, language) == {"zeppelin"}


async def test_a_fact_that_is_changed_is_found_by_its_new_words_only(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    first = replace(tiny.facts[0], claim=Localized({"en": "A zeppelin moored."}))
    await sync_facts(either_archive, index, replace(tiny, facts=(first, *tiny.facts[1:])), clock())
    second = replace(first, claim=Localized({"en": "A submarine surfaced."}))
    changes = await sync_facts(either_archive, index, replace(tiny, facts=(second, *tiny.facts[1:])), clock())
    assert changes.changed == (first.id,)
    assert await found(either_archive, index, "zeppelin") == set()
    assert await found(either_archive, index, "submarine") == {first.id}


async def test_a_fact_that_is_taken_out_is_found_no_more(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    first = replace(tiny.facts[0], claim=Localized({"en": "A zeppelin moored."}))
    await sync_facts(either_archive, index, replace(tiny, facts=(first, *tiny.facts[1:])), clock())
    changes = await sync_facts(either_archive, index, replace(tiny, facts=tiny.facts[1:]), clock())
    assert changes.retired == (first.id,)
    assert await found(either_archive, index, "zeppelin") == set()


async def test_a_brief_is_found_as_it_stands_now(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    def with_brief(words: str) -> Story:
        brief = tiny.briefs["money", "en"]
        parts = (BriefPart(None, (BriefSentence(words, ()),)),)
        return replace(tiny, briefs={**tiny.briefs, ("money", "en"): replace(brief, parts=parts)})

    await sync_facts(either_archive, index, with_brief("A zeppelin moored."), clock())
    assert await found(either_archive, index, "zeppelin") == {"brief:money:en"}
    await sync_facts(either_archive, index, with_brief("A submarine surfaced."), clock())
    assert await found(either_archive, index, "zeppelin") == set()
    assert await found(either_archive, index, "submarine") == {"brief:money:en"}
    briefs: dict[tuple[str, str], Brief] = {key: one for key, one in tiny.briefs.items() if key != ("money", "en")}
    await sync_facts(either_archive, index, replace(tiny, briefs=briefs), clock())
    assert await found(either_archive, index, "submarine") == set()


async def test_another_storys_dossier_takes_the_place_and_is_background(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    await sync_facts(either_archive, index, tiny, clock())
    other = replace(tiny, id="other", facts=(replace(tiny.facts[0], id="o-1"),), briefs={})
    clock.forward(hours=1)
    await sync_facts(either_archive, index, other, clock())
    async with either_archive.read() as connection:
        assert [fact.id for fact in await facts.query(connection)] == ["o-1"]
        assert await facts.new_since(connection, clock().replace(year=2000)) == []


async def test_readers_questions_are_still_known_when_the_index_is_made_anew(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    fact = replace(tiny.facts[0], asked={"en": ("Who chips in?", "Who pays the piper?"), "ja": ("飛行船はどこ？",)})
    await sync_facts(either_archive, index, replace(tiny, facts=(fact,)), clock())

    await index.rebuild(either_archive)

    assert fact.id in await found(either_archive, index, "chips")
    assert fact.id in await found(either_archive, index, "piper")
    assert fact.id in await found(either_archive, index, "飛行船", "ja")


async def test_an_archive_of_an_earlier_program_gets_the_readers_questions(
    either_archive: Archive, index: SearchIndex, tiny: Story, clock: StoppedClock
) -> None:
    fact = replace(tiny.facts[0], asked={"en": ("Who pays the piper?",)})
    story = replace(tiny, facts=(fact,))
    await sync_facts(either_archive, index, story, clock())
    async with either_archive.write() as connection:
        await connection.execute(passages.update().values(asked=""))
        await meta.forget(connection, "passages.form")

    assert await sync_facts(either_archive, index, story, clock()) == facts.FactChanges((), (), ())
    await index.rebuild(either_archive)

    assert await found(either_archive, index, "piper") == {fact.id}
