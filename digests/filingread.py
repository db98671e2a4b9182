"""Reading an item for filing: which word lists and glossary terms occur, and in which of its sentences."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from digests.filingrules import FilingRules, included, languages_named
from digests.glossary import Glossary, Refusal
from digests.matching import WORD, Hit, Matcher, narrow
from digests.profile import Profiles
from digests.sentences import sentence_spans

_MOST_CHARACTERS = 6_000
"""What stands further down is not what an item is about; it also bounds the cost."""
_EXCEPTION = "-"


Spot = tuple[int, int, int]
"""Where something was found, start and end, and the names that it counts for as bits."""


@dataclass(slots=True)
class Reading:
    """What was found in one item. Sets of names are integers with one bit a name (:attr:`Reader.bits`)."""

    text: str
    words: list[str]
    present: int
    """Names found anywhere."""
    title: int
    spots: list[Spot]
    """In order of the text."""
    terms: frozenset[str]
    refusals: list[Refusal]
    profile: Mapping[str, float]

    body: str
    language: str
    own: int
    """The bit of the item's language, if rules ask for it."""
    lead_length: int
    """Title and first sentences that are the lead."""
    _sentences: list[int] = field(default_factory=list)
    _lead: int | None = None
    _first: dict[int, Spot | None] = field(default_factory=dict)

    @property
    def sentences(self) -> list[int]:
        """Names found in each sentence; the title is the first. Items that no gate lets in never get here."""
        if not self._sentences:
            offset = len(self.text) - len(self.body)
            starts = [0, *(start + offset for start, _ in sentence_spans(self.body, self.language))]
            found = [self.own] * len(starts)
            for start, _, bits in self.spots:
                found[bisect_right(starts, start) - 1] |= bits
            self._sentences = found
        return self._sentences

    @property
    def lead(self) -> int:
        """Names found in the title or the first sentences."""
        if self._lead is None:
            self._lead = _union(self.sentences[: self.lead_length])
        return self._lead

    def place(self, bit: int) -> int:
        """Where a name stands first."""
        spot = self._spot(bit)
        return spot[0] if spot else 0

    def surface(self, bit: int) -> str | None:
        """The words that a name stands for here, where it stands first; None for the item's language."""
        spot = self._spot(bit)
        return " ".join(self.text[spot[0] : spot[1]].split()) if spot else None

    def _spot(self, bit: int) -> Spot | None:
        if bit not in self._first:
            self._first[bit] = next((spot for spot in self.spots if spot[2] & bit), None)
        return self._first[bit]


class Reader:
    """Compiled word lists, glossary and profiles. Immutable and safe for threads."""

    def __init__(self, rules: FilingRules, glossary: Glossary, texts: Iterable[tuple[str, str]]) -> None:
        """``texts`` are pairs of section and text from which the profiles are learnt."""
        self._glossary = glossary
        self._lead = rules.lead_sentences + 1
        self._profiles = Profiles(texts) if rules.profile.weight > 0 else None
        names = (*rules.lists, *glossary.terms, *sorted(languages_named(rules)))
        self.bits = {name: 1 << at for at, name in enumerate(names)}
        """Every name that rules may use, as one bit each."""
        patterns = _list_patterns(rules)
        self._from = len(glossary.patterns)
        self._matcher = Matcher((*glossary.patterns, *patterns))
        containers = {name: bits_of(_containers(rules, name), self.bits) for name in rules.lists}
        self._counts_for: list[int] = []
        self._excepted: dict[int, int] = {}
        for number, owners in enumerate(patterns.values()):
            self._counts_for.append(_union(containers[name] for name in owners if name[0] != _EXCEPTION))
            excepted = _union(containers[name[1:]] for name in owners if name[0] == _EXCEPTION)
            if excepted:
                self._excepted[number + self._from] = excepted
        self._term_counts_for = {
            term: self.bits[term] | _union(containers[name] for name in rules.lists if term in rules.lists[name].terms)
            for term in glossary.terms
        }

    def read(self, title: str, text: str, language: str) -> Reading:
        body = text[:_MOST_CHARACTERS]
        whole = narrow(f"{title}\n{body}")
        matches = list(WORD.finditer(whole))
        words = [match[0] for match in matches]
        hits = self._matcher.hits(whole, matches, words)
        found, refusals = self._glossary.settle(hits)
        spots = [(match.start, match.end, self._term_counts_for[match.term_id]) for match in found]
        spots += self._list_spots(hits)
        spots.sort()
        own = self.bits.get(f"language-{language}", 0)
        present = in_title = own
        for start, _, bits in spots:
            present |= bits
            if start < len(title):
                in_title |= bits
        return Reading(
            whole,
            words,
            present,
            in_title,
            spots,
            frozenset(match.term_id for match in found),
            refusals,
            self._profiles.scores(words) if self._profiles else {},
            body,
            language,
            own,
            self._lead,
        )

    def _list_spots(self, hits: Sequence[Hit]) -> list[Spot]:
        """Hits of word lists with the lists that they count for, without those inside an exception of their list."""
        first, counts_for = self._from, self._counts_for
        ours = [hit for hit in hits if hit[2] >= first]
        covers = [hit for hit in ours if hit[2] in self._excepted]
        if not covers:
            return [(start, end, counts_for[number - first]) for start, end, number in ours]
        spots: list[Spot] = []
        for start, end, number in ours:
            hidden = _union(self._excepted[cover[2]] for cover in covers if cover[0] <= start and end <= cover[1])
            spots.append((start, end, counts_for[number - first] & ~hidden))
        return spots

    def telling_words(self, section: str, reading: Reading) -> tuple[str, ...]:
        """The words that make the item read like the section."""
        return self._profiles.words_for(section, reading.words) if self._profiles else ()


def _list_patterns(rules: FilingRules) -> dict[str, list[str]]:
    """Every word of the lists with the lists that it belongs to; ``-name`` where it is an exception of the list."""
    patterns: dict[str, list[str]] = {}
    for name, entry in rules.lists.items():
        for words in entry.words.values():
            for word in words:
                exception = word.startswith(_EXCEPTION)
                owners = patterns.setdefault(word.removeprefix(_EXCEPTION), [])
                owners.append(_EXCEPTION + name if exception else name)
    return patterns


def _containers(rules: FilingRules, name: str) -> tuple[str, ...]:
    """The list itself and all that include it."""
    return (name, *(other for other in rules.lists if other != name and name in included(rules.lists, other)))


def bits_of(names: Iterable[str], bits: Mapping[str, int]) -> int:
    """The set of names as one integer."""
    return _union(bits[name] for name in names)


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)
