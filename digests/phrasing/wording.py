"""Whether each word of a sentence comes from the passage: by itself, as a name of the same thing, or as a synonym.

The share of new words that is allowed is none at all, apart from words that say nothing by themselves. One new noun is
enough to turn trucks into tanks, and no list can tell a harmless one from another; where a paraphrase is refused for a
word that nobody listed, the quotation stands, which costs little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from digests.glossary import Glossary
from digests.model import GlossaryTerm
from digests.phrasing.figures import is_number
from digests.phrasing.marks import ATTRIBUTION, MODAL, NEGATION, table
from digests.phrasing.reading import Reading
from digests.search import lexicon
from digests.search.analysers import Word, tokens
from digests.search.numbers import MONEY
from digests.search.terms import Terms

Form = tuple[str, ...]

_KANJI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff々〆]+")
_CAPITAL = re.compile(r"[A-ZА-ЯІЇЄҐ]")
_NAMELIKE = re.compile(r"[\u30a1-\u30fa\u30fc]{2,}|[A-Z]{2,}")
_UNITS = MONEY | {"pct"}
_TITLES = re.compile(r"(?:氏|首相|大臣|外相|防衛相|大統領|大使|長官|議員|会長|中将|大将|党|社|省|県|市|通信|新聞)\Z")
_OPEN = frozenset((MODAL, NEGATION, ATTRIBUTION))
"""Kinds of marks whose words may be exchanged for others of their kind: whether that is right, the marks' own check
decides."""


@dataclass(frozen=True, slots=True)
class NewWord:
    """A word that the passage does not hold; ``name`` tells those that look like names."""

    surface: str
    name: bool


class Names:
    """A story's glossary as it bridges names, within a language and across: 高市 is Takaichi is Такаїчі."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def found(self, reading: Reading) -> Mapping[int, frozenset[str]]:
        """By place of a word the ids of the terms and places that it belongs to."""
        return _named(self, reading)

    def _matches(self, reading: Reading) -> Iterator[tuple[int, int, str]]:
        for match in self._terms.find(reading.text):
            yield match.start, match.end, f"term:{match.term_id}"
        flat = [(token, word) for word in reading.words for token in word.tokens]
        found = [token for token, _ in flat]
        for named in self._terms.find_tokens(found, reading.language):
            yield flat[named.start][1].start, flat[named.end - 1][1].end, f"term:{named.term_id}"
        for start, end, lines in lexicon.find(found, reading.language):
            for line in lines:
                if line.place:
                    yield flat[start][1].start, flat[end - 1][1].end, f"place:{line.id}"


