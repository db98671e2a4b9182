"""Made-up feeds of realistic size, and archives filled with them through the real update pipeline.

Sentences come from Markov chains (word pairs in English and Ukrainian, character triples in Japanese), seeded: varied
and never the same twice. They mean nothing and are no news. The Japanese, the Ukrainian and a third of the English
entries are of the story's own vocabulary (the dossier's), the other English ones of general words (Python's help
texts): three in five entries are about the story, more than the feeds of a newsroom bring.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from rich.console import Console
from rich.progress import track

from digests.archive import Archive
from digests.filing import Filer
from digests.ingest.fetch import FetchRequest, FetchResult
from digests.ingest.update import AT_ONCE, Updater
from digests.model import Localized, Source, SourceKind
from digests.search.index import open_index
from digests.story import Story, load_story

_CONSOLE = Console(stderr=True)
STORY = Path("config/stories/japan-ukraine")
WORDS = 160
CHARACTERS = 400
ENTRIES = 25
SPREAD = timedelta(days=7)
_ARCHIVE_SPREAD = timedelta(days=300)
_GENERAL = 2 / 3
"""Share of the English entries that are about something else."""
_LANGUAGES = ("en", "en", "en", "ja", "uk")


@lru_cache
def story() -> Story:
    return load_story(STORY)


@dataclass(frozen=True, slots=True)
class MadeEntry:
    """One entry of a made-up feed."""

    key: str
    title: str
    body: str
    language: str
    published: datetime


class Writer:
    """Writes text of one language."""

    def __init__(self, language: str, rng: random.Random, texts: Sequence[str] | None = None) -> None:
        self._rng = rng
        self._joint = "" if language == "ja" else " "
        self._order = 3 if language == "ja" else 2
        self._length = CHARACTERS if language == "ja" else WORDS
        self._chain: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for text in texts or _texts(language):
            units = list(text) if language == "ja" else text.split()
            for start in range(len(units) - self._order):
                self._chain[tuple(units[start : start + self._order])].append(units[start + self._order])
        self._starts = sorted(self._chain)

    def text(self, length: int | None = None) -> str:
        """About ``length`` words, or characters in Japanese."""
        units: list[str] = []
        state: tuple[str, ...] | None = None
        while len(units) < (length or self._length):
            # Now and then a jump, so that no item follows another for long.
            if state is None or state not in self._chain or self._rng.random() < 0.08:
                state = self._rng.choice(self._starts)
                units.extend(state)
            units.append(self._rng.choice(self._chain[state]))
            state = (*state[1:], units[-1])
        return self._joint.join(units)


def _texts(language: str) -> list[str]:
    made = story()
    texts = [fact.claim.get(language) for fact in made.facts]
    for (_, written), brief in made.briefs.items():
        if written == language:
            texts += [sentence.text for part in brief.parts for sentence in part.sentences]
    return texts


def _general_texts() -> list[str]:
    from pydoc_data.topics import topics

    return [" ".join(word for word in text.split() if word.isalpha()) for text in topics.values()]


def entries(
    count: int, *, seed: int = 1, until: datetime | None = None, spread: timedelta = SPREAD
) -> Iterator[MadeEntry]:
    """``count`` different entries, the same for the same seed; published within ``spread`` before ``until``."""
    rng = random.Random(seed)
    writers = {language: Writer(language, rng) for language in sorted(set(_LANGUAGES))}
    general = Writer("en", rng, _general_texts())
    end = until or datetime.now(UTC)
    for number in range(count):
        language = rng.choice(_LANGUAGES)
        writer = general if language == "en" and rng.random() < _GENERAL else writers[language]
        body = "".join(f"<p>{escape(writer.text(writer._length // 4))}.</p>" for _ in range(4))
        title = writer.text(24 if language == "ja" else 9)
        yield MadeEntry(f"urn:made:{seed}:{number}", title, body, language, end - spread * rng.random())


def rss(made: Sequence[MadeEntry], name: str) -> bytes:
    """Entries as an RSS 2.0 feed."""
    written = "".join(
        f"<item><guid isPermaLink='false'>{entry.key}</guid><title>{escape(entry.title)}</title>"
        f"<link>https://news.example/{name}/{entry.key.rsplit(':', 1)[1]}</link>"
        f"<pubDate>{format_datetime(entry.published)}</pubDate>"
        f"<description>{escape(entry.body)}</description></item>"
        for entry in made
    )
    head = f"<title>{name}</title><link>https://news.example/</link><description>{name}</description>"
    return f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>{head}{written}</channel></rss>".encode()


def feeds(count: int, *, seed: int = 1, spread: timedelta = SPREAD) -> dict[str, bytes]:
    """Feeds of 25 entries each that hold ``count`` entries together, by id."""
    made = list(entries(count, seed=seed, spread=spread))
    return {
        f"feed-{seed}-{start // ENTRIES:05}": rss(made[start : start + ENTRIES], f"feed{start // ENTRIES}")
        for start in range(0, count, ENTRIES)
    }


def source(source_id: str) -> Source:
    kinds = (SourceKind.OFFICIAL, SourceKind.WIRE, SourceKind.NATIONAL)
    return Source(
        id=source_id,
        name=Localized({"en": source_id}),
        type="feed",
        publisher=source_id,
        family=source_id,
        kind=kinds[sum(source_id.encode()) % len(kinds)],
        language="en",
        every=timedelta(minutes=30),
        url=f"https://news.example/{source_id}.xml",
    )


def batches(names: list[str]) -> list[list[str]]:
    """As many feeds at a time as the running bot reads."""
    return [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]


class FetchedAlready:
    """A fetcher whose bytes are there already: what is measured is everything after the network."""

    def __init__(self, bodies: dict[str, bytes]) -> None:
        self.bodies = {f"https://news.example/{name}.xml": body for name, body in bodies.items()}

    async def fetch(self, request: FetchRequest) -> FetchResult:
        return FetchResult(
            status=200,
            body=self.bodies[request.url],
            etag=None,
            last_modified=None,
            content_type="application/rss+xml; charset=utf-8",
            charset="utf-8",
            final_url=request.url,
        )


async def updater(archive: Archive, fetcher: FetchedAlready) -> Updater:
    index = await open_index(archive)
    filer = await asyncio.to_thread(Filer, story())
    return Updater(archive, story(), fetcher=fetcher, index=index, filer=filer)


def without_extras(folder: Path) -> None:
    """Switch off in the copied configuration what `make run` does not install and a developer's machine has."""
    with (folder / "config" / "bot.yaml").open("a", encoding="utf-8") as settings:
        settings.write("search: {semantic: off}\n")


def archive_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'var' / 'kakehashi.sqlite3'}"


def fill(folder: Path, count: int, *, seed: int = 1) -> None:
    """Put ``count`` items into the archive below ``folder``."""
    asyncio.run(_fill(folder, count, seed))


async def _fill(folder: Path, count: int, seed: int) -> None:
    bodies = feeds(count, seed=seed, spread=_ARCHIVE_SPREAD)
    archive = await Archive.open(archive_url(folder))
    try:
        work = await updater(archive, FetchedAlready(bodies))
        now = datetime.now(UTC)
        for batch in track(batches(list(bodies)), f"filling an archive with {count:,} items", console=_CONSOLE):
            results = await asyncio.gather(*(work.update_source(source(name), now) for name in batch))
            assert not any(result.error for result in results), results
    finally:
        await archive.close()
