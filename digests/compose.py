"""An edition out of the archive: what is new since the digest's last edition, by section, best evidence first.

Reading is done here, on one connection and so on one consistent snapshot; choosing and ordering are pure functions in
:mod:`digests.arrange`, kept off the event loop because a long downtime leaves much to arrange. Run these functions by
:meth:`digests.archive.Archive.read_at_once`, which keeps the reading off it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from digests import arrange
from digests.archive import editions, events, facts, health, items
from digests.archive.direct import aside
from digests.model import (
    Brief,
    BriefSentence,
    Citation,
    Composition,
    Coverage,
    DigestBullet,
    DigestSection,
    Edition,
    Fact,
    Grade,
    ReportedEvent,
)
from digests.story import Story

OVERVIEW = "overview"
_WELCOME_SENTENCES = 2
_WELCOME_BULLETS = 5
_WELCOME_BULLETS_MANY = 2
_GRADE_ORDER = list(Grade)
_LOOKED_AT = 8
"""Items for each bullet that a period's digest looks at, strongest first: several tell the same event."""
_ROUNDUP_LOOKS_BACK = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class DigestSpec:
    """What compose must know of a digest. ``bullets`` is the most per section."""

    id: str
    sections: tuple[str, ...]
    bullets: int
    language: str


async def compose(
    connection: AsyncConnection,
    story: Story,
    spec: DigestSpec,
    *,
    previous: Edition | None,
    scheduled_at: datetime,
    next_edition: datetime | None,
    now: datetime,
) -> Composition:
    """What is new since ``previous``: items filed into the digest's sections, and facts added to the dossier."""
    after = previous.through_item if previous else 0
    through = await items.max_item_id(connection)
    new = await items.new_since(connection, after_item=after, through_item=through, sections=spec.sections)
    added = await facts.new_since(connection, previous.composed_at) if previous else []
    sections, reported = await _arranged(connection, story, spec, new, added)
    return Composition(
        digest_id=spec.id,
        language=spec.language,
        kind="digest",
        scheduled_at=scheduled_at,
        since=previous.scheduled_at if previous else None,
        sections=sections,
        coverage=await _coverage(connection, story, after, through, next_edition, now, spec.language),
        after_item=after,
        through_item=through,
        reported=reported,
    )


async def compose_period(
    connection: AsyncConnection, story: Story, spec: DigestSpec, *, start: datetime, end: datetime, now: datetime
) -> Composition:
    """What a period brought, whenever it was archived: its strongest events, and the dossier's facts of its days."""
    new = await items.published_between(
        connection, start=start, end=end, sections=spec.sections, most=_LOOKED_AT * spec.bullets
    )
    sections, _ = await _arranged(connection, story, spec, new, ())
    dated = await facts.query(
        connection,
        date_from=start.date().isoformat(),
        date_to=end.date().isoformat(),
        limit=_LOOKED_AT * spec.bullets * len(spec.sections),
    )
    whole_days = [fact for fact in dated if start.date() <= fact.first_day < end.date()]
    through = await items.max_item_id(connection)
    return Composition(
        digest_id=spec.id,
        language=spec.language,
        kind="period",
        scheduled_at=now,
        since=start,
        sections=tuple(_with_facts(section, whole_days, spec) for section in sections),
        coverage=await _coverage(connection, story, through, through, None, now, spec.language),
        after_item=through,
        through_item=through,
    )


async def compose_roundup(
    connection: AsyncConnection,
    story: Story,
    spec: DigestSpec,
    *,
    since: datetime,
    scheduled_at: datetime,
    next_edition: datetime | None,
    now: datetime,
) -> Composition:
    """The standing after quiet days: the newest events that were told before, or, without any, the newest facts."""
    new = await items.published_between(
        connection, start=since - _ROUNDUP_LOOKS_BACK, end=now, sections=spec.sections, most=_LOOKED_AT * spec.bullets
    )
    groups = await groups_of(connection, new)
    arranged = await aside(connection, arrange.sections, groups, {}, spec.sections, spec.bullets, spec.language)
    standing = {section.section: section for section in _standing(story, spec)}
    through = await items.max_item_id(connection)
    return Composition(
        digest_id=spec.id,
        language=spec.language,
        kind="roundup",
        scheduled_at=scheduled_at,
        since=since,
        sections=tuple(found if found.bullets else standing[found.section] for found in arranged),
        coverage=await _coverage(connection, story, through, through, next_edition, now, spec.language),
        after_item=through,
        through_item=through,
    )


async def compose_welcome(
    connection: AsyncConnection,
    story: Story,
    spec: DigestSpec,
    *,
    scheduled_at: datetime,
    next_edition: datetime | None,
    now: datetime,
) -> Composition:
    """A digest's first edition: where the story stands by the dossier. Items archived so far are not news to it."""
    through = await items.max_item_id(connection)
    return Composition(
        digest_id=spec.id,
        language=spec.language,
        kind="welcome",
        scheduled_at=scheduled_at,
        since=None,
        sections=_standing(story, spec),
        coverage=await _coverage(connection, story, through, through, next_edition, now, spec.language),
        after_item=through,
        through_item=through,
    )


