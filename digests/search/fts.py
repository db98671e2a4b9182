"""The index in SQLite's FTS5: one table a language group, rowid = passage id, the tokens of our analysers as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive
from digests.search import schema, store
from digests.search.analysers import GROUPS, group_of
from digests.search.index import (
    Form,
    Hit,
    all_forms,
    best_possible,
    concept_frequency,
    form_frequency,
    groups_of,
    record_version,
    weight,
    within_budget,
)
from digests.search.passages import NewPassage, kind_mark, language_mark, section_mark
from digests.search.query import Concept, Filters, Query
from digests.search.schema import fts_table

MOST_ROWS_RANKED = 5_000
"""Passages that one query ranks in one language: about 10 ms of work."""
_MOST_KNOWN_FREQUENCIES = 20_000


class FtsIndex:
    """:class:`digests.search.index.SearchIndex` over FTS5."""

    def __init__(self) -> None:
        # Counting the passages of a common word takes milliseconds; the counts need not be exact, only recent.
        self._known: dict[tuple[str, str], int] = {}
        self._known_at = 0

    async def add(self, connection: AsyncConnection, passages: Sequence[NewPassage]) -> None:
        if passages:
            ids = await store.insert(connection, passages)
            await _index(connection, list(zip(ids, passages, strict=True)))

    async def remove(self, connection: AsyncConnection, refs: Sequence[str]) -> None:
        found = await store.ids_of(connection, refs)
        by_group: dict[str, list[tuple[int]]] = {}
        for id_, language in found:
            by_group.setdefault(group_of(language), []).append((id_,))
        for group, ids in by_group.items():
            await connection.exec_driver_sql(f"DELETE FROM {fts_table(group)} WHERE rowid = ?", ids)  # noqa: S608
        await store.delete_ids(connection, [id_ for id_, _ in found])

    async def search(self, archive: Archive, query: Query) -> list[Hit]:
        scored: list[tuple[float, int]] = []
        async with archive.read() as connection:
            for group in groups_of(query):
                scored += await self._search_group(connection, group, query)
            scored.sort(reverse=True)
            passages = await store.load(connection, [id_ for _, id_ in scored])
        return [Hit(passages[id_], score) for score, id_ in scored if id_ in passages]

    async def _search_group(self, connection: AsyncConnection, group: str, query: Query) -> list[tuple[float, int]]:
        size = await _size(connection, group)
        forms = all_forms(query, group)
        if not forms or not size:
            return []
        holding = await self._holding(connection, group, forms, size)
        found = await _best(connection, group, query, holding)
        top = best_possible(query, group, size, holding)
        return [(min(score / top, 1.0), id_) for id_, score in found.items()]

    async def weights(self, archive: Archive, query: Query) -> Mapping[str, float]:
        held = dict.fromkeys((concept.id for concept in query.concepts), 0.0)
        total = 0
        async with archive.read() as connection:
            for group in GROUPS:
                size = await _size(connection, group)
                total += size
                if size:
                    holding = await self._holding(connection, group, all_forms(query, group), size)
                    for concept in query.concepts:
                        held[concept.id] += min(concept_frequency(concept, group, holding), size)
        return {concept_id: weight(total, found) for concept_id, found in held.items()}

    async def rebuild(self, archive: Archive) -> int:
        done = 0
        async with archive.write() as connection:
            await connection.run_sync(schema.recreate)
            async for chunk in store.read_all(connection):
                await _index(connection, chunk)
                done += len(chunk)
            await record_version(connection)
        self._known = {}
        return done

    async def _holding(
        self, connection: AsyncConnection, group: str, forms: Iterable[Form], size: int
    ) -> Mapping[str, int]:
        """How many passages hold each token. Remembered until the group has grown or shrunk by a tenth."""
        if len(self._known) > _MOST_KNOWN_FREQUENCIES or abs(size - self._known.get((group, ""), size)) * 10 > size:
            self._known = {}
        self._known[group, ""] = size
        wanted = {token for form in forms for token in form}
        missing = [token for token in wanted if (group, token) not in self._known]
        if missing:
            marks = ", ".join("?" * len(missing))
            statement = f"SELECT term, doc FROM {fts_table(group)}_terms WHERE term IN ({marks})"  # noqa: S608
            rows: Sequence[Any] = (await connection.exec_driver_sql(statement, tuple(missing))).all()
            found = {str(row[0]): int(row[1]) for row in rows}
            self._known.update({(group, token): found.get(token, 0) for token in missing})
        return {token: self._known[group, token] for token in wanted}


async def _index(connection: AsyncConnection, passages: Sequence[tuple[int, NewPassage]]) -> None:
    by_group: dict[str, list[tuple[int, str, str]]] = {}
    for id_, passage in passages:
        by_group.setdefault(group_of(passage.language), []).append((id_, passage.tokens, passage.marks))
    for group, rows in by_group.items():
        await connection.exec_driver_sql(
            f"INSERT INTO {fts_table(group)} (rowid, tokens, marks) VALUES (?, ?, ?)",  # noqa: S608
            rows,
        )


async def _size(connection: AsyncConnection, group: str) -> int:
    """How many passages a group holds: the first number of FTS5's own record of totals (counting reads them all)."""
    found = await connection.exec_driver_sql(f"SELECT block FROM {fts_table(group)}_data WHERE id = 1")  # noqa: S608
    return _varint(found.scalar() or b"")


