"""What a chart shows, in words and numbers that are ready to be drawn. Pure; JSON both ways for the drawing process.

Whoever describes a chart has translated and formatted everything: drawing decides on places and sizes alone.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from digests.errors import ChartError

MOST_ROWS = 130
MOST_PARTS = 6
MOST_PANELS = 12
LONGEST_TEXT = 300
"""Characters of any one text; longer ones are cut."""


class Shape(StrEnum):
    BARS = "bars"
    """Lying bars, one a row: for named things."""
    COLUMNS = "columns"
    """Standing bars along an axis of time."""
    LINES = "lines"
    STEPS = "steps"
    """Lines whose value holds until the next point."""


@dataclass(frozen=True, slots=True)
class Part:
    """One column of numbers. ``values`` go with the chart's rows; None where there is no number. ``texts`` are written
    at them where parts stand beside each other."""

    name: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes. ``totals`` are written at the ends of stacked bars; an empty text is left out."""

    parts: tuple[Part, ...]
    totals: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. Panels stand one above the other and share both axes."""

    shape: Shape
    title: str
    measure: str
    """What the numbers count, such as ``EUR billion``."""
    rows: tuple[str, ...]
    panels: tuple[Panel, ...]
    language: str
    footer: tuple[str, ...] = ()
    """Source and licence: they stay with the picture when it is passed on alone."""
    stacked: bool = False
    places: tuple[float, ...] = ()
    """Where the rows stand along the axis of time; evenly when it is empty."""
    ticks: tuple[Tick, ...] = ()
    """Marks on the axis of time; each row's own name when it is empty."""
    scale: tuple[Tick, ...] = ()
    """Marks on the axis of numbers; none where each number is written at its place."""

    def encoded(self) -> bytes:
        """The chart as JSON: the same bytes for the same chart."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def decoded(data: bytes) -> Chart:
    """The inverse of :meth:`Chart.encoded`. Raises :class:`ChartError` when it is none, or cannot be drawn."""
    from pydantic import TypeAdapter, ValidationError

    try:
        chart: Chart = TypeAdapter(Chart).validate_json(data)
    except ValidationError as error:
        raise ChartError("the chart's description cannot be read") from error
    check(chart)
    return chart


def check(chart: Chart) -> None:
    """Raise :class:`ChartError` unless the chart can be drawn within bounds."""
    for wrong in _mistakes(chart):
        raise ChartError(wrong)


def _mistakes(chart: Chart) -> Iterator[str]:
    rows = len(chart.rows)
    if not 0 < rows <= MOST_ROWS:
        yield f"a chart has 1 to {MOST_ROWS} rows, not {rows}"
    if not 0 < len(chart.panels) <= MOST_PANELS:
        yield f"a chart has 1 to {MOST_PANELS} panels, not {len(chart.panels)}"
    if chart.places and len(chart.places) != rows:
        yield "each row needs a place"
    for panel in chart.panels:
        if not 0 < len(panel.parts) <= MOST_PARTS:
            yield f"a panel has 1 to {MOST_PARTS} parts, not {len(panel.parts)}"
        if panel.totals and len(panel.totals) != rows:
            yield "each row needs a total"
        for part in panel.parts:
            if part.texts and len(part.texts) != rows:
                yield f"the part {part.name!r} has not one text a row"
            if len(part.values) != rows:
                yield f"the part {part.name!r} has not one value a row"
            if not all(value is None or math.isfinite(value) for value in part.values):
                yield f"the part {part.name!r} holds what is no number"


def nice_steps(highest: float, most: int = 5) -> tuple[float, ...]:
    """About ``most`` round numbers from 0 up to at least ``highest``: steps of 1, 2 or 5 times a power of ten."""
    if not math.isfinite(highest) or highest <= 0:
        return (0.0, 1.0)
    rough = highest / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    count = math.ceil(highest / step - 1e-9)
    return tuple(round(number * step, 10) for number in range(count + 1))
