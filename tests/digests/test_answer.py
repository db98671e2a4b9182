from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digests.answer import Answerer, answer
from digests.archive import Archive
from digests.archive.tables import items
from digests.model import Answer, Fact, FactSource, Grade, Localized, SourceKind, Status
from digests.search.index import SearchIndex, open_index
from digests.search.passages import brief_passages, fact_passages, item_passages
from digests.story import Story, load_story

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def flagship() -> Story:
    return load_story(ROOT / "config" / "stories" / "japan-ukraine")


@pytest.fixture
async def index(archive: Archive) -> SearchIndex:
    return await open_index(archive)


@pytest.fixture
async def answerer(archive: Archive, index: SearchIndex, flagship: Story) -> Answerer:
    await archive_facts(archive, index, flagship)
    return Answerer(archive, index, flagship)


async def archive_facts(archive: Archive, index: SearchIndex, story: Story) -> None:
    passages = [passage for fact in story.facts for passage in fact_passages(fact)]
    passages += [passage for brief in story.briefs.values() for passage in brief_passages(brief)]
    async with archive.write() as connection:
        await index.add(connection, passages)


def cited(found: Answer) -> list[str]:
    return [citation.id for citation in found.citations]


async def test_what_is_nsatu_is_answered_with_both_facts_that_say_so(answerer: Answerer) -> None:
    found = await answerer.answer("What is NSATU?", "en", NOW)
    assert not found.refused
    assert {"bg-001", "bg-002"} <= set(cited(found)[:3])
    assert 1 <= len(found.sentences) <= 4
    assert found.missing == found.nearest == ()
    assert found.took_ms > 0


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("How much did Japan pay into PURL?", "en"),
        ("When did Japan join PURL?", "en"),
        ("日本はPURLにいくら支払いましたか。", "ja"),
        ("Скільки Японія заплатила до PURL?", "uk"),
    ],
)
async def test_a_false_premise_is_refused_with_what_came_nearest(
    answerer: Answerer, question: str, language: str
) -> None:
    found = await answerer.answer(question, language, NOW)
    assert found.refused
    assert found.sentences == found.citations == ()
    assert 1 <= len(found.nearest) <= 3


async def test_conflicting_statements_stand_side_by_side(answerer: Answerer) -> None:
    found = await answerer.answer("Has Japan joined PURL?", "en", NOW)
    assert len({citation.status for citation in found.citations}) > 1
    assert found.citations[0].date >= found.citations[-1].date


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("How many tanks has Japan sent to Ukraine?", "tanks"),
        ("What salary do the SDF officers in Wiesbaden receive?", "salary"),
        ("What is NATO's position on the war in Gaza?", "Gaza"),
    ],
)
async def test_a_refusal_names_the_words_that_nothing_near_holds(
    answerer: Answerer, question: str, missing: str
) -> None:
    found = await answerer.answer(question, "en", NOW)
    assert found.refused
    assert missing in found.missing


async def test_what_happened_after_a_day_is_not_told_by_older_facts(answerer: Answerer) -> None:
    assert not (await answerer.answer("Did Washington extend the Sakhalin-2 waiver?", "en", NOW)).refused
    assert (await answerer.answer("Did Washington renew the Sakhalin-2 waiver after 18 June 2026?", "en", NOW)).refused


async def test_the_asker_gets_the_claim_in_the_language_of_the_question(answerer: Answerer, flagship: Story) -> None:
    claims = {fact.id: fact.claim for fact in flagship.facts}
    for question, language in (("NSATUとは何ですか。", "ja"), ("Що таке NSATU?", "uk"), ("What is NSATU?", "en")):
        found = await answerer.answer(question, "en", NOW)
        assert found.language == language
        assert all(sentence.language == language for sentence in found.sentences)
        assert found.sentences[0].text in claims[cited(found)[0]].get(language)


QUESTIONS = [
    json.loads(line)["question"]
    for name in ("questions.jsonl", "ask.jsonl")
    for line in (ROOT / "tests" / "data" / name).read_text(encoding="utf-8").splitlines()
]


async def test_every_sentence_is_a_verbatim_span_of_what_it_cites(answerer: Answerer, flagship: Story) -> None:
    claims = {fact.id: fact.claim for fact in flagship.facts}
    answered = 0
    for question in QUESTIONS[::5]:
        found = await answerer.answer(question, "en", NOW)
        for sentence in found.sentences:
            answered += 1
            for number in sentence.citations:
                start, end = sentence.span
                assert claims[found.citations[number - 1].id].get(sentence.language)[start:end] == sentence.text
    assert answered > 20


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=200)
    | st.lists(st.sampled_from(["Japan", "PURL", "NSATU", "2026", "いくら", "日本", "Скільки", '"', "*", "NEAR"])).map(
        " ".join
    )
)
async def test_any_text_may_be_asked(answerer: Answerer, text: str) -> None:
    found = await answerer.answer(text, "en", NOW)
    assert found.refused == (not found.sentences)
    assert all(citation <= len(found.citations) for sentence in found.sentences for citation in sentence.citations)


# --- on a small story of its own ---------------------------------------------------------------------------


def fact(fact_id: str, text: str, day: str, status: Status = Status.ANNOUNCED, **more: object) -> Fact:
    source = FactSource(f"Page {fact_id}", "Example", f"https://example.org/{fact_id}", SourceKind.WIRE)
    made = Fact(fact_id, day, "assistance", status, Localized({"en": text}), (), (), source, Grade.PRESS)
    return replace(made, **more)  # type: ignore[arg-type]


async def ask(archive: Archive, index: SearchIndex, flagship: Story, facts: Iterable[Fact], question: str) -> Answer:
    story = replace(flagship, facts=tuple(facts), briefs={})
    await archive_facts(archive, index, story)
    return await answer(archive, index, story, question, "en", NOW)


async def test_a_newer_fact_stands_before_the_one_that_it_replaces(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    facts = [
        fact("old", "Japan planned to send two radars to Ukraine.", "2025-01-01", superseded_by=("new",)),
        fact("new", "Japan sent three radars to Ukraine.", "2026-01-01", Status.DELIVERED),
    ]
    assert cited(await ask(archive, index, flagship, facts, "How many radars did Japan send to Ukraine?"))[0] == "new"


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


async def test_an_empty_archive_refuses(archive: Archive, index: SearchIndex, flagship: Story) -> None:
    found = await ask(archive, index, flagship, [], "What is NSATU?")
    assert found.refused
    assert found.nearest == ()
    assert found.missing == ("NSATU",)


async def test_a_reloaded_story_answers_from_its_new_facts(
    archive: Archive, index: SearchIndex, flagship: Story
) -> None:
    first = await ask(
        archive,
        index,
        flagship,
        [fact("a", "Japan sent four radars to Ukraine.", "2026-01-01")],
        "Which radars did Japan send?",
    )
    async with archive.write() as connection:
        await index.remove(connection, ["a"])
    second = await ask(
        archive,
        index,
        flagship,
        [fact("b", "Japan sent five radars to Ukraine.", "2026-01-02")],
        "Which radars did Japan send?",
    )
    assert (cited(first), cited(second)) == (["a"], ["b"])
