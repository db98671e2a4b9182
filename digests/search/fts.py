"""The index in SQLite's FTS5: one table a shelf, rowid = passage id, the tokens of our analysers as text.

How a shelf is searched. Finding passages costs about 0.06 microseconds each, ranking them with ``bm25()`` twenty times
that, and ``bm25()`` counts the passages of every word that it is given. So it ranks what the rarest words find, as many
as :data:`MOST_ROWS_RANKED`; on a small shelf these are all words. When that leaves words out, the newest passages that
hold the query's names together (rarest first) are taken as well. All candidates are then scored over all words.

Shelves of news are searched on one connection, the others on another at the same time.
"""

from __future__ import annotations

import asyncio
import json
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
    Found,
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

    async def search(self, archive: Archive, query: Query) -> Found:
        # Side by side: SQLite searches without the interpreter, so the second core can help.
        halves = await asyncio.gather(
            *(archive.read_at_once(partial(self._search, query=query, news=news)) for news in (False, True))
        )
        hits = sorted(
            (hit for half in halves for hit in half.hits), key=lambda hit: (hit.score, hit.passage.id), reverse=True
        )
        return Found(hits, halves[0].weights)

    async def _search(self, connection: AsyncConnection, query: Query, *, news: bool) -> Found:
        """What the shelves of news hold, or the others. Weights come with the others alone."""
        sizes = await _sizes(connection)
        searched = [shelf for shelf in shelves_of(query.filters) if shelf.news is news]
        curated = sum(size for shelf, (size, _) in sizes.items() if not shelf.news)
        counted = [shelf for shelf in SHELVES if not news and (curated < ENOUGH_CURATED or not shelf.news)]
        aims = await self._aims(connection, query, {shelf: sizes[shelf] for shelf in (*counted, *searched)})
        scored = await _best(connection, [aims[shelf] for shelf in searched if aims[shelf].forms])
        passages = await store.load(connection, [id_ for _, id_, _ in scored])
        hits = [Hit(passages[id_], score, held) for score, id_, held in scored if id_ in passages]
        return Found(hits, _weights(query, [aims[shelf] for shelf in counted]))

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

    async def _aims(
        self, connection: AsyncConnection, query: Query, sizes: Mapping[Shelf, tuple[int, int]]
    ) -> dict[Shelf, _Aim]:
        forms = {shelf: all_forms(query, shelf.group) if size else [] for shelf, (size, _) in sizes.items()}
        holding = await self._holding(connection, forms, sizes)
        aims = {}
        for shelf, (size, tokens) in sizes.items():
            held = tuple(form for form in forms[shelf] if form_frequency(form, holding[shelf]))
            aims[shelf] = _Aim(shelf, query, size, tokens / max(size, 1), holding[shelf], held)
        return aims

    async def _holding(
        self, connection: AsyncConnection, forms: Mapping[Shelf, Iterable[Form]], sizes: Mapping[Shelf, tuple[int, int]]
    ) -> Mapping[Shelf, Mapping[str, int]]:
        """How many passages of each shelf hold each token. Remembered until a shelf has grown or shrunk by a tenth."""
        known = self._known  # one dict throughout: other threads may begin a new one meanwhile
        for shelf, (size, _) in sizes.items():
            then = known.setdefault((shelf.id, ""), size)
            if len(known) > _MOST_KNOWN_FREQUENCIES or abs(size - then) * 10 > size:
                known = self._known = {(of.id, ""): now for of, (now, _) in sizes.items()}
        wanted = {shelf: {token for form in own for token in form} for shelf, own in forms.items()}
        missing = {
            shelf: [token for token in tokens if (shelf.id, token) not in known] for shelf, tokens in wanted.items()
        }
        counted = await _frequencies(connection, {shelf: tokens for shelf, tokens in missing.items() if tokens})
        known.update(
            {(shelf.id, token): counted.get((shelf, token), 0) for shelf, tokens in missing.items() for token in tokens}
        )
        return {shelf: {token: known[shelf.id, token] for token in tokens} for shelf, tokens in wanted.items()}


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


async def _frequencies(
    connection: AsyncConnection, wanted: Mapping[Shelf, Sequence[str]]
) -> dict[tuple[Shelf, str], int]:
    """How many passages of a shelf hold a token; tokens that none holds are left out."""
    if not wanted:
        return {}
    shelves = list(wanted)
    statement = " UNION ALL ".join(
        f"SELECT {at}, term, doc FROM {shelf.table}_terms WHERE term IN ({', '.join('?' * len(wanted[shelf]))})"  # noqa: S608
        for at, shelf in enumerate(shelves)
    )
    rows = await _all(connection, statement, *(token for tokens in wanted.values() for token in tokens))
    return {(shelves[at], str(term)): int(held) for at, term, held in rows}


