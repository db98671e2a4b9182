"""The search index that an archive gets, in each of the databases: SQLite's own, and the portable one."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from sqlalchemy import select

from digests.archive import Archive
from digests.archive.tables import passages
from digests.model import SourceKind
from digests.search.fts import FtsIndex
from digests.search.index import SearchIndex, open_index
from digests.search.passages import NewPassage
from digests.search.postings import PostingsIndex
from digests.search.query import Filters, parse_query
from tests.fakes.shelf import put_item, second_program


def passage(ref: str, text: str, language: str = "en", **more: object) -> NewPassage:
    given = {"sections": ("building",), "kind": SourceKind.WIRE, "date": "2026-02-10"} | more
    return NewPassage(ref, text, language, **given)  # type: ignore[arg-type]


@pytest.fixture
async def index(either_archive: Archive) -> SearchIndex:
    return await open_index(either_archive)


async def add(archive: Archive, index: SearchIndex, *new: NewPassage) -> None:
    async with archive.write() as connection:
        await index.add(connection, new)


async def refs(archive: Archive, index: SearchIndex, text: str, language: str = "en", **filters: object) -> list[str]:
    query = parse_query(text, language, filters=Filters(**filters))  # type: ignore[arg-type]
    return [hit.passage.ref for hit in (await index.search(archive, query)).hits]


async def test_each_database_gets_its_own_kind(either_archive: Archive, index: SearchIndex) -> None:
    assert isinstance(index, FtsIndex if either_archive.is_sqlite else PostingsIndex)


async def test_passages_are_found_in_every_language_best_first(either_archive: Archive, index: SearchIndex) -> None:
    await add(
        either_archive,
        index,
        passage("f-1", "The bridge costs twenty million."),
        passage("f-2", "The bridge over the river is closed for repairs of the bridge deck."),
        passage("f-3", "Nothing of the kind."),
        passage("f-uk", "Міст через річку закрито на ремонт.", "uk"),
        passage("f-ja", "川に架かる橋は工事のため閉鎖された。", "ja"),
    )
    assert await refs(either_archive, index, "repairs of the bridge deck") == ["f-2", "f-1"]
    assert await refs(either_archive, index, "закрито мости", "uk") == ["f-uk"]
    assert await refs(either_archive, index, "橋の工事", "ja") == ["f-ja"]


async def test_filters_hold(either_archive: Archive, index: SearchIndex) -> None:
    item_id = await put_item(either_archive, sections=["money"])
    await add(
        either_archive,
        index,
        passage("f-1", "Bridge.", date="2026-02"),
        passage(f"item:{item_id}", "Bridge.", sections=("money", "outlook"), date="2026-05-30", item_id=item_id),
        passage("f-3", "Bridge.", kind=SourceKind.OFFICIAL, date="2025"),
    )
    found = {
        "section": await refs(either_archive, index, "bridge", sections=frozenset({"outlook"})),
        "kind": await refs(either_archive, index, "bridge", kinds=frozenset({SourceKind.OFFICIAL})),
        "since": await refs(either_archive, index, "bridge", since=date(2026, 2, 20)),
        "facts": await refs(either_archive, index, "bridge", scopes=frozenset({"fact"})),
    }
    assert {name: sorted(value) for name, value in found.items()} == {
        "section": [f"item:{item_id}"],
        "kind": ["f-3"],
        "since": ["f-1", f"item:{item_id}"],
        "facts": ["f-1", "f-3"],
    }


async def test_removed_passages_are_gone_and_rebuilding_finds_the_rest(
    either_archive: Archive, index: SearchIndex
) -> None:
    await add(either_archive, index, *(passage(f"f-{number}", f"Bridge number {number}.") for number in range(20)))
    async with either_archive.write() as connection:
        await index.remove(connection, [f"f-{number}" for number in range(15)])
    before = await refs(either_archive, index, "bridge")
    assert sorted(before) == [f"f-{number}" for number in range(15, 20)]
    assert await index.rebuild(either_archive) == 5
    assert await refs(either_archive, index, "bridge") == before


async def test_a_transaction_that_fails_leaves_neither_passages_nor_index(
    either_archive: Archive, index: SearchIndex
) -> None:
    async def fail() -> None:
        async with either_archive.write() as connection:
            await index.add(connection, [passage("f-1", "Bridge.")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await refs(either_archive, index, "bridge") == []


async def test_programs_that_index_at_once_lose_nothing(either_archive: Archive, index: SearchIndex) -> None:
    other = await second_program(either_archive)
    try:
        await asyncio.gather(
            *(
                add(archive, index, *(passage(f"f-{batch}-{n}-{archive is other}", "Bridge.") for n in range(5)))
                for archive in (either_archive, other)
                for batch in range(4)
            )
        )
    finally:
        await other.close()
    async with either_archive.read() as connection:
        stored = set((await connection.execute(select(passages.c.ref))).scalars())
    assert len(stored) == 40
    query = parse_query("bridge", "en", filters=Filters(), limit=50)
    assert {hit.passage.ref for hit in (await index.search(either_archive, query)).hits} == stored


@pytest.mark.parametrize(
    "words",
    ["bridge\x00", "\ud800 bridge", "bridge' OR 1=1 --", 'bridge" NEAR(x', "bridge % _ \\", "bridge " * 300],
)
async def test_hostile_questions_are_only_words(either_archive: Archive, index: SearchIndex, words: str) -> None:
    await add(either_archive, index, passage("f-1", "Bridge."), passage("f-2", "Ferry."))
    assert await refs(either_archive, index, words) == ["f-1"]


async def test_a_passage_of_hostile_words_is_kept_and_found(either_archive: Archive, index: SearchIndex) -> None:
    await add(
        either_archive, index, passage("f-1", "The \x00 bridge.", extra="Zeppelin\x00"), passage("f-2", "X" * 9000)
    )
    assert await refs(either_archive, index, "zeppelin") == ["f-1"]
    assert await refs(either_archive, index, "x" * 9000) == ["f-2"]
