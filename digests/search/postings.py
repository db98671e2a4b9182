"""The portable index: postings in a table and BM25 in SQL, for PostgreSQL (and for tests on SQLite).

Phrases are not looked up as such: a form of several tokens counts by its tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, case, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive
from digests.archive.tables import passages as passages_table
from digests.search import store
from digests.search.index import (
    ENOUGH_CURATED,
    K1,
    B,
    Form,
    Found,
    Hit,
    all_forms,
    best_possible,
    concept_frequency,
    idf,
    record_version,
    shelves_of,
    weight,
    within_budget,
)
from digests.search.passages import NewPassage
from digests.search.query import Filters, Query
from digests.search.schema import SHELVES, Shelf, postings, shelf_of, statistics

MOST_ROWS_RANKED = 20_000
_LONGEST_TERM = 80
_CHUNK = 500
_NO_FILTERS = Filters()


class PostingsIndex:
    """:class:`digests.search.index.SearchIndex` over tables that any SQL database has."""

    async def add(self, connection: AsyncConnection, passages: Sequence[NewPassage]) -> None:
        if passages:
            ids = await store.insert(connection, passages)
            await _index(connection, list(zip(ids, passages, strict=True)))

    async def remove(self, connection: AsyncConnection, refs: Sequence[str]) -> None:
        found = await store.ids_of(connection, refs)
        for start in range(0, len(found), _CHUNK):
            await _forget(connection, found[start : start + _CHUNK])
        await store.delete_ids(connection, [id_ for id_, _, _ in found])

    async def search(self, archive: Archive, query: Query) -> Found:
        scored: list[tuple[float, int]] = []
        async with archive.read() as connection:
            sizes = await _sizes(connection)
            for shelf in shelves_of(query.filters):
                size, tokens = sizes.get(shelf.id, (0, 0.0))
                if size:
                    scored += await _search_shelf(connection, shelf, query, size, tokens / size)
            scored.sort(reverse=True)
            passages = await store.load(connection, [id_ for _, id_ in scored])
            weights = await _weights(connection, query, {shelf_id: size for shelf_id, (size, _) in sizes.items()})
        return Found([Hit(passages[id_], score) for score, id_ in scored if id_ in passages], weights)

    async def tidy(self, archive: Archive) -> None:
        """Nothing to do: rows of postings go with their passages, and the database cleans up after itself."""

    async def rebuild(self, archive: Archive) -> int:
        done = 0
        async with archive.write() as connection:
            await connection.execute(delete(postings))
            await connection.execute(delete(statistics))
            async for chunk in store.read_all(connection):
                await _index(connection, chunk)
                done += len(chunk)
            await record_version(connection)
        return done


async def _index(connection: AsyncConnection, passages: Sequence[tuple[int, NewPassage]]) -> None:
    rows: list[dict[str, object]] = []
    added: dict[Shelf, tuple[int, int]] = {}
    for id_, passage in passages:
        shelf = shelf_of(passage.ref, passage.language)
        found = passage.tokens.split()
        size, tokens = added.get(shelf, (0, 0))
        added[shelf] = (size + 1, tokens + len(found))
        rows += [
            {"shelf": shelf.id, "term": term, "passage_id": id_, "tf": tf, "length": len(found)}
            for term, tf in Counter(term[:_LONGEST_TERM] for term in found).items()
        ]
    if rows:
        await connection.execute(postings.insert(), rows)
    for shelf, (size, tokens) in added.items():
        await _count(connection, shelf, size, tokens)


async def _forget(connection: AsyncConnection, passages: Sequence[tuple[int, str, str]]) -> None:
    ids = [id_ for id_, _, _ in passages]
    lengths = (
        select(postings.c.shelf, postings.c.passage_id, func.max(postings.c.length).label("length"))
        .where(postings.c.passage_id.in_(ids))
        .group_by(postings.c.shelf, postings.c.passage_id)
        .subquery()
    )
    totals = select(lengths.c.shelf, func.sum(lengths.c.length)).group_by(lengths.c.shelf)
    tokens = {row[0]: int(row[1]) for row in await connection.execute(totals)}
    for shelf, size in Counter(shelf_of(ref, language) for _, ref, language in passages).items():
        await _count(connection, shelf, -size, -tokens.get(shelf.id, 0))
    await connection.execute(delete(postings).where(postings.c.passage_id.in_(ids)))


async def _count(connection: AsyncConnection, shelf: Shelf, size: int, tokens: int) -> None:
    changed = await connection.execute(
        update(statistics)
        .where(statistics.c.shelf == shelf.id)
        .values(passages=statistics.c.passages + size, tokens=statistics.c.tokens + tokens)
    )
    if not changed.rowcount:
        await connection.execute(statistics.insert().values(shelf=shelf.id, passages=size, tokens=tokens))


async def _sizes(connection: AsyncConnection) -> dict[str, tuple[int, float]]:
    """Passages and tokens of each shelf by its id."""
    rows = await connection.execute(select(statistics))
    return {row.shelf: (int(row.passages), float(row.tokens)) for row in rows}


async def _holding(connection: AsyncConnection, shelf: Shelf, forms: Iterable[Form]) -> Mapping[str, int]:
    terms = sorted({token for form in forms for token in form})
    if not terms:
        return {}
    rows = await connection.execute(
        select(postings.c.term, func.count())
        .where(postings.c.shelf == shelf.id, postings.c.term.in_(terms))
        .group_by(postings.c.term)
    )
    return {row[0]: int(row[1]) for row in rows}


async def _weights(connection: AsyncConnection, query: Query, sizes: Mapping[str, int]) -> Mapping[str, float]:
    curated = sum(sizes.get(shelf.id, 0) for shelf in SHELVES if not shelf.news)
    counted = [shelf for shelf in SHELVES if curated < ENOUGH_CURATED or not shelf.news]
    held = dict.fromkeys((concept.id for concept in query.concepts), 0.0)
    for shelf in counted:
        holding = await _holding(connection, shelf, all_forms(query, shelf.group))
        for concept in query.concepts:
            found = concept_frequency(concept, shelf.group, holding)
            held[concept.id] += min(found, sizes.get(shelf.id, 0))
    total = sum(sizes.get(shelf.id, 0) for shelf in counted)
    return {concept_id: weight(total, found) for concept_id, found in held.items()}


async def _search_shelf(
    connection: AsyncConnection, shelf: Shelf, query: Query, size: int, average: float
) -> list[tuple[float, int]]:
    holding = await _holding(connection, shelf, all_forms(query, shelf.group))
    chosen, rows = within_budget(all_forms(query, shelf.group), holding, MOST_ROWS_RANKED)
    terms = sorted({token for form in chosen for token in form})
    if not terms:
        return []
    weights: ColumnElement[float] = case(
        *((postings.c.term == term, literal(idf(size, holding[term]))) for term in terms), else_=literal(0.0)
    )
    tf = postings.c.tf * (K1 + 1) / (postings.c.tf + K1 * (1 - B + B * postings.c.length / average))
    score = func.sum(weights * tf).label("score")
    statement = (
        select(postings.c.passage_id, score)
        .where(postings.c.shelf == shelf.id, postings.c.term.in_(terms))
        .group_by(postings.c.passage_id)
        .order_by(score.desc())
        .limit(query.most(of_news=shelf.news))
    )
    if rows > MOST_ROWS_RANKED:
        last = int(await connection.scalar(select(func.max(postings.c.passage_id))) or 0)
        statement = statement.where(postings.c.passage_id > last - last * MOST_ROWS_RANKED // rows)
    if query.filters != _NO_FILTERS:
        statement = statement.join(passages_table, passages_table.c.id == postings.c.passage_id)
        statement = statement.where(*store.conditions(query.filters))
    top = best_possible(query, shelf.group, size, holding)
    return [(min(float(row[1]) / top, 1.0), int(row[0])) for row in await connection.execute(statement)]
