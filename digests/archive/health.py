"""How each source is doing, and what the next conditional request to it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Text, Update, bindparam, func, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import from_stamp, source_states, to_stamp
from digests.model import Source, SourceHealth

_UNREAD_AT_LEAST, _UNREAD_INTERVALS = 86_400_000_000, 10
"""A source that has not been read for so many of its polling intervals, and for a day (in microseconds, as times are
stored), counts as stale."""
_SILENT_AT_LEAST, _SILENT_INTERVALS = 3 * _UNREAD_AT_LEAST, 50
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


_SET_BACK = 300_000_000
"""Microseconds by which the last attempt lies ahead of a clock that was set back."""


class Condition(NamedTuple):
    """What counting needs of a source: ``state`` as in :class:`~digests.model.SourceHealth`."""

    source_id: str
    state: str
    tried: bool


async def state_of(connection: AsyncConnection, source_id: str) -> SourceState:
    """The source's row; a fresh one when it has never been tried."""
    query = select(source_states).where(source_states.c.source_id == source_id)
    row = (await connection.execute(query)).mappings().first()
    return SourceState(**row) if row else SourceState(source_id)


async def due(connection: AsyncConnection, sources: Iterable[Source], now: datetime) -> dict[str, SourceState]:
    """The states of the enabled sources whose turn it is, by id, in the story's order."""
    enabled = [source for source in sources if source.enabled]
    rows = await _rows(connection, enabled)
    at = to_stamp(now)
    wanted = [source for source in enabled if _is_due(rows.get(source.id, _NEVER), at)]
    found = await states(connection, wanted) if wanted else {}
    return {source.id: found.get(source.id, SourceState(source.id)) for source in wanted}


def _is_due(row: _Stored, now: int) -> bool:
    last_try_at, _, _, next_try_at, *_ = row
    if next_try_at is None:
        return True
    # A clock that was set back must not silence a source until it catches up.
    return bool(next_try_at <= now) or (last_try_at is not None and last_try_at - now > _SET_BACK)


async def states(connection: AsyncConnection, sources: Iterable[Source]) -> dict[str, SourceState]:
    """The rows of these sources by id; rows of sources that have left the story stay unread."""
    wanted = [source.id for source in sources]
    query = select(source_states)
    if len(wanted) <= _MANY:
        query = query.where(source_states.c.source_id.in_(wanted))
    named = set(wanted)
    rows = (await connection.execute(query)).mappings()
    return {row["source_id"]: SourceState(**row) for row in rows if row["source_id"] in named}


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
        **_read(now, next_try_at, etag, last_modified, body_hash),
        "baseline_done": True,
        "last_new_at": now if new_items else None,
        "items": items,
        "baseline_at": now,
    }
    await _put(connection, _SUCCESS, source_id, values)


def _read(
    now: datetime, next_try_at: datetime, etag: str | None, last_modified: str | None, body_hash: str | None
) -> dict[str, Any]:
    """What is so of every source that was read, whatever it brought."""
    return {
        "etag": etag,
        "last_modified": last_modified,
        "body_hash": body_hash,
        "last_try_at": now,
        "last_success_at": now,
        "failing_since": None,
        "failures": 0,
        "why": None,
        "next_try_at": next_try_at,
    }


def read_again(
    source_id: str,
    *,
    now: datetime,
    next_try_at: datetime,
    etag: str | None,
    last_modified: str | None,
    body_hash: str | None,
) -> Mapping[str, Any]:
    """What :func:`record_unchanged` writes of one source."""
    return _named(source_id, _read(now, next_try_at, etag, last_modified, body_hash))


