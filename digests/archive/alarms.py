"""What is out of order and was told: a row from its beginning until its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import deliveries as ledger
from digests.archive.tables import alarms, editions
from digests.archive.tables import deliveries as deliveries_table
from digests.model import Delivery, DeliveryState

_UNDELIVERED = (DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.DEAD, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Alarm:
    """``subject`` is ``digest:<id>`` or ``kind:<kind of source>``; ``detail`` is plain data for the message."""

    subject: str
    since: datetime
    detail: Mapping[str, Any]


async def all_of(connection: AsyncConnection) -> dict[str, Alarm]:
    """What stands as told, by subject."""
    rows = await connection.execute(select(alarms).order_by(alarms.c.since, alarms.c.subject))
    return {row.subject: Alarm(row.subject, row.since, dict(row.detail)) for row in rows}


async def change(connection: AsyncConnection, *, began: Sequence[Alarm], ended: Sequence[Alarm], now: datetime) -> None:
    """Write down what has begun, strike out what has ended."""
    if ended:
        await connection.execute(delete(alarms).where(alarms.c.subject.in_([alarm.subject for alarm in ended])))
    if began:
        rows = [
            {"subject": alarm.subject, "since": alarm.since, "told_at": now, "detail": dict(alarm.detail)}
            for alarm in began
        ]
        await connection.execute(alarms.insert(), rows)


async def undelivered(connection: AsyncConnection, edition_id: int, *, composed_before: datetime) -> list[Delivery]:
    """The rows of an edition that have not reached their place, when it was composed long enough ago."""
    query = select(deliveries_table.c.id).join(editions, editions.c.id == deliveries_table.c.edition_id)
    query = query.where(
        editions.c.id == edition_id,
        editions.c.composed_at <= composed_before,
        deliveries_table.c.state.in_(_UNDELIVERED),
    )
    wanted = set((await connection.execute(query)).scalars())
    return [row for row in await ledger.of_edition(connection, edition_id) if row.id in wanted] if wanted else []
