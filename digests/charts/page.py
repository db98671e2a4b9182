"""One chart on one figure of matplotlib: where everything stands, and how it looks.

No meaning hangs on colour: parts differ in hatching or in marks and line style, and numbers are written at their
places. The picture is sized for a phone held upright.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from digests.charts.fonts import pieces, shown
from digests.charts.spec import LONGEST_TEXT, Chart, Panel, Shape
from digests.charts.widths import Widths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DPI = 5.4, 200
"""Inches and dots an inch: 1,080 pixels."""
TITLE, TEXT, SMALL = 13.0, 10.5, 8.0
"""Points; on a phone of 375 points' width they show as 12, 10 and 7.5."""
_LINE = 1.35
"""Line height over letter height."""
_MARGIN = 0.14
_WIDEST_NAME = 1.9
"""Inches of a row's name."""
_LONG_WORD = 12
"""Letters of a word from which on it may be wider than the narrowest line."""
_MANY = 20
"""Rows from which on bars stand closer and lines go without marks."""
_COLOURS = ("#1f5fa8", "#f0a830", "#7a2e5d", "#4f9d69", "#c6553b", "#6b7a90")
"""Told apart by those who see no red or green, and by their lightness."""
_HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++")
_MARKS = ("o", "s", "^", "D", "v", "P")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_FAINT = "#d5dbe3"


