"""Schema migrations, run at start. Alembic is imported only when there is something to do: it costs start time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.errors import ArchiveError

HEAD = "0001"
"""The newest revision; a test holds it against the scripts."""


async def upgrade(connection: AsyncConnection) -> None:
    """Bring the schema to :data:`HEAD`. Raises :class:`ArchiveError` when a newer program wrote the archive."""
    await connection.run_sync(_upgrade)


def current(connection: Connection) -> str | None:
    """The archive's revision; None for an empty archive."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _upgrade(connection: Connection) -> None:
    found = current(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise ArchiveError(f"the archive is of version {found}, newer than this program ({HEAD}); update Kakehashi")
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
