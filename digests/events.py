"""Grouping items into events, online, and telling near copies.

An item joins the event whose terms it shares most (tf-idf, newest reports first), or begins a new one. A near copy (see
:mod:`digests.copies`) joins its original's event. Everything lives in memory for a window of days and is rebuilt from
the archive: ``items.signature`` and ``events.profile``.

Use, inside one write transaction::

    placement = index.place(candidate, now)
    event_id = placement.event_id or <insert a row into events>
    item_id = <insert the item with event_id, placement.duplicate_of, placement.signature>
    index.register(placement, item_id, event_id)
    <update events: profile = index.profile(event_id), last_item_at>

If the transaction fails, :meth:`EventIndex.forget` takes the registered items out again. Not safe for use from several
threads at once; the caller serialises writes anyway.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from digests.copies import CopyIndex, Sketch, is_copy, readable, signature, sketch
from digests.eventprofiles import EventProfiles, Likeness
from digests.eventterms import is_vague, readable_term, script_of, terms_of
from digests.glossary import Glossary

if TYPE_CHECKING:
    from digests.model import Item
    from digests.story import Story

__all__ = ["Candidate", "EventIndex", "EventRow", "ItemRow", "Placement", "best_first", "signature", "voices"]

WINDOW = timedelta(days=10)
_DAY = 86_400.0
_PRUNE_EVERY = 3_600.0
_EVENTS_FOR_COPIES = 2
_MEMBERS_FOR_COPIES = 4
_COSINE_FOR_COPIES = 0.4
_MOST_TOLD = 4
_MOST_SEARCHED = 1_000

# Tuned on the tuning half of tests/data/events.jsonl.
_ENOUGH = 0.3
"""Cosine from which an item joins an event of its own script."""
_CROSSING = 0.34
"""The same for an event of other scripts, compared by bridges alone."""
_FEWEST_BRIDGES = 3
_TOO_FEW_BRIDGES = 0.5
_OTHER_AMOUNTS = 0.7
_FADES = 15.0
"""Days after which an event is 1/e as attractive."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item to be placed. ``terms`` are its glossary terms, as filing found them."""

    title: str
    text: str
    language: str
    published_at: datetime
    terms: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an item belongs. ``event_id`` None: it begins a new event. ``why`` is short plain English."""

    event_id: int | None
    duplicate_of: int | None
    why: str
    signature: bytes
    """For ``items.signature``."""
    published_at: datetime
    script: int
    terms: Mapping[str, float] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What the index needs of an archived item."""

    id: int
    event_id: int | None
    duplicate_of: int | None
    published_at: datetime
    signature: bytes | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """What the index needs of an archived event."""

    id: int
    last_item_at: datetime
    profile: Mapping[str, Any]


@dataclass(slots=True)
class _Entry:
    item_id: int
    event_id: int
    original: int
    """The item that this one is a copy of, else itself."""
    published: float
    sketch: bytes


