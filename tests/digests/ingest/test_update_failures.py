"""Sources that fail, transactions that break, restarts: nothing is lost or repeated, and nobody else is stopped."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from digests.archive import Archive
from digests.errors import ArchiveError, FetchError, ParseError
from digests.ingest import update
from digests.ingest.update import SourceUpdate
from digests.search.index import open_index
from digests.story import Story
from tests.conftest import StoppedClock
from tests.fakes.feedserver import Entry
from tests.fakes.pressroom import LOAN, PILLAR, Pressroom, feed

HOUR = timedelta(hours=1)


def pillar(number: str = "1", title: str = "Third pillar of the bridge is built", body: str = PILLAR) -> Entry:
    return Entry(number, title, body)


# --- failures ----------------------------------------------------------------------------------------------


async def test_a_failure_is_told_with_since_when_why_and_until_when(either_press: Pressroom) -> None:
    url = "https://courier.example/feed"
    either_press.fetcher.bodies[url] = FetchError("the server has a fault (HTTP 503)", status=503)
    first = await either_press.update()
    assert first == SourceUpdate("courier", error="the server has a fault (HTTP 503)")
    began = either_press.clock()
    waits = [(await either_press.state()).next_try_at - began]  # type: ignore[operator]
    for _ in range(2):
        await either_press.update()
        state = await either_press.state()
        waits.append(state.next_try_at - either_press.clock())  # type: ignore[operator]
    assert (state.failing_since, state.failures, state.why) == (began, 3, "the server has a fault (HTTP 503)")
    assert waits[0] < waits[1] < waits[2]
    either_press.publish("courier", pillar())
    await either_press.update()
    state = await either_press.state()
    assert (state.failing_since, state.failures, state.why) == (None, 0, None)
    assert (await either_press.item()).baseline, "failures before the first success are no first reading"


async def test_a_server_that_asks_for_patience_gets_it(press: Pressroom) -> None:
    url = "https://courier.example/feed"
    press.fetcher.bodies[url] = FetchError("the server asks for fewer requests (HTTP 429)", retry_after=4 * 3600.0)
    await press.update()
    state = await press.state()
    assert state.next_try_at is not None
    assert state.next_try_at >= press.clock() + 4 * HOUR
    assert "courier" not in [source.id for source in await press.updater.due_sources(press.clock() + 3 * HOUR)]
    assert "courier" in [source.id for source in await press.updater.due_sources(press.clock() + 5 * HOUR)]


async def test_what_is_no_feed_is_a_failure_and_is_asked_for_whole_again(press: Pressroom) -> None:
    press.publish("courier", pillar(), etag='"v1"')
    await press.update()
    url = "https://courier.example/feed"
    press.fetcher.etags[url] = '"v2"'
    press.fetcher.bodies[url] = b"<!doctype html><html><body>Under construction</body></html>"
    error = (await press.update()).error
    assert error is not None
    assert "web page" in error
    assert (await press.state()).etag == '"v1"'
    assert len(await press.items()) == 1


async def test_sources_that_fail_hang_or_break_us_stop_no_other(
    archive: Archive, tiny: Story, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("good", "failing", "faulty", "hanging", "fine")
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=[feed(name) for name in names])
    for name in names:
        press.publish(name, pillar(title=f"Pillar of the bridge, says {name}"))
    press.fetcher.bodies["https://failing.example/feed"] = ParseError("it is no feed")
    press.fetcher.bodies["https://faulty.example/feed"] = ZeroDivisionError("a fault of ours")
    real = press.fetcher.fetch

    async def fetch(request: object) -> object:
        if "hanging" in request.url:  # type: ignore[attr-defined]
            await asyncio.Event().wait()
        return await real(request)  # type: ignore[arg-type]

    monkeypatch.setattr(press.fetcher, "fetch", fetch)
    monkeypatch.setattr(update, "UPDATE_TIMEOUT", 0.5)
    told = {one.source_id: one for one in await press.updater.update_due(clock())}
    assert (told["good"].new, told["fine"].new) == (1, 1)
    assert told["failing"].error == "it is no feed"
    assert told["faulty"].error == "internal fault (ZeroDivisionError), see the log"
    assert "longer than" in (told["hanging"].error or "")
    assert await press.states() == {
        "good": "baseline",
        "failing": "failing",
        "faulty": "failing",
        "hanging": "failing",
        "fine": "baseline",
    }


async def test_only_so_many_sources_are_read_at_once(archive: Archive, tiny: Story, clock: StoppedClock) -> None:
    sources = [feed(f"s{number}") for number in range(3 * update.AT_ONCE)]
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=sources)
    at_once = most = 0
    full = asyncio.Event()
    real = press.fetcher.fetch

    class Counting:
        async def fetch(self, request: object) -> object:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            if at_once == update.AT_ONCE:
                full.set()
            async with asyncio.timeout(10):
                await full.wait()
            await asyncio.sleep(0.01)
            at_once -= 1
            return await real(request)  # type: ignore[arg-type]

    press.updater._reader._fetcher = Counting()  # type: ignore[assignment]
    for source in sources:
        press.publish(source.id)
    told = await press.updater.update_due(clock())
    assert len(told) == len(sources)
    assert most == update.AT_ONCE


async def test_all_that_is_wanted_is_read_whether_or_not_it_is_due(
    archive: Archive, tiny: Story, clock: StoppedClock
) -> None:
    names = ("good", "failing", "fine")
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=[feed(name) for name in names])
    for name in names:
        press.publish(name, pillar(title=f"Pillar of the bridge, says {name}"))
    press.fetcher.bodies["https://failing.example/feed"] = ParseError("it is no feed")
    came: list[str] = []
    for news in (1, 0):
        told = await press.updater.update_all(
            press.story.sources, clock(), lambda update: came.append(update.source_id)
        )
        assert [one.source_id for one in told] == [source.id for source in press.story.sources]
        assert {one.source_id: (one.new, one.error) for one in told if one.source_id in names} == {
            "good": (news, None),
            "failing": (0, "it is no feed"),
            "fine": (news, None),
        }
    assert sorted(came) == sorted(2 * [source.id for source in press.story.sources])


async def test_trouble_of_the_archive_ends_a_reading_of_all(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    press.publish("courier", pillar())

    async def full(work: object) -> None:
        raise ArchiveError("the archive cannot grow: the disk is full")

    monkeypatch.setattr(press.archive, "write_at_once", full)
    with pytest.raises(ArchiveError, match="disk is full"):
        await press.updater.update_all([press.story.source("courier")], press.clock())


async def test_a_source_is_not_read_twice_at_the_same_time(press: Pressroom) -> None:
    press.publish("courier", pillar())
    source = press.story.source("courier")
    told = await asyncio.gather(*(press.updater.update_source(source, press.clock()) for _ in range(2)))
    assert sorted(one.error or "" for one in told) == ["", "it is being read already"]
    assert len(await press.items()) == 1


async def test_trouble_of_the_archive_is_not_the_sources_fault(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    press.publish("courier", pillar())
    real = press.archive.write_at_once

    async def full(work: object) -> None:
        raise ArchiveError("the archive cannot grow: the disk is full")

    monkeypatch.setattr(press.archive, "write_at_once", full)
    with pytest.raises(ArchiveError, match="disk is full"):
        await press.update()
    monkeypatch.setattr(press.archive, "write_at_once", real)
    assert (await press.state()).failures == 0
    assert (await press.update()).new == 1


async def test_a_transaction_that_fails_leaves_nothing_and_the_next_reading_makes_up_for_it(
    either_press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await either_press.baseline("courier", "agency")
    either_press.publish("courier", pillar(), Entry("2", "A loan for the bridge", LOAN))
    real = either_press.index.add

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(either_press.index, "add", fail)
    assert "internal fault" in ((await either_press.update()).error or "")
    assert await either_press.items() == []
    monkeypatch.setattr(either_press.index, "add", real)
    assert await either_press.update() == SourceUpdate("courier", new=2)
    # Grouping has forgotten the items that never came to be: the next copy joins what really is there.
    either_press.publish("agency", pillar("a"))
    await either_press.update("agency")
    first, _, copy = await either_press.items()
    assert (copy.duplicate_of, copy.event_id) == (first.id, first.event_id)


async def test_an_update_that_is_cancelled_leaves_all_or_nothing(press: Pressroom) -> None:
    await press.baseline()
    press.publish("courier", *(pillar(str(number), f"Pillar {number} of the bridge") for number in range(60)))
    source = press.story.source("courier")
    for delay in (0.0, 0.01, 0.03, 0.06):
        task = asyncio.create_task(press.updater.update_source(source, press.clock()))
        await asyncio.sleep(delay)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(await press.items()) in (0, 60)
    await press.update()
    assert len(await press.items()) == 60


async def test_a_large_feed_is_written_in_pieces_and_a_kill_between_them_loses_and_repeats_nothing(
    either_press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "BATCH", 10)
    either_press.publish("courier", *(pillar(str(number), f"Pillar {number} of the bridge") for number in range(25)))
    real, calls = either_press.index.add, 0

    async def die_in_the_second(*parts: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ZeroDivisionError
        await real(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr(either_press.index, "add", die_in_the_second)
    await either_press.update()
    assert len(await either_press.items()) == 10
    assert not (await either_press.state()).baseline_done
    assert await either_press.update() == SourceUpdate("courier", new=15, unchanged=10)
    archived = await either_press.items()
    assert len({item.key for item in archived}) == len(archived) == 25
    assert all(item.baseline for item in archived)
    assert (await either_press.state()).baseline_done


# --- restarts and what is due ---------------------------------------------------------------------------------


async def test_after_a_restart_copies_are_still_recognised(
    either_archive: Archive, tiny: Story, clock: StoppedClock
) -> None:
    index = await open_index(either_archive)
    before = Pressroom(either_archive, tiny, index, clock)
    await before.baseline("courier", "agency")
    before.publish("agency", Entry("a", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    await before.update("agency")
    after = Pressroom(either_archive, tiny, index, clock)
    await after.updater.warm_up(clock())
    after.publish("courier", Entry("c", "Bridge: third pillar is built", f"{PILLAR} {LOAN}"))
    await after.update("courier")
    original, copy = await after.items()
    assert (copy.duplicate_of, copy.event_id) == (original.id, original.event_id)


async def test_due_are_enabled_sources_whose_time_has_come(archive: Archive, tiny: Story, clock: StoppedClock) -> None:
    sources = (feed("read"), feed("new"), feed("off", enabled=False, reason="asks for money"))
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=sources)
    press.publish("read")
    await press.update("read")

    async def due(moment: datetime) -> list[str]:
        return [source.id for source in await press.updater.due_sources(moment)]

    assert await due(clock()) == ["new"]
    assert await due(clock() + timedelta(minutes=70)) == ["read", "new"]
    assert await due(clock() - timedelta(days=1)) == ["read", "new"], "a clock that was set back silences nobody"


async def test_a_new_version_of_the_story_files_new_items_and_leaves_old_ones(press: Pressroom, tiny: Story) -> None:
    class Other:
        def file(self, *_: object) -> object:
            from digests.filing import FilingResult
            from digests.model import Filing

            return FilingResult((Filing("money", 1.0, ()),), None)

    await press.baseline()
    press.publish("courier", pillar())
    await press.update()
    press.updater.use(press.story, Other())  # type: ignore[arg-type]
    press.publish("courier", pillar(), pillar("2", "Another pillar of the bridge"))
    await press.update()
    first, second = await press.items()
    assert (await press.sections(first), await press.sections(second)) == ({"building"}, {"money"})
