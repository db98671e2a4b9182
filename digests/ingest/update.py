"""The update pipeline: a source is read, its entries compared with the archive, what is new is archived.

I/O stands here and at the edge; what to do is decided by the pure functions of :mod:`digests.ingest.prepare`. Work on
texts happens in threads, in slices short enough that the event loop gets its turn. One transaction holds everything
that an update changes, so a kill leaves the archive as it was before or as it is after.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, events, facts, health, items, meta
from digests.archive import tables as table
from digests.archive.facts import FactChanges
from digests.archive.health import SourceState
from digests.archive.ids import allocate
from digests.errors import FetchError, KakehashiError, ParseError
from digests.events import WINDOW, Candidate, EventIndex, Placement
from digests.filing import Filer
from digests.ingest.backoff import next_try
from digests.ingest.feeds import parse_feed
from digests.ingest.fetch import Fetcher, FetchRequest, FetchResult
from digests.ingest.prepare import Plan, Prepared, Publishers, once_each, plan, prepare
from digests.model import EntryData, Source
from digests.search.index import SearchIndex
from digests.search.passages import NewPassage, brief_passages, fact_passages, item_passages
from digests.story import Story

log = structlog.get_logger()

AT_ONCE = 8
"""Sources that are read at the same time."""
UPDATE_TIMEOUT = 180.0
"""Seconds for one source from the request to the commit; fetching has its own, shorter limits."""
_SLICE = 25
"""Entries that a thread takes in one go."""


@dataclass(frozen=True, slots=True)
class SourceUpdate:
    """What reading a source brought. ``error`` says in plain words why it could not be read."""

    source_id: str
    new: int = 0
    revised: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    off_topic: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A source's entries, and what the next request needs. ``entries`` None: nothing has changed since the last."""

    entries: tuple[EntryData, ...] | None
    body_hash: str | None
    etag: str | None = None
    last_modified: str | None = None
    complete: bool = False
    """Whether what is not listed any more is gone (folders); feeds only list the newest."""


