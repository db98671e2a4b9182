"""From a question to what the index looks for: concepts with their forms in each language, and filters.

A concept is one thing that the question names. It has forms in each language group: token sequences of which any one
will do. Glossary terms and the lexicon give the forms in other languages at query time, so nothing of the index
depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from digests.model import SourceKind
from digests.search import lexicon
from digests.search.analysers import GROUPS, Word, group_of, tokens, words_of
from digests.search.numbers import CURRENCIES
from digests.search.stopwords import QUESTION_WORDS
from digests.search.terms import Terms

Form = tuple[str, ...]
"""Tokens that stand one after the other."""
_NUMBER = re.compile(r"n\d+(?:p\d+)?\Z")
_YEAR = re.compile(r"n(?:19|20)\d\d\Z")
_DAY = re.compile(r"[md]\d\d\Z")
_KATAKANA = re.compile(r"[\u30a1-\u30ff]{3}")
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆]")
CURRENCY_TOKENS = frozenset((*CURRENCIES.values(),))
_ASKING_CHARACTERS = frozenset("何誰幾")
_MOST_CONCEPTS = 24
MOST_CHARACTERS = 500
"""Characters of a question that are looked at: what is longer is no question."""


@dataclass(frozen=True, slots=True)
class Probes:
    """Forms as they are looked for in a text: single tokens in the set of its tokens, others in its joined tokens."""

    single: frozenset[str]
    several: tuple[str, ...]
    """Joined, with a space around."""

    def in_text(self, joined: str, tokens: frozenset[str]) -> bool:
        """Whether any form stands in a text of these tokens, which ``joined`` holds with spaces around each."""
        if not self.single.isdisjoint(tokens):
            return True
        for probe in self.several:  # noqa: SIM110 - a question looks up thousands: a generator costs more than the search
            if probe in joined:
                return True
        return False


NO_PROBES = Probes(frozenset(), ())


def probes_of(forms: Sequence[Form]) -> Probes:
    """The probes of forms."""
    return Probes(
        frozenset(form[0] for form in forms if len(form) == 1),
        tuple(f" {' '.join(form)} " for form in forms if len(form) != 1),
    )


class ConceptKind(StrEnum):
    TERM = "term"
    """A glossary term."""
    PLACE = "place"
    """A country or town of the lexicon."""
    NAME = "name"
    """A capitalised word or acronym that neither glossary nor lexicon knows."""
    NUMBER = "number"
    DATE = "date"
    """A year, month or day."""
    SYNONYM = "synonym"
    """A word of the lexicon, with its synonyms."""
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that a question names. ``surface`` is its wording, for telling what is missing."""

    id: str
    kind: ConceptKind
    surface: str
    forms: Mapping[str, tuple[Form, ...]]
    near: Mapping[str, tuple[Form, ...]] = field(default_factory=dict)
    """Forms that mean something close to it: worth a part only."""
    start: int = -1
    """Where it stands in the question, in characters."""
    probes: Mapping[str, Probes] = field(init=False, compare=False)
    """``forms`` as they are looked for in a text."""
    near_probes: Mapping[str, Probes] = field(init=False, compare=False)
    parts: Mapping[str, tuple[Form, ...]] = field(init=False, compare=False)
    """The tokens of each form of several tokens."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "probes", _probes(self.forms))
        object.__setattr__(self, "near_probes", _probes(self.near))
        object.__setattr__(self, "parts", _parts(self.forms))

    @property
    def names_something(self) -> bool:
        """Whether the concept is a particular thing that support must hold, and not a mere word."""
        return self.kind in (ConceptKind.TERM, ConceptKind.PLACE, ConceptKind.NAME, ConceptKind.NUMBER)


def _probes(forms: Mapping[str, tuple[Form, ...]]) -> dict[str, Probes]:
    return {group: probes_of(found) for group, found in forms.items()}


def _parts(forms: Mapping[str, tuple[Form, ...]]) -> dict[str, tuple[Form, ...]]:
    return {group: tuple(form for form in found if len(form) > 1) for group, found in forms.items()}


@dataclass(frozen=True, slots=True)
class Filters:
    """What passages may be returned; an empty set or None does not restrict."""

    sections: frozenset[str] = frozenset()
    kinds: frozenset[SourceKind] = frozenset()
    languages: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None
    """Both days belong to the period. A fact dated by its month counts when the month touches the period."""
    scopes: frozenset[str] = frozenset()
    """Of ``fact``, ``item``, ``brief``."""


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    language: str
    concepts: tuple[Concept, ...]
    filters: Filters = Filters()
    limit: int = 20
    """Hits for each language group; the merged list may be that many times the number of groups."""
    news: int | None = None
    """Hits of news for each language group; None: as many as of anything else."""
    named: tuple[Concept, ...] = field(init=False, compare=False)
    """The concepts that name something. These four are looked at once a candidate."""
    dates: tuple[Concept, ...] = field(init=False, compare=False)
    numbers: tuple[Concept, ...] = field(init=False, compare=False)
    words: tuple[Concept, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", tuple(concept for concept in self.concepts if concept.names_something))
        for name, kinds in (
            ("dates", (ConceptKind.DATE,)),
            ("numbers", (ConceptKind.NUMBER,)),
            ("words", (ConceptKind.WORD, ConceptKind.SYNONYM)),
        ):
            object.__setattr__(self, name, tuple(concept for concept in self.concepts if concept.kind in kinds))

    def most(self, *, of_news: bool) -> int:
        """How many hits a shelf may give."""
        return self.limit if self.news is None or not of_news else self.news


def parse_query(
    text: str,
    language: str,
    terms: Terms | None = None,
    filters: Filters | None = None,
    limit: int = 20,
) -> Query:
    """Read a question (at most 500 characters are used). Words of no meaning are left out."""
    text = text[:MOST_CHARACTERS]
    concepts = []
    seen: set[str] = set()
    for concept in _concepts(text, language, terms):
        if concept.id not in seen:
            seen.add(concept.id)
            concepts.append(concept)
    return Query(text, language, tuple(concepts[:_MOST_CONCEPTS]), filters or Filters(), limit)


def _concepts(text: str, language: str, terms: Terms | None) -> Iterator[Concept]:
    rest = text
    named: set[str] = set()
    for match in terms.find(text) if terms else ():
        surface = text[match.start : match.end]
        concept = _term(terms, match.term_id, surface, language, match.start)
        named.update(token for form in concept.forms[group_of(language)] for token in form)
        yield concept
        # Blanked, not cut: the words around a name must not grow together.
        rest = rest[: match.start] + " " * len(surface) + rest[match.end :]
    words = words_of(rest, language)
    flat = [(token, at) for at, word in enumerate(words) for token in word.tokens]
    plain = [token for token, _ in flat]
    covered: set[int] = set()
    for inflected in terms.find_tokens(plain, language) if terms else ():
        covered.update(range(inflected.start, inflected.end))
        first, last = words[flat[inflected.start][1]], words[flat[inflected.end - 1][1]]
        yield _term(terms, inflected.term_id, rest[first.start : last.end], language, first.start)
    for start, stop, lines in lexicon.find(plain, language):
        if covered.isdisjoint(range(start, stop)):
            covered.update(range(start, stop))
            spoken = words[flat[start][1] : flat[stop - 1][1] + 1]
            # "fund" beside "CAP trust fund" says nothing new.
            if stop - start > 1 and named.issuperset(plain[start:stop]):
                continue
            yield _synonym(lines, _surface(plain[start:stop], spoken), spoken[0].start)
    yield from _leftovers(words, flat, covered, language)


def _term(terms: Terms | None, term_id: str, surface: str, language: str, start: int) -> Concept:
    forms: dict[str, tuple[Form, ...]] = {}
    for group in GROUPS:
        spoken = "en" if group == "other" else group
        names = list(terms.names(term_id, spoken)) if terms else []
        if group_of(language) == group:
            names.append(surface)
        forms[group] = _forms(names, spoken)
    return Concept(f"term:{term_id}", ConceptKind.TERM, surface, forms, _partly(surface, language, forms), start)


def _partly(surface: str, language: str, forms: Mapping[str, tuple[Form, ...]]) -> dict[str, tuple[Form, ...]]:
    """Everyday words inside a term's name: "the accord" may stand for "the Japan-Ukraine accord"."""
    found = tokens(surface, language)
    if len(found) < 2:
        return {}
    lines = [line for _, _, lines in lexicon.find(found, language) for line in lines if not line.place]
    return {
        group: tuple(dict.fromkeys(form for line in lines for form in line.forms[group] if form not in forms[group]))
        for group in GROUPS
    }


