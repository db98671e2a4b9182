"""Near copies are told from different reports, in every script and at every length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.copies import CopyIndex, Sketch, containment, is_copy, readable, signature, sketch

EN = (
    "Japan will send four officers of the Self-Defense Forces to the NATO command in Wiesbaden that coordinates "
    "aid for Ukraine, the defence ministry said on Friday. The officers will help to organise training and the flow of "
    "equipment. They will take no part in combat, the minister told reporters, and the posting has no fixed end."
)
JA = (
    "防衛省は29日、ウクライナ支援を調整するドイツ・ヴィースバーデンのNATO組織に自衛官4人を派遣すると発表した。"
    "訓練や装備品の輸送の調整にあたり、戦闘には関与しないとしている。派遣の期間は決まっていない。"
)
UK = (
    "Міністерство оборони Японії повідомило, що відправить чотирьох офіцерів до командування НАТО у Вісбадені, "
    "яке координує допомогу Україні. Вони допомагатимуть організовувати навчання й постачання, але не "
    "братимуть участі в боях."
)
OTHER = (
    "Ukraine's energy minister thanked Tokyo for another shipment of generators that reached Odesa before the winter. "
    "The equipment was paid for by a grant that the two governments signed last month, the embassy said in Kyiv."
)


@pytest.mark.parametrize("text", [EN, JA, UK])
def test_a_reprint_with_another_title_and_a_credit_line_is_a_copy(text: str) -> None:
    reprint = f"(Kyodo) {text}\nAll rights reserved."
    assert is_copy(sketch("A title", text), sketch("Quite another title", reprint)) > 0.8


@pytest.mark.parametrize("text", [EN, JA, UK])
def test_a_summary_taken_from_the_text_is_a_copy_of_it(text: str) -> None:
    assert is_copy(sketch("", text[: len(text) // 3]), sketch("", text)) > 0.8


def test_reports_in_other_words_are_no_copies() -> None:
    own_words = (
        "Tokyo plans to post four members of its military at NATO's Ukraine headquarters in Germany. They are to "
        "coordinate training and deliveries, officials said, and will stay out of the fighting."
    )
    assert not is_copy(sketch("", EN), sketch("", own_words))
    assert not is_copy(sketch("", EN), sketch("", OTHER))


def test_the_same_words_with_other_figures_are_no_copy() -> None:
    form = "Partners have now pledged {} billion dollars to the list, {} of them for air defence, NATO said on {} June."
    one, other = (sketch("", form.format(*figures) + EN[120:]) for figures in ((4, 1, 3), (5, 2, 24)))
    assert containment(one, other) > 0.6
    assert not is_copy(one, other)


def test_a_headline_is_a_copy_only_when_nearly_all_of_it_agrees() -> None:
    headline = "Japan to send four officers to NATO command for Ukraine"
    assert is_copy(sketch(headline, ""), sketch(f"{headline} - Kyodo", ""))
    assert not is_copy(sketch(headline, ""), sketch("Japan to send four ambulances to hospital in Ukraine", ""))


def test_containment_of_texts_longer_than_a_sketch_keeps_is_estimated() -> None:
    words = [f"word{number}" for number in range(3000)]
    half = sketch("", " ".join(words[:1500]))
    whole = sketch("", " ".join(words))
    assert containment(half, whole) == pytest.approx(1.0, abs=0.02)
    shifted = sketch("", " ".join(words[750:2250]))
    assert containment(half, shifted) == pytest.approx(0.5, abs=0.12)


def test_a_sketch_survives_the_archive_and_stays_small() -> None:
    data = signature("Title", EN, "en")
    assert readable(data)
    assert containment(Sketch(data), sketch("Title", EN)) == 1.0
    assert len(signature("Title", EN * 40, "en")) <= 4 + 4 * (256 + 16)


@pytest.mark.parametrize("data", [None, b"", b"\x00", bytes((signature("", EN, "en")[0] ^ 1,)) + b"\x00" * 20])
def test_bytes_of_another_version_are_not_read(data: bytes | None) -> None:
    assert not readable(data)


def test_the_index_finds_copies_until_they_are_removed() -> None:
    index = CopyIndex()
    index.add(1, sketch("", EN))
    index.add(2, sketch("", OTHER))
    assert index.candidates(sketch("", "(Reuters) " + EN)) == [1]
    index.remove(1)
    assert index.candidates(sketch("", EN)) == []


def test_many_sketches_added_at_once_are_found_like_single_ones() -> None:
    index = CopyIndex()
    index.add_all(5, [sketch("", EN), sketch("", JA), sketch("", UK)])
    assert [index.candidates(sketch("", text)) for text in (EN, JA, UK)] == [[5], [6], [7]]


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_text_is_wholly_contained_in_itself(title: str, text: str) -> None:
    one = sketch(title, text)
    assert containment(one, sketch(title, text)) == (1.0 if one.total else 0.0)
