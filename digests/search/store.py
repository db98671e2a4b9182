"""The table ``passages``: writing, removing and reading passages. What both kinds of index share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Text, cast, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.ids import allocate
from digests.archive.tables import passages as table
from digests.model import Passage, SourceKind
from digests.search.passages import NewPassage
from digests.search.query import Filters

_T = TypeVar("_T")
_CHUNK = 500
_COLUMNS = ("id", "ref", "item_id", "text", "extra", "asked", "language", "sections", "kind", "date", "locator")
_INSERT = f"INSERT INTO passages ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_LOAD = "SELECT id, ref, text, language, sections, kind, date, locator FROM passages"
_KINDS = {kind.value: kind for kind in SourceKind}


async def insert(connection: AsyncConnection, new: Sequence[NewPassage]) -> list[int]:
    """Write passages; returns their ids."""
    ids = await allocate(connection, table, len(new))
    if connection.dialect.name == "sqlite":
        # Plain SQL: building these rows through Core costs more than tokenising them.
        await connection.exec_driver_sql(
            _INSERT, [_values(id_, passage) for id_, passage in zip(ids, new, strict=True)]
        )
        return ids
    rows = [_row(id_, passage) for id_, passage in zip(ids, new, strict=True)]
    await connection.execute(table.insert(), rows)
    return ids


def _values(id_: int, passage: NewPassage) -> tuple[Any, ...]:
    return (
        id_,
        passage.ref,
        passage.item_id,
        passage.text,
        passage.extra,
        "\n".join(passage.asked),
        passage.language,
        json.dumps(passage.sections),
        passage.kind.value,
        passage.date,
        passage.locator,
    )


def _row(id_: int, passage: NewPassage) -> dict[str, Any]:
    row = dict(zip(_COLUMNS, _values(id_, passage), strict=True))
    row["sections"] = list(passage.sections)
    return row


async def ids_of(connection: AsyncConnection, refs: Sequence[str]) -> list[tuple[int, str, str]]:
    """Ids, refs and languages of the passages that belong to any of ``refs``."""
    found: list[tuple[int, str, str]] = []
    for chunk in _chunks(refs):
        wanted = select(table.c.id, table.c.ref, table.c.language).where(table.c.ref.in_(chunk))
        found.extend((row.id, row.ref, row.language) for row in await connection.execute(wanted))
    return found


async def delete_ids(connection: AsyncConnection, ids: Sequence[int]) -> None:
    for chunk in _chunks(ids):
        await connection.execute(delete(table).where(table.c.id.in_(chunk)))


async def load(connection: AsyncConnection, ids: Sequence[int]) -> Mapping[int, Passage]:
    """Passages by id; ids that do not exist are left out."""
    found: dict[int, Passage] = {}
    for chunk in _chunks(ids):
        if connection.dialect.name == "sqlite":
            # Plain SQL here, too: a question loads some hundred passages.
            statement = f"{_LOAD} WHERE id IN ({', '.join('?' * len(chunk))})"
            rows = await connection.exec_driver_sql(statement, tuple(chunk))
            for row in rows:
                id_, ref, text, language, sections, kind, day, locator = tuple(row)
                found[id_] = Passage(id_, ref, text, language, _first(sections), _KINDS[kind], day, locator)
            continue
        for row in await connection.execute(select(table).where(table.c.id.in_(chunk))):
            found[row.id] = _passage(row)
    return found


async def read_all(connection: AsyncConnection) -> AsyncIterator[list[tuple[int, NewPassage]]]:
    """Every passage with its id as it was given in, in chunks: for rebuilding an index. Tokenises in a thread."""
    after = 0
    while True:
        wanted = select(table).where(table.c.id > after).order_by(table.c.id).limit(_CHUNK)
        rows = list(await connection.execute(wanted))
        if not rows:
            return
        after = rows[-1].id
        yield await asyncio.to_thread(lambda rows=rows: [(row.id, _as_new(row)) for row in rows])  # type: ignore[misc]


def _as_new(row: Row[Any]) -> NewPassage:
    return NewPassage(
        ref=row.ref,
        text=row.text,
        language=row.language,
        sections=tuple(row.sections),
        kind=SourceKind(row.kind),
        date=row.date,
        item_id=row.item_id,
        locator=row.locator,
        extra=row.extra,
        asked=tuple((row.asked or "").splitlines()),
    )


def period(filters: Filters) -> list[ColumnElement[bool]]:
    """Conditions on ``passages`` for the period. A date of a month or year counts when it touches the period."""
    conditions: list[ColumnElement[bool]] = []
    if filters.since:
        conditions.append(table.c.date.concat("-99-99") >= filters.since.isoformat())
    if filters.until:
        conditions.append(table.c.date <= filters.until.isoformat())
    return conditions


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """All filters as conditions on ``passages``, for indexes that cannot filter by themselves."""
    found = period(filters)
    if filters.kinds:
        found.append(table.c.kind.in_([kind.value for kind in filters.kinds]))
    if filters.languages:
        found.append(table.c.language.in_(filters.languages))
    if filters.sections:
        sections = cast(table.c.sections, Text)
        found.append(or_(*(sections.like(f'%"{section}"%') for section in filters.sections)))
    if filters.scopes:
        found.append(or_(*(_scope(scope) for scope in filters.scopes)))
    return found


def _scope(scope: str) -> ColumnElement[bool]:
    return table.c.ref.not_like("%:%") if scope == "fact" else table.c.ref.like(f"{scope}:%")


async def count(connection: AsyncConnection) -> int:
    return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


def _passage(row: Row[Any]) -> Passage:
    sections = row.sections
    return Passage(
        row.id,
        row.ref,
        row.text,
        row.language,
        sections[0] if sections else None,
        SourceKind(row.kind),
        row.date,
        row.locator,
    )


@lru_cache(maxsize=1024)
def _first(sections: str) -> str | None:
    """The first section of a passage, from how SQLite keeps them."""
    found = json.loads(sections)
    return str(found[0]) if found else None


def _chunks(values: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
