"""Series and trends as members read them: in their language, with source and terms, never by the picture alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.i18n import translator
from bot.message import Context, Image, Message, Table, plain
from bot.present.series import alt_text, series_chart, series_message, source_lines
from bot.present.timeline import timeline_message
from bot.present.trend import trend_chart, trend_message
from digests.charts.draw import draw
from digests.charts.fonts import prepare, shown
from digests.charts.spec import Chart, Shape
from digests.coverage import Line, Step, Topic, Trend
from digests.model import LANGUAGES, Series
from digests.story import Story
from tests.shipped import shipped_story

STORY = shipped_story()
BY_ID = {series.id: series for series in STORY.series}
EACH = [pytest.param(series, id=series.id) for series in STORY.series]


def words_of(message: Message) -> str:
    parts = [plain(block.inlines) for block in message.blocks if isinstance(block, Context)]
    for block in message.blocks:
        if isinstance(block, Table):
            parts += [block.caption, *block.columns, *(plain(cell) for row in block.rows for cell in row)]
    return "\n".join(parts)


def texts_of(chart: Chart) -> list[str]:
    panels = [
        word
        for panel in chart.panels
        for word in (panel.name, *panel.totals, *(t for part in panel.parts for t in (part.name, *part.texts)))
    ]
    marks = [tick.label for tick in (*chart.ticks, *chart.scale)]
    return [chart.title, chart.measure, *chart.rows, *chart.footer, *panels, *marks]


@pytest.mark.parametrize("series", EACH)
def test_every_series_speaks_every_language(series: Series) -> None:
    told = [series.title, series.measure, series.note, *series.columns.values(), *series.labels.values()]
    for words in told:
        assert words is not None
        assert set(words.values) == set(LANGUAGES)
    assert set(series.columns) == set(series.values)


@pytest.mark.parametrize("series", EACH)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_character_of_every_chart_has_a_glyph(series: Series, language: str) -> None:
    prepare()
    missing: set[str] = set()
    for words in texts_of(series_chart(series, STORY, translator(language))):
        shown(words, missing)
    assert missing == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["kiel-japan-yearly", "kiel-japan-cumulative", "nato-cap-japan", "poll-lethal"])
def test_charts_are_drawn_in_every_language(name: str, language: str) -> None:
    drawing = draw(series_chart(BY_ID[name], STORY, translator(language)).encoded())
    assert drawing.missing == ""
    assert 400 < drawing.height < 2_000


@pytest.mark.parametrize("series", EACH)
def test_numbers_never_stand_without_their_source(series: Series) -> None:
    t = translator("en")
    message = series_message(series, STORY, "key", t)
    words = words_of(message)
    named = [series.source.publisher] if series.source.publisher else []
    facts = {fact.id: fact for fact in STORY.facts}
    named += [facts[fact_id].source.publisher for fact_id in series.source.from_facts]
    assert named
    assert all(name in words for name in named)
    assert "Terms: " in words
    assert series.note is not None
    assert series.note.get("en") in words
    assert series_chart(series, STORY, t).footer == tuple(plain(line) for line in source_lines(series, STORY, t))


@pytest.mark.parametrize("series", EACH)
def test_every_number_is_told_in_words(series: Series) -> None:
    (table,) = [b for b in series_message(series, STORY, None, translator("en")).blocks if isinstance(b, Table)]
    told = [cell for row in table.rows for cell in row[1:]]
    wanted = [value for point in series.points for value in (point.get(name) for name in series.values)]
    for cell, value in zip(told, wanted, strict=True):
        said = plain(cell).replace(",", "").removeprefix("about ").removeprefix("over ")
        assert said == "–" if value is None else float(said) == value


def test_the_institutes_numbers_name_it_and_its_terms() -> None:
    words = words_of(series_message(BY_ID["kiel-donors"], STORY, "key", translator("en")))
    assert "Kiel Institute for the World Economy" in words
    assert "ask it before passing the tables on" in words


def test_what_is_stated_in_another_currency_is_not_drawn_as_if_converted() -> None:
    series = BY_ID["nato-cap-japan"]
    chart = series_chart(series, STORY, translator("en"))
    assert [part.values for part in chart.panels[0].parts] == [(30.0, 37.0, None)]
    assert "EUR 15 million, not converted" in chart.rows[2]
    assert "about 37" in alt_text(series, translator("en"))


def test_weak_sources_keep_their_label_under_a_chart() -> None:
    words = words_of(series_message(BY_ID["defence-budget"], STORY, "key", translator("en")))
    assert "state or partisan source" in words
    assert "relayed by a secondary source" in words


@pytest.mark.parametrize("series", EACH)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_description_tells_the_gist(series: Series, language: str) -> None:
    t = translator(language)
    alt = alt_text(series, t)
    assert series.title.get(language) in alt
    assert any(char.isdigit() for char in alt)
    assert len(alt) < 1_024


def test_without_a_picture_the_numbers_stay_and_it_is_said() -> None:
    message = series_message(BY_ID["osa-budget"], STORY, None, translator("en"))
    assert not any(isinstance(block, Image) for block in message.blocks)
    assert "could not be drawn" in words_of(message)
    assert "18.1" in words_of(message)


# --- trends --------------------------------------------------------------------------------------------------

EDGES = (date(2026, 5, 4), date(2026, 5, 11), date(2026, 5, 18))
LINES = (Line("assistance", (3, 1), (2, 1), (0, 1), 3), Line("outlook", (0, 0), (0, 0), (0, 0), 0))
TREND = Trend(Step.WEEK, (EDGES[0], date(2026, 5, 17)), EDGES, LINES, undated=2, publishers=5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_trend_shows_a_panel_a_section_and_says_what_was_counted(language: str) -> None:
    t = translator(language)
    chart = trend_chart(TREND, Topic(), STORY, t)
    assert chart.shape is Shape.COLUMNS
    assert [panel.parts[0].values for panel in chart.panels] == [(3.0, 1.0), (0.0, 0.0)]
    assert draw(chart.encoded()).missing == ""
    message = trend_message(TREND, Topic(), STORY, "key", t)
    (image,) = [block for block in message.blocks if isinstance(block, Image)]
    assert "3" in image.alt
    assert "5" in words_of(message)


def test_a_trend_of_one_thing_is_told_bin_by_bin() -> None:
    t = translator("en")
    one = replace(TREND, lines=LINES[:1])
    (table,) = [
        b for b in trend_message(one, Topic(section="assistance"), STORY, "key", t).blocks if isinstance(b, Table)
    ]
    assert [[plain(cell) for cell in row] for row in table.rows] == [
        ["week of 4 May 2026", "3", "2", "0"],
        ["week of 11 May 2026", "1", "1", "1"],
    ]


def test_a_trend_of_nothing_says_so() -> None:
    message = trend_message(replace(TREND, lines=LINES[1:]), Topic(section="outlook"), STORY, None, translator("en"))
    assert "no coverage" in message.summary
    assert not message.shareable


# --- the timeline's dates --------------------------------------------------------------------------------------


def shown_dates(story: Story, fact_id: str) -> str:
    fact = next(fact for fact in story.facts if fact.id == fact_id)
    message = timeline_message([fact], 1, "x", translator("en"))
    return "\n".join(plain(item.detail) for block in message.blocks for item in getattr(block, "items", ()))


def test_the_timeline_tells_when_the_source_came_out_and_how_sure_a_date_is() -> None:
    assert "published 13 Feb 2026" in shown_dates(STORY, "bg-032")
    assert "only the month is known" in shown_dates(STORY, "dp-014")
    assert "only the year is known" in shown_dates(STORY, "dp-007")
    assert "date inferred" in shown_dates(STORY, "im-002")
    certain = shown_dates(STORY, "bg-004")
    assert not any(word in certain for word in ("published", "known", "inferred"))
