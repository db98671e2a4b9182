from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.sentences import sentence_spans, split_sentences


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            "Lt. Gen. Curtis Buzzard of the U.S. Army met Mr. Rutte on Jan. 5. They agreed.",
            ["Lt. Gen. Curtis Buzzard of the U.S. Army met Mr. Rutte on Jan. 5.", "They agreed."],
        ),
        ("en", "It rose to 4.18 billion. No. 5 came e.g. late.", ["It rose to 4.18 billion.", "No. 5 came e.g. late."]),
        ("en", "He went to the U.S. The talks failed.", ["He went to the U.S.", "The talks failed."]),
        (
            "en",
            '"Why?" he asked. "No." Then J. D. Vance left.',
            ['"Why?" he asked.', '"No."', "Then J. D. Vance left."],
        ),
        ("en", "Well... perhaps. Really?! Yes.", ["Well... perhaps.", "Really?!", "Yes."]),
        ("en", "1. First point. 2. Second.", ["1. First point.", "2. Second."]),
        ("en", "- one. two\n• three", ["- one. two", "• three"]),
        ("en", "A heading\n\nA text.", ["A heading", "A text."]),
        (
            "uk",
            "Японія надала 4 млрд дол. США у 2024 р. Київ подякував.",
            ["Японія надала 4 млрд дол. США у 2024 р.", "Київ подякував."],
        ),
        (
            "uk",
            "Лікарня ім. Шевченка на вул. Хрещатик, т. зв. центр. Так!",
            ["Лікарня ім. Шевченка на вул. Хрещатик, т. зв. центр.", "Так!"],
        ),
        (
            "uk",
            "Сума 6,2 млрд грн. за рік. А. Б. Коваль мовчав.",
            ["Сума 6,2 млрд грн. за рік.", "А. Б. Коваль мовчав."],
        ),
        ("ja", "次は何か？分からない！NATOは3.5%増やす。", ["次は何か？", "分からない！", "NATOは3.5%増やす。"]),
        ("ja", "彼は「行く。必ず。」と言った。そして去った。", ["彼は「行く。必ず。」と言った。", "そして去った。"]),
        ("ja", "首相は「支援を続ける。」「結束する」と述べた。", ["首相は「支援を続ける。」「結束する」と述べた。"]),
        ("ja", "「終わりだ。」\n高市首相（当時。）は話した。", ["「終わりだ。」", "高市首相（当時。）は話した。"]),
        ("ja", "「閉じない引用。次の文。", ["「閉じない引用。", "次の文。"]),
        ("de", "Das ist z.B. so. Ja.", ["Das ist z.B. so.", "Ja."]),
    ],
)
def test_splits_where_readers_would(language: str, text: str, expected: list[str]) -> None:
    assert list(split_sentences(text, language)) == expected


_TEXT = st.text(
    alphabet=st.sampled_from("aB. !?…\n\t0。「」『』（）、日本ハのU.S.млрдЯ,\"'»-"), max_size=120
) | st.text(max_size=80)


@given(text=_TEXT, language=st.sampled_from(["en", "ja", "uk", "de"]))
def test_spans_are_ordered_disjoint_trimmed_and_cover_everything_but_space(text: str, language: str) -> None:
    spans = sentence_spans(text, language)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    "text", ["." * 50_000 + "x", "「" * 50_000 + "。" * 50_000, "「。」" * 30_000, "a. " * 50_000, "!]" * 50_000]
)
def test_hostile_text_is_split_and_nothing_is_lost(text: str) -> None:
    assert "".join(split_sentences(text, "ja")).replace(" ", "") == text.replace(" ", "")
