"""Word boundaries, endings, phrases and Japanese names in texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.matching import Matcher, drop_covered, narrow


def found(pattern: str, text: str) -> list[str]:
    """The slices of ``text`` that ``pattern`` matches."""
    return [text[start:end] for start, end, _ in sorted(Matcher([pattern]).find(text))]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("Japan", "Japan's aid; JAPAN pays; Japanese", ["Japan's", "JAPAN"]),
        ("grant", "grants, granted, a Grant", ["grants", "Grant"]),
        ("Prime Minister's Office", "the prime minister’s office", ["prime minister’s office"]),
        ("Ukrain*", "Ukraine and Ukrainians, not UKR", ["Ukraine", "Ukrainians"]),
        ("CAP", "the CAP fund, a cap, Cap, CAPs", ["CAP"]),
        ("PURL", "purl stitches and PURL's list", ["PURL's"]),
        ("NATO", "NATO-led but not NATOism", ["NATO"]),
        ("PAC-3", "PAC-3 and PAC 3", ["PAC-3", "PAC 3"]),
        ("2% of GDP", "2% of GDP, 12% of GDP, 2.5% of GDP", ["2% of GDP"]),
        ("defence centre", "the Defense Center", ["Defense Center"]),
        ("prioritised list", "Prioritized lists", ["Prioritized lists"]),
        ("arms export*", "arms exporters, arms, exports", ["arms exporters", "arms, exports"]),
        ("оборонн* бюджет*", "оборонного бюджету", ["оборонного бюджету"]),
        ("санкція", "санкціями, санкцій, сан", ["санкціями", "санкцій"]),
        ("п'ять категорій", "п’ять категорій", ["п’ять категорій"]),
        ("自衛隊", "陸上自衛隊員", ["自衛隊"]),
        ("NATO支援組織", "新NATO支援組織の", ["NATO支援組織"]),
        ("殺傷能力のある", "殺傷能力のある武器", ["殺傷能力のある"]),
        ("5類型", "５類型の撤廃", ["５類型"]),
        ("ルッテ", "ルッテ氏、アルッテ", ["ルッテ"]),
        ("ウクライナ", "ウクライナメディア", ["ウクライナ"]),
        ("米", "米国", ["米"]),
    ],
)
def test_a_pattern_matches_whole_words_only(pattern: str, text: str, expected: list[str]) -> None:
    assert found(pattern, text) == expected


def test_japanese_names_match_beside_latin_letters_without_spaces() -> None:
    matcher = Matcher(["NSATU", "自衛官"])
    text = "自衛官をNSATUへ派遣"
    assert sorted((number, text[start:end]) for start, end, number in matcher.find(text)) == [
        (0, "NSATU"),
        (1, "自衛官"),
    ]


def test_overlapping_patterns_are_all_found() -> None:
    matcher = Matcher(["Self-Defense Forces", "Ground Self-Defense Forces", "forces"])
    assert {number for _, _, number in matcher.find("The Ground Self-Defense Forces")} == {0, 1, 2}


def test_a_phrase_that_runs_past_the_end_is_not_found() -> None:
    assert found("coalition of the willing", "the coalition of the") == []


def test_hits_inside_a_cover_are_dropped() -> None:
    hits = [(0, 2, 1), (5, 9, 1), (10, 12, 2)]
    assert drop_covered(hits, [(4, 12, 9)]) == [(0, 2, 1)]


def test_narrow_keeps_positions() -> None:
    assert narrow("ＮＳＣは５類型（案）") == "NSCは5類型(案)"


WORDS = ["Japan", "NATO", "Україна", "自衛隊", "ルッテ", "п'ять", "arms export*", "F-16", "ＮＳＣ"]


@given(st.text(max_size=80), st.sampled_from(WORDS), st.text(max_size=80))
def test_any_text_gives_hits_inside_it_and_finds_a_word_set_apart(before: str, word: str, after: str) -> None:
    matcher = Matcher(WORDS)
    text = f"{before} . {word.replace('*', '')} . {after}"
    hits = matcher.find(text)
    assert all(0 <= start < end <= len(text) for start, end, _ in hits)
    assert any(WORDS[number] == word and start == len(before) + 3 for start, _, number in hits)
