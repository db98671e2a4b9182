"""How the words of questions lean, whatever they are about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digests.model import Precedent
from digests.search.leaning import UPRIGHT, Leaning
from digests.search.precedents import Precedents

_TOLD = ("who built the bridge", "when was the tower built", "who built the harbour", "when was the harbour opened")
_UNTOLD = ("what rank has the bridge's builder", "what rank has the mayor", "what rank has the harbour master")
_LEANING = Leaning((text.split() for text in _TOLD), (text.split() for text in _UNTOLD))


def test_a_turn_leans_whatever_it_is_asked_about() -> None:
    assert _LEANING.of(["what", "rank", "has", "the", "keeper", "of", "the", "lighthouse"]).whole < 0
    assert _LEANING.of(["who", "built", "the", "lighthouse"]).whole > 0


def test_what_is_rare_or_unknown_says_nothing() -> None:
    assert _LEANING.of(["mayor", "lighthouse"]) == UPRIGHT
    assert _LEANING.of([]) == UPRIGHT


def test_more_questions_of_one_kind_alone_lean_nowhere() -> None:
    many = Leaning((["the", "bridge"] for _ in range(40)), (["the", "bridge"] for _ in range(4)))
    assert abs(many.of(["the", "bridge"]).each) < 0.2


def test_languages_are_kept_apart() -> None:
    known = [Precedent(f"What rank has officer {n}?", "en", (), n) for n in range(4)]
    known += [Precedent(f"Who is officer {n}?", "en", ("b-1",), n + 10) for n in range(4)]
    known.append(Precedent("Коли відкрили міст?", "uk", ("b-2",), 20))
    all_ = Precedents(known)
    assert all_.lean("What rank has the general?", "en").whole < 0
    assert all_.lean("What rank has the general?", "uk") == UPRIGHT
    assert all_.lean("What rank has the general?", "de") == UPRIGHT


@given(st.lists(st.sampled_from(["what", "rank", "has", "the", "who", "built", "harbour", "never"]), max_size=300))
def test_no_question_leans_further_than_told(tokens: list[str]) -> None:
    lean = _LEANING.of(tokens)
    assert -12 <= lean.whole <= 12
    assert min(lean.whole, 0) <= lean.each <= max(lean.whole, 0)
