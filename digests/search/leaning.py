"""How a question's words lean: to questions that a dossier answers, or to those that nothing in it does.

Precedents are compared as wholes (:mod:`digests.search.precedents`). But what makes a question unanswerable is often
one turn, whatever it is asked about: "what rank", "on which page", "by how many votes". Such words and pairs of words
stand in questions about all kinds of facts, and are counted here over all of them (naive Bayes, without a prior).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LEAST = 3
"""Precedents that must hold a turn before it says anything."""
_SMOOTHING = 0.7
_MOST = 12.0


@dataclass(frozen=True, slots=True)
class Lean:
    """Above zero: as answered questions are worded. ``whole`` is the logarithm of the odds, at most 12 either way;
    ``each`` its mean over the turns that say anything, 0 when none does."""

    whole: float
    each: float


UPRIGHT = Lean(0.0, 0.0)
"""What nothing is known of."""


class Leaning:
    """The turns of one language's precedents with how each leans."""

    def __init__(self, answered: Iterable[Sequence[str]], unanswered: Iterable[Sequence[str]]) -> None:
        """From the tokens of each precedent, in order."""
        yes, of_yes = _counted(answered)
        no, of_no = _counted(unanswered)
        more = math.log((of_no + 2 * _SMOOTHING) / (of_yes + 2 * _SMOOTHING))
        self._leans = {
            turn: math.log((yes[turn] + _SMOOTHING) / (no[turn] + _SMOOTHING)) + more
            for turn in yes.keys() | no.keys()
            if yes[turn] + no[turn] >= _LEAST
        }

    def of(self, tokens: Sequence[str]) -> Lean:
        """How a question of these tokens leans."""
        known = [lean for turn in _turns(tokens) if (lean := self._leans.get(turn)) is not None]
        if not known:
            return UPRIGHT
        whole = sum(known)
        return Lean(max(-_MOST, min(_MOST, whole)), whole / len(known))


def _counted(questions: Iterable[Sequence[str]]) -> tuple[Counter[str], int]:
    """In how many questions each turn stands, and how many questions there are."""
    turns: Counter[str] = Counter()
    count = 0
    for tokens in questions:
        turns.update(_turns(tokens))
        count += 1
    return turns, count


def _turns(tokens: Sequence[str]) -> set[str]:
    """The words and the pairs of neighbouring words."""
    return {*tokens, *(f"{first} {second}" for first, second in itertools.pairwise(tokens))}
