"""The search index: what it offers, and which of its two kinds an archive gets.

The index is derived from the table ``passages`` and written in the caller's transaction: after a kill both stand as
they were before or after it, never apart. :meth:`SearchIndex.rebuild` makes it anew from the passages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive
from digests.archive.tables import meta
from digests.model import Passage
from digests.search import analysers
from digests.search.passages import NewPassage
from digests.search.query import Concept, Filters, Query
from digests.search.schema import SHELVES, Shelf

_VERSION_KEY = "search.analysers"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. ``score`` is its BM25 score over the best that a passage of its shelf could reach."""

    passage: Passage
    score: float
    tokens: str = ""
    """The passage's tokens, joined by spaces, when the index keeps them: saves making them again."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an index says of a query."""

    hits: Sequence[Hit]
    """The best passages, each language ranked by itself, merged by score."""
    weights: Mapping[str, float]
    """How much each concept of the query tells, by concept id: 0 (every passage holds it) to 1 (none does)."""


class SearchIndex(Protocol):
    """Search over the passages of one archive."""

    async def add(self, connection: AsyncConnection, passages: Sequence[NewPassage]) -> None:
        """Archive and index passages, in the caller's transaction. Cheap for the event loop: the tokens were made
        when the :class:`NewPassage` was, which for more than some 100 items belongs in a thread."""

    async def remove(self, connection: AsyncConnection, refs: Sequence[str]) -> None:
        """Take the passages of these refs out of archive and index, in the caller's transaction."""

    async def search(self, archive: Archive, query: Query) -> Found:
        """Find passages, and count how common the query's concepts are."""

    async def tidy(self, archive: Archive) -> None:
        """Give back the room of passages that were removed, when it is worth it; in short transactions of its own."""

    async def rebuild(self, archive: Archive) -> int:
        """Make the index anew from the archived passages; returns how many there are."""


async def open_index(archive: Archive) -> SearchIndex:
    """The index that suits the archive's database, rebuilt first if another version of the analysers made it."""
    from digests.search.fts import FtsIndex
    from digests.search.postings import PostingsIndex

    index: SearchIndex = FtsIndex() if archive.is_sqlite else PostingsIndex()
    async with archive.read() as connection:
        version = await connection.scalar(select(meta.c.value).where(meta.c.key == _VERSION_KEY))
    if version != analysers.version():
        await index.rebuild(archive)
    return index


async def record_version(connection: AsyncConnection) -> None:
    """Note which analysers made the index."""
    await connection.execute(meta.delete().where(meta.c.key == _VERSION_KEY))
    await connection.execute(meta.insert().values(key=_VERSION_KEY, value=analysers.version()))


# --- ranking: what both kinds share ------------------------------------------------------------------------

Form = tuple[str, ...]
ENOUGH_CURATED = 100
"""From so many passages of facts and briefs on, how rare words are is told by them alone."""
K1 = 1.2
B = 0.75
"""The usual constants of BM25, those of SQLite's ``bm25()`` too."""


def idf(passages: int, holding: float) -> float:
    """BM25's inverse document frequency in the form that never goes below zero (Lucene's), for small shelves' sake."""
    held = min(holding, passages)
    return math.log1p((passages - held + 0.5) / (held + 0.5))


def shelves_of(filters: Filters) -> list[Shelf]:
    """The shelves that filters leave to search."""
    groups = {analysers.group_of(language) for language in filters.languages}
    kept = [shelf for shelf in SHELVES if not groups or shelf.group in groups]
    if filters.scopes:
        kept = [shelf for shelf in kept if ("item" in filters.scopes if shelf.news else filters.scopes != {"item"})]
    return kept


def weight(passages: int, holding: float) -> float:
    """How much a concept tells that ``holding`` of so many passages hold: 0 to 1, logarithmic."""
    if passages <= 1:
        return 1.0
    return max(0.0, min(1.0, 1 - math.log1p(holding) / math.log1p(passages)))


def concept_frequency(concept: Concept, group: str, holding: Mapping[str, int]) -> float:
    """Passages that hold any form of the concept, at most: a form is as frequent as its rarest token."""
    return sum(form_frequency(form, holding) for form in concept.forms.get(group, ()))


def form_frequency(form: Form, holding: Mapping[str, int]) -> int:
    return min((holding.get(token, 0) for token in form), default=0)


def all_forms(query: Query, group: str) -> list[Form]:
    """Forms of all concepts in a language group, near ones too, without repeats."""
    forms: dict[Form, None] = {}
    for concept in query.concepts:
        forms.update(dict.fromkeys(concept.forms.get(group, ())))
        forms.update(dict.fromkeys(concept.near.get(group, ())))
    return list(forms)


def best_possible(query: Query, group: str, passages: int, holding: Mapping[str, int]) -> float:
    """The score of a passage that holds every concept several times; what the scores of a shelf are divided by."""
    frequencies = (concept_frequency(concept, group, holding) for concept in query.concepts)
    return sum(idf(passages, found) for found in frequencies) * (K1 + 1) or 1.0


def bm25(held: str, forms: Mapping[Form, float], average: float) -> float:
    """The BM25 score of a passage by its joined tokens; ``forms`` with their idf, ``average`` length in tokens."""
    length = held.count(" ") + 1
    padded = f" {held} "
    norm = K1 * (1 - B + B * length / max(average, 1.0))
    score = 0.0
    for form, weight_ in forms.items():
        tf = padded.count(f" {' '.join(form)} ")
        if tf:
            score += weight_ * tf * (K1 + 1) / (tf + norm)
    return score


def within_budget(forms: Iterable[Form], holding: Mapping[str, int], budget: int) -> tuple[list[Form], int]:
    """The rarest forms that match at most ``budget`` passages together, at least one; and how many that are.

    Common words cost most of a query's time and tell least. Forms that no passage holds are left out.
    """
    ordered = sorted((found, form) for form in forms if (found := form_frequency(form, holding)))
    chosen: list[Form] = []
    total = 0
    for found, form in ordered:
        if chosen and total + found > budget:
            break
        chosen.append(form)
        total += found
    return chosen, total
