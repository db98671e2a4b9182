"""Questions that facts answer, as precedents for a new one: which are most like it, and what answered them?

A story's ``questions.yaml`` names them. A new question is compared with all of its language, by words and by letters
(runs of four, in Japanese of two, which see through endings and slips of the pen). Which facts answered the most
similar ones tells more than any score of a text. Questions that nothing answers are not among them: how those are
worded, :mod:`digests.search.leaning` knows.

Everything is counted over inverted lists of small integers with numpy: eight thousand questions of a language are
compared with in less than a millisecond. Numpy takes 0.15 s and ten megabytes when it is first imported, so this module
is imported where precedents are made, in a thread.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from digests.model import Precedent
from digests.search import analysers
from digests.search.likeness import NEIGHBOURS, UNLIKE, Likeness

_SHARPNESS = 3
"""The power to which a similarity is taken as the weight of a vote."""
_LOOKED_AT = 60
_RUNS = {"ja": 2}
_RUN = 4
"""Characters of a run: in Japanese two say what four letters do."""
_MULTIPLIER = np.uint64(0x100000001B3)
_MOST_SHORT = 65_536
_COMMON = 30
_COMMON_SHARE = 8
"""What more than an eighth of the precedents hold is not looked at."""


class Precedents:
    """The precedents of one story. Making one takes about 0.05 ms a question: do it in a thread."""

    def __init__(self, precedents: Iterable[Precedent], read: analysers.Reads = analysers.tokens) -> None:
        """``read`` gives the tokens of a precedent in a language group."""
        by_group: dict[str, list[Precedent]] = {}
        for precedent in filter(lambda one: one.facts, precedents):
            by_group.setdefault(analysers.group_of(precedent.language), []).append(precedent)
        self._words: dict[str, _ByWords] = {}
        self._letters: dict[str, _ByLetters] = {}
        for group, found in by_group.items():
            facts = [precedent.facts for precedent in found]
            texts = [precedent.text for precedent in found]
            self._words[group] = _ByWords(facts, (read(text, group) for text in texts))
            self._letters[group] = _ByLetters(facts, texts, _RUNS.get(group, _RUN))

    def by_words(self, text: str, language: str) -> Likeness:
        """Compare by the tokens of the language's analyser, rare ones counting more."""
        group = analysers.group_of(language)
        known = self._words.get(group)
        return known.likeness(analysers.tokens(text, group)) if known else UNLIKE

    def by_letters(self, text: str, language: str) -> Likeness:
        """Compare by runs of letters within words, rare ones counting more."""
        known = self._letters.get(analysers.group_of(language))
        return known.likeness(text) if known else UNLIKE


class _ByWords:
    """Precedents of one language by their words."""

    def __init__(self, facts: Sequence[tuple[str, ...]], held: Iterable[Iterable[str]]) -> None:
        numbers: defaultdict[str, int] = defaultdict()
        numbers.default_factory = numbers.__len__
        flat, counts = array("I"), array("I")
        for own in held:
            before = len(flat)
            flat.extend(map(numbers.__getitem__, dict.fromkeys(own)))
            counts.append(len(flat) - before)
        self._numbers: dict[str, int] = dict(numbers)
        self._space = _Space(facts, np.frombuffer(flat, np.uint32), np.frombuffer(counts, np.uint32), len(numbers))

    def likeness(self, words: Iterable[str]) -> Likeness:
        asked = dict.fromkeys(words)
        known = [number for word in asked if (number := self._numbers.get(word)) is not None]
        return self._space.likeness(known, len(asked) - len(known))


class _ByLetters:
    """Precedents of one language by their runs of letters."""

    def __init__(self, facts: Sequence[tuple[str, ...]], texts: Sequence[str], size: int) -> None:
        self._size = size
        found, of_text = _runs(texts, size)
        self._known, numbers = np.unique(found, return_inverse=True)
        # A run counts once, however often a text has it. Sorted: np.unique, which hashes, takes five times as long.
        every = len(self._known) + 1
        pairs = np.sort(of_text * every + numbers)
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        of_text, numbers = pairs // every, pairs % every
        counts = np.bincount(of_text, minlength=len(texts))
        self._space = _Space(facts, numbers.astype(np.uint32), counts, len(self._known))

    def likeness(self, text: str) -> Likeness:
        asked = np.unique(_runs([text], self._size)[0])
        places = np.searchsorted(self._known, asked)
        known = [
            place
            for place, run in zip(places.tolist(), asked, strict=True)
            if place < len(self._known) and self._known[place] == run
        ]
        return self._space.likeness(known, len(asked) - len(known))


