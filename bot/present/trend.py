"""Coverage over time as a chart, a table and words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.i18n import N_, Translator, format_day, format_number, format_partial_date
from bot.message import Block, Context, Heading, Inlines, Message, Paragraph, Table, text
from bot.present.citations import SEPARATOR
from bot.present.labels import kind_label
from bot.present.series import chart_block, scale
from digests.charts.spec import Chart, Panel, Part, Shape, Tick
from digests.coverage import Line, Step, Topic, Trend
from digests.story import Story

_MOST_TICKS = 4
_BY = {Step.DAY: N_("by day"), Step.WEEK: N_("by week"), Step.MONTH: N_("by month")}


def trend_message(trend: Trend, topic: Topic, story: Story, picture: str | None, t: Translator) -> Message:
    """The chart (``picture`` is its key; None when it could not be drawn), the numbers and how they were counted."""
    heading = Heading(title_of(trend, topic, story, t))
    if trend.empty:
        words = t("The archive holds no coverage of this in this period. Try a longer period, such as 12m.")
        return Message((heading, Paragraph(text(words))), summary=words, language=t.language)
    alt = alt_text(trend, topic, story, t)
    blocks: list[Block] = [heading, chart_block(picture, alt, t), _table(trend, topic, story, t)]
    notes = [
        t(
            "Reports by their day of publication, facts by the day on which it happened. A development is one event, "
            "however many report it."
        )
    ]
    if trend.undated:
        notes.append(
            t.n(
                "{n} fact is dated too loosely to be placed.",
                "{n} facts are dated too loosely to be placed.",
                trend.undated,
            )
        )
    blocks.append(Context(text(" ".join(notes))))
    blocks += [Context(text(line)) for line in _credits(trend, t)]
    return Message(tuple(blocks), summary=alt, language=t.language, shareable=True)


def trend_chart(trend: Trend, topic: Topic, story: Story, t: Translator) -> Chart:
    """The trend as columns: reports, and the dossier's facts upon them; a panel a section."""
    several = len(trend.lines) > 1
    panels = tuple(
        Panel(
            (Part(t("reports"), _floats(line.reports)), Part(t("facts of the dossier"), _floats(line.facts))),
            name=f"{_name(line, story, t)}: {_counted(line, t)}" if several else "",
        )
        for line in trend.lines
    )
    highest = max(a + b for line in trend.lines for a, b in zip(line.reports, line.facts, strict=True))
    places = tuple(float(day.toordinal()) if trend.step is not Step.MONTH else _month(day) for day in trend.edges[:-1])
    return Chart(
        shape=Shape.COLUMNS,
        title=title_of(trend, topic, story, t),
        measure=" ".join((t("Number"), t(_BY[trend.step]))),
        rows=tuple(_bin_name(trend, at, t) for at in range(len(places))),
        panels=panels,
        language=t.language,
        footer=tuple(_credits(trend, t)),
        stacked=True,
        places=places,
        ticks=_ticks(trend, places, t),
        scale=tuple(tick for tick in scale(highest, t, 2 if several else 5) if tick.at == int(tick.at)),
    )


def title_of(trend: Trend, topic: Topic, story: Story, t: Translator) -> str:
    if topic.section:
        about = story.section(topic.section).name.get(t.language)
    elif topic.kind:
        about = kind_label(topic.kind, t)
    elif topic.subject:
        about = topic.subject.label(t.language)
    else:
        about = story.name.get(t.language)
    return SEPARATOR.join((t("Coverage: {about}", about=about), _span(trend, t)))


def _span(trend: Trend, t: Translator) -> str:
    """The period in words: by month where it is counted by month."""
    cut = 7 if trend.step is Step.MONTH else 10
    first, last = (format_partial_date(day.isoformat()[:cut], t.language) for day in trend.span)
    return first if first == last else f"{first} – {last}"


