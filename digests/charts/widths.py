"""How wide texts are drawn, by their letters: to lay a text out anew for each width that is asked took a third of a
chart's time, and letters repeat from chart to chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 16_384
"""Letters kept, each in each size and weight; a Japanese newspaper has some 3,000."""
_letters: dict[tuple[str, float, bool, str], float] = {}
"""Pixels by letter, size (points), weight, and language, which says whose font comes first."""


class Widths:
    """What texts take on a figure; ``language`` is the one that the figure's fonts were chosen for."""

    def __init__(self, figure: Figure, language: str) -> None:
        self._figure = figure
        self._language = language

    def inches(self, text: str, size: float, *, bold: bool = False) -> float:
        """Inches that the widest of a text's lines takes at most: what kerning brings nearer is not taken off."""
        lines = text.split("\n")
        return max(sum(self._pixels(char, size, bold=bold) for char in line) for line in lines) / self._figure.dpi

    def _pixels(self, char: str, size: float, *, bold: bool) -> float:
        key = (char, size, bold, self._language)
        if (known := _letters.get(key)) is None:
            if len(_letters) >= _MOST:
                _letters.clear()
            known = _letters[key] = self._measured(char, size, bold=bold)
        return known

    def _measured(self, char: str, size: float, *, bold: bool) -> float:
        drawn = self._figure.text(0, 0, char, fontsize=size, fontweight="bold" if bold else "normal")
        try:
            return float(drawn.get_window_extent(self._figure.canvas.get_renderer()).width)  # type: ignore[attr-defined]
        finally:
            drawn.remove()
