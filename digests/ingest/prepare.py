"""From entries to items: pure functions, run in threads. Nothing here reads or writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from digests.errors import UnsafeUrl
from digests.filing import FilingResult
from digests.ingest.clean import clean_fragment, clean_title
from digests.ingest.dates import settle_date
from digests.ingest.urls import canonical_url
from digests.language import detect_language
from digests.model import Dating, EntryData, Source, SourceKind

TITLE_LIMIT = 300
_UNTITLED = 80
_NAME_LIMIT = 150
_FAMILY_LIMIT = 80


class Files(Protocol):
    """What files items: :class:`digests.filing.Filer`."""

    def file(self, title: str, text: str, language: str, kind: SourceKind) -> FilingResult:
        """Sections and reasons, or why there are none."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who an item is from, and what that counts as."""

    name: str
    family: str
    kind: SourceKind


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry as it goes into the archive."""

    key: str
    fingerprint: str
    url: str | None
    title: str
    text: str
    language: str
    published_at: datetime
    dating: Dating
    publisher: Publisher
    filing: FilingResult
    locator: str | None


def prepare(
    entry: EntryData, fingerprint: str, source: Source, publisher: Publisher, filer: Files, now: datetime
) -> Prepared:
    """Clean, date and file one entry. About 0.4 ms for 160 words; documents are clean already."""
    text = clean_fragment(entry.html) if source.type == "feed" else entry.html
    title = _title(entry, text)
    language = detect_language(f"{title}\n{text[:1000]}", hint=entry.language or source.language)
    published_at, dating = settle_date(entry.published, entry.updated, now)
    return Prepared(
        key=entry.key,
        fingerprint=fingerprint,
        url=_address(entry.url),
        title=title,
        text=text,
        language=language,
        published_at=published_at,
        dating=dating,
        publisher=publisher,
        filing=filer.file(title, text, language, publisher.kind),
        locator=entry.locator,
    )


def _title(entry: EntryData, text: str) -> str:
    title = clean_title(entry.title)[:TITLE_LIMIT]
    if title:
        return title
    first = text.strip().split("\n", 1)[0]
    return f"{first[:_UNTITLED]}…" if len(first) > _UNTITLED else first or "(untitled)"


def _address(url: str | None) -> str | None:
    """The canonical link; none when it is not safe to show."""
    if not url:
        return None
    try:
        return canonical_url(url)
    except UnsafeUrl:
        return None


class Publishers:
    """Who entries are from. Aggregators name the publisher in each entry; one that is a source itself keeps its family
    and kind, so that the same report is not counted twice."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._known = {
            source.publisher.casefold(): Publisher(source.publisher, source.family, source.kind)
            for source in sources
            if not source.publisher_from_entry
        }

    def of(self, source: Source, entry: EntryData) -> Publisher:
        if not source.publisher_from_entry or not entry.publisher:
            return Publisher(source.publisher, source.family, source.kind)
        name = clean_title(entry.publisher)[:_NAME_LIMIT]
        known = self._known.get(name.casefold())
        return known or Publisher(name, f"other:{name.casefold()}"[:_FAMILY_LIMIT], SourceKind.AGGREGATOR)
