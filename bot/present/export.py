"""Rows as CSV, JSON or Markdown: what the command line writes and what members get as files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from bot.present.timeline import fact_precision
from digests.model import Fact

FORMS = {"csv": "text/csv", "json": "application/json", "markdown": "text/markdown"}
"""The forms and their types of content."""
FACT_FIELDS = (
    "id", "date", "date_precision", "date_inferred", "published", "section", "status", "grade", "claim", "actors",
    "publisher", "url", "superseded_by", "disputed_by",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The wide ones are read as formulas by Japanese spreadsheets (OWASP, "CSV Injection")."""
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What turns the line around it, or hides before a formula."""
_MARKUP = frozenset(r"\`*_{}[]()<>#|!~")


def timeline_text(facts: Iterable[Fact], form: str, language: str) -> str:
    """Facts in the order given, their claims in ``language``."""
    return render([fact_row(fact, language) for fact in facts], FACT_FIELDS, form)


def for_members(text: str, form: str) -> bytes:
    """The text as a file that a member opens by itself. CSV begins with a byte order mark: without one, spreadsheets
    take the file to be in the machine's old 8-bit letters, and garble Japanese and Ukrainian."""
    return text.encode("utf-8-sig" if form == "csv" else "utf-8")


def fact_row(fact: Fact, language: str) -> dict[str, Any]:
    """A fact by the names of :data:`FACT_FIELDS`."""
    return {
        "id": fact.id,
        "date": fact.date,
        "date_precision": fact_precision(fact) or "day",
        "date_inferred": fact.date_inferred,
        "published": fact.source.published,
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


def render(rows: Sequence[dict[str, Any]], fields: Sequence[str], form: str) -> str:
    """Rows as ``csv``, ``json`` or ``markdown``.

    In CSV a cell never begins like a spreadsheet formula; in Markdown no text is markup. JSON has texts as they are.
    """
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


def plain_markdown(text: str) -> str:
    """Text that Markdown cannot take for markup, and that does not turn the line around it."""
    words = " ".join(_UNSEEN.sub("", text).split())
    return "".join(f"\\{char}" if char in _MARKUP else char for char in words)


def _cell(value: Any) -> str:
    shown = "|".join(value) if isinstance(value, list) else "" if value is None else str(value)
    # The csv module would leave a lone carriage return unquoted, and readers take it for a new row.
    shown = _UNSEEN.sub("", shown.replace("\r\n", "\n").replace("\r", "\n"))
    return f"'{shown}" if shown.startswith(_FORMULA_STARTS) else shown


def _markdown(row: dict[str, Any]) -> str:
    words = plain_markdown(row["claim"] if "claim" in row else row["title"])
    date = row["date"] if "date" in row else row["published_at"][:10]
    source = f"[{plain_markdown(row['publisher'])}](<{row['url']}>)" if row["url"] else plain_markdown(row["publisher"])
    told = [source]
    if "claim" in row:
        if row["published"] and row["published"] != date:
            told.append(f"published {row['published']}")
        if row["date_precision"] != "day":
            told.append(f"only the {row['date_precision']} is known")
        if row["date_inferred"]:
            told.append("date inferred")
    return f"- **{date}** {words} ({'; '.join(told)})\n"
