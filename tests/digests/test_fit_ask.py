"""The fit of the scores that rank facts and refuse questions."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from digests.fit_ask import BEFORE, MOST_REFUSED, Example, auroc, fit_deciding, fit_ranking, save
from digests.search import scoring
from digests.search.scoring import DECIDING, FEATURES


def unit(**given: float) -> dict[str, float]:
    return dict.fromkeys(FEATURES, 0.0) | given


def decided(**given: float) -> Mapping[str, float]:
    return dict.fromkeys(DECIDING, 0.0) | {"likest": 0.5} | given


def examples(seed: int, *, count: int = 120) -> list[Example]:
    """Right facts cover more; questions without an answer cover less. Both with noise."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        answerable = number % 3 != 0
        right = unit(coverage=rng.gauss(0.8, 0.1), newness=rng.random())
        wrong = [unit(coverage=rng.gauss(0.4, 0.1), newness=rng.random()) for _ in range(4)]
        units = [*wrong, right] if answerable else wrong
        best = rng.gauss(0.8 if answerable else 0.4, 0.1)
        hits = (False,) * 4 + (True,) * answerable
        made.append(Example(number, answerable, tuple(units), hits, decided(coverage=best)))
    return made


def test_the_ranking_learns_which_feature_tells_the_right_fact() -> None:
    fitted = fit_ranking(examples(1))
    assert fitted["coverage"] > 2
    assert abs(fitted["newness"]) < 0.5 * fitted["coverage"]
    for example in examples(2):
        if example.answerable:
            scores = [sum(fitted[name] * found[name] for name in FEATURES) for found in example.features]
            assert np.argmax(scores) == 4 or max(scores[:4]) - scores[4] < 1


def test_the_decision_tells_what_can_be_answered_also_of_questions_it_has_not_seen() -> None:
    fit = fit_deciding(examples(3), BEFORE.ranking)
    assert fit.examples == 120
    assert fit.auroc > 0.95
    assert fit.auroc_unseen > 0.9
    refused = [
        scoring.probability(example.deciding, fit.weights) < fit.weights.threshold
        for example in examples(4, count=300)
        if example.answerable and example.deciding
    ]
    assert sum(refused) / len(refused) < 2.5 * MOST_REFUSED


def test_labels_that_mean_nothing_are_told_by_an_auroc_of_a_half() -> None:
    rng = random.Random(5)
    shuffled = [Example(number, rng.random() < 0.5, (), (), decided(coverage=rng.random())) for number in range(200)]
    assert 0.35 < fit_deciding(shuffled, BEFORE.ranking).auroc_unseen < 0.65


def test_auroc_counts_pairs_and_ties_for_half() -> None:
    assert auroc(np.array([0.9, 0.8, 0.1]), np.array([1.0, 1.0, 0.0])) == 1
    assert auroc(np.array([0.1, 0.9]), np.array([1.0, 0.0])) == 0
    assert auroc(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 0.5


def test_what_is_saved_is_what_answering_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = fit_deciding(examples(6), BEFORE.ranking).weights
    save(weights, tmp_path / "scoring.json")
    monkeypatch.setattr(scoring, "files", lambda _: tmp_path)
    scoring.weights.cache_clear()
    try:
        read = scoring.weights()
    finally:
        monkeypatch.undo()
        scoring.weights.cache_clear()
    assert read.deciding == pytest.approx(weights.deciding, abs=1e-4)
    assert read.threshold == pytest.approx(weights.threshold, abs=1e-4)


def test_the_shipped_weights_have_every_feature() -> None:
    shipped = scoring.weights()
    assert set(shipped.ranking) == set(FEATURES)
    assert set(shipped.deciding) == set(DECIDING)
    assert 0 < shipped.threshold < 1
