"""The ledger's worker: nothing lost, nothing twice, whatever the platform does."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.base import Found, PermanentSendError, Sent, TransientSendError, UncertainSendError
from bot.adapters.departure import departing
from bot.delivery import LEASE, DeliveryWorker, retry_delay
from bot.message import Message, Paragraph, text, to_json
from digests.archive import Archive, deliveries, editions, letters
from digests.archive.deliveries import NewDelivery
from digests.errors import ArchiveError, NotInCharge
from digests.model import Delivery, DeliveryState, Destination
from tests.conftest import StoppedClock
from tests.fakes.platform import FakePlatform

HERE = Destination("fake", "w", "news")
THERE = Destination("fake", "w", "other")
CATCH_UP = timedelta(hours=6)


def message(words: str) -> dict[str, object]:
    return to_json(Message((Paragraph(text(words)),), summary=words))


async def write_edition(archive: Archive, clock: StoppedClock, *rows: tuple[Destination, int, int, str]) -> list[str]:
    async with archive.write() as connection:
        edition = await editions.create(
            connection,
            digest_id="morning",
            scheduled_at=clock(),
            composed_at=clock(),
            after_item=0,
            through_item=0,
            kind="digest",
        )
        assert edition is not None
        new = [NewDelivery(place, part, parts, message(words)) for place, part, parts, words in rows]
        return await deliveries.add(connection, edition, new, now=clock(), give_up_at=clock() + CATCH_UP)


async def rows(archive: Archive, state: DeliveryState) -> list[Delivery]:
    async with archive.read() as connection:
        return await deliveries.in_state(connection, state)


def worker_for(archive: Archive, clock: StoppedClock, platform: FakePlatform) -> DeliveryWorker:
    return DeliveryWorker(archive, {"fake": platform}, now=clock, rng=random.Random(7))


SQLITE_ALONE = pytest.mark.parametrize("either_archive", ["sqlite"], indirect=True)
"""For what the database has no part in, or what is SQLite's own."""


@pytest.fixture
def archive(either_archive: Archive) -> Archive:
    return either_archive


@pytest.fixture
def platform(clock: StoppedClock) -> FakePlatform:
    return FakePlatform(clock)


@pytest.fixture
def worker(archive: Archive, clock: StoppedClock, platform: FakePlatform) -> DeliveryWorker:
    return worker_for(archive, clock, platform)


async def test_a_row_is_sent_once_and_its_id_recorded(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    (key,) = await write_edition(archive, clock, (HERE, 1, 1, "news"))
    assert await worker.work_once() == 1
    assert await worker.work_once() == 0
    assert platform.accepted == [("fake:w:news", key, "news")]
    (row,) = await rows(archive, DeliveryState.SENT)
    assert row.platform_ids == ("m0",)


async def test_parts_go_in_order_below_the_first(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 3, "one"), (HERE, 2, 3, "two"), (HERE, 3, 3, "three"))
    while await worker.work_once():
        pass
    assert [words for _, _, words in platform.accepted] == ["one", "two", "three"]
    first, second, third = platform.parents
    assert first is None
    assert second is not None
    assert third is not None
    assert second.platform_ids == third.platform_ids == ("m0",)


