"""Questions whose outcome is known, as precedents for a new one: which are most like it, and were they answered?

A story's ``questions.yaml`` names questions that its facts answer and questions that nothing answers. A new question is
compared with all of its language, by words and by letters (runs of four, in Japanese of two, which see through endings
and slips of the pen). That the most similar ones were answered, and by which fact, tells more than any score of a text.
What single turns tell, :mod:`digests.search.leaning` counts.

Everything is counted over inverted lists of small integers: some thousand questions take a few megabytes and a
comparison a few milliseconds.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from digests.model import Precedent
from digests.search import analysers
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
    """What the precedents say of a question; all similarities run from 0 to 1."""

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


_NONE = Likeness({}, 0.0, 0.0, 0.0, 0.0, 0.5, {})


class Precedents:
    """The precedents of one story. Making one takes about 0.2 ms a question: do it in a thread."""

    def __init__(self, precedents: Iterable[Precedent]) -> None:
        by_group: dict[str, list[Precedent]] = {}
        for precedent in precedents:
            by_group.setdefault(analysers.group_of(precedent.language), []).append(precedent)
        self._words: dict[str, _Space] = {}
        self._letters: dict[str, _Space] = {}
        self._leaning: dict[str, Leaning] = {}
        for group, found in by_group.items():
            tokens = [analysers.tokens(precedent.text, group) for precedent in found]
            facts = [precedent.facts for precedent in found]
            self._words[group] = _Space(facts, [tuple(dict.fromkeys(own)) for own in tokens])
            self._letters[group] = _Space(facts, _letters([precedent.text for precedent in found], group))
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
        return space.likeness(_letters([text], group)[0]) if space else _NONE

    def lean(self, text: str, language: str) -> Lean:
        """How the question's words lean, whatever it is about."""
        group = analysers.group_of(language)
        leaning = self._leaning.get(group)
        return leaning.of(analysers.tokens(text, group)) if leaning else UPRIGHT


class _Space:
    """Precedents of one language as inverted lists of one sort of feature."""

    def __init__(self, facts: Sequence[tuple[str, ...]], held: Sequence[tuple[str, ...]]) -> None:
        """From the facts that each precedent was answered by, and its different features."""
        self._facts = facts
        lists: dict[str, array[int]] = {}
        size = "H" if len(held) < _MOST_SHORT else "I"
        for number, own in enumerate(held):
            for feature in own:
                found = lists.get(feature)
                if found is None:
                    lists[feature] = array(size, (number,))
                else:
                    found.append(number)
        self._count = len(held)
        common = max(_COMMON, self._count // _COMMON_SHARE)
        weights = {name: self._weight(len(found)) if len(found) <= common else 0.0 for name, found in lists.items()}
        self._norms = array("f", (math.sqrt(sum(map(weights.__getitem__, own))) or 1.0 for own in held))
        # What very many have tells nothing and costs most. What one alone has is kept without a list: it is most.
        self._lists = {feature: found for feature, found in lists.items() if 1 < len(found) <= common}
        self._alone = {feature: found[0] for feature, found in lists.items() if len(found) == 1}
        self._ignored = frozenset(feature for feature, found in lists.items() if len(found) > common)

    def _weight(self, holding: int) -> float:
        return math.log1p(self._count / holding) ** 2

    def likeness(self, features: Sequence[str]) -> Likeness:
        own = [feature for feature in features if feature not in self._ignored]
        if not own:
            return _NONE
        scores = [0.0] * self._count
        touched: set[int] = set()
        squared = 0.0
        for feature in own:
            holding = self._lists.get(feature)
            if holding is None and feature in self._alone:
                holding = array("I", (self._alone[feature],))
            weight = self._weight(len(holding) if holding else 1)
            squared += weight
            if holding:
                touched.update(holding)
                for number in holding:
                    scores[number] += weight
        norm = math.sqrt(squared)
        # Plain numbers first: pairs of all that are alike at all would wake the garbage collector at every question.
        alike = {number: scores[number] / (norm * self._norms[number]) for number in touched}
        least = sorted(alike.values())[-_LOOKED_AT:][:1]
        best = [(score, number) for number, score in alike.items() if score >= least[0]] if least else []
        best.sort(reverse=True)
        return self._told(best[:_LOOKED_AT])

    def _told(self, alike: Sequence[tuple[float, int]]) -> Likeness:
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
        )


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores else 0.0


def _letters(texts: Sequence[str], language: str) -> list[tuple[str, ...]]:
    """The different runs of letters of each text."""
    size = 2 if language == "ja" else 4
    known: dict[str, tuple[str, ...]] = {}
    found = []
    for text in texts:
        runs: dict[str, None] = {}
        for word in text.lower().split():
            own = known.get(word)
            if own is None:
                padded = f" {word} "
                own = known[word] = tuple(padded[at : at + size] for at in range(max(1, len(padded) - size + 1)))
            for run in own:
                runs[run] = None
        found.append(tuple(runs))
    return found
