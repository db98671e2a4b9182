"""Schema migrations, run at start. Alembic is imported only when there is something to do: it costs start time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.errors import ArchiveError

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every revision, oldest first; a test holds it against the scripts."""
HEAD = REVISIONS[-1]


async def is_current(connection: AsyncConnection) -> bool:
    """Whether the schema is that of this program; writes nothing.

    Raises :class:`ArchiveError` when a newer program wrote the archive, or none that is known.
    """
    return await connection.run_sync(current) == HEAD


async def upgrade(connection: AsyncConnection) -> None:
    """Bring the schema to :data:`HEAD`, in the caller's transaction. Raises like :func:`is_current`."""
    await connection.run_sync(_upgrade)


def current(connection: Connection) -> str | None:
    """The archive's revision; None for an empty database. Raises :class:`ArchiveError` for an unknown one."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if "items" in tables:
            raise ArchiveError("the database holds tables of another program; give the archive one of its own")
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise ArchiveError(
            f"the archive is of version {found}, and this program knows none later than {HEAD}: a newer Kakehashi has"
            " written it. Update Kakehashi, or put back a backup from before that update"
        )
    return found


def _upgrade(connection: Connection) -> None:
    if current(connection) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
