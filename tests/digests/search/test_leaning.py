"""How questions lean, by weights fitted on a story's precedents."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.evaluate_ask import as_precedents, load_questions
from digests.fit_leaning import fit_leaning
from digests.glossary import Glossary
from digests.model import Precedent
from digests.search import leaning
from digests.search.leaning import Leaning
from digests.search.questions import analyse
from digests.search.terms import Terms
from tests.shipped import shipped_story

_BRIDGES = ("harbour", "river", "valley", "railway", "island", "market", "castle", "airport")
_ASKED = (
    *(
        Precedent(text, "en", facts, number)
        for number, name in enumerate(_BRIDGES)
        for text, facts in (
            (f"When was the {name} bridge opened?", (f"b-{number}",)),
            (f"Who designed the {name} bridge?", (f"b-{number}",)),
            (f"What did the {name} bridge's paint cost?", ()),
            (f"Which firm painted the {name} bridge?", ()),
        )
    ),
    Precedent("Коли відкрили міст?", "uk", ("b-1",), 90),
    Precedent("Хто фарбував міст?", "uk", (), 91),
)


@pytest.fixture(scope="module")
def fitted() -> Leaning:
    return fit_leaning(replace(shipped_story(), id="bridges", precedents=_ASKED))


def lean(known: Leaning, text: str, language: str = "en") -> float:
    return known.of(analyse(text, language))


def test_new_questions_are_told_by_what_they_ask_not_by_what_they_name(fitted: Leaning) -> None:
    assert lean(fitted, "When was the canal bridge opened?") > 0.2
    assert lean(fitted, "Who designed the canal bridge?") > 0.2
    assert lean(fitted, "What did the canal bridge's paint cost?") < -0.2
    assert lean(fitted, "Which firm painted the canal bridge?") < -0.2


def test_each_precedent_is_told_nearly_as_it_turned_out(fitted: Leaning) -> None:
    for precedent in _ASKED:
        outcome = 1 if precedent.facts else -1
        assert lean(fitted, precedent.text, precedent.language) == pytest.approx(outcome, abs=0.4)


def test_what_questions_name_and_want_is_told_in_every_language(fitted: Leaning) -> None:
    assert lean(fitted, "Коли міст відкрили?", "uk") > 0 > lean(fitted, "Хто міст фарбував?", "uk")
    when, what_cost = "橋はいつ開通しましたか。", "橋の塗装はいくらでしたか。"
    assert lean(fitted, when, "ja") > lean(
        fitted, what_cost, "ja"
    )  # no Japanese precedent, but both want what others do


def test_weights_come_back_as_they_were_written(fitted: Leaning, tmp_path: Path) -> None:
    leaning.save(fitted, tmp_path / "one.gz")
    read = leaning.load(tmp_path / "one.gz")
    assert read == fitted
    leaning.save(read, tmp_path / "other.gz")
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "other.gz").read_bytes()


def test_what_ships_was_fitted_on_the_questions_that_ship() -> None:
    """Else: kakehashi eval ask --fit."""
    story = shipped_story()
    known, terms = leaning.shipped(), Terms(Glossary(story.glossary))
    near_misses = as_precedents(load_questions([Path("tests/data/near_misses.jsonl")]))
    some = random.Random(1).sample((*story.precedents, *near_misses), 300)
    told = [(known.of(analyse(one.text, one.language, terms)) > 0) == bool(one.facts) for one in some]
    assert sum(told) >= 0.97 * len(some)


def test_of_a_long_text_the_beginning_is_looked_at() -> None:
    words = [f"w{number}" for number in range(5_000)]
    assert len(leaning.turns(analyse(" ".join(words), "en"))) < 10_000


@given(st.text(max_size=80) | st.text(st.characters(), max_size=20), st.sampled_from(["en", "ja", "uk", "de"]))
def test_every_question_has_turns_each_once(text: str, language: str) -> None:
    found = leaning.turns(analyse(text, language))
    assert len(set(found)) == len(found) > 0
    assert all(0 <= at < leaning.PLACES for at in leaning.places(found))
    assert abs(leaning.shipped().of(analyse(text, language))) <= leaning.FURTHEST
