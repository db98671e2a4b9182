"""The verdict of all precedents, by fitted weights."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.fit_verdicts import fit_verdicts
from digests.model import Precedent
from digests.search import verdicts
from digests.search.precedents import Precedents
from tests.shipped import shipped_story

_BRIDGES = ("harbour", "river", "valley", "railway", "island", "market", "castle", "airport")
_ASKED = tuple(
    Precedent(text, "en", facts, number)
    for number, name in enumerate(_BRIDGES)
    for text, facts in (
        (f"When was the {name} bridge opened?", (f"b-{number}",)),
        (f"Who designed the {name} bridge?", (f"b-{number}",)),
        (f"What did the {name} bridge's paint cost?", ()),
        (f"Which firm painted the {name} bridge?", ()),
    )
)


def verdict(known: Precedents, text: str, language: str = "en") -> float:
    return known.by_words(text, language).verdict + known.by_letters(text, language).verdict


def weights_of(fitted: Iterable[tuple[Precedent, float]]) -> verdicts.Weights:
    return verdicts.Weights({verdicts.checksum(precedent): weight for precedent, weight in fitted})


@pytest.fixture(scope="module")
def weighed() -> Precedents:
    return Precedents(_ASKED, weights_of(fit_verdicts(_ASKED)))


def test_new_questions_are_told_by_what_they_ask_not_by_what_they_name(weighed: Precedents) -> None:
    assert verdict(weighed, "When was the canal bridge opened?") > 0.2
    assert verdict(weighed, "Who designed the canal bridge?") > 0.2
    assert verdict(weighed, "What did the canal bridge's paint cost?") < -0.2
    assert verdict(weighed, "Which firm painted the canal bridge?") < -0.2


def test_each_precedent_is_told_nearly_as_it_turned_out(weighed: Precedents) -> None:
    for precedent in _ASKED:
        outcome = 1 if precedent.facts else -1
        assert verdict(weighed, precedent.text) == pytest.approx(outcome, abs=0.3)


def test_languages_are_weighed_by_themselves() -> None:
    ours = (
        *_ASKED,
        Precedent("Коли відкрили міст?", "uk", ("b-1",), 90),
        Precedent("Хто фарбував міст?", "uk", (), 91),
    )
    fitted = dict(fit_verdicts(ours))
    assert fitted.keys() == set(ours)
    known = Precedents(ours, weights_of(fitted.items()))
    assert verdict(known, "Коли міст відкрили?", "uk") > 0 > verdict(known, "Хто міст фарбував?", "uk")


def test_without_weights_there_is_no_verdict() -> None:
    assert verdict(Precedents(_ASKED), "When was the canal bridge opened?") == 0
    assert verdict(Precedents(_ASKED, verdicts.Weights({0: 1.0})), "When was the canal bridge opened?") == 0


def test_weights_are_kept_by_words_language_and_outcome(tmp_path: Path) -> None:
    asked = [Precedent("Хто?", "uk", (), 1), Precedent("Хто?", "uk", ("b-1",), 2), Precedent("Хто?", "en", (), 3)]
    assert len({verdicts.checksum(precedent) for precedent in asked}) == 3
    verdicts.save(zip(asked, (0.25, -1.5, 11.999), strict=True), tmp_path / "verdicts.json")
    read = verdicts.load(tmp_path / "verdicts.json")
    assert [read.of(precedent) for precedent in asked] == pytest.approx([0.25, -1.5, 11.999])


def test_every_shipped_question_was_weighed() -> None:
    """Else: kakehashi eval ask --fit."""
    asked = {verdicts.checksum(precedent) for precedent in shipped_story().precedents}
    assert asked == set(verdicts.shipped().checksums)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_liker_the_nearer(one: float, other: float) -> None:
    assert (verdicts.nearness(one) - verdicts.nearness(other)) * (one - other) >= 0
