"""Extractive summary: verbatim sentences, and no two bullets that say the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digests.summary import Report, diverse, key_sentence

TEXT = (
    "Reporters gathered at the river early in the morning. The Bridge Authority said builders had finished the third "
    "pillar of the bridge. Coffee was served. The weather was fine for the season, as many people remarked."
)


def test_the_sentence_that_other_reports_share_is_chosen() -> None:
    others = [Report("Pillar", "Builders finished the third pillar, the Bridge Authority said.", "en")]
    chosen = key_sentence(Report("News from the river", TEXT, "en"), others)
    assert chosen == "The Bridge Authority said builders had finished the third pillar of the bridge."


def test_a_sentence_that_only_repeats_the_title_is_left_out() -> None:
    title = "Builders have finished the third pillar of the bridge"
    assert key_sentence(Report(title, f"{title}.", "en")) == ""


def test_japanese_and_ukrainian_sentences_are_chosen_whole() -> None:
    ja = Report("橋の工事", "河川橋梁公社は三本目の橋脚が完成したと発表した。次の工事は七月に始まる予定である。", "ja")
    assert key_sentence(ja) in (
        "河川橋梁公社は三本目の橋脚が完成したと発表した。",
        "次の工事は七月に始まる予定である。",
    )
    uk = Report("Міст", "Управління річкових мостів повідомило про завершення третьої опори. Дощ ущух.", "uk")
    assert key_sentence(uk) == "Управління річкових мостів повідомило про завершення третьої опори."


@given(
    title=st.text(max_size=80),
    text=st.text(max_size=600) | st.just(TEXT),
    language=st.sampled_from(["en", "ja", "uk", "ru", "zh"]),
)
def test_whatever_comes_out_stands_in_the_text(title: str, text: str, language: str) -> None:
    assert key_sentence(Report(title, text, language)) in text


def test_of_two_bullets_that_say_the_same_one_is_enough() -> None:
    texts = [
        ("Builders finish the third pillar of the bridge", "en"),
        ("Builders have finished the bridge's third pillar", "en"),
        ("The grant agreement for the road was signed", "en"),
    ]
    assert diverse(texts, [1.0, 0.98, 0.8], 2) == [0, 2]


@given(
    texts=st.lists(st.tuples(st.text(max_size=40), st.sampled_from(["en", "ja", "uk"])), max_size=12),
    limit=st.integers(0, 6),
    data=st.data(),
)
def test_choices_are_distinct_and_bounded(texts: list[tuple[str, str]], limit: int, data: st.DataObject) -> None:
    relevance = data.draw(st.lists(st.floats(0, 1), min_size=len(texts), max_size=len(texts)))
    chosen = diverse(texts, relevance, limit)
    assert len(chosen) == len(set(chosen)) == min(limit, len(texts))