@lru_cache(maxsize=512)
def _named(names: Names, reading: Reading) -> Mapping[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for start, end, name in names._matches(reading):
        for at, word in enumerate(reading.words):
            if start <= word.start and word.end <= end:
                found.setdefault(at, set()).add(name)
    return {at: frozenset(ids) for at, ids in found.items()}


def new_words(sentence: Reading, passage: Reading, names: Names, extra: frozenset[str] = frozenset()) -> list[NewWord]:
    """Words of ``sentence`` that ``passage``, in the same language, does not explain; other names of the same do.

    ``extra`` holds tokens that count as said besides: those of the publisher where a statement is attributed to it.
    """
    there = frozenset(name for ids in names.found(passage).values() for name in ids)
    mine = names.found(sentence)
    classes = _classes_in(passage)
    found = []
    for at, word in enumerate(sentence.words):
        named = mine.get(at, frozenset())
        if not word.tokens or named & there or _is_marked(word, sentence, passage):
            continue
        if named and word.surface.casefold() not in passage.text.casefold() and not extra.issuperset(word.tokens):
            found.append(NewWord(word.surface, name=True))
            continue
        if sentence.language == "ja" and _KANJI.fullmatch(word.surface):
            if not _is_composed(word.surface, passage, classes, extra):
                found.append(NewWord(word.surface, bool(_TITLES.search(word.surface))))
        elif not all(_is_held(token, passage, classes, extra, sentence.language) for token in word.tokens):
            found.append(NewWord(word.surface, _looks_like_a_name(word, sentence)))
    return found


def _is_held(token: str, passage: Reading, classes: frozenset[int], extra: frozenset[str], language: str) -> bool:
    if token in passage.held or token in extra or is_number(token) or token in _UNITS:
        return True  # numbers have a check of their own
    vocabulary = _vocabulary(language)
    return token in vocabulary.light or bool(vocabulary.classes.get(token, frozenset()) & classes)


def _is_marked(word: Word, sentence: Reading, passage: Reading) -> bool:
    """Whether a word belongs to a mark of a kind that the passage has, too."""
    kinds = {scoped.mark.kind for scoped in sentence.scoped if scoped.start < word.end and word.start < scoped.end}
    ids = {scoped.mark.id for scoped in sentence.scoped if scoped.start <= word.start and word.end <= scoped.end}
    theirs = {scoped.mark.kind for scoped in passage.scoped}
    return bool(ids) and bool((kinds & _OPEN & theirs) | (ids & {scoped.mark.id for scoped in passage.scoped}))


def _is_composed(run: str, passage: Reading, classes: frozenset[int], extra: frozenset[str]) -> bool:
    """Whether a run of kanji can be cut into pieces of which the passage holds each, or a synonym."""
    vocabulary = _vocabulary("ja")
    reached = {0}
    for start in range(len(run)):
        if start not in reached:
            continue
        for end in range(start + 1, len(run) + 1):
            piece = run[start:end]
            whole = len(piece) > 1 or run == piece
            if (
                piece in vocabulary.light_words
                or (whole and piece in passage.text)
                or vocabulary.words.get(piece, frozenset()) & classes
                or _marked_piece(piece, passage)
                or (whole and extra and extra.issuperset(tokens(piece, "ja")))
            ):
                reached.add(end)
    return len(run) in reached


def _marked_piece(piece: str, passage: Reading) -> bool:
    theirs = {scoped.mark.kind for scoped in passage.scoped}
    return any(
        (mark.kind in _OPEN and mark.kind in theirs) and mark.patterns["ja"].fullmatch(piece) for mark in table()
    )


def _looks_like_a_name(word: Word, sentence: Reading) -> bool:
    if _NAMELIKE.search(word.surface):
        return True
    first = next((other for other in sentence.words if other.surface[:1].isalpha()), None)
    return bool(_CAPITAL.match(word.surface)) and word is not first


def _classes_in(passage: Reading) -> frozenset[int]:
    vocabulary = _vocabulary(passage.language)
    if passage.language == "ja":
        return frozenset(each for word, ids in vocabulary.words.items() if word in passage.text for each in ids)
    return frozenset(each for token in passage.held for each in vocabulary.classes.get(token, ()))


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    classes: Mapping[str, frozenset[int]]
    """By token the lines it belongs to."""
    light: frozenset[str]
    words: Mapping[str, frozenset[int]]
    """By word as written: Japanese runs are looked up so."""
    light_words: frozenset[str]


@cache
def _vocabulary(language: str) -> _Vocabulary:
    column = ("en", "ja", "uk").index(language if language in ("ja", "uk") else "en")
    classes: dict[str, set[int]] = {}
    words: dict[str, set[int]] = {}
    light: set[str] = set()
    light_words: set[str] = set()
    is_light = False
    lines = files("digests.phrasing").joinpath("wording.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("["):
            is_light = line == "[light]"
        elif line and not line.startswith("#"):
            for written in (word.strip() for word in line.split("|")[column].split(",")):
                found = tokens(written, language) if written else []
                stem = _KANJI.match(written)
                if is_light:
                    light.update(found)
                    light_words.add(written)
                elif language == "ja":
                    words.setdefault(stem.group() if stem else written, set()).add(number)
                    if len(found) == 1:
                        classes.setdefault(found[0], set()).add(number)
                elif len(found) == 1:  # of phrases the words alone mean other things
                    classes.setdefault(found[0], set()).add(number)
    return _Vocabulary(
        {token: frozenset(ids) for token, ids in classes.items()},
        frozenset(light),
        {word: frozenset(ids) for word, ids in words.items()},
        frozenset(light_words),
    )


def known_terms(terms: Sequence[GlossaryTerm]) -> Names:
    """The names of a story."""
    return Names(Terms(Glossary(terms)))
