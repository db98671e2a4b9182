from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.glossary import Glossary
from digests.model import GlossaryTerm
from digests.search import lexicon
from digests.search.query import ConceptKind, parse_query
from digests.search.terms import Terms


def term(term_id: str, abbr: str, **names: str) -> GlossaryTerm:
    return GlossaryTerm(term_id, "nato", abbr, {language: (name,) for language, name in names.items()})


TERMS = Terms(
    Glossary(
        [
            term("nsatu", "NSATU", en="NATO Ukraine command", ja="NSATU", uk="НСАТУ"),
            term("cap", "CAP", en="CAP trust fund", ja="CAP信託基金", uk="трастовий фонд НАТО"),
            term("sdf", "SDF", en="SDF", ja="自衛隊", uk="Сили самооборони"),
        ]
    )
)


def read(text: str, language: str) -> dict[str, str]:
    return {concept.id: concept.surface for concept in parse_query(text, language, TERMS).concepts}


def test_a_question_becomes_terms_places_synonyms_names_and_dates() -> None:
    query = parse_query("Did Japan pay Whitaker in April 2026 for NSATU?", "en", TERMS)
    kinds = {concept.surface: concept.kind for concept in query.concepts}
    assert kinds == {
        "Japan": ConceptKind.PLACE,
        "pay": ConceptKind.SYNONYM,
        "Whitaker": ConceptKind.NAME,
        "April": ConceptKind.DATE,
        "2026": ConceptKind.DATE,
        "NSATU": ConceptKind.TERM,
    }


def test_inflected_names_are_found_by_their_tokens() -> None:
    assert "term:sdf" in read("офіцери Сил самооборони", "uk")
    assert "term:cap" in read("до трастового фонду НАТО", "uk")


def test_a_lower_case_word_is_no_abbreviation() -> None:
    assert "term:cap" not in read("What price cap did Japan set?", "en")
    assert "term:cap" in read("What is the CAP?", "en")


def test_words_of_a_term_say_nothing_beside_it() -> None:
    assert set(read("What is the CAP trust fund?", "en")) == {"term:cap"}


def test_forms_reach_the_other_languages() -> None:
    (concept,) = parse_query("自衛隊", "ja", TERMS).concepts
    assert ("сил", "самооборон") in concept.forms["uk"]
    assert ("sdf",) in concept.forms["en"]


def test_japanese_runs_are_read_as_known_words_and_pairs() -> None:
    found = read("日本は拠出金額を決定しましたか。", "ja")
    assert {"japan", "decide"} <= set(found)
    assert "何人" not in "".join(read("自衛官は何人派遣されますか。", "ja").values())


@given(text=st.text(max_size=600), language=st.sampled_from(["en", "ja", "uk", "de", ""]))
def test_any_text_can_be_asked(text: str, language: str) -> None:
    query = parse_query(text, language, TERMS)
    assert len({concept.id for concept in query.concepts}) == len(query.concepts) <= 24
    assert all(form for concept in query.concepts for forms in concept.forms.values() for form in forms)


@pytest.mark.parametrize("language", ["en", "ja", "uk"])
def test_every_line_of_the_lexicon_can_be_found_by_each_of_its_forms(language: str) -> None:
    for entry in lexicon.entries().values():
        assert entry.forms[language], entry.id
        for form in entry.forms[language]:
            found = {line.id for _, _, lines in lexicon.find(form, language) for line in lines}
            assert found, (entry.id, form)
