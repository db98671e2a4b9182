"""Facts of the dossier, as archived: when each was added, so that later additions are news."""

from __future__ import annotations

import calendar
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import facts
from digests.model import Fact, FactSource, Figure, Grade, Localized, SourceKind, Status

ALL = 100_000
"""A limit that no dossier reaches: a story's file holds fewer values (:data:`digests.yamlfile.MAX_VALUES`)."""


@dataclass(frozen=True, slots=True)
class FactChanges:
    """Ids by what became of them when the dossier was brought into the archive."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    retired: tuple[str, ...]


async def sync(connection: AsyncConnection, current: Iterable[Fact], now: datetime, *, baseline: bool) -> FactChanges:
    """Make the archive hold exactly the dossier's facts. ``baseline``: facts added now are no news.

    A fact that has left the dossier is retired: it stays, and is found no more.
    """
    wanted = {fact.id: fact for fact in current}
    stored = {
        row.id: (row.fingerprint, row.retired_at is None)
        for row in await connection.execute(select(facts.c.id, facts.c.fingerprint, facts.c.retired_at))
    }
    prints = {fact_id: fingerprint(fact) for fact_id, fact in wanted.items()}
    added = [fact_id for fact_id in wanted if fact_id not in stored]
    changed = [fact_id for fact_id in wanted if fact_id in stored and stored[fact_id] != (prints[fact_id], True)]
    retired = [fact_id for fact_id, (_, present) in stored.items() if present and fact_id not in wanted]
    if added:
        rows = [_row(wanted[fact_id], prints[fact_id]) | {"added_at": now, "baseline": baseline} for fact_id in added]
        await connection.execute(facts.insert(), rows)
    if changed:
        rows = [_row(wanted[fact_id], prints[fact_id]) | {"retired_at": None} for fact_id in changed]
        names = [name for name in rows[0] if name != "id"]
        values = {name: bindparam(f"new_{name}", type_=facts.c[name].type) for name in names}
        await connection.execute(
            update(facts).where(facts.c.id == bindparam("fact")).values(**values),
            [{"fact": row["id"]} | {f"new_{name}": row[name] for name in names} for row in rows],
        )
    if retired:
        await connection.execute(update(facts).where(facts.c.id.in_(retired)).values(retired_at=now))
    return FactChanges(tuple(added), tuple(changed), tuple(retired))


_CONTENT = cast(facts.c.content, Text)
"""The JSON as it is stored."""


@lru_cache(1_000)
def _fact_of(content: str) -> Fact:
    """A fact out of its stored JSON. Kept by that JSON itself, so another wording is another entry: a dossier changes
    a few times a day, and is read with every timeline."""
    return from_content(json.loads(content))


async def query(
    connection: AsyncConnection,
    *,
    section: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    actors: Sequence[str] = (),
    status: Status | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Fact]:
    """Facts, newest first. Dates are YYYY, YYYY-MM or YYYY-MM-DD and match facts that may fall between them;
    ``actors`` are names of one actor: a fact that holds any of them matches."""
    found = (
        select(_CONTENT)
        .where(*_conditions(section, date_from, date_to, actors, status))
        .order_by(facts.c.first_day.desc(), facts.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [_fact_of(content) for content in (await connection.execute(found)).scalars()]


async def count(
    connection: AsyncConnection,
    *,
    section: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    actors: Sequence[str] = (),
    status: Status | None = None,
) -> int:
    """How many facts :func:`query` would find."""
    number = select(func.count()).select_from(facts)
    return (
        await connection.execute(number.where(*_conditions(section, date_from, date_to, actors, status)))
    ).scalar_one()


async def actors(connection: AsyncConnection, prefix: str = "", *, limit: int = 25) -> list[tuple[str, int]]:
    """Actors of the dossier with how many facts name each, the most named first.

    ``prefix`` may begin any word of the name, in whatever case.
    """
    found = (await connection.execute(select(facts.c.content).where(facts.c.retired_at.is_(None)))).scalars()
    counts = Counter(actor for content in found for actor in content["actors"])
    start = prefix.strip().casefold()
    fitting = [pair for pair in counts.items() if f" {pair[0].casefold()}".find(f" {start}") >= 0]
    return sorted(fitting, key=lambda pair: (-pair[1], pair[0]))[:limit]


async def new_since(connection: AsyncConnection, moment: datetime) -> list[Fact]:
    """Facts that were added to the dossier after a moment and count as news, oldest first."""
    found = (
        select(facts.c.content)
        .where(facts.c.added_at > moment, facts.c.baseline.is_(False), facts.c.retired_at.is_(None))
        .order_by(facts.c.added_at, facts.c.first_day, facts.c.id)
    )
    return [from_content(content) for content in (await connection.execute(found)).scalars()]


def fingerprint(fact: Fact) -> str:
    """Changes when anything about the fact changes."""
    encoded = json.dumps(to_content(fact), sort_keys=True, ensure_ascii=False).encode()
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()


def days_of(partial: str) -> tuple[str, str]:
    """The first and last day that a date of year, month or day precision can mean."""
    parts = partial.split("-")
    if len(parts) == 1:
        return f"{partial}-01-01", f"{partial}-12-31"
    if len(parts) == 2:
        last = calendar.monthrange(int(parts[0]), int(parts[1]))[1]
        return f"{partial}-01", f"{partial}-{last:02}"
    return partial, partial


def to_content(fact: Fact) -> dict[str, Any]:
    """A fact as JSON-ready values."""
    return asdict(fact)


def from_content(content: dict[str, Any]) -> Fact:
    """The inverse of :func:`to_content`, also after a round through JSON."""
    source = content["source"]
    return Fact(
        id=content["id"],
        date=content["date"],
        section=content["section"],
        status=Status(content["status"]),
        claim=Localized(content["claim"]["values"]),
        actors=tuple(content["actors"]),
        figures=tuple(Figure(**figure) for figure in content["figures"]),
        source=FactSource(
            source["title"], source["publisher"], source["url"], SourceKind(source["kind"]), source.get("published")
        ),
        grade=Grade(content["grade"]),
        superseded_by=tuple(content["superseded_by"]),
        disputed_by=tuple(content["disputed_by"]),
        note=content["note"],
        asked={language: tuple(found) for language, found in content.get("asked", {}).items()},
        date_inferred=content.get("date_inferred", False),
    )


def _row(fact: Fact, print_: str) -> dict[str, Any]:
    first, last = days_of(fact.date)
    return {
        "id": fact.id,
        "date": fact.date,
        "section": fact.section,
        "status": fact.status,
        "grade": fact.grade,
        "first_day": first,
        "last_day": last,
        "haystack": "\n".join((*fact.actors, *fact.claim.values.values())).casefold(),
        "content": to_content(fact),
        "fingerprint": print_,
    }


def _conditions(
    section: str | None,
    date_from: str | None,
    date_to: str | None,
    actors: Sequence[str],
    status: Status | None,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [facts.c.retired_at.is_(None)]
    if section is not None:
        found.append(facts.c.section == section)
    if date_from is not None:
        found.append(facts.c.last_day >= days_of(date_from)[0])
    if date_to is not None:
        found.append(facts.c.first_day <= days_of(date_to)[1])
    if actors:
        found.append(or_(*(facts.c.haystack.contains(name.casefold(), autoescape=True) for name in actors)))
    if status is not None:
        found.append(facts.c.status == status)
    return [and_(*found)]
