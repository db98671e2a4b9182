"""Questions whose outcome is known, as precedents for a new one: which are most like it, and were they answered?

A story's ``questions.yaml`` names questions that its facts answer and questions that nothing answers. A new question is
compared with all of its language, by words and by letters (runs of four, in Japanese of two, which see through endings
and slips of the pen). That the most similar ones were answered, and by which fact, tells more than any score of a text.
What all of them together tell is the verdict (:mod:`digests.search.verdicts`); what single turns tell,
:mod:`digests.search.leaning` counts.

Everything is counted over inverted lists of small integers: some thousand questions take a few megabytes and a
comparison a few milliseconds.
"""

from __future__ import annotations

import math
import operator
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from digests.model import Precedent
from digests.search import analysers, verdicts
from digests.search.leaning import UPRIGHT, Lean, Leaning

NEIGHBOURS = 10
"""How many of the most similar precedents have a vote."""
_FEW = 3
_SHARPNESS = 3
"""The power to which a similarity is taken as the weight of a vote."""
_LOOKED_AT = 60
_MOST_SHORT = 65_536
_COMMON = 30
_COMMON_SHARE = 8
"""What more than an eighth of the precedents hold is not looked at."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the precedents say of a question. All but ``verdict`` run from 0 to 1."""

    of_fact: Mapping[str, float]
    """The likeliest precedent of each fact."""
    answered: float
    """The likeliest of all that were answered."""
    unanswered: float
    """The likeliest of those that nothing answers."""
    few_answered: float
    """The mean of the three likeliest that were answered."""
    few_unanswered: float
    vote: float
    """The share of the :data:`NEIGHBOURS` likeliest, by similarity, that were answered; a half when there are none."""
    votes: Mapping[str, float]
    """The share of them that each fact answers."""
    verdict: float
    """What all precedents together say, by fitted weights. Likeness by words and by letters each give a part: the sum
    is near 1 for a question like answered ones, near -1 for one like unanswered ones, and 0 without weights."""


_NONE = Likeness({}, 0.0, 0.0, 0.0, 0.0, 0.5, {}, 0.0)


class Precedents:
    """The precedents of one story. Making one takes about 0.2 ms a question: do it in a thread."""

    def __init__(self, precedents: Iterable[Precedent], weights: verdicts.Weights | None = None) -> None:
        """``weights``: what each weighs in the verdict."""
        by_group: dict[str, list[Precedent]] = {}
        for precedent in precedents:
            by_group.setdefault(analysers.group_of(precedent.language), []).append(precedent)
        self._words: dict[str, _Space] = {}
        self._letters: dict[str, _Space] = {}
        self._leaning: dict[str, Leaning] = {}
        for group, found in by_group.items():
            tokens = [analysers.tokens(precedent.text, group) for precedent in found]
            facts = [precedent.facts for precedent in found]
            weighed = array("f", map(weights.of, found) if weights else ())
            self._words[group] = _Space(facts, map(dict.fromkeys, tokens), weighed)
            self._letters[group] = _Space(facts, _letters((precedent.text for precedent in found), group), weighed)
            self._leaning[group] = Leaning(
                (own for own, facts_ in zip(tokens, facts, strict=True) if facts_),
                (own for own, facts_ in zip(tokens, facts, strict=True) if not facts_),
            )

    def by_words(self, text: str, language: str) -> Likeness:
        """Compare by the tokens of the language's analyser, rare ones counting more."""
        group = analysers.group_of(language)
        space = self._words.get(group)
        return space.likeness(tuple(dict.fromkeys(analysers.tokens(text, group)))) if space else _NONE

    def by_letters(self, text: str, language: str) -> Likeness:
        """Compare by runs of letters within words, rare ones counting more."""
        group = analysers.group_of(language)
        space = self._letters.get(group)
        return space.likeness(next(_letters([text], group))) if space else _NONE

    def alike(self, text: str, language: str) -> Iterator[tuple[Sequence[int], Sequence[float]]]:
        """By words, then by letters: the precedents of the language that are like at all, by their numbers in the order
        given, and how similar each is."""
        group = analysers.group_of(language)
        if group in self._words:
            yield self._words[group].alike(tuple(dict.fromkeys(analysers.tokens(text, group))))
            yield self._letters[group].alike(next(_letters([text], group)))

    def lean(self, text: str, language: str) -> Lean:
        """How the question's words lean, whatever it is about."""
        group = analysers.group_of(language)
        leaning = self._leaning.get(group)
        return leaning.of(analysers.tokens(text, group)) if leaning else UPRIGHT