def as_concept(line_id: str, surface: str) -> Concept:
    """The concept of a line of the lexicon, for questions that mean it without saying so."""
    return _synonym((lexicon.entries()[line_id],), surface, 0)


def _synonym(lines: Sequence[lexicon.Entry], surface: str, start: int) -> Concept:
    kind = ConceptKind.PLACE if lines[0].place else ConceptKind.SYNONYM
    forms = {group: tuple(dict.fromkeys(form for line in lines for form in line.forms[group])) for group in GROUPS}
    near = {group: tuple(dict.fromkeys(form for line in lines for form in line.near[group])) for group in GROUPS}
    return Concept("+".join(line.id for line in lines), kind, surface, forms, near, start)


def _leftovers(
    words: Sequence[Word], flat: Sequence[tuple[str, int]], covered: set[int], language: str
) -> Iterator[Concept]:
    """Concepts of the words that neither glossary nor lexicon knows."""
    at = 0
    while at < len(flat):
        word = words[flat[at][1]]
        size = len(word.tokens)
        span = range(at, at + size)
        if is_ideographic(word.surface):
            yield from _compounds([flat[i][0] for i in span], [i in covered for i in span], word.start)
        elif covered.intersection(span):
            # A number may be written together with a known word: 2024年度予算.
            figures = tuple(flat[i][0] for i in span if i not in covered and _is_figure(flat[i][0]))
            if figures:
                yield _plain(replace(word, tokens=figures), language, first=False)
        elif not _is_question_word(word.surface, language):
            yield _plain(word, language, first=flat[at][1] == 0)
        at += size


