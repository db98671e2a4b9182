"""The filing rules of a story as data: what the ``filing`` part of story.yaml says (the format is told there).

A *name* in a rule is the id of a word list or of a glossary term; no id may be both. ``language-ja`` and the like
stand for the item's own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from digests.model import SourceKind

WITHIN = ("item", "lead", "sentence", "title")
"""Where the words of a rule must stand together, from wide to narrow."""

LANGUAGE = re.compile(r"language-[a-z]{2}")
"""Names that mean the language of the item."""

Where = tuple[str | int, ...]
"""Path of a value below ``filing`` in story.yaml."""


@dataclass(frozen=True, slots=True)
class WordList:
    """Words in several languages that mean one thing. ``includes`` names other lists whose words belong to it, too."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Language to words. A trailing ``*`` takes any ending; all-capital words match their case."""
    terms: tuple[str, ...] = ()
    """Glossary terms that count as words of this list, with the guards that the glossary gives them."""
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Evidence for a section: holds when every name of ``all``, one of ``any`` and none of ``none`` occurs."""

    weight: float
    """How strong the evidence is by itself, above 0 to 1; a negative weight, to -1, speaks against the section."""
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    within: str = "item"
    kinds: tuple[SourceKind, ...] = ()
    """Only for items of sources of these kinds; empty means every kind."""


@dataclass(frozen=True, slots=True)
class SectionRules:
    """When an item belongs to one section."""

    rules: tuple[Rule, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    """The section's gate: every name of at least one line must occur. Empty lets every item through."""
    threshold: float | None = None
    """Own threshold; None takes the story's."""


@dataclass(frozen=True, slots=True)
class OffTopicRule:
    """An item for which it holds belongs to no section, whatever else it says."""

    reason: str
    """Plain English, shown to members: "sport"."""
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    within: str = "item"


@dataclass(frozen=True, slots=True)
class ProfileRules:
    """How much the text profiles, learnt from the story's own facts and briefs, count."""

    weight: float = 0.35
    """The most that a profile adds to a score, 0..1; 0 turns profiles off."""
    alone: float = 0.9
    """From this profile share on an item that passes a section's gate is filed without any rule; above 1: never."""


@dataclass(frozen=True, slots=True)
class FilingRules:
    """Everything that decides to which sections an item belongs."""

    sections: Mapping[str, SectionRules]
    lists: Mapping[str, WordList] = field(default_factory=dict)
    off_topic: tuple[OffTopicRule, ...] = ()
    false_friends: Mapping[str, str] = field(default_factory=dict)
    """Glossary term to what its name probably means when the glossary's guards refuse it."""
    profile: ProfileRules = ProfileRules()
    threshold: float = 0.5
    """Score, 0..1, from which an item belongs to a section."""
    rival: float = 0.0
    """A section keeps an item only with at least this share of the evidence of its best section, 0..1. Evidence is
    -ln(1 - score), in which independent rules add up."""
    title_weight: float = 1.4
    """Weights are multiplied by this when all that a rule asks for stands in the title; at least 1."""
    lead_sentences: int = 2
    """How many sentences after the title are the lead."""


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """A mistake in the rules: where (below ``filing``), what is wrong and how to put it right."""

    where: Where
    what: str
    cure: str


def check_rules(rules: FilingRules, sections: Sequence[str], terms: Sequence[str]) -> list[RuleProblem]:
    """Every mistake in ``rules`` that their types cannot show: unknown names, lists that include themselves, …

    ``sections`` are the ids of the story's sections, ``terms`` those of its glossary.
    """
    return [
        *_ids(rules, sections, terms),
        *_names(rules, terms),
        *_numbers(rules),
        *_circles(rules.lists),
        *_words(rules.lists),
    ]


def _ids(rules: FilingRules, sections: Sequence[str], terms: Sequence[str]) -> Iterator[RuleProblem]:
    for section in rules.sections:
        if section not in sections:
            cure = f"use one of the story's sections: {', '.join(sections)}"
            yield RuleProblem(("sections", section), f"there is no section {section!r}", cure)
    for name in rules.lists:
        if LANGUAGE.fullmatch(name):
            yield RuleProblem(("lists", name), f"{name!r} stands for the item's language", "give the list another id")
        if name in terms:
            cure = "give the list another id"
            yield RuleProblem(
                ("lists", name), f"{name!r} is a glossary term, too, so rules cannot tell them apart", cure
            )
    for term in rules.false_friends:
        if term not in terms:
            cure = "use the id of a term in glossary.yaml"
            yield RuleProblem(("false_friends", term), f"there is no glossary term {term!r}", cure)


