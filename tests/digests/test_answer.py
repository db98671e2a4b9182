"""Answers from the shipped story."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from digests.answer import Answerer
from digests.archive import Archive
from digests.model import Answer
from digests.search.index import open_index
from digests.search.passages import brief_passages, fact_passages
from digests.story import Story
from tests.shipped import shipped_story

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def flagship() -> Story:
    return shipped_story()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def answerer(tmp_path_factory: pytest.TempPathFactory, empty_archive: Path) -> AsyncIterator[Answerer]:
    """An archive with the shipped story's facts and briefs, and who answers from it; nothing here changes it."""
    path = tmp_path_factory.mktemp("answers") / "archive.sqlite3"
    archive = await Archive.open(f"sqlite:///{shutil.copy(empty_archive, path)}")
    index, story = await open_index(archive), shipped_story()
    passages = [passage for fact in story.facts for passage in fact_passages(fact)]
    passages += [passage for brief in story.briefs.values() for passage in brief_passages(brief)]
    async with archive.write() as connection:
        await index.add(connection, passages)
    yield Answerer(archive, index, story)
    await archive.close()


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


async def test_a_sum_that_came_in_parts_is_told_whole(answerer: Answerer) -> None:
    """And what others have given does not stand among the parts."""
    found = await answerer.answer("How much money has Japan put into NATO's trust fund for Ukraine?", "en", NOW)
    told = " ".join(sentence.text for sentence in found.sentences)
    assert [part for part in ("USD 30 million", "USD 37 million", "EUR 15 million") if part not in told] == []
    assert "EUR 800 million" not in told


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


@settings(max_examples=25, deadline=None)
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
