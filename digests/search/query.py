"""From a question to what the index looks for: concepts with their forms in each language, and filters.

A concept is one thing that the question names. It has forms in each language group: token sequences of which any one
will do. Glossary terms and the lexicon give the forms in other languages at query time, so nothing of the index
depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from digests.model import SourceKind
from digests.search import lexicon
from digests.search.analysers import GROUPS, Word, group_of, tokens, words_of
from digests.search.numbers import CURRENCIES

Form = tuple[str, ...]
"""Tokens that stand one after the other."""
_NUMBER = re.compile(r"n\d+(?:p\d+)?\Z")
_YEAR = re.compile(r"n(?:19|20)\d\d\Z")
_DAY = re.compile(r"[md]\d\d\Z")
_KATAKANA = re.compile(r"[\u30a1-\u30ff]{3}")
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆]")
CURRENCY_TOKENS = frozenset((*CURRENCIES.values(),))
# Words that ask or merely hold a question together.
_QUESTION_WORDS = {
    "en": frozenset(("much", "many", "long", "kind", "sort", "tell", "know", "say", "said", "says", "happen",
                     "happened", "mean", "exactly", "currently", "still", "already", "ever", "so", "far", "please",
                     "explain", "describe", "latest", "get", "got", "want", "wanted", "make", "made", "one", "new",
                     "anything")),
    "uk": frozenset(("скільки", "таке", "каже", "сталося", "означає", "досі", "вже", "поясни", "розкажи", "відомо")),
    "ja": frozenset(("カ", "ヶ", "か")),
}  # fmt: skip
_MOST_CONCEPTS = 24
_MOST_CHARACTERS = 500


class TermMatch(Protocol):
    """A glossary term found in a text."""

    @property
    def term_id(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class TermFinder(Protocol):
    """What the search needs of the glossary; ``digests.glossary.Glossary`` is one."""

    def find(self, text: str) -> Sequence[TermMatch]: ...
    def names(self, term_id: str, language: str) -> Sequence[str]: ...


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

    @property
    def names_something(self) -> bool:
        """Whether the concept is a particular thing that support must hold, and not a mere word."""
        return self.kind in (ConceptKind.TERM, ConceptKind.PLACE, ConceptKind.NAME, ConceptKind.NUMBER)


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


def parse_query(
    text: str,
    language: str,
    glossary: TermFinder | None = None,
    filters: Filters | None = None,
    limit: int = 20,
) -> Query:
    """Read a question (at most 500 characters are used). Words of no meaning are left out."""
    text = text[:_MOST_CHARACTERS]
    concepts = []
    seen: set[str] = set()
    for concept in _concepts(text, language, glossary):
        if concept.id not in seen:
            seen.add(concept.id)
            concepts.append(concept)
    return Query(text, language, tuple(concepts[:_MOST_CONCEPTS]), filters or Filters(), limit)


def _concepts(text: str, language: str, glossary: TermFinder | None) -> Iterator[Concept]:
    rest = text
    for match in glossary.find(text) if glossary else ():
        surface = text[match.start : match.end]
        yield _term(glossary, match.term_id, surface, language)
        # Blanked, not cut: the words around a name must not grow together.
        rest = rest[: match.start] + " " * len(surface) + rest[match.end :]
    words = words_of(rest, language)
    flat = [(token, at) for at, word in enumerate(words) for token in word.tokens]
    covered: set[int] = set()
    for start, stop, lines in lexicon.find([token for token, _ in flat], language):
        covered.update(range(start, stop))
        at, last = flat[start][1], flat[stop - 1][1]
        yield _synonym(lines, _surface([token for token, _ in flat[start:stop]], words[at : last + 1]))
    yield from _leftovers(words, flat, covered, language)


def _term(glossary: TermFinder | None, term_id: str, surface: str, language: str) -> Concept:
    forms: dict[str, tuple[Form, ...]] = {}
    for group in GROUPS:
        spoken = "en" if group == "other" else group
        names = list(glossary.names(term_id, spoken)) if glossary else []
        if group_of(language) == group:
            names.append(surface)
        forms[group] = _forms(names, spoken)
    return Concept(f"term:{term_id}", ConceptKind.TERM, surface, forms)


def _synonym(lines: Sequence[lexicon.Entry], surface: str) -> Concept:
    kind = ConceptKind.PLACE if lines[0].place else ConceptKind.SYNONYM
    forms = {group: tuple(dict.fromkeys(form for line in lines for form in line.forms[group])) for group in GROUPS}
    near = {group: tuple(dict.fromkeys(form for line in lines for form in line.near[group])) for group in GROUPS}
    return Concept("+".join(line.id for line in lines), kind, surface, forms, near)


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
            yield from _compounds([flat[i][0] for i in span], [i in covered for i in span])
        elif not covered.intersection(span) and not _is_question_word(word.surface, language):
            yield _plain(word, language, first=flat[at][1] == 0)
        at += size


def _compounds(bigrams: Sequence[str], covered: Sequence[bool]) -> Iterator[Concept]:
    """Words of a run of ideographs: two characters each, leaving out what touches a known word."""
    at = 0
    while at < len(bigrams):
        touched = covered[at] or (at > 0 and covered[at - 1]) or (at + 1 < len(covered) and covered[at + 1])
        if touched:
            at += 1
            continue
        yield _same_everywhere(ConceptKind.WORD, bigrams[at], (bigrams[at],))
        at += 2


def _plain(word: Word, language: str, *, first: bool) -> Concept:
    head = word.tokens[0]
    if any(_NUMBER.match(token) for token in word.tokens):
        year = all(_YEAR.match(token) or _DAY.match(token) for token in word.tokens)
        kind = ConceptKind.DATE if year else ConceptKind.NUMBER
        return _same_everywhere(kind, word.surface, word.tokens)
    if _DAY.match(head):
        return _same_everywhere(ConceptKind.DATE, word.surface, word.tokens)
    capital = word.surface[0].isupper() and (not first or word.surface.isupper())
    kind = (
        ConceptKind.NAME
        if (capital or _KATAKANA.match(word.surface)) and head not in CURRENCY_TOKENS
        else ConceptKind.WORD
    )
    return _same_everywhere(kind, word.surface, word.tokens)


def _same_everywhere(kind: ConceptKind, surface: str, form: Form) -> Concept:
    return Concept(f"{kind}:{' '.join(form)}", kind, surface, dict.fromkeys(GROUPS, (form,)))


def _surface(found: Sequence[str], words: Sequence[Word]) -> str:
    """The wording of a known word; within a run of ideographs only its own characters."""
    if is_ideographic(words[0].surface):
        return found[0] + "".join(token[-1] for token in found[1:])
    return " ".join(word.surface for word in words)


def _forms(names: Sequence[str], language: str) -> tuple[Form, ...]:
    return tuple(dict.fromkeys(form for form in (tuple(tokens(name, language)) for name in names) if form))


def is_ideographic(surface: str) -> bool:
    return _IDEOGRAPHS.match(surface) is not None


def _is_question_word(surface: str, language: str) -> bool:
    return surface.lower() in _QUESTION_WORDS.get(language, frozenset())
