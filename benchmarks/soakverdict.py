"""What a soak comes to: percentiles of the event loop's lag, the memory's slope and how sure it is, and the limits.

Pure functions; :mod:`benchmarks.soak` measures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LAG_LIMIT_MS = 50.0
SLOPE_LIMIT = 1.0
"""MB an hour."""
_QUEUE = 2.0
"""Seconds' worth of commands that may be under way when the soak ends."""
_BLOCK = 60.0
"""Seconds of samples that become one mean: samples that follow each other closely tell the same thing twice, and would
make the slope look surer than it is."""


@dataclass(frozen=True, slots=True)
class Slope:
    """MB an hour, and by how much it may be wrong (95 %); infinite while there are too few minutes to tell."""

    rise: float
    margin: float

    def __str__(self) -> str:
        return f"{self.rise:+.2f} ± {self.margin:.2f} MB/h"


@dataclass(frozen=True, slots=True)
class Limit:
    """One of the limits, what was measured, and whether it was kept."""

    name: str
    measured: str
    wanted: str
    kept: bool

    def __str__(self) -> str:
        return f"{'kept  ' if self.kept else 'MISSED'}  {self.name}: {self.measured} (limit: {self.wanted})"


def slope(samples: Sequence[tuple[float, float]]) -> Slope:
    """The regression line through (seconds, MB): its rise and the 95 % interval by Student's t, from means of whole
    minutes."""
    points = _means(samples)
    if len(points) < 2:
        return Slope(0.0, math.inf)
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    freedom = len(points) - 2
    if not freedom:
        return Slope(3600 * rise, math.inf)
    left = sum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in points)
    return Slope(3600 * rise, 3600 * _student(freedom) * math.sqrt(left / freedom / spread))


def _means(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    blocks: dict[int, list[tuple[float, float]]] = {}
    for sample in samples:
        blocks.setdefault(int((sample[0] - samples[0][0]) // _BLOCK), []).append(sample)
    return [(sum(x for x, _ in own) / len(own), sum(y for _, y in own) / len(own)) for own in blocks.values()]


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t: exact for one and two degrees of freedom, then Cornish and Fisher's series
    (0.5 % too small at three, less beyond)."""
    if freedom <= 2:
        return (12.706, 4.303)[freedom - 1]
    z = 1.959964
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return float(z + first / freedom + second / freedom**2 + third / freedom**3)


def lag_percentile(counts: Mapping[float, float], share: float) -> float:
    """Seconds that ``share`` of the ticks did not exceed, read off between the bounds of cumulative ``counts``."""
    bounds = sorted(counts)
    if not bounds or not counts[bounds[-1]]:
        return math.inf  # a loop that never ticked
    wanted = share * counts[bounds[-1]]
    below, seen = 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= wanted:
            if bound == math.inf:
                return below
            within = counts[bound] - seen
            return below + (bound - below) * ((wanted - seen) / within if within else 1.0)
        below, seen = bound, counts[bound]
    return below


def judged(*, errors: int, waiting: int, rate: float, lag_p99: float, rise: Slope) -> list[Limit]:
    """The limits of a soak. ``waiting`` are the commands that were not answered at its end, of ``rate`` a second; a bot
    that is too slow for the rate has ever more of them. ``lag_p99`` in seconds.

    The slope is judged by the line itself; its margin is told, because half an hour cannot tell 1 MB an hour from
    0.5 when the memory sways by a megabyte.
    """
    lag_ms = lag_p99 * 1000
    return [
        Limit("errors", str(errors), "none", errors == 0),
        Limit("commands waiting at the end", str(waiting), f"at most {_QUEUE:g} s of them", waiting <= _QUEUE * rate),
        Limit("event loop lag p99", f"{lag_ms:.1f} ms", f"under {LAG_LIMIT_MS:g} ms", lag_ms < LAG_LIMIT_MS),
        Limit("memory slope after warm-up", str(rise), f"under {SLOPE_LIMIT:g} MB/h", rise.rise < SLOPE_LIMIT),
    ]
