"""Terms in three languages, and the guards against false friends."""

from __future__ import annotations

import pytest

from digests.glossary import Glossary
from digests.model import GlossaryTerm

TERMS = (
    GlossaryTerm(
        "purl",
        "nato",
        "PURL",
        {
            "en": ("Prioritized Ukraine Requirements List",),
            "ja": ("ウクライナ優先要求リスト",),
            "uk": ("механізм PURL",),
        },
        needs_any=("Ukraine", "NATO", "ウクライナ", "Україн*"),
        rejects=("package URL", "pkg:"),
    ),
    GlossaryTerm(
        "sdf",
        "japan",
        "SDF",
        {"en": ("Self-Defense Forces",), "ja": ("自衛隊",), "uk": ("Сили самооборони", "Сил* самооборони")},
        rejects=("Syria", "Kurdish", "自衛隊法"),
    ),
    GlossaryTerm("sdfofficer", "japan", None, {"en": ("SDF officers",), "ja": ("自衛官",), "uk": ()}),
    GlossaryTerm(
        "koizumi",
        "person",
        None,
        {"en": ("Shinjiro Koizumi", "Koizumi"), "ja": ("小泉",), "uk": ("Коїдзумі",)},
        rejects=("Junichiro Koizumi", "小泉悠"),
    ),
)


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    return Glossary(TERMS)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Japan may pay into PURL for Ukraine.", {"purl"}),
        ("日本、ウクライナ支援でPURL参加へ", {"purl"}),
        ("Японія приєдналася до PURL для України", {"purl"}),
        ("Перемовини щодо Сил самооборони", {"sdf"}),
        ("陸上自衛隊と自衛官", {"sdf", "sdfofficer"}),
        ("Nothing of the kind.", set()),
    ],
)
def test_terms_are_found_in_every_language(glossary: Glossary, text: str, terms: set[str]) -> None:
    assert glossary.terms_of(text) == terms


@pytest.mark.parametrize(
    "text",
    [
        "A PURL identifies a package.",
        "PURL, the package URL, and Ukraine's developers",
        "knit one, purl two in Ukraine",
    ],
)
def test_an_abbreviation_without_its_second_keyword_or_beside_a_reject_does_not_count(
    glossary: Glossary, text: str
) -> None:
    assert "purl" not in glossary.terms_of(text)


def test_a_reject_elsewhere_refuses_the_abbreviation_but_not_the_spelt_out_name(glossary: Glossary) -> None:
    assert "sdf" not in glossary.terms_of("The SDF in Syria")
    assert "sdf" in glossary.terms_of("The SDF (Self-Defense Forces) flew home from Syria")


def test_a_name_inside_a_longer_rejected_one_does_not_count_but_others_of_the_text_do(glossary: Glossary) -> None:
    assert "koizumi" not in glossary.terms_of("Junichiro Koizumi wrote")
    assert "koizumi" not in glossary.terms_of("小泉悠氏の分析")
    matches = glossary.find("Junichiro Koizumi's son Shinjiro Koizumi")
    assert [match.start for match in matches if match.term_id == "koizumi"] == [24]


def test_matches_give_the_slice_the_name_and_the_longest_of_overlapping_names(glossary: Glossary) -> None:
    text = "The Prioritized Ukraine Requirements List (PURL)"
    matches = glossary.find(text)
    assert [(text[m.start : m.end], m.name) for m in matches] == [
        ("Prioritized Ukraine Requirements List", "Prioritized Ukraine Requirements List"),
        ("PURL", "PURL"),
    ]


def test_a_refusal_names_what_was_missing_or_in_the_way(glossary: Glossary) -> None:
    from digests.matching import Matcher

    matcher = Matcher(glossary.patterns)
    _, [missing] = glossary.settle(matcher.find("A PURL identifies a thing"))
    assert (missing.term_id, missing.missing[:2], missing.rejected_by) == ("purl", ("Ukraine", "NATO"), None)
    _, [rejected] = glossary.settle(matcher.find("PURL is the package URL"))
    assert rejected.rejected_by == "package URL"


def test_names_come_main_one_first_without_stems_and_with_the_abbreviation_last(glossary: Glossary) -> None:
    assert glossary.names("sdf", "uk") == ("Сили самооборони", "SDF")
    assert glossary.names("koizumi", "ja") == ("小泉",)
    assert glossary.names("unknown", "en") == ()
