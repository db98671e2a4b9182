"""Text profiles: which section an item reads like, learnt from the story's own facts and briefs.

A naive Bayes model of each section against the others over light features: stems of words, pairs of kanji, katakana
runs. Only features that tell something are kept, so that scoring costs one dictionary look-up a word.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest

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
_BITS = 24
_FIELD = (1 << _BITS) - 1
_SCALE = 256
_BIAS = 512


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
        self._known = _PackedWords(stem, _weights(self.sections, counts, sizes))

    def scores(self, words: Sequence[str]) -> Mapping[str, float]:
        """Section to share, 0..1, for the words of a text as :data:`digests.matching.WORD` cuts them.
        Empty when too few of the words are known to tell anything."""
        total = sum(map(self._known.__getitem__, set(words)))
        features = total & _FIELD
        if features < _FEWEST_FEATURES:
            return {}
        scale = _TEMPERATURE * math.sqrt(features / _FEWEST_FEATURES)
        return {
            section: 1 / (1 + math.exp(-_weight(total, number, features) / scale))
            for number, section in enumerate(self.sections)
        }

    def words_for(self, section: str, words: Sequence[str], most: int = 3) -> tuple[str, ...]:
        """The words of a text that speak most for ``section``, strongest first."""
        number = self.sections.index(section)
        weights = {word: _weight(self._known[word], number) for word in dict.fromkeys(words) if self._known[word]}
        return tuple(word for word in nlargest(most, weights, key=weights.__getitem__) if weights[word] > 0)


def _weight(packed: int, number: int, features: int = 1) -> float:
    """The weight for one section in a packed sum over so many features."""
    return ((packed >> (_BITS * (number + 1)) & _FIELD) - features * _BIAS) / _SCALE


class _PackedWords(dict[str, int]):
    """Words to their weights for all sections at once, packed into one integer so that adding up costs little.

    The lowest field counts 1 for a word that tells something; the others hold the weights, scaled and biased to be
    positive. 24 bits a field are enough for 16,000 words.
    """

    def __init__(self, stem: _Stems, weights: Mapping[str, tuple[float, ...]]) -> None:
        super().__init__()
        self._stem = stem
        self._weights = weights

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        found = [self._weights[feature] for feature in self._stem.features(word) if feature in self._weights]
        packed = 0
        if found:
            sums = map(sum, zip(*found, strict=True))
            fields = (round(max(-_STRONGEST, min(_STRONGEST, weight)) * _SCALE) + _BIAS for weight in sums)
            packed = 1 + sum(value << (_BITS * (number + 1)) for number, value in enumerate(fields))
        self[word] = packed
        return packed


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
) -> dict[str, tuple[float, ...]]:
    """Feature to the log odds of each section against the others, for the features that tell something."""
    totals: Counter[str] = Counter()
    for section in sections:
        totals.update(counts[section])
    texts = sizes.total()
    weights: dict[str, tuple[float, ...]] = {}
    for feature, total in totals.items():
        if total < _FEWEST_TEXTS:
            continue
        odds = []
        for section in sections:
            inside, size = counts[section][feature], sizes[section]
            prior = _SMOOTHING * total / texts
            within = math.log((inside + prior) / (size + _SMOOTHING))
            odds.append(within - math.log((total - inside + prior) / (texts - size + _SMOOTHING)))
        if max(map(abs, odds)) >= _WEAKEST:
            weights[feature] = tuple(odds)
    return weights