async def _arranged(
    connection: AsyncConnection,
    story: Story,
    spec: DigestSpec,
    new: Sequence[items.FiledItem],
    added: Iterable[Fact],
) -> tuple[tuple[DigestSection, ...], tuple[ReportedEvent, ...]]:
    groups = await groups_of(connection, new)
    before = await editions.reported_before(connection, spec.id, [group.event_id for group in groups if group.event_id])
    sections = await aside(connection, arrange.sections, groups, before, spec.sections, spec.bullets, spec.language)
    with_facts = tuple(_with_facts(section, added, spec) for section in sections)
    return with_facts, arrange.reported(with_facts, groups)


async def groups_of(connection: AsyncConnection, new: Sequence[items.FiledItem]) -> list[arrange.Group]:
    """The new items by event, each with the event's earlier items beside them."""
    ids = {filed.item.event_id for filed in new if filed.item.event_id is not None}
    members = {event.id: event.items for event in await events.members(connection, sorted(ids))}
    return arrange.groups(new, members)


def _with_facts(section: DigestSection, added: Iterable[Fact], spec: DigestSpec) -> DigestSection:
    own = [fact_bullet(fact, spec.language) for fact in added if fact.section == section.section]
    if not own:
        return section
    room = max(0, spec.bullets - len(section.bullets))
    shown = own[: max(room, 1)]
    return DigestSection(
        section=section.section,
        headline=section.headline or shown[0].text,
        bullets=(*section.bullets, *shown),
        changed=section.changed,
        more=section.more + len(own) - len(shown),
    )


def _standing(story: Story, spec: DigestSpec) -> tuple[DigestSection, ...]:
    """Per section: how its brief begins and its newest facts, well-sourced ones first."""
    many = len([section for section in spec.sections if section != OVERVIEW]) > 1
    limit = min(spec.bullets, _WELCOME_BULLETS_MANY) if many else _WELCOME_BULLETS
    known = {section.id for section in story.sections}
    introduced = many and OVERVIEW in known and OVERVIEW not in spec.sections
    wanted = ((OVERVIEW,) if introduced else ()) + spec.sections
    return tuple(_section_standing(story, section, spec.language, limit) for section in wanted)


def _section_standing(story: Story, section: str, language: str, limit: int) -> DigestSection:
    brief = story.briefs.get((section, language)) or story.briefs.get((section, "en"))
    lead = _lead(brief) if brief else ()
    told = {fact_id for sentence in lead for fact_id in sentence.fact_ids}
    own = [f for f in story.facts if f.section == section and not f.superseded_by and f.id not in told]
    own.sort(key=lambda fact: (fact.grade.needs_label, -fact.first_day.toordinal(), _GRADE_ORDER.index(fact.grade)))
    newest = sorted(own[:limit], key=lambda fact: fact.first_day, reverse=True)
    glue = "" if brief is not None and brief.language == "ja" else " "
    return DigestSection(
        section=section,
        headline=glue.join(sentence.text for sentence in lead),
        bullets=tuple(fact_bullet(fact, language) for fact in newest),
        more=max(0, len(own) - limit),
    )


def _lead(brief: Brief) -> tuple[BriefSentence, ...]:
    """How a brief begins."""
    return tuple(sentence for part in brief.parts for sentence in part.sentences)[:_WELCOME_SENTENCES]


def fact_bullet(fact: Fact, language: str) -> DigestBullet:
    """A fact of the dossier as a bullet, in ``language`` where the dossier has it."""
    shown = language if language in fact.claim.values else "en"
    return DigestBullet(text=fact.claim.get(language), language=shown, citation=fact_citation(fact, language), voices=1)


def fact_citation(fact: Fact, language: str) -> Citation:
    return Citation(
        id=fact.id,
        title=fact.source.title,
        publisher=fact.source.publisher,
        url=fact.source.url,
        kind=fact.source.kind,
        date=fact.date,
        language=language if language in fact.claim.values else "en",
        grade=fact.grade,
        status=fact.status,
    )


async def _coverage(
    connection: AsyncConnection,
    story: Story,
    after: int,
    through: int,
    next_edition: datetime | None,
    now: datetime,
    language: str,
) -> Coverage:
    states = await health.conditions(connection, story.sources, now)
    seen, off_topic = await items.counts_between(connection, after_item=after, through_item=through)
    return Coverage(
        tried=sum(1 for state in states if state.tried and state.state != "disabled"),
        failed=_names(story, states, "failing", language),
        stale=_names(story, states, "stale", language),
        items_seen=seen,
        off_topic=off_topic,
        next_edition=next_edition,
    )


def _names(story: Story, states: Iterable[health.Condition], wanted: str, language: str) -> tuple[str, ...]:
    found = {state.source_id for state in states if state.state == wanted}
    return tuple(source.name.get(language) for source in story.sources if source.id in found)
