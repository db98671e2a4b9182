"""Reading one source: a conditional request, or a look at a folder; what comes out is entries, or "nothing new"."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from digests.archive.health import SourceState
from digests.errors import ParseError
from digests.ingest.feeds import parse_feed
from digests.ingest.fetch import FetchRequest, FetchResult
from digests.model import EntryData, Source

log = structlog.get_logger()

_PARSERS = 3
"""Feeds that are parsed at the same time: a hostile one may wait for half a minute on its worker process."""
_MARK = 32
"""Characters of a folder's fingerprint that are kept."""


class Fetches(Protocol):
    """What fetches feeds: :class:`digests.ingest.fetch.Fetcher`."""

    async def fetch(self, request: FetchRequest) -> FetchResult:
        """The document, or :class:`~digests.errors.FetchError`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A source's entries, and what the next request needs. ``entries`` None: nothing has changed since the last."""

    entries: tuple[EntryData, ...] | None
    body_hash: str | None
    etag: str | None = None
    last_modified: str | None = None
    complete: bool = False
    """Whether what is not listed any more is gone (folders); feeds only list the newest."""
    unread: tuple[str, ...] = ()
    """Documents that are there but could not be read this time, by their paths below the folder."""


class SourceReader:
    """Reads feeds through a fetcher, and folders."""

    def __init__(self, fetcher: Fetches) -> None:
        self._fetcher = fetcher
        self._parsing = asyncio.Semaphore(_PARSERS)
        self._unread: dict[str, Sequence[Path]] = {}

    async def read(self, source: Source, state: SourceState) -> Reading:
        """The source as it is now. Raises :class:`~digests.errors.KakehashiError`'s children in plain words."""
        if source.type == "documents":
            return await self._read_folder(source, state)
        if source.url is None:
            raise ParseError("the source has no address; give it a url in sources.yaml")
        request = FetchRequest(
            source.url, etag=state.etag, last_modified=state.last_modified, allow_private=source.allow_private
        )
        result = await self._fetcher.fetch(request)
        if result.moved_to:
            log.info("source.moved", to=result.moved_to)
        if result.not_modified:
            return Reading(
                None, state.body_hash, result.etag or state.etag, result.last_modified or state.last_modified
            )
        return await self._parse(result, state)

    async def _parse(self, result: FetchResult, state: SourceState) -> Reading:
        body_hash = hashlib.blake2b(result.body, digest_size=16).hexdigest()
        if body_hash == state.body_hash:
            return Reading(None, body_hash, result.etag, result.last_modified)
        async with self._parsing:
            feed = await asyncio.to_thread(
                parse_feed, result.body, content_type=result.content_type, url=result.final_url
            )
        if feed.problems:
            log.info("source.odd", problems=feed.problems[:3])
        return Reading(feed.entries, body_hash, result.etag, result.last_modified)

    # --- folders -------------------------------------------------------------------------------------------

    async def _read_folder(self, source: Source, state: SourceState) -> Reading:
        from digests.ingest import documents

        if source.path is None:
            raise ParseError("the source has no folder; give it a path in sources.yaml")
        mark = (await asyncio.to_thread(documents.folder_fingerprint, source.path))[:_MARK]
        if mark == state.body_hash:
            again = self._unread.pop(source.id, ())
            if not again:
                return Reading(None, mark)
            # A document may be unreadable for a moment only: each gets a second try.
            entries, _ = await _read_documents(again, source.path)
            return Reading(entries, mark)
        paths, problems = await asyncio.to_thread(documents.list_documents, source.path)
        for problem in problems:
            log.warning("document.left-out", problem=problem)
        entries, unread = await _read_documents(paths, source.path)
        self._unread[source.id] = unread
        return Reading(entries, mark, complete=True, unread=tuple(_below(path, source.path) for path in unread))


async def _read_documents(paths: Sequence[Path], folder: Path) -> tuple[tuple[EntryData, ...], list[Path]]:
    """Entries, and the documents that could not be read. One after another, so that a large folder can be left in the
    middle when the bot stops."""
    from digests.ingest import documents

    entries: list[EntryData] = []
    unread: list[Path] = []
    for path in paths:
        try:
            entries += await asyncio.to_thread(documents.read_document, path, folder)
        except ParseError as error:
            unread.append(path)
            log.warning("document.left-out", document=_below(path, folder), why=str(error))
    return tuple(entries), unread


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder.resolve()).as_posix()
