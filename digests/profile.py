"""Text profiles: which section an item reads like, learnt from the story's own facts and briefs.

A naive Bayes model of each section against the others over light features: stems of words, pairs of kanji, katakana
runs. Only features that tell something are kept, so that scoring costs one dictionary look-up a word.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import Stemmer

from digests.matching import WORD, narrow
from digests.search import ukrainian
from digests.search.stopwords import STOP_WORDS

_STOP = STOP_WORDS["en"] | STOP_WORDS["uk"]
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u02af]")
_SMOOTHING = 3.0
_FEWEST_TEXTS = 2
_WEAKEST = 0.35
_STRONGEST = 2.0
_TEMPERATURE = 3.0
_FEWEST_FEATURES = 4
_MOST_KNOWN = 50_000


@dataclass(frozen=True, slots=True)
class Share:
    """How much a text reads like one section, 0..1, and the words that speak most for it."""

    value: float
    words: tuple[str, ...]


class Profiles:
    """Learnt profiles. ``texts`` are pairs of section and text, in any mixture of languages; safe for threads."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        sizes: Counter[str] = Counter()
        stem = _Stems()
        for section, text in texts:
            sizes[section] += 1
            counts[section].update({feature for word in WORD.findall(narrow(text)) for feature in stem.features(word)})
        self.sections: tuple[str, ...] = tuple(counts)
        self._stem = stem
        self._weights = _weights(self.sections, counts, sizes)
        self._known: dict[str, tuple[tuple[int, float], ...]] = {}

    def scores(self, words: Sequence[str]) -> Mapping[str, float]:
        """Section to share, 0..1, for the words of a text as :data:`digests.matching.WORD` cuts them.
        Empty when too few of the words are known to tell anything."""
        known = self._known
        sums = [0.0] * len(self.sections)
        features = 0
        for word in set(words):
            try:
                pairs = known[word]
            except KeyError:
                pairs = self._look_up(word)
            if pairs:
                features += 1
                for section, weight in pairs:
                    sums[section] += weight
        if features < _FEWEST_FEATURES:
            return {}
        scale = _TEMPERATURE * math.sqrt(features / _FEWEST_FEATURES)
        return {section: 1 / (1 + math.exp(-total / scale)) for section, total in zip(self.sections, sums, strict=True)}

    def words_for(self, section: str, words: Sequence[str], most: int = 3) -> tuple[str, ...]:
        """The words of a text that speak most for ``section``, strongest first."""
        number = self.sections.index(section)
        weights = {word: dict(self._look_up(word)).get(number, 0.0) for word in words}
        best = sorted((word for word, weight in weights.items() if weight > 0), key=lambda word: -weights[word])
        return tuple(best[:most])

    def _look_up(self, word: str) -> tuple[tuple[int, float], ...]:
        found = self._known.get(word)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            sums: dict[int, float] = defaultdict(float)
            for feature in self._stem.features(word):
                for section, weight in self._weights.get(feature, ()):
                    sums[section] += weight
            found = self._known[word] = tuple(sums.items())
        return found


class _Stems:
    """Words to features."""

    def __init__(self) -> None:
        self._english = Stemmer.Stemmer("english", 0)

    def features(self, word: str) -> Iterator[str]:
        first = word[0]
        if first.isdigit():
            return
        if _LATIN.match(first):
            lower = word.lower().removesuffix("'s").removesuffix("’s")
            if len(lower) > 1 and lower not in _STOP:
                yield self._english.stemWord(lower)
        elif _CYRILLIC.match(first):
            lower = word.lower()
            if len(lower) > 2 and lower not in _STOP:
                yield ukrainian.stem(lower)
        elif "\u30a1" <= first <= "\u30fc":
            yield word
        else:
            yield from (word[at : at + 2] for at in range(len(word) - 1))


def _weights(
    sections: Sequence[str], counts: Mapping[str, Counter[str]], sizes: Counter[str]
) -> dict[str, tuple[tuple[int, float], ...]]:
    """Feature to (section number, log odds of the section against the others), where they tell something."""
    totals: Counter[str] = Counter()
    for section in sections:
        totals.update(counts[section])
    texts = sizes.total()
    weights: dict[str, tuple[tuple[int, float], ...]] = {}
    for feature, total in totals.items():
        if total < _FEWEST_TEXTS:
            continue
        pairs = []
        for number, section in enumerate(sections):
            inside, size = counts[section][feature], sizes[section]
            prior = _SMOOTHING * total / texts
            odds = math.log((inside + prior) / (size + _SMOOTHING)) - math.log(
                (total - inside + prior) / (texts - size + _SMOOTHING)
            )
            if abs(odds) >= _WEAKEST:
                pairs.append((number, max(-_STRONGEST, min(_STRONGEST, odds))))
        if pairs:
            weights[feature] = tuple(pairs)
    return weights
