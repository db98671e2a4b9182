"""Both kinds of index behind one protocol: the same tests for each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, text

from digests.archive import Archive
from digests.archive.meta import get as get_meta
from digests.archive.tables import meta, passages
from digests.glossary import Glossary
from digests.model import GlossaryTerm, SourceKind
from digests.search import fts, schema
from digests.search.fts import FtsIndex
from digests.search.index import SearchIndex, open_index
from digests.search.passages import NewPassage
from digests.search.postings import PostingsIndex
from digests.search.query import Filters, parse_query
from digests.search.terms import Terms

TERMS = Terms(
    Glossary(
        [
            GlossaryTerm(
                "sdf", "japan", "SDF", {"en": ("Self-Defense Forces",), "ja": ("自衛隊",), "uk": ("Сили самооборони",)}
            ),
            GlossaryTerm(
                "purl", "nato", "PURL", {"en": ("PURL",), "ja": ("PURL",), "uk": ("PURL",)}, needs_any=("NATO",)
            ),
        ]
    )
)


def passage(ref: str, text: str, language: str = "en", **more: object) -> NewPassage:
    given = {"sections": ("assistance",), "kind": SourceKind.WIRE, "date": "2026-02-10"} | more
    return NewPassage(ref, text, language, **given)  # type: ignore[arg-type]


@pytest.fixture(params=[FtsIndex, PostingsIndex])
async def index(request: pytest.FixtureRequest, archive: Archive) -> SearchIndex:
    async with archive.write() as connection:
        await connection.run_sync(schema.create_postings)
    made: Callable[[], SearchIndex] = request.param
    return made()


async def add(archive: Archive, index: SearchIndex, *new: NewPassage) -> None:
    async with archive.write() as connection:
        await index.add(connection, new)


async def refs(archive: Archive, index: SearchIndex, text: str, language: str = "en", **filters: object) -> list[str]:
    query = parse_query(text, language, TERMS, Filters(**filters))  # type: ignore[arg-type]
    return [hit.passage.ref for hit in (await index.search(archive, query)).hits]


async def test_the_passage_that_holds_more_of_the_question_comes_first(archive: Archive, index: SearchIndex) -> None:
    await add(
        archive,
        index,
        passage("f-1", "Japan sends vehicles to Ukraine."),
        passage("f-2", "Four officers of Japan go to Wiesbaden."),
        passage("f-3", "Wiesbaden is a town."),
    )
    assert await refs(archive, index, "Which officers does Japan send to Wiesbaden?") == ["f-2", "f-1", "f-3"]


async def test_glossary_terms_find_passages_in_every_language(archive: Archive, index: SearchIndex) -> None:
    await add(
        archive,
        index,
        passage("f-ja", "自衛隊の車両を引き渡した。", "ja"),
        passage("f-uk", "Автомобілі Сил самооборони прибули.", "uk"),
        passage("f-en", "The SDF handed over trucks.", "en"),
        passage("f-no", "Something else entirely.", "en"),
    )
    for question, language in (
        ("What did the SDF give?", "en"),
        ("自衛隊は何を渡したか", "ja"),
        ("Сили самооборони", "uk"),
    ):
        assert set(await refs(archive, index, question, language)) == {"f-ja", "f-uk", "f-en"}


async def test_a_term_needs_no_second_word_in_a_question(archive: Archive, index: SearchIndex) -> None:
    await add(archive, index, passage("f-1", "PURL buys weapons."))
    assert [concept.id for concept in parse_query("What is PURL?", "en", TERMS).concepts] == ["term:purl"]
    assert await refs(archive, index, "What is PURL?") == ["f-1"]


async def test_filters_restrict_by_section_kind_language_period_and_scope(archive: Archive, index: SearchIndex) -> None:
    await add(
        archive,
        index,
        passage("f-1", "Officers in Wiesbaden.", date="2026-02", sections=("background",)),
        passage("f-2", "Officers in Wiesbaden.", date="2026-05-29", kind=SourceKind.OFFICIAL),
        passage("item:3", "Officers in Wiesbaden.", date="2026-05-30", sections=("assistance", "outlook")),
        passage("f-4", "Wiesbadenの将校。", "ja", date="2025"),
    )
    found = {
        "all": await refs(archive, index, "Wiesbaden"),
        "section": await refs(archive, index, "Wiesbaden", sections=frozenset({"outlook", "background"})),
        "kind": await refs(archive, index, "Wiesbaden", kinds=frozenset({SourceKind.OFFICIAL})),
        "language": await refs(archive, index, "Wiesbaden", languages=frozenset({"ja"})),
        "since": await refs(archive, index, "Wiesbaden", since=date(2026, 2, 20), until=date(2026, 5, 29)),
        "year": await refs(archive, index, "Wiesbaden", until=date(2025, 3, 1)),
        "items": await refs(archive, index, "Wiesbaden", scopes=frozenset({"item"})),
        "facts": await refs(archive, index, "Wiesbaden", scopes=frozenset({"fact"})),
    }
    assert {name: sorted(value) for name, value in found.items()} == {
        "all": ["f-1", "f-2", "f-4", "item:3"],
        "section": ["f-1", "item:3"],
        "kind": ["f-2"],
        "language": ["f-4"],
        "since": ["f-1", "f-2"],
        "year": ["f-4"],
        "items": ["item:3"],
        "facts": ["f-1", "f-2", "f-4"],
    }


async def test_removed_passages_are_gone_and_others_stay(archive: Archive, index: SearchIndex) -> None:
    await add(
        archive, index, passage("f-1", "Officers."), passage("item:2", "Officers again."), passage("f-3", "Officers!")
    )
    async with archive.write() as connection:
        await index.remove(connection, ["f-1", "item:2", "unknown"])
    assert await refs(archive, index, "officers") == ["f-3"]
    await add(archive, index, passage("f-1", "Officers, revised."))
    assert set(await refs(archive, index, "officers")) == {"f-1", "f-3"}


async def test_a_transaction_that_fails_leaves_neither_passages_nor_index(archive: Archive, index: SearchIndex) -> None:
    async def killed_half_way() -> None:
        async with archive.write() as connection:
            await index.add(connection, [passage("f-1", "Officers.")])
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await killed_half_way()
    assert await refs(archive, index, "officers") == []
    async with archive.read() as connection:
        assert (await connection.execute(select(passages))).first() is None


async def test_rebuilding_gives_the_same_hits(archive: Archive, index: SearchIndex) -> None:
    await add(archive, index, *(passage(f"f-{n}", f"Officer {n} in Wiesbaden.", extra="Motegi") for n in range(20)))
    before = await refs(archive, index, "Motegi officer 7")
    assert await index.rebuild(archive) == 20
    assert await refs(archive, index, "Motegi officer 7") == before
    assert before[0] == "f-7"


async def test_rare_words_weigh_more_than_common_ones(archive: Archive, index: SearchIndex) -> None:
    await add(archive, index, *(passage(f"f-{n}", "Japan and Wiesbaden." if n == 1 else "Japan.") for n in range(30)))
    query = parse_query("Japan Wiesbaden Ankara", "en", TERMS)
    weights = (await index.search(archive, query)).weights
    by_surface = {concept.surface: weights[concept.id] for concept in query.concepts}
    assert by_surface["Japan"] < by_surface["Wiesbaden"] < by_surface["Ankara"] == 1.0


async def test_an_empty_archive_and_an_empty_question_find_nothing(archive: Archive, index: SearchIndex) -> None:
    assert await refs(archive, index, "Japan") == []
    await add(archive, index, passage("f-1", "Japan."))
    assert await refs(archive, index, "") == []
    assert await refs(archive, index, 'the "of" AND * ( NEAR') == []


async def test_hostile_questions_are_only_words(archive: Archive, index: SearchIndex) -> None:
    await add(archive, index, passage("f-1", "Officers."))
    for asked in (
        'officers" OR tokens:*',
        "officers') --",
        "marks : xfact officers",
        "officers " * 200,
        "NEAR(officers, 2)",
    ):
        assert await refs(archive, index, asked) == ["f-1"]


async def test_too_common_words_are_ranked_within_a_budget(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fts, "MOST_ROWS_RANKED", 10)
    index = FtsIndex()
    common = [passage(f"item:{n}", "Japan and PURL in the news.") for n in range(60)]
    await add(archive, index, *common, passage("item:90", "Japan joined PURL today."), *common)
    assert (await refs(archive, index, "Has Japan joined PURL?"))[0] == "item:90"
    assert await refs(archive, index, "Japan")


async def test_an_index_of_another_version_is_rebuilt_when_opened(archive: Archive) -> None:
    index = await open_index(archive)
    await add(archive, index, passage("f-1", "Officers."))
    async with archive.write() as connection:
        await connection.exec_driver_sql("DELETE FROM search_en_facts")
        await connection.execute(meta.update().values(value="older"))
    assert await refs(archive, await open_index(archive), "officers") == ["f-1"]


async def test_ids_are_never_given_twice(archive: Archive, index: SearchIndex) -> None:
    await add(archive, index, passage("f-1", "One."), passage("f-2", "Two."))
    async with archive.write() as connection:
        await index.remove(connection, ["f-2"])
    await add(archive, index, passage("f-3", "Three."))
    async with archive.read() as connection:
        ids = [row.id for row in await connection.execute(select(passages).order_by(passages.c.id))]
    assert ids == [1, 3]


async def test_news_may_be_limited_by_itself(archive: Archive, index: SearchIndex) -> None:
    facts = [passage(f"f-{number}", "Officers work in Wiesbaden.") for number in range(4)]
    news = [passage(f"item:{number}", "Officers work in Wiesbaden.") for number in range(4)]
    await add(archive, index, *facts, *news)

    few = replace(parse_query("officers", "en"), limit=3, news=1)
    hits = [hit.passage.ref for hit in (await index.search(archive, few)).hits]

    assert sum(ref.startswith("item:") for ref in hits) == 1
    assert sum(ref.startswith("f-") for ref in hits) == 3


async def test_what_was_removed_takes_no_room_after_tidying(archive: Archive) -> None:
    index = FtsIndex()
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghij", k=7)) for _ in range(900)]
    for batch in range(12):
        new = [passage(f"item:{batch}-{n}", " ".join(rng.choices(words, k=60))) for n in range(60)]
        await add(archive, index, *new)
    await add(archive, index, passage("item:kept", "Officers in Wiesbaden."))
    async with archive.write() as connection:
        await index.remove(connection, [f"item:{batch}-{n}" for batch in range(11) for n in range(60)])

    async def room() -> int:
        async with archive.read() as connection:
            return int(await connection.scalar(text("SELECT sum(length(block)) FROM search_en_data")) or 0)

    loose = await room()
    await index.tidy(archive)
    tidied = await room()
    await index.rebuild(archive)
    assert tidied < loose / 3
    assert tidied < await room() * 1.2
    assert await refs(archive, index, "officers") == ["item:kept"]


async def test_little_is_not_worth_tidying(archive: Archive) -> None:
    index = FtsIndex()
    await add(archive, index, *(passage(f"item:{n}", f"Officer {n}.") for n in range(40)))
    async with archive.write() as connection:
        await index.remove(connection, ["item:1", "item:2"])
    await index.tidy(archive)
    async with archive.read() as connection:
        assert await get_meta(connection, "search.removed.en") == "2"
        held = (await connection.execute(text("SELECT count(*) FROM search_en"))).scalar_one()
    assert held == 38
