"""The ledger: one row per message part, its lease and what became of it.

A worker leases rows under its own name until a time. Every later word about a row (:func:`mark_sent` and the rest)
is taken only from the worker that still holds the lease: a worker that was thought dead cannot speak for a row that
another has taken over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    CursorResult,
    RowMapping,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import deliveries, editions
from digests.model import Delivery, DeliveryState, Destination

_PAYLOADS_KNOWN = 32
_AT_ONCE = 50
IN_DOUBT = "it may have been posted before a backup was put back"
"""The error of rows that an archive which is lost may have sent: out of order, as seen from this one."""
_KEY = 20
"""Characters: Discord takes 25 as a nonce."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    destination: Destination
    part: int
    parts: int
    payload: Mapping[str, Any]


async def add(
    connection: AsyncConnection,
    edition_id: int,
    new: Iterable[NewDelivery],
    *,
    now: datetime,
    give_up_at: datetime,
    in_doubt: bool = False,
) -> list[str]:
    """Write pending rows; returns their ids in order.

    ``in_doubt``: they may have been posted before (by an archive that is lost), so the platform is asked first.
    """
    edition = (await connection.execute(select(editions).where(editions.c.id == edition_id))).mappings().one()
    whose = (edition["digest_id"], edition["scheduled_at"])
    rows: list[dict[str, Any]] = [
        {
            "id": key_of(*whose, row.destination, row.part),
            "edition_id": edition_id,
            "platform": row.destination.platform,
            "workspace": row.destination.workspace,
            "channel": row.destination.channel,
            "kind": row.destination.kind,
            "part": row.part,
            "parts": row.parts,
            "payload": dict(row.payload),
            "state": DeliveryState.LEASED if in_doubt else DeliveryState.PENDING,
            "lease_until": now if in_doubt else None,
            "error": IN_DOUBT if in_doubt else None,
            "attempts": 0,
            "created_at": now,
            "next_try_at": now,
            "give_up_at": give_up_at,
            "platform_ids": [],
        }
        for row in new
    ]
    # In pieces: turning a thousand messages into JSON at one go would hold the event loop.
    for start in range(0, len(rows), _AT_ONCE):
        await connection.execute(deliveries.insert(), rows[start : start + _AT_ONCE])
    return [str(row["id"]) for row in rows]


def key_of(digest_id: str, scheduled_at: datetime, destination: Destination, part: int) -> str:
    """The id of a row, which follows from what it is: the same in an archive that had to be written again."""
    moment = scheduled_at.astimezone(UTC).isoformat(timespec="microseconds")
    named = json.dumps([digest_id, moment, str(destination), destination.kind, part])
    return sha256(named.encode()).hexdigest()[:_KEY]


async def lease(
    connection: AsyncConnection,
    *,
    owner: str,
    now: datetime,
    until: datetime,
    limit: int,
    except_for: Collection[str] = (),
) -> list[Delivery]:
    """Take due rows, oldest edition first: pending ones, and leased ones whose worker let the lease run out.

    Rows ``except_for`` are not taken: the worker is still busy with them, and its clock has been set forward.

    Order within a destination is kept: a row is taken only when every earlier row of its destination is sent or
    dead. Rows come back as they were before (``state`` leased means: an earlier worker may have sent it).
    """
    earlier = deliveries.alias("earlier")
    blocked = exists(
        select(earlier.c.id).where(
            earlier.c.platform == deliveries.c.platform,
            earlier.c.workspace == deliveries.c.workspace,
            earlier.c.channel == deliveries.c.channel,
            earlier.c.state.in_([DeliveryState.PENDING, DeliveryState.LEASED]),
            or_(
                earlier.c.edition_id < deliveries.c.edition_id,
                and_(earlier.c.edition_id == deliveries.c.edition_id, earlier.c.part < deliveries.c.part),
            ),
        )
    )
    due = or_(
        and_(deliveries.c.state == DeliveryState.PENDING, deliveries.c.next_try_at <= now),
        and_(deliveries.c.state == DeliveryState.LEASED, deliveries.c.lease_until <= now),
        # Of a clock that has been set back since: nobody leases for so long.
        and_(deliveries.c.state == DeliveryState.LEASED, deliveries.c.lease_until > until + (until - now)),
    )
    query = (
        select(deliveries)
        .where(due, ~blocked, *((deliveries.c.id.not_in(list(except_for)),) if except_for else ()))
        .order_by(deliveries.c.edition_id, deliveries.c.channel, deliveries.c.part)
        .limit(limit)
    )
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    taken = await _fetch(connection, query)
    if taken:
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([row.id for row in taken]))
            .values(
                state=DeliveryState.LEASED,
                lease_owner=owner,
                lease_until=until,
                attempts=deliveries.c.attempts + 1,
            )
        )
    return taken


