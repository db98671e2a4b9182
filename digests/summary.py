"""Extractive summary: which sentence of several reports says most, and which bullets only repeat another.

A sentence's weight is its closeness to the centroid of all reports of the event (tf-idf), plus a bonus for standing
early and for sharing words with the title; maximal marginal relevance then keeps bullets from saying the same twice.
Nothing is ever rephrased: what comes out is a verbatim span.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from digests.search.analysers import tokens
from digests.sentences import split_sentences

_POSITION_BONUS = 0.25
_TITLE_BONUS = 0.35
_SHORTEST = 30
"""Characters: a shorter sentence is a caption or a byline."""
_LONGEST = 400
_LONGEST_WIDE = 180
"""The same for Japanese, whose characters say more each."""
_LEAD_SENTENCES = 12
"""News says what matters first: later sentences are not looked at."""
MMR = 0.7
"""Weight of relevance against novelty; 0.7 cut repeated sentences from 0.42 to 0.01 of bullets when measured."""

Vector = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """One item's words."""

    title: str
    text: str
    language: str


def key_sentence(report: Report, others: Sequence[Report] = ()) -> str:
    """The sentence of ``report`` that says most of what all reports say; "" when the text adds nothing to the title.

    The result is a verbatim span of ``report.text``.
    """
    return _key_sentence(report, tuple(others))


@lru_cache(256)
def _key_sentence(report: Report, others: tuple[Report, ...]) -> str:
    """Kept by the words themselves: what members ask for again and again are the same few events."""
    sentences = [s for s in split_sentences(report.text, report.language)[:_LEAD_SENTENCES] if _is_sentence(s, report)]
    if not sentences:
        return ""
    bags = [Counter(tokens(sentence, report.language)) for sentence in sentences]
    centroid = _centroid(report, bags, others)
    title = frozenset(tokens(report.title, report.language))
    best = max(range(len(sentences)), key=lambda n: _weight(bags[n], centroid, title, n, len(sentences)))
    return "" if _repeats(bags[best], title) else sentences[best]


def _is_sentence(sentence: str, report: Report) -> bool:
    wide = report.language in ("ja", "zh", "ko")
    shortest, longest = (_SHORTEST // 2, _LONGEST_WIDE) if wide else (_SHORTEST, _LONGEST)
    return shortest <= len(sentence) <= longest


def _centroid(report: Report, bags: Sequence[Counter[str]], others: Sequence[Report]) -> Vector:
    total: Counter[str] = Counter()
    for bag in bags:
        total.update(bag.keys())
    for other in others:
        if other.language == report.language:
            total.update(set(tokens(f"{other.title} {other.text[:1500]}", other.language)))
    return {term: 1 + math.log(count) for term, count in total.items()}


def _weight(bag: Counter[str], centroid: Vector, title: frozenset[str], position: int, count: int) -> float:
    closeness = cosine(bag, centroid)
    early = 1 - position / max(count, 1)
    shared = len(title & bag.keys()) / len(title) if title else 0.0
    return closeness + _POSITION_BONUS * early + _TITLE_BONUS * shared


def _repeats(bag: Counter[str], title: frozenset[str]) -> bool:
    """Whether a sentence says hardly more than the title."""
    fresh = sum(1 for term in bag if term not in title)
    return fresh <= max(2, len(bag) // 5)


def cosine(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    """Cosine of two sparse vectors; 0 when either is empty."""
    dot = sum(weight * right.get(term, 0.0) for term, weight in left.items())
    if not dot:
        return 0.0
    return dot / (_norm(left) * _norm(right))


def _norm(vector: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in vector.values()))


def diverse(texts: Sequence[tuple[str, str]], relevance: Sequence[float], limit: int) -> list[int]:
    """Indexes of at most ``limit`` texts, best first, none much like one chosen before it (MMR).

    ``texts`` are (text, language); ``relevance`` is any scale, higher is better.
    """
    bags = [Counter(tokens(text, language)) for text, language in texts]
    top = max(relevance, default=0.0) or 1.0
    repeated = [0.0] * len(texts)  # how much each is like the most similar of those chosen
    chosen: list[int] = []
    waiting = list(range(len(texts)))
    while waiting and len(chosen) < limit:
        best = max(waiting, key=lambda n: MMR * (relevance[n] / top) - (1 - MMR) * repeated[n])
        waiting.remove(best)
        chosen.append(best)
        for n in waiting:
            repeated[n] = max(repeated[n], cosine(bags[n], bags[best]))
    return chosen