class Page:
    """One chart on one figure, from top to bottom: title, measure, legend, panels, footer."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self.missing: set[str] = set()
        self._figure: Figure
        self._widths: Widths

    def onto(self, figure: Figure) -> None:
        """Draw, and give the figure the height that it takes."""
        chart = self._chart
        self._figure = figure
        self._widths = Widths(figure, chart.language)
        title = self._wrapped(self._shown(chart.title), TITLE, bold=True)[:4]
        measure = self._wrapped(self._shown(chart.measure), TEXT)[:2]
        legend = self._legend() if self._needs_legend() else []
        footer = [line for text in chart.footer for line in self._wrapped(self._shown(text), SMALL)[:5]]
        head = _MARGIN + _tall(len(title), TITLE) + 0.05 + _tall(len(measure), TEXT) + _tall(len(legend), TEXT) + 0.1
        body = self._body_height()
        foot = self._axis_height() + (0.1 + _tall(len(footer), SMALL) if footer else 0.0) + _MARGIN
        height = head + body + foot
        figure.set_size_inches(WIDTH, height)
        at = height - _MARGIN
        at = self._lines(title, at, height, TITLE, bold=True) - 0.05
        at = self._lines(measure, at, height, TEXT)
        self._put_legend(legend, at, height)
        self._panels(height, foot, body)
        self._lines(footer, _MARGIN + _tall(len(footer), SMALL), height, SMALL)

    # --- text --------------------------------------------------------------------------------------------

    def _shown(self, text: str) -> str:
        return shown(text[:LONGEST_TEXT], self.missing)

    def _width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Inches that a line takes."""
        return self._widths.inches(text, size, bold=bold)

    def _wrapped(self, text: str, size: float, *, bold: bool = False, width: float = WIDTH - 2 * _MARGIN) -> list[str]:
        """The text in lines that fit: broken at spaces, and anywhere between Japanese characters."""
        lines: list[str] = []
        line = ""
        for piece in self._narrow(text, size, width, bold=bold):
            if line and self._width(f"{line}{piece}".rstrip(), size, bold=bold) > width:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        return [*lines, line.rstrip()] if line.strip() else lines

    def _narrow(self, text: str, size: float, width: float, *, bold: bool) -> Iterator[str]:
        """The text's pieces; one that is wider than a line by itself comes letter by letter."""
        for piece in pieces(text):
            if len(piece) > _LONG_WORD and self._width(piece, size, bold=bold) > width:
                yield from piece
            else:
                yield piece

    def _lines(self, lines: Sequence[str], top: float, height: float, size: float, *, bold: bool = False) -> float:
        """Write lines below ``top`` (inches from the bottom); returns where they end."""
        for line in lines:
            weight = "bold" if bold else "normal"
            place: dict[str, Any] = {"fontsize": size, "fontweight": weight, "va": "top", "ha": "left"}
            self._figure.text(_MARGIN / WIDTH, top / height, line, **place)
            top -= size * _LINE / 72
        return top

    # --- legend ------------------------------------------------------------------------------------------

    def _needs_legend(self) -> bool:
        return len(self._chart.panels[0].parts) > 1

    def _legend(self) -> list[list[tuple[int, str]]]:
        """Rows of (number of the part, its name) that fit beside each other."""
        rows: list[list[tuple[int, str]]] = [[]]
        used = 0.0
        for number, part in enumerate(self._chart.panels[0].parts):
            name = self._shown(part.name)
            wide = 0.45 + self._width(name, TEXT)
            if rows[-1] and used + wide > WIDTH - 2 * _MARGIN:
                rows.append([])
                used = 0.0
            rows[-1].append((number, name))
            used += wide
        return rows

    def _put_legend(self, rows: list[list[tuple[int, str]]], top: float, height: float) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Rectangle

        for row in rows:
            left = _MARGIN
            middle = top - TEXT * _LINE / 144
            for number, name in row:
                if self._chart.shape in (Shape.LINES, Shape.STEPS):
                    ends = [(left + shift) / WIDTH for shift in (0.0, 0.12, 0.24)]
                    key = Line2D(
                        ends, [middle / height] * 3, transform=self._figure.transFigure, markevery=[1], **_line(number)
                    )
                    self._figure.add_artist(key)
                else:
                    corner = (left / WIDTH, (middle - 0.06) / height)
                    box = Rectangle(
                        corner, 0.2 / WIDTH, 0.12 / height, transform=self._figure.transFigure, **_fill(number)
                    )
                    self._figure.add_artist(box)
                self._figure.text((left + 0.3) / WIDTH, middle / height, name, fontsize=TEXT, va="center", ha="left")
                left += 0.45 + self._width(name, TEXT)
            top -= TEXT * _LINE / 72

    # --- panels ------------------------------------------------------------------------------------------

    def _body_height(self) -> float:
        chart = self._chart
        if chart.shape is Shape.BARS:
            bars = 1 if chart.stacked else len(chart.panels[0].parts)
            return len(chart.rows) * (0.2 + 0.19 * bars) + 0.1
        if len(chart.panels) == 1:
            return 2.7
        return len(chart.panels) * 0.95

    def _axis_height(self) -> float:
        return 0.1 if self._chart.shape is Shape.BARS else 0.32

    def _panels(self, height: float, foot: float, body: float) -> None:
        if self._chart.shape is Shape.BARS:
            self._bars(height, foot, body)
            return
        each = body / len(self._chart.panels)
        left = max([0.0, *(self._width(tick.label, TEXT - 1) for tick in self._scale())]) + 0.2
        for number, panel in enumerate(self._chart.panels):
            low = foot + body - (number + 1) * each
            named = TEXT * _LINE / 72 if panel.name else 0.0
            tall = each - named - (0.2 if panel.name else 0.0)
            axes = self._figure.add_axes((left / WIDTH, low / height, 1 - (left + 0.2) / WIDTH, tall / height))
            if panel.name:
                self._lines([self._shown(panel.name)], low + tall + named + 0.05, height, TEXT)
            self._plain(axes)
            self._timed(axes, panel, last=number == len(self._chart.panels) - 1)

    def _scale(self) -> list[_Mark]:
        return [_Mark(tick.at, self._shown(tick.label)) for tick in self._chart.scale]

    def _plain(self, axes: Axes) -> None:
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0, labelsize=TEXT - 1)
        axes.set_axisbelow(True)

    def _bars(self, height: float, foot: float, body: float) -> None:
        """Lying bars: the rows' names at the left, the numbers at the bars' ends."""
        chart, panel = self._chart, self._chart.panels[0]
        names = ["\n".join(self._wrapped(self._shown(row), TEXT, width=_WIDEST_NAME)[:3]) for row in chart.rows]
        left = max(self._width(name, TEXT) for name in names) + _MARGIN + 0.1
        axes = self._figure.add_axes((left / WIDTH, foot / height, 1 - (left + _MARGIN) / WIDTH, body / height))
        self._plain(axes)
        axes.spines["bottom"].set_visible(False)
        axes.spines["left"].set_visible(True)
        places = [float(-row) for row in range(len(chart.rows))]
        highest = max([*self._draw_bars(axes, panel, places, lying=True), 1e-9])
        room = WIDTH - left - _MARGIN
        longest = max(self._width(self._shown(text), TEXT) for text in (*_texts(panel), "")) + 0.12
        axes.set_xlim(0, highest * room / max(room - longest, 0.8))
        axes.set_ylim(places[-1] - 0.6, 0.6)
        axes.set_yticks(places, names)
        axes.set_xticks([])

    def _draw_bars(self, axes: Axes, panel: Panel, places: Sequence[float], *, lying: bool) -> list[float]:
        """Bars beside or upon each other with their numbers; returns how far each row reaches."""
        stacked = self._chart.stacked
        count = 1 if stacked else len(panel.parts)
        gap = min((abs(b - a) for a, b in pairwise(places)), default=1.0)
        thick = gap * (0.66 if lying or len(places) < _MANY else 0.82) / count
        reach = [0.0] * len(places)
        for number, part in enumerate(panel.parts):
            lengths = [value or 0.0 for value in part.values]
            shift = 0.0 if stacked else (number - (count - 1) / 2) * thick
            at = [place - shift if lying else place + shift for place in places]
            start = list(reach) if stacked else [0.0] * len(places)
            if lying:
                axes.barh(at, lengths, height=thick, left=start, **_fill(number))
            else:
                axes.bar(at, lengths, width=thick, bottom=start, **_fill(number))
            if not stacked:
                self._notes(axes, part.texts, at, lengths, lying=lying)
            reach = [a + b if stacked else max(a, b) for a, b in zip(reach, lengths, strict=True)]
        if stacked:
            self._notes(axes, panel.totals, places, reach, lying=lying)
        return reach

    def _timed(self, axes: Axes, panel: Panel, *, last: bool) -> None:
        chart = self._chart
        places = list(chart.places) or [float(row) for row in range(len(chart.rows))]
        lined = chart.shape in (Shape.LINES, Shape.STEPS)
        reach = self._draw_lines(axes, panel, places) if lined else self._draw_bars(axes, panel, places, lying=False)
        marks = self._scale()
        highest = max([reach if isinstance(reach, float) else max(reach), *(mark.at for mark in marks), 1e-9])
        axes.set_ylim(0, highest * (1.14 if any(_texts(panel)) else 1.04))
        axes.set_yticks([mark.at for mark in marks], [mark.label for mark in marks])
        axes.grid(axis="y", color=_FAINT, linewidth=0.7)
        span = places[-1] - places[0] or 1.0
        edge = span * 0.06 if lined else span / max(len(places) - 1, 1) * 0.6
        axes.set_xlim(places[0] - edge, places[-1] + edge)
        if not last:
            axes.set_xticks([])
        elif chart.ticks:
            axes.set_xticks([tick.at for tick in chart.ticks], [self._shown(tick.label) for tick in chart.ticks])
        else:
            axes.set_xticks(places, [self._shown(row) for row in chart.rows])

    def _draw_lines(self, axes: Axes, panel: Panel, places: Sequence[float]) -> float:
        """Lines with their numbers; returns the highest."""
        steps = "steps-post" if self._chart.shape is Shape.STEPS else "default"
        highest = 0.0
        for number, part in enumerate(panel.parts):
            known = [(place, value) for place, value in zip(places, part.values, strict=True) if value is not None]
            style = _line(number) | ({"marker": ""} if len(known) > _MANY else {})
            axes.plot([a for a, _ in known], [b for _, b in known], drawstyle=steps, clip_on=False, **style)
            highest = max([highest, *(value for _, value in known)])
            for row, (place, text) in enumerate(zip(places, part.texts, strict=False)):
                side = "right" if row == len(places) - 1 > 0 else "left" if row == 0 else "center"
                self._note(axes, text, (place, part.values[row] or 0.0), (0, 6), ha=side, va="bottom")
        return highest

    def _notes(
        self, axes: Axes, texts: Sequence[str], places: Sequence[float], ends: Sequence[float], *, lying: bool
    ) -> None:
        for text, place, end in zip(texts, places, ends, strict=False):
            if lying:
                self._note(axes, text, (end, place), (4, 0), ha="left", va="center")
            else:
                self._note(axes, text, (place, end), (0, 3), ha="center", va="bottom")

    def _note(
        self, axes: Axes, text: str, at: tuple[float, float], shift: tuple[int, int], *, ha: str, va: str
    ) -> None:
        if shown := self._shown(text):
            axes.annotate(
                shown, at, shift, textcoords="offset points", ha=ha, va=va, fontsize=TEXT - 0.5, annotation_clip=False
            )


def _texts(panel: Panel) -> list[str]:
    return [*panel.totals, *(text for part in panel.parts for text in part.texts)]


@dataclass(frozen=True, slots=True)
class _Mark:
    at: float
    label: str


def _tall(lines: int, size: float) -> float:
    """Inches that so many lines take."""
    return lines * size * _LINE / 72


def _fill(number: int) -> dict[str, Any]:
    return {
        "facecolor": _COLOURS[number % len(_COLOURS)],
        "hatch": _HATCHES[number % len(_HATCHES)],
        "edgecolor": "white",
        "linewidth": 0.6,
    }


def _line(number: int) -> dict[str, Any]:
    return {
        "color": _COLOURS[(0, 4, 2, 3, 1, 5)[number % 6]],
        "marker": _MARKS[number % len(_MARKS)],
        "linestyle": _DASHES[number % len(_DASHES)],
        "linewidth": 2.0,
        "markersize": 5.0,
    }
