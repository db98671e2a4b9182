"""The schema: what migrations make is what the program expects, in both databases."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, String, inspect, text

from digests.archive import Archive, migrations
from digests.archive.tables import metadata
from digests.errors import ArchiveError


def differences(connection: Connection) -> list[Any]:
    """What a migration would still have to do; the search tables are derived and look after themselves."""

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return not (kind == "table" and name is not None and name.startswith(("search_", "alembic_")))

    def same_kind(context: MigrationContext, _column: object, _new: object, there: Any, wanted: Any) -> bool | None:
        """SQLite knows no lengths: a word is a word."""
        words = isinstance(there, String) and isinstance(getattr(wanted, "impl", wanted), String)
        return False if words and context.dialect.name == "sqlite" else None

    options = {"compare_type": same_kind, "compare_server_default": True, "include_name": ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_a_new_archive_is_what_the_migrations_make_and_what_the_program_expects(
    archive_url: str, tmp_path: Path
) -> None:
    archive = await Archive.open(archive_url)
    async with archive.write() as connection:
        made = await connection.run_sync(_described)
        assert await connection.run_sync(differences) == []
        if not archive.is_sqlite:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
    await archive.close()
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}" if archive_url.startswith("sqlite") else archive_url
    empty = await Archive.open(other, migrate=False)
    async with empty.write() as connection:
        await connection.run_sync(migrations.run_scripts)
        migrated = await connection.run_sync(_described)
        assert await connection.run_sync(differences) == []
        assert await migrations.is_current(connection)
    await empty.close()
    assert made == migrated


def _told(index: Any) -> str:
    options = {option: str(value) for option, value in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": options})


def _described(connection: Connection) -> dict[str, Any]:
    """Every table with its columns, keys and indexes, as the database tells of them; SQLite knows no lengths."""
    inspector = inspect(connection)
    lengths = re.compile(r"VARCHAR(\(\d+\))?") if connection.dialect.name == "sqlite" else re.compile(r"(?!)")
    return {
        name: (
            sorted(
                (column["name"], lengths.sub("TEXT", str(column["type"])), column["nullable"])
                for column in inspector.get_columns(name)
            ),
            inspector.get_pk_constraint(name),
            sorted(map(str, inspector.get_foreign_keys(name))),
            sorted(map(str, inspector.get_unique_constraints(name))),
            sorted(_told(index) for index in inspector.get_indexes(name)),
        )
        for name in inspector.get_table_names()
    }


async def test_a_column_that_no_migration_makes_would_be_noticed(archive_url: str) -> None:
    archive = await Archive.open(archive_url)
    async with archive.write() as connection:
        await connection.execute(text("ALTER TABLE items DROP COLUMN locator"))
        (found,) = await connection.run_sync(differences)
    await archive.close()
    assert found[0] == "add_column"


def test_the_program_knows_every_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    oldest_first = tuple(script.revision for script in reversed(list(scripts.walk_revisions())))
    assert oldest_first == migrations.REVISIONS
    assert scripts.get_current_head() == migrations.HEAD


async def test_opening_again_changes_nothing(archive_url: str) -> None:
    for _ in range(2):
        archive = await Archive.open(archive_url)
        async with archive.read() as connection:
            assert await migrations.is_current(connection)
        await archive.close()


async def test_an_archive_of_a_newer_program_is_refused_and_left_alone(archive_url: str) -> None:
    archive = await Archive.open(archive_url)
    async with archive.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0099'"))
    await archive.close()
    with pytest.raises(ArchiveError, match=r"0099.*newer Kakehashi.*Update"):
        await Archive.open(archive_url)


async def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE items (name TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(ArchiveError, match="another program"):
        await Archive.open(f"sqlite:///{other}")
    connection = sqlite3.connect(other)
    assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["items"]
    connection.close()
