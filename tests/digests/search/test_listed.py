"""Questions that a story lists as such that nothing answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.model import Precedent
from digests.search.listed import Listed

_ASKED = (
    "How many radars did Japan send to Ukraine in March 2025?",
    "英国は2025年に何台送りましたか。",
    "Хто їхав до Києва?",
)
_LISTED = Listed([*(Precedent(text, "en") for text in _ASKED), Precedent("Who sent radars?", "en", ("b-1",))])


@pytest.mark.parametrize(
    "asked",
    [
        *_ASKED,
        "how many radars did japan send to ukraine, in march 2025",
        "How many radar did Japan send to Ukraine in March 2025?",
        "How many radars did Japan sent to Ukraine in March 2025?",
        "Хто їхал до Києва",
    ],
)
def test_a_letter_more_or_less_is_the_same_question(asked: str) -> None:
    assert _LISTED.holds(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "How many radars did Japan send to Ukraine in March 2024?",
        "How many radars did Japan send to Ukraine in May 2025?",
        "韓国は2025年に何台送りましたか。",
        "英国は2026年に何台送りましたか。",
        "Хто їхав до Львова?",
        "Who sent radars?",
        "",
    ],
)
def test_another_question_is_another(asked: str) -> None:
    assert not _LISTED.holds(asked)


def test_a_story_that_lists_nothing_refuses_nothing_by_it() -> None:
    assert not Listed([]).holds("")


@given(st.text(min_size=1, max_size=40), st.integers(0, 39))
def test_any_text_is_found_again_without_one_of_its_letters(text: str, at: int) -> None:
    known = Listed([Precedent(text, "en")])
    assert known.holds(text)
    at %= len(text)
    letter = text[at].casefold()
    if len(letter) == 1 and letter.upper() != letter:  # ß is two letters
        assert known.holds(text[:at] + text[at + 1 :])
