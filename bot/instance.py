"""Keeping charge of the archive, or standing by until its holder is gone.

The holder counts up its beat every few seconds. Whoever waits takes over when the beat has not moved for
:data:`LEASE` of its own clock, or at once when the holder has ended in form or was a process of this machine that is no
more. The holder trusts itself for less than that since its last beat, by a clock that goes on while the process is
stopped: when it is frozen and another has taken over, it knows before it sends anything, and ends.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.failpoints import passing
from digests.archive import Archive, instances
from digests.archive.instances import InstanceRow, Process
from digests.errors import ArchiveError, NotInCharge

log = structlog.get_logger()

LEASE = 30.0
"""Seconds without a beat after which another instance may take over."""
MARGIN = 8.0
"""Seconds before that at which the holder no longer trusts itself: room for a request that is just being written."""
BEAT_EVERY = 5.0
LOOK_EVERY = 2.0
FRESH = 20.0
"""Seconds for which the word of an instance that stands by counts as present."""


def awake_seconds() -> float:
    """Seconds of a clock that nobody sets and that goes on while the process is stopped or the machine sleeps (where
    the system has one; elsewhere it stands while the machine sleeps)."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class InstanceKeeper:
    """This process's claim on the archive. :meth:`try_to_take`, then own :meth:`keep`; or :meth:`wait_for_charge`."""

    def __init__(
        self,
        archive: Archive,
        *,
        now: Callable[[], datetime],
        lease: float | None = None,
        seconds: Callable[[], float] = awake_seconds,
    ) -> None:
        self.process = this_process()
        self._archive = archive
        self._now = now
        self._lease = LEASE if lease is None else lease
        self._every = min(BEAT_EVERY, self._lease / 6)
        self._seconds = seconds
        self._fence: int | None = None
        self._sure_until = 0.0
        self._watched: tuple[int, int] | None = None
        self._watched_since = 0.0
        self._beats = 0
        self.previous: InstanceRow | None = None
        """Who was in charge before, once this one is."""
        self.rival: InstanceRow | None = None
        """Who is in charge while this one stands by."""

    # --- Charge --------------------------------------------------------------------------------------------

    @property
    def in_charge(self) -> bool:
        return self._fence is not None

    @property
    def is_sure(self) -> bool:
        return self._fence is not None and self._seconds() < self._sure_until

    async def verify(self, connection: AsyncConnection) -> None:
        """See :class:`bot.charge.Charge`."""
        if self._fence is None:
            raise NotInCharge("this instance stands by")
        await instances.check(connection, self._fence)

    # --- taking and keeping --------------------------------------------------------------------------------

    async def try_to_take(self) -> bool:
        """Take charge if nobody has it, or its holder is gone. False: :attr:`rival` has it."""
        async with self._archive.read() as connection:
            row = await instances.read(connection)
        began = self._seconds()
        if row is not None and not self._is_free(row, began):
            self.rival = row
            return False

        async def take(connection: AsyncConnection) -> int | None:
            return await instances.take(connection, self.process, row, now=self._now())

        fence = await self._archive.write_at_once(take, lasting=True)
        if fence is None:
            return False
        self._fence, self.previous, self.rival = fence, row, None
        self._trust_since(began)
        passing("charge.taken")
        log.info("instance.in-charge", fence=fence, pid=self.process.pid)
        return True

    def _is_free(self, row: InstanceRow, now: float) -> bool:
        if not row.process.holder or is_gone(row.process, self.process):
            return True
        if self._watched != (row.fence, row.beat):
            self._watched, self._watched_since = (row.fence, row.beat), now
        return now - self._watched_since >= self._lease

    async def wait_for_charge(self) -> None:
        """Return when this instance has taken charge; until then leave word that it stands by."""
        while True:
            try:
                if await self.try_to_take():
                    await self._leave(instances.STANDBY)
                    return
                await self._stand_by()
            except ArchiveError as error:
                log.warning("instance.archive-unusable", why=str(error))
            await asyncio.sleep(min(LOOK_EVERY, self._every))

    async def _stand_by(self) -> None:
        self._beats += 1

        async def write(connection: AsyncConnection) -> None:
            await instances.stand_by(connection, self.process, beat=self._beats, now=self._now())

        await self._archive.write_at_once(write)

    async def keep(self) -> None:
        """Beat until cancelled. Raises :class:`NotInCharge` when another instance has taken over."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.beat()
            except NotInCharge:
                self._fence = None
                log.error("instance.lost", cure="stop one of the two instances that run on this archive")
                raise
            except ArchiveError as error:
                # A database that nobody can write to is nobody's; until it can be written, nothing is sent.
                log.warning("instance.beat-failed", why=str(error))

    async def beat(self) -> None:
        """Say once that the holder lives. Raises as :meth:`keep`."""
        began, fence = self._seconds(), self._fence
        if fence is None:
            raise NotInCharge("this instance is not in charge")

        async def write(connection: AsyncConnection) -> None:
            await instances.beat(connection, self.process, fence, now=self._now())

        await self._archive.write_at_once(write)
        self._trust_since(began)

    def _trust_since(self, began: float) -> None:
        self._sure_until = began + self._lease - min(MARGIN, self._lease / 3)

    async def release(self) -> None:
        """Give up the charge, or the place of the one that stands by. Never raises: what fails runs out by itself."""
        role = instances.ACTIVE if self._fence is not None else instances.STANDBY
        if self._fence is None and self.rival is None:
            return
        self._fence = None
        await self._leave(role)

    async def _leave(self, role: str) -> None:
        async def write(connection: AsyncConnection) -> None:
            await instances.release(connection, self.process, role)

        try:
            await self._archive.write_at_once(write)
        except ArchiveError as error:
            log.warning("instance.not-released", why=str(error))


# --- processes ---------------------------------------------------------------------------------------------


def this_process() -> Process:
    pid = os.getpid()
    return Process(secrets.token_hex(12), socket.gethostname(), pid, _place(), _born(pid) or "")


def is_gone(other: Process, here: Process) -> bool:
    """Whether ``other`` surely runs no more: it was a process of this machine, and there is none such. False when that
    cannot be told. A process that is this one's own pid and another holder has ended: pids are unique in a place."""
    if not other.place or other.place != here.place:
        return False
    if other.pid == here.pid and other.born != here.born:
        return True
    return _born(other.pid) != other.born


def _place() -> str:
    """This start of this machine and its table of processes: containers have tables of their own."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _born(pid: int) -> str | None:
    """When a process began, in the kernel's ticks; None when there is none (or only its remains)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def words_of(row: InstanceRow) -> str:
    """An instance as an operator finds it."""
    return f"process {row.process.pid} on {row.process.host}, since {row.started_at:%Y-%m-%d %H:%M} UTC"