def _is_figure(token: str) -> bool:
    return bool(_NUMBER.match(token) or _DAY.match(token))


def _compounds(bigrams: Sequence[str], covered: Sequence[bool], start: int) -> Iterator[Concept]:
    """Words of a run of ideographs: two characters each, leaving out what touches a known word."""
    at = 0
    while at < len(bigrams):
        touched = covered[at] or (at > 0 and covered[at - 1]) or (at + 1 < len(covered) and covered[at + 1])
        if touched or bigrams[at][0] in _ASKING_CHARACTERS:
            at += 1
            continue
        if bigrams[at] not in QUESTION_WORDS["ja"]:
            yield _same_everywhere(ConceptKind.WORD, bigrams[at], (bigrams[at],), start + at)
        at += 2


def _plain(word: Word, language: str, *, first: bool) -> Concept:
    head = word.tokens[0]
    if any(_NUMBER.match(token) for token in word.tokens):
        year = all(_YEAR.match(token) or _DAY.match(token) for token in word.tokens)
        kind = ConceptKind.DATE if year else ConceptKind.NUMBER
        return _same_everywhere(kind, word.surface, word.tokens, word.start)
    if _DAY.match(head):
        return _same_everywhere(ConceptKind.DATE, word.surface, word.tokens, word.start)
    capital = word.surface[0].isupper() and (not first or word.surface.isupper())
    kind = (
        ConceptKind.NAME
        if (capital or _KATAKANA.match(word.surface)) and head not in CURRENCY_TOKENS
        else ConceptKind.WORD
    )
    return _same_everywhere(kind, word.surface, word.tokens, word.start)


def _same_everywhere(kind: ConceptKind, surface: str, form: Form, start: int) -> Concept:
    return Concept(f"{kind}:{' '.join(form)}", kind, surface, dict.fromkeys(GROUPS, (form,)), start=start)


def _surface(found: Sequence[str], words: Sequence[Word]) -> str:
    """The wording of a known word; within a run of ideographs only its own characters."""
    if is_ideographic(words[0].surface):
        if [token for word in words for token in word.tokens] == list(found):
            return "".join(word.surface for word in words)
        return found[0] + "".join(token[-1] for token in found[1:])
    return " ".join(word.surface for word in words)


def _forms(names: Sequence[str], language: str) -> tuple[Form, ...]:
    return tuple(dict.fromkeys(form for form in (tuple(tokens(name, language)) for name in names) if form))


def is_ideographic(surface: str) -> bool:
    return _IDEOGRAPHS.match(surface) is not None


def _is_question_word(surface: str, language: str) -> bool:
    return surface.lower() in QUESTION_WORDS.get(language, frozenset())
