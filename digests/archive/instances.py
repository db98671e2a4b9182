"""Who is in charge of the archive: one row, taken with a fencing number that only rises.

Everything here runs in a write transaction, and writers take turns in both databases: what is read is still true when
it is written. No two clocks are compared: the holder counts up its ``beat``, and whoever waits looks whether it moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import instances
from digests.archive.upsert import insert_for
from digests.errors import NotInCharge

ACTIVE, STANDBY = "active", "standby"


@dataclass(frozen=True, slots=True)
class Process:
    """A running program. ``place`` names the machine and its table of processes (empty where that cannot be known),
    ``born`` the moment it began: pids are used again."""

    holder: str
    host: str
    pid: int
    place: str
    born: str


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """What stands in the archive of an instance. ``process.holder`` is empty when it has ended in form."""

    process: Process
    fence: int
    beat: int
    beat_at: datetime
    started_at: datetime


async def read(connection: AsyncConnection, role: str = ACTIVE) -> InstanceRow | None:
    row = (await connection.execute(select(instances).where(instances.c.role == role))).mappings().first()
    if row is None:
        return None
    process = Process(row["holder"] or "", row["host"], row["pid"], row["place"], row["born"])
    return InstanceRow(process, row["fence"], row["beat"], row["beat_at"], row["started_at"])


async def take(connection: AsyncConnection, process: Process, seen: InstanceRow | None, *, now: datetime) -> int | None:
    """Take charge from the holder that was ``seen`` (None: nobody yet); returns the new fencing number. None when the
    row has moved since: the holder lives, or somebody else was faster."""
    found = await read(connection)
    if (found is None) != (seen is None):
        return None
    if found is not None and seen is not None and (found.fence, found.beat) != (seen.fence, seen.beat):
        return None
    fence = (found.fence if found else 0) + 1
    await _put(connection, ACTIVE, process, fence, beat=1, now=now, started_at=now)
    return fence


async def beat(connection: AsyncConnection, process: Process, fence: int, *, now: datetime) -> None:
    """The holder lives. Raises :class:`NotInCharge` when another has taken charge."""
    statement = (
        update(instances)
        .where(instances.c.role == ACTIVE, instances.c.holder == process.holder, instances.c.fence == fence)
        .values(beat=instances.c.beat + 1, beat_at=now)
    )
    if not (await connection.execute(statement)).rowcount:
        raise NotInCharge("another instance of Kakehashi has taken charge of the archive")


async def check(connection: AsyncConnection, fence: int) -> None:
    """Whether the fencing number is still the newest; to be asked in the transaction whose writing depends on it.

    Raises :class:`NotInCharge`.
    """
    newest = await connection.scalar(select(instances.c.fence).where(instances.c.role == ACTIVE))
    if newest != fence:
        raise NotInCharge("another instance of Kakehashi has taken charge of the archive")


async def release(connection: AsyncConnection, process: Process, role: str = ACTIVE) -> None:
    """The instance ends: whoever comes next need not wait. Nothing happens when it is in charge no more."""
    await connection.execute(
        update(instances).where(instances.c.role == role, instances.c.holder == process.holder).values(holder=None)
    )


async def stand_by(connection: AsyncConnection, process: Process, *, beat: int, now: datetime) -> None:
    """Leave word of an instance that waits."""
    await _put(connection, STANDBY, process, 0, beat=beat, now=now, started_at=now)


async def _put(
    connection: AsyncConnection,
    role: str,
    process: Process,
    fence: int,
    *,
    beat: int,
    now: datetime,
    started_at: datetime,
) -> None:
    values: dict[str, Any] = {
        "holder": process.holder,
        "host": process.host,
        "pid": process.pid,
        "place": process.place,
        "born": process.born,
        "fence": fence,
        "beat": beat,
        "beat_at": now,
        "started_at": started_at,
    }
    statement = insert_for(connection, instances).values(role=role, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["role"], set_=values))
