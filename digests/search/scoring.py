"""The fitted scores: which of the units found answers a question best, and whether that one answers it at all.

Both are linear in the same features. What each feature is worth was fitted on labelled questions by
``kakehashi eval ask --fit`` (:mod:`digests.fit_ask`), which writes ``scoring.json`` and prints how well the second
score tells questions that the archive answers from those that it does not (AUROC).
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from digests.search import evidence
from digests.search.analysers import GROUPS, group_of
from digests.search.likeness import Likeness
from digests.search.questions import Question, Wanted
from digests.search.support import IMPLIED, UNDONE, Support

MEASURED = frozenset((Wanted.MONEY, Wanted.COUNT, Wanted.DURATION, Wanted.SHARE))
FEATURES = (
    "coverage",
    "reached",
    "likest",
    "very like",
    "together",
    "doing",
    "liking",
    "fits",
    "unfit",
    "names lost",
    "a name lost",
    "date lost",
    "number lost",
    "too old",
    "tells nothing",
    "undone",
    "outdated",
    "newness",
    "asked for lost",
    "predicate lost",
    "thin",
    "unlike",
    "words lost",
    "letters",
    "votes",
)
"""Features of a unit for a question, in the order of the weights."""
DECIDING = (
    *FEATURES,
    "ahead",
    "unknown words",
    "premise fails",
    "letters answered",
    "lean",
    "score",
    "share",
    "share of three",
    *(f"wants {kind.value}" for kind in Wanted),
    *(f"in {group}" for group in GROUPS),
    "rules",
    "best by rules",
)
"""Features of the best unit by which the answer is given or refused."""
MOST_AHEAD = 5.0
_LOWEST, _HIGHEST = -10.0, 30.0
_VERY_LIKE = 0.5
_THIN = 0.6
_NO_LIKENESS = 0.15
_HARDLY = 0.32
_UNKNOWN = 0.6
_UNLIKE = 0.3


_in_order: Callable[[Mapping[str, float]], tuple[float, ...]] = operator.itemgetter(*FEATURES)


@dataclass(frozen=True, slots=True)
class Weights:
    """Fitted weights by feature. A question is answered when its deciding score is at least ``threshold``."""

    ranking: Mapping[str, float]
    deciding: Mapping[str, float]
    intercept: float
    threshold: float
    of_features: tuple[float, ...] = field(init=False, repr=False, compare=False)
    """Those of ``ranking`` in the order of :data:`FEATURES`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "of_features", _in_order(self.ranking))


@cache
def weights() -> Weights:
    """The fitted weights that the package ships with."""
    read = json.loads(files("digests.search").joinpath("scoring.json").read_text(encoding="utf-8"))
    return Weights(read["ranking"], read["deciding"], read["intercept"], read["threshold"])


def features(support: Support, question: Question, newness: float) -> dict[str, float]:
    """What speaks for and against a unit. ``newness`` runs from 0 (the oldest unit found) to 1."""
    unit = support.unit
    query = question.query
    names, words = query.named, query.words
    lost = [concept for concept in names if support.meant[concept.id] < IMPLIED]
    missing = [concept for concept in words if support.meant[concept.id] == 0]
    measured = question.wanted[0] in MEASURED or question.wanted[0] is Wanted.PERSON
    predicate = question.predicate
    fact = unit.fact
    wanted = [concept for concept in (question.counted, question.asked_for) if concept]
    return {
        "coverage": support.coverage,
        "reached": support.reached,
        "likest": support.likest,
        "very like": max(0.0, support.likest - _VERY_LIKE),
        "together": support.together,
        "doing": support.doing,
        "liking": support.score - support.coverage,
        "fits": float(measured and support.fits),
        "unfit": float(measured and not support.fits),
        "names lost": len(lost) / len(names) if names else 0.0,
        "a name lost": float(bool(lost)),
        "date lost": float(any(support.found[concept.id] == 0 for concept in query.dates)),
        "number lost": float(any(support.found[concept.id] == 0 for concept in query.numbers)),
        "too old": float(question.after is not None and f"{unit.date}-99" < question.after.isoformat()),
        "tells nothing": float(evidence.tells_nothing(unit.texts.values())),
        "undone": float(question.presupposes and fact is not None and fact.status in UNDONE),
        "outdated": float(fact is not None and bool(fact.superseded_by) and not question.early),
        "newness": (1 - newness) if question.early else newness,
        "asked for lost": float(any(support.meant.get(concept.id, 1.0) == 0 for concept in wanted)),
        "predicate lost": float(predicate is not None and support.meant.get(predicate.id, 1.0) == 0),
        "thin": max(0.0, _THIN - support.reached),
        "unlike": max(0.0, _UNLIKE - support.likest),
        "words lost": len(missing) / len(words) if words else 0.0,
        "letters": support.letters,
        "votes": support.votes,
    }


def rank_score(found: Mapping[str, float], fitted: Weights) -> float:
    """How good an answer a unit is beside the others: higher is better, of no unit."""
    return float(sum(map(operator.mul, fitted.of_features, _in_order(found))))


def deciding(
    best: Mapping[str, float],
    question: Question,
    *,
    scores: Sequence[float],
    unknown: float,
    premise_fails: bool,
    letters: Likeness,
    lean: float,
    passing: bool,
    best_passes: bool,
) -> dict[str, float]:
    """The features of the best unit with those of the whole search: how far it is ahead of the next and which share of
    all it is (``scores``: of every unit, best first), which share of the question's words (by rarity) nothing near
    holds, whether what the question takes for granted is denied, how like precedents are by letters, how the question's
    turns lean, and whether any unit near, and the best, pass the rules that passages of news have to pass."""
    shares = [math.exp(score - scores[0]) for score in scores]
    shares = [share / sum(shares) for share in shares]
    return {
        **best,
        "letters answered": letters.likest,
        "lean": lean,
        "ahead": min(scores[0] - scores[1], MOST_AHEAD) if len(scores) > 1 else MOST_AHEAD,
        "score": max(_LOWEST, min(_HIGHEST, scores[0])),
        "share": shares[0],
        "share of three": sum(shares[:3]),
        **{f"wants {kind.value}": float(question.wanted[0] is kind) for kind in Wanted},
        **{f"in {group}": float(group_of(question.language) == group) for group in GROUPS},
        "unknown words": unknown,
        "premise fails": float(premise_fails),
        "rules": float(passing),
        "best by rules": float(best_passes),
    }


def hopeless(found: Mapping[str, float]) -> bool:
    """Whether no fit is needed: hardly a word of the question is there."""
    return found["likest"] < _NO_LIKENESS and found["reached"] < _HARDLY and found["unknown words"] > _UNKNOWN


def probability(found: Mapping[str, float], fitted: Weights) -> float:
    """How likely it is that the best unit answers the question, 0 to 1."""
    if hopeless(found):
        return 0.0
    total = fitted.intercept + sum(fitted.deciding[name] * found[name] for name in DECIDING)
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))
