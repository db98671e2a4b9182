"""The ledger as somebody looks through it, and what they decide about dead letters and rows in doubt."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.deliveries import delivery_of
from digests.archive.tables import deliveries, editions
from digests.model import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to list; None: any."""

    states: Collection[DeliveryState] | None = None
    platform: str | None = None
    workspace: str | None = None
    channel: str | None = None
    edition_id: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list, with its edition and times."""

    delivery: Delivery
    digest_id: str
    scheduled_at: datetime
    created_at: datetime
    sent_at: datetime | None


async def listed(connection: AsyncConnection, wanted: Wanted, *, limit: int) -> list[Listed]:
    """Rows as ``wanted``, newest edition first, its parts in order."""
    query = select(editions.c.digest_id, editions.c.scheduled_at, deliveries).join(
        editions, editions.c.id == deliveries.c.edition_id
    )
    if wanted.states is not None:
        query = query.where(deliveries.c.state.in_(list(wanted.states)))
    for column, value in (
        (deliveries.c.platform, wanted.platform),
        (deliveries.c.workspace, wanted.workspace),
        (deliveries.c.channel, wanted.channel),
        (deliveries.c.edition_id, wanted.edition_id),
    ):
        if value is not None:
            query = query.where(column == value)
    ordered = query.order_by(deliveries.c.edition_id.desc(), deliveries.c.channel, deliveries.c.part).limit(limit)
    columns = [column for column in deliveries.c if column is not deliveries.c.payload]
    ordered = ordered.with_only_columns(
        editions.c.digest_id, editions.c.scheduled_at, *columns, literal("{}").label("payload")
    )
    rows = (await connection.execute(ordered)).mappings()
    return [
        Listed(delivery_of(row), row["digest_id"], row["scheduled_at"], row["created_at"], row["sent_at"])
        for row in rows
    ]


SETTLEABLE = (DeliveryState.DEAD, DeliveryState.UNCERTAIN)
"""States about which somebody may decide."""


async def replay(
    connection: AsyncConnection, delivery_id: str, *, now: datetime, give_up_at: datetime
) -> DeliveryState | None:
    """Have a dead or uncertain row sent again, as if it were new. Returns its state before; None when there is no such
    row in one of these states (the bot or somebody else has settled it meanwhile)."""
    values = {
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "next_try_at": now,
        "give_up_at": give_up_at,
        "error": None,
        "lease_owner": None,
        "lease_until": None,
    }
    return await _decide(connection, delivery_id, values)


async def drop(connection: AsyncConnection, delivery_id: str) -> DeliveryState | None:
    """Settle a dead or uncertain row for good without sending it; returns as :func:`replay`."""
    return await _decide(connection, delivery_id, {"state": DeliveryState.DROPPED})


async def _decide(connection: AsyncConnection, delivery_id: str, values: Mapping[str, Any]) -> DeliveryState | None:
    state = await connection.scalar(select(deliveries.c.state).where(deliveries.c.id == delivery_id))
    if state not in SETTLEABLE:
        return None
    await connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**values))
    return DeliveryState(state)