class Updater:
    """Reads sources into the archive. One per process: it owns the event index."""

    def __init__(
        self,
        archive: Archive,
        story: Story,
        *,
        fetcher: Fetcher,
        index: SearchIndex,
        filer: Filer,
        rng: random.Random | None = None,
    ) -> None:
        self._archive = archive
        self._fetcher = fetcher
        self._index = index
        self._rng = rng or random.Random()
        self._commit = asyncio.Lock()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._events: EventIndex | None = None
        self._busy: set[str] = set()
        self.use(story, filer)

    def use(self, story: Story, filer: Filer) -> None:
        """Take another version of the story; archived items keep their filings."""
        self._story = story
        self._filer = filer
        self._publishers = Publishers(story.sources)

    async def warm_up(self, now: datetime) -> None:
        """Rebuild the event index of the recent window now rather than with the first new item."""
        async with self._commit, self._archive.read() as connection:
            await self._event_index(connection, now)

    # --- what is due ---------------------------------------------------------------------------------------

    async def update_due(self, now: datetime) -> list[SourceUpdate]:
        """Read every enabled source whose turn it is. One that fails or hangs stops no other."""
        async with self._archive.read() as connection:
            states = await health.states(connection)
        due = [source for source in self._story.sources if source.enabled and _is_due(states.get(source.id), now)]
        return list(await asyncio.gather(*(self._in_turn(source, now) for source in due)))

    async def _in_turn(self, source: Source, now: datetime) -> SourceUpdate:
        async with self._gate:
            return await self.update_source(source, now)

    async def update_source(self, source: Source, now: datetime) -> SourceUpdate:
        """Read one source now. Never raises for what a source does; its failure is recorded and returned."""
        if source.id in self._busy:
            return SourceUpdate(source.id, error="it is being read already")
        self._busy.add(source.id)
        try:
            with structlog.contextvars.bound_contextvars(source=source.id):
                return await self._update(source, now)
        finally:
            self._busy.discard(source.id)

    async def _update(self, source: Source, now: datetime) -> SourceUpdate:
        async with self._archive.read() as connection:
            state = await health.state_of(connection, source.id)
        try:
            async with asyncio.timeout(UPDATE_TIMEOUT):
                read = await self._read(source, state)
                return await self._archive_all(source, state, read, now)
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

    # --- reading -------------------------------------------------------------------------------------------

    async def _read(self, source: Source, state: SourceState) -> _Read:
        if source.type == "documents":
            return await self._read_folder(source, state)
        if source.url is None:
            raise ParseError("the source has no address; give it a url in sources.yaml")
        result = await self._fetcher.fetch(
            FetchRequest(
                source.url, etag=state.etag, last_modified=state.last_modified, allow_private=source.allow_private
            )
        )
        if result.not_modified:
            return _Read(None, state.body_hash, result.etag or state.etag, result.last_modified or state.last_modified)
        return await self._parse(result, state)

    async def _parse(self, result: FetchResult, state: SourceState) -> _Read:
        body_hash = hashlib.blake2b(result.body, digest_size=16).hexdigest()
        if body_hash == state.body_hash:
            return _Read(None, body_hash, result.etag, result.last_modified)
        feed = await asyncio.to_thread(parse_feed, result.body, content_type=result.content_type, url=result.final_url)
        return _Read(feed.entries, body_hash, result.etag, result.last_modified)

    async def _read_folder(self, source: Source, state: SourceState) -> _Read:
        from digests.ingest.documents import read_documents

        folder = source.path
        if folder is None or not folder.is_dir():
            raise ParseError(f"there is no folder {folder}; create it or disable the source")
        body_hash = await asyncio.to_thread(_folder_hash, folder)
        if body_hash == state.body_hash:
            return _Read(None, body_hash)
        entries = await asyncio.to_thread(read_documents, folder)
        return _Read(tuple(entries), body_hash, complete=True)

    # --- archiving -----------------------------------------------------------------------------------------

    async def _archive_all(self, source: Source, state: SourceState, read: _Read, now: datetime) -> SourceUpdate:
        update = SourceUpdate(source.id)
        prepared: list[Prepared] = []
        gone: list[int] = []
        back: dict[int, str] = {}
        if read.entries is not None:
            entries = once_each(read.entries)
            made, gone = await self._plan(source, entries, complete=read.complete)
            prepared = await self._prepare(source, made, now)
            back = dict(made.back)
            update = _summary(source.id, prepared, made.unchanged, len(gone))
        async with self._commit, self._archive.write() as connection:
            added = await self._store(connection, source, prepared, now, baseline=not state.baseline_done)
            try:
                await items.touch(connection, back)
                await items.withdraw(connection, gone, now)
                await self._record(connection, source, state, read, update, now)
            except BaseException:
                (await self._event_index(connection, now)).forget(added)
                raise
        if update.new or update.revised or update.withdrawn:
            log.info("source.updated", new=update.new, revised=update.revised, off_topic=update.off_topic)
        return update

    async def _plan(self, source: Source, entries: list[EntryData], *, complete: bool) -> tuple[Plan, list[int]]:
        async with self._archive.read() as connection:
            known = await items.known(connection, source.id, [entry.key for entry in entries])
            strangers = [entry.url for entry in entries if entry.key not in known and entry.url]
            by_url = await items.known_by_url(connection, source.id, strangers)
            present = await items.present_keys(connection, source.id) if complete else {}
        made = await asyncio.to_thread(plan, entries, known, by_url)
        listed = {entry.key for entry in entries}
        return made, [item_id for key, item_id in present.items() if key not in listed]

    async def _prepare(self, source: Source, made: Plan, now: datetime) -> list[Prepared]:
        prepared: list[Prepared] = []
        for start in range(0, len(made.work), _SLICE):
            prepared += await asyncio.to_thread(self._prepare_slice, source, made.work[start : start + _SLICE], now)
        return prepared

    def _prepare_slice(self, source: Source, work: Sequence[tuple[EntryData, Any]], now: datetime) -> list[Prepared]:
        return [
            prepare(entry, known, source, self._publishers.of(source, entry), self._filer, now) for entry, known in work
        ]

    async def _store(
        self, connection: AsyncConnection, source: Source, prepared: list[Prepared], now: datetime, *, baseline: bool
    ) -> list[int]:
        """Write new and revised items; returns the ids of the new ones."""
        fresh = [entry for entry in prepared if entry.known is None]
        changed = [entry for entry in prepared if entry.known is not None]
        if changed:
            await self._revise(connection, changed, now)
        if not fresh:
            return []
        index = await self._event_index(connection, now)
        ids = await allocate(connection, table.items, len(fresh))
        event_ids = await allocate(connection, table.events, len(fresh))
        try:
            placed = await asyncio.to_thread(_place, index, fresh, ids, event_ids, now)
            await self._insert(connection, source, fresh, placed, now, baseline=baseline)
        except BaseException:
            index.forget(ids)
            raise
        return ids

    async def _insert(
        self,
        connection: AsyncConnection,
        source: Source,
        fresh: list[Prepared],
        placed: list[_Placed],
        now: datetime,
        *,
        baseline: bool,
    ) -> None:
        index = await self._event_index(connection, now)
        begun: dict[int, datetime] = {}
        joined: dict[int, datetime] = {}
        for one, entry in zip(placed, fresh, strict=True):
            target = begun if one.begins or one.event_id in begun else joined
            target[one.event_id] = max(target.get(one.event_id, entry.published_at), entry.published_at)
        await events.insert(
            connection, [(event_id, last, index.profile(event_id)) for event_id, last in begun.items()], now
        )
        for event_id, last in joined.items():
            await events.advance(connection, event_id, last, index.profile(event_id))
        rows = [_row(source, entry, one, now, baseline=baseline) for entry, one in zip(fresh, placed, strict=True)]
        await items.insert(connection, rows)
        await items.insert_filings(
            connection,
            [(one.item_id, entry.published_at, entry.filing.filings) for entry, one in zip(fresh, placed, strict=True)],
        )
        await self._index.add(connection, [passage for one in placed for passage in one.passages])

    async def _revise(self, connection: AsyncConnection, changed: list[Prepared], now: datetime) -> None:
        cosmetic: dict[int, str] = {}
        current = {item.id: item for item in await items.by_ids(connection, [_id(entry) for entry in changed])}
        real: list[Prepared] = []
        for entry in changed:
            item = current[_id(entry)]
            if (item.title, item.text, item.url) == (entry.title, entry.text, entry.url):
                cosmetic[item.id] = entry.fingerprint
            else:
                real.append(entry)
        await items.touch(connection, cosmetic)
        passages = await asyncio.to_thread(lambda: [_passages(_id(entry), entry) for entry in real])
        for entry in real:
            values = {
                "title": entry.title,
                "text": entry.text,
                "url": entry.url,
                "language": entry.language,
                "fingerprint": entry.fingerprint,
                "off_topic": entry.filing.off_topic,
                "withdrawn_at": None,
            }
            await items.revise(connection, _id(entry), values, now)
        published = {item_id: item.published_at for item_id, item in current.items()}
        await items.insert_filings(
            connection, [(_id(entry), published[_id(entry)], entry.filing.filings) for entry in real]
        )
        await self._index.remove(connection, [f"item:{_id(entry)}" for entry in real])
        await self._index.add(connection, [passage for own in passages for passage in own])

    async def _record(
        self,
        connection: AsyncConnection,
        source: Source,
        state: SourceState,
        read: _Read,
        update: SourceUpdate,
        now: datetime,
    ) -> None:
        await health.record_success(
            connection,
            source.id,
            now=now,
            next_try_at=now + next_try(source.every, 0, None, self._rng),
            etag=read.etag,
            last_modified=read.last_modified,
            body_hash=read.body_hash,
            new_items=update.new,
            items=state.items + update.new,
        )

    async def _event_index(self, connection: AsyncConnection, now: datetime) -> EventIndex:
        """The events of the recent window; rebuilt from the archive when first needed."""
        if self._events is None:
            index = await asyncio.to_thread(EventIndex.for_story, self._story)
            rows, known = await events.window(connection, now - WINDOW)
            await asyncio.to_thread(index.load, rows, known)
            self._events = index
        return self._events

    # --- the dossier ---------------------------------------------------------------------------------------

    async def sync_dossier(self, now: datetime) -> FactChanges:
        """Bring facts and briefs into archive and index. On an empty archive they are no news; later additions are."""
        story = self._story
        marks = await asyncio.to_thread(_brief_marks, story)
        async with self._commit, self._archive.write() as connection:
            first = await meta.get(connection, "dossier") is None
            changes = await facts.sync(connection, story.facts, now, baseline=first)
            touched = {*changes.added, *changes.changed}
            stale = [brief for brief, mark in marks.items() if await meta.get(connection, f"brief:{brief}") != mark]
            passages = await asyncio.to_thread(_dossier_passages, story, touched, stale)
            await self._index.remove(
                connection, [*changes.changed, *changes.retired, *(f"brief:{brief}" for brief in stale)]
            )
            await self._index.add(connection, passages)
            for brief in stale:
                await meta.put(connection, f"brief:{brief}", marks[brief])
            await meta.put(connection, "dossier", story.id)
        log.info("dossier.synced", added=len(changes.added), changed=len(changes.changed), retired=len(changes.retired))
        return changes