def _names(rules: FilingRules, terms: Sequence[str]) -> Iterator[RuleProblem]:
    known_terms = frozenset(terms)
    for where, name in _uses(rules):
        of_a_list = where[-2] == "includes"
        of_terms = where[0] == "lists" and where[-2] == "terms"
        found = (
            name in known_terms
            if of_terms
            else name in rules.lists
            or (not of_a_list and (name in known_terms or LANGUAGE.fullmatch(name) is not None))
        )
        if not found:
            what = "glossary term" if of_terms else "word list" if of_a_list else "word list or glossary term"
            cure = "correct the spelling, or add it " + ("to glossary.yaml" if of_terms else "under lists")
            yield RuleProblem(where, f"there is no {what} {name!r}", cure)


def languages_named(rules: FilingRules) -> frozenset[str]:
    """The ``language-…`` names that the rules use."""
    return frozenset(name for _, name in _uses(rules) if LANGUAGE.fullmatch(name))


def _uses(rules: FilingRules) -> Iterator[tuple[Where, str]]:
    """Every name that the rules use, with its place."""
    for id_, entry in rules.lists.items():
        for key, names in (("terms", entry.terms), ("includes", entry.includes)):
            yield from ((("lists", id_, key, at), name) for at, name in enumerate(names))
    for section, entries in rules.sections.items():
        for line, gate in enumerate(entries.needs):
            yield from ((("sections", section, "needs", line, at), name) for at, name in enumerate(gate))
        for number, rule in enumerate(entries.rules):
            yield from _rule_uses(("sections", section, "rules", number), rule)
    for number, off in enumerate(rules.off_topic):
        yield from _rule_uses(("off_topic", number), off)


def _rule_uses(where: Where, rule: Rule | OffTopicRule) -> Iterator[tuple[Where, str]]:
    for key, names in (("all", rule.all), ("any", rule.any), ("none", rule.none)):
        yield from (((*where, key, at), name) for at, name in enumerate(names))


def _numbers(rules: FilingRules) -> Iterator[RuleProblem]:
    for section, entries in rules.sections.items():
        for number, rule in enumerate(entries.rules):
            where: Where = ("sections", section, "rules", number)
            if not -1 <= rule.weight <= 1 or rule.weight == 0:
                yield RuleProblem((*where, "weight"), f"a weight of {rule.weight:g}", "use -1 to 1, but not 0")
            yield from _shape(where, rule)
    for number, off in enumerate(rules.off_topic):
        yield from _shape(("off_topic", number), off)


def _shape(where: Where, rule: Rule | OffTopicRule) -> Iterator[RuleProblem]:
    if not rule.all and not rule.any:
        yield RuleProblem(where, "the rule asks for no word", "name at least one list or term under all or any")
    if rule.within not in WITHIN:
        yield RuleProblem((*where, "within"), f"{rule.within!r} is no place", f"use one of {', '.join(WITHIN)}")


def _circles(lists: Mapping[str, WordList]) -> Iterator[RuleProblem]:
    for name in lists:
        if name in included(lists, name):
            yield RuleProblem(("lists", name, "includes"), f"{name!r} includes itself", "take one of the includes out")


def included(lists: Mapping[str, WordList], name: str) -> set[str]:
    """The lists that ``name`` includes, directly or through others."""
    found: set[str] = set()
    waiting = list(lists[name].includes)
    while waiting:
        other = waiting.pop()
        if other not in found and other in lists:
            found.add(other)
            waiting += lists[other].includes
    return found


def _words(lists: Mapping[str, WordList]) -> Iterator[RuleProblem]:
    for name, entry in lists.items():
        if not entry.words and not entry.terms and not entry.includes:
            yield RuleProblem(("lists", name), "the list is empty", "give it words, terms or includes")
        for language, words in entry.words.items():
            for at, word in enumerate(words):
                if not word.strip("* \u3000"):
                    where: Where = ("lists", name, "words", language, at)
                    yield RuleProblem(where, "a word without letters", "write at least one letter")
