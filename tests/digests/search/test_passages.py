from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from digests.model import Brief, BriefPart, BriefSentence, Fact, FactSource, Grade, Localized, SourceKind, Status
from digests.search.passages import MOST_CHARACTERS, brief_passages, fact_passages, item_passages, pieces


def test_an_item_is_cut_at_sentences_and_its_title_opens_the_first_passage() -> None:
    text = " ".join(f"Sentence number {n} tells something about the officers in Wiesbaden." for n in range(9))
    found = item_passages(
        item_id=7,
        title="Japan sends officers",
        text=text,
        language="en",
        sections=("assistance",),
        kind=SourceKind.WIRE,
        published_at=datetime(2026, 5, 29, 23, 30, tzinfo=UTC),
    )
    assert len(found) == 3
    assert found[0].text.startswith("Japan sends officers\nSentence number 0")
    assert all(passage.ref == "item:7" and passage.date == "2026-05-29" for passage in found)
    assert all(len(passage.text) <= MOST_CHARACTERS for passage in found)
    assert "offic" in found[0].tokens.split()
    assert {"xitem", "sassistance", "kwire", "len"} == set(found[0].marks.split())


def test_a_title_that_opens_the_text_is_not_repeated() -> None:
    assert list(pieces("A title", "A title. And more.", "en")) == ["A title. And more."]


def test_an_item_of_a_title_alone_is_a_passage() -> None:
    assert list(pieces("Only a title", "  ", "en")) == ["Only a title"]
    assert list(pieces("", "", "en")) == []


def test_an_endless_line_is_cut() -> None:
    found = list(pieces("", "x" * 5000, "en"))
    assert "".join(found) == "x" * 5000
    assert max(map(len, found)) <= 2 * MOST_CHARACTERS


@given(text=st.text(alphabet=st.sampled_from("ab。. \n日本"), max_size=900), language=st.sampled_from(["en", "ja"]))
def test_pieces_overlap_nothing_and_hold_everything(text: str, language: str) -> None:
    found = list(pieces("", text, language))
    assert all(piece in text for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_fact_has_a_passage_for_each_language_and_is_found_by_its_actors() -> None:
    claim = Localized({"en": "He promised aid.", "ja": "支援を約束した。"})
    source = FactSource("Title", "Jiji Press", "https://example.org", SourceKind.WIRE)
    fact = Fact(
        "as-1", "2026-02", "assistance", Status.ANNOUNCED, claim, ("Toshimitsu Motegi",), (), source, Grade.PRESS
    )
    found = fact_passages(fact)
    assert [passage.language for passage in found] == ["en", "ja"]
    assert all("motegi" in passage.tokens.split() and "Motegi" not in passage.text for passage in found)
    assert "xfact" in found[0].marks.split()


def test_a_brief_has_a_passage_for_each_paragraph() -> None:
    parts = (
        BriefPart(None, (BriefSentence("一つ。", ("a",)), BriefSentence("二つ。", ("b",)))),
        BriefPart("見出し", (BriefSentence("三つ。", ("c",)),)),
    )
    found = brief_passages(Brief("background", "ja", "題", date(2026, 6, 30), parts))
    assert [(passage.text, passage.locator) for passage in found] == [("一つ。二つ。", "題"), ("三つ。", "見出し")]
    assert found[0].ref == "brief:background:ja"