# --- placing and rows --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where a new item goes: its id, its event (``begins``: a new one), and its passages."""

    item_id: int
    event_id: int
    begins: bool
    placement: Placement
    passages: tuple[NewPassage, ...]


def _place(
    index: EventIndex, fresh: Sequence[Prepared], ids: Sequence[int], event_ids: Sequence[int], now: datetime
) -> list[_Placed]:
    placed = []
    for entry, item_id, event_id in zip(fresh, ids, event_ids, strict=True):
        candidate = Candidate(entry.title, entry.text, entry.language, entry.published_at, entry.filing.terms)
        placement = index.place(candidate, now)
        chosen = placement.event_id or event_id
        index.register(placement, item_id, chosen)
        placed.append(_Placed(item_id, chosen, placement.event_id is None, placement, _passages(item_id, entry)))
    return placed


def _passages(item_id: int, entry: Prepared) -> tuple[NewPassage, ...]:
    """Off-topic items are archived but not searched: they could only support wrong answers."""
    if not entry.filing.filings:
        return ()
    return item_passages(
        item_id=item_id,
        title=entry.title,
        text=entry.text,
        language=entry.language,
        sections=tuple(filing.section for filing in entry.filing.filings),
        kind=entry.publisher.kind,
        published_at=entry.published_at,
        locator=entry.locator,
    )


