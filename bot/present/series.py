"""A series of the story as a chart, a table and words; its source and terms below."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.i18n import N_, Translator, format_number, format_partial_date
from bot.message import Block, Context, Heading, Image, Inline, Inlines, Link, Message, Table, Text, plain, text
from bot.present.citations import SEPARATOR, source_link
from bot.present.labels import grade_label
from digests.charts.spec import Chart, Panel, Part, Shape, Tick, nice_steps
from digests.compose import fact_citation
from digests.model import Fact, Series
from digests.story import Story

_YEAR, _MONTH = re.compile(r"[0-9]{4}"), re.compile(r"[0-9]{4}-[0-9]{2}")
_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_FEW = 8
"""Rows up to which every number is written into the chart and into its description."""
_APPROXIMATE = {"about": N_("about {number}"), "over": N_("over {number}"), "under": N_("under {number}")}
_SHAPES = {
    Shape.BARS: N_("Bar chart"),
    Shape.COLUMNS: N_("Column chart"),
    Shape.LINES: N_("Line chart"),
    Shape.STEPS: N_("Step chart"),
}


def series_message(series: Series, story: Story, picture: str | None, t: Translator) -> Message:
    """The chart (``picture`` is its key; None when it could not be drawn), its numbers, and where they come from."""
    title = series.title.get(t.language)
    blocks: list[Block] = [Heading(title), chart_block(picture, alt_text(series, t), t), series_table(series, t)]
    if series.note:
        blocks.append(Context((Text(series.note.get(t.language), language=_foreign(series.note.values, t)),)))
    blocks += [Context(line) for line in source_lines(series, story, t)]
    others = ", ".join(other.id for other in story.series if other.id != series.id)
    if others:
        blocks.append(Context(text(t("Other measures for /aid: {ids}", ids=others))))
    return Message(tuple(blocks), summary=alt_text(series, t), language=t.language, shareable=True)


def chart_block(picture: str | None, alt: str, t: Translator) -> Block:
    """The picture, or a word on its absence."""
    if picture is None:
        return Context(text(t("The chart could not be drawn just now; here are its numbers.")))
    return Image(picture, alt)


# --- the chart -----------------------------------------------------------------------------------------------


def series_chart(series: Series, story: Story, t: Translator) -> Chart:
    """The series as a chart."""
    shape = _shape(series)
    names = series.drawn or series.values
    stacked = series.chart == "stacked-bar"
    parts = tuple(_part(series, name, shape, t, alone=len(names) == 1, stacked=stacked) for name in names)
    sums = [sum(part.values[row] or 0.0 for part in parts) for row in range(len(series.points))]
    totals = tuple(format_number(total, t.language, 2, 2 if max(sums) < 100 else 0) for total in sums)
    if shape is Shape.COLUMNS and len(totals) > _FEW:
        totals = _only_highest(totals, sums)
    places, ticks = _axis(series, t) if shape is not Shape.BARS else ((), ())
    highest = max(sums) if stacked else max(value or 0.0 for part in parts for value in part.values)
    crowded = shape is not Shape.BARS and len(series.points) > _FEW
    return Chart(
        shape=shape,
        title=series.title.get(t.language),
        measure=measure_of(series, t),
        rows=tuple(row_name(series, point, t) for point in series.points),
        panels=(Panel(parts, totals if stacked else ()),),
        language=t.language,
        footer=tuple(plain(line) for line in source_lines(series, story, t)),
        stacked=stacked,
        places=places,
        ticks=ticks,
        scale=scale(highest, t) if crowded or shape in (Shape.LINES, Shape.STEPS) else (),
    )


def scale(highest: float, t: Translator, most: int = 5) -> tuple[Tick, ...]:
    """Marks of an axis of numbers."""
    return tuple(Tick(at, format_number(at, t.language)) for at in nice_steps(highest, most))


def _shape(series: Series) -> Shape:
    rows = [str(point["x"]) for point in series.points]
    if series.chart in ("line", "step"):
        dated = all(_DATE.fullmatch(row) for row in rows)
        return (Shape.LINES if series.chart == "line" else Shape.STEPS) if dated else Shape.BARS
    if all(_YEAR.fullmatch(row) for row in rows) or (len(rows) > _FEW and all(map(_MONTH.fullmatch, rows))):
        return Shape.COLUMNS
    return Shape.BARS


def _part(series: Series, name: str, shape: Shape, t: Translator, *, alone: bool, stacked: bool) -> Part:
    values = tuple(_number(point.get(name)) for point in series.points)
    shown = [_approximate(short, point, t) for short, point in zip(_short(values, t), series.points, strict=True)]
    if stacked:
        shown = []
    elif shape in (Shape.LINES, Shape.STEPS) and len(shown) > _FEW:
        # The line is named where it ends: nobody has to look for its colour above.
        shown = [*[""] * (len(shown) - 1), shown[-1] if alone else f"{column_name(series, name, t)} {shown[-1]}"]
    elif shape is Shape.COLUMNS and len(shown) > _FEW:
        shown = list(_only_highest(shown, [value or 0.0 for value in values]))
    return Part("" if alone else column_name(series, name, t), values, tuple(shown))


def _only_highest(texts: Sequence[str], values: Sequence[float]) -> tuple[str, ...]:
    highest = max(range(len(values)), key=values.__getitem__)
    return tuple(shown if row == highest else "" for row, shown in enumerate(texts))


def _axis(series: Series, t: Translator) -> tuple[tuple[float, ...], tuple[Tick, ...]]:
    """Places of dated rows in months, and marks for some of them or for the years."""
    rows = [str(point["x"]) for point in series.points]
    places = tuple(_months(row) for row in rows)
    if all(map(_YEAR.fullmatch, rows)):
        return (), ()
    if len(rows) <= 4:
        return places, tuple(Tick(at, format_partial_date(row[:7], t.language)) for at, row in _apart(places, rows))
    years = range(int(rows[0][:4]), int(rows[-1][:4]) + 1)
    inside = [year for year in years if places[0] <= year * 12 <= places[-1]]
    return places, tuple(Tick(float(year * 12), format_partial_date(str(year), t.language)) for year in inside)


def _apart(places: Sequence[float], rows: Sequence[str]) -> list[tuple[float, str]]:
    """Rows whose marks do not run into each other, the first and the last first."""
    span = places[-1] - places[0]
    kept = [(places[0], rows[0])]
    for at, row in zip(places[1:-1], rows[1:-1], strict=True):
        if min(at - kept[-1][0], places[-1] - at) > 0.3 * span:
            kept.append((at, row))
    return [*kept, (places[-1], rows[-1])]


def _months(row: str) -> float:
    """A date as months since year 0, days as parts of a month."""
    year, month, day = ([int(part) for part in row.split("-")] + [1, 1])[:3]
    return year * 12 + month - 1 + (day - 1) / 31


# --- words ---------------------------------------------------------------------------------------------------


def measure_of(series: Series, t: Translator) -> str:
    """What the numbers count."""
    if series.measure:
        return series.measure.get(t.language)
    return " ".join(filter(None, (series.currency, series.unit)))


def row_name(series: Series, point: Mapping[str, Any], t: Translator) -> str:
    row = str(point["x"])
    if row in series.labels:
        return series.labels[row].get(t.language)
    return format_partial_date(row, t.language) if _DATE.fullmatch(row) else row


def column_name(series: Series, name: str, t: Translator) -> str:
    return series.columns[name].get(t.language) if name in series.columns else name


def alt_text(series: Series, t: Translator) -> str:
    """What the chart shows, in a few sentences: all numbers when they are few, else where it begins, peaks and ends."""
    kind = t(_SHAPES[_shape(series)])
    head = t(
        "{kind}: {title} ({measure}).", kind=kind, title=series.title.get(t.language), measure=measure_of(series, t)
    )
    names = series.drawn or series.values
    columns = [_short([_number(point.get(name)) for point in series.points], t) for name in names]
    rows = [
        (row_name(series, point, t), _in_words(series, point, names, shorts, t))
        for point, shorts in zip(series.points, zip(*columns, strict=True), strict=True)
    ]
    if len(rows) <= _FEW or series.chart == "bar":
        return f"{head} " + "; ".join(f"{name}: {words}" for name, words in rows) + "."
    sums = [sum(_number(point.get(name)) or 0.0 for name in names) for point in series.points]
    highest = max(range(len(sums)), key=sums.__getitem__)
    told = t(
        "From {first} ({first_number}) to {last} ({last_number}); highest: {highest} ({highest_number}).",
        first=rows[0][0],
        first_number=rows[0][1],
        last=rows[-1][0],
        last_number=rows[-1][1],
        highest=rows[highest][0],
        highest_number=rows[highest][1],
    )
    return f"{head} {told}"


def _in_words(
    series: Series, point: Mapping[str, Any], names: Sequence[str], shorts: Sequence[str], t: Translator
) -> str:
    said = []
    for name, short in zip(names, shorts, strict=True):
        shown = _approximate(short, point, t) or "–"
        said.append(shown if len(names) == 1 else f"{column_name(series, name, t)} {shown}")
    return ", ".join(said)


def series_table(series: Series, t: Translator) -> Table:
    """All numbers, as exact as the series has them."""
    dated = all(_DATE.fullmatch(str(point["x"])) for point in series.points)
    columns = (t("Date") if dated else t("What"), *(column_name(series, name, t) for name in series.values))
    rows = tuple(
        (
            text(row_name(series, point, t)),
            *(text(_exact(_number(point.get(name)), point, t)) for name in series.values),
        )
        for point in series.points
    )
    return Table(columns, rows, caption=t("Numbers: {measure}", measure=measure_of(series, t)))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _exact(value: float | None, point: Mapping[str, Any], t: Translator) -> str:
    return "–" if value is None else _approximate(format_number(value, t.language), point, t)


def _short(values: Sequence[float | None], t: Translator) -> list[str]:
    """Numbers with two decimals at most; "" where there is none. No zeros are added: they would look exact."""
    return ["" if value is None else format_number(value, t.language, 2) for value in values]


def _approximate(shown: str, point: Mapping[str, Any], t: Translator) -> str:
    wording = _APPROXIMATE.get(str(point.get("approx", "")))
    return t(wording, number=shown) if wording and shown else shown


# --- source --------------------------------------------------------------------------------------------------


def source_lines(series: Series, story: Story, t: Translator) -> list[Inlines]:
    """Who says so, and under which terms."""
    source = series.source
    lines: list[Inlines] = []
    if source.publisher:
        words = SEPARATOR.join(
            part
            for part in (
                source.title,
                format_partial_date(source.published, t.language) if source.published else None,
            )
            if part
        )
        named: Inline = Link(source.publisher, source.url) if source.url else Text(source.publisher)
        lines.append((Text(t("Source:") + " "), named, Text(SEPARATOR + words if words else "")))
    elif source.from_facts:
        lines.append(_fact_sources(source.from_facts, story.facts, t))
    if source.terms:
        lines.append(text(t("Terms:") + " " + source.terms.get(t.language)))
    elif not source.publisher:
        lines.append(
            text(t("Terms: single figures from the reports named above; the reports belong to their publishers."))
        )
    return lines


def _fact_sources(ids: Sequence[str], facts: Sequence[Fact], t: Translator) -> Inlines:
    """The publishers behind facts, each once, weak ones with their label."""
    by_id = {fact.id: fact for fact in facts}
    parts: list[Inline] = [Text(t("Sources:") + " ")]
    told: set[str] = set()
    for fact in (by_id[fact_id] for fact_id in ids if fact_id in by_id):
        if fact.source.url in told:
            continue
        if told:
            parts.append(Text("; "))
        told.add(fact.source.url)
        parts.append(source_link(fact_citation(fact, t.language)))
        label = grade_label(fact.grade, t)
        dated = format_partial_date(fact.source.published or fact.date, t.language)
        parts.append(Text(f" ({', '.join(filter(None, (dated, label)))})"))
    return tuple(parts)


def _foreign(values: Mapping[str, str], t: Translator) -> str | None:
    return None if t.language in values else "en"
