"""The dossier: facts and briefs of the story folder, brought into archive and search index."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, facts, meta
from digests.archive.direct import aside
from digests.archive.facts import FactChanges
from digests.search.index import SearchIndex
from digests.search.passages import NewPassage, brief_passages, fact_passages
from digests.story import Story

log = structlog.get_logger()

_STORY = "dossier"
_BRIEF = "brief:"
_FORM = "passages.form"
_PRESENT_FORM = "2"
"""What passages of facts hold, as a number: written anew when the archive holds them in an earlier form."""
"""Keys of :mod:`digests.archive.meta`: the story whose dossier stands in the archive, and a mark per brief."""


async def sync_facts(archive: Archive, search: SearchIndex, story: Story, now: datetime) -> FactChanges:
    """Make archive and index hold exactly the story's facts and briefs.

    The first dossier of a story is no news (baseline); facts that are added to it later are. Facts that have left the
    dossier are retired: they stay in the archive and are found no more.
    """

    async def work(connection: AsyncConnection) -> FactChanges:
        first = await meta.get(connection, _STORY) != story.id
        changes = await facts.sync(connection, story.facts, now, baseline=first)
        await _sync_passages(connection, search, story, changes)
        if first:
            await meta.put(connection, _STORY, story.id)
        return changes

    changes = await archive.write_at_once(work)
    log.info("dossier.synced", added=len(changes.added), changed=len(changes.changed), retired=len(changes.retired))
    return changes


async def _sync_passages(connection: AsyncConnection, search: SearchIndex, story: Story, changes: FactChanges) -> None:
    if await meta.get(connection, _FORM) != _PRESENT_FORM:
        unchanged = [fact.id for fact in story.facts if fact.id not in {*changes.added, *changes.changed}]
        changes = replace(changes, changed=(*changes.changed, *unchanged))
        await meta.put(connection, _FORM, _PRESENT_FORM)
    stored = await meta.with_prefix(connection, _BRIEF)
    marks = _brief_marks(story)
    written = [key for key, mark in marks.items() if stored.get(key) != mark]
    dropped = [key for key in stored if key not in marks]
    passages = await aside(connection, _passages, story, {*changes.added, *changes.changed}, set(written))
    stale = [*changes.changed, *changes.retired, *(key for key in written if key in stored), *dropped]
    if stale:
        await search.remove(connection, stale)
    await search.add(connection, passages)
    for key in written:
        await meta.put(connection, key, marks[key])
    for key in dropped:
        await meta.forget(connection, key)


def _brief_marks(story: Story) -> Mapping[str, str]:
    """A mark per brief that changes with its text."""
    return {
        f"{_BRIEF}{section}:{language}": hashlib.blake2b(repr(brief).encode(), digest_size=16).hexdigest()
        for (section, language), brief in story.briefs.items()
    }


def _passages(story: Story, fact_ids: Collection[str], briefs: Collection[str]) -> list[NewPassage]:
    passages = [passage for fact in story.facts if fact.id in fact_ids for passage in fact_passages(fact)]
    for (section, language), brief in story.briefs.items():
        if f"{_BRIEF}{section}:{language}" in briefs:
            passages += brief_passages(brief)
    return passages