async def test_a_transient_error_is_tried_again_later(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    platform.script.append(TransientSendError("busy", retry_after=30))
    await worker.work_once()
    clock.forward(seconds=29)
    assert await worker.work_once() == 0
    clock.forward(seconds=2)
    assert await worker.work_once() == 1
    assert len(platform.accepted) == 1


@SQLITE_ALONE
async def test_after_the_catch_up_window_it_is_a_dead_letter_with_the_reason(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    platform.script.extend(TransientSendError("platform is down") for _ in range(500))
    for _ in range(500):
        await worker.work_once()
        if await rows(archive, DeliveryState.DEAD):
            break
        clock.forward(minutes=2)
    (row,) = await rows(archive, DeliveryState.DEAD)
    assert "platform is down" in (row.error or "")
    assert platform.accepted == []


async def test_a_permanent_error_stops_at_once_and_spares_other_destinations(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "here"), (THERE, 1, 1, "there"))
    platform.script.append(PermanentSendError("the channel is archived; unarchive it"))
    await worker.work_once()
    assert [words for _, _, words in platform.accepted] == ["there"]
    (row,) = await rows(archive, DeliveryState.DEAD)
    assert "unarchive" in (row.error or "")


async def test_a_lost_reply_is_settled_by_looking(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    platform.script.append((True, UncertainSendError("connection reset")))
    await worker.work_once()
    assert len(platform.accepted) == 1
    assert len(await rows(archive, DeliveryState.SENT)) == 1


async def test_where_nobody_can_tell_it_stands_as_uncertain_and_is_not_repeated(
    archive: Archive, clock: StoppedClock
) -> None:
    platform = FakePlatform(clock, can_find=False)
    worker = worker_for(archive, clock, platform)
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    platform.script.append((True, UncertainSendError("connection reset")))
    await worker.work_once()
    clock.forward(days=1)
    assert await worker.work_once() == 0
    assert len(platform.accepted) == 1
    assert len(await rows(archive, DeliveryState.UNCERTAIN)) == 1


@pytest.mark.parametrize("reached", [True, False], ids=["after the platform took it", "before it was sent"])
async def test_a_worker_that_dies_mid_send_loses_and_repeats_nothing(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, reached: bool
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    dying = worker_for(archive, clock, platform)
    if reached:
        platform.hold = asyncio.Event()
        task = asyncio.create_task(dying.work_once())
        await asyncio.wait_for(platform.arrived.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        platform.hold = None
    else:
        async with archive.write() as connection:
            await deliveries.lease(connection, owner="dead", now=clock(), until=clock() + LEASE, limit=9)
    second = worker_for(archive, clock, platform)
    assert await second.work_once() == 0, "the lease still stands"
    clock.forward(seconds=LEASE.total_seconds() + 1)
    await second.work_once()
    assert [words for _, _, words in platform.accepted] == ["news"]
    assert len(await rows(archive, DeliveryState.SENT)) == 1


async def test_a_worker_whose_lease_ran_out_cannot_speak_for_the_row(archive: Archive, clock: StoppedClock) -> None:
    (key,) = await write_edition(archive, clock, (HERE, 1, 1, "news"))
    async with archive.write() as connection:
        await deliveries.lease(connection, owner="slow", now=clock(), until=clock() + LEASE, limit=9)
        clock.forward(hours=1)
        await deliveries.lease(connection, owner="next", now=clock(), until=clock() + LEASE, limit=9)
        assert not await deliveries.mark_dead(connection, key, owner="slow", error="late")
        assert await deliveries.mark_sent(connection, key, owner="next", platform_ids=("x",), at=clock())


async def test_two_workers_on_one_ledger_send_each_row_once(
    archive: Archive, clock: StoppedClock, platform: FakePlatform
) -> None:
    places = [Destination("fake", "w", f"c{n}") for n in range(20)]
    await write_edition(archive, clock, *((place, 1, 1, place.channel) for place in places))
    workers = [worker_for(archive, clock, platform) for _ in range(2)]
    await asyncio.gather(*(worker.work_once() for worker in workers))
    assert sorted(words for _, _, words in platform.accepted) == sorted(place.channel for place in places)


async def test_editions_reach_a_destination_in_their_order(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "first"))
    platform.script.append(TransientSendError("busy", retry_after=60))
    await worker.work_once()
    clock.forward(seconds=5)
    await write_edition(archive, clock, (HERE, 1, 1, "second"))
    assert await worker.work_once() == 0
    clock.forward(seconds=60)
    while await worker.work_once():
        pass
    assert [words for _, _, words in platform.accepted] == ["first", "second"]


@SQLITE_ALONE
async def test_shutdown_waits_for_what_is_being_sent(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    platform.hold = asyncio.Event()
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(platform.arrived.wait(), 5)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    platform.hold.set()
    await asyncio.wait_for(asyncio.gather(stopping, running), 5)
    assert len(await rows(archive, DeliveryState.SENT)) == 1


@given(attempts=st.integers(1, 1000), asked=st.none() | st.floats(0, 3600), seed=st.integers())
def test_retries_wait_at_least_as_asked_and_never_beyond_reason(attempts: int, asked: float | None, seed: int) -> None:
    delay = retry_delay(attempts, asked, random.Random(seed)).total_seconds()
    assert delay >= (asked or 0) - 1e-3
    assert 1.0 <= delay <= max(600.0, asked or 0) + 1e-3


@SQLITE_ALONE
async def test_what_waits_for_a_channel_keeps_the_distance_that_the_platform_wants(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    platform.spacing = 1.05
    await write_edition(archive, clock, (HERE, 1, 2, "one"), (HERE, 2, 2, "two"), (THERE, 1, 1, "there"))
    assert await worker.work_once() == 2
    clock.forward(seconds=1)
    assert await worker.work_once() == 0
    clock.forward(seconds=0.06)
    assert await worker.work_once() == 1
    assert [words for _, _, words in platform.accepted] == ["one", "there", "two"]


@SQLITE_ALONE
async def test_when_a_platform_wants_a_rest_the_whole_workspace_rests(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "here"))
    platform.script.append(TransientSendError("ratelimited", retry_after=30))
    await worker.work_once()
    clock.forward(seconds=10)
    await write_edition(archive, clock, (THERE, 1, 1, "there"))
    await worker.work_once()
    assert platform.accepted == []
    clock.forward(seconds=21)
    while await worker.work_once():
        pass
    assert sorted(words for _, _, words in platform.accepted) == ["here", "there"]
    (row, _) = await rows(archive, DeliveryState.SENT)
    assert row.attempts <= 2


async def test_many_rows_are_recorded_together(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    places = [Destination("fake", "w", f"c{n:03}") for n in range(100)]
    await write_edition(archive, clock, *((place, 1, 1, place.channel) for place in places))
    while await worker.work_once():
        pass
    assert [words for _, _, words in sorted(platform.accepted)] == [place.channel for place in places]
    assert len(await rows(archive, DeliveryState.SENT)) == 50, "in_state shows fifty at most"


@SQLITE_ALONE
async def test_an_archive_in_trouble_does_not_end_the_worker(
    archive: Archive,
    clock: StoppedClock,
    platform: FakePlatform,
    worker: DeliveryWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    troubles = [ArchiveError("the disk is full"), ArchiveError("the disk is full")]
    lease = deliveries.lease

    async def failing(*args: Any, **values: Any) -> list[Delivery]:
        if troubles:
            raise troubles.pop()
        return await lease(*args, **values)

    monkeypatch.setattr("bot.delivery.deliveries.lease", failing)
    monkeypatch.setattr("bot.delivery._FAULT_PAUSE", 0.01)
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(5):
        await platform.arrived.wait()
    await worker.stop()
    await running
    assert [words for _, _, words in platform.accepted] == ["news"]


class Word:
    """A charge that can be taken away."""

    def __init__(self) -> None:
        self.is_sure = True
        self.mine = True

    async def verify(self, connection: object) -> None:
        if not self.mine:
            raise NotInCharge("another one is in charge")


async def test_a_clock_set_forward_does_not_send_again_what_is_being_sent(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    platform.hold = asyncio.Event()
    first = asyncio.create_task(worker.work_once())
    await platform.arrived.wait()
    platform.accepted.clear()  # on its way: the platform does not show it yet
    clock.forward(hours=2)
    assert await worker._take() == 0
    platform.hold.set()
    await first
    assert platform.accepted == []
    assert len(await rows(archive, DeliveryState.SENT)) == 1


async def test_what_is_looked_for_is_looked_for_since_the_platforms_own_time(
    archive: Archive, clock: StoppedClock, platform: FakePlatform, worker: DeliveryWorker
) -> None:
    """Our clock may have been wrong when it was posted."""
    asked: list[datetime] = []

    async def find(_: Destination, *, key: str, since: datetime) -> Found:
        asked.append(since)
        return Found(known=True)

    await write_edition(archive, clock, (HERE, 1, 1, "one"))
    await worker.work_once()
    (before,) = [row.sent_at for row in await listed(archive)]
    platform.find = find  # type: ignore[method-assign]
    clock.forward(minutes=5)
    await write_edition(archive, clock, (HERE, 1, 1, "two"))
    clock.forward(hours=2)
    platform.script.append(UncertainSendError("no reply"))
    await worker.work_once()
    assert asked == [before]
    await write_edition(archive, clock, (THERE, 1, 1, "first there"))
    platform.script.append(UncertainSendError("no reply"))
    await worker.work_once()
    assert asked[1] <= clock() - timedelta(hours=2)


async def listed(archive: Archive) -> list[letters.Listed]:
    async with archive.read() as connection:
        return await letters.listed(connection, letters.Wanted(), limit=9)


async def test_one_that_is_not_sure_to_be_in_charge_takes_nothing(
    archive: Archive, clock: StoppedClock, platform: FakePlatform
) -> None:
    word = Word()
    worker = DeliveryWorker(archive, {"fake": platform}, now=clock, charge=word)
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    word.is_sure = False
    assert await worker.work_once() == 0
    word.is_sure, word.mine = True, False
    with pytest.raises(NotInCharge):
        await worker.work_once()
    assert platform.accepted == []
    assert len(await rows(archive, DeliveryState.PENDING)) == 1


async def test_one_that_is_frozen_before_its_message_leaves_does_not_let_it_leave(
    archive: Archive, clock: StoppedClock, platform: FakePlatform
) -> None:
    word = Word()
    worker = DeliveryWorker(archive, {"fake": platform}, now=clock, charge=word)

    async def send(*_: object, **__: object) -> Sent:
        word.is_sure = False  # frozen here, and woken when another has taken over
        departing()
        raise AssertionError("the message left")

    platform.send = send  # type: ignore[method-assign]
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    await worker.work_once()
    (row,) = await rows(archive, DeliveryState.PENDING)
    assert "in charge" in (row.error or "")


async def test_one_that_has_lost_its_charge_records_nothing(
    archive: Archive, clock: StoppedClock, platform: FakePlatform
) -> None:
    word = Word()
    worker = DeliveryWorker(archive, {"fake": platform}, now=clock, charge=word)
    await write_edition(archive, clock, (HERE, 1, 1, "news"))
    platform.hold = asyncio.Event()
    sending = asyncio.create_task(worker.work_once())
    await platform.arrived.wait()
    word.mine = False
    platform.hold.set()
    await sending
    assert len(await rows(archive, DeliveryState.LEASED)) == 1, "whoever is in charge asks the platform for it"


@SQLITE_ALONE
async def test_a_lease_is_on_the_disk_before_anything_is_sent_under_it(archive: Archive) -> None:
    async def synchronous(connection: Any) -> int:
        return int((await connection.exec_driver_sql("PRAGMA synchronous")).scalar())

    assert await archive.write_at_once(synchronous, lasting=True) == 2, "FULL"
    assert await archive.write_at_once(synchronous) == 1, "NORMAL, for what can be read from its source again"
