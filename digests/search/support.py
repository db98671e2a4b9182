"""How well a fact or passage supports an answer: what of the question it holds, and whether it is the kind wanted."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from digests.model import Fact, Grade, Passage, Status
from digests.search import analysers, evidence, lexicon
from digests.search.likeness import Likeness
from digests.search.query import NO_PROBES, Concept, ConceptKind, Probes, probes_of
from digests.search.questions import Question, Wanted
from digests.search.wording import Rarity

NEAR = 0.6
"""What a form that means something close is worth."""
PARTLY = 0.3
"""What an everyday word out of a term's name is worth: "the accord"; not enough where the term must be held."""
SCATTERED = 0.7
"""What a term is worth whose words stand apart in a text."""
IMPLIED = 0.5
"""What a place is worth that goes without saying in a section."""
ASKED = 0.9
"""What a concept is worth that readers' questions name and the text does not."""
BESIDE = 0.75
"""What a term is worth that stands in a fact from the same page: "the four" are the four officers."""
_FLOORS = {
    ConceptKind.TERM: 0.35,
    ConceptKind.NAME: 0.35,
    ConceptKind.PLACE: 0.15,
    ConceptKind.NUMBER: 0.3,
    ConceptKind.DATE: 0.25,
    ConceptKind.SYNONYM: 0.15,
    ConceptKind.WORD: 0.1,
}
_BEST_VERSION = 0.7
_HOPELESS = 0.4
"""Coverage below which a unit is not looked at more closely; far below what an answer needs."""
_MOST = {ConceptKind.SYNONYM: 0.7, ConceptKind.WORD: 0.5}
_YEAR = re.compile(r"n((?:19|20)\d\d)\Z")
_WHEN = re.compile(r" (?:m\d\d|n(?:19|20)\d\d) ")
_DEPUTY = re.compile(r"\bdeputy\b|\bvice\b", re.IGNORECASE)
UNDONE = frozenset((Status.CONSIDERED, Status.DENIED))
"""Statuses of facts that say something has not been done."""
DONE = frozenset((Status.DELIVERED, Status.UNDER_WAY, Status.AGREED, Status.DECIDED, Status.OCCURRED, Status.MEASURED))
"""Statuses of facts that say something has been done."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that can be cited: a fact in all its languages, or a passage of an item."""

    ref: str
    texts: Mapping[str, str]
    """Language to text."""
    held: Mapping[str, str]
    """Language group to the text's tokens, joined."""
    date: str
    fact: Fact | None = None
    implied: frozenset[str] = frozenset()
    """Places that go without saying where the unit stands."""
    beside: str = " "
    """Joined English tokens of the other facts from the same page and section."""
    asked_held: Mapping[str, str] = field(default_factory=dict)
    """Language group to the tokens of all those questions, joined; a bar keeps them apart."""
    tokens: Mapping[str, frozenset[str]] = field(init=False)
    """Those of ``held``, by language group."""
    tokens_asked: Mapping[str, frozenset[str]] = field(init=False)
    """Those of ``asked_held``."""
    tokens_beside: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # Facts stay, and have many words in common: each word is kept once.
        kept = sys.intern if self.fact else str
        tokens = {group: frozenset(map(kept, text.split())) for group, text in self.held.items()}
        asked = {group: frozenset(map(kept, text.split())) - {"|"} for group, text in self.asked_held.items()}
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "tokens_asked", asked)
        object.__setattr__(self, "tokens_beside", frozenset(self.beside.split()))


@dataclass(frozen=True, slots=True)
class Support:
    """A unit seen from a question. ``coverage`` and ``score`` run from 0 to about 1."""

    unit: Unit
    found: Mapping[str, float]
    """How far each concept of the question is there, 0 to 1, by concept id."""
    coverage: float
    doing: float
    """Coverage of the known words that are not names; 1 when the question has none."""
    score: float
    fits: bool
    """Whether it has what the question wants: a sum, a number, a period."""
    meant: Mapping[str, float] = field(default_factory=dict)
    """Like ``found``, by the text and the readers' questions together."""
    reached: float = 0.0
    """Coverage by ``meant``."""
    likest: float = 0.0
    """How like the question is, word for word, to the likeliest of the readers' questions; 0 to 1."""
    letters: float = 0.0
    """The same, by runs of letters."""
    votes: float = 0.0
    """The share of the precedents most like the question that this unit answers; 0 to 1."""
    together: float = 0.0
    """How much of the question's words text and readers' questions hold together; 0 to 1."""

    def scored(self, score: float) -> Support:
        """The same with another score. Written out: ``dataclasses.replace`` takes five times as long."""
        return Support(
            self.unit,
            self.found,
            self.coverage,
            self.doing,
            score,
            self.fits,
            self.meant,
            self.reached,
            self.likest,
            self.letters,
            self.votes,
            self.together,
        )