async def mark_sent(
    connection: AsyncConnection, delivery_id: str, *, owner: str, platform_ids: tuple[str, ...], at: datetime
) -> bool:
    """Record the platform's ids; False when the lease was lost."""
    return await _settle(
        connection,
        delivery_id,
        owner,
        state=DeliveryState.SENT,
        platform_ids=list(platform_ids),
        sent_at=at,
        error=None,
    )


@dataclass(frozen=True, slots=True)
class SentPart:
    """A row that the platform took. What waits for its destination is not sent before ``free_at`` (when set):
    platforms count messages a channel."""

    delivery: Delivery
    platform_ids: tuple[str, ...]
    at: datetime
    free_at: datetime | None = None


async def mark_all_sent(connection: AsyncConnection, parts: Sequence[SentPart], *, owner: str) -> None:
    """:func:`mark_sent` for many rows, with one statement for all; rows whose lease was lost stay as they are."""
    sent = [{"row": part.delivery.id, "ids": list(part.platform_ids), "at": part.at} for part in parts]
    await connection.execute(_SENT, [{**values, "owner": owner} for values in sent])
    spaced = [(part.delivery.destination, part.free_at) for part in parts if part.free_at is not None]
    if spaced:
        await connection.execute(
            _SPACED,
            [
                {"on": place.platform, "within": place.workspace, "where": place.channel, "until": free_at}
                for place, free_at in spaced
            ],
        )


_SENT = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("row"),
        deliveries.c.state == DeliveryState.LEASED,
        deliveries.c.lease_owner == bindparam("owner"),
    )
    .values(
        state=DeliveryState.SENT,
        platform_ids=bindparam("ids", type_=deliveries.c.platform_ids.type),
        sent_at=bindparam("at", type_=deliveries.c.sent_at.type),
        error=None,
        lease_owner=None,
        lease_until=None,
    )
)
_UNTIL = bindparam("until", type_=deliveries.c.next_try_at.type)
_SPACED = (
    update(deliveries)
    .where(
        deliveries.c.platform == bindparam("on"),
        deliveries.c.workspace == bindparam("within"),
        deliveries.c.channel == bindparam("where"),
        deliveries.c.state == DeliveryState.PENDING,
    )
    # Not as a condition: SQLite would look through all that wait anywhere and are due, for every row.
    .values(next_try_at=case((deliveries.c.next_try_at < _UNTIL, _UNTIL), else_=deliveries.c.next_try_at))
)


async def mark_retry(
    connection: AsyncConnection, delivery_id: str, *, owner: str, next_try_at: datetime, error: str
) -> bool:
    return await _settle(
        connection, delivery_id, owner, state=DeliveryState.PENDING, next_try_at=next_try_at, error=error
    )


async def mark_dead(connection: AsyncConnection, delivery_id: str, *, owner: str, error: str) -> bool:
    """Give up for good: the row is a dead letter, with the reason."""
    return await _settle(connection, delivery_id, owner, state=DeliveryState.DEAD, error=error)


async def mark_uncertain(connection: AsyncConnection, delivery_id: str, *, owner: str, error: str) -> bool:
    """Nobody can tell whether it was posted: it stands for a person to look at and is never sent again by itself."""
    return await _settle(connection, delivery_id, owner, state=DeliveryState.UNCERTAIN, error=error)