def alt_text(trend: Trend, topic: Topic, story: Story, t: Translator) -> str:
    """What the chart shows, in words: the whole, and where it peaks, for each section."""
    head = t("Column chart: {title}, {step}.", title=title_of(trend, topic, story, t), step=t(_BY[trend.step]))
    parts = []
    for line in trend.lines:
        counts = [a + b for a, b in zip(line.reports, line.facts, strict=True)]
        name = f"{_name(line, story, t)}: " if line.key and len(trend.lines) > 1 else ""
        if not any(counts):
            parts.append(name + t("nothing"))
            continue
        peak = max(range(len(counts)), key=counts.__getitem__)
        parts.append(
            name
            + _counted(line, t)
            + ", "
            + t("most in {when} ({n})", when=_bin_name(trend, peak, t), n=format_number(counts[peak], t.language))
        )
    return f"{head} {'; '.join(parts)}."


def _counted(line: Line, t: Translator) -> str:
    reports, facts = sum(line.reports), sum(line.facts)
    return ", ".join(
        (
            t.n("{n} report", "{n} reports", reports),
            t.n("{n} development", "{n} developments", line.total_events),
            t.n("{n} fact", "{n} facts", facts),
        )
    )


def _table(trend: Trend, topic: Topic, story: Story, t: Translator) -> Table:
    """By section when there are several; else by bin, empty ones left out."""
    columns = (t("reports"), t("developments"), t("facts of the dossier"))
    if len(trend.lines) > 1:
        rows = tuple(
            (text(_name(line, story, t)), *_cells((sum(line.reports), line.total_events, sum(line.facts)), t))
            for line in trend.lines
        )
        return Table((t("Section"), *columns), rows, caption=t("Numbers of the whole period"))
    (line,) = trend.lines
    rows = tuple(
        (text(_bin_name(trend, at, t)), *_cells((line.reports[at], line.events[at], line.facts[at]), t))
        for at in range(len(line.reports))
        if line.reports[at] or line.facts[at]
    )
    return Table((t("Date"), *columns), rows, caption=t("Numbers {step}", step=t(_BY[trend.step])))


def _cells(numbers: Sequence[int], t: Translator) -> tuple[Inlines, ...]:
    return tuple(text(format_number(number, t.language)) for number in numbers)


def _name(line: Line, story: Story, t: Translator) -> str:
    return story.section(line.key).short.get(t.language) if line.key else ""


def _credits(trend: Trend, t: Translator) -> list[str]:
    """Where the numbers come from, and under which terms."""
    return [
        t.n(
            "Source: this bot's archive, {n} independent publisher, and the story's dossier.",
            "Source: this bot's archive, {n} independent publishers, and the story's dossier.",
            trend.publishers,
        ),
        t("Terms: the counts are free to use; the reports belong to their publishers."),
    ]


def _floats(numbers: Sequence[int]) -> tuple[float, ...]:
    return tuple(map(float, numbers))


def _month(day: date) -> float:
    return float(day.year * 12 + day.month - 1)


def _bin_name(trend: Trend, at: int, t: Translator) -> str:
    low = trend.edges[at]
    if trend.step is Step.MONTH:
        return format_partial_date(f"{low:%Y-%m}", t.language)
    day = format_partial_date(low.isoformat(), t.language)
    return day if trend.step is Step.DAY else t("week of {day}", day=day)


def _ticks(trend: Trend, places: Sequence[float], t: Translator) -> tuple[Tick, ...]:
    """A few dates along the axis, evenly."""
    every = -(-len(places) // _MOST_TICKS)
    chosen = range(0, len(places), every)
    if trend.step is Step.MONTH:
        names = [format_partial_date(f"{trend.edges[at]:%Y-%m}", t.language) for at in chosen]
    else:
        names = [format_day(trend.edges[at], t.language) for at in chosen]
    return tuple(Tick(places[at], name) for at, name in zip(chosen, names, strict=True))
