"""Pictures and files of messages, kept by the hash of type and bytes: the same one is kept once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import media
from digests.archive.upsert import insert_for


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or file; ``content_type`` such as ``image/png`` or ``text/csv``."""

    key: str
    content_type: str
    content: bytes


async def renew(connection: AsyncConnection, key: str, *, now: datetime) -> bool:
    """Keep one from now on as long as a new one; False when it is there no more."""
    renewed = update(media).where(media.c.key == key).values(created_at=now)
    return (await connection.execute(renewed)).rowcount > 0


def new(content: bytes, *, content_type: str) -> Media:
    """A picture or file with its key (see :class:`bot.message.Image`, :class:`bot.message.File`), not yet kept."""
    # The type counts: what is served as a table today must not become a page because the same bytes came again.
    key = sha256(content_type.encode() + b"\n" + content).hexdigest()[:40]
    return Media(key, content_type, content)


async def put(connection: AsyncConnection, content: bytes, *, content_type: str, now: datetime) -> str:
    """Keep a picture or file; returns its key."""
    return await keep(connection, new(content, content_type=content_type), now=now)


async def keep(connection: AsyncConnection, made: Media, *, now: datetime) -> str:
    """Keep what :func:`new` made; returns its key."""
    key = made.key
    values = {"key": key, "content_type": made.content_type, "content": made.content, "created_at": now}
    adding = insert_for(connection, media).values(values)
    # Kept anew: a message of today may show what was made long ago.
    await connection.execute(adding.on_conflict_do_update(index_elements=["key"], set_={"created_at": now}))
    return key


async def get(connection: AsyncConnection, key: str) -> Media | None:
    row = (await connection.execute(select(media).where(media.c.key == key))).mappings().first()
    return Media(row["key"], row["content_type"], row["content"]) if row else None


async def prune(connection: AsyncConnection, *, before: datetime) -> int:
    """Remove what was made before ``before``; returns how many."""
    return (await connection.execute(media.delete().where(media.c.created_at < before))).rowcount
