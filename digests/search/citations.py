"""What stands behind a passage, as a reader can check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive
from digests.archive.tables import items
from digests.model import Citation, Fact, Passage, SourceKind
from digests.story import Story

_WANTED = select(
    items.c.id,
    items.c.title,
    items.c.publisher,
    items.c.url,
    items.c.kind,
    items.c.published_at,
    items.c.language,
    items.c.locator,
)


def of_fact(fact: Fact, language: str) -> Citation:
    """The citation of a fact whose claim is shown in ``language`` (if it has one in it)."""
    return Citation(
        id=fact.id,
        title=fact.source.title,
        publisher=fact.source.publisher,
        url=fact.source.url,
        kind=fact.source.kind,
        date=fact.date,
        language=language if language in fact.claim.values else "en",
        grade=fact.grade,
        status=fact.status,
    )


async def of_items(archive: Archive, refs: Sequence[str]) -> Mapping[str, Citation]:
    """Citations of items by ref (``item:<n>``). Items that their source has withdrawn are left out."""
    ids = [int(ref.removeprefix("item:")) for ref in refs if ref.startswith("item:")]
    if not ids:
        return {}
    wanted = _WANTED.where(items.c.id.in_(ids), items.c.withdrawn_at.is_(None))

    async def work(connection: AsyncConnection) -> Sequence[Any]:
        return (await connection.execute(wanted)).all()

    return {
        f"item:{row.id}": Citation(
            id=f"item:{row.id}",
            title=row.title,
            publisher=row.publisher,
            url=row.url,
            kind=SourceKind(row.kind),
            date=row.published_at.astimezone(UTC).date().isoformat(),
            language=row.language,
            locator=row.locator,
        )
        for row in await archive.read_at_once(work)
    }


def facts_of_brief(story: Story, passage: Passage) -> tuple[str, ...]:
    """The ids of the facts that a paragraph of a brief rests on."""
    _, section, language = passage.ref.split(":", 2)
    brief = story.briefs.get((section, language))
    sentences = (sentence for part in brief.parts for sentence in part.sentences) if brief else ()
    return tuple(fact_id for sentence in sentences if sentence.text in passage.text for fact_id in sentence.fact_ids)
