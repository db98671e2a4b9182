"""What members have chosen for themselves: language and time zone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import preferences
from digests.archive.upsert import insert_for


@dataclass(frozen=True, slots=True)
class Preferences:
    """None where the platform's own word holds."""

    language: str | None = None
    zone: str | None = None


_OF_MEMBER = select(preferences.c.language, preferences.c.zone).where(preferences.c.member == bindparam("who"))


async def of_member(connection: AsyncConnection, member: str) -> Preferences:
    """``member`` is the member's key, ``platform:workspace:user``."""
    row = (await connection.execute(_OF_MEMBER, {"who": member})).first()
    return Preferences(row.language, row.zone) if row else Preferences()


async def put(connection: AsyncConnection, member: str, chosen: Preferences) -> None:
    """Replace what the member had chosen; forget the member when nothing is chosen."""
    if chosen == Preferences():
        await connection.execute(delete(preferences).where(preferences.c.member == member))
        return
    values = {"language": chosen.language, "zone": chosen.zone}
    statement = insert_for(connection, preferences).values(member=member, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["member"], set_=values))
