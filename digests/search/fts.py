"""The index in SQLite's FTS5: one table a shelf, rowid = passage id, the tokens of our analysers as text.

How a shelf is searched. Finding passages costs about 0.06 microseconds each, ranking them with ``bm25()`` twenty times
that, and ``bm25()`` counts the passages of every word that it is given. So it ranks what the rarest words find, as many
as :data:`MOST_ROWS_RANKED`; on a small shelf these are all words. When that leaves words out, the newest passages that
hold the query's names together (rarest first) are taken as well. All candidates are then scored over all words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, meta
from digests.search import schema, store
from digests.search.index import (
    ENOUGH_CURATED,
    Form,
    Hit,
    all_forms,
    best_possible,
    bm25,
    concept_frequency,
    form_frequency,
    idf,
    record_version,
    shelves_of,
    weight,
    within_budget,
)
from digests.search.passages import NewPassage, kind_mark, language_mark, section_mark
from digests.search.query import Concept, Filters, Query
from digests.search.schema import SHELVES, Shelf, shelf_of

MOST_ROWS_RANKED = 800
_MOST_KNOWN_FREQUENCIES = 20_000
_REMOVED = "search.removed."
"""Key in the archive's facts about itself, before a shelf's id: passages removed since it was tidied."""
_WORTH_TIDYING = 10
_PAGES_AT_ONCE = 64
"""Of 4 kB, merged in one transaction: some 20 ms, so that others can write in between."""


@dataclass(frozen=True, slots=True)
class _Aim:
    """A query on one shelf, with what is known of its words there."""

    shelf: Shelf
    query: Query
    size: int
    average: float
    """Tokens of a passage."""
    holding: Mapping[str, int]
    forms: tuple[Form, ...]
    """Those that any passage holds."""

    @property
    def limit(self) -> int:
        return self.query.most(of_news=self.shelf.news)


class FtsIndex:
    """:class:`digests.search.index.SearchIndex` over FTS5."""

    def __init__(self) -> None:
        # Counting the passages of a common word takes milliseconds; the counts need not be exact, only recent.
        self._known: dict[tuple[str, str], int] = {}

    async def add(self, connection: AsyncConnection, passages: Sequence[NewPassage]) -> None:
        if passages:
            ids = await store.insert(connection, passages)
            await _index(connection, list(zip(ids, passages, strict=True)))

    async def remove(self, connection: AsyncConnection, refs: Sequence[str]) -> None:
        found = await store.ids_of(connection, refs)
        by_shelf: dict[Shelf, list[tuple[int]]] = {}
        for id_, ref, language in found:
            by_shelf.setdefault(shelf_of(ref, language), []).append((id_,))
        for shelf, ids in by_shelf.items():
            await connection.exec_driver_sql(f"DELETE FROM {shelf.table} WHERE rowid = ?", ids)  # noqa: S608
            removed = len(ids) + int(await meta.get(connection, _REMOVED + shelf.id) or 0)
            await meta.put(connection, _REMOVED + shelf.id, str(removed))
        await store.delete_ids(connection, [id_ for id_, _, _ in found])

    async def tidy(self, archive: Archive) -> None:
        """FTS5 notes a passage as deleted and lets its tokens go when it happens to merge the segments that hold both:
        left to itself, an index of constant content grew for months. Shelves that have lost a tenth are merged whole,
        a few pages at a time (FTS5, "The merge command": negative first, then positive until nothing changes)."""
        async with archive.read() as connection:
            sizes = await _sizes(connection)
            removed = {shelf: int(await meta.get(connection, _REMOVED + shelf.id) or 0) for shelf in SHELVES}
        for shelf in SHELVES:
            if removed[shelf] * _WORTH_TIDYING > sizes[shelf][0]:
                await archive.write_at_once(partial(_merge, shelf=shelf, pages=-_PAGES_AT_ONCE))
                while await archive.write_at_once(partial(_merge, shelf=shelf, pages=_PAGES_AT_ONCE)):
                    pass
                await archive.write_at_once(partial(meta.put, key=_REMOVED + shelf.id, value="0"))

    async def search(self, archive: Archive, query: Query) -> list[Hit]:
        async def work(connection: AsyncConnection) -> list[Hit]:
            return await self._search(connection, query)

        return await archive.read_at_once(work)

    async def _search(self, connection: AsyncConnection, query: Query) -> list[Hit]:
        scored: list[tuple[float, int, str]] = []
        sizes = await _sizes(connection)
        for shelf in shelves_of(query.filters):
            aim = await self._aim(connection, shelf, query, sizes[shelf])
            if aim.forms:
                scored += await _best(connection, aim)
        scored.sort(reverse=True)
        passages = await store.load(connection, [id_ for _, id_, _ in scored])
        return [Hit(passages[id_], score, held) for score, id_, held in scored if id_ in passages]

    async def weights(self, archive: Archive, query: Query) -> Mapping[str, float]:
        async def work(connection: AsyncConnection) -> Mapping[str, float]:
            return await self._weights(connection, query)

        return await archive.read_at_once(work)

    async def _weights(self, connection: AsyncConnection, query: Query) -> Mapping[str, float]:
        held = dict.fromkeys((concept.id for concept in query.concepts), 0.0)
        sizes = await _sizes(connection)
        curated = sum(size for shelf, (size, _) in sizes.items() if not shelf.news)
        counted = [shelf for shelf in SHELVES if curated < ENOUGH_CURATED or not shelf.news]
        for shelf in counted:
            aim = await self._aim(connection, shelf, query, sizes[shelf])
            for concept in query.concepts:
                held[concept.id] += min(concept_frequency(concept, shelf.group, aim.holding), aim.size)
        total = sum(sizes[shelf][0] for shelf in counted)
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

    async def _aim(self, connection: AsyncConnection, shelf: Shelf, query: Query, counts: tuple[int, int]) -> _Aim:
        size, tokens = counts
        forms = all_forms(query, shelf.group) if size else []
        holding = await self._holding(connection, shelf, forms, size)
        held = tuple(form for form in forms if form_frequency(form, holding))
        return _Aim(shelf, query, size, tokens / max(size, 1), holding, held)

    async def _holding(
        self, connection: AsyncConnection, shelf: Shelf, forms: Iterable[Form], size: int
    ) -> Mapping[str, int]:
        """How many passages hold each token. Remembered until the shelf has grown or shrunk by a tenth."""
        known = self._known  # one dict throughout: other threads may begin a new one meanwhile
        then = known.setdefault((shelf.id, ""), size)
        if len(known) > _MOST_KNOWN_FREQUENCIES or abs(size - then) * 10 > size:
            known = self._known = {(shelf.id, ""): size}
        wanted = {token for form in forms for token in form}
        missing = [token for token in wanted if (shelf.id, token) not in known]
        if missing:
            marks = ", ".join("?" * len(missing))
            statement = f"SELECT term, doc FROM {shelf.table}_terms WHERE term IN ({marks})"  # noqa: S608
            rows = await _all(connection, statement, *missing)
            found = {str(row[0]): int(row[1]) for row in rows}
            known.update({(shelf.id, token): found.get(token, 0) for token in missing})
        return {token: known[shelf.id, token] for token in wanted}


async def _merge(connection: AsyncConnection, *, shelf: Shelf, pages: int) -> bool:
    """Merge about so many pages of a shelf; whether there was anything to do."""
    before = await _changes(connection)
    statement = f"INSERT INTO {shelf.table} ({shelf.table}, rank) VALUES ('merge', ?)"  # noqa: S608
    await connection.exec_driver_sql(statement, (pages,))
    return await _changes(connection) - before > 1  # the command itself counts as one


async def _changes(connection: AsyncConnection) -> int:
    return int((await _all(connection, "SELECT total_changes()"))[0][0])


async def _index(connection: AsyncConnection, passages: Sequence[tuple[int, NewPassage]]) -> None:
    by_shelf: dict[Shelf, list[tuple[int, str, str]]] = {}
    for id_, passage in passages:
        rows = by_shelf.setdefault(shelf_of(passage.ref, passage.language), [])
        rows.append((id_, passage.tokens, passage.marks))
    for shelf, rows in by_shelf.items():
        statement = f"INSERT INTO {shelf.table} (rowid, tokens, marks) VALUES (?, ?, ?)"  # noqa: S608
        await connection.exec_driver_sql(statement, rows)


async def _all(connection: AsyncConnection, statement: str, *parameters: object) -> Sequence[Any]:
    return (await connection.exec_driver_sql(statement, parameters)).all()


async def _sizes(connection: AsyncConnection) -> dict[Shelf, tuple[int, int]]:
    """Passages and tokens of each shelf: the first numbers of FTS5's own record of totals (counting reads it all)."""
    statement = " UNION ALL ".join(
        f"SELECT {at}, block FROM {shelf.table}_data WHERE id = 1"  # noqa: S608
        for at, shelf in enumerate(SHELVES)
    )
    sizes = dict.fromkeys(SHELVES, (0, 0))
    for at, block in await _all(connection, statement):
        numbers = _varints(block)
        if len(numbers) > 1:
            sizes[SHELVES[at]] = (numbers[0], numbers[1])
    return sizes


