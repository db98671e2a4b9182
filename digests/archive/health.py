"""How each source is doing, and what the next conditional request to it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import source_states
from digests.model import Source, SourceHealth

_UNREAD_AT_LEAST, _UNREAD_INTERVALS = timedelta(days=1), 10
"""A source that has not been read for so many of its polling intervals, and for a day, counts as stale."""
_SILENT_AT_LEAST, _SILENT_INTERVALS = timedelta(days=3), 50
"""So does one that was read and has brought nothing new for so long: ministries are silent over a weekend."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source's row."""

    source_id: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    baseline_done: bool = False
    last_try_at: datetime | None = None
    last_success_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    why: str | None = None
    next_try_at: datetime | None = None
    last_new_at: datetime | None = None
    items: int = 0
    baseline_at: datetime | None = None
    """When it was read for the first time."""


async def state_of(connection: AsyncConnection, source_id: str) -> SourceState:
    """The source's row; a fresh one when it has never been tried."""
    query = select(source_states).where(source_states.c.source_id == source_id)
    row = (await connection.execute(query)).mappings().first()
    return SourceState(**row) if row else SourceState(source_id)


async def states(connection: AsyncConnection, sources: Iterable[Source]) -> dict[str, SourceState]:
    """The rows of these sources by id; rows of sources that have left the story stay unread."""
    wanted = [source.id for source in sources]
    rows = (await connection.execute(select(source_states).where(source_states.c.source_id.in_(wanted)))).mappings()
    return {row["source_id"]: SourceState(**row) for row in rows}


async def record_success(
    connection: AsyncConnection,
    source_id: str,
    *,
    now: datetime,
    next_try_at: datetime,
    etag: str | None,
    last_modified: str | None,
    body_hash: str | None,
    new_items: int,
    items: int,
) -> None:
    """A source was read. ``new_items`` came with it; ``items`` is how many it has brought in all.

    The first time is its baseline: what came with it is no news.
    """
    values = {
        "etag": etag,
        "last_modified": last_modified,
        "body_hash": body_hash,
        "baseline_done": True,
        "last_try_at": now,
        "last_success_at": now,
        "failing_since": None,
        "failures": 0,
        "why": None,
        "next_try_at": next_try_at,
        "last_new_at": now if new_items else None,
        "items": items,
        "baseline_at": now,
    }
    await _put(connection, _SUCCESS, source_id, values)


async def record_failure(
    connection: AsyncConnection, state: SourceState, *, now: datetime, next_try_at: datetime, why: str
) -> None:
    """A source could not be read; ``why`` in plain words. What was known of it stays."""
    values = {
        "last_try_at": now,
        "failing_since": state.failing_since or now,
        "failures": state.failures + 1,
        "why": why,
        "next_try_at": next_try_at,
    }
    await _put(connection, _FAILURE, state.source_id, values)


async def all_states(connection: AsyncConnection, sources: Iterable[Source], now: datetime) -> tuple[SourceHealth, ...]:
    """The health of every source of the story, in its order."""
    listed = tuple(sources)
    rows = await states(connection, listed)
    return tuple(_health(source, rows.get(source.id, SourceState(source.id)), now) for source in listed)


def _health(source: Source, row: SourceState, now: datetime) -> SourceHealth:
    state, why = _judge(source, row, now)
    return SourceHealth(
        source_id=source.id,
        state=state,
        last_try_at=row.last_try_at,
        last_success_at=row.last_success_at,
        failing_since=row.failing_since,
        failures=row.failures,
        why=why,
        next_try_at=row.next_try_at,
        items=row.items,
    )


def _judge(source: Source, row: SourceState, now: datetime) -> tuple[str, str | None]:
    if not source.enabled:
        return "disabled", source.reason
    if row.last_try_at is None:
        return "waiting", None
    if row.failures:
        return "failing", row.why
    read_at = row.last_success_at or row.last_try_at
    if now - read_at > max(_UNREAD_AT_LEAST, _UNREAD_INTERVALS * source.every):
        return "stale", f"not read since {read_at:%Y-%m-%d %H:%M} UTC"
    silent_since = row.last_new_at or row.baseline_at or read_at
    if source.type == "feed" and now - silent_since > max(_SILENT_AT_LEAST, _SILENT_INTERVALS * source.every):
        return "stale", f"nothing new since {silent_since:%Y-%m-%d}"
    if row.last_success_at == row.baseline_at:
        return "baseline", "read once so far: what it brought is background, not news"
    return "ok", None


async def _put(connection: AsyncConnection, statement: Update, source_id: str, values: Mapping[str, Any]) -> None:
    named = {f"new_{name}": value for name, value in values.items()}
    changed = await connection.execute(statement, {"source": source_id} | named)
    if not changed.rowcount:
        row = {"source_id": source_id, "failures": 0, "items": 0, "baseline_done": False, **values}
        await connection.execute(source_states.insert(), row)


def _statement(*names: str, newest: str | None = None, oldest: str | None = None) -> Update:
    """An update of one source's columns to parameters, made once. ``newest`` is left as it is by None, ``oldest`` by
    everything once it is set."""
    columns = source_states.c
    values: dict[str, ColumnElement[Any]] = {name: bindparam(f"new_{name}", type_=columns[name].type) for name in names}
    if newest is not None:
        values[newest] = func.coalesce(values[newest], columns[newest])
    if oldest is not None:
        values[oldest] = func.coalesce(columns[oldest], values[oldest])
    return update(source_states).where(columns.source_id == bindparam("source")).values(values)


_OUTCOME = ("last_try_at", "failing_since", "failures", "why", "next_try_at")
_FAILURE = _statement(*_OUTCOME)
_SUCCESS = _statement(
    *_OUTCOME,
    "etag",
    "last_modified",
    "body_hash",
    "baseline_done",
    "last_success_at",
    "items",
    "last_new_at",
    "baseline_at",
    newest="last_new_at",
    oldest="baseline_at",
)
