"""Which language a text is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.language import detect_language

BY_SCRIPT_AND_LETTERS = {
    "政府はウクライナへの追加支援を決定した。": "ja",
    "防衛省は「NATO Security Assistance and Training for Ukraine（NSATU）」への参加を決めた": "ja",
    "トマホーク": "ja",
    "日本政府宣布向乌克兰提供援助，并讨论北约的作用": "zh",
    "援助の日本政府宣布向乌克兰提供援助并讨论北约的作用和未来计划以及其他重要问题": "zh",
    "일본 정부는 우크라이나 지원을 발표했다": "ko",
    "Уряд Японії ухвалив рішення про підтримку України": "uk",
    "Міністр сказав: «Мы будем помогать», повідомляє агенція з посиланням на його промову в Києві": "uk",
    "Правительство Японии приняло решение о поддержке Украины в рамках программы": "ru",
    "Премьер заявил о помощи. «Слава Україні», — добавил он, выступая в парламенте страны": "ru",
    "Урад Японіі ўхваліў рашэнне аб дапамозе Украіне, сказаў міністр, які быў у Кіеве": "be",
    "Влада Јапана је одобрила помоћ Украјини": "sr",
    "Владата на Јапонија ќе ја помогне Украина": "mk",
    "Правителството на Япония одобри помощ за Украйна, съобщи министърът на външните работи": "bg",
    "Сегодня премьер-министр Японии объявил о новом пакете помощи Украине": "ru",
    "Η κυβέρνηση της Ιαπωνίας": "el",
    "ממשלת יפן": "he",
    "الحكومة اليابانية": "ar",
    "The government of Japan said on Friday that it will join the programme.": "en",
    "Japan’s Self-Defense Forces (自衛隊, じえいたい) joined the exercise, the ministry said": "en",
    "Die japanische Regierung will der Ukraine helfen und hat am Freitag ein neues Paket beschlossen": "de",
    "Le gouvernement japonais a annoncé une aide supplémentaire pour l'Ukraine dans le cadre de l'OTAN": "fr",
    "El gobierno de Japón anunció el viernes una ayuda adicional para Ucrania en el marco de la OTAN": "es",
    "Rząd Japonii ogłosił nowy pakiet pomocy dla Ukrainy, podała w piątek agencja, powołując się na źródła": "pl",
}


@pytest.mark.parametrize(("text", "language"), BY_SCRIPT_AND_LETTERS.items(), ids=BY_SCRIPT_AND_LETTERS.values())
def test_the_text_itself_decides(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(("text", "language"), BY_SCRIPT_AND_LETTERS.items(), ids=BY_SCRIPT_AND_LETTERS.values())
def test_a_wrong_hint_does_not_mislead(text: str, language: str) -> None:
    assert detect_language(text, "ja" if language != "zh" else "en") == language


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("日本政府、追加支援決定", "ja", "ja"),
        ("日本政府、追加支援決定", "zh", "zh"),
        ("日本政府、追加支援決定", "en", "zh"),
        ("Tomahawk", "pl", "pl"),
        ("NATO", "uk", "en"),
        ("Рада схвалила план", "uk", "uk"),
        ("Рада одобрила план", "ru", "ru"),
        ("The government of Japan said on Friday that it will join the programme of the alliance.", "de", "en"),
        ("Il governo giapponese annuncia nuovi aiuti all'Ucraina per la difesa e il settore energetico", "it", "it"),
        ("Japonya ve Ukrayna arasında yeni bir anlaşma imzalandı, hükümet bunu bugün duyurdu", "tr", "tr"),
        ("دولت ژاپن", "fa", "fa"),
        ("2026-05-29 :: 100 %", "uk", "uk"),
        ("2026-05-29 :: 100 %", None, "en"),
        ("", None, "en"),
    ],
)
def test_the_hint_decides_where_the_text_cannot(text: str, hint: str | None, language: str) -> None:
    assert detect_language(text, hint) == language


@given(st.text(max_size=200), st.sampled_from([None, "en", "ja", "uk", "xx"]))
def test_every_text_has_a_language(text: str, hint: str | None) -> None:
    assert len(detect_language(text, hint)) == 2