def _runs(texts: Sequence[str], size: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The runs of all words of some texts (:func:`digests.search.letters.runs`), each as a number, and which text each
    is of. That two of a hundred thousand runs get one number is not to be expected: there are 2**64."""
    joined = "".join(f" {' '.join(text.lower().split())} \n" for text in texts)
    characters = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    ends = characters == ord("\n")
    blank = ends | (characters == ord(" "))
    of_text = np.cumsum(ends)
    found, starts = [], []
    # Words too short for a run are one with their spaces.
    for length in (size, *range(3, size)):
        number = _windows(characters, length)
        torn = np.zeros(len(number), bool)  # over the end of a word
        for at in range(1, length - 1):
            torn |= blank[at : at + len(number)]
        alone = blank[: len(number)] & blank[length - 1 :]
        if length < size:
            torn |= ~alone
        elif length == 2:
            torn |= alone
        found.append(number[~torn])
        starts.append(of_text[: len(number)][~torn])
    return np.concatenate(found), np.concatenate(starts)


def _windows(characters: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """Of each run of so many characters a number that hardly any other has (FNV's multiplier, modulo 2**64)."""
    count = max(len(characters) - length + 1, 0)
    number = np.zeros(count, np.uint64)
    for at in range(length):
        number = number * _MULTIPLIER + characters[at : at + count]
    return number


class _Space:
    """Precedents of one language as inverted lists of one sort of feature."""

    def __init__(
        self,
        facts: Sequence[tuple[str, ...]],
        features: NDArray[np.uint32],
        counts: NDArray[np.integer],
        different: int,
    ) -> None:
        """From the facts that each precedent was answered by, the numbers of its features, one precedent's after the
        other's, and how many each has; of ``different`` ones."""
        self._facts = facts
        self._count = len(facts)
        numbers = np.arange(self._count, dtype=np.uint16 if self._count <= _MOST_SHORT else np.uint32)
        holders = np.repeat(numbers, counts)
        holding = np.bincount(features, minlength=different)
        # What very many have tells nothing and costs most.
        common = holding > max(_COMMON, self._count // _COMMON_SHARE)
        kept = ~common[features]
        features, holders = features[kept], holders[kept]
        self._weights = np.where(common, 0.0, np.log1p(self._count / np.maximum(holding, 1)) ** 2)
        squares = np.bincount(holders, weights=self._weights[features], minlength=self._count)
        self._norms = np.sqrt(np.where(squares > 0, squares, 1.0))
        self._holders = holders[np.argsort(features, kind="stable")]
        """Those of each feature one after the other."""
        self._ends = np.concatenate(([0], np.cumsum(np.where(common, 0, holding)))).astype(np.uint32)
        """Where the list of each feature begins, and the one before ends."""

    def likeness(self, known: Sequence[int], unknown: int) -> Likeness:
        """What the precedents say of a question with these features and so many that none has."""
        scores = np.zeros(self._count)
        for feature in known:
            scores[self._holders[self._ends[feature] : self._ends[feature + 1]]] += self._weights[feature]
        numbers = np.flatnonzero(scores)
        if not len(numbers):
            return UNLIKE
        # What no precedent has weighs as much as what one has.
        squared = float(self._weights[list(known)].sum()) + unknown * math.log1p(self._count) ** 2
        alike = scores[numbers] / (math.sqrt(squared) * self._norms[numbers])
        if len(numbers) > _LOOKED_AT:
            best = alike >= np.partition(alike, -_LOOKED_AT)[-_LOOKED_AT]
            numbers, alike = numbers[best], alike[best]
        ranked = sorted(zip(alike.tolist(), numbers.tolist(), strict=True), reverse=True)
        return self._told(ranked[:_LOOKED_AT])

    def _told(self, alike: Sequence[tuple[float, int]]) -> Likeness:
        of_fact: dict[str, float] = {}
        for score, number in alike:
            for fact in self._facts[number]:
                of_fact.setdefault(fact, score)
        weights = [(score**_SHARPNESS, self._facts[number]) for score, number in alike[:NEIGHBOURS]]
        whole = sum(weight for weight, _ in weights)
        votes: dict[str, float] = {}
        for weight, facts in weights:
            for fact in facts:
                votes[fact] = votes.get(fact, 0.0) + weight / whole
        return Likeness(of_fact, alike[0][0], votes)
