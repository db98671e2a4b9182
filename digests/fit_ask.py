"""Fitting the scores that rank facts and refuse questions: what ``kakehashi eval ask --fit`` does.

First the weights of the ranking: a softmax over the facts found for each answerable question, so that the right ones
come first. Then, with that ranking, a logistic regression over the best fact of every question: is it answered? Both
are fitted by Newton's or gradient steps with a ridge penalty, the second also ten times without a tenth of the
questions, so that the printed AUROC is of questions that the weights had not seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digests.search.scoring import DECIDING, FEATURES, Weights

Vector = NDArray[np.float64]
FOLDS = 10
MOST_REFUSED = 0.03
"""Of answerable questions whose like the fit has not seen: about as far below what may be refused wrongly (5 %) as what
is refused rightly then is above what must be (90 %)."""
_RIDGE = 1.0
_RIDGE_DECIDING = 30.0
_STEPS = 400
_RATE = 0.1
BEFORE = Weights(
    ranking=dict.fromkeys(FEATURES, 0.0) | dict.fromkeys(("coverage", "reached", "likest", "together"), 1.0),
    deciding=dict.fromkeys(DECIDING, 0.0),
    intercept=0.0,
    threshold=0.5,
)
"""What the fit begins with: enough to find candidates."""
_SHIPPED = Path(__file__).parent / "search" / "scoring.json"


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the features of every fact found for it, and which of these answer it (none: unanswerable)."""

    group: int
    """Questions of one group are never in both halves of a fold: translations of one question are."""
    answerable: bool
    features: tuple[Mapping[str, float], ...]
    right: tuple[bool, ...]
    deciding: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights with how well they tell answerable questions: on those they were fitted on, and on unseen ones."""

    weights: Weights
    auroc: float
    auroc_unseen: float
    examples: int
    """A question is one for each archive that it was asked of."""


def fit_ranking(examples: Sequence[Example]) -> dict[str, float]:
    """Weights by feature that put right facts before others, by the likelihood of a softmax."""
    usable = [example for example in examples if any(example.right)]
    matrices = [_matrix(example.features, FEATURES) for example in usable]
    right = [np.array(example.right) for example in usable]

    def gradient(weights: Vector) -> Vector:
        total = -_RIDGE * 0.5 * weights
        for matrix, hits in zip(matrices, right, strict=True):
            score = matrix @ weights
            share = np.exp(score - score.max())
            share /= share.sum()
            wanted = share * hits
            total += matrix.T @ (wanted / wanted.sum() - share)
        return total / len(usable)

    found = _climb(gradient, len(FEATURES))
    return dict(zip(FEATURES, map(float, found), strict=True))


def fit_deciding(examples: Sequence[Example], ranking: Mapping[str, float]) -> Fit:
    """Weights that tell whether the best fact answers. The threshold is set on the unseen tenths: the one that refuses
    most unanswerable questions while refusing at most :data:`MOST_REFUSED` of the answerable ones."""
    usable = [example for example in examples if example.deciding is not None]
    matrix = _matrix([example.deciding or {} for example in usable], DECIDING)
    answered = np.array([float(example.answerable) for example in usable])
    folds = np.array([example.group % FOLDS for example in usable])
    unseen = np.zeros(len(usable))
    for fold in range(FOLDS):
        kept = folds != fold
        if (folds == fold).any() and kept.any():
            unseen[~kept] = _chances(matrix[~kept], _logistic(matrix[kept], answered[kept]))
    fitted = _logistic(matrix, answered)
    weights = Weights(
        ranking=ranking,
        deciding=dict(zip(DECIDING, map(float, fitted[:-1]), strict=True)),
        intercept=float(fitted[-1]),
        threshold=float(np.quantile(unseen[answered == 1], MOST_REFUSED)),
    )
    return Fit(weights, auroc(_chances(matrix, fitted), answered), auroc(unseen, answered), len(usable))


def auroc(scores: Vector, positive: Vector) -> float:
    """The chance that a positive has the higher score of a random pair; ties count half."""
    high, low = scores[positive == 1], scores[positive == 0]
    above = (high[:, None] > low[None, :]).sum() + 0.5 * (high[:, None] == low[None, :]).sum()
    return float(above / (len(high) * len(low)))


def save(weights: Weights, path: Path = _SHIPPED) -> None:
    """Write weights as the JSON that :func:`digests.search.scoring.weights` reads."""
    content = {
        "ranking": {name: round(value, 4) for name, value in weights.ranking.items()},
        "deciding": {name: round(value, 4) for name, value in weights.deciding.items()},
        "intercept": round(weights.intercept, 4),
        "threshold": round(weights.threshold, 4),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _matrix(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> Vector:
    return np.array([[row[name] for name in names] for row in rows]).reshape(len(rows), len(names))


def _chances(matrix: Vector, weights: Vector) -> Vector:
    chances: Vector = 1 / (1 + np.exp(-(matrix @ weights[:-1] + weights[-1])))
    return chances


def _logistic(matrix: Vector, answered: Vector) -> Vector:
    """Ridge logistic regression by Newton's method; the last weight is the intercept and is not shrunk. The ridge is
    put on features of equal spread, so that it does not depend on their units."""
    spread = np.where(matrix.std(axis=0) > 0, matrix.std(axis=0), 1.0)
    full = np.hstack([matrix / spread, np.ones((len(matrix), 1))])
    ridge = np.diag([_RIDGE_DECIDING] * matrix.shape[1] + [1e-6])
    weights = np.zeros(full.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(full @ weights)))
        slope = full.T @ (answered - chance) - ridge @ weights
        curve = (full.T * (chance * (1 - chance))) @ full + ridge
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    weights[:-1] /= spread
    return weights


def _climb(gradient: object, size: int) -> Vector:
    """Adam's steps up a gradient."""
    assert callable(gradient)
    weights, first, second = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, _STEPS + 1):
        slope = gradient(weights)
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope * slope
        weights = weights + _RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weights
