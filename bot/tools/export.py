"""``kakehashi export``: items, the timeline or the series for a spreadsheet, a program or a page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bot.i18n import translator
from bot.present.export import FACT_FIELDS, fact_row, render
from bot.settings import load_settings
from bot.tools.export_series import series_page, series_rows
from digests.archive import Archive, facts, items
from digests.errors import NotFound
from digests.mentions import subject_of
from digests.model import Filing, Item, Status
from digests.story import load_story

_PAGE = 500
ITEM_FIELDS = (
    "id", "title", "url", "publisher", "kind", "language", "published_at", "dating", "sections", "event_id",
    "source_id",
)  # fmt: skip
SERIES_FIELDS = (
    "series", "title", "measure", "x", "row", "column", "name", "value", "approx", "stated", "publisher", "source",
    "url", "published", "from_facts", "terms", "note",
)  # fmt: skip
_FIELDS = {"items": ITEM_FIELDS, "timeline": FACT_FIELDS, "series": SERIES_FIELDS}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is exported. Dates are YYYY, YYYY-MM or YYYY-MM-DD; all but the section narrow the timeline only."""

    section: str | None = None
    start: str | None = None
    end: str | None = None
    actor: str | None = None
    status: Status | None = None
    series: str | None = None
    """Id of the one series that is wanted."""


async def export_once(config: Path, what: str, form: str, wanted: Wanted, *, language: str, out: Path | None) -> None:
    """Write everything of one sort; CSV and JSON have the fields above, Markdown is to be read."""
    settings = load_settings(config)
    story = load_story(config / "stories" / settings.story)
    if what == "series":
        chosen = [series for series in story.series if wanted.series in (None, series.id)]
        if not chosen:
            raise NotFound(f"there is no series {wanted.series!r}; there are: {', '.join(s.id for s in story.series)}")
        rows = [row for series in chosen for row in series_rows(series, translator(language))]
        text = series_page(chosen, story, translator(language)) if form == "markdown" else ""
    else:
        archive = await Archive.open(settings.archive)
        try:
            if what == "items":
                rows = [row async for row in _items(archive, wanted.section)]
            else:
                actors = subject_of(wanted.actor, story.glossary).names if wanted.actor else ()
                rows = [row async for row in _facts(archive, wanted, actors, language)]
        finally:
            await archive.close()
        text = ""
    text = text or render(rows, _FIELDS[what], form)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: {len(rows)} rows", err=True)


async def _items(archive: Archive, section: str | None) -> AsyncIterator[dict[str, Any]]:
    offset = 0
    while True:
        async with archive.read() as connection:
            page = await items.latest(connection, section=section, limit=_PAGE, offset=offset)
            filings = await items.filings_of(connection, [item.id for item in page])
        for item in page:
            yield _item(item, filings.get(item.id, ()))
        if len(page) < _PAGE:
            return
        offset += _PAGE


async def _facts(
    archive: Archive, wanted: Wanted, actors: Sequence[str], language: str
) -> AsyncIterator[dict[str, Any]]:
    async with archive.read() as connection:
        found = await facts.query(
            connection,
            section=wanted.section,
            date_from=wanted.start,
            date_to=wanted.end,
            actors=actors,
            status=wanted.status,
            limit=facts.ALL,
            offset=0,
        )
        for fact in found:
            yield fact_row(fact, language)


def _item(item: Item, filings: Sequence[Filing]) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "url": item.url,
        "publisher": item.publisher,
        "kind": item.kind.value,
        "language": item.language,
        "published_at": item.published_at.isoformat(),
        "dating": item.dating.value,
        "sections": [filing.section for filing in filings],
        "event_id": item.event_id,
        "source_id": item.source_id,
    }
