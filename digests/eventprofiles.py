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
_MOST_LOOKUPS = 40
_MOST_LOOKED_AT = 150
"""Postings looked at for one item, those of its weightiest words and of its weightiest bridges: bounds the cost."""
_MOST_COMPARED = 6
_LEAST_SHARE = 0.2
"""Of what the event with the most in common shares, another one must share this much to be compared."""
_LEAST_BACKGROUND = 20
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


@dataclass(slots=True)
class Likeness:
    """How like an event an item is."""

    event_id: int
    cosine: float
    crossing: bool
    """They share no script: only what every language understands was compared."""
    bridges: int
    """How many terms that every language understands they share."""
    other_amounts: bool
    """Both state amounts, and none is the same."""
    last_at: float
    shared: list[tuple[float, int]]
    """Contribution and number of the terms that make them alike."""


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

    def weigh(self, terms: Mapping[str, float]) -> dict[str, float]:
        """Term frequencies times how rare each term is among what has been seen."""
        log_size = math.log(self._size + 1)
        get, counts = self._ids.get, self._counts
        weights: dict[str, float] = {}
        for term, frequency in terms.items():
            number = get(term)
            count = 0 if number is None else counts[number]
            rarity = log_size - (_LOGS[count] if count < _MOST_LOGS else math.log(count + 1))
            weights[term] = frequency * rarity
        return weights

    def alike(self, terms: Mapping[str, float], script: int) -> list[Likeness]:
        """The events most like an item whose terms weigh so much (:meth:`weigh`), best first."""
        get, kinds = self._ids.get, self._kinds
        weights: dict[int, float] = {}
        squares = [0.0] * _KINDS
        for term, weight in terms.items():
            number = get(term)
            if number is None:
                squares[kind_of(term)] += weight * weight
            else:
                weights[number] = weight
                squares[kinds[number]] += weight * weight
        found = [self._compare(near, weights, squares, script) for near in self._nearest(weights)]
        found.sort(key=_cosine, reverse=True)
        return found

    def shared_terms(self, likeness: Likeness) -> list[str]:
        """The terms that make an item and an event alike, weightiest first."""
        return [self._names[number] for _, number in sorted(likeness.shared, reverse=True)]

    def _nearest(self, weights: Mapping[int, float]) -> list[int]:
        """The events that share the weightiest terms. Words and bridges are looked up apart, so that words, which are
        rarer, do not use up what may be looked at."""
        sums: dict[int, float] = {}
        get, kinds = sums.get, self._kinds
        left = [_MOST_LOOKED_AT, _MOST_LOOKED_AT]
        for number in sorted(weights, key=weights.__getitem__, reverse=True)[:_MOST_LOOKUPS]:
            postings = self._postings[number]
            if postings is None:
                continue
            weight = weights[number]
            if not isinstance(postings, array):
                sums[postings] = get(postings, 0.0) + weight
                continue
            bridge = kinds[number] >= BRIDGE
            left[bridge] -= len(postings)
            if left[bridge] >= 0:
                for event_id in postings:
                    sums[event_id] = get(event_id, 0.0) + weight
        live = self._events
        least = max(sums.values(), default=0.0) * _LEAST_SHARE
        near = [event_id for event_id, value in sums.items() if value >= least and event_id in live]
        near.sort(key=sums.__getitem__, reverse=True)
        return near[:_MOST_COMPARED]

    def _compare(self, event_id: int, weights: Mapping[int, float], squares: Sequence[float], script: int) -> Likeness:
        event, kinds = self._events[event_id], self._kinds
        crossing = not event.scripts >> script & 1
        shared: list[tuple[float, int]] = []
        dot, bridges, same_amount = 0.0, 0, False
        get = weights.get
        for number, theirs in zip(event.terms, event.weights, strict=True):
            ours = get(number)
            if ours is None:
                continue
            kind = kinds[number]
            if kind < BRIDGE and (crossing or kind != script):
                continue
            product = ours * theirs
            dot += product
            shared.append((product, number))
            if kind >= BRIDGE:
                bridges += 1
                same_amount = same_amount or kind == AMOUNT
        own = squares[BRIDGE] + squares[AMOUNT]
        its = event.squares[BRIDGE] + event.squares[AMOUNT]
        if not crossing:
            own += squares[script]
            its += event.squares[script]
        cosine = dot / math.sqrt(own * its) if own > 0 and its > 0 else 0.0
        other = not same_amount and squares[AMOUNT] > 0 and event.squares[AMOUNT] > 0
        return Likeness(event_id, cosine, crossing, bridges, other, event.last_at, shared)

    # --- changing ------------------------------------------------------------------------------------------

    def add(self, event_id: int, terms: Mapping[str, float], script: int, at: float) -> None:
        """Count an item, whose terms weigh so much, into the event's profile; its first item begins it."""
        old = self._events.get(event_id)
        merged = dict(terms)
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
        ids, kinds, index = self._ids, self._kinds, self._postings
        numbers = [ids[term] if term in ids else self._id(term) for term in weights]
        squares = [0.0] * _KINDS
        for number, weight in zip(numbers, weights.values(), strict=True):
            squares[kinds[number]] += weight * weight
            if number in known:
                continue
            postings = index[number]
            if postings is None:
                # Most terms stay in one event: its bare id takes a tenth of an array's memory.
                index[number] = event_id
            elif isinstance(postings, array):
                postings.append(event_id)
            else:
                index[number] = array("q", (postings, event_id))
        self._events[event_id] = _Event(
            array("I", numbers), array("f", weights.values()), array("f", squares), items, scripts, last_at
        )

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


_cosine = attrgetter("cosine")
