"""Everything that the archive keeps of a member, and its deletion.

Kept by the member's id: subscriptions, what /settings chose, the state behind buttons, digests that were sent to them
by direct message, and the local chat's own messages. What was posted to a channel belongs to the channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.subscriptions import digest_id
from digests.archive.tables import deliveries, editions, local_messages, preferences, subscriptions, views

LOCAL_CHAT = "web"
"""The platform whose messages lie in the archive itself."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were deleted. ``messages``: digests sent to the member, and the local chat's messages."""

    subscriptions: int
    settings: int
    buttons: int
    messages: int


async def forget(connection: AsyncConnection, *, platform: str, workspace: str | None, user: str) -> Forgotten:
    """Delete what is kept of a member; with ``workspace`` None in every workspace of the platform.

    A delivery that a worker is just sending is deleted too: it can no longer record it, and nothing is sent again.
    """
    ended = await _subscriptions(connection, platform, workspace, user)
    sent = await _deliveries(connection, platform, workspace, user)
    said = 0
    if platform == LOCAL_CHAT:
        own = (local_messages.c.author == user) | (local_messages.c.private_to == user)
        said = await _deleted(connection, local_messages, own | (local_messages.c.channel == f"@{user}"))
    return Forgotten(
        subscriptions=ended,
        settings=await _deleted(connection, preferences, _key(preferences.c.member, platform, workspace, user)),
        buttons=await _deleted(connection, views, _key(views.c.owner, platform, workspace, user)),
        messages=sent + said,
    )


async def _subscriptions(connection: AsyncConnection, platform: str, workspace: str | None, user: str) -> int:
    own = (subscriptions.c.platform == platform) & (subscriptions.c.user == user)
    if workspace is not None:
        own &= subscriptions.c.workspace == workspace
    ids = list((await connection.execute(select(subscriptions.c.id).where(own))).scalars())
    # Their editions too: those of quiet days have no delivery to be found by.
    await _deleted(connection, editions, editions.c.digest_id.in_([digest_id(id_) for id_ in ids]))
    return await _deleted(connection, subscriptions, own)


async def _deliveries(connection: AsyncConnection, platform: str, workspace: str | None, user: str) -> int:
    """Digests sent to the member, with their editions: a subscription's edition has no other reader."""
    own = (deliveries.c.platform == platform) & (deliveries.c.channel == user) & (deliveries.c.kind == "direct")
    if workspace is not None:
        own &= deliveries.c.workspace == workspace
    theirs = set((await connection.execute(select(deliveries.c.edition_id).where(own))).scalars())
    count = await _deleted(connection, deliveries, own)
    inhabited = select(deliveries.c.id).where(deliveries.c.edition_id == editions.c.id).exists()
    await _deleted(connection, editions, editions.c.id.in_(theirs) & ~inhabited)
    return count


def _key(column: Column[Any], platform: str, workspace: str | None, user: str) -> ColumnElement[bool]:
    if workspace is not None:
        return column == f"{platform}:{workspace}:{user}"
    begins, ends = f"{platform}:", f":{user}"
    return column.startswith(begins, autoescape=True) & column.endswith(ends, autoescape=True)


async def _deleted(connection: AsyncConnection, table: Any, condition: ColumnElement[bool]) -> int:
    return (await connection.execute(delete(table).where(condition))).rowcount
