"""Schema migrations, run at start. Alembic is imported only when there is something to do: it costs start time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, text
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
    found = current(connection)
    if found is None:
        _create(connection)
    elif found != HEAD:
        run_scripts(connection)


def _create(connection: Connection) -> None:
    """A new archive is made in one go: the scripts come to the same, which a test holds them to, and take half a second
    more with what they import."""
    from digests.archive.tables import metadata
    from digests.search import schema

    metadata.create_all(connection)
    schema.create(connection)
    key = PrimaryKeyConstraint("version_num", name="alembic_version_pkc")  # as Alembic makes it
    versions = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False), key)
    versions.create(connection)
    connection.execute(versions.insert().values(version_num=HEAD))


def run_scripts(connection: Connection) -> None:
    """Run every script that the archive has not seen."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
