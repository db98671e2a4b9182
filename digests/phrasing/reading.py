"""A text as the checks see it: its words with their places, and the marks (:mod:`digests.phrasing.marks`) between."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from digests.phrasing import marks
from digests.phrasing.marks import Mark
from digests.search import analysers, numbers
from digests.search.analysers import Word

_NAME = re.compile(r"[A-ZА-ЯІЇЄҐ\u30a1-\u30fa]")


@dataclass(frozen=True, slots=True)
class Scoped:
    """A mark with the tokens that it bears on."""

    mark: Mark
    start: int
    end: int
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` is normalised (NFKC, numbers spelt in one way); places count in it."""

    text: str
    language: str
    words: tuple[Word, ...]
    tokens: tuple[str, ...]
    held: frozenset[str]
    """Every token once."""
    names: frozenset[str]
    """Tokens of words that look like names: capitals, and in Japanese what is not written in kanji."""
    scoped: tuple[Scoped, ...]

    def of(self, *kinds: str) -> tuple[Scoped, ...]:
        """The marks of some kinds, in order."""
        return tuple(found for found in self.scoped if found.mark.kind in kinds)


@lru_cache(maxsize=512)
def read(text: str, language: str) -> Reading:
    """Analyse a text once; the cost is that of :func:`digests.search.analysers.words_of` and some regular
    expressions: below a millisecond for a sentence."""
    normal = numbers.prepare(unicodedata.normalize("NFKC", text), language)
    # The analyser may have lowered capitals, which tell names here.
    words = tuple(replace(word, surface=normal[word.start : word.end]) for word in analysers.words_of(normal, language))
    tokens = tuple(token for word in words for token in word.tokens)
    found = marks.find(normal, language)
    scoped = tuple(Scoped(*each, frozenset(_scope(each, found, words, normal, language))) for each in found)
    return Reading(normal, language, words, tokens, frozenset(tokens), _names(words, language), scoped)


def _scope(
    place: tuple[Mark, int, int],
    others: tuple[tuple[Mark, int, int], ...],
    words: tuple[Word, ...],
    text: str,
    language: str,
) -> Iterator[str]:
    """Tokens near a mark, as far as its kind reaches in this language, within its clause; not those of other marks."""
    mark, start, end = place
    left, right = marks.clause(place, others, text, language)
    before, after = mark.reach(language)
    if marks.is_adnominal(text, start, end, language):
        before = 0
    inside = [
        word
        for word in words
        if left <= word.start
        and word.end <= right
        and word.tokens
        and not any(first < word.end and word.start < last for _, first, last in others)
    ]
    for word in [word for word in inside if word.end <= start][::-1][:before]:
        yield from word.tokens
    for word in [word for word in inside if word.start >= end][:after]:
        yield from word.tokens


def _names(words: tuple[Word, ...], language: str) -> frozenset[str]:
    found = (word for at, word in enumerate(words) if _NAME.match(word.surface) and (at > 0 or language == "ja"))
    return frozenset(token for word in found for token in word.tokens)
