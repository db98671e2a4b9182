"""The update pipeline: a source is read, its entries compared with the archive, what is new is archived.

I/O stands at the edges: reading in :mod:`digests.ingest.reading`, writing in :mod:`digests.ingest.shelving`. What to do
is decided by pure functions (:mod:`digests.ingest.intents`), and new and changed entries, only they, are prepared by
pure functions (:mod:`digests.ingest.prepare`) in a thread. One thread at a time works on texts, so that the event loop
waits for one other at most whenever it wants the interpreter.

An update is one transaction with the source's new state; one of more than :data:`BATCH` entries is several, the state
in the last. A kill leaves the archive as it was before or after one of them: the next run goes on from there.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, health, items
from digests.archive.direct import aside
from digests.archive.facts import FactChanges
from digests.archive.health import SourceState
from digests.archive.waiting import finished
from digests.errors import ArchiveError, FetchError, KakehashiError
from digests.ingest.backoff import next_try
from digests.ingest.dossier import sync_facts
from digests.ingest.grouping import Grouper
from digests.ingest.intents import Change, Intents, change_of, decide, fingerprint, once_each
from digests.ingest.prepare import Files, Prepared, Publishers, prepare
from digests.ingest.reading import Fetches, Reading, SourceReader
from digests.ingest.shelving import Batch, Edited, shelve
from digests.ingest.unchanged import FLUSH_EVERY, Unchanged
from digests.model import EntryData, Item, Source
from digests.search.index import SearchIndex
from digests.story import Story

log = structlog.get_logger()

AT_ONCE = 8
"""Sources that are read at the same time."""
UPDATE_TIMEOUT = 180.0
"""Seconds for one feed from the request to the commit; fetching has its own, shorter limits. Folders have a limit for
each document instead."""
BATCH = 200
"""Entries of one transaction: about 0.2 s in which nobody else can write."""
_SLICE = 25
"""Entries that a thread prepares in one go; after each the update can be cancelled."""


@dataclass(frozen=True, slots=True)
class SourceUpdate:
    """What reading a source brought. ``error`` says in plain words why it could not be read."""

    source_id: str
    new: int = 0
    revised: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    off_topic: int = 0
    """How many of the new ones."""
    error: str | None = None


class Updater:
    """Reads sources into the archive. One per process: it owns the event index."""

    def __init__(
        self,
        archive: Archive,
        story: Story,
        *,
        fetcher: Fetches,
        index: SearchIndex,
        filer: Files,
        rng: random.Random | None = None,
        spacing: float = 0.0,
    ) -> None:
        """``spacing``: seconds between two requests to one host, as the fetcher keeps them."""
        self._archive = archive
        self._index = index
        self._reader = SourceReader(fetcher)
        self._rng = rng or random.Random()
        self._cpu = asyncio.Lock()
        self._commit = asyncio.Lock()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._spacing = spacing
        self._hosts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._busy: set[str] = set()
        self._queued: set[str] = set()
        self._grouper = Grouper(story)
        self.use(story, filer)

    def use(self, story: Story, filer: Files) -> None:
        """Take another version of the story; archived items keep their filings."""
        self._story = story
        self._filer = filer
        self._publishers = Publishers(story.sources)

    async def warm_up(self, now: datetime) -> None:
        """Rebuild the event index of the recent window now rather than with the first new item."""
        async with self._commit:
            await self._archive.read_at_once(lambda connection: self._grouper.ready(connection, now))

    async def sync_dossier(self, now: datetime) -> FactChanges:
        """Bring the story's facts and briefs into archive and index (see :mod:`digests.ingest.dossier`)."""
        return await sync_facts(self._archive, self._index, self._story, now)

    # --- what is due ---------------------------------------------------------------------------------------

    async def due_sources(self, now: datetime) -> list[Source]:
        """The enabled sources whose turn it is."""
        states = await self._due(now)
        return [source for source in self._story.sources if source.id in states]

    async def _due(self, now: datetime) -> dict[str, SourceState]:
        sources = self._story.sources
        return await self._archive.read_at_once(lambda connection: health.due(connection, sources, now))

    async def update_due(
        self, now: datetime, told: Callable[[Sequence[SourceUpdate]], None] = lambda updates: None
    ) -> list[SourceUpdate]:
        """Read every source whose turn it is, but for those that another round is still at. One that fails or hangs
        stops none on another host.

        ``told`` is called with what came, every few seconds. Raises :class:`ArchiveError` when the archive itself
        fails.
        """
        states = await self._due(now)
        due = [source for source in self._story.sources if source.id in states and source.id not in self._queued]
        self._queued.update(source.id for source in due)
        unchanged = Unchanged(self._archive)
        came: dict[str, SourceUpdate] = {}

        async def read(source: Source) -> None:
            came[source.id] = await self._once(source, now, states[source.id], unchanged)

        lanes = [asyncio.create_task(self._in_lane(lane, read)) for lane in _lanes(due)]
        waiting, known = set(lanes), 0
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, timeout=FLUSH_EVERY, return_when=asyncio.FIRST_EXCEPTION)
                fresh = list(came.values())[known:]
                await unchanged.flush()
                known += len(fresh)
                # Only now: what is not yet written looks as if it were still due.
                self._queued.difference_update(update.source_id for update in fresh)
                if fresh:
                    told(fresh)
                for lane in done:
                    lane.result()
            return [came[source.id] for source in due]
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
            self._queued.difference_update(source.id for source in due if source.id not in came)
            self._queued.difference_update(update.source_id for update in list(came.values())[known:])

    async def update_all(
        self, sources: Sequence[Source], now: datetime, told: Callable[[SourceUpdate], None] = lambda update: None
    ) -> list[SourceUpdate]:
        """Read these sources, whether or not it is their turn; ``told`` is called with each as it comes.

        Raises :class:`ArchiveError` when the archive itself fails.
        """
        came: dict[str, SourceUpdate] = {}

        async def read(source: Source) -> None:
            came[source.id] = await self.update_source(source, now)
            told(came[source.id])

        try:
            async with asyncio.TaskGroup() as group:
                for lane in _lanes(sources):
                    group.create_task(self._in_lane(lane, read))
        except* ArchiveError as failed:
            raise failed.exceptions[0] from None
        return [came[source.id] for source in sources]

    async def _in_lane(self, sources: Sequence[Source], read: Callable[[Source], Awaitable[None]]) -> None:
        """Read the sources of one host, one after another. They wait for their host here, where they take the place of
        nobody else: in the order of the story, eight feeds of one host held all places for eight seconds."""
        turn = self._hosts.setdefault(_host(sources[0]), asyncio.Lock())
        for source in sources:
            async with turn:
                async with self._gate:
                    await read(source)
                if source is not sources[-1]:
                    await asyncio.sleep(self._spacing)

    async def update_source(self, source: Source, now: datetime) -> SourceUpdate:
        """Read one source now. What goes wrong with the source is recorded and returned, never raised.

        Raises :class:`ArchiveError` when the archive itself fails.
        """
        return await self._once(source, now, await self._state(source))

    async def _state(self, source: Source) -> SourceState:
        return await self._archive.read_at_once(lambda connection: health.state_of(connection, source.id))

    async def _once(
        self, source: Source, now: datetime, state: SourceState, unchanged: Unchanged | None = None
    ) -> SourceUpdate:
        if source.id in self._busy:
            return SourceUpdate(source.id, error="it is being read already")
        self._busy.add(source.id)
        try:
            with structlog.contextvars.bound_contextvars(source=source.id):
                return await self._update(source, state, now, unchanged)
        finally:
            self._busy.discard(source.id)

    async def _update(
        self, source: Source, state: SourceState, now: datetime, unchanged: Unchanged | None
    ) -> SourceUpdate:
        try:
            async with asyncio.timeout(None if source.type == "documents" else UPDATE_TIMEOUT):
                reading = await self._reader.read(source, state)
                if unchanged is not None and unchanged.fits(state, reading):
                    next_try_at = now + next_try(source.every, 0, None, self._rng)
                    unchanged.note(state, reading, now=now, next_try_at=next_try_at)
                    return SourceUpdate(source.id)
                # Somebody may have read it by hand since the round began.
                state = await self._state(source)
                return await self._take_in(source, state, reading, now)
        except ArchiveError:
            raise
        except KakehashiError as error:
            retry_after = error.retry_after if isinstance(error, FetchError) else None
            return await self._failed(source, state, str(error), retry_after, now)
        except TimeoutError:
            return await self._failed(source, state, f"took longer than {UPDATE_TIMEOUT:.0f} s", None, now)
        except Exception as error:
            # A fault of ours over one source's content must not stop the others; it is shown and logged.
            log.exception("source.fault")
            return await self._failed(source, state, f"internal fault ({type(error).__name__}), see the log", None, now)

    async def _failed(
        self, source: Source, state: SourceState, why: str, retry_after: float | None, now: datetime
    ) -> SourceUpdate:
        again = now + next_try(source.every, state.failures + 1, retry_after, self._rng)
        async with self._archive.write() as connection:
            await health.record_failure(connection, state, now=now, next_try_at=again, why=why)
        log.warning("source.failed", why=why, failures=state.failures + 1, next_try_at=again.isoformat())
        return SourceUpdate(source.id, error=why)

    # --- archiving -----------------------------------------------------------------------------------------

    async def _take_in(self, source: Source, state: SourceState, reading: Reading, now: datetime) -> SourceUpdate:
        update = SourceUpdate(source.id)
        batches = [Batch(source)]
        if reading.entries is not None:
            intents = await self._intents(source, reading)
            new = await self._prepare(source, intents.new, now)
            changed = await self._prepare(source, [entry for entry, _ in intents.changed], now)
            batch = await self._batch(source, intents, new, changed, baseline=not state.baseline_done)
            batches = list(_split(batch))
            update = _summary(batch, intents)
        for batch in batches[:-1]:
            await self._write(batch, now)
        await self._write(batches[-1], now, (state, reading, update.new))
        if update.new or update.revised or update.withdrawn:
            log.info("source.updated", new=update.new, revised=update.revised, off_topic=update.off_topic)
        return update

    async def _intents(self, source: Source, reading: Reading) -> Intents:
        entries = once_each(reading.entries or ())

        async def work(connection: AsyncConnection) -> Intents:
            known = await items.known(connection, source.id, [entry.key for entry in entries])
            strangers = [entry.url for entry in entries if entry.url and entry.key not in known]
            by_url = await items.known_by_url(connection, source.id, strangers)
            present = await items.present_keys(connection, source.id) if reading.complete else None
            return await aside(connection, decide, entries, known, by_url, present=present, unread=reading.unread)

        return await self._archive.read_at_once(work)

    async def _prepare(self, source: Source, entries: Sequence[EntryData], now: datetime) -> list[Prepared]:
        prepared: list[Prepared] = []
        for start in range(0, len(entries), _SLICE):
            async with self._cpu:
                prepared += await finished(self._prepare_slice, source, entries[start : start + _SLICE], now)
        return prepared

    def _prepare_slice(self, source: Source, entries: Sequence[EntryData], now: datetime) -> list[Prepared]:
        of, filer = self._publishers.of, self._filer
        return [prepare(entry, fingerprint(entry), source, of(source, entry), filer, now) for entry in entries]

    async def _batch(
        self, source: Source, intents: Intents, new: list[Prepared], changed: list[Prepared], *, baseline: bool
    ) -> Batch:
        """Tell edits from cosmetic changes; only the former are written as such."""
        ids = [known.id for _, known in intents.changed]
        found = await self._archive.read_at_once(lambda connection: items.by_ids(connection, ids)) if ids else []
        current = {item.id: item for item in found}
        edited: list[Edited] = []
        seen: dict[int, tuple[str, str]] = {}
        for item_id, entry in zip(ids, changed, strict=True):
            item: Item | None = current.get(item_id)
            change = Change.NONE if item is None else change_of(item, entry)
            if item is None or change is Change.NONE:
                seen[item_id] = (entry.key, entry.fingerprint)
            else:
                edited.append(Edited(item, entry, revision=change is Change.WORDS))
        # Oldest first: of copies the earliest is the original.
        return Batch(source, sorted(new, key=_published), edited, seen, intents.gone, baseline)

    async def _write(
        self, batch: Batch, now: datetime, closing: tuple[SourceState, Reading, int] | None = None
    ) -> None:
        """Write a batch; with ``closing`` also that the source has been read (its state before, how, new items)."""

        async def work(connection: AsyncConnection) -> None:
            if not batch.is_empty:
                await shelve(connection, batch, self._grouper, self._index, now)
            if closing is not None:
                await self._record(connection, batch.source, *closing, now)

        async with self._commit:
            try:
                await self._archive.write_at_once(work)
            except BaseException:
                self._grouper.reset()
                raise

    async def _record(
        self, connection: AsyncConnection, source: Source, state: SourceState, reading: Reading, new: int, now: datetime
    ) -> None:
        await health.record_success(
            connection,
            source.id,
            now=now,
            next_try_at=now + next_try(source.every, 0, None, self._rng),
            etag=reading.etag,
            last_modified=reading.last_modified,
            body_hash=reading.body_hash,
            new_items=new,
            items=state.items + new,
        )


