"""Charts as pictures: every shape, three scripts, hostile words."""

from __future__ import annotations

import base64
import struct
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digests.charts import page
from digests.charts.draw import Drawing, draw
from digests.charts.fonts import prepare, style
from digests.charts.page import DPI, WIDTH
from digests.charts.spec import MOST_ROWS, Chart, Panel, Part, Shape, Tick, decoded, nice_steps
from digests.charts.widths import Widths
from digests.errors import ChartError

TWO = (Part("financial", (1.0, 2.5, None), ("1", "2.5", "")), Part("military", (0.5, 0.0, 3.0), ("0.5", "0", "3")))
CHART = Chart(
    shape=Shape.BARS,
    title="Aid by year",
    measure="EUR billion",
    rows=("2022", "2023", "2024"),
    panels=(Panel(TWO, ("1.5", "2.5", "3")),),
    language="en",
    footer=("Source: Institute · Tracker", "Terms: name the institute."),
)


def drawn(chart: Chart) -> Drawing:
    return draw(chart.encoded())


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("stacked", [False, True])
def test_every_shape_is_a_picture_as_wide_as_a_phone_wants_it(shape: Shape, stacked: bool) -> None:
    drawing = drawn(replace(CHART, shape=shape, stacked=stacked, scale=(Tick(0, "0"), Tick(4, "4"))))
    picture = base64.b64decode(drawing.png)
    assert picture.startswith(b"\x89PNG")
    assert (
        struct.unpack(">II", picture[16:24]) == (drawing.width, drawing.height) == (round(WIDTH * DPI), drawing.height)
    )
    assert drawing.missing == ""


def test_panels_make_the_picture_higher() -> None:
    one = replace(CHART, shape=Shape.COLUMNS, stacked=True)
    several = replace(one, panels=tuple(Panel(TWO, name=f"Section {n}") for n in range(6)))
    assert drawn(several).height > drawn(one).height


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("ja", "日本のウクライナ支援〜「割当額」（10億ユーロ）、％・兆円"),
        ("uk", "Допомога: ґанок, їжак, єдність, і ще’ — №"),
        ("en", "€ £ ¥ – — “”"),
    ],
)
def test_every_letter_of_the_three_languages_is_shown(language: str, title: str) -> None:
    for reader in ("en", "ja", "uk"):
        assert drawn(replace(CHART, title=title, measure=language, language=reader)).missing == ""


def test_what_no_font_has_is_a_box_and_is_told() -> None:
    assert drawn(replace(CHART, title="Aid 한국 ✈")).missing == "국한"


def test_a_glyph_that_is_missing_after_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "shown", lambda text, missing: text)
    with pytest.raises(ChartError, match="cannot be shown"):
        drawn(replace(CHART, title="한국"))


@pytest.mark.parametrize("words", ["$\\frac{1}{", "$\\notacommand{x}$", "a $ b $ c", "\\$", "%s %d {0} {x}", "_^{}"])
def test_texts_are_never_formulas(words: str) -> None:
    """matplotlib would refuse most of these as formulas."""
    for shape in Shape:
        rows = (words, *CHART.rows[1:])
        parts = tuple(replace(part, name=words, texts=(words, "", "")) for part in TWO)
        panels = (Panel(parts, (words, "", ""), words),)
        hostile = replace(CHART, shape=shape, title=words, measure=words, rows=rows, panels=panels, footer=(words,))
        assert drawn(hostile).missing == ""


def test_directions_controls_and_line_breaks_change_nothing() -> None:
    clean = drawn(replace(CHART, title="Aid by year"))
    assert drawn(replace(CHART, title="\u202eAid\u2066 by\n\n\x00 year\u200b")).png == clean.png


@pytest.mark.parametrize("language", ["en", "ja", "uk"])
@settings(max_examples=40, deadline=None)
@given(words=st.text("Aid by Year, AVAW To „їжак“ 日本の支援1,234€–", max_size=40), bold=st.booleans())
@example(words="A„", bold=True)  # this pair stands farther apart than its letters
def test_a_line_is_never_wider_than_it_is_measured(language: str, words: str, bold: bool) -> None:
    """What is measured by letters and pairs against what matplotlib lays out."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    prepare()
    with rc_context(style(language, 10.5)):
        figure = Figure(dpi=DPI)
        renderer = FigureCanvasAgg(figure).get_renderer()
        laid_out = figure.text(0, 0, words, fontsize=10.5, fontweight="bold" if bold else "normal")
        wide = laid_out.get_window_extent(renderer).width / DPI
        measured = Widths(figure, language).inches(words, 10.5, bold=bold)
    assert wide <= measured + 1 / DPI
    assert measured <= wide * 1.25 + 1 / DPI


@settings(max_examples=8, deadline=None)
@given(words=st.text(max_size=400))
def test_any_words_are_drawn_within_bounds(words: str) -> None:
    drawing = drawn(replace(CHART, title=words, rows=(words, "b", "c"), footer=(words,)))
    assert drawing.height < 3_000


@settings(max_examples=8, deadline=None)
@given(
    values=st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=40), shape=st.sampled_from(list(Shape))
)
def test_any_numbers_are_drawn(values: list[float], shape: Shape) -> None:
    rows = tuple(map(str, range(len(values))))
    assert drawn(replace(CHART, shape=shape, rows=rows, panels=(Panel((Part("", tuple(values)),)),))).png


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CHART, rows=()),
        replace(CHART, panels=()),
        replace(CHART, panels=(Panel(()),)),
        replace(CHART, panels=(Panel((Part("", (1.0,)),)),)),
        replace(CHART, panels=(Panel(TWO, ("one",)),)),
        replace(CHART, places=(1.0,)),
        replace(CHART, rows=("x",) * (MOST_ROWS + 1), panels=(Panel((Part("", (1.0,) * (MOST_ROWS + 1)),)),)),
        replace(CHART, panels=(Panel((Part("", (1.0, float("inf"), 2.0)),)),)),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong: Chart) -> None:
    with pytest.raises(ChartError):
        drawn(wrong)


def test_what_is_no_chart_is_refused() -> None:
    for payload in (b"", b"[]", b'{"shape": "pie"}'):
        with pytest.raises(ChartError):
            draw(payload)


def test_a_chart_survives_its_way_to_the_process_that_draws() -> None:
    assert decoded(CHART.encoded()) == CHART


@given(highest=st.floats(1e-6, 1e12))
def test_the_marks_of_an_axis_are_round_few_and_reach_the_highest(highest: float) -> None:
    steps = nice_steps(highest)
    assert steps[0] == 0
    assert steps[-1] >= highest * 0.999
    assert len(steps) <= 8


def test_the_bot_starts_without_matplotlib() -> None:
    code = "import bot.run, sys; print([m for m in ('matplotlib', 'numpy', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