async def release(connection: AsyncConnection, delivery_id: str, *, owner: str, now: datetime) -> bool:
    """Give a row back that was leased but not tried; it is due again at ``now``."""
    return await _settle(
        connection,
        delivery_id,
        owner,
        state=DeliveryState.PENDING,
        next_try_at=now,
        attempts=deliveries.c.attempts - 1,
    )


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When the next row wants attention; None when the ledger is at rest."""
    waiting = func.min(deliveries.c.next_try_at)
    pending = (await connection.execute(select(waiting).where(deliveries.c.state == DeliveryState.PENDING))).scalar()
    leased = (
        await connection.execute(
            select(func.min(deliveries.c.lease_until)).where(deliveries.c.state == DeliveryState.LEASED)
        )
    ).scalar()
    times = [time for time in (pending, leased) if time is not None]
    return min(times) if times else None


async def first_part(connection: AsyncConnection, delivery: Delivery) -> Delivery | None:
    """The first part of the same edition at the same destination (the parent of its thread)."""
    query = select(deliveries).where(
        deliveries.c.edition_id == delivery.edition_id,
        deliveries.c.platform == delivery.destination.platform,
        deliveries.c.workspace == delivery.destination.workspace,
        deliveries.c.channel == delivery.destination.channel,
        deliveries.c.part == 1,
    )
    rows = await _fetch(connection, query)
    return rows[0] if rows else None


async def last_sent_at(connection: AsyncConnection, destination: Destination) -> datetime | None:
    """When the destination last took a message, by its platform's own clock; None when it has taken none.

    Rows are sent in order, so whatever of a later row was posted came after this moment.
    """
    query = select(func.max(deliveries.c.sent_at)).where(
        deliveries.c.platform == destination.platform,
        deliveries.c.workspace == destination.workspace,
        deliveries.c.channel == destination.channel,
        deliveries.c.state == DeliveryState.SENT,
    )
    found: datetime | None = await connection.scalar(query)
    return found


async def of_edition(connection: AsyncConnection, edition_id: int) -> list[Delivery]:
    query = select(deliveries).where(deliveries.c.edition_id == edition_id)
    return await _fetch(connection, query.order_by(deliveries.c.channel, deliveries.c.part))


async def in_state(connection: AsyncConnection, state: DeliveryState, *, limit: int = 50) -> list[Delivery]:
    """Rows in a state, newest first: dead letters, uncertain ones."""
    query = select(deliveries).where(deliveries.c.state == state)
    return await _fetch(connection, query.order_by(deliveries.c.created_at.desc()).limit(limit))


async def counts(connection: AsyncConnection) -> dict[DeliveryState, int]:
    """How many rows there are in each state."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    found = {DeliveryState(state): number for state, number in (await connection.execute(query)).all()}
    return {state: found.get(state, 0) for state in DeliveryState}


async def _settle(connection: AsyncConnection, delivery_id: str, owner: str, **values: Any) -> bool:
    result: CursorResult[Any] = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery_id,
            deliveries.c.state == DeliveryState.LEASED,
            deliveries.c.lease_owner == owner,
        )
        .values(lease_owner=None, lease_until=None, **values)
    )
    return result.rowcount == 1


async def _fetch(connection: AsyncConnection, query: Select[Any]) -> list[Delivery]:
    columns = [column for column in deliveries.c if column is not deliveries.c.payload]
    query = query.with_only_columns(*columns, cast(deliveries.c.payload, Text).label("payload"))
    return [delivery_of(row) for row in (await connection.execute(query)).mappings()]


@lru_cache(_PAYLOADS_KNOWN)
def _payload(text: str) -> dict[str, Any]:
    """One part of an edition goes to many destinations: its payload is read once."""
    found: dict[str, Any] = json.loads(text)
    return found


def delivery_of(row: RowMapping) -> Delivery:
    """A row of the ledger, with its payload as text."""
    return Delivery(
        id=row["id"],
        edition_id=row["edition_id"],
        destination=Destination(row["platform"], row["workspace"], row["channel"], row["kind"]),
        part=row["part"],
        parts=row["parts"],
        payload=_payload(row["payload"]),
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        next_try_at=row["next_try_at"],
        give_up_at=row["give_up_at"],
        lease_owner=row["lease_owner"],
        lease_until=row["lease_until"],
        platform_ids=tuple(row["platform_ids"]),
        error=row["error"],
    )
