from __future__ import annotations

from datetime import date

import pytest

from digests.search.questions import Wanted, analyse


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("How much did Japan pay?", "en", Wanted.MONEY),
        ("How many officers go?", "en", Wanted.COUNT),
        ("How long will they stay?", "en", Wanted.DURATION),
        ("What share does Gazprom hold?", "en", Wanted.SHARE),
        ("When did it begin?", "en", Wanted.TIME),
        ("Who commands it?", "en", Wanted.PERSON),
        ("Where is it based?", "en", Wanted.PLACE),
        ("Why does Japan buy gas?", "en", Wanted.REASON),
        ("What changed in the rules?", "en", Wanted.CHANGE),
        ("What is NSATU?", "en", Wanted.DEFINITION),
        ("Has Japan joined PURL?", "en", Wanted.YES_NO),
        ("日本はいくら拠出しましたか。", "ja", Wanted.MONEY),
        ("自衛官は何人ですか。", "ja", Wanted.COUNT),
        ("NSATUとは何ですか。", "ja", Wanted.DEFINITION),
        ("日本はPURLに参加しましたか。", "ja", Wanted.YES_NO),
        ("なぜ輸出できないのですか。", "ja", Wanted.REASON),
        ("Скільки Японія внесла до фонду?", "uk", Wanted.MONEY),
        ("Скільки генераторів надала Японія?", "uk", Wanted.COUNT),
        ("Чи приєдналася Японія?", "uk", Wanted.YES_NO),
        ("Що таке PURL?", "uk", Wanted.DEFINITION),
        ("Коли це сталося?", "uk", Wanted.TIME),
    ],
)
def test_the_kind_of_answer_is_told_from_the_wording(text: str, language: str, wanted: Wanted) -> None:
    assert analyse(text, language).wanted[0] is wanted


@pytest.mark.parametrize(
    ("text", "language", "presupposes", "whether_done"),
    [
        ("When did Japan join PURL?", "en", True, False),
        ("How much has Japan paid into PURL?", "en", True, False),
        ("Has Japan joined PURL?", "en", False, True),
        ("When did Japan say it wanted to join?", "en", False, False),
        ("How much will Japan pay?", "en", False, False),
        ("日本はPURLにいくら支払いましたか。", "ja", True, False),
        ("Коли Японія вступила до НАТО?", "uk", True, False),
    ],
)
def test_questions_that_take_a_deed_for_granted_are_known(
    text: str,
    language: str,
    presupposes: bool,
    whether_done: bool,
) -> None:
    question = analyse(text, language)
    assert (question.presupposes, question.whether_done) == (presupposes, whether_done)


@pytest.mark.parametrize(
    ("text", "language", "after"),
    [
        ("Was it renewed after 18 June 2026?", "en", date(2026, 6, 18)),
        ("What happened since March 2025?", "en", date(2025, 3, 1)),
        ("Що сталося після 5 травня 2026 року?", "uk", date(2026, 5, 5)),
        ("2026年4月以降はどうなりましたか。", "ja", date(2026, 4, 1)),
        ("What happened in 2026?", "en", None),
        ("after 31 February 2026", "en", None),
    ],
)
def test_the_day_after_which_something_is_asked(text: str, language: str, after: date | None) -> None:
    assert analyse(text, language).after == after


def test_what_is_counted_and_what_is_asked_for() -> None:
    question = analyse("How many Japanese tanks were sent to Ukraine?", "en")
    assert question.counted is not None
    assert question.counted.surface == "tanks"
    japanese = analyse("戦車は何両送られましたか。", "ja")
    assert japanese.counted is not None
    assert japanese.counted.surface == "戦車"
    which = analyse("Which legal article is the basis?", "en")
    assert which.asked_for is not None
    assert which.asked_for.surface == "legal"
    assert analyse("What is NSATU?", "en").asked_for is None


def test_first_and_now_are_modifiers_and_no_words_to_look_for() -> None:
    assert analyse("When did Japan first pay?", "en").early
    assert "first" not in {concept.id for concept in analyse("When did Japan first pay?", "en").query.concepts}
    assert analyse("What are the new rules?", "en").late
