"""Answers from a small story of a few facts, each made for what is tested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from digests.answer import Answerer, answer, prepare
from digests.archive import Archive
from digests.archive.tables import items
from digests.model import Answer, Fact, FactSource, Grade, Localized, Precedent, SourceKind, Status
from digests.search.index import SearchIndex, open_index
from digests.search.passages import fact_passages, item_passages
from digests.story import Story
from tests.shipped import shipped_story

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def flagship() -> Story:
    """The shipped story without what it holds: its sections and glossary are left."""
    return replace(shipped_story(), facts=(), briefs={}, precedents=())


@pytest.fixture
async def index(archive: Archive) -> SearchIndex:
    return await open_index(archive)


def cited(found: Answer) -> list[str]:
    return [citation.id for citation in found.citations]


def fact(fact_id: str, text: str, day: str, status: Status = Status.ANNOUNCED, **more: object) -> Fact:
    source = FactSource(f"Page {fact_id}", "Example", f"https://example.org/{fact_id}", SourceKind.WIRE)
    made = Fact(fact_id, day, "assistance", status, Localized({"en": text}), (), (), source, Grade.PRESS)
    return replace(made, **more)  # type: ignore[arg-type]


async def ask(archive: Archive, index: SearchIndex, flagship: Story, facts: Iterable[Fact], question: str) -> Answer:
    story = replace(flagship, facts=tuple(facts))
    async with archive.write() as connection:
        await index.add(connection, [passage for each in story.facts for passage in fact_passages(each)])
    return await answer(archive, index, story, question, "en", NOW)


async def test_a_newer_fact_stands_before_the_one_that_it_replaces(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    facts = [
        fact("old", "Japan planned to send two radars to Ukraine.", "2025-01-01", superseded_by=("new",)),
        fact("new", "Japan sent three radars to Ukraine.", "2026-01-01", Status.DELIVERED),
    ]
    assert cited(await ask(archive, index, flagship, facts, "How many radars did Japan send to Ukraine?"))[0] == "new"


async def test_a_question_that_the_story_lists_as_unanswered_is_refused_from_then_on(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    asked = "How many radars did Japan send to Ukraine?"
    near_miss = "How many radars did Japan send to Ukraine in March?"
    text = "Japan sent three radars to Ukraine in March."
    known = fact("new", text, "2026-03-01", Status.DELIVERED, asked={"en": (asked,)})
    async with archive.write() as connection:
        await index.add(connection, [*fact_passages(known)])
    precedents = (Precedent(asked, "en", ("new",), 1),)
    for facts, questions in (((known,), precedents), ((replace(known, asked={}),), ())):
        story = replace(flagship, facts=facts, precedents=questions)
        assert cited(await Answerer(archive, index, story).answer(near_miss, "en", NOW)) == ["new"]
        listed = replace(story, precedents=(*questions, Precedent(near_miss, "en", (), 2)))
        answerer = Answerer(archive, index, listed)
        assert (await answerer.answer(near_miss, "en", NOW)).refused
        assert (await answerer.answer("how many radar did Japan send to Ukraine in March", "en", NOW)).refused
        assert cited(await answerer.answer(asked, "en", NOW)) == ["new"]


async def test_how_questions_lean_is_known_of_the_story_that_it_was_fitted_on_alone(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    known = fact("new", "Japan sent three radars to Ukraine.", "2026-01-01", Status.DELIVERED)
    for story, leans in ((flagship, True), (replace(flagship, id="another"), False)):
        answerer = Answerer(archive, index, replace(story, facts=(known,)))
        async with archive.write() as connection:
            await index.remove(connection, ["new"])
            await index.add(connection, [*fact_passages(known)])
        deciding = (await answerer.rank("How many radars did Japan send?", "en", NOW)).deciding
        assert deciding is not None
        assert (deciding["lean"] != 0) == leans


async def test_a_disputed_fact_brings_its_contradiction(archive: Archive, index: SearchIndex, flagship: Story) -> None:
    facts = [
        fact("report", "Politico said that Japan refused to use frozen assets.", "2025-12-08", disputed_by=("denial",)),
        fact("denial", "A vice minister called the report that Japan refused frozen assets false.", "2025-12-09",
             Status.DENIED, disputed_by=("report",)),
    ]  # fmt: skip
    found = await ask(archive, index, flagship, facts, "Did Japan refuse to use frozen assets?")
    assert set(cited(found)) == {"report", "denial"}


async def test_money_kept_apart_from_a_scheme_is_not_money_for_it(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    facts = [fact("a", "Japan pays EUR 15 million to a NATO fund, which is separate from PURL.", "2026-02-14")]
    assert (await ask(archive, index, flagship, facts, "How much does Japan pay to PURL?")).refused


async def test_a_count_must_stand_beside_what_is_counted(archive: Archive, index: SearchIndex, flagship: Story) -> None:
    facts = [fact("a", "Japan spent 300 days and USD 5 million before it sent radars to Ukraine.", "2026-02-14")]
    assert (await ask(archive, index, flagship, facts, "How many radars did Japan send to Ukraine?")).refused


async def test_that_something_was_not_disclosed_is_no_answer(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    facts = [
        fact("a", "The ministry did not disclose the officers' ranks or how long they stay in Wiesbaden.", "2026-05-29")
    ]
    found = await ask(archive, index, flagship, facts, "How long do the officers stay in Wiesbaden?")
    assert found.refused
    assert [citation.id for citation in found.nearest] == ["a"]


async def test_items_are_quoted_by_sentence_and_cited_with_publisher_and_day(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    published = datetime(2026, 6, 2, 8, 0, tzinfo=UTC)
    text = "The weather was fine. Japan handed over six ambulances to Ukraine in Lviv. Officials thanked Tokyo."
    async with archive.write() as connection:
        await connection.execute(
            items.insert().values(
                source_id="wire", key="1", fingerprint="x", url="https://example.org/1", title="Ambulances for Ukraine",
                text=text, language="en", published_at=published, dating="stated", first_seen_at=published,
                publisher="Example Wire", family="example", kind="wire",
            )
        )  # fmt: skip
        await index.add(
            connection,
            item_passages(item_id=1, title="Ambulances for Ukraine", text=text, language="en", sections=("assistance",),
                          kind=SourceKind.WIRE, published_at=published),
        )  # fmt: skip
    found = await ask(archive, index, flagship, [], "How many ambulances did Japan hand over to Ukraine?")
    assert [sentence.text for sentence in found.sentences] == ["Japan handed over six ambulances to Ukraine in Lviv."]
    (citation,) = found.citations
    assert (citation.id, citation.publisher, citation.date) == ("item:1", "Example Wire", "2026-06-02")
    asked = Precedent("How many ambulances did Japan hand over to Ukraine?", "en")
    listed = Answerer(archive, index, replace(flagship, precedents=(asked,)))
    assert (await listed.answer(asked.text, "en", NOW)).refused


async def test_an_empty_archive_refuses(archive: Archive, index: SearchIndex, flagship: Story) -> None:
    found = await ask(archive, index, flagship, [], "What is NSATU?")
    assert found.refused
    assert found.nearest == ()
    assert found.missing == ("NSATU",)


async def test_a_reloaded_story_answers_from_its_new_facts(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    asked = "Which radars did Japan send?"
    old, new = (
        [fact("a", "Japan sent four radars to Ukraine.", "2026-01-01")],
        [fact("b", "Japan sent five radars to Ukraine.", "2026-01-02")],
    )
    first = await ask(archive, index, flagship, old, asked)
    async with archive.write() as connection:
        await index.remove(connection, ["a"])
    second = await ask(archive, index, flagship, new, asked)
    assert (cited(first), cited(second)) == (["a"], ["b"])


async def test_a_preparation_that_failed_is_tried_again(
    archive: Archive, index: SearchIndex, flagship: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = replace(flagship, facts=(), precedents=())

    def fails(*_: object) -> Answerer:
        raise MemoryError

    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr("digests.answer.Answerer", fails)
        await prepare(archive, index, story)
    assert (await prepare(archive, index, story)).story is story
    assert await prepare(archive, index, story) is await prepare(archive, index, story)
