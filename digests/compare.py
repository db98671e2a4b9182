"""Two terms side by side: how much each kind of source tells of them, and what it says in its own words.

What is quoted is a verbatim sentence of an archived report. Where a kind of source has no report on a term, but the
dossier rests on one, its fact stands there instead, marked as the dossier's wording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive
from digests.compose import fact_citation
from digests.mentions import Recogniser, Subject, facts_naming, items_naming, subject_of
from digests.model import Citation, Fact, Item, SourceKind
from digests.search.analysers import tokens
from digests.sentences import split_sentences
from digests.story import Story
from digests.summary import cosine

_LOOKED_AT = 40
"""The newest reports of each kind from which a sentence is chosen."""
_LEADING = 15
"""Sentences of a report that are looked at."""
_SHORTEST, _LONGEST = 40, 400
"""Characters of a sentence worth quoting; Japanese ones may be half as long at least and at most."""
_OWN_LANGUAGE = 0.4
_BOTH = 0.2
"""What it is worth that a sentence is in the reader's language, or names the other term, too."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one kind of source tells of one term. ``families`` are independent voices; ``quote`` is "" when it is
    silent."""

    kind: SourceKind
    reports: int
    events: int
    families: int
    facts: int
    quote: str = ""
    language: str = ""
    citation: Citation | None = None
    dossier: bool = False
    """Whether the quotation is the dossier's wording and not the source's."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``said`` has, for each kind that tells of either term, what it tells of the one and of the other."""

    subjects: tuple[Subject, Subject]
    said: tuple[tuple[Said, Said], ...]
    silent: tuple[SourceKind, ...]
    """Kinds of the story's sources that tell of neither."""


async def compare(archive: Archive, story: Story, one: str, other: str, *, language: str) -> Comparison:
    """Compare what is told of two terms, for a reader of ``language``."""
    subjects = (subject_of(one, story.glossary), subject_of(other, story.glossary))

    async def work(connection: AsyncConnection) -> tuple[Mapping[SourceKind, Said], Mapping[SourceKind, Said]]:
        first = await _told(connection, story, subjects[0], subjects[1], language)
        return first, await _told(connection, story, subjects[1], subjects[0], language)

    told = await archive.read_at_once(work)
    kinds = [kind for kind in SourceKind if kind in told[0] or kind in told[1]]
    nothing = {kind: Said(kind, 0, 0, 0, 0) for kind in kinds}
    said = tuple((told[0].get(kind, nothing[kind]), told[1].get(kind, nothing[kind])) for kind in kinds)
    read = {source.kind for source in story.sources if source.enabled}
    return Comparison(subjects, said, tuple(kind for kind in SourceKind if kind in read and kind not in kinds))


async def _told(
    connection: AsyncConnection, story: Story, subject: Subject, other: Subject, language: str
) -> dict[SourceKind, Said]:
    by_kind: dict[SourceKind, list[Item]] = {}
    for item in await items_naming(connection, subject):
        by_kind.setdefault(item.kind, []).append(item)
    facts: dict[SourceKind, list[Fact]] = {}
    for fact in facts_naming(story.facts, subject):
        facts.setdefault(fact.source.kind, []).append(fact)
    return {
        kind: _said(kind, by_kind.get(kind, ()), facts.get(kind, ()), (subject, other), language)
        for kind in SourceKind
        if kind in by_kind or kind in facts
    }


def _said(
    kind: SourceKind, items: Sequence[Item], facts: Sequence[Fact], subjects: tuple[Subject, Subject], language: str
) -> Said:
    counts = (
        len(items),
        len({item.event_id or -item.id for item in items}),
        len({item.family for item in items}),
        len(facts),
    )
    if items:
        item, sentence = best_sentence(items, *subjects, language)
        return Said(kind, *counts, sentence, item.language, _item_citation(item))
    newest = max(facts, key=lambda fact: (fact.first_day, fact.id))
    spoken = language if language in newest.claim.values else "en"
    return Said(kind, *counts, newest.claim.get(spoken), spoken, fact_citation(newest, spoken), dossier=True)


def best_sentence(items: Sequence[Item], subject: Subject, other: Subject, language: str) -> tuple[Item, str]:
    """The sentence on the subject that is closest to what all of these reports (newest first) say of it.

    A verbatim piece of the item's text, or of its title when no sentence names the subject.
    """
    recogniser, beside = Recogniser(subject), Recogniser(other)
    originals = [item for item in items if item.duplicate_of is None] or list(items)
    candidates = [
        (item, sentence)
        for item in originals[:_LOOKED_AT]
        for sentence in split_sentences(item.text, item.language)[:_LEADING]
        if _is_quotable(sentence, item.language) and recogniser.spelt_in(sentence)
    ]
    if not candidates:
        named = next((item for item in originals if recogniser.spelt_in(item.title)), originals[0])
        return named, named.title
    bags = [Counter(tokens(sentence, item.language)) for item, sentence in candidates]
    centroids: dict[str, Counter[str]] = {}
    for (item, _), bag in zip(candidates, bags, strict=True):
        centroids.setdefault(item.language, Counter()).update(bag.keys())

    def worth(number: int) -> float:
        item, sentence = candidates[number]
        near = cosine(bags[number], centroids[item.language])
        return near + _OWN_LANGUAGE * (item.language == language) + _BOTH * beside.spelt_in(sentence)

    return candidates[max(range(len(candidates)), key=worth)]


def _is_quotable(sentence: str, language: str) -> bool:
    part = 0.5 if language == "ja" else 1.0
    return _SHORTEST * part <= len(sentence) <= _LONGEST * part


def _item_citation(item: Item) -> Citation:
    return Citation(
        id=f"item:{item.id}",
        title=item.title,
        publisher=item.publisher,
        url=item.url,
        kind=item.kind,
        date=item.published_at.astimezone(UTC).date().isoformat(),
        language=item.language,
        locator=item.locator,
    )
