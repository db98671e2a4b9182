"""From entries to items: pure functions, run in threads. Nothing here reads or writes.

:func:`plan` tells new entries from changed and unchanged ones; :func:`prepare` cleans, dates and files one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from digests.archive.items import Known
from digests.errors import UnsafeUrl
from digests.filing import Filer, FilingResult
from digests.ingest.clean import clean_fragment, clean_title
from digests.ingest.dates import settle_date
from digests.ingest.urls import canonical_url
from digests.language import detect_language
from digests.model import Dating, EntryData, Source, SourceKind

_LONGEST_TITLE = 300
_UNTITLED = 80


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who an item is from, and what that counts as."""

    name: str
    family: str
    kind: SourceKind


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry as it goes into the archive. ``known`` is the item that it revises, if there is one."""

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
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an update means to do: entries to prepare (with the item that they change, if any), and how many stay."""

    work: tuple[tuple[EntryData, Known | None], ...]
    unchanged: int
    back: Mapping[int, str] = field(default_factory=dict)
    """Items that had been withdrawn and are there again as they were: id to fingerprint."""


def fingerprint(entry: EntryData) -> str:
    """Changes when what the source says changes; white space does not count."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (entry.title, entry.html, entry.url or "", entry.publisher or ""):
        digest.update(" ".join(part.split()).encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def once_each(entries: Iterable[EntryData]) -> list[EntryData]:
    """Entries by key; of several under one key the first, which feeds mean to be the newest."""
    seen: dict[str, EntryData] = {}
    for entry in entries:
        seen.setdefault(entry.key, entry)
    return list(seen.values())


def plan(entries: Sequence[EntryData], known: Mapping[str, Known], by_url: Mapping[str, Known]) -> Plan:
    """Compare entries with what is archived of their source.

    An entry whose key is new but whose address is archived under a key that the source no longer lists is the same
    item under another name: some systems change their ids when they republish.
    """
    listed = {entry.key for entry in entries}
    work: list[tuple[EntryData, Known | None]] = []
    back: dict[int, str] = {}
    unchanged = 0
    for entry in entries:
        found = known.get(entry.key) or _renamed(entry, by_url, listed)
        if found is None:
            work.append((entry, None))
        elif found.fingerprint != (current := fingerprint(entry)):
            work.append((entry, found))
        else:
            unchanged += 1
            if found.withdrawn:
                back[found.id] = current
    return Plan(tuple(work), unchanged, back)


def _renamed(entry: EntryData, by_url: Mapping[str, Known], listed: set[str]) -> Known | None:
    found = by_url.get(entry.url) if entry.url else None
    return found if found is not None and found.key not in listed else None


def prepare(
    entry: EntryData, known: Known | None, source: Source, publisher: Publisher, filer: Filer, now: datetime
) -> Prepared:
    """Clean, date and file one entry. About 0.6 ms for 160 words."""
    text = clean_fragment(entry.html) if source.type == "feed" else entry.html
    title = _title(entry, text)
    language = detect_language(f"{title}\n{text[:1000]}", hint=entry.language or source.language)
    published_at, dating = settle_date(entry.published, entry.updated, now)
    return Prepared(
        key=known.key if known else entry.key,
        fingerprint=fingerprint(entry),
        url=_address(entry.url),
        title=title,
        text=text,
        language=language,
        published_at=published_at,
        dating=dating,
        publisher=publisher,
        filing=filer.file(title, text, language, publisher.kind),
        locator=entry.locator,
        known=known,
    )


def _title(entry: EntryData, text: str) -> str:
    title = clean_title(entry.title)[:_LONGEST_TITLE]
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
        name = clean_title(entry.publisher)[:150]
        known = self._known.get(name.casefold())
        return known or Publisher(name, f"other:{name.casefold()}"[:80], SourceKind.AGGREGATOR)
