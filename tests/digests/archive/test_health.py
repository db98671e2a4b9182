"""The health of sources: what the operator is told, and from when on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digests.archive import Archive, health
from digests.model import Localized, Source, SourceHealth, SourceKind

NOW = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEED = Source(
    id="courier",
    name=Localized({"en": "River Courier"}),
    type="feed",
    publisher="River Courier",
    family="courier",
    kind=SourceKind.NATIONAL,
    language="en",
    every=HOUR,
    url="https://courier.example/feed",
)
FOLDER = replace(FEED, type="documents", url=None, path=Path("documents"))


async def success(archive: Archive, at: datetime, *, new: int = 0, items: int = 0) -> None:
    async with archive.write() as connection:
        await health.record_success(
            connection,
            "courier",
            now=at,
            next_try_at=at + HOUR,
            etag='"v1"',
            last_modified="yesterday",
            body_hash="abc",
            new_items=new,
            items=items,
        )


async def failure(archive: Archive, at: datetime, why: str = "the server has a fault (HTTP 503)") -> None:
    async with archive.write() as connection:
        state = await health.state_of(connection, "courier")
        await health.record_failure(connection, state, now=at, next_try_at=at + 2 * HOUR, why=why)


async def told(archive: Archive, at: datetime, source: Source = FEED) -> SourceHealth:
    async with archive.read() as connection:
        (found,) = await health.all_states(connection, [source], at)
        (counted,) = await health.conditions(connection, [source], at)
    assert counted == (found.source_id, found.state, found.last_try_at is not None)
    return found


async def test_a_source_that_was_never_tried_is_waiting(either_archive: Archive) -> None:
    assert (await told(either_archive, NOW)).state == "waiting"


async def test_a_disabled_source_says_why_whatever_it_did_before(either_archive: Archive) -> None:
    await failure(either_archive, NOW)
    found = await told(either_archive, NOW, replace(FEED, enabled=False, reason="asks for money"))
    assert (found.state, found.why) == ("disabled", "asks for money")


async def test_after_its_first_reading_a_source_is_baseline_then_ok(either_archive: Archive) -> None:
    await success(either_archive, NOW, new=3, items=3)
    assert (await told(either_archive, NOW)).state == "baseline"
    await success(either_archive, NOW + HOUR, items=3)
    found = await told(either_archive, NOW + HOUR)
    assert (found.state, found.items, found.last_success_at) == ("ok", 3, NOW + HOUR)
    async with either_archive.read() as connection:
        state = await health.state_of(connection, "courier")
    assert (state.etag, state.last_modified, state.body_hash) == ('"v1"', "yesterday", "abc")
    assert (state.baseline_done, state.baseline_at, state.last_new_at) == (True, NOW, NOW)


async def test_failures_are_counted_from_the_first_and_forgotten_with_a_success(either_archive: Archive) -> None:
    await success(either_archive, NOW - HOUR)
    await failure(either_archive, NOW)
    await failure(either_archive, NOW + HOUR, "took longer than 180 s")
    found = await told(either_archive, NOW + HOUR)
    assert (found.state, found.failures, found.failing_since) == ("failing", 2, NOW)
    assert (found.why, found.next_try_at) == ("took longer than 180 s", NOW + 3 * HOUR)
    assert (found.last_success_at, found.last_try_at) == (NOW - HOUR, NOW + HOUR)
    await success(either_archive, NOW + 2 * HOUR)
    found = await told(either_archive, NOW + 2 * HOUR)
    assert (found.state, found.failures, found.failing_since, found.why) == ("ok", 0, None, None)


async def test_a_source_that_only_ever_failed_is_no_baseline(either_archive: Archive) -> None:
    await failure(either_archive, NOW)
    async with either_archive.read() as connection:
        state = await health.state_of(connection, "courier")
    assert not state.baseline_done
    assert (await told(either_archive, NOW)).state == "failing"


@pytest.mark.parametrize(
    ("source", "read", "silent", "state"),
    [
        (FEED, timedelta(hours=23), timedelta(hours=23), "ok"),
        (FEED, timedelta(hours=25), timedelta(hours=25), "stale"),
        (FEED, HOUR, timedelta(hours=71), "ok"),
        (FEED, HOUR, timedelta(hours=73), "stale"),
        (replace(FEED, every=6 * HOUR), timedelta(hours=59), timedelta(hours=59), "ok"),
        (replace(FEED, every=6 * HOUR), timedelta(hours=61), timedelta(hours=61), "stale"),
        (replace(FEED, every=6 * HOUR), HOUR, timedelta(hours=299), "ok"),
        (replace(FEED, every=6 * HOUR), HOUR, timedelta(hours=301), "stale"),
        (FOLDER, HOUR, timedelta(days=300), "ok"),
        (FOLDER, timedelta(hours=25), timedelta(days=300), "stale"),
    ],
)
async def test_a_source_that_is_unread_or_silent_for_long_is_stale(
    archive: Archive, source: Source, read: timedelta, silent: timedelta, state: str
) -> None:
    await success(archive, NOW - silent - HOUR)
    await success(archive, NOW - silent, new=1, items=1)
    await success(archive, NOW - read, items=1)
    found = await told(archive, NOW, source)
    assert found.state == state
    assert (found.why is not None) == (state == "stale")


async def test_health_comes_in_the_order_of_the_story(either_archive: Archive) -> None:
    await success(either_archive, NOW)
    others = [replace(FEED, id=name) for name in ("zeta", "courier", "alpha")]
    async with either_archive.read() as connection:
        found = await health.all_states(connection, others, NOW)
    assert [state.source_id for state in found] == ["zeta", "courier", "alpha"]
    assert [state.state for state in found] == ["waiting", "baseline", "waiting"]


async def test_many_sources_are_judged_as_each_would_be(either_archive: Archive) -> None:
    await success(either_archive, NOW)
    await success(either_archive, NOW + HOUR, new=1, items=1)
    many = [replace(FEED, id=f"feed-{number}") for number in range(150)] + [FEED]
    async with either_archive.read() as connection:
        whole = await health.all_states(connection, many, NOW + HOUR)
        counted = await health.conditions(connection, many, NOW + HOUR)
        due = await health.due(connection, many, NOW + HOUR)
        states = await health.states(connection, [*many[:149], FEED])
    assert [state.source_id for state in whole] == [source.id for source in many]
    assert whole[-1] == await told(either_archive, NOW + HOUR)
    assert [condition.state for condition in counted] == ["waiting"] * 150 + ["ok"]
    assert list(due) == [source.id for source in many[:-1]], "the last was read just now"
    assert list(states) == ["courier"]


async def test_a_source_that_was_read_again_keeps_what_the_first_reading_brought(either_archive: Archive) -> None:
    await success(either_archive, NOW, new=3, items=3)
    await failure(either_archive, NOW + HOUR)
    values = health.read_again(
        "courier",
        now=NOW + 2 * HOUR,
        next_try_at=NOW + 3 * HOUR,
        etag='"v2"',
        last_modified=None,
        body_hash="abc",
    )
    async with either_archive.write() as connection:
        await health.record_unchanged(connection, [values])
        state = await health.state_of(connection, "courier")
    assert (state.last_try_at, state.last_success_at, state.next_try_at) == (
        NOW + 2 * HOUR,
        NOW + 2 * HOUR,
        NOW + 3 * HOUR,
    )
    assert (state.failures, state.failing_since, state.why) == (0, None, None)
    assert (state.etag, state.last_modified, state.body_hash) == ('"v2"', None, "abc")
    assert (state.items, state.last_new_at, state.baseline_at, state.baseline_done) == (3, NOW, NOW, True)