def _weights(query: Query, counted: Sequence[_Aim]) -> Mapping[str, float]:
    total = sum(aim.size for aim in counted)
    return {
        concept.id: weight(
            total,
            sum(min(concept_frequency(concept, aim.shelf.group, aim.holding), aim.size) for aim in counted),
        )
        for concept in query.concepts
    }


async def _best(connection: AsyncConnection, aims: Sequence[_Aim]) -> list[tuple[float, int, str]]:
    """Scores (0 to 1), ids and tokens of the best passages of each shelf."""
    chosen = [within_budget(aim.forms, aim.holding, MOST_ROWS_RANKED) for aim in aims]
    candidates = await _looked_up(
        connection, [_ranked(aim, forms, rows) for aim, (forms, rows) in zip(aims, chosen, strict=True)]
    )
    left_out = [
        at
        for at, (aim, (forms, rows)) in enumerate(zip(aims, chosen, strict=True))
        if len(forms) < len(aim.forms) or rows > MOST_ROWS_RANKED
    ]
    for at, newest in zip(left_out, await _newest_together(connection, [aims[at] for at in left_out]), strict=True):
        candidates[at] = newest | candidates[at]
    return [found for aim, own in zip(aims, candidates, strict=True) for found in _scored(aim, own)]


def _scored(aim: _Aim, candidates: Mapping[int, str]) -> list[tuple[float, int, str]]:
    forms = {form: idf(aim.size, form_frequency(form, aim.holding)) for form in aim.forms}
    top = best_possible(aim.query, aim.shelf.group, aim.size, aim.holding)
    scored = [(min(bm25(held, forms, aim.average) / top, 1.0), id_, held) for id_, held in candidates.items()]
    return sorted(scored, reverse=True)[: aim.limit]


_Statement = tuple[str, Sequence[object]]
"""A selection of ids and tokens, with its parameters."""


async def _looked_up(connection: AsyncConnection, wanted: Sequence[_Statement]) -> list[dict[int, str]]:
    """Ids and tokens that each statement selects.

    All in one, and as one value: the driver needs the interpreter for each statement and for each row, and waits for
    it while another thread compares the question with the precedents."""
    found: list[dict[int, str]] = [{} for _ in wanted]
    if wanted:
        parts = " UNION ALL ".join(f"SELECT {at} AS part, * FROM ({sql})" for at, (sql, _) in enumerate(wanted))  # noqa: S608
        statement = f"SELECT json_group_array(json_array(part, id, tokens)) FROM ({parts})"  # noqa: S608
        rows = await _all(connection, statement, *(value for _, values in wanted for value in values))
        for part, id_, tokens in json.loads(rows[0][0]):
            found[part][id_] = tokens
    return found


def _ranked(aim: _Aim, forms: Sequence[Form], rows: int) -> _Statement:
    """The best passages by ``bm25()``. Of more rows than can be ranked the newest are."""
    table = aim.shelf.table
    where, parameters = _where(aim, _any(forms))
    if rows > MOST_ROWS_RANKED:
        last = f"(SELECT last - last * ? / ? FROM (SELECT max(id) AS last FROM {table}_docsize))"  # noqa: S608
        where += f" AND {table}.rowid > {last}"
        parameters += [MOST_ROWS_RANKED, rows]
    # The ids first: beside a score to sort by, SQLite would read the tokens of every row that it ranks.
    best = (
        f"SELECT {table}.rowid FROM {_from(aim)} WHERE {where}"  # noqa: S608
        f" ORDER BY bm25({table}, 1.0, 0.0) LIMIT {aim.limit}"
    )
    return f"SELECT rowid AS id, tokens FROM {table} WHERE rowid IN ({best})", parameters  # noqa: S608


async def _newest_together(connection: AsyncConnection, aims: Sequence[_Aim]) -> list[dict[int, str]]:
    """Ids and tokens of each shelf's newest passages that hold as many of the query's concepts as can be, names
    first."""
    concepts = [_by_importance(aim) for aim in aims]
    steps = [
        sorted({step for step in (len(own), len(own) - 1, 2, 1) if 0 < step <= len(own)}, reverse=True)
        for own in concepts
    ]
    found: list[dict[int, str]] = [{} for _ in aims]
    for turn in range(max(map(len, steps), default=0)):
        lacking = [at for at, aim in enumerate(aims) if len(found[at]) < aim.limit and turn < len(steps[at])]
        more = await _looked_up(connection, [_newest(aims[at], concepts[at], steps[at][turn]) for at in lacking])
        for at, own in zip(lacking, more, strict=True):
            found[at] |= own
    return found


def _newest(aim: _Aim, concepts: Sequence[Concept], required: int) -> _Statement:
    table = aim.shelf.table
    where, parameters = _where(aim, _requiring(concepts, required, aim))
    statement = (
        f"SELECT {table}.rowid AS id, {table}.tokens AS tokens FROM {_from(aim)} WHERE {where}"  # noqa: S608
        f" ORDER BY {table}.rowid DESC LIMIT {aim.limit}"
    )
    return statement, parameters


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
