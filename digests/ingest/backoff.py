"""When to ask a source again after it failed."""

from __future__ import annotations

from datetime import timedelta
from random import Random

CEILING = timedelta(hours=6)
"""No failing source waits longer, whatever it asks for, unless it is polled more rarely than that anyway."""
_JITTER = 0.1
_MOST_DOUBLINGS = 16


def next_try(every: timedelta, failures: int, retry_after: float | None, rng: Random) -> timedelta:
    """How long to wait before the next try.

    ``every`` is the polling interval of the source, ``failures`` how often it failed in a row (0 after a success),
    ``retry_after`` what the server asked for in seconds. The interval doubles with each failure after the first, up
    to :data:`CEILING`; it is spread by ±10 % so that sources do not fall into step. A server's wish is never
    undercut below the ceiling.
    """
    ceiling = max(CEILING, every)
    doublings = min(max(failures - 1, 0), _MOST_DOUBLINGS)
    wait = min(every * (1 << doublings), ceiling) * rng.uniform(1 - _JITTER, 1 + _JITTER)
    if retry_after is not None:
        wished = timedelta(seconds=min(max(retry_after, 0.0), ceiling.total_seconds()))
        wait = max(wait, wished * rng.uniform(1.0, 1 + _JITTER))
    return min(wait, ceiling) if failures or retry_after else wait
