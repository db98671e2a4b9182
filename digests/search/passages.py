"""Cutting items, facts and briefs into passages: pieces of one to four sentences that search finds and answers quote.

This is work for the processor (sentences, tokens): about 0.2 ms an item of 160 words. Do batches in a thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from digests.model import Brief, Fact, SourceKind
from digests.search import analysers
from digests.sentences import Span, sentence_spans

MOST_CHARACTERS = 600
MOST_SENTENCES = 4
_HARD_LIMIT = 2 * MOST_CHARACTERS  # a longer "sentence" is a list or a table without line breaks


_MOST_ASKED = 4
"""Readers' questions that are indexed with a fact: all of them would drown its claim. The others are precedents."""


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage on its way into the archive. ``tokens`` and ``marks`` are what the index takes, joined by spaces."""

    ref: str
    """``item:<n>``, a fact id, or ``brief:<section>:<language>``."""
    text: str
    language: str
    sections: tuple[str, ...]
    kind: SourceKind
    date: str
    """YYYY, YYYY-MM or YYYY-MM-DD."""
    item_id: int | None = None
    locator: str | None = None
    extra: str = ""
    """Names, in English, that find the passage without being part of it."""
    asked: tuple[str, ...] = ()
    """Questions in the passage's language that find it without being part of it."""
    tokens: str = field(init=False)
    marks: str = field(init=False)

    def __post_init__(self) -> None:
        found = analysers.tokens(self.text, self.language)
        if self.extra:
            found += analysers.tokens(self.extra, "en")
        # Each word of the questions counts once: thirty of them would drown what the passage itself says.
        asked = dict.fromkeys(token for question in self.asked for token in analysers.tokens(question, self.language))
        found += asked
        object.__setattr__(self, "tokens", " ".join(found))
        object.__setattr__(self, "marks", _marks(scope_mark(self.ref), self.sections, self.kind, self.language))


def scope_mark(ref: str) -> str:
    """``xitem`` for items, ``xbrief`` for briefs, ``xfact`` for facts."""
    head, colon, _ = ref.partition(":")
    return f"x{head}" if colon else "xfact"


@lru_cache(maxsize=4096)
def _marks(scope: str, sections: tuple[str, ...], kind: SourceKind, language: str) -> str:
    return " ".join((scope, *map(section_mark, sections), kind_mark(kind), language_mark(language)))


def section_mark(section: str) -> str:
    return "s" + _plain(section)


def kind_mark(kind: SourceKind) -> str:
    return "k" + _plain(kind.value)


def language_mark(language: str) -> str:
    return "l" + _plain(language)


def _plain(name: str) -> str:
    return "".join(character if character.isalnum() else "0" for character in name.lower())


def item_passages(
    *,
    item_id: int,
    title: str,
    text: str,
    language: str,
    sections: tuple[str, ...],
    kind: SourceKind,
    published_at: datetime,
    locator: str | None = None,
) -> tuple[NewPassage, ...]:
    """The passages of an item: they overlap nothing and together hold its whole text; the title opens the first."""
    day = published_at.astimezone(UTC).date().isoformat()
    return tuple(
        NewPassage(f"item:{item_id}", piece, language, sections, kind, day, item_id, locator)
        for piece in pieces(title, text, language)
    )


def pieces(title: str, text: str, language: str) -> Iterator[str]:
    """``text`` in verbatim pieces of up to four sentences or about 600 characters, the title on top of the first."""
    title = title.strip()
    head = f"{title}\n" if title and not text.lstrip().startswith(title) else ""
    begin = end = -1
    count = 0
    for start, stop in _bounded(sentence_spans(text, language)):
        if count and (count == MOST_SENTENCES or stop - begin + len(head) > MOST_CHARACTERS):
            yield head + text[begin:end]
            head, count = "", 0
        if not count:
            begin = start
        end = stop
        count += 1
    if count:
        yield head + text[begin:end]
    elif head:
        yield title


def _bounded(spans: tuple[Span, ...]) -> Iterator[Span]:
    for start, stop in spans:
        while stop - start > _HARD_LIMIT:
            yield start, start + MOST_CHARACTERS
            start += MOST_CHARACTERS
        yield start, stop


def fact_passages(fact: Fact) -> tuple[NewPassage, ...]:
    """One passage for each language that the fact's claim is written in."""
    extra = " ; ".join((*fact.actors, fact.source.publisher))
    return tuple(
        NewPassage(
            fact.id,
            text,
            language,
            (fact.section,),
            fact.source.kind,
            fact.date,
            extra=extra,
            asked=fact.asked.get(language, ())[:_MOST_ASKED],
        )
        for language, text in fact.claim.values.items()
    )


def brief_passages(brief: Brief) -> tuple[NewPassage, ...]:
    """One passage a paragraph, in the brief's language, dated by its as-of day."""
    joint = "" if brief.language in ("ja", "zh") else " "
    heading = brief.title
    found = []
    for part in brief.parts:
        heading = part.heading or heading
        found.append(
            NewPassage(
                f"brief:{brief.section}:{brief.language}",
                joint.join(sentence.text for sentence in part.sentences),
                brief.language,
                (brief.section,),
                SourceKind.DATA,
                brief.as_of.isoformat(),
                locator=heading,
            )
        )
    return tuple(found)
