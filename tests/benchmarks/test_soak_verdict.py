"""What a soak comes to, from samples whose answer is known."""

from __future__ import annotations

import math
from random import Random

import pytest

from benchmarks.soakverdict import Slope, judged, lag_percentile, slope


def samples(rise: float, *, minutes: int = 25, sway: float = 0.0) -> list[tuple[float, float]]:
    """Every five seconds, ``rise`` MB an hour, with chance of ``sway`` MB on every minute and on every sample."""
    rng = Random(7)
    found = []
    for minute in range(minutes):
        base = rng.gauss(0, sway)
        for part in range(12):
            at = 60.0 * minute + 5 * part
            found.append((1_000 + at, 150 + rise * at / 3600 + base + rng.gauss(0, sway / 10)))
    return found


@pytest.mark.parametrize("rise", [-2.0, 0.0, 0.5, 30.0])
def test_a_straight_line_is_read_off_exactly(rise: float) -> None:
    found = slope(samples(rise))
    assert found.rise == pytest.approx(rise, abs=1e-6)
    assert found.margin == pytest.approx(0, abs=1e-6)


def test_the_margin_covers_the_truth_and_grows_with_the_swaying() -> None:
    calm, rough = slope(samples(4.0, sway=0.2)), slope(samples(4.0, sway=2.0))
    for found in (calm, rough):
        assert abs(found.rise - 4.0) < 1.5 * found.margin
    assert rough.margin > 5 * calm.margin


def test_samples_within_a_minute_make_the_slope_no_surer() -> None:
    once = samples(1.0, sway=1.0)
    twice = sorted(once + [(at + 2.5, memory) for at, memory in once])
    assert slope(twice).margin == pytest.approx(slope(once).margin, rel=0.02)


@pytest.mark.parametrize("minutes", [0, 1, 2])
def test_too_few_minutes_tell_nothing_for_sure(minutes: int) -> None:
    assert slope(samples(1.0, minutes=minutes)).margin == math.inf


def test_a_percentile_lies_between_the_bounds_of_its_bucket() -> None:
    counts = {0.01: 900.0, 0.05: 980.0, 0.1: 1000.0, math.inf: 1000.0}
    assert lag_percentile(counts, 0.9) == pytest.approx(0.01)
    assert lag_percentile(counts, 0.99) == pytest.approx(0.075)
    assert lag_percentile({0.01: 0.0, math.inf: 10.0}, 0.5) == 0.01, "longer than the largest bound is told as that"


def test_a_loop_that_never_ticked_keeps_no_limit() -> None:
    assert lag_percentile({0.01: 0.0, math.inf: 0.0}, 0.99) == math.inf


@pytest.mark.parametrize(
    ("missed", "values"),
    [
        (None, {}),
        ("errors", {"errors": 1}),
        ("commands waiting at the end", {"waiting": 101}),
        ("event loop lag p99", {"lag_p99": 0.05}),
        ("memory slope after warm-up", {"rise": Slope(1.0, 0.1)}),
    ],
)
def test_each_limit_is_judged_by_itself(missed: str | None, values: dict[str, object]) -> None:
    kept = {"errors": 0, "waiting": 100, "rate": 50.0, "lag_p99": 0.0499, "rise": Slope(0.99, 5.0)}
    limits = judged(**kept | values)  # type: ignore[arg-type]
    assert [limit.name for limit in limits if not limit.kept] == ([missed] if missed else [])
    assert all(("MISSED" in str(limit)) is not limit.kept for limit in limits)
