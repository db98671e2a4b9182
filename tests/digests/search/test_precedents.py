"""Questions whose outcome is known, as precedents for new ones."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.model import Precedent
from digests.search.letters import runs
from digests.search.likeness import NEIGHBOURS
from digests.search.precedents import Precedents

_KNOWN = (
    Precedent("Who is building the bridge?", "en", ("b-1",), 1),
    Precedent("Which firm builds the bridge across the bay?", "en", ("b-1",), 1),
    Precedent("When was the bridge opened to traffic?", "en", ("b-2", "b-3"), 2),
    Precedent("What did the bridge's paint cost?", "en", (), 3),
    Precedent("橋はいつ開通しましたか。", "ja", ("b-2",), 2),
    Precedent("橋の塗装費はいくらですか。", "ja", (), 3),
    Precedent("Коли відкрили міст?", "uk", ("b-2",), 2),
)
_ALL = Precedents(_KNOWN)


def test_the_question_itself_is_as_like_as_can_be() -> None:
    for compare in (_ALL.by_words, _ALL.by_letters):
        found = compare("When was the bridge opened to traffic?", "en")
        assert abs(found.likest - 1) < 1e-6
        assert abs(found.of_fact["b-2"] - 1) < 1e-6
        assert found.of_fact["b-2"] == found.of_fact["b-3"] > found.of_fact["b-1"]


def test_what_nothing_answered_is_no_precedent() -> None:
    with_them = _ALL.by_letters("What did the bridge's paint cost?", "en")
    without = Precedents(one for one in _KNOWN if one.facts).by_letters("What did the bridge's paint cost?", "en")
    assert with_them == without
    assert with_them.likest < 0.9


def test_the_likest_precedents_vote_for_the_facts_that_answered_them() -> None:
    found = _ALL.by_letters("Who is the builder of that bridge?", "en").votes
    assert found["b-1"] > 0.5 > found["b-2"]


def test_a_slip_of_the_pen_is_seen_through_by_letters() -> None:
    slip = "When was teh brige openned to trafic?"
    assert _ALL.by_letters(slip, "en").of_fact["b-2"] > _ALL.by_words(slip, "en").of_fact.get("b-2", 0)


def test_languages_are_kept_apart() -> None:
    assert _ALL.by_letters("橋はいつ開通したのか", "ja").of_fact.keys() == {"b-2"}
    assert _ALL.by_words("Коли міст відкрито?", "uk").of_fact.keys() == {"b-2"}


def test_without_precedents_nothing_is_said() -> None:
    for found in (Precedents(()).by_words("Who?", "en"), _ALL.by_letters("", "en"), _ALL.by_letters("Wer?", "de")):
        assert (found.likest, dict(found.of_fact), dict(found.votes)) == (0.0, {}, {})


@given(st.text(max_size=60), st.sampled_from(["en", "ja", "uk", "de"]))
def test_any_text_gets_shares(text: str, language: str) -> None:
    for found in (_ALL.by_words(text, language), _ALL.by_letters(text, language)):
        assert all(0 <= score <= 1 + 1e-6 for score in found.of_fact.values())
        assert found.likest == max(found.of_fact.values(), default=0.0)
        assert sum(found.votes.values()) <= NEIGHBOURS


_TEXTS = st.lists(st.text("abcdeé 😀\n\u3000", max_size=12), min_size=1, max_size=6)


@given(_TEXTS, st.text("abcdeé 😀\n\u3000", max_size=12), st.sampled_from([("uk", 4), ("ja", 2)]))
def test_likeness_by_letters_is_the_cosine_of_their_runs(texts: list[str], asked: str, way: tuple[str, int]) -> None:
    """Held against the same, counted run by run."""
    language, size = way
    held = [{run for word in text.lower().split() for run in runs(word, size)} for text in (*texts, asked)]
    holding = Counter(run for own in held[:-1] for run in own)

    def length(own: set[str]) -> float:
        return math.sqrt(sum(math.log1p(len(texts) / (holding[run] or 1)) ** 2 for run in own))

    expected = {
        f"b-{at}": length(own & held[-1]) ** 2 / (length(own) * length(held[-1]))
        for at, own in enumerate(held[:-1])
        if own & held[-1]
    }
    known = Precedents(Precedent(text, language, (f"b-{at}",), at) for at, text in enumerate(texts))
    assert known.by_letters(asked, language).of_fact == pytest.approx(expected)