def fact_unit(
    fact: Fact, implied: frozenset[str] = frozenset(), beside: str = " ", read: analysers.Reads = analysers.tokens
) -> Unit:
    """The unit of a fact. What its actors are called counts as said. ``read`` gives the tokens of a reader's question
    in a language."""
    actors = evidence.joined(token for actor in fact.actors for token in analysers.tokens(actor, "en"))
    held = {
        analysers.group_of(language): evidence.joined(analysers.tokens(text, language))
        for language, text in fact.claim.values.items()
    }
    held["en"] = held.get("en", " ") + actors.lstrip()
    tokens = {
        analysers.group_of(language): [read(text, analysers.group_of(language)) for text in questions]
        for language, questions in fact.asked.items()
    }
    asked_held = {group: "|".join(map(evidence.joined, questions)) for group, questions in tokens.items()}
    return Unit(fact.id, fact.claim.values, held, fact.date, fact, implied, beside, asked_held)


def passage_unit(passage: Passage, tokens: str = "") -> Unit:
    """The unit of a passage of an item; ``tokens`` are the index's, made here if it gave none."""
    group = analysers.group_of(passage.language)
    held = {group: f" {tokens} " if tokens else evidence.joined(analysers.tokens(passage.text, passage.language))}
    return Unit(passage.ref, {passage.language: passage.text}, held, passage.date)


def concept_weights(concepts: Sequence[Concept], rarity: Mapping[str, float]) -> dict[str, float]:
    """How much each concept counts, by id: rare ones more, names at least something, mere words at most something."""
    return {
        concept.id: min(max(rarity.get(concept.id, 1.0), _FLOORS[concept.kind]), _MOST.get(concept.kind, 1.0))
        for concept in concepts
    }


def judge(
    unit: Unit, question: Question, weights: Mapping[str, float], rare: Rarity, words: Likeness, letters: Likeness
) -> Support:
    """Measure a unit against a question; ``words`` and ``letters`` are what precedents say of the question. ``score``
    is still without what depends on the other units."""
    concepts = question.query.concepts
    found = {concept.id: _presence(concept, unit) for concept in concepts}
    if found.get("country") == 0 and _names_another_place(unit, found):
        found["country"] = NEAR
    coverage = _share(found, weights, list(found))
    mere = [concept.id for concept in concepts if concept.kind is ConceptKind.SYNONYM]
    meant = dict(found)
    for concept in concepts:
        if meant[concept.id] < ASKED:
            meant[concept.id] = max(meant[concept.id], _asked_of(concept, unit))
    reached = _share(meant, weights, list(meant))
    likest, alike = words.of_fact.get(unit.ref, 0.0), letters.of_fact.get(unit.ref, 0.0)
    together = rare.share_held(question.tokens, unit, analysers.group_of(question.language))
    if max(coverage, reached, together) < _HOPELESS:
        doing = _share(found, weights, mere)
        return Support(
            unit,
            found,
            coverage,
            doing,
            coverage,
            fits=False,
            meant=meant,
            reached=reached,
            likest=likest,
            letters=alike,
        )
    _take_back_what_is_set_apart(unit, question.query.named, found)
    fits = evidence.has_wanted(unit.texts, unit.held, unit.fact.actors if unit.fact else (), question)
    coverage = _share(found, weights, list(found))
    score = coverage + _liking(unit, question, fits=fits)
    doing = _share(found, weights, mere)
    votes = letters.votes.get(unit.ref, 0.0)
    return Support(unit, found, coverage, doing, score, fits, meant, reached, likest, alike, votes, together)


def _names_another_place(unit: Unit, asked: Mapping[str, float]) -> bool:
    """Whether a text names a country that the question does not: what "which countries" wants."""
    held = unit.held.get("en", "")
    tokens = unit.tokens.get("en", frozenset())
    return any(id_ not in asked and probes.in_text(held, tokens) for id_, probes in _place_probes())


@cache
def _place_probes() -> tuple[tuple[str, Probes], ...]:
    """The places of the lexicon with their English forms."""
    return tuple((entry.id, probes_of(entry.forms["en"])) for entry in lexicon.entries().values() if entry.place)


def _share(found: Mapping[str, float], weights: Mapping[str, float], ids: Sequence[str]) -> float:
    total = held = 0.0
    for id_ in ids:
        weight = weights[id_]
        total += weight
        held += weight * found[id_]
    return held / total if total else 1.0


