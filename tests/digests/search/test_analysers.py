from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.search.analysers import group_of, tokens, words_of


def shared(first: tuple[str, str], second: tuple[str, str]) -> set[str]:
    return set(tokens(*first)) & set(tokens(*second))


@pytest.mark.parametrize(
    ("text", "language", "token"),
    [
        ("4 billion", "en", "n4000000000"),
        ("4.18 billion", "en", "n4180000000"),
        ("USD 30m", "en", "n30000000"),
        ("$30 million", "en", "n30000000"),
        ("1,150 people", "en", "n1150"),
        ("four officers", "en", "n4"),
        ("4 млрд", "uk", "n4000000000"),
        ("3,24 млрд єн", "uk", "n3240000000"),
        ("2 593 особи", "uk", "n2593"),
        ("чотирьох офіцерів", "uk", "n4"),
        ("40億円", "ja", "n4000000000"),
        ("４０億ドル", "ja", "n4000000000"),
        ("3000万ドル", "ja", "n30000000"),
        ("1兆2000億円規模", "ja", "n1200000000000"),
        ("四人の自衛官", "ja", "n4"),
        ("令和8年", "ja", "n2026"),
        ("令和元年", "ja", "n2019"),
        ("2026年", "ja", "n2026"),
        ("USD 30m", "en", "usd"),
        ("30 млн доларів", "uk", "usd"),
        ("3000万ドル", "ja", "usd"),
        ("¥4 billion", "en", "jpy"),
        ("2% of GDP", "en", "pct"),
    ],
)
def test_numbers_and_money_become_one_token_in_every_language(text: str, language: str, token: str) -> None:
    assert token in tokens(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [("10 February 2026", "en"), ("February 10, 2026", "en"), ("2026-02-10", "en"), ("10 лютого 2026 року", "uk"),
     ("2026年2月10日", "ja"), ("令和８年２月１０日", "ja")],
)  # fmt: skip
def test_a_date_is_the_same_however_it_is_written(text: str, language: str) -> None:
    assert {"d10", "m02", "n2026"} <= set(tokens(text, language))


def test_months_that_are_words_too_count_only_beside_a_number_or_preposition() -> None:
    assert "m05" in tokens("It met in May.", "en")
    assert "m03" in tokens("on 3 March", "en")
    assert "m05" not in tokens("May I come? It may rain.", "en")


def test_acronyms_survive_the_stop_words() -> None:
    assert tokens("The US and the WHO told us who it is; IT", "en") == ["us", "who", "told", "it"]
    assert "us" in tokens("U.S. troops", "en")
    assert {"pac3", "sagu", "sakhalin2"} <= set(tokens("PAC-3 SAG-U Sakhalin-2", "en"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("日本政府はUSとの協議について発表した", "us"),
        ("陸上自衛隊はITの分野で協力する", "it"),
        ("探知機のALISをウクライナへ", "alis"),
    ],
)
def test_capitals_among_letters_without_case_are_no_headline(text: str, kept: str) -> None:
    assert kept in tokens(text, "ja")
    assert kept in [token for word in words_of(text, "ja") for token in word.tokens]


def test_a_headline_in_capitals_is_read_as_words() -> None:
    assert tokens("JAPAN SENDS OFFICERS TO NATO", "en") == tokens("Japan sends officers to NATO".lower(), "en")


@pytest.mark.parametrize(
    ("first", "second"),
    [("defence programme", "defense program"), ("organised", "organized"), ("Zelenskyy", "Zelensky"),
     ("Japanese", "Japan"), ("Ukrainian", "Ukraine"), ("exports", "exporting")],
)  # fmt: skip
def test_english_spellings_and_forms_meet(first: str, second: str) -> None:
    assert tokens(first, "en") == tokens(second, "en")


@pytest.mark.parametrize(
    "forms",
    ["Японія Японії Японією японський", "офіцер офіцери офіцерів офіцерам", "Вісбаден Вісбадені",
     "допомога допомоги допомозі",
     "санкції санкцій санкціями", "Київ Києва Києві", "приєднатися приєднався приєдналася",
     "летальна летальної летальну",
     "внесок внеску внески", "безпека безпеки безпеці", "фонд фонду фондів"],
)  # fmt: skip
def test_forms_of_a_ukrainian_word_share_their_stem(forms: str) -> None:
    stems = {tuple(tokens(form, "uk")) for form in forms.split()}
    assert len(stems) == 1


def test_japanese_becomes_bigrams_with_katakana_whole_and_no_hiragana() -> None:
    assert tokens("自衛隊をウクライナに派遣した。", "ja") == ["自衛", "衛隊", "ウクライナ", "派遣"]
    assert shared(("ヴィースバーデン", "ja"), ("ビースバーデン", "ja"))


def test_latin_words_meet_across_languages() -> None:
    assert "purl" in shared(("PURLへの参加", "ja"), ("участь у PURL", "uk"))
    assert "purl" in shared(("PURLへの参加", "ja"), ("Japan joins PURL", "en"))


def test_other_languages_go_to_their_own_group() -> None:
    assert group_of("de") == "other"
    assert group_of("zh") == "ja"
    assert tokens("Die Panzer wurden geliefert", "de")


@given(text=st.text(max_size=120), language=st.sampled_from(["en", "ja", "uk", "de", "ru", "xx"]))
def test_tokens_hold_letters_and_digits_only_and_words_of_agrees(text: str, language: str) -> None:
    found = tokens(text, language)
    assert all(token and not any(c.isspace() or c in "\"'()*:^{}+-" for c in token) for token in found)
    assert [token for word in words_of(text, language) for token in word.tokens] == found


def test_words_of_keeps_number_and_scale_together() -> None:
    words = words_of("How much of USD 4.5 billion?", "en")
    assert [word.surface for word in words if "n4500000000" in word.tokens] == ["4.5 billion"]


def test_several_threads_tokenise_alike() -> None:
    text = "Japan announced four officers for NSATU in Wiesbaden. " * 5
    expected = tokens(text, "en")
    wrong: list[list[str]] = []

    def work() -> None:
        for _ in range(200):
            if tokens(text, "en") != expected:
                wrong.append([])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
