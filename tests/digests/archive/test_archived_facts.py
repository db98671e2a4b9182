"""Facts in the archive: brought in line with the dossier, and found by section, period, actor and status."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from digests.archive import Archive, facts
from digests.model import Fact, FactSource, Figure, Grade, Localized, SourceKind, Status

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def fact(fact_id: str, date: str = "2025-03-04", **values: object) -> Fact:
    plain = Fact(
        id=fact_id,
        date=date,
        section="building",
        status=Status.DECIDED,
        claim=Localized({"en": f"Claim {fact_id} of the Council.", "ja": "議会の主張。", "uk": "Рада вирішила."}),
        actors=("Northtown", "River Bridge Authority"),
        figures=(Figure("cost", 12.5, "million", "EUR"),),
        source=FactSource("Minutes", "Town hall", "https://town.example/1", SourceKind.OFFICIAL),
        grade=Grade.OFFICIAL,
        superseded_by=("x",),
        note="As minuted.",
    )
    return replace(plain, **values)  # type: ignore[arg-type]


async def put(archive: Archive, *current: Fact, now: datetime = NOW, baseline: bool = True) -> facts.FactChanges:
    async with archive.write() as connection:
        return await facts.sync(connection, current, now, baseline=baseline)


async def ids(archive: Archive, **filters: object) -> list[str]:
    async with archive.read() as connection:
        found = await facts.query(connection, **filters)  # type: ignore[arg-type]
        del_paging = {name: value for name, value in filters.items() if name not in ("limit", "offset")}
        count = await facts.count(connection, **del_paging)  # type: ignore[arg-type]
    if "limit" not in filters:
        assert count == len(found)
    return [one.id for one in found]


async def test_a_fact_comes_back_whole(either_archive: Archive) -> None:
    await put(either_archive, fact("a"))
    async with either_archive.read() as connection:
        assert await facts.query(connection) == [fact("a")]


async def test_the_archive_follows_the_dossier(either_archive: Archive) -> None:
    first = await put(either_archive, fact("a"), fact("b"), fact("c"))
    assert first == facts.FactChanges(added=("a", "b", "c"), changed=(), retired=())
    again = await put(either_archive, fact("a"), fact("b"), fact("c"), now=LATER, baseline=False)
    assert again == facts.FactChanges((), (), ())
    second = await put(either_archive, fact("a"), fact("b", note="Corrected."), fact("d"), now=LATER, baseline=False)
    assert second == facts.FactChanges(added=("d",), changed=("b",), retired=("c",))
    assert sorted(await ids(either_archive)) == ["a", "b", "d"]
    third = await put(either_archive, fact("a"), fact("c"), fact("d"), now=LATER)
    assert third == facts.FactChanges(added=(), changed=("c",), retired=("b",))
    assert sorted(await ids(either_archive)) == ["a", "c", "d"]


async def test_only_facts_added_after_the_first_dossier_are_news(either_archive: Archive) -> None:
    await put(either_archive, fact("a"))
    await put(either_archive, fact("a", note="Corrected."), fact("b"), now=LATER, baseline=False)
    async with either_archive.read() as connection:
        assert [one.id for one in await facts.new_since(connection, NOW)] == ["b"]
        assert await facts.new_since(connection, LATER) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["day", "month", "year", "old"]),
        ({"section": "money"}, ["month"]),
        ({"status": Status.DENIED}, ["old"]),
        ({"date_from": "2025-03-05"}, ["day", "month", "year"]),
        ({"date_from": "2025-03-31", "date_to": "2025-04"}, ["month", "year"]),
        ({"date_from": "2026"}, []),
        ({"date_to": "2024"}, ["old"]),
        ({"actors": ("northtown", "Southtown")}, ["day", "month", "year"]),
        ({"actors": ("СПІЛКА",)}, ["old"]),
        ({"actors": ("100%_",)}, []),
        ({"limit": 2, "offset": 1}, ["month", "year"]),
    ],
)
async def test_facts_are_found_newest_first_by_what_they_may_mean(
    either_archive: Archive, filters: dict[str, object], expected: list[str]
) -> None:
    await put(
        either_archive,
        fact("day", "2025-03-10"),
        fact("month", "2025-03", section="money"),
        fact("year", "2025"),
        fact(
            "old", "2024-12-31", status=Status.DENIED, actors=("Спілка будівельників",), claim=Localized({"en": "Old."})
        ),
    )
    assert await ids(either_archive, **filters) == expected


async def test_actors_are_offered_by_the_beginning_of_any_of_their_words(either_archive: Archive) -> None:
    await put(
        either_archive,
        fact("a", actors=("Northtown", "River Bridge Authority")),
        fact("b", actors=("Northtown", "Bridge Fund", "Рада міста")),
    )
    await put(either_archive, fact("b", actors=("Northtown", "Bridge Fund", "Рада міста")))
    async with either_archive.read() as connection:
        assert await facts.actors(connection, "bri") == [("Bridge Fund", 1)]
        assert await facts.actors(connection, "МІС") == [("Рада міста", 1)]
        assert await facts.actors(connection, limit=1) == [("Bridge Fund", 1)]
        assert await facts.actors(connection, "ridge") == []
