"""The story's numeric series as rows and as a page; each number with its source and terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.i18n import Translator
from bot.message import Link, plain
from bot.present.export import plain_markdown
from bot.present.series import column_name, measure_of, row_name, series_table, source_lines
from digests.model import Series
from digests.story import Story


def series_rows(series: Series, t: Translator) -> list[dict[str, Any]]:
    """One row a number; numbers that are stated in another unit stand as text under ``stated``."""
    source = series.source
    common = {
        "series": series.id,
        "title": series.title.get(t.language),
        "measure": measure_of(series, t),
        "publisher": source.publisher,
        "source": source.title,
        "url": source.url,
        "published": source.published,
        "from_facts": list(source.from_facts),
        "terms": source.terms.get(t.language) if source.terms else None,
        "note": series.note.get(t.language) if series.note else None,
    }
    return [
        {
            "x": str(point["x"]),
            "row": row_name(series, point, t),
            "column": name,
            "name": column_name(series, name, t),
            "value": point.get(name),
            "approx": point.get("approx"),
            "stated": _stated(point),
        }
        | common
        for point in series.points
        for name in series.values
        if name in point or _stated(point)
    ]


def _stated(point: Mapping[str, Any]) -> str | None:
    """A number in another unit than the series', as its source states it."""
    words = (str(point[key]) for key in ("stated_value", "stated_unit", "stated_currency") if key in point)
    return " ".join(words) or None


def series_page(chosen: Iterable[Series], story: Story, t: Translator) -> str:
    """The series as Markdown: a table each, with note, source and terms below."""
    return "\n".join(_section(series, story, t) for series in chosen)


def _section(series: Series, story: Story, t: Translator) -> str:
    table = series_table(series, t)
    lines = [f"## {plain_markdown(series.title.get(t.language))}", "", plain_markdown(table.caption), ""]
    lines.append("| " + " | ".join(map(plain_markdown, table.columns)) + " |")
    lines.append("|" + "---|" * len(table.columns))
    lines += ["| " + " | ".join(plain_markdown(plain(cell)) for cell in row) + " |" for row in table.rows]
    lines.append("")
    if series.note:
        lines += [plain_markdown(series.note.get(t.language)), ""]
    for line in source_lines(series, story, t):
        lines += [
            "".join(
                f"[{plain_markdown(part.text)}](<{part.url}>)" if isinstance(part, Link) else _spaced(plain((part,)))
                for part in line
            ).strip(),
            "",
        ]
    return "\n".join(lines)


def _spaced(words: str) -> str:
    """Words of a line with the spaces at their ends, which keep them from their neighbours."""
    before, after = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    return f"{before}{plain_markdown(words)}{after}"
