"""Filing: to which sections an item belongs, and why.

The rules are data (``filing`` in story.yaml tells their format). An item passes three things:

1. rules that make it off-topic whatever else it says, such as sport;
2. each section's gate, the words without which nothing belongs there;
3. the section's score: every rule that holds is independent evidence of its weight w, so together they make
   1 - (1 - w1)(1 - w2)...; negative weights shrink the score; a text profile adds to it.

From the threshold on, the item is filed, with its reasons, unless another section has much stronger evidence. An item
in no section is off-topic, and says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digests.filingread import Reader, Reading, bits_of
from digests.filingrules import (
    FilingRules,
    OffTopicRule,
    ProfileRules,
    Rule,
    RuleProblem,
    SectionRules,
    WordList,
    check_rules,
)
from digests.filingscore import Held, compiled, evidence, gates_shut, reasons, refused, vetoed
from digests.glossary import Glossary
from digests.model import Filing, Reason, SourceKind

if TYPE_CHECKING:
    from digests.story import Story

__all__ = [
    "Filer",
    "FilingResult",
    "FilingRules",
    "OffTopicRule",
    "ProfileRules",
    "Rule",
    "RuleProblem",
    "SectionRules",
    "WordList",
    "check_rules",
]

_CERTAIN = 0.001
_LEAST_TOLD = 0.01
"""A profile that adds less than this is not worth a reason."""


@dataclass(frozen=True, slots=True)
class FilingResult:
    """``filings`` are strongest first; ``off_topic`` says in plain English why there is none, else None."""

    filings: tuple[Filing, ...]
    off_topic: str | None
    terms: frozenset[str] = frozenset()
    """Glossary terms in the item, guards applied: grouping into events uses them, too."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What speaks for a section: score, the profile's part in it, and the rules that hold."""

    score: float
    gain: float
    held: list[Held]


class Filer:
    """Files items by a story's rules, glossary and profiles. Immutable, safe for threads, cheap to build (0.2 s)."""

    def __init__(self, story: Story) -> None:
        self._rules = story.filing
        self._reader = Reader(story.filing, Glossary(story.glossary), _training(story))
        bits = self._reader.bits
        self._off_topic = tuple(compiled(rule, bits) for rule in self._rules.off_topic)
        self._gates = {
            section: tuple(bits_of(line, bits) for line in entry.needs)
            for section, entry in self._rules.sections.items()
        }
        self._scored = {
            section: tuple(compiled(rule, bits) for rule in entry.rules)
            for section, entry in self._rules.sections.items()
        }

    def file(self, title: str, text: str, language: str, kind: SourceKind) -> FilingResult:
        """File one item. ``text`` is clean text; ``language`` (ISO 639-1) decides how sentences end.

        0.1 to 0.4 ms for 160 words, by how much they touch on the story: do batches in a thread, not on the loop.
        """
        reading = self._reader.read(title, text, language)
        for off in self._off_topic:
            if off.holds(reading):
                return FilingResult((), vetoed(off, reading), reading.terms)
        judged: dict[str, _Judged] = {}
        for section, gates in self._gates.items():
            if not gates or any(gate & reading.present == gate for gate in gates):
                score, held = evidence(self._scored[section], reading, kind, self._rules.title_weight)
                judged[section] = self._with_profile(section, score, held, reading)
        filings = tuple(self._filing(section, judged[section], reading) for section in self._chosen(judged))
        return FilingResult(filings, None if filings else self._why_not(reading, judged), reading.terms)

    def _chosen(self, judged: Mapping[str, _Judged]) -> list[str]:
        """The sections that keep the item, strongest first, without those that are weak beside the best."""
        enough = [section for section, found in judged.items() if found.score >= self._threshold(section)]
        enough.sort(key=lambda section: -judged[section].score)
        least = self._rules.rival * _weight_of_evidence(judged[enough[0]].score) if enough else 0.0
        return [section for section in enough if _weight_of_evidence(judged[section].score) >= least]

    def _threshold(self, section: str) -> float:
        own = self._rules.sections[section].threshold
        return self._rules.threshold if own is None else own

    def _with_profile(self, section: str, score: float, held: list[Held], reading: Reading) -> _Judged:
        share = reading.profile.get(section, 0.0)
        rules = self._rules.profile
        if score == 0.0:
            alone = self._threshold(section) if share >= rules.alone else 0.0
            return _Judged(alone, alone, held)
        # A share of one half tells nothing.
        gain = (1 - score) * rules.weight * max(0.0, 2 * share - 1)
        return _Judged(score + gain, gain, held)

    def _filing(self, section: str, found: _Judged, reading: Reading) -> Filing:
        told = reasons(found.held, reading)
        if found.gain >= _LEAST_TOLD:
            words = ", ".join(self._reader.telling_words(section, reading))
            detail = f"reads {reading.profile[section]:.0%} like this section's facts and briefs ({words})"
            told = (*told, Reason("profile", detail, round(found.gain, 3)))
        return Filing(section, round(found.score, 3), told)

    def _why_not(self, reading: Reading, judged: Mapping[str, _Judged]) -> str:
        meanings = self._rules.false_friends
        told = [refused(entry, meanings[entry.term_id]) for entry in reading.refusals if entry.term_id in meanings]
        if told:
            return "; ".join(told[:2])
        best = max(judged, key=lambda section: judged[section].score, default=None)
        if best is not None and judged[best].score > 0:
            score, needed = judged[best].score, self._threshold(best)
            return f"too little for any section; the nearest, {best}, scores {score:.2f} of {needed:.2f} needed"
        lines = (line for rules in self._rules.sections.values() for line in rules.needs)
        return gates_shut(lines, self._reader.bits, reading)


def _weight_of_evidence(score: float) -> float:
    return -math.log(max(1 - score, _CERTAIN))


def _training(story: Story) -> Iterator[tuple[str, str]]:
    """Section and text of every claim and every sentence of a brief, in every language."""
    for fact in story.facts:
        yield from ((fact.section, claim) for claim in fact.claim.values.values())
    for (section, _), brief in story.briefs.items():
        if section in story.filing.sections:
            yield from ((section, sentence.text) for part in brief.parts for sentence in part.sentences)
