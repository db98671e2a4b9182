"""What the archive tells of one person, body or thing: the items that name it, in whatever language.

The database finds candidates by the spelling of the names; the glossary's guards then keep false friends out
(:mod:`digests.glossary`), and a name that the glossary does not know must begin a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.items import COLUMNS, item_of
from digests.archive.tables import items
from digests.glossary import Glossary
from digests.model import Fact, GlossaryTerm, Item
from digests.search import ukrainian

MOST_CANDIDATES = 5_000
"""Items looked at, newest first; about a second for the slowest text."""
_WORDLESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"""Japanese writes no spaces between words."""
_CYRILLIC = re.compile(r"[\u0400-\u052f]")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked for. ``names`` are its spellings, the stems of inflected ones among them."""

    name: str
    names: tuple[str, ...]
    term: GlossaryTerm | None = None

    def label(self, language: str) -> str:
        """Its main name in a language, else as it was asked for."""
        own = self.term.names.get(language, ()) if self.term else ()
        return next((name for name in own if "*" not in name), self.name)


def subject_of(asked: str, glossary: Iterable[GlossaryTerm]) -> Subject:
    """The subject behind a name: 自衛隊, SDF and Сили самооборони are one."""
    name = " ".join(asked.split())
    wanted = name.casefold()
    names = {name: None}
    found = None
    for term in glossary:
        own = _names(term)
        if wanted in (own_name.casefold() for own_name in own):
            found = found or term
            names.update(dict.fromkeys(own_name.replace("*", "") for own_name in own))
    return Subject(name, tuple(names), found)


def _names(term: GlossaryTerm) -> list[str]:
    return [name for several in term.names.values() for name in several] + ([term.abbr] if term.abbr else [])


class Recogniser:
    """Says whether a text names a subject."""

    def __init__(self, subject: Subject) -> None:
        self._glossary = Glossary([subject.term]) if subject.term else None
        self._id = subject.term.id if subject.term else ""
        self._pattern = re.compile("|".join(map(_pattern, subject.names)), re.IGNORECASE)

    def names_it(self, text: str) -> bool:
        return self._id in self._glossary.terms_of(text) if self._glossary else bool(self._pattern.search(text))

    def spelt_in(self, text: str) -> bool:
        """Whether one of the names stands in a text, whatever stands around it: for single sentences."""
        return bool(self._pattern.search(text))


def _pattern(name: str) -> str:
    """The name at the beginning of a word; Cyrillic words in every inflection."""
    if _WORDLESS.search(name):
        return re.escape(name)
    words = (rf"{re.escape(stem)}\w*" if stem != word.casefold() else re.escape(word) for word, stem in _stems(name))
    return r"(?<!\w)" + r"\s+".join(words)


def _stems(name: str) -> list[tuple[str, str]]:
    """The name's words, each with what stays of it in every inflection."""
    return [
        (word, ukrainian.stem(word.casefold()) if _CYRILLIC.search(word) else word.casefold()) for word in name.split()
    ]


async def items_naming(
    connection: AsyncConnection, subject: Subject, *, start: datetime | None = None, end: datetime | None = None
) -> list[Item]:
    """Items on the story that name the subject, newest first (``start <= published < end``); of very many the newest.

    Reads texts: belongs in :meth:`Archive.read_at_once`.
    """
    query = select(*COLUMNS).where(
        items.c.off_topic.is_(None), items.c.withdrawn_at.is_(None), or_(*map(_spelt, subject.names))
    )
    if start is not None:
        query = query.where(items.c.published_at >= start)
    if end is not None:
        query = query.where(items.c.published_at < end)
    query = query.order_by(items.c.published_at.desc(), items.c.id.desc()).limit(MOST_CANDIDATES)
    recogniser = Recogniser(subject)
    found = [item_of(row) for row in await connection.execute(query)]
    return [item for item in found if recogniser.names_it(f"{item.title}\n{item.text}")]


def _spelt(name: str) -> ColumnElement[bool]:
    """Whether an item holds the name, or the stems of all of its words."""
    whole = [name] if _WORDLESS.search(name) or not _CYRILLIC.search(name) else [stem for _, stem in _stems(name)]
    return and_(*(or_(*_holding(part)) for part in whole))


def _holding(part: str) -> list[ColumnElement[bool]]:
    """In each spelling that a database must be asked for which knows no upper and lower case beyond ASCII."""
    spellings = dict.fromkeys((part, part.lower(), part.upper(), part.capitalize(), part.title()))
    return [
        column.contains(spelling, autoescape=True) for spelling in spellings for column in (items.c.title, items.c.text)
    ]


def facts_naming(facts: Iterable[Fact], subject: Subject) -> list[Fact]:
    """Facts whose actors or claims name the subject."""
    recogniser = Recogniser(subject)
    return [fact for fact in facts if recogniser.names_it("\n".join((*fact.actors, *fact.claim.values.values())))]
