"""The profiles of the events in the window: weighted terms in compact arrays, and an index from terms to events.

10,000 items make some 6,000 events; each keeps its 40 weightiest terms in 0.4 kB.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from operator import attrgetter
from typing import Any

from digests.eventterms import AMOUNT, BRIDGE, kind_of

_MOST_TERMS = 32
_MOST_LOOKED_AT = 250
"""Postings looked at for one item, those of its weightiest words and of its weightiest bridges: bounds the cost."""
_MOST_COMPARED = 6
_LEAST_BACKGROUND = 20
_MOST_SHARED = 6
_KINDS = 5
_MOST_LOGS = 2048
_LOGS = tuple(math.log(count + 1) for count in range(_MOST_LOGS))


@dataclass(slots=True)
class _Event:
    terms: array[int]
    weights: array[float]
    """Mean tf-idf weight of each term over the event's items."""
    squares: array[float]
    """Sum of squared weights by kind of term."""
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
        self._postings: list[array[int] | int | None] = []
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
        log_size = math.log(self._size + 1)
        ids, counts, kinds = self._ids, self._counts, self._kinds
        weights: dict[int, float] = {}
        squares = [0.0] * _KINDS
        for term, weight in terms.items():
            number = ids.get(term)
            if number is None:
                squares[kind_of(term)] += (weight * log_size) ** 2
            else:
                count = counts[number]
                rarity = log_size - (_LOGS[count] if count < _MOST_LOGS else math.log(count + 1))
                value = weights[number] = weight * rarity
                squares[kinds[number]] += value * value
        found = [self._compare(near, weights, squares, script) for near in self._nearest(weights)]
        found.sort(key=_cosine, reverse=True)
        return found

    def weigh(self, terms: Mapping[str, float]) -> dict[str, float]:
        """Term frequencies times how rare each term is among what has been seen."""
        log_size = math.log(self._size + 1)
        counts, ids = self._counts, self._ids
        return {
            term: weight * (log_size - _log(counts[ids[term]]) if term in ids else log_size)
            for term, weight in terms.items()
        }

    def _nearest(self, weights: Mapping[int, float]) -> list[int]:
        """The events that share the weightiest terms. Words and bridges are looked up apart, so that words, which are
        rarer, do not use up what may be looked at."""
        sums: dict[int, float] = {}
        get, kinds = sums.get, self._kinds
        left = [_MOST_LOOKED_AT, _MOST_LOOKED_AT]
        for number in sorted(weights, key=weights.__getitem__, reverse=True):
            postings = self._postings[number]
            if postings is None:
                continue
            if not isinstance(postings, array):
                sums[postings] = get(postings, 0.0) + weights[number]
                continue
            bridge = kinds[number] >= BRIDGE
            left[bridge] -= len(postings)
            if left[bridge] < 0:
                if left[not bridge] < 0:
                    break
                continue
            weight = weights[number]
            for event_id in postings:
                sums[event_id] = get(event_id, 0.0) + weight
        live = self._events
        return [event_id for event_id in nlargest(_MOST_COMPARED, sums, key=sums.__getitem__) if event_id in live]

    def _compare(self, event_id: int, weights: Mapping[int, float], squares: Sequence[float], script: int) -> Likeness:
        event, kinds = self._events[event_id], self._kinds
        crossing = not event.scripts >> script & 1
        shared: list[tuple[float, int]] = []
        for number, theirs in zip(event.terms, event.weights, strict=True):
            ours = weights.get(number)
            if ours is not None:
                kind = kinds[number]
                if kind >= BRIDGE or (kind == script and not crossing):
                    shared.append((ours * theirs, number))
        shared.sort(reverse=True)
        own, its = (squares[kind] for kind in (BRIDGE, AMOUNT)), (event.squares[kind] for kind in (BRIDGE, AMOUNT))
        square = (sum(own) + (0.0 if crossing else squares[script])) * (
            sum(its) + (0.0 if crossing else event.squares[script])
        )
        return Likeness(
            event_id,
            sum(product for product, _ in shared) / math.sqrt(square) if square > 0 else 0.0,
            crossing,
            tuple(self._names[number] for _, number in shared[:_MOST_SHARED]),
            sum(kinds[number] >= BRIDGE for _, number in shared),
            squares[AMOUNT] > 0 < event.squares[AMOUNT] and all(kinds[number] != AMOUNT for _, number in shared),
            event.last_at,
        )

    # --- changing ------------------------------------------------------------------------------------------

    def add(self, event_id: int, terms: Mapping[str, float], script: int, at: float) -> None:
        """Count an item into the event's profile, which begins with it if it is the first."""
        old = self._events.get(event_id)
        merged = self.weigh(terms)
        items, scripts, last_at = 1, 1 << script, at
        if old is not None:
            items, scripts, last_at = old.items + 1, old.scripts | scripts, max(at, old.last_at)
            merged = {term: weight / items for term, weight in merged.items()}
            for number, weight in zip(old.terms, old.weights, strict=True):
                name = self._names[number]
                merged[name] = merged.get(name, 0.0) + weight * old.items / items
        kept = nlargest(_MOST_TERMS, merged, key=merged.__getitem__)
        self._put(event_id, {term: merged[term] for term in kept}, items, scripts, last_at)
        for term in kept:
            if term in terms:
                self._counts[self._ids[term]] += 1
        self._size += 1

    def _put(self, event_id: int, weights: Mapping[str, float], items: int, scripts: int, last_at: float) -> None:
        before = self._events.get(event_id)
        known = frozenset(before.terms) if before else frozenset()
        numbers = array("I", map(self._id, weights))
        squares = array("f", (0.0,) * _KINDS)
        for number, weight in zip(numbers, weights.values(), strict=True):
            squares[self._kinds[number]] += weight * weight
            if number not in known:
                postings = self._postings[number]
                if isinstance(postings, array):
                    postings.append(event_id)
                else:
                    # Most terms stay in one event: its bare id takes a tenth of an array's memory.
                    self._postings[number] = event_id if postings is None else array("q", (postings, event_id))
        self._events[event_id] = _Event(numbers, array("f", weights.values()), squares, items, scripts, last_at)

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
        items = int(profile["items"])
        self._put(event_id, profile["terms"], items, int(profile["scripts"]), last_at)
        for number in self._events[event_id].terms:
            self._counts[number] += items
        self._size += items


def _log(count: int) -> float:
    """The logarithm of ``count + 1``."""
    return _LOGS[count] if count < _MOST_LOGS else math.log(count + 1)


_cosine = attrgetter("cosine")
