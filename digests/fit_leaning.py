"""Fitting what each turn of a question weighs in how the question leans (:mod:`digests.search.leaning`).

Ridge regression: the weights that come nearest to telling every precedent's own outcome (1 answered, -1 not) from its
turns, while staying small. Solved by conjugate gradients: fifty thousand questions with 150 turns each take a minute,
as reading them does.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digests.glossary import Glossary
from digests.model import Precedent
from digests.search.leaning import PLACES, Leaning, places, turns
from digests.search.questions import analyse
from digests.search.terms import Terms
from digests.story import Story

Vector = NDArray[np.float64]
_RIDGE = 0.1
"""Of 0.03, 0.1, 0.3 and 1 the best on the judged questions."""
_STEPS = 300
_ENOUGH = 1e-4
"""How small, beside the first, the rest may be at which the solver stops."""
_LARGEST = 127


def fit_leaning(story: Story, more: Iterable[Precedent] = ()) -> Leaning:
    """The weights of all turns of a story's precedents, and of ``more`` questions about it whose outcome is known."""
    precedents = (*story.precedents, *more)
    held = _Held.of(precedents, Terms(Glossary(story.glossary)))
    outcome = np.array([1.0 if precedent.facts else -1.0 for precedent in precedents])
    mean = float(outcome.mean())
    weights = _solve(held, outcome - mean)
    step = float(np.abs(weights).max()) / _LARGEST or 1.0
    return Leaning(story.id, mean, step, np.rint(weights / step).astype(np.int8).tobytes())


@dataclass(frozen=True, slots=True)
class _Held:
    """Which turns each question holds (at least that of what it wants), each with the same part of it, so that every
    question is as long as any."""

    at: NDArray[np.int64]
    """The places of the turns, question by question."""
    starts: NDArray[np.int64]
    """Where in ``at`` each question begins."""
    counts: NDArray[np.int64]
    parts: Vector
    """What each turn of a question counts, by question."""

    @classmethod
    def of(cls, precedents: Sequence[Precedent], terms: Terms) -> _Held:
        at, counts = array("q"), array("q")
        for precedent in precedents:
            found = places(turns(analyse(precedent.text, precedent.language, terms)))
            at.extend(found)
            counts.append(len(found))
        number = np.frombuffer(counts, dtype=np.int64)
        return cls(np.frombuffer(at, dtype=np.int64), np.cumsum(number) - number, number, 1 / np.sqrt(number))

    def told(self, weights: Vector) -> Vector:
        """How each question leans by weights."""
        return self.parts * np.add.reduceat(weights[self.at], self.starts)

    def back(self, errors: Vector) -> Vector:
        """What each turn has of the errors of the questions that hold it."""
        own = np.repeat(self.parts * errors, self.counts)
        return np.bincount(self.at, weights=own, minlength=PLACES).astype(np.float64, copy=False)


def _solve(held: _Held, outcome: Vector) -> Vector:
    """Conjugate gradients on the normal equations of the ridge."""
    weights = np.zeros(PLACES)
    rest = held.back(outcome)
    direction = rest.copy()
    left = first = float(rest @ rest)
    for _ in range(_STEPS):
        if left <= _ENOUGH**2 * first:
            break
        along = held.back(held.told(direction)) + _RIDGE * direction
        size = left / float(direction @ along)
        weights += size * direction
        rest -= size * along
        before, left = left, float(rest @ rest)
        direction = rest + (left / before) * direction
    return weights