def _liking(unit: Unit, question: Question, *, fits: bool) -> float:
    """What speaks for a unit besides the words that it holds."""
    liking = 0.0
    if question.wanted[0] in (Wanted.MONEY, Wanted.COUNT, Wanted.DURATION, Wanted.SHARE, Wanted.PERSON):
        liking += 0.08 if fits else -0.12
    elif question.wanted[0] is Wanted.REASON:
        liking += 0.06 if fits else 0.0
    elif question.wanted[0] is Wanted.TIME:
        liking += 0.05 if any(evidence.says(_WHEN, held) for held in unit.held.values()) else 0.0
    elif Wanted.DEFINITION in question.wanted:
        liking += _defining(unit, question)
    if unit.fact:
        liking += 0.05
        liking -= 0.02 if unit.fact.grade is Grade.STATE_OR_PARTISAN else 0.0
        liking += 0.01 if unit.fact.grade in (Grade.OFFICIAL, Grade.DATASET) else 0.0
        liking -= 0.06 if _only_deputy(unit.fact, question) else 0.0
    return liking + (0.01 if question.language in unit.texts else 0.0)


def _defining(unit: Unit, question: Question) -> float:
    """Up to 0.12 for a text that says what the question's first name is."""
    names = question.query.named
    if not names:
        return 0.0
    trusted = 0.04 if unit.fact and unit.fact.grade is Grade.OFFICIAL else 0.0
    language = question.language if question.language in unit.texts else "en"
    text = unit.texts.get(language, "")
    group = analysers.group_of(language)
    surfaces = {names[0].surface, *(form[0].upper() for form in names[0].forms.get(group, ()) if len(form) == 1)}
    if any(evidence.defines(text, surface) for surface in surfaces):
        return 0.08 + trusted
    return trusted + 0.02 if any(0 <= text.find(surface) < 40 for surface in surfaces) else trusted


def _only_deputy(fact: Fact, question: Question) -> bool:
    return evidence.says(_DEPUTY, fact.claim.get("en")) and "deputy" not in {c.id for c in question.query.concepts}


def _presence(concept: Concept, unit: Unit) -> float:
    if concept.kind is ConceptKind.DATE:
        return _dated(concept, unit)
    tokens = unit.tokens
    each = [_in_text(concept, group, held, tokens[group]) for group, held in unit.held.items()]
    best = max(each)
    if best:
        # What one language version has by chance the others have not.
        best = _BEST_VERSION * best + (1 - _BEST_VERSION) * sum(each) / len(each)
    if best < IMPLIED and concept.id in unit.implied:
        return IMPLIED
    if (
        best < BESIDE
        and concept.kind is ConceptKind.TERM
        and concept.probes["en"].in_text(unit.beside, unit.tokens_beside)
    ):
        return BESIDE
    return best


def _asked_of(concept: Concept, unit: Unit) -> float:
    """How far the readers' questions of a unit name a concept."""
    if concept.kind in (ConceptKind.DATE, ConceptKind.NUMBER):
        return 0.0  # of dates and numbers the text itself is the judge
    found = 0.0
    for group, held in unit.asked_held.items():
        tokens = unit.tokens_asked[group]
        if concept.probes.get(group, NO_PROBES).in_text(held, tokens):
            return ASKED
        if not found and concept.near_probes.get(group, NO_PROBES).in_text(held, tokens):
            found = NEAR * ASKED
    return found


def _in_text(concept: Concept, group: str, held: str, tokens: frozenset[str]) -> float:
    if concept.probes.get(group, NO_PROBES).in_text(held, tokens):
        return 1.0
    near = concept.near_probes.get(group, NO_PROBES).in_text(held, tokens)
    if concept.kind is not ConceptKind.TERM:
        return NEAR if near else 0.0
    for parts in concept.parts.get(group, ()):
        if tokens.issuperset(parts):
            return SCATTERED
    return PARTLY if near else 0.0


def _dated(concept: Concept, unit: Unit) -> float:
    """A year, month or day is there as the unit's own date or (a little less, as plans do that, too) in its text."""
    year, _, rest = unit.date.partition("-")
    month, _, day = rest.partition("-")
    form = concept.forms["en"][0]
    if set(form) <= {f"n{year}", f"m{month}", f"d{day}"}:
        return 1.0
    if not any(concept.probes["en"].in_text(held, unit.tokens[group]) for group, held in unit.held.items()):
        return 0.0
    years = [found[1] for token in form if (found := _YEAR.match(token))]
    if years and not any(evidence.names_year(text, years[0]) for text in unit.texts.values()):
        return 0.0
    return 0.9


def _take_back_what_is_set_apart(unit: Unit, named: Sequence[Concept], found: dict[str, float]) -> None:
    """A text that says "separate from PURL" does not speak of what went to PURL."""
    for language, text in unit.texts.items():
        group = analysers.group_of(language)
        for apart in evidence.set_apart(text):
            tokens = analysers.tokens(apart, language)
            for concept in named:
                if concept.probes.get(group, NO_PROBES).in_text(evidence.joined(tokens), frozenset(tokens)):
                    found[concept.id] = 0.0
