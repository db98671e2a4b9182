"""Two terms side by side: counted by kind of source, quoted letter by letter."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.archive import Archive
from digests.compare import Comparison, Said, best_sentence, compare
from digests.mentions import subject_of
from digests.model import Dating, GlossaryTerm, Item, SourceKind
from digests.story import Story, load_story
from tests.fakes.shelf import DAY_ONE, put_event, put_item

TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"
LONG = "The ferry between the two towns carries eight hundred people a day, the council says."
FUND = "The Bridge Fund will pay thirty million in all, the mayor told the council."


@pytest.fixture(scope="module")
def story() -> Story:
    return load_story(TINY)


def of(comparison: Comparison, kind: SourceKind) -> tuple[Said, Said]:
    return next(pair for pair in comparison.said if pair[0].kind is kind)


async def test_each_kind_of_source_is_counted_and_quoted_with_its_citation(archive: Archive, story: Story) -> None:
    event = await put_event(archive)
    for family in ("wire", "paper", "paper"):
        await put_item(archive, sections=["money"], text=LONG, family=family, kind=SourceKind.WIRE, event_id=event)
    official = await put_item(archive, sections=["money"], text=FUND, kind=SourceKind.OFFICIAL, publisher="Town hall")
    found = await compare(archive, story, "渡し船", "Bridge Fund", language="en")
    ferry, fund = of(found, SourceKind.WIRE)
    assert (ferry.reports, ferry.events, ferry.families, ferry.quote) == (3, 1, 2, LONG)
    assert (fund.reports, fund.quote, fund.citation) == (0, "", None)
    _, fund = of(found, SourceKind.OFFICIAL)
    assert fund.quote == FUND
    assert fund.citation is not None
    assert (fund.citation.id, fund.citation.publisher) == (f"item:{official}", "Town hall")


async def test_where_only_the_dossier_speaks_its_words_are_marked(archive: Archive, story: Story) -> None:
    found = await compare(archive, story, "RBA", "ferry", language="ja")
    said, _ = of(found, SourceKind.OFFICIAL)
    assert said.dossier
    assert said.language == "ja"
    assert said.citation is not None
    assert any(said.quote == fact.claim.get("ja") for fact in story.facts)


async def test_terms_that_nobody_names_are_told_by_nobody(archive: Archive, story: Story) -> None:
    found = await compare(archive, story, "unicorns", "dragons", language="en")
    assert found.said == ()
    assert found.silent


async def test_a_sentence_in_the_readers_language_is_preferred(archive: Archive, story: Story) -> None:
    await put_item(archive, sections=["money"], text=LONG)
    japanese = "渡し船は一日に八百人を運んでいると町議会は説明した。"
    await put_item(archive, sections=["money"], text=japanese, language="ja")
    quotes = {}
    for language in ("en", "ja"):
        found = await compare(archive, story, "ferry", "RBA", language=language)
        quotes[language] = of(found, SourceKind.NATIONAL)[0].quote
    assert quotes == {"en": LONG, "ja": japanese}


async def test_a_title_is_quoted_when_no_sentence_names_the_term(archive: Archive, story: Story) -> None:
    await put_item(archive, sections=["money"], title="Ferry to end", text="It will be replaced soon enough, they say.")
    found = await compare(archive, story, "ferry", "RBA", language="en")
    assert of(found, SourceKind.NATIONAL)[0].quote == "Ferry to end"


@given(texts=st.lists(st.text(alphabet="ferry bus. A\n!?", max_size=120), min_size=1, max_size=5))
def test_a_quotation_is_a_verbatim_piece_of_its_source(texts: list[str]) -> None:
    glossary = load_terms()
    reports = [report(number, text) for number, text in enumerate(texts)]
    chosen, sentence = best_sentence(reports, subject_of("ferry", glossary), subject_of("bus", glossary), "en")
    assert sentence in chosen.text or sentence == chosen.title


@lru_cache
def load_terms() -> tuple[GlossaryTerm, ...]:
    return load_story(TINY).glossary


def report(number: int, text: str) -> Item:
    return Item(
        number, "courier", f"k{number}", None, "On the ferry", text, "en", DAY_ONE, Dating.STATED, DAY_ONE,
        "River Courier", "courier", SourceKind.NATIONAL, baseline=False, revision=1,
    )  # fmt: skip
