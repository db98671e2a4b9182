"""Names that reach a chart from members and feeds: they stay names."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace

import pytest

from digests.charts.draw import draw
from digests.charts.spec import LONGEST_TEXT, Chart, Panel, Part, Shape, check
from digests.errors import ChartError
from tests.attacks.corpus import Case, each

_WORDS = "drawn as they stand, never as a formula"
_BOUNDED = "cut; the picture keeps its size"


@dataclass(frozen=True, kw_only=True)
class Named(Case):
    words: str
    missing: bool = False
    """Whether some of it has no glyph."""


CASES = (
    Named(name="a formula in a chart's title", expected=_WORDS, words="$\\frac{1}{0}$"),
    Named(name="half a formula in a chart's title", expected=_WORDS, words="US$ 5 and $\\notacommand{"),
    Named(name="a formula that includes a file", expected=_WORDS, words="$\\input{/etc/passwd}$"),
    Named(name="patterns of printf and format in a chart's title", expected=_WORDS, words="%s %(x)d {0} {x!r}"),
    Named(name="a title that turns the direction of writing", expected="marks left out", words="\u202ea\u2066b"),
    Named(name="controls, NUL and line breaks in a chart's title", expected="left out", words="a\x00\x1b[31m\n\nb"),
    Named(name="a title without one letter that can be seen", expected="an empty title", words="\u200b\u200d\ufeff"),
    Named(name="a title in scripts that no font here has", expected="boxes, and logged", words="한국", missing=True),
    Named(name="a hundred marks on one letter", expected="a letter with one mark", words="a" + "\u0301" * 100),
    Named(name="a title of a million characters", expected=_BOUNDED, words="NATO " * 200_000),
    Named(name="one word of a thousand letters", expected=_BOUNDED, words="W" * 1_000),
)  # fmt: skip


@pytest.mark.parametrize("case", each(CASES))
@pytest.mark.parametrize("shape", [Shape.BARS, Shape.LINES])
def test_a_name_stays_a_name(case: Named, shape: Shape) -> None:
    parts = (Part(case.words, (1.0, 2.0), (case.words, "")), Part("b", (0.0, 1.0)))
    panels = (Panel(parts, name=case.words),)
    chart = Chart(shape, case.words, case.words, (case.words, "row"), panels, "en", (case.words,))
    drawing = draw(chart.encoded())
    assert base64.b64decode(drawing.png).startswith(b"\x89PNG")
    assert (drawing.width, drawing.height < 3_000) == (1_080, True)
    assert case.missing or drawing.missing == ""
    assert len(case.words) < LONGEST_TEXT or drawing.height < 3_000


def test_numbers_that_are_none_are_refused() -> None:
    chart = Chart(Shape.BARS, "t", "m", ("a",), (Panel((Part("", (float("nan"),)),)),), "en")
    for value in (float("nan"), float("inf")):
        with pytest.raises(ChartError):
            check(replace(chart, panels=(Panel((Part("", (value,)),)),)))
