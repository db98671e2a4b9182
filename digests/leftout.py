"""Why an edition does not tell what it does not tell: the events in its window, and what kept each of them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from digests import arrange, compose
from digests.archive import editions, items
from digests.archive.explanations import Window, window_of
from digests.compose import DigestSpec
from digests.model import Composition, Item, ReportedEvent


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An event (None: a lone item) that had news in an edition's window and got no line. ``lead`` would have spoken."""

    section: str | None
    event_id: int | None
    lead: Item
    items: int
    why: str


async def left_out(
    connection: AsyncConnection, spec: DigestSpec, composition: Composition
) -> tuple[tuple[LeftOut, ...], Window]:
    """What a composition of :func:`digests.compose.compose` had before it and did not take, and the window's counts.

    Run it on the archive as the composition saw it (:func:`digests.archive.past.read_as_of`).
    """
    after, through = composition.after_item, composition.through_item
    new = await items.new_since(connection, after_item=after, through_item=through, sections=spec.sections)
    groups = await compose.groups_of(connection, new)
    ids = [group.event_id for group in groups if group.event_id is not None]
    before = await editions.reported_before(connection, spec.id, ids)
    window = await window_of(connection, after_item=after, through_item=through)
    return tuple(explain(groups, before, composition, spec)), window


def explain(
    groups: Sequence[arrange.Group],
    before: Mapping[tuple[str, int], ReportedEvent],
    composition: Composition,
    spec: DigestSpec,
) -> list[LeftOut]:
    """The groups without a line, each with the reason; pure."""
    told = {
        bullet.citation.id
        for section in composition.sections
        for bullet in (*section.bullets, *section.changed)
        if bullet.citation.grade is None
    }
    found: list[LeftOut] = []
    for group in groups:
        if any(f"item:{item.id}" in told for item in group.items):
            continue
        section = arrange.home(group, spec.sections)
        lead = arrange.speakers(group, spec.language)[0]
        why = _why(group, section, before, spec)
        found.append(LeftOut(section, group.event_id, lead, len(group.new), why))
    return found


def _why(
    group: arrange.Group,
    section: str | None,
    before: Mapping[tuple[str, int], ReportedEvent],
    spec: DigestSpec,
) -> str:
    if section is None:
        return "it fits none of the digest's sections"
    if group.event_id is not None and (section, group.event_id) in before:
        then = before[section, group.event_id]
        if not arrange.moved(group, section, before):
            return (
                f"told before, and nothing has moved since: independent sources {then.voices} then, {group.voices} now,"
                " and no better kind of source"
            )
        return f"told before and changed since, but there was room for {spec.bullets} changes a section"
    return (
        f"there was room for {spec.bullets} events a section, and others were stronger (fit {group.score(section):.2f},"
        f" independent sources {group.voices}) or this one is too like one of them; it counts under “more”"
    )
