"""``kakehashi export``: items or the timeline for a spreadsheet, a program or a page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bot.settings import load_settings
from digests.archive import Archive, facts, items
from digests.model import Fact, Filing, Item, Status

_PAGE = 500
ITEM_FIELDS = (
    "id", "title", "url", "publisher", "kind", "language", "published_at", "dating", "sections", "event_id",
    "source_id",
)  # fmt: skip
FACT_FIELDS = (
    "id", "date", "section", "status", "grade", "claim", "actors", "publisher", "url", "superseded_by", "disputed_by",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is exported. Dates are YYYY, YYYY-MM or YYYY-MM-DD; all but the section narrow the timeline only."""

    section: str | None = None
    start: str | None = None
    end: str | None = None
    actor: str | None = None
    status: Status | None = None


async def export_once(config: Path, what: str, form: str, wanted: Wanted, *, language: str, out: Path | None) -> None:
    """Write everything of one sort; CSV and JSON have the fields above, Markdown is a list to read."""
    archive = await Archive.open(load_settings(config).archive)
    try:
        rows = [row async for row in _items(archive, wanted.section)] if what == "items" else []
        if what == "timeline":
            rows = [row async for row in _facts(archive, wanted, language)]
    finally:
        await archive.close()
    text = render(rows, ITEM_FIELDS if what == "items" else FACT_FIELDS, form)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: {len(rows)} rows", err=True)


def render(rows: Sequence[dict[str, Any]], fields: Sequence[str], form: str) -> str:
    """Rows as ``csv``, ``json`` or ``markdown``. In CSV a cell never begins like a spreadsheet formula."""
    if form == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    if form == "markdown":
        return "".join(_markdown(row) for row in rows)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fields, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row[name]) for name in fields})
    return stream.getvalue()


def _cell(value: Any) -> str:
    shown = "|".join(value) if isinstance(value, list) else "" if value is None else str(value)
    # The csv module would leave a lone carriage return unquoted, and readers take it for a new row.
    shown = shown.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{shown}" if shown.startswith(_FORMULA_STARTS) else shown


def _markdown(row: dict[str, Any]) -> str:
    words = _plain(row["claim"] if "claim" in row else row["title"])
    date = row["date"] if "date" in row else row["published_at"][:10]
    source = f"[{_plain(row['publisher'])}](<{row['url']}>)" if row["url"] else _plain(row["publisher"])
    return f"- **{date}** {words} ({source})\n"


def _plain(text: str) -> str:
    """Text that Markdown cannot take for markup."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]()<>#|!~" else char for char in " ".join(text.split()))


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


async def _facts(archive: Archive, wanted: Wanted, language: str) -> AsyncIterator[dict[str, Any]]:
    async with archive.read() as connection:
        found = await facts.query(
            connection,
            section=wanted.section,
            date_from=wanted.start,
            date_to=wanted.end,
            actors=(wanted.actor,) if wanted.actor else (),
            status=wanted.status,
            limit=100_000,
            offset=0,
        )
        for fact in found:
            yield _fact(fact, language)


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


def _fact(fact: Fact, language: str) -> dict[str, Any]:
    return {
        "id": fact.id,
        "date": fact.date,
        "section": fact.section,
        "status": fact.status.value,
        "grade": fact.grade.value,
        "claim": fact.claim.get(language),
        "actors": list(fact.actors),
        "publisher": fact.source.publisher,
        "url": fact.source.url,
        "superseded_by": list(fact.superseded_by),
        "disputed_by": list(fact.disputed_by),
    }
