"""When a failing source is asked again."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from digests.ingest.backoff import CEILING, next_try

EVERY = timedelta(minutes=15)
seeds = st.integers(0, 2**32)


@given(seeds)
def test_a_healthy_source_is_asked_about_every_interval(seed: int) -> None:
    wait = next_try(EVERY, 0, None, Random(seed))
    assert EVERY * 0.9 <= wait <= EVERY * 1.1


@given(seeds, st.integers(1, 5))
def test_each_failure_doubles_the_wait(seed: int, failures: int) -> None:
    wait = next_try(EVERY, failures, None, Random(seed))
    nominal = min(EVERY * 2 ** (failures - 1), CEILING)
    assert nominal * 0.9 <= wait <= nominal * 1.1


@given(seeds, st.integers(0, 10**9), st.one_of(st.none(), st.floats(0, 1e12)))
def test_no_wait_exceeds_the_ceiling(seed: int, failures: int, retry_after: float | None) -> None:
    assert timedelta(0) < next_try(EVERY, failures, retry_after, Random(seed)) <= CEILING


@given(seeds, st.integers(1, 20), st.floats(0, 3 * 3600))
def test_a_servers_wish_is_not_undercut(seed: int, failures: int, retry_after: float) -> None:
    assert next_try(EVERY, failures, retry_after, Random(seed)) >= timedelta(seconds=retry_after)


@given(seeds, st.integers(0, 50))
def test_a_source_polled_daily_is_not_polled_more_often_for_failing(seed: int, failures: int) -> None:
    day = timedelta(days=1)
    assert next_try(day, failures, None, Random(seed)) >= day * 0.9


def test_sources_do_not_fall_into_step() -> None:
    rng = Random(1)
    assert len({next_try(EVERY, 3, None, rng) for _ in range(20)}) == 20