class EventIndex:
    """The events of the last days. ``background`` are the terms of texts that say what is common in this story."""

    def __init__(
        self,
        window: timedelta = WINDOW,
        background: Iterable[Collection[str]] = (),
        names: Mapping[str, str] | None = None,
    ) -> None:
        """``names`` are what to call glossary terms."""
        self._window = window.total_seconds()
        self._profiles = EventProfiles(background)
        self._copies = CopyIndex()
        self._entries: dict[int, _Entry] = {}
        self._slots: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self._next_slot = 0
        self._pruned_at = -math.inf
        self._names = names or {}

    @classmethod
    def for_story(cls, story: Story, window: timedelta = WINDOW) -> Self:
        """An index that knows from the story's facts which words are common there."""
        glossary = Glossary(story.glossary)
        texts = ((claim, language) for fact in story.facts for language, claim in fact.claim.values.items())
        background = (terms_of("", text, language, glossary.terms_of(text)) for text, language in texts)
        return cls(window, background, {term.id: term.abbr or term.names["en"][0] for term in story.glossary})

    def __len__(self) -> int:
        """Items in the window."""
        return len(self._entries)

    # --- placing -------------------------------------------------------------------------------------------

    def place(self, candidate: Candidate, now: datetime) -> Placement:
        """Where the item belongs, among what has been registered so far. Changes nothing but drops what is too old.

        0.25 to 0.5 ms for 160 words: do batches in a thread, not on the event loop.
        """
        self._prune(now.timestamp())
        data = sketch(candidate.title, candidate.text)
        found = terms_of(candidate.title, candidate.text, candidate.language, candidate.terms)
        terms = self._profiles.weigh(found)
        published = candidate.published_at.timestamp()
        script = script_of(candidate.language)
        alike = self._profiles.alike(terms, script)
        event_id, original, why = self._decide(candidate, data, alike, published)
        return Placement(event_id, original, why, data.data, candidate.published_at, script, terms)

    def _decide(
        self, candidate: Candidate, data: Sketch, alike: list[Likeness], published: float
    ) -> tuple[int | None, int | None, str]:
        """The event, the original of a copy, and why."""
        copy = self._copy(data, alike)
        if copy is not None:
            share, entry = copy
            why = f"a near copy of item {entry.original}: {share:.0%} of the shorter text stands in the other"
            return entry.event_id, entry.original, why
        if not alike:
            return None, None, "nothing like it in the window"
        value, likeness = max(((_fit(likeness, published), likeness) for likeness in alike), key=_first)
        if value < 1:
            return None, None, f"the nearest event is too unlike ({value:.0%} of what is needed)"
        words = self._told(likeness, candidate)
        how = " across languages" if likeness.crossing else ""
        return likeness.event_id, None, f"shares {words} with the event{how} ({value:.0%} of what is needed)"

    def _told(self, likeness: Likeness, candidate: Candidate) -> str:
        """The weightiest terms that an item shares with an event, as a reader knows them."""
        whole = f"{candidate.title} {candidate.text[:_MOST_SEARCHED]}"
        words = (
            readable_term(term, whole, self._names)
            for term in sorted(self._profiles.shared_terms(likeness), key=is_vague)
        )
        told = {word.casefold(): word for word in words}
        return ", ".join(list(told.values())[:_MOST_TOLD]) or "next to nothing"

    def _copy(self, data: Sketch, alike: list[Likeness]) -> tuple[float, _Entry] | None:
        slots = dict.fromkeys(self._copies.candidates(data))
        for likeness in alike[:_EVENTS_FOR_COPIES]:
            if likeness.crossing or likeness.cosine < _COSINE_FOR_COPIES:
                continue
            slots.update(dict.fromkeys(self._members[likeness.event_id][-_MEMBERS_FOR_COPIES:]))
        best: tuple[float, _Entry] | None = None
        for slot in slots:
            entry = self._entries[slot]
            share = is_copy(data, Sketch(entry.sketch))
            if share > (best[0] if best else 0.0):
                best = (share, entry)
        return best

    # --- registering ---------------------------------------------------------------------------------------

    def register(self, placement: Placement, item_id: int, event_id: int) -> None:
        """Take an archived item in, under the ids that the archive gave."""
        entry = _Entry(
            item_id,
            event_id,
            placement.duplicate_of or item_id,
            placement.published_at.timestamp(),
            placement.signature,
        )
        slot = self._enter(entry)
        self._copies.add(slot, Sketch(placement.signature))
        self._profiles.add(event_id, placement.terms, placement.script, entry.published)

    def _enter(self, entry: _Entry) -> int:
        slot = self._next_slot
        self._next_slot += 1
        self._entries[slot] = entry
        self._slots[entry.item_id] = slot
        self._members.setdefault(entry.event_id, []).append(slot)
        return slot

    def profile(self, event_id: int) -> dict[str, Any]:
        """What ``events.profile`` must hold so that the event can be taken up again after a restart."""
        return self._profiles.dump(event_id)

    def forget(self, item_ids: Iterable[int]) -> None:
        """Take items out again: withdrawn, edited, or their transaction failed. Unknown ids are ignored.

        An event without items disappears; the profile of one that keeps some stays as it is.
        """
        for item_id in item_ids:
            slot = self._slots.get(item_id)
            if slot is not None:
                self._drop(slot)

    def _drop(self, slot: int) -> None:
        entry = self._entries.pop(slot)
        self._slots.pop(entry.item_id, None)
        self._copies.remove(slot)
        members = self._members[entry.event_id]
        members.remove(slot)
        if not members:
            del self._members[entry.event_id]
            self._profiles.remove((entry.event_id,))

    def _prune(self, now: float) -> None:
        """Drop the items that have left the window; at most once an hour of ``now``."""
        if now - self._pruned_at < _PRUNE_EVERY:
            return
        self._pruned_at = now
        for slot in [slot for slot, entry in self._entries.items() if entry.published < now - self._window]:
            self._drop(slot)

    # --- rebuilding ----------------------------------------------------------------------------------------

    def load(self, items: Iterable[ItemRow], events: Iterable[EventRow]) -> None:
        """Fill an empty index from the archive: the items of the window, oldest first, and their events."""
        known = {event.id: event for event in events}
        first = self._next_slot
        sketches = []
        for row in items:
            if row.event_id in known and row.signature is not None and readable(row.signature):
                self._enter(
                    _Entry(
                        row.id, row.event_id, row.duplicate_of or row.id, row.published_at.timestamp(), row.signature
                    )
                )
                sketches.append(Sketch(row.signature))
        if sketches:
            self._copies.add_all(first, sketches)
        for event_id in self._members:
            event = known[event_id]
            self._profiles.load(event_id, event.profile, event.last_item_at.timestamp())


_first = itemgetter(0)


def _fit(likeness: Likeness, published: float) -> float:
    """How well an item fits an event, 1 being just enough."""
    days = abs(published - likeness.last_at) / _DAY
    value = likeness.cosine / (_CROSSING if likeness.crossing else _ENOUGH)
    if likeness.crossing and likeness.bridges < _FEWEST_BRIDGES:
        value *= _TOO_FEW_BRIDGES
    if likeness.other_amounts:
        value *= _OTHER_AMOUNTS
    return value * math.exp(-days / _FADES)


# --- counting and ordering ---------------------------------------------------------------------------------


def voices(items: Iterable[Item]) -> int:
    """How many independent voices report an event: publisher families count once, and so do copies of one text."""
    found = list(items)
    return len({item.family for item in found if item.duplicate_of is None}) or min(1, len(found))


def best_first(items: Iterable[Item]) -> list[Item]:
    """The items of an event, best source first: by kind (official before wire before others), then the earliest."""
    return sorted(items, key=lambda item: (item.kind.rank, item.published_at, item.id))
