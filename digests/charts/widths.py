"""How wide texts are drawn, by their letters and pairs: to lay a text out anew for each width that is asked took a
third of a chart's time, and letters repeat from chart to chart."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 16_384
"""Letters and pairs kept, each in each size and weight; a Japanese newspaper has some 3,000."""
_UNKERNED = "\u2e80"
"""Ideographs and kana, which begin here, stand at one distance in every font."""
_pieces: dict[tuple[str, float, bool, str], float] = {}
"""Pixels by letter or pair, size (points), weight, and language, which says whose font comes first."""


class Widths:
    """What texts take on a figure; ``language`` is the one that the figure's fonts were chosen for."""

    def __init__(self, figure: Figure, language: str) -> None:
        self._figure = figure
        self._language = language

    def inches(self, text: str, size: float, *, bold: bool = False) -> float:
        """Inches that the widest of a text's lines takes at most: what kerning brings nearer is not taken off, because
        after a letter of another font matplotlib leaves it out."""
        return max(self._line(line, size, bold=bold) for line in text.split("\n")) / self._figure.dpi

    def _line(self, line: str, size: float, *, bold: bool) -> float:
        letters = [self._pixels(char, size, bold=bold) for char in line]
        farther = (
            max(0.0, self._pixels(one + other, size, bold=bold) - wide - other_wide)
            for (one, wide), (other, other_wide) in itertools.pairwise(zip(line, letters, strict=True))
            if max(one, other) < _UNKERNED
        )
        return sum(letters) + sum(farther)

    def _pixels(self, piece: str, size: float, *, bold: bool) -> float:
        key = (piece, size, bold, self._language)
        if (known := _pieces.get(key)) is None:
            if len(_pieces) >= _MOST:
                _pieces.clear()
            known = _pieces[key] = self._measured(piece, size, bold=bold)
        return known

    def _measured(self, piece: str, size: float, *, bold: bool) -> float:
        drawn = self._figure.text(0, 0, piece, fontsize=size, fontweight="bold" if bold else "normal")
        try:
            return float(drawn.get_window_extent(self._figure.canvas.get_renderer()).width)  # type: ignore[attr-defined]
        finally:
            drawn.remove()
