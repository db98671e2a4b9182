"""Choosing and ordering what an edition says: pure functions over items that have been read.

An event is told once per edition, in the section where it fits best. Within an event the best source speaks: official
before wire before the rest, and among equals the one in the reader's language. An event that an earlier edition
told comes back only when something has changed: more independent voices, or a better kind of source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from digests.archive.items import FiledItem
from digests.events import voices
from digests.model import Citation, Dating, DigestBullet, DigestSection, Item, ReportedEvent
from digests.summary import Report, diverse, key_sentence

_MOST_CANDIDATES = 40
"""Events per section that are looked at closely; the rest can only be counted as "more"."""
_MOST_OTHERS = 4
_VOICE_WEIGHT = 0.5
_RANK_WEIGHT = 0.12


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one event: ``new`` since the last edition and ``earlier`` ones. ``event_id`` None: a lone item."""

    event_id: int | None
    new: tuple[FiledItem, ...]
    earlier: tuple[Item, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self.earlier, *(filed.item for filed in self.new))

    @property
    def voices(self) -> int:
        """Independent publisher families over the whole event."""
        return voices(self.items)

    def score(self, section: str) -> float:
        """The best filing score among the new items."""
        scores = [filing.score for filed in self.new for filing in filed.filings if filing.section == section]
        return max(scores, default=0.0)


def groups(new: Sequence[FiledItem], members: Mapping[int, Sequence[Item]]) -> list[Group]:
    """New items by event; withdrawn ones are left out."""
    by_event: dict[int | None, list[FiledItem]] = defaultdict(list)
    for filed in new:
        by_event[filed.item.event_id].append(filed)
    found = [Group(None, (filed,), ()) for filed in by_event.pop(None, [])]
    for event_id, filed_items in by_event.items():
        fresh = {filed.item.id for filed in filed_items}
        earlier = [
            item for item in members.get(event_id or 0, ()) if item.id not in fresh and item.withdrawn_at is None
        ]
        found.append(Group(event_id, tuple(filed_items), tuple(earlier)))
    return found


def sections(
    groups: Sequence[Group],
    before: Mapping[tuple[str, int], ReportedEvent],
    wanted: Sequence[str],
    bullets: int,
    language: str,
) -> tuple[DigestSection, ...]:
    """The wanted sections in order, each with its bullets; sections without news are there, empty."""
    homes = {id(group): home(group, wanted) for group in groups}
    return tuple(
        _section(section, [group for group in groups if homes[id(group)] == section], before, bullets, language)
        for section in wanted
    )


def reported(sections: Iterable[DigestSection], groups: Iterable[Group]) -> tuple[ReportedEvent, ...]:
    """What the edition will be remembered to have told, event by event."""
    sizes = {group.event_id: group for group in groups if group.event_id is not None}
    return tuple(
        ReportedEvent(section.section, bullet.event_id, bullet.voices, len(sizes[bullet.event_id].items))
        for section in sections
        for bullet in (*section.bullets, *section.changed)
        if bullet.event_id is not None
    )


def home(group: Group, wanted: Sequence[str]) -> str | None:
    """The one wanted section that the event fits best."""
    scored = [(group.score(section), -wanted.index(section)) for section in wanted]
    best, place = max(scored, default=(0.0, 0))
    return wanted[-place] if best > 0 else None


def _section(
    section: str,
    own: Sequence[Group],
    before: Mapping[tuple[str, int], ReportedEvent],
    bullets: int,
    language: str,
) -> DigestSection:
    told = [group for group in own if _told(group, section, before)]
    untold = [group for group in own if not _told(group, section, before)]
    ranked = sorted(untold, key=lambda group: _relevance(group, section), reverse=True)[:_MOST_CANDIDATES]
    leads = [speakers(group, language)[0] for group in ranked]
    order = diverse(
        [(lead.title, lead.language) for lead in leads], [_relevance(group, section) for group in ranked], bullets
    )
    chosen = tuple(_bullet(ranked[n], language) for n in order)
    changed = tuple(_bullet(group, language) for group in told if moved(group, section, before))[:bullets]
    return DigestSection(
        section=section,
        headline=chosen[0].citation.title if chosen else "",
        bullets=chosen,
        changed=changed,
        more=len(untold) - len(chosen),
    )


def _told(group: Group, section: str, before: Mapping[tuple[str, int], ReportedEvent]) -> bool:
    return group.event_id is not None and (section, group.event_id) in before


def moved(group: Group, section: str, before: Mapping[tuple[str, int], ReportedEvent]) -> bool:
    """Whether an event told before has more independent voices or a better kind of source now."""
    if group.event_id is None:
        return False
    then = before[section, group.event_id]
    best_before = min((item.kind.rank for item in group.earlier), default=99)
    best_now = min(filed.item.kind.rank for filed in group.new)
    return group.voices > then.voices or best_now < best_before


def _relevance(group: Group, section: str) -> float:
    """How much an event deserves a bullet: fit, independent voices (diminishing), kind of the best source."""
    best_rank = min(item.kind.rank for item in group.items)
    return group.score(section) + _VOICE_WEIGHT * (1 - 1 / group.voices) - _RANK_WEIGHT * best_rank / 8


def _bullet(group: Group, language: str) -> DigestBullet:
    ordered = speakers(group, language)
    lead = ordered[0]
    others = [item for item in ordered[1:] if item.duplicate_of is None]
    sentence = key_sentence(_report(lead), [_report(item) for item in others[:8]])
    return DigestBullet(
        text=sentence,
        language=lead.language,
        citation=item_citation(lead),
        voices=group.voices,
        others=tuple(item_citation(item) for item in _one_a_family(others, lead)[:_MOST_OTHERS]),
        event_id=group.event_id,
        uncertain_date=lead.dating is not Dating.STATED,
    )


def speakers(group: Group, language: str) -> list[Item]:
    """Who speaks for an event: the best of what is new, for that is the news, then the others."""
    return [*best_first((filed.item for filed in group.new), language), *best_first(group.earlier, language)]


def best_first(items: Iterable[Item], language: str) -> list[Item]:
    """Best source first: kind, then the reader's language, then originals before copies, then the earliest."""
    return sorted(
        items,
        key=lambda item: (
            item.kind.rank,
            item.language != language,
            item.duplicate_of is not None,
            item.published_at,
            item.id,
        ),
    )


def _one_a_family(items: Iterable[Item], lead: Item) -> list[Item]:
    seen = {lead.family}
    found = []
    for item in items:
        if item.family not in seen:
            seen.add(item.family)
            found.append(item)
    return found


def _report(item: Item) -> Report:
    return Report(item.title, item.text, item.language)


def item_citation(item: Item) -> Citation:
    return Citation(
        id=f"item:{item.id}",
        title=item.title,
        publisher=item.publisher,
        url=item.url,
        kind=item.kind,
        date=item.published_at.date().isoformat(),
        language=item.language,
        locator=item.locator,
    )
