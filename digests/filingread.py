"""Reading an item for filing: which word lists and glossary terms occur, and in which of its sentences."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from digests.filingrules import FilingRules, included, languages_named
from digests.glossary import Glossary, Refusal
from digests.matching import WORD, Hit, Matcher, drop_covered, narrow
from digests.profile import Profiles
from digests.sentences import sentence_spans

_MOST_CHARACTERS = 6_000
"""What stands further down is not what an item is about; it also bounds the cost."""
_EXCEPTION = "-"
_EVERYWHERE = -1
_start = itemgetter(1)


@dataclass(slots=True)
class Reading:
    """What was found in one item. Masks say in which segments: bit 0 the title, bit n the nth sentence."""

    text: str
    words: list[str]
    masks: dict[str, int]
    present: int
    """Bit sets of the names in ``masks``."""
    first: dict[str, tuple[int, int]]
    lead: int
    terms: frozenset[str]
    refusals: list[Refusal]
    profile: Mapping[str, float]

    def surface(self, name: str) -> str:
        if name not in self.first:
            return f"written in {name.removeprefix('language-')}"
        start, end = self.first[name]
        return " ".join(self.text[start:end].split())


class Reader:
    """Compiled word lists, glossary and profiles. Immutable and safe for threads."""

    def __init__(self, rules: FilingRules, glossary: Glossary, texts: Iterable[tuple[str, str]]) -> None:
        """``texts`` are pairs of section and text from which the profiles are learnt."""
        self._glossary = glossary
        self._lead = (1 << (rules.lead_sentences + 1)) - 1
        self._profiles = Profiles(texts) if rules.profile.weight > 0 else None
        patterns = _list_patterns(rules)
        self._from = len(glossary.patterns)
        self._matcher = Matcher((*glossary.patterns, *patterns))
        self._containers = {name: _containers(rules, name) for name in rules.lists}
        owners = [
            {other: None for name in names if name[0] != _EXCEPTION for other in self._containers[name]}
            for names in patterns.values()
        ]
        self._names_of = tuple(map(tuple, owners))
        self._excepted = {
            number: tuple(name[1:] for name in names if name[0] == _EXCEPTION)
            for number, names in enumerate(patterns.values())
            if any(name[0] == _EXCEPTION for name in names)
        }
        of_term = _lists_of_terms(rules, self._containers)
        self._names_of_term = {term: (term, *of_term.get(term, ())) for term in glossary.terms}
        names = (*rules.lists, *glossary.terms, *sorted(languages_named(rules)))
        self.bits = {name: 1 << at for at, name in enumerate(names)}
        """Every name that rules may use, as one bit each."""

    def read(self, title: str, text: str, language: str) -> Reading:
        body = text[:_MOST_CHARACTERS]
        whole = narrow(f"{title}\n{body}")
        offset = len(title) + 1
        starts = [0, *(start + offset for start, _ in sentence_spans(body, language))]
        matches = list(WORD.finditer(whole))
        words = [match[0] for match in matches]
        hits = self._matcher.hits(whole, matches, words)
        found, refusals = self._glossary.settle(hits)
        spots: list[tuple[Sequence[str], int, int]] = [
            (self._names_of_term[match.term_id], match.start, match.end) for match in found
        ]
        spots += self._list_spots(hits)
        masks: dict[str, int] = {}
        first: dict[str, tuple[int, int]] = {}
        spots.sort(key=_start)
        for names, start, end in spots:
            bit = 1 << (bisect_right(starts, start) - 1)
            for name in names:
                if name in masks:
                    masks[name] |= bit
                else:
                    masks[name], first[name] = bit, (start, end)
        profile = self._profiles.scores(words) if self._profiles else {}
        own = f"language-{language}"
        if own in self.bits:
            masks[own] = _EVERYWHERE
        present = sum(map(self.bits.__getitem__, masks))
        terms = frozenset(match.term_id for match in found)
        return Reading(whole, words, masks, present, first, self._lead, terms, refusals, profile)

    def _list_spots(self, hits: Sequence[Hit]) -> list[tuple[Sequence[str], int, int]]:
        """Hits of word lists with the lists that they count for, without those inside an exception of their list."""
        ours = [hit for hit in hits if hit[2] >= self._from]
        spots: list[tuple[Sequence[str], int, int]] = [
            (self._names_of[hit[2] - self._from], hit[0], hit[1]) for hit in ours
        ]
        exceptions: dict[str, list[Hit]] = {}
        for hit in ours:
            for name in self._excepted.get(hit[2] - self._from, ()):
                exceptions.setdefault(name, []).append(hit)
        for name, covers in exceptions.items():
            covered = [not drop_covered((hit,), covers) for hit in ours]
            own = self._containers[name]
            spots = [
                (tuple(n for n in names if n not in own), start, end)
                if hidden and name in names
                else (names, start, end)
                for (names, start, end), hidden in zip(spots, covered, strict=True)
            ]
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


def _lists_of_terms(rules: FilingRules, containers: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    lists: dict[str, dict[str, None]] = {}
    for name, entry in rules.lists.items():
        for term in entry.terms:
            lists.setdefault(term, {}).update(dict.fromkeys(containers[name]))
    return {term: tuple(names) for term, names in lists.items()}
