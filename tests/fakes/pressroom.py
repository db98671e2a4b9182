"""An update pipeline over a made-up press: feeds that a test writes, fetched without any network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import select

from digests.archive import Archive, health, items
from digests.archive.health import SourceState
from digests.archive.tables import items as items_table
from digests.errors import KakehashiError
from digests.filing import Filer
from digests.ingest.fetch import FetchRequest, FetchResult
from digests.ingest.reading import Fetches
from digests.ingest.update import SourceUpdate, Updater
from digests.model import Item, Localized, Source, SourceKind
from digests.search.index import SearchIndex
from digests.search.query import parse_query
from digests.story import Story
from tests.conftest import StoppedClock
from tests.fakes.feedserver import Entry, rss

PILLAR = "Builders have finished the third pillar of the bridge. Works on the bridge went on through the winter."
LOAN = "The bank grants a loan of 20 million dollars for the bridge. The towns will pay it back in ten years."
FOOTBALL = "Northtown won the football match against Southtown by two goals. The stands were full until the end."


class FakeFetcher:
    """Answers by address: bytes, or an error to raise. ``etags`` make it answer 304 as servers do."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes | KakehashiError | Exception] = {}
        self.etags: dict[str, str] = {}
        self.requests: list[FetchRequest] = []

    async def fetch(self, request: FetchRequest) -> FetchResult:
        self.requests.append(request)
        body = self.bodies[request.url]
        if isinstance(body, Exception):
            raise body
        etag = self.etags.get(request.url)
        unchanged = etag is not None and etag == request.etag
        return FetchResult(
            status=304 if unchanged else 200,
            body=b"" if unchanged else body,
            etag=etag,
            last_modified=None,
            content_type="application/rss+xml; charset=utf-8",
            charset="utf-8",
            final_url=request.url,
            not_modified=unchanged,
        )


def feed(name: str, **values: object) -> Source:
    """A source of type feed that is polled every hour."""
    plain = Source(
        id=name,
        name=Localized({"en": name.title()}),
        type="feed",
        publisher=name.title(),
        family=name,
        kind=SourceKind.NATIONAL,
        language="en",
        every=timedelta(hours=1),
        url=f"https://{name}.example/feed",
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def folder(name: str, path: Path) -> Source:
    return feed(name, type="documents", url=None, path=path)


class Pressroom:
    """``publish`` and ``update``; the rest asks what then stands in the archive."""

    def __init__(
        self,
        archive: Archive,
        story: Story,
        index: SearchIndex,
        clock: StoppedClock,
        fetcher: Fetches | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        self.archive = archive
        self.story = replace(story, sources=tuple(sources) or (feed("courier"), feed("agency")))
        self.index = index
        self.clock = clock
        self.fetcher = FakeFetcher()
        self.updater = Updater(
            archive, self.story, fetcher=fetcher or self.fetcher, index=index, filer=Filer(story), rng=Random(1)
        )

    def publish(self, source_id: str, *entries: Entry, etag: str | None = None) -> None:
        """Let a feed hold exactly these entries from now on."""
        url = f"https://{source_id}.example/feed"
        self.fetcher.bodies[url] = rss(*entries)
        if etag is not None:
            self.fetcher.etags[url] = etag

    async def update(self, source_id: str = "courier") -> SourceUpdate:
        """Read a source; an hour passes first."""
        self.clock.forward(hours=1)
        return await self.updater.update_source(self.story.source(source_id), self.clock())

    async def baseline(self, *source_ids: str) -> None:
        """First readings, of empty feeds: what comes from now on is news."""
        for source_id in source_ids or ("courier",):
            self.publish(source_id)
            assert (await self.update(source_id)).error is None

    async def items(self, source_id: str | None = None) -> list[Item]:
        """Everything archived, by id."""
        query = select(items_table.c.id).order_by(items_table.c.id)
        if source_id is not None:
            query = query.where(items_table.c.source_id == source_id)
        async with self.archive.read() as connection:
            return await items.by_ids(connection, (await connection.execute(query)).scalars().all())

    async def item(self) -> Item:
        (only,) = await self.items()
        return only

    async def sections(self, item: Item) -> set[str]:
        async with self.archive.read() as connection:
            return {filing.section for filing in (await items.filings_of(connection, [item.id])).get(item.id, ())}

    async def revisions(self, item: Item) -> list[tuple[int, str, str]]:
        async with self.archive.read() as connection:
            return await items.revisions_of(connection, item.id)

    async def found(self, words: str) -> list[str]:
        """Refs of the passages that search finds."""
        hits = (await self.index.search(self.archive, parse_query(words, "en"))).hits
        return [hit.passage.ref for hit in hits]

    async def state(self, source_id: str = "courier") -> SourceState:
        async with self.archive.read() as connection:
            return await health.state_of(connection, source_id)

    async def states(self) -> Mapping[str, str]:
        async with self.archive.read() as connection:
            told = await health.all_states(connection, self.story.sources, self.clock())
        return {state.source_id: state.state for state in told}


def at(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