def _row(source: Source, entry: Prepared, placed: _Placed, now: datetime, *, baseline: bool) -> dict[str, Any]:
    return {
        "id": placed.item_id,
        "source_id": source.id,
        "key": entry.key,
        "fingerprint": entry.fingerprint,
        "url": entry.url,
        "title": entry.title,
        "text": entry.text,
        "language": entry.language,
        "published_at": entry.published_at,
        "dating": entry.dating,
        "first_seen_at": now,
        "publisher": entry.publisher.name,
        "family": entry.publisher.family,
        "kind": entry.publisher.kind,
        "baseline": baseline,
        "revision": 1,
        "event_id": placed.event_id,
        "duplicate_of": placed.placement.duplicate_of,
        "off_topic": entry.filing.off_topic,
        "locator": entry.locator,
        "withdrawn_at": None,
        "signature": placed.placement.signature,
    }


def _id(entry: Prepared) -> int:
    assert entry.known is not None
    return entry.known.id


def _summary(source_id: str, prepared: Sequence[Prepared], unchanged: int, withdrawn: int) -> SourceUpdate:
    new = sum(1 for entry in prepared if entry.known is None)
    return SourceUpdate(
        source_id,
        new=new,
        revised=len(prepared) - new,
        unchanged=unchanged,
        withdrawn=withdrawn,
        off_topic=sum(1 for entry in prepared if entry.known is None and entry.filing.off_topic is not None),
    )


def _is_due(state: SourceState | None, now: datetime) -> bool:
    if state is None or state.next_try_at is None:
        return True
    # A clock that was set back must not silence a source until it catches up.
    far = state.last_try_at is not None and state.last_try_at - now > timedelta(minutes=5)
    return state.next_try_at <= now or far


def _folder_hash(folder: Path) -> str:
    """Changes when a file of the folder appears, goes or is written."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _brief_marks(story: Story) -> dict[str, str]:
    """A mark per brief that changes with its text."""
    return {
        f"{section}:{language}": hashlib.blake2b(repr(brief).encode(), digest_size=16).hexdigest()
        for (section, language), brief in story.briefs.items()
    }


def _dossier_passages(story: Story, fact_ids: set[str], briefs: Iterable[str]) -> list[NewPassage]:
    wanted = set(briefs)
    passages = [passage for fact in story.facts if fact.id in fact_ids for passage in fact_passages(fact)]
    for (section, language), brief in story.briefs.items():
        if f"{section}:{language}" in wanted:
            passages += brief_passages(brief)
    return passages
