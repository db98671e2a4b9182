"""The ledger's worker: lease a row, send it, record the platform's id, retry, reconcile, give up.

What stands where a crash can happen:

* before the row is leased: it is pending and will be sent;
* leased, not yet sent, or sent and not yet recorded: the lease runs out, and the next worker first asks the platform
  (:meth:`~bot.adapters.base.Adapter.find`) and sends only what is not there; where the platform cannot tell, the row
  stands as uncertain and is never blindly sent again;
* after the record: nothing is left to do.

Only the instance in charge of the archive (:mod:`bot.charge`) leases and records, and it asks itself once more before
each message leaves whether it still is.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.base import Adapter, PermanentSendError, Sent, TransientSendError, UncertainSendError
from bot.adapters.departure import leave_of
from bot.charge import UNSHARED, Charge
from bot.failpoints import passing
from bot.message import Message, from_json
from bot.records import Records
from digests.archive import Archive, deliveries
from digests.errors import ArchiveError, NotInCharge
from digests.model import Delivery, DeliveryState, Destination

log = structlog.get_logger()

Outcome = Literal["sent", "retry", "dead", "uncertain"]
LEASE = timedelta(seconds=90)
SEND_TIMEOUT = 30.0
"""Seconds; well inside the lease, so that no row is ever in two hands."""
DRAIN_TIMEOUT = 7.0
"""Seconds that a shutdown waits for what is being sent; with the farewell to the platforms it takes ten at most."""
CONCURRENCY = 96
"""Rows that are being sent at the same time: fewer than the 100 connections that an HTTP session opens."""
_LEAST_TAKEN = 32
"""Rows are leased by the batch; each lease is a transaction."""
_STARTED_AT_ONCE = 8
_IDLE = 30.0
_SHORTEST_PAUSE = 0.02
_REMEMBERED = 16
_FAULT_PAUSE = 5.0
_LOOK_BACK = timedelta(hours=3)
"""How much older than our clock says a message may be that is looked for: clocks are set now and then."""
_FIRST_RETRY = timedelta(seconds=2)
_LONGEST_RETRY = timedelta(minutes=10)


def retry_delay(attempts: int, retry_after: float | None, rng: random.Random) -> timedelta:
    """How long to wait after ``attempts`` tries: doubling from 2 s to 10 min with full jitter in the upper half;
    never less than the platform asked for (``retry_after``, seconds)."""
    ceiling = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(attempts - 1, 20))
    jittered = ceiling.total_seconds() * rng.uniform(0.5, 1.0)
    return timedelta(seconds=max(jittered, retry_after or 0.0))


class DeliveryWorker:
    """Sends what the ledger holds through the adapters. One task; start with :meth:`run`, end with :meth:`stop`."""

    def __init__(
        self,
        archive: Archive,
        adapters: Mapping[str, Adapter],
        *,
        now: Callable[[], datetime],
        rng: random.Random | None = None,
        count: Callable[[str, Outcome], None] = lambda platform, outcome: None,
        charge: Charge = UNSHARED,
    ) -> None:
        """``count`` is told of every attempt's outcome, with the platform."""
        self.owner = secrets.token_hex(8)
        self._charge = charge
        self._archive = archive
        self._adapters = adapters
        self._now = now
        self._rng = rng or random.Random()
        self._count = count
        self._wake = asyncio.Event()
        self._stopping = False
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._records = Records(archive, self.owner, charge)
        self._read: dict[tuple[int, int, str], tuple[Mapping[str, Any], Message]] = {}
        self._holds: dict[tuple[str, str], datetime] = {}

    def wake(self) -> None:
        """Look at the ledger now: rows have been written."""
        self._wake.set()

    async def run(self) -> None:
        """Work until :meth:`stop`: keep up to :data:`CONCURRENCY` rows in hand, take more as they are settled."""
        while not self._stopping:
            self._wake.clear()
            try:
                worked = await self._take() if CONCURRENCY - len(self._busy) >= _LEAST_TAKEN else 0
                pause = 0.0 if worked else await self._pause()
            except NotInCharge:
                # Whoever keeps the charge ends this process; until then nothing is done here.
                log.error("delivery.not-in-charge")
                pause = _FAULT_PAUSE
            except ArchiveError as error:
                log.error("delivery.ledger-unusable", why=str(error))
                pause = _FAULT_PAUSE
            except SQLAlchemyError:
                log.exception("delivery.ledger-unreadable")
                pause = _FAULT_PAUSE
            if pause and not self._stopping:
                await self._rest(pause)

    async def stop(self) -> None:
        """Take nothing new and wait up to :data:`DRAIN_TIMEOUT` for what is being sent."""
        self._stopping = True
        self._wake.set()
        clock = asyncio.get_running_loop().time
        until = clock() + DRAIN_TIMEOUT
        # A lease that was under way may still bring rows; they are given back as they come.
        while self._busy and clock() < until:
            await asyncio.wait(self._busy.values(), timeout=until - clock())
        left = list(self._busy.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def work_once(self) -> int:
        """Lease what is due and settle it; returns how many rows were handled."""
        taken = await self._take()
        await asyncio.gather(*self._busy.values())
        return taken

    async def _take(self) -> int:
        """Lease rows that are due, as many as there are hands for, and begin to send them; returns how many."""
        now, free, busy = self._now(), CONCURRENCY - len(self._busy), tuple(self._busy)

        async def lease(connection: AsyncConnection) -> list[Delivery]:
            await self._charge.verify(connection)
            return await deliveries.lease(
                connection, owner=self.owner, now=now, until=now + LEASE, limit=free, except_for=busy
            )

        if not self._charge.is_sure:
            return 0
        # Lasting: were the lease lost by a power cut, what was sent under it would be sent again unasked.
        rows = await self._archive.write_at_once(lease, lasting=True)
        for place, row in enumerate(rows, start=1):
            if place % _STARTED_AT_ONCE == 0:
                await asyncio.sleep(0)  # a hundred beginning at once would hold the event loop for 100 ms
            task = asyncio.create_task(self._handle(row), name=f"delivery {row.id}")
            self._busy[row.id] = task
            task.add_done_callback(partial(self._done, row.id))
        return len(rows)

    def _done(self, key: str, _: asyncio.Task[None]) -> None:
        self._busy.pop(key, None)
        self._wake.set()

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _pause(self) -> float:
        if len(self._busy) > CONCURRENCY - _LEAST_TAKEN:
            return _IDLE  # Whichever row is settled first wakes us.
        async with self._archive.read() as connection:
            due = await deliveries.next_due(connection)
        if due is None:
            return _IDLE
        return min(_IDLE, max(_SHORTEST_PAUSE, (due - self._now()).total_seconds()))

    async def _handle(self, row: Delivery) -> None:
        with structlog.contextvars.bound_contextvars(
            edition=row.edition_id, delivery=row.id, destination=str(row.destination)
        ):
            try:
                passing("delivery.leased")
                held = self._held_until(row.destination)
                if self._stopping or held is not None:
                    await self._release(row, held or self._now())
                else:
                    await self._deliver(row)
            except (ArchiveError, NotInCharge) as error:
                log.error("delivery.not-recorded", why=str(error))
            except Exception:
                # It may have been sent: the lease runs out and the platform is asked before anything else.
                log.exception("delivery.fault")

    def _held_until(self, destination: Destination) -> datetime | None:
        """Until when the platform wants nothing from us for this workspace; None when it takes messages."""
        until = self._holds.get((destination.platform, destination.workspace))
        return until if until is not None and until > self._now() else None

    async def _deliver(self, row: Delivery) -> None:
        adapter = self._adapters.get(row.destination.platform)
        if adapter is None:
            cure = f"no adapter {row.destination.platform!r} is running; enable it under platforms in bot.yaml"
            if row.state is DeliveryState.LEASED:
                await self._keep_unclear(row, cure)
            else:
                await self._retry(row, cure, None)
            return
        if row.state is DeliveryState.LEASED and await self._reconciled(row, adapter):
            return
        if row.attempts and self._now() >= row.give_up_at:
            await self._dead(row, f"gave up after {row.attempts} attempts: {row.error or 'no answer'}")
            return
        ready, parent = await self._parent(row)
        if ready:
            await self._send(row, adapter, parent)

    async def _send(self, row: Delivery, adapter: Adapter, parent: Sent | None) -> None:
        try:
            with leave_of(self._leave):
                async with asyncio.timeout(SEND_TIMEOUT):
                    sent = await adapter.send(row.destination, self._message(row), key=row.id, parent=parent)
        except TransientSendError as error:
            passing("delivery.refused")
            if error.retry_after is not None:
                place = (row.destination.platform, row.destination.workspace)
                self._holds[place] = self._now() + timedelta(seconds=error.retry_after)
            await self._retry(row, str(error), error.retry_after)
        except PermanentSendError as error:
            await self._dead(row, str(error))
        except (UncertainSendError, TimeoutError) as error:
            log.warning("delivery.unclear", why=str(error) or "no answer in time")
            if not await self._reconciled(row, adapter):
                await self._retry(row, str(error) or "no answer in time", None)
        else:
            passing("delivery.accepted")
            await self._sent(row, sent, adapter)

    def _leave(self) -> None:
        """Asked right before a message leaves."""
        passing("delivery.departing")
        if not self._charge.is_sure:
            raise TransientSendError("this instance is not sure to be in charge of the archive any more")

    def _message(self, row: Delivery) -> Message:
        """The row's message; the same part of an edition is the same object for every channel it goes to."""
        name = (row.edition_id, row.part, row.destination.platform)
        payload, message = self._read.get(name, (None, None))
        if message is None or payload != row.payload:
            message = from_json(row.payload)
            while len(self._read) >= _REMEMBERED:
                del self._read[next(iter(self._read))]
            self._read[name] = (row.payload, message)
        return message

    async def _reconciled(self, row: Delivery, adapter: Adapter) -> bool:
        """Ask the platform for a row that may have been sent. True when the row is settled by the answer."""
        passing("delivery.asking")
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                found = await adapter.find(row.destination, key=row.id, since=await self._since(row))
        except TransientSendError as error:
            await self._keep_unclear(row, str(error))
            return True
        except TimeoutError:
            await self._keep_unclear(row, "the platform did not answer in time")
            return True
        except PermanentSendError as error:
            await self._uncertain(row, f"may have been posted; the platform cannot be asked: {error}")
            return True
        if found.sent is not None:
            passing("delivery.found")
            await self._sent(row, found.sent, adapter)
            return True
        if not found.known:
            await self._uncertain(row, "may have been posted; the platform cannot tell. Look, then replay or drop it")
            return True
        return False

    async def _since(self, row: Delivery) -> datetime:
        """From when on the row may have been posted. Nothing of it came before what its destination took last; that
        moment is of the platform's own clock, so it holds where ours was set in between."""
        earliest = row.next_try_at - _LOOK_BACK
        if row.error == deliveries.IN_DOUBT:
            return earliest
        async with self._archive.read() as connection:
            before = await deliveries.last_sent_at(connection, row.destination)
        return earliest if before is None else max(before, earliest)

    async def _keep_unclear(self, row: Delivery, why: str) -> None:
        """Leave the lease to run out: whoever takes the row next asks the platform again before sending."""
        if self._now() >= row.give_up_at:
            await self._uncertain(row, f"may have been posted; {why}")
        else:
            log.info("delivery.ask-again", why=why)

    async def _parent(self, row: Delivery) -> tuple[bool, Sent | None]:
        if row.part == 1:
            return True, None
        async with self._archive.read() as connection:
            first = await deliveries.first_part(connection, row)
        if first is None or first.state is not DeliveryState.SENT:
            await self._dead(row, "its first part was not delivered")
            return False, None
        return True, Sent(first.platform_ids, first.next_try_at)

    async def _sent(self, row: Delivery, sent: Sent, adapter: Adapter) -> None:
        free_at = self._now() + timedelta(seconds=adapter.spacing) if adapter.spacing else None
        await self._records.add(deliveries.SentPart(row, sent.platform_ids, sent.at, free_at))
        passing("delivery.recorded")
        self._count(row.destination.platform, "sent")
        log.info("delivery.sent", part=row.part, parts=row.parts)

    async def _retry(self, row: Delivery, why: str, retry_after: float | None) -> None:
        now = self._now()
        attempts = row.attempts + 1
        delay = retry_delay(attempts, retry_after, self._rng)
        if now + delay > row.give_up_at:
            await self._dead(row, f"gave up after {attempts} attempts: {why}")
            return

        async def record(connection: AsyncConnection) -> None:
            await deliveries.mark_retry(connection, row.id, owner=self.owner, next_try_at=now + delay, error=why)

        await self._records.add(record)
        self._count(row.destination.platform, "retry")
        log.warning("delivery.retry", why=why, attempts=attempts, wait_s=round(delay.total_seconds(), 1))

    async def _dead(self, row: Delivery, why: str) -> None:
        async def record(connection: AsyncConnection) -> None:
            await deliveries.mark_dead(connection, row.id, owner=self.owner, error=why)

        await self._records.add(record)
        self._count(row.destination.platform, "dead")
        log.error("delivery.dead", why=why)

    async def _uncertain(self, row: Delivery, why: str) -> None:
        async def record(connection: AsyncConnection) -> None:
            await deliveries.mark_uncertain(connection, row.id, owner=self.owner, error=why)

        await self._records.add(record)
        self._count(row.destination.platform, "uncertain")
        log.error("delivery.uncertain", why=why)

    async def _release(self, row: Delivery, again: datetime) -> None:
        if row.state is DeliveryState.LEASED:
            return  # An earlier worker may have sent it: only a look at the platform may settle it.

        async def record(connection: AsyncConnection) -> None:
            await deliveries.release(connection, row.id, owner=self.owner, now=again)

        await self._records.add(record)