class _Space:
    """Precedents of one language as inverted lists of one sort of feature."""

    def __init__(self, facts: Sequence[tuple[str, ...]], held: Iterable[Iterable[str]], weighed: array[float]) -> None:
        """From the facts that each precedent was answered by, its different features and its weight, if there are
        weights."""
        self._facts = facts
        self._weighed = weighed
        self._count = len(facts)
        size = "H" if self._count < _MOST_SHORT else "I"
        lists: defaultdict[str, array[int]] = defaultdict(partial(array, size))
        for number, own in enumerate(held):
            for feature in own:
                lists[feature].append(number)
        common = max(_COMMON, self._count // _COMMON_SHARE)
        # What very many have tells nothing and costs most.
        self._ignored = frozenset(feature for feature, found in lists.items() if len(found) > common)
        for feature in self._ignored:
            del lists[feature]
        squares = [0.0] * self._count
        for found in lists.values():
            weight = self._weight(len(found))
            for number in found:
                squares[number] += weight
        self._norms = array("d", (math.sqrt(square) or 1.0 for square in squares))
        # What one alone has is kept without a list.
        self._lists = {feature: found for feature, found in lists.items() if len(found) > 1}
        self._alone = {feature: found[0] for feature, found in lists.items() if len(found) == 1}

    def _weight(self, holding: int) -> float:
        return math.log1p(self._count / holding) ** 2

    def likeness(self, features: Sequence[str]) -> Likeness:
        """What the precedents say of a question with these different features."""
        numbers, alike = self.alike(features)
        if not numbers:
            return _NONE
        least = sorted(alike)[-_LOOKED_AT:][0]
        best = [(score, number) for number, score in zip(numbers, alike, strict=True) if score >= least]
        best.sort(reverse=True)
        return self._told(best[:_LOOKED_AT], self._verdict(numbers, alike))

    def alike(self, features: Sequence[str]) -> tuple[list[int], list[float]]:
        """The numbers of all precedents that have any of these features, and how similar each is."""
        scores = [0.0] * self._count
        squared = 0.0
        for feature in features:
            if feature in self._ignored:
                continue
            holding: Sequence[int] = self._lists.get(feature, ())
            if not holding and feature in self._alone:
                holding = (self._alone[feature],)
            weight = self._weight(len(holding) or 1)
            squared += weight
            for number in holding:
                scores[number] += weight
        norm, norms = math.sqrt(squared), self._norms
        # Plain numbers: pairs of all that are alike at all would wake the garbage collector at every question.
        numbers = [number for number, score in enumerate(scores) if score]
        return numbers, [scores[number] / (norm * norms[number]) for number in numbers]

    def _verdict(self, numbers: Sequence[int], alike: Sequence[float]) -> float:
        """The sum of each weight times :func:`digests.search.verdicts.nearness`, in loops of C."""
        if not self._weighed:
            return 0.0
        linear = [*map(operator.mul, map(self._weighed.__getitem__, numbers), alike)]
        return float(verdicts.LINEAR * sum(linear) + sum(map(operator.mul, linear, alike)))

    def _told(self, alike: Sequence[tuple[float, int]], verdict: float) -> Likeness:
        of_fact: dict[str, float] = {}
        answered: list[float] = []
        unanswered: list[float] = []
        for score, number in alike:
            facts = self._facts[number]
            (answered if facts else unanswered).append(score)
            for fact in facts:
                of_fact.setdefault(fact, score)
        weights = [(score**_SHARPNESS, self._facts[number]) for score, number in alike[:NEIGHBOURS]]
        whole = sum(weight for weight, _ in weights)
        votes: dict[str, float] = {}
        for weight, facts in weights:
            for fact in facts:
                votes[fact] = votes.get(fact, 0.0) + weight / whole
        return Likeness(
            of_fact,
            max(answered, default=0.0),
            max(unanswered, default=0.0),
            _mean(answered[:_FEW]),
            _mean(unanswered[:_FEW]),
            sum(weight for weight, facts in weights if facts) / whole if whole else 0.5,
            votes,
            verdict,
        )


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores else 0.0


def _letters(texts: Iterable[str], language: str) -> Iterator[tuple[str, ...]]:
    """The different runs of letters of each text."""
    if language == "ja":  # there are hardly any words between spaces, and none comes again
        for text in texts:
            yield tuple(dict.fromkeys(run for word in text.lower().split() for run in _runs(word, 2)))
        return
    known: dict[str, tuple[str, ...]] = {}
    for text in texts:
        runs: dict[str, None] = {}
        for word in text.lower().split():
            own = known.get(word)
            if own is None:
                own = known[word] = tuple(map(sys.intern, _runs(word, 4)))
            runs.update(dict.fromkeys(own))
        yield tuple(runs)


def _runs(word: str, size: int) -> Iterator[str]:
    padded = f" {word} "
    return (padded[at : at + size] for at in range(max(1, len(padded) - size + 1)))
