"""Members' subscriptions to sections by direct message."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, String, cast, delete, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import subscriptions
from digests.archive.upsert import insert_for
from digests.model import Subscription

_MEMBER = ["platform", "workspace", "user", "section"]
_DIGEST = "subscription:"


def digest_id(subscription_id: int) -> str:
    """The id under which the subscription's editions stand: each is a digest of its own."""
    return f"{_DIGEST}{subscription_id}"


def has_ended(digest: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a digest's id is that of a subscription which is no more."""
    running = select(literal(_DIGEST).concat(cast(subscriptions.c.id, String)))
    return digest.startswith(_DIGEST) & digest.not_in(running)


async def put(
    connection: AsyncConnection,
    *,
    platform: str,
    workspace: str,
    user: str,
    section: str,
    language: str,
    zone: str,
    time: str,
    now: datetime,
) -> Subscription:
    """Subscribe, or change the time, zone and language of a subscription that stands."""
    changed = {"language": language, "zone": zone, "time": time}
    statement = (
        insert_for(connection, subscriptions)
        .values(platform=platform, workspace=workspace, user=user, section=section, created_at=now, **changed)
        .on_conflict_do_update(index_elements=_MEMBER, set_=changed)
        .returning(subscriptions)
    )
    return _subscription((await connection.execute(statement)).mappings().one())


async def remove(connection: AsyncConnection, *, platform: str, workspace: str, user: str, section: str | None) -> int:
    """End one subscription, or all of the member's when ``section`` is None; returns how many ended."""
    statement = delete(subscriptions).where(
        subscriptions.c.platform == platform,
        subscriptions.c.workspace == workspace,
        subscriptions.c.user == user,
    )
    if section is not None:
        statement = statement.where(subscriptions.c.section == section)
    return (await connection.execute(statement)).rowcount


async def of_member(connection: AsyncConnection, *, platform: str, workspace: str, user: str) -> list[Subscription]:
    query = (
        select(subscriptions)
        .where(
            subscriptions.c.platform == platform,
            subscriptions.c.workspace == workspace,
            subscriptions.c.user == user,
        )
        .order_by(subscriptions.c.section)
    )
    return [_subscription(row) for row in (await connection.execute(query)).mappings()]


async def everyone(connection: AsyncConnection) -> list[Subscription]:
    rows = (await connection.execute(select(subscriptions).order_by(subscriptions.c.id))).mappings()
    return [_subscription(row) for row in rows]


def _subscription(row: RowMapping) -> Subscription:
    return Subscription(
        id=row["id"],
        platform=row["platform"],
        workspace=row["workspace"],
        user=row["user"],
        section=row["section"],
        language=row["language"],
        zone=row["zone"],
        time=row["time"],
        created_at=row["created_at"],
    )