def _varints(block: bytes) -> list[int]:
    """SQLite's variable-length integers: seven bits a byte, the highest bit goes on."""
    values, value = [], 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            values.append(value)
            value = 0
    return values


async def _best(connection: AsyncConnection, aim: _Aim) -> list[tuple[float, int, str]]:
    """Scores (0 to 1), ids and tokens of the best passages of a shelf, best first."""
    chosen, rows = within_budget(aim.forms, aim.holding, MOST_ROWS_RANKED)
    candidates = await _ranked(connection, aim, chosen, rows)
    if len(chosen) < len(aim.forms) or rows > MOST_ROWS_RANKED:
        candidates = await _newest_together(connection, aim) | candidates
    forms = {form: idf(aim.size, form_frequency(form, aim.holding)) for form in aim.forms}
    top = best_possible(aim.query, aim.shelf.group, aim.size, aim.holding)
    scored = [(min(bm25(held, forms, aim.average) / top, 1.0), id_, held) for id_, held in candidates.items()]
    return sorted(scored, reverse=True)[: aim.limit]


async def _ranked(connection: AsyncConnection, aim: _Aim, forms: Sequence[Form], rows: int) -> dict[int, str]:
    """Ids and tokens of the best passages by ``bm25()``. Of more rows than can be ranked the newest are."""
    table = aim.shelf.table
    where, parameters = _where(aim, _any(forms))
    if rows > MOST_ROWS_RANKED:
        last = int((await _all(connection, f"SELECT max(id) FROM {table}_docsize"))[0][0] or 0)  # noqa: S608
        where += f" AND {table}.rowid > ?"
        parameters.append(last - last * MOST_ROWS_RANKED // rows)
    # The ids first: beside a score to sort by, SQLite would read the tokens of every row that it ranks.
    best = (
        f"SELECT {table}.rowid FROM {_from(aim)} WHERE {where}"  # noqa: S608
        f" ORDER BY bm25({table}, 1.0, 0.0) LIMIT {aim.limit}"
    )
    statement = f"SELECT rowid, tokens FROM {table} WHERE rowid IN ({best})"  # noqa: S608
    return {int(row[0]): str(row[1]) for row in await _all(connection, statement, *parameters)}


async def _newest_together(connection: AsyncConnection, aim: _Aim) -> dict[int, str]:
    """Ids and tokens of the newest passages that hold as many of the query's concepts as can be, names first."""
    concepts = _by_importance(aim)
    found: dict[int, str] = {}
    steps = {len(concepts), len(concepts) - 1, 2, 1}
    for required in sorted((step for step in steps if 0 < step <= len(concepts)), reverse=True):
        where, parameters = _where(aim, _requiring(concepts, required, aim))
        statement = (
            f"SELECT {aim.shelf.table}.rowid, {aim.shelf.table}.tokens FROM {_from(aim)} WHERE {where}"  # noqa: S608
            f" ORDER BY {aim.shelf.table}.rowid DESC LIMIT {aim.limit}"
        )
        found |= {int(row[0]): str(row[1]) for row in await _all(connection, statement, *parameters)}
        if len(found) >= aim.limit:
            break
    return found


def _by_importance(aim: _Aim) -> list[Concept]:
    """Concepts that the shelf knows: those that name something first, rarest first."""
    known = [
        (not concept.names_something, concept_frequency(concept, aim.shelf.group, aim.holding), at, concept)
        for at, concept in enumerate(aim.query.concepts)
    ]
    return [concept for _, held, _, concept in sorted(known, key=lambda entry: entry[:3]) if held]


def _requiring(concepts: Sequence[Concept], required: int, aim: _Aim) -> str:
    """FTS5 for the first ``required`` concepts together; of one alone, with any of the others beside it."""
    known = set(aim.forms)
    held = [[form for form in concept.forms[aim.shelf.group] if form in known] for concept in concepts]
    parts = [_any(forms) for forms in held[:required]]
    others = [form for forms in held[1:] for form in forms] if required == 1 else []
    return " AND ".join(parts + ([_any(others)] if others else []))


def _any(forms: Sequence[Form]) -> str:
    """FTS5 for any of these forms. Tokens hold letters and digits only: nothing needs escaping."""
    return "{tokens} : (" + " OR ".join(f'"{" ".join(form)}"' for form in dict.fromkeys(forms)) + ")"


def _from(aim: _Aim) -> str:
    table = aim.shelf.table
    filters = aim.query.filters
    return f"{table} JOIN passages ON passages.id = {table}.rowid" if filters.since or filters.until else table


def _where(aim: _Aim, expression: str) -> tuple[str, list[object]]:
    """The condition on a shelf with its parameters: the expression and the query's filters."""
    filters = aim.query.filters
    where, parameters = f"{aim.shelf.table} MATCH ?", [_marked(expression, filters)]
    if filters.since:
        where += " AND passages.date || '-99-99' >= ?"
        parameters.append(filters.since.isoformat())
    if filters.until:
        where += " AND passages.date <= ?"
        parameters.append(filters.until.isoformat())
    return where, list(parameters)


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