def _lanes(sources: Iterable[Source]) -> list[list[Source]]:
    """Sources by host, in the order in which hosts come first."""
    lanes: dict[str, list[Source]] = {}
    for source in sources:
        lanes.setdefault(_host(source), []).append(source)
    return list(lanes.values())


def _host(source: Source) -> str:
    """A feed's host; a folder has a lane of its own."""
    return (urlsplit(source.url).netloc if source.url else "") or f" {source.id}"


def _published(entry: Prepared) -> datetime:
    return entry.published_at


def _split(batch: Batch) -> Iterator[Batch]:
    """The batch in pieces of at most :data:`BATCH` entries, at least one piece."""
    rest = batch
    while len(rest.new) + len(rest.edited) > BATCH:
        new, edited = rest.new[:BATCH], rest.edited[: max(0, BATCH - len(rest.new))]
        yield Batch(batch.source, new, edited, baseline=batch.baseline)
        rest = replace(rest, new=rest.new[BATCH:], edited=rest.edited[len(edited) :])
    yield rest


def _summary(batch: Batch, intents: Intents) -> SourceUpdate:
    revised = sum(1 for edited in batch.edited if edited.revision)
    return SourceUpdate(
        batch.source.id,
        new=len(batch.new),
        revised=revised,
        unchanged=intents.unchanged + len(intents.changed) - revised,
        withdrawn=len(batch.gone),
        off_topic=sum(1 for entry in batch.new if entry.filing.off_topic is not None),
    )