async def record_unchanged(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Sources that had been read before were read again, and nothing was new."""
    await connection.execute(_UNCHANGED, rows)


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
    """The health of every source of the story, in its order. :func:`conditions` is for many."""
    listed = tuple(sources)
    rows = await _rows(connection, listed)
    return tuple(_health(source, rows.get(source.id, _NEVER), to_stamp(now)) for source in listed)


async def conditions(connection: AsyncConnection, sources: Iterable[Source], now: datetime) -> list[Condition]:
    """How every source of the story is doing, in its order, and nothing else: for counts and order of many."""
    listed = tuple(sources)
    at = to_stamp(now)
    since = {"read_since": at - _UNREAD_AT_LEAST, "new_since": at - _SILENT_AT_LEAST}
    well = set((await connection.execute(_WELL, since)).scalars())
    rest = [source for source in listed if not source.enabled or source.id not in well]
    rows = await _rows(connection, rest) if rest else {}
    return [
        _fine(source.id)
        if source.enabled and source.id in well
        else _condition(source, rows.get(source.id, _NEVER), at)
        for source in listed
    ]


@cache
def _fine(source_id: str) -> Condition:
    """Kept: nearly all of thousands are, and making them anew takes longer than finding out."""
    return Condition(source_id, "ok", tried=True)


def _condition(source: Source, row: _Stored, now: int) -> Condition:
    return Condition(source.id, _judge(source, row, now)[0], row[0] is not None)


_Stored = Sequence[Any]
"""The columns of :data:`_JUDGED` after the id; times as stored, because making datetimes of thousands takes long."""
_TIMES = ("last_try_at", "last_success_at", "failing_since", "next_try_at", "last_new_at", "baseline_at")
_JUDGED = (
    source_states.c.source_id,
    *(type_coerce(source_states.c[name], BigInteger) for name in _TIMES),
    source_states.c.failures,
    type_coerce(source_states.c.why, Text),
    source_states.c["items"],
)
_NEVER: _Stored = (None, None, None, None, None, None, 0, None, 0)
_ALL = select(*_JUDGED)
_SOME = _ALL.where(source_states.c.source_id.in_(bindparam("wanted", expanding=True)))
_STAMPS = {name: type_coerce(source_states.c[name], BigInteger) for name in _TIMES}
# Sources that :func:`_judge` finds well whatever their interval is: most of them, and the database tells them apart in
# a tenth of the time that their rows take to be read.
_WELL = select(source_states.c.source_id).where(
    source_states.c.last_try_at.is_not(None),
    source_states.c.failures == 0,
    _STAMPS["last_success_at"] >= bindparam("read_since", type_=BigInteger()),
    _STAMPS["last_success_at"] != _STAMPS["baseline_at"],
    func.coalesce(_STAMPS["last_new_at"], _STAMPS["baseline_at"]) >= bindparam("new_since", type_=BigInteger()),
)
_MANY = 100
"""Sources for which the whole table is read: naming thousands takes longer than reading the few that have left."""


async def _rows(connection: AsyncConnection, sources: Sequence[Source]) -> dict[str, _Stored]:
    if len(sources) > _MANY:
        found = await connection.execute(_ALL)
    else:
        found = await connection.execute(_SOME, {"wanted": [source.id for source in sources]})
    return {source_id: rest for source_id, *rest in found.all()}


def _health(source: Source, row: _Stored, now: int) -> SourceHealth:
    state, why = _judge(source, row, now)
    last_try_at, last_success_at, failing_since, next_try_at, _, _, failures, _, items = row
    return SourceHealth(
        source_id=source.id,
        state=state,
        last_try_at=from_stamp(last_try_at),
        last_success_at=from_stamp(last_success_at),
        failing_since=from_stamp(failing_since),
        failures=failures,
        why=why,
        next_try_at=from_stamp(next_try_at),
        items=items,
    )


def _judge(source: Source, row: _Stored, now: int) -> tuple[str, str | None]:
    last_try_at, last_success_at, _, _, last_new_at, baseline_at, failures, why, _ = row
    if not source.enabled:
        return "disabled", source.reason
    if last_try_at is None:
        return "waiting", None
    if failures:
        return "failing", why
    read_at = last_success_at or last_try_at
    if now - read_at > _UNREAD_AT_LEAST and now - read_at > _UNREAD_INTERVALS * _micros(source.every):
        return "stale", f"not read since {from_stamp(read_at):%Y-%m-%d %H:%M} UTC"
    silent_since = last_new_at or baseline_at or read_at
    silent = now - silent_since
    if silent > _SILENT_AT_LEAST and source.type == "feed" and silent > _SILENT_INTERVALS * _micros(source.every):
        return "stale", f"nothing new since {from_stamp(silent_since):%Y-%m-%d}"
    if last_success_at == baseline_at:
        return "baseline", "read once so far: what it brought is background, not news"
    return "ok", None


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _named(source_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a statement of :func:`_statement`."""
    return {"source": source_id} | {f"new_{name}": value for name, value in values.items()}


async def _put(connection: AsyncConnection, statement: Update, source_id: str, values: Mapping[str, Any]) -> None:
    changed = await connection.execute(statement, _named(source_id, values))
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
_UNCHANGED = _statement(*_OUTCOME, "last_success_at", "etag", "last_modified", "body_hash")
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
