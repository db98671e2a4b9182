"""Rounds of polls: sources without news share their transactions, and are recorded as if each had its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from digests.archive import Archive
from digests.ingest import update
from digests.ingest.fetch import FetchRequest, FetchResult
from digests.ingest.update import SourceUpdate
from digests.search.index import open_index
from digests.story import Story
from tests.conftest import StoppedClock
from tests.fakes.feedserver import Entry
from tests.fakes.pressroom import LOAN, PILLAR, Pressroom, feed


def pillar() -> Entry:
    return Entry("1", "Third pillar of the bridge is built", PILLAR)


def _the_courier_hangs(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, list[str]]:
    """Until the event is set; and the addresses that are asked for."""
    go_on = asyncio.Event()
    fetched: list[str] = []
    real = press.fetcher.fetch

    async def fetch(request: FetchRequest) -> FetchResult:
        fetched.append(request.url)
        if "courier" in request.url:
            await go_on.wait()
        return await real(request)

    monkeypatch.setattr(press.fetcher, "fetch", fetch)
    return go_on, fetched


async def test_a_round_without_news_is_recorded_as_single_readings_are(either_press: Pressroom) -> None:
    for name in ("courier", "agency"):
        either_press.publish(name, pillar(), etag='"v1"')
        await either_press.update(name)
    before = await either_press.state("agency")
    either_press.clock.forward(hours=3)
    now = either_press.clock()
    assert await either_press.updater.update_due(now) == [SourceUpdate("courier"), SourceUpdate("agency")]
    state = await either_press.state("agency")
    assert (state.last_try_at, state.last_success_at, state.etag, state.failures) == (now, now, '"v1"', 0)
    assert state.next_try_at is not None
    assert state.next_try_at > now
    assert (state.items, state.last_new_at, state.baseline_at) == (1, before.last_new_at, before.baseline_at)
    assert await either_press.updater.due_sources(now) == []


async def test_many_sources_without_news_share_their_transactions(
    archive: Archive, tiny: Story, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [feed(f"s{number}") for number in range(40)]
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=sources)
    for source in sources:
        press.publish(source.id, etag='"v1"')
    await press.updater.update_due(clock())
    written = 0
    real: Callable[..., Awaitable[Any]] = archive.write_at_once

    async def counting(*args: Any, **options: Any) -> Any:
        nonlocal written
        written += 1
        return await real(*args, **options)

    monkeypatch.setattr(archive, "write_at_once", counting)
    clock.forward(hours=2)
    assert await press.updater.update_due(clock()) == [SourceUpdate(source.id) for source in sources]
    assert 0 < written < 10
    assert await press.updater.due_sources(clock()) == []


async def test_sources_that_were_read_are_recorded_while_another_hangs(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "FLUSH_EVERY", 0.02)
    for name in ("courier", "agency"):
        press.publish(name, etag='"v1"')
        await press.update(name)
    go_on, _ = _the_courier_hangs(press, monkeypatch)
    press.clock.forward(hours=3)
    now = press.clock()
    a_round = asyncio.create_task(press.updater.update_due(now))
    async with asyncio.timeout(20):
        while (await press.state("agency")).last_success_at != now:
            await asyncio.sleep(0.01)
        assert not a_round.done()
        go_on.set()
        await a_round
    assert (await press.state("courier")).last_success_at == now


async def test_what_was_read_by_hand_during_a_round_is_still_counted(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.baseline()
    press.clock.forward(hours=3)
    press.publish("courier", pillar())
    reached, go_on = asyncio.Event(), asyncio.Event()
    real = press.fetcher.fetch

    async def fetch(request: FetchRequest) -> FetchResult:
        if "agency" in request.url:
            reached.set()
            await go_on.wait()
        return await real(request)

    monkeypatch.setattr(press.fetcher, "fetch", fetch)
    press.publish("agency")
    press.updater._gate = asyncio.Semaphore(1)  # one after another, the agency first
    press.updater._story = replace(press.story, sources=press.story.sources[::-1])
    a_round = asyncio.create_task(press.updater.update_due(press.clock()))
    async with asyncio.timeout(20):
        await reached.wait()
        await press.updater.update_source(press.story.source("courier"), press.clock())
        press.publish("courier", pillar(), Entry("2", "A loan for the bridge", LOAN))
        go_on.set()
        await a_round
    assert (await press.state()).items == 2


async def test_many_feeds_of_one_host_take_the_place_of_no_other(
    archive: Archive, tiny: Story, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [feed(f"s{number}", url=f"https://crowd.example/{number}") for number in range(3 * update.AT_ONCE)]
    other = feed("other")
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=[*crowd, other])
    fetched: list[str] = []
    real = press.fetcher.fetch

    async def fetch(request: FetchRequest) -> FetchResult:
        fetched.append(request.url)
        await asyncio.sleep(0.01)
        return await real(request)

    monkeypatch.setattr(press.fetcher, "fetch", fetch)
    for source in (*crowd, other):
        press.publish(source.id)
    told = await press.updater.update_due(clock())
    assert [one.source_id for one in told] == [source.id for source in (*crowd, other)]
    assert fetched.index(str(other.url)) == 1


async def test_a_host_that_hangs_keeps_no_later_round_waiting(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "FLUSH_EVERY", 0.02)
    for name in ("courier", "agency"):
        press.publish(name, etag='"v1"')
        await press.update(name)
    go_on, fetched = _the_courier_hangs(press, monkeypatch)
    heard: list[str] = []
    press.clock.forward(hours=3)
    first = asyncio.create_task(
        press.updater.update_due(press.clock(), lambda came: heard.extend(one.source_id for one in came))
    )
    async with asyncio.timeout(20):
        while heard != ["agency"]:  # it is told before the round ends
            await asyncio.sleep(0.01)
        press.clock.forward(hours=3)
        assert await press.updater.update_due(press.clock()) == [SourceUpdate("agency")]
        assert not first.done()
        go_on.set()
        assert await first == [SourceUpdate("courier"), SourceUpdate("agency")]
    assert sum("courier" in url for url in fetched) == 1
    press.clock.forward(hours=3)
    assert len(await press.updater.update_due(press.clock())) == 2


async def test_a_round_that_is_broken_off_leaves_its_sources_to_the_next(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.baseline()
    press.clock.forward(hours=3)
    reached = asyncio.Event()
    real = press.fetcher.fetch

    async def fetch(request: FetchRequest) -> FetchResult:
        if not reached.is_set():
            reached.set()
            await asyncio.Event().wait()
        return await real(request)

    monkeypatch.setattr(press.fetcher, "fetch", fetch)
    broken = asyncio.create_task(press.updater.update_due(press.clock()))
    async with asyncio.timeout(20):
        await reached.wait()
        broken.cancel()
        with pytest.raises(asyncio.CancelledError):
            await broken
        assert {one.source_id for one in await press.updater.update_due(press.clock())} >= {"courier", "agency"}
