"""What an update means to do, decided from what is archived and what was read: pure functions.

An entry is told apart by its key within its source. Every key is looked up with one query; only entries that are new
or whose words have changed cause any further work.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from digests.archive.items import Known
from digests.ingest.clean import clean_title
from digests.ingest.prepare import TITLE_LIMIT, Prepared
from digests.model import EntryData, Item


@dataclass(frozen=True, slots=True)
class Intents:
    """Entries to prepare: ``new`` ones, and those of ``changed`` items whose words may differ."""

    new: tuple[EntryData, ...]
    changed: tuple[tuple[EntryData, Known], ...]
    unchanged: int
    gone: tuple[int, ...] = ()
    """Items to withdraw."""


class Change(Enum):
    """What became of an item that is known."""

    NONE = "none"
    """White space or markup: nobody sees a difference."""
    ABOUT = "about"
    """The words are the same; what stands about them (publisher, date, place in the folder) is not."""
    WORDS = "words"
    """Its title, text or link was edited: a revision."""


def fingerprint(entry: EntryData) -> str:
    """Changes when what the source says changes; white space does not count, nor do dates."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (entry.title, entry.html, entry.url or "", entry.publisher or ""):
        digest.update(_words(part).encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def once_each(entries: Iterable[EntryData]) -> list[EntryData]:
    """Entries by key; of several under one key the first, which feeds mean to be the newest."""
    seen: dict[str, EntryData] = {}
    for entry in entries:
        seen.setdefault(entry.key, entry)
    return list(seen.values())


def decide(
    entries: Sequence[EntryData],
    known: Mapping[str, Known],
    by_url: Mapping[str, Sequence[Known]],
    *,
    present: Mapping[str, int] | None = None,
    unread: Collection[str] = (),
) -> Intents:
    """Compare entries with what is archived of their source.

    ``known`` is that by key, ``by_url`` by link. ``present``, for folders only, are the keys and ids of all items that
    are not withdrawn; those whose document is there no more are gone. A feed lists its newest entries only, so nothing
    is gone because a feed is silent about it. ``unread`` names documents that could not be read this time.
    """
    listed = {entry.key for entry in entries}
    links = Counter(entry.url for entry in entries if entry.url)
    new: list[EntryData] = []
    changed: list[tuple[EntryData, Known]] = []
    unchanged = 0
    for entry in entries:
        found = known.get(entry.key)
        if found is None and entry.url and links[entry.url] == 1:
            found = renamed(entry, by_url.get(entry.url, ()), listed)
        if found is None:
            new.append(entry)
        elif found.withdrawn or found.fingerprint != fingerprint(entry):
            changed.append((entry, found))
        else:
            unchanged += 1
    kept = listed | {found.key for _, found in changed}
    gone = [id_ for key, id_ in (present or {}).items() if key not in kept and not _belongs(key, unread)]
    return Intents(tuple(new), tuple(changed), unchanged, tuple(gone))


def renamed(entry: EntryData, archived: Sequence[Known], listed: Collection[str]) -> Known | None:
    """The item that an entry with a new key is, if it is one under another name.

    Some systems give an entry a new id when they republish it; others put every entry under one link. So the same link
    alone proves nothing. It is the same item when no other entry and no other item of the source has the link, the
    item's old key is listed no more, and title or stated date are the same.
    """
    if len(archived) != 1 or archived[0].key in listed:
        return None
    old = archived[0]
    same_title = _words(clean_title(entry.title)[:TITLE_LIMIT]).casefold() == _words(old.title).casefold()
    return old if same_title or entry.published == old.published_at else None


def change_of(item: Item, entry: Prepared) -> Change:
    """How an item that is archived differs from its entry as prepared now."""
    if (_words(item.title), _words(item.text), item.url) != (_words(entry.title), _words(entry.text), entry.url):
        return Change.WORDS
    about = (item.publisher, item.locator) != (entry.publisher.name, entry.locator)
    return Change.ABOUT if about or item.withdrawn_at is not None else Change.NONE


def _belongs(key: str, documents: Collection[str]) -> bool:
    """Whether an item's key may be that of a part of one of these documents (see digests.ingest.documents)."""
    if not documents:
        return False
    return key.startswith("sha256:") or any(key == name or key.startswith(f"{name}#") for name in documents)


def _words(text: str) -> str:
    return " ".join(text.split())
