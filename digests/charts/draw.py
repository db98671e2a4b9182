"""Charts drawn with matplotlib. Runs in a process of its own (see :mod:`digests.charts.gallery`): importing matplotlib
takes a second and 60 MB, and it is not safe to use from several threads. Object-oriented, on Agg; never pyplot.

Texts are never read as formulas.
"""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass

from digests.charts.fonts import prepare, style
from digests.charts.page import DPI, TEXT, WIDTH, Page
from digests.charts.spec import decoded
from digests.errors import ChartError


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture. ``png`` is base64; ``missing`` holds the characters that no font has (a box stands for each)."""

    png: str
    width: int
    height: int
    missing: str


def draw(payload: bytes) -> Drawing:
    """Draw a chart (its JSON). Raises :class:`ChartError`; a glyph that is missing after all is such an error."""
    chart = decoded(payload)
    prepare()
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    page = Page(chart)
    with mpl.rc_context(style(chart.language, TEXT)), warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph")
        figure = Figure(figsize=(WIDTH, 3.0), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        try:
            page.onto(figure)
            stream = io.BytesIO()
            figure.savefig(stream, format="png", metadata={"Software": None})
        except UserWarning as warning:
            raise ChartError(f"a character cannot be shown: {warning}") from warning
        width, height = figure.canvas.get_width_height()
    png = base64.b64encode(stream.getvalue()).decode("ascii")
    return Drawing(png, width, height, "".join(sorted(page.missing)))
