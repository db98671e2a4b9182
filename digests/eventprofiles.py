"""The profiles of the events in the window: weighted terms in compact arrays, and an index from terms to events.

10,000 items make some 6,000 events; each keeps its 40 weightiest terms in 0.4 kB.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from digests.eventterms import AMOUNT, BRIDGE, kind_of

_MOST_TERMS = 40
_MOST_POSTINGS = 500
"""A term of more events than this says too little to look at them all."""
_MOST_LOOKUPS = 24
_MOST_COMPARED = 8
_LEAST_BACKGROUND = 20
_LOGS = [0.0, *(math.log(number) for number in range(1, 4096))]


@dataclass(slots=True)
class _Event:
    terms: array[int]
    weights: array[float]
    items: int
    scripts: int
    """Bit n is set when an item is written in script n (see :mod:`digests.eventterms`)."""
    last_at: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like an event an item is. ``crossing``: they share no script, only bridges were compared."""

    event_id: int
    cosine: float
    crossing: bool
    shared: tuple[str, ...]
    """The terms that make them alike, weightiest first."""
    bridges: int
    """How many terms that every language understands they share."""
    other_amounts: bool
    """Both state amounts, and none is the same."""
    last_at: float


class EventProfiles:
    def __init__(self, background: Iterable[Collection[str]] = ()) -> None:
        self._background: dict[str, int] = {}
        self._background_size = 0
        for terms in background:
            self._background_size += 1
            for term in terms:
                self._background[term] = self._background.get(term, 0) + 1
        self._events: dict[int, _Event] = {}
        self._dead = 0
        self._clear()

    def _clear(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: list[str] = []
        self._kinds = bytearray()
        self._counts: array[int] = array("I")
        self._postings: list[array[int] | None] = []
        self._size = max(self._background_size, _LEAST_BACKGROUND)
        for term, count in self._background.items():
            self._counts[self._id(term)] = count

    def __len__(self) -> int:
        return len(self._events)

    def __contains__(self, event_id: int) -> bool:
        return event_id in self._events

    # --- comparing -----------------------------------------------------------------------------------------

    def alike(self, terms: Mapping[str, float], script: int) -> list[Likeness]:
        """The events most like an item of these terms, best first."""
        weights: dict[int, float] = {}
        norms = [0.0] * 5
        log_size = math.log(self._size + 1)
        ids, counts, kinds = self._ids, self._counts, self._kinds
        for term, weight in terms.items():
            number = ids.get(term)
            if number is None:
                value, kind = weight * log_size, kind_of(term)
            else:
                value, kind = weight * (log_size - _log(counts[number] + 1)), kinds[number]
                weights[number] = value
            norms[kind] += value * value
        found = [self._compare(near, weights, norms, script, log_size) for near in self._nearest(weights)]
        found.sort(key=lambda likeness: -likeness.cosine)
        return found

    def _nearest(self, weights: Mapping[int, float]) -> list[int]:
        sums: dict[int, float] = {}
        looked_up = 0
        for number in sorted(weights, key=weights.__getitem__, reverse=True):
            postings = self._postings[number]
            if postings is None or len(postings) > _MOST_POSTINGS:
                continue
            weight = weights[number]
            for event_id in postings:
                sums[event_id] = sums.get(event_id, 0.0) + weight
            looked_up += 1
            if looked_up >= _MOST_LOOKUPS:
                break
        live = self._events
        return [e for e in nlargest(_MOST_COMPARED, sums, key=sums.__getitem__) if e in live]

    def _compare(
        self, event_id: int, weights: Mapping[int, float], norms: Sequence[float], script: int, log_size: float
    ) -> Likeness:
        event = self._events[event_id]
        crossing = not event.scripts >> script & 1
        counts, kinds = self._counts, self._kinds
        dot = square = 0.0
        shared: list[tuple[float, int]] = []
        amounts = False
        same_amount = False
        for number, weight in zip(event.terms, event.weights, strict=True):
            kind = kinds[number]
            if kind < BRIDGE and (crossing or kind != script):
                continue
            theirs = weight * (log_size - _log(counts[number] + 1))
            square += theirs * theirs
            ours = weights.get(number)
            amounts = amounts or kind == AMOUNT
            if ours is not None:
                dot += ours * theirs
                shared.append((ours * theirs, number))
                same_amount = same_amount or kind == AMOUNT
        own = norms[BRIDGE] + norms[AMOUNT] + (0.0 if crossing else norms[script])
        shared.sort(reverse=True)
        return Likeness(
            event_id,
            dot / math.sqrt(square * own) if square > 0 and own > 0 else 0.0,
            crossing,
            tuple(self._names[number] for _, number in shared),
            sum(1 for _, number in shared if kinds[number] >= BRIDGE),
            amounts and norms[AMOUNT] > 0 and not same_amount,
            event.last_at,
        )

    # --- changing ------------------------------------------------------------------------------------------

    def add(self, event_id: int, terms: Mapping[str, float], script: int, at: float) -> None:
        """Count an item into the event's profile, which begins with it if it is the first."""
        old = self._events.get(event_id)
        merged = dict(terms)
        items = 0
        if old is not None:
            items = old.items
            share = 1 / (items + 1)
            merged = {term: weight * share for term, weight in terms.items()}
            for number, weight in zip(old.terms, old.weights, strict=True):
                name = self._names[number]
                merged[name] = merged.get(name, 0.0) + weight * (1 - share)
        scripts = (old.scripts if old else 0) | 1 << script
        last = max(at, old.last_at) if old else at
        self._put(event_id, merged, items + 1, scripts, last, before=old, seen=terms)

    def _put(
        self,
        event_id: int,
        weights: Mapping[str, float],
        items: int,
        scripts: int,
        last_at: float,
        *,
        before: _Event | None = None,
        seen: Mapping[str, float] | None = None,
    ) -> None:
        kept = nlargest(_MOST_TERMS, weights, key=lambda term: weights[term] * self._rarity(term))
        numbers = array("I", map(self._id, kept))
        known = frozenset(before.terms) if before else frozenset()
        for number in numbers:
            if number not in known:
                postings = self._postings[number]
                if postings is None:
                    self._postings[number] = array("q", (event_id,))
                elif postings[-1] != event_id:
                    postings.append(event_id)
        for number, name in zip(numbers, kept, strict=True):
            self._counts[number] += items if seen is None else name in seen
        self._size += items if seen is None else 1
        self._events[event_id] = _Event(numbers, array("f", (weights[term] for term in kept)), items, scripts, last_at)

    def _rarity(self, term: str) -> float:
        number = self._ids.get(term)
        return math.log(self._size + 1) - (_log(self._counts[number] + 1) if number is not None else 0.0)

    def _id(self, term: str) -> int:
        number = self._ids.get(term)
        if number is None:
            number = self._ids[term] = len(self._names)
            self._names.append(term)
            self._kinds.append(kind_of(term))
            self._counts.append(0)
            self._postings.append(None)
        return number

    def remove(self, event_ids: Iterable[int]) -> None:
        for event_id in event_ids:
            if self._events.pop(event_id, None) is not None:
                self._dead += 1
        if self._dead > 1000 and self._dead > len(self._events):
            self._compact()

    def _compact(self) -> None:
        """Forget the terms that only removed events had."""
        kept = {event_id: self.dump(event_id) for event_id in self._events}
        times = {event_id: event.last_at for event_id, event in self._events.items()}
        self._events, self._dead = {}, 0
        self._clear()
        for event_id, profile in kept.items():
            self.load(event_id, profile, times[event_id])

    # --- the archive's form --------------------------------------------------------------------------------

    def dump(self, event_id: int) -> dict[str, Any]:
        """The profile as JSON: items, scripts and term weights."""
        event = self._events[event_id]
        weights = {self._names[n]: round(w, 3) for n, w in zip(event.terms, event.weights, strict=True)}
        return {"items": event.items, "scripts": event.scripts, "terms": weights}

    def load(self, event_id: int, profile: Mapping[str, Any], last_at: float) -> None:
        """Take a dumped profile back."""
        self._put(event_id, profile["terms"], profile["items"], profile["scripts"], last_at)


def _log(count: int) -> float:
    return _LOGS[count] if count < len(_LOGS) else math.log(count)
