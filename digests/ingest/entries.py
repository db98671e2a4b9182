"""From what a feed reader found to :class:`~digests.model.EntryData`: keys, links, bodies, dates settled once for all.

The readers (XML, JSON, feedparser) only collect; every rule about what an entry is stands here.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from digests.errors import UnsafeUrl
from digests.ingest.clean import clean_fragment, clean_title
from digests.ingest.dates import parse_date
from digests.ingest.tidy import one_line, shorten, visible
from digests.ingest.urls import canonical_url
from digests.model import EntryData

MOST_ENTRIES = 2_000
"""Entries that are taken of one feed, from its beginning; feeds put the newest first."""
BODY_LIMIT = 500_000
TITLE_LIMIT = 8_000
KEY_LIMIT = 400
"""Characters of a key; longer ones are replaced by their hash."""
_NAME_LIMIT = 150
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][A-Za-z0-9_-]*)?\Z", re.IGNORECASE)
_LANGUAGE_NAMES = {"jpn": "ja", "ukr": "uk", "eng": "en", "rus": "ru", "jp": "ja", "ua": "uk", "english": "en"}
_WEB = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FeedData:
    """A feed as read: outside text throughout. ``problems`` says in plain words what was odd about it."""

    title: str | None
    entries: tuple[EntryData, ...]
    language: str | None
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Found:
    """What a reader found in one entry, unchecked. ``published`` and ``updated`` are in order of preference."""

    id: str | None = None
    link: str | None = None
    title: str = ""
    bodies: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    publisher: str | None = None
    language: str | None = None
    base: str | None = None
    """What relative links are relative to, if the entry says so itself."""


def settled(
    found: Iterable[Found], *, title: str | None, language: str | None, url: str | None, problems: Iterable[str] = ()
) -> FeedData:
    """The feed made of ``found``; ``url`` is the address that it was read from, for relative links."""
    remarks = list(problems)
    feed_language = language_code(language)
    entries: list[EntryData] = []
    for number, one in enumerate(found):
        if number == MOST_ENTRIES:
            remarks.append(f"only the first {MOST_ENTRIES} entries were read")
            break
        if entry := _entry(one, feed_language, url, remarks):
            entries.append(entry)
    return FeedData(
        title=clean_title(title)[:_NAME_LIMIT] or None if title else None,
        entries=_told_apart(entries, remarks),
        language=feed_language,
        problems=tuple(dict.fromkeys(remarks)),
    )


def language_code(stated: str | None) -> str | None:
    """The ISO 639-1 code in what a feed states as its language (``ja-JP``, ``en-us``, ``ukr``), else None."""
    if not stated:
        return None
    stated = stated.strip().lower()
    if known := _LANGUAGE_NAMES.get(stated):
        return known
    match = _LANGUAGE.match(stated)
    return match[1] if match else None


def _entry(found: Found, feed_language: str | None, url: str | None, remarks: list[str]) -> EntryData | None:
    body = max(found.bodies, key=len, default="")[:BODY_LIMIT]
    link = _link(found, url, remarks)
    title = found.title.strip()[:TITLE_LIMIT] or _title_from(body) or (html.escape(link, quote=False) if link else "")
    if not title:
        return None
    publisher = one_line(clean_title(found.publisher), _NAME_LIMIT) or None if found.publisher else None
    if publisher and title.endswith(f" - {publisher}"):  # as Google News writes titles
        title = title[: -len(publisher) - 3].rstrip() or title
    return EntryData(
        key=_key(found.id, link, title),
        title=title,
        url=link,
        html=body,
        published=_first_date(found.published),
        updated=_first_date(found.updated),
        publisher=publisher,
        language=language_code(found.language) or feed_language,
    )


def _link(found: Found, url: str | None, remarks: list[str]) -> str | None:
    """The entry's canonical link; an id that is a web address stands in for a missing one."""
    stated = found.link.strip() if found.link else ""
    if not stated and found.id and _WEB.match(found.id.strip()):
        stated = found.id
    if not stated:
        return None
    try:
        return canonical_url(stated, found.base or url)
    except UnsafeUrl as error:
        remarks.append(f"an entry's link was left out: {error}")
        return None


def _key(identifier: str | None, link: str | None, title: str) -> str:
    """Stable within the source: the feed's own id, else the link, else a hash of the title."""
    own = visible(identifier).strip() if identifier else ""
    if own:
        return own if len(own) <= KEY_LIMIT else f"sha256:{_digest(own)}"
    if link:
        return link if len(link) <= KEY_LIMIT else f"sha256:{_digest(link)}"
    return f"title:{_digest(clean_title(title))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _title_from(body: str) -> str:
    """The beginning of the text, for entries without a title (statements, short posts)."""
    first = clean_fragment(body, 2_000).partition("\n")[0]
    return html.escape(shorten(first, 100), quote=False)


def _first_date(stated: list[str]) -> datetime | None:
    return next((moment for text in stated if (moment := parse_date(text))), None)


def _told_apart(entries: list[EntryData], remarks: list[str]) -> tuple[EntryData, ...]:
    """Entries with keys of their own: repeated ones once, different ones under the same id by their links."""
    if len({entry.key for entry in entries}) == len(entries):
        return tuple(entries)
    links: dict[str, set[str | None]] = {}
    for entry in entries:
        links.setdefault(entry.key, set()).add(entry.url)
    shared = Counter({key: len(found) for key, found in links.items()})
    if max(shared.values()) > 1:
        remarks.append("several entries have the same id; they are told apart by their links")
    return tuple(_once(_keyed(entry, shared) for entry in entries))


def _keyed(entry: EntryData, shared: Counter[str]) -> EntryData:
    if shared[entry.key] > 1 and entry.url:
        return replace(entry, key=_key(None, entry.url, entry.title))
    return entry


def _once(entries: Iterable[EntryData]) -> Iterator[EntryData]:
    seen: set[str] = set()
    for entry in entries:
        if entry.key not in seen:
            seen.add(entry.key)
            yield entry
