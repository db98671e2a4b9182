"""Coverage over time: how many reports, developments and dated facts the archive holds, by day, week or month.

A development is an event of the archive: copies of one wire and reports of one thing are one. An item is counted by the
day on which it was published, a fact by that on which it happened, in the reader's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.facts import days_of
from digests.archive.tables import filings, items
from digests.compose import OVERVIEW
from digests.mentions import Subject, facts_naming, items_naming
from digests.model import Fact, SourceKind
from digests.story import Story


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_DAYS_BY_DAY, _DAYS_BY_WEEK = 31, 186
"""Days of a period up to which it is told by day, and by week."""
MOST_BINS = 125
"""Ten years of months."""


@dataclass(frozen=True, slots=True)
class Line:
    """One section, or what was asked about: counts by bin. ``total_events`` counts an event once over all bins."""

    key: str
    reports: tuple[int, ...]
    events: tuple[int, ...]
    facts: tuple[int, ...]
    total_events: int


@dataclass(frozen=True, slots=True)
class Trend:
    """``edges`` are the first days of the bins and the day after the last one. All days are of the reader's zone."""

    step: Step
    span: tuple[date, date]
    """The first and the last day that count."""
    edges: tuple[date, ...]
    lines: tuple[Line, ...]
    undated: int
    """Facts that fall into the period and are dated too loosely for its bins."""
    publishers: int
    """Independent families whose reports are counted."""

    @property
    def empty(self) -> bool:
        return not any(any(line.reports) or any(line.facts) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a trend is about: a section, a kind of source or a subject; each section in turn when all are None."""

    section: str | None = None
    kind: SourceKind | None = None
    subject: Subject | None = None


def bins(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[Step, tuple[date, ...]]:
    """How a period is cut. Whole weeks begin on Monday, whole months on the 1st; the first and last may be cut off."""
    first = start.astimezone(zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    days = (last - first).days + 1
    step = Step.DAY if days <= _DAYS_BY_DAY else Step.WEEK if days <= _DAYS_BY_WEEK else Step.MONTH
    at = {Step.DAY: first, Step.WEEK: first - timedelta(first.weekday()), Step.MONTH: first.replace(day=1)}[step]
    edges = [at]
    while edges[-1] <= last and len(edges) <= MOST_BINS:
        edges.append(_next(edges[-1], step))
    return step, tuple(edges)


def _next(day: date, step: Step) -> date:
    if step is Step.MONTH:
        return (day.replace(day=1) + timedelta(32)).replace(day=1)
    return day + timedelta(7 if step is Step.WEEK else 1)


async def trend(
    connection: AsyncConnection, story: Story, topic: Topic, *, start: datetime, end: datetime, zone: ZoneInfo
) -> Trend:
    """Count. Belongs in :meth:`Archive.read_at_once`: a subject is looked for in the texts."""
    step, edges = bins(start, end, zone)
    moments = [datetime.combine(day, time(), zone).astimezone(UTC) for day in edges]
    # What was asked for, not the whole of its first and last week or month.
    bounds = [max(moments[0], start), *moments[1:-1], min(moments[-1], end)]
    span = (start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date())
    lines: list[Line] = []
    families: set[str] = set()
    undated = 0
    if topic.subject is not None:
        found = await items_naming(connection, topic.subject, start=bounds[0], end=bounds[-1])
        rows = [(_bin(item.published_at, bounds), item.event_id or -item.id) for item in found]
        families = {item.family for item in found}
        facts, undated = _facts(facts_naming(story.facts, topic.subject), edges, span)
        lines.append(_line("", rows, facts, len(edges) - 1))
    elif topic.kind is not None:
        rows, families = await _of_kind(connection, topic.kind, bounds)
        facts, undated = _facts((fact for fact in story.facts if fact.source.kind is topic.kind), edges, span)
        lines.append(_line("", rows, facts, len(edges) - 1))
    else:
        every = [section.id for section in story.sections if section.id != OVERVIEW]
        for section in [topic.section] if topic.section else every:
            rows, own = await _of_section(connection, section, bounds)
            families |= own
            facts, loose = _facts((fact for fact in story.facts if fact.section == section), edges, span)
            undated += loose
            lines.append(_line(section, rows, facts, len(edges) - 1))
    return Trend(step, span, edges, tuple(lines), undated, len(families))


def _line(key: str, rows: Sequence[tuple[int, int]], facts: tuple[int, ...], size: int) -> Line:
    reports = [0] * size
    events: list[set[int]] = [set() for _ in range(size)]
    for at, event in rows:
        reports[at] += 1
        events[at].add(event)
    whole = len(set().union(*events))
    return Line(key, tuple(reports), tuple(map(len, events)), facts, whole)


def _bin(moment: datetime, bounds: Sequence[datetime]) -> int:
    return next(at for at, (low, high) in enumerate(pairwise(bounds)) if low <= moment < high)


_EVENT = func.coalesce(items.c.event_id, -items.c.id)


async def _of_kind(
    connection: AsyncConnection, kind: SourceKind, bounds: Sequence[datetime]
) -> tuple[list[tuple[int, int]], set[str]]:
    conditions = (items.c.kind == kind, items.c.off_topic.is_(None), items.c.withdrawn_at.is_(None))
    when = items.c.published_at
    query = select(_numbered(when, bounds), _EVENT, items.c.family).where(
        *conditions, when >= bounds[0], when < bounds[-1]
    )
    found = (await connection.execute(query)).all()
    return [(row[0], row[1]) for row in found], {row[2] for row in found}


async def _of_section(
    connection: AsyncConnection, section: str, bounds: Sequence[datetime]
) -> tuple[list[tuple[int, int]], set[str]]:
    when = filings.c.published_at
    query = (
        select(_numbered(when, bounds), _EVENT, items.c.family)
        .join(items, items.c.id == filings.c.item_id)
        .where(
            filings.c.section == section,
            filings.c.withdrawn.is_(False),
            when >= bounds[0],
            when < bounds[-1],
        )
    )
    found = (await connection.execute(query)).all()
    return [(row[0], row[1]) for row in found], {row[2] for row in found}


def _numbered(when: ColumnElement[datetime], bounds: Sequence[datetime]) -> ColumnElement[int]:
    """The number of the bin that a moment falls into."""
    return case(*((when < high, at) for at, high in enumerate(bounds[1:])))


def _facts(facts: Iterable[Fact], edges: Sequence[date], span: tuple[date, date]) -> tuple[tuple[int, ...], int]:
    """Facts by bin, and how many of the period are dated too loosely to belong to one."""
    counts = [0] * (len(edges) - 1)
    loose = 0
    for fact in facts:
        first, last = (date.fromisoformat(day) for day in days_of(fact.date))
        if last < span[0] or first > span[1]:
            continue
        inside = [at for at, (low, high) in enumerate(pairwise(edges)) if low <= first and last < high]
        if inside:
            counts[inside[0]] += 1
        else:
            loose += 1
    return tuple(counts), loose
