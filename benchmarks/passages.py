"""Made-up passages in numbers that no made-up feed could bring: for the index alone, past the update pipeline.

Sentences are those of :mod:`benchmarks.corpus` (Markov chains over the story's own texts and over general ones: two in
five passages are about something else), but those chains know some thousand words only, so that at a million passages
every word would be a common one. Real news never ceases to bring new names. So one word in eight is exchanged for an
invented one, drawn by Zipf's law from 300,000 for each language: the most frequent stand in thousands of passages, most
of them in a handful.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from benchmarks import corpus
from digests.model import SourceKind
from digests.search.passages import NewPassage

EACH_ITEM = 3
"""Passages of one item."""
WORDS = 55
CHARACTERS = 140
RARE = 1 / 8
_VOCABULARY = 300_000
_KINDS = (SourceKind.OFFICIAL, SourceKind.WIRE, SourceKind.NATIONAL, SourceKind.LOCAL)
_SYLLABLES = {
    "en": ("ba", "ko", "re", "ti", "lun", "mar", "den", "vi", "sto", "pra", "gel", "hu", "nor", "sa", "wick", "tem"),
    "uk": ("ба", "ко", "ре", "ти", "лун", "мар", "ден", "ві", "сто", "пра", "гел", "гу", "нор", "са", "вич", "тем"),
    "ja": tuple("山川田中村上林木森石原池谷橋島崎野坂津浜宮城戸松竹梅藤井沢堀"),
}


@lru_cache
def _weights() -> list[float]:
    return list(accumulate(1 / (rank + 3) for rank in range(_VOCABULARY)))


def _invented(language: str, rng: random.Random) -> str:
    """An invented name; how often each comes follows Zipf's law."""
    rank = bisect(_weights(), rng.random() * _weights()[-1])
    syllables = _SYLLABLES[language]
    parts = []
    left = rank + 7
    while left:
        left, at = divmod(left, len(syllables))
        parts.append(syllables[at])
    return "".join(parts).capitalize()


class _Author:
    """Writes passages of one language on one subject."""

    def __init__(self, language: str, rng: random.Random, *, general: bool) -> None:
        self.language = language
        self._rng = rng
        self._writer = corpus.Writer(language, rng, corpus._general_texts() if general else None)

    def passage(self) -> str:
        if self.language == "ja":
            pieces = [self._writer.text(CHARACTERS // 8) for _ in range(8)]
            return "".join(piece + _invented("ja", self._rng) for piece in pieces)
        words = self._writer.text(WORDS).split()
        kept = self._rng.random
        return " ".join(_invented(self.language, self._rng) if kept() < RARE else word for word in words) + "."


def passages(count: int, *, seed: int = 1) -> Iterator[NewPassage]:
    """``count`` passages, :data:`EACH_ITEM` an item, the same for the same seed; item ids begin at 1, oldest first."""
    rng = random.Random(seed)
    authors = {language: _Author(language, rng, general=False) for language in ("en", "ja", "uk")}
    general = _Author("en", rng, general=True)
    sections = [section.id for section in corpus.story().sections]
    newest = datetime.now(UTC)
    author, kind, filed, day = general, _KINDS[0], (sections[0],), ""
    for number in range(count):
        if number % EACH_ITEM == 0:
            language = rng.choice(corpus._LANGUAGES)
            author = general if language == "en" and rng.random() < corpus._GENERAL else authors[language]
            kind = rng.choice(_KINDS)
            filed = tuple(rng.sample(sections, rng.choice((1, 1, 2))))
            day = (newest - timedelta(days=300) * (1 - number / count)).date().isoformat()
        item = number // EACH_ITEM + 1
        yield NewPassage(f"item:{item}", author.passage(), author.language, filed, kind, day, item)