def _varint(block: bytes) -> int:
    """SQLite's variable-length integer at the start of ``block``: seven bits a byte, the highest bit goes on."""
    value = 0
    for byte in block[:8]:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value


async def _best(
    connection: AsyncConnection, group: str, query: Query, holding: Mapping[str, int]
) -> Mapping[int, float]:
    """Ids and BM25 scores of the best passages of a group.

    Ranking costs about 2 microseconds a matching passage, finding them a thirtieth of that. When the words are too
    common, passages must hold the query's names, rarest first, until few enough are left; what is then missing to
    ``query.limit`` comes from the rarest words alone.
    """
    forms = [form for form in all_forms(query, group) if form_frequency(form, holding)]
    if not forms:
        return {}
    everything = _any(forms)
    if sum(form_frequency(form, holding) for form in forms) <= MOST_ROWS_RANKED:
        return await _ranked(connection, group, everything, query)
    if await _few(connection, group, everything, query.filters):
        return await _ranked(connection, group, everything, query)
    concepts = _by_importance(query.concepts, group, holding)
    found: dict[int, float] = {}
    for required in range(1, len(concepts) + 1):
        expression = _requiring(concepts, required, group, holding)
        if await _few(connection, group, expression, query.filters):
            found = await _ranked(connection, group, expression, query)
            break
    if len(found) < query.limit:
        chosen, rows = within_budget(forms, holding, MOST_ROWS_RANKED)
        found = await _ranked(connection, group, _any(chosen), query, rows) | found
    return found


def _by_importance(concepts: Sequence[Concept], group: str, holding: Mapping[str, int]) -> list[Concept]:
    """Concepts that the group knows: those that name something first, rarest first."""
    known = [(concept, concept_frequency(concept, group, holding)) for concept in concepts]
    return [
        concept
        for concept, _ in sorted(
            ((concept, found) for concept, found in known if found),
            key=lambda pair: (not pair[0].names_something, pair[1]),
        )
    ]


def _requiring(concepts: Sequence[Concept], required: int, group: str, holding: Mapping[str, int]) -> str:
    """The first ``required`` concepts and any of the others."""
    parts = [_any(_held(concept, group, holding)) for concept in concepts[:required]]
    others = [form for concept in concepts[required:] for form in _held(concept, group, holding)]
    return " AND ".join(parts + ([_any(others)] if others else []))


def _held(concept: Concept, group: str, holding: Mapping[str, int]) -> list[Form]:
    return [form for form in concept.forms.get(group, ()) if form_frequency(form, holding)]


def _any(forms: Sequence[Form]) -> str:
    """FTS5 for any of these forms. Tokens hold letters and digits only: nothing needs escaping."""
    return "{tokens} : (" + " OR ".join(f'"{" ".join(form)}"' for form in dict.fromkeys(forms)) + ")"


async def _few(connection: AsyncConnection, group: str, expression: str, filters: Filters) -> bool:
    """Whether an expression matches few enough passages to rank them all."""
    name = fts_table(group)
    statement = f"SELECT count(*) FROM (SELECT 1 FROM {name} WHERE {name} MATCH ? LIMIT {MOST_ROWS_RANKED + 1})"  # noqa: S608
    found = await connection.exec_driver_sql(statement, (_marked(expression, filters),))
    return int(found.scalar() or 0) <= MOST_ROWS_RANKED


async def _ranked(
    connection: AsyncConnection, group: str, expression: str, query: Query, rows: int = 0
) -> dict[int, float]:
    """Ids and BM25 scores, best first. ``rows`` is how many match: of too many only the newest are ranked."""
    name = fts_table(group)
    filters = query.filters
    parameters: list[object] = [_marked(expression, filters)]
    joined, where = "", f"{name} MATCH ?"
    if rows > MOST_ROWS_RANKED:
        last = int((await connection.exec_driver_sql(f"SELECT max(id) FROM {name}_docsize")).scalar() or 0)  # noqa: S608
        where += f" AND {name}.rowid > ?"
        parameters.append(last - last * MOST_ROWS_RANKED // rows)
    if filters.since or filters.until:
        joined = f" JOIN passages ON passages.id = {name}.rowid"
    if filters.since:
        where += " AND passages.date || '-99-99' >= ?"
        parameters.append(filters.since.isoformat())
    if filters.until:
        where += " AND passages.date <= ?"
        parameters.append(filters.until.isoformat())
    statement = (
        f"SELECT {name}.rowid, -bm25({name}, 1.0, 0.0) AS score FROM {name}{joined}"  # noqa: S608
        f" WHERE {where} ORDER BY score DESC LIMIT {int(query.limit)}"
    )
    result: Sequence[Any] = (await connection.exec_driver_sql(statement, tuple(parameters))).all()
    return {int(row[0]): float(row[1]) for row in result}


def _marked(expression: str, filters: Filters) -> str:
    """The FTS5 expression with the filters that marks can decide: of each kind of mark any."""
    parts = [expression]
    for marks in (
        [section_mark(section) for section in sorted(filters.sections)],
        [kind_mark(kind) for kind in sorted(filters.kinds)],
        [language_mark(language) for language in sorted(filters.languages)],
        [f"x{scope}" for scope in sorted(filters.scopes)],
    ):
        wanted = " OR ".join(f'"{mark}"' for mark in marks)
        parts += [f"{{marks}} : ({wanted})"] if marks else []
    return " AND ".join(parts)
