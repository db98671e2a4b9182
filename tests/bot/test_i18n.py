"""Three languages: every text translated, every placeholder kept, times as each language writes them."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from bot import catalogues
from bot.adapters.web.strings import strings
from bot.i18n import LANGUAGE_NAMES, format_partial_date, format_time, supported, translator, zone_name
from digests.model import LANGUAGES

TRANSLATED = ("ja", "uk")
SCRIPTS = {"ja": re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]"), "uk": re.compile(r"[\u0400-\u04ff]")}
ENGLISH = re.compile(r"[A-Za-z]+(?:[ ,.;:'’]+[A-Za-z]+){3,}")
"""Four or more Latin words in a row."""
ALLOWED_ENGLISH: frozenset[str] = frozenset()
FORMATS = {"24h、7d、2w、2026-05、2026-05-01..2026-05-31"}
"""Translations that hold no word of any language."""

KYIV, TOKYO, NEW_YORK = ZoneInfo("Europe/Kyiv"), ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")


def entries(language: str) -> Iterator[tuple[Message, tuple[str, ...], tuple[str, ...]]]:
    """Each translation with its source forms and its own."""
    for message in catalogues.load(language):
        if message.id:
            yield message, forms_of(message.id), forms_of(message.string)


def forms_of(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """A text as its plural forms; one when it has none."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


# --- catalogues --------------------------------------------------------------------------------------------


def test_every_language_but_english_has_a_catalogue() -> None:
    assert {path.stem for path in catalogues.LOCALES.glob("*.po")} == set(LANGUAGES) - {"en"}
    assert set(LANGUAGE_NAMES) == set(LANGUAGES)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_the_code_is_translated(language: str) -> None:
    assert catalogues.missing(language) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_has_outlived_its_text(language: str) -> None:
    assert catalogues.unused(language) == []


def test_texts_are_found_in_the_whole_package() -> None:
    found = catalogues.template()
    for text in ("Send", "Which section", ("{n} new item", "{n} new items"), "Only you can see this"):
        assert found.get(text) is not None, text


def test_no_text_is_hidden_from_the_catalogues() -> None:
    """``translator(language)("…")`` translates, but nothing finds the text there: it would stay English."""
    hidden = [
        f"{path.name}:{call.lineno}"
        for path in catalogues.LOCALES.parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Call)
        and isinstance(call.func.func, ast.Name)
        and call.func.func.id == "translator"
        and any(isinstance(argument, ast.Constant) for argument in call.args)
    ]
    assert hidden == []


def test_no_text_begins_or_ends_with_a_space() -> None:
    texts = [form for message in catalogues.template() for form in forms_of(message.id)]
    assert [text for text in texts if text != text.strip()] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_every_placeholder(language: str) -> None:
    wrong = [
        (source[-1], form)
        for _, source, forms in entries(language)
        for form in forms
        if placeholders(form) != placeholders(source[-1])
    ]
    assert wrong == []


def test_singular_and_plural_take_the_same_values() -> None:
    for message in catalogues.template():
        assert len({frozenset(placeholders(form)) for form in forms_of(message.id)}) == 1, message.id


@pytest.mark.parametrize(("language", "plurals"), [("ja", 1), ("uk", 3)])
def test_every_plural_form_of_the_language_is_there(language: str, plurals: int) -> None:
    assert catalogues.load(language).num_plurals == plurals
    for _, source, forms in entries(language):
        assert len(forms) == (plurals if len(source) == 2 else 1), source


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_english_is_left(language: str) -> None:
    left = [
        form
        for _, source, forms in entries(language)
        for form in forms
        if form not in ALLOWED_ENGLISH and (ENGLISH.search(form) or form in source)
    ]
    assert left == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_texts_are_in_the_languages_own_script(language: str) -> None:
    script = SCRIPTS[language]
    long = [form for _, source, forms in entries(language) for form in forms if len(source[0].split()) > 3]
    assert [form for form in long if form not in FORMATS and not script.search(form)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_commands_name_is_never_translated(language: str) -> None:
    for _, source, forms in entries(language):
        named = set(re.findall(r"(?<!\S)/[a-z]+", source[-1]))
        for form in forms:
            assert named <= set(re.findall(r"/[a-z]+", form)), source[-1]


def test_bringing_catalogues_into_step_keeps_translations_and_marks_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    outdated = Catalog(locale="uk")
    outdated.add("Send", "Надіслати")
    outdated.add("A text that the code no longer has", "Зайве")
    with (tmp_path / "uk.po").open("wb") as stream:
        write_po(stream, outdated)
    catalogues.update()
    assert catalogues.unused("uk") == []
    assert "Send" not in catalogues.missing("uk")
    assert "Channels" in catalogues.missing("uk")
    assert f"uk.po: {len(catalogues.missing('uk'))} to translate" in capsys.readouterr().out


@pytest.mark.parametrize("language", TRANSLATED)
def test_bringing_catalogues_into_step_again_changes_nothing(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = catalogues.LOCALES / f"{language}.po"
    copy = shutil.copy(shipped, tmp_path)
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    catalogues.update()
    assert Path(copy).read_text("utf-8") == shipped.read_text("utf-8")


# --- translating -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "words"), [(1, "1 новий матеріал"), (2, "2 нові матеріали"), (5, "5 нових матеріалів"),
                     (11, "11 нових матеріалів"), (21, "21 новий матеріал"), (0, "0 нових матеріалів")],
)  # fmt: skip
def test_ukrainian_counts_in_three_forms(n: int, words: str) -> None:
    assert translator("uk").n("{n} new item", "{n} new items", n) == words


@pytest.mark.parametrize("n", [0, 1, 2, 21])
def test_japanese_counts_in_one_form(n: int) -> None:
    assert translator("ja").n("{n} new item", "{n} new items", n) == f"新着{n}件"


@pytest.mark.parametrize(("n", "words"), [(0, "0 new items"), (1, "1 new item"), (21, "21 new items")])
def test_english_counts_in_two_forms(n: int, words: str) -> None:
    assert translator("en").n("{n} new item", "{n} new items", n) == words


def test_values_are_filled_in_and_never_read_as_templates() -> None:
    assert translator("ja")("Timeline: {name}", name="{0} {evil}") == "年表：{0} {evil}"
    assert translator("en")("Timeline: {name}", name="x") == "Timeline: x"


def test_a_text_without_a_translation_stays_english() -> None:
    assert translator("uk")("No such text") == "No such text"


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("uk", "uk"),
        ("uk-UA", "uk"),
        ("UK_ua", "uk"),
        ("ja-JP-u-ca-japanese", "ja"),
        ("en-US", "en"),
        ("fr", "en"),
        ("ukrainian", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_closest_language_is_taken(asked: str | None, language: str) -> None:
    assert supported(asked) == language


def test_a_translator_says_which_language_it_speaks() -> None:
    assert translator("uk-UA").language == "uk"
    assert translator("fr").language == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_page_is_there(language: str) -> None:
    texts = strings(translator(language))
    assert [name for name, words in texts.items() if not words.strip()] == []
    assert "{why}" in texts["failed"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_the_page_is_in_its_language(language: str) -> None:
    english, own = strings(translator("en")), strings(translator(language))
    assert [name for name in english if own[name] == english[name]] == []


# --- times -------------------------------------------------------------------------------------------------

SUMMER = datetime(2026, 6, 1, 6, 5, tzinfo=UTC)


def spaced(text: str) -> str:
    """With ordinary spaces: which narrow or unbreakable one stands where differs between CLDR's releases."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [
        ("en", KYIV, "1 Jun 2026, 09:05 EEST"),
        ("ja", TOKYO, "2026年6月1日 15:05 JST"),
        ("uk", KYIV, "1 черв. 2026 р., 09:05 EEST"),
        ("uk", NEW_YORK, "1 черв. 2026 р., 02:05 EDT"),
        ("en", ZoneInfo("UTC"), "1 Jun 2026, 06:05 UTC"),
        ("fr", TOKYO, "1 Jun 2026, 15:05 JST"),
    ],
)
def test_a_moment_is_written_as_the_language_writes_it(language: str, zone: ZoneInfo, words: str) -> None:
    assert spaced(format_time(SUMMER, language, zone)) == words


@pytest.mark.parametrize(("language", "day"), [("en", "1 Jun 2026"), ("ja", "2026年6月1日"), ("uk", "1 черв. 2026 р.")])
def test_a_date_names_no_zone(language: str, day: str) -> None:
    assert spaced(format_time(SUMMER, language, KYIV, "date")) == day


def test_a_date_is_the_readers_own() -> None:
    late = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)
    assert format_time(late, "en", TOKYO, "date") == "1 Jun 2026"
    assert format_time(late, "en", NEW_YORK, "date") == "31 May 2026"


@pytest.mark.parametrize(
    ("zone", "before", "texts"),
    [
        (KYIV, datetime(2026, 3, 29, 0, 59, tzinfo=UTC), ("02:59 EET", "04:00 EEST")),
        (KYIV, datetime(2026, 10, 25, 0, 59, tzinfo=UTC), ("03:59 EEST", "03:00 EET")),
        (NEW_YORK, datetime(2026, 3, 8, 6, 59, tzinfo=UTC), ("01:59 EST", "03:00 EDT")),
        (NEW_YORK, datetime(2026, 11, 1, 5, 59, tzinfo=UTC), ("01:59 EDT", "01:00 EST")),
        (TOKYO, datetime(2026, 3, 29, 0, 59, tzinfo=UTC), ("09:59 JST", "10:00 JST")),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clock_change_shows_in_the_zones_name(
    language: str, zone: ZoneInfo, before: datetime, texts: tuple[str, str]
) -> None:
    moments = (before, before + timedelta(minutes=1))
    assert tuple(format_time(at, language, zone, "time") for at in moments) == texts


def test_a_repeated_hour_is_told_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    again = first + timedelta(hours=1)
    assert format_time(first, "en", KYIV) == "25 Oct 2026, 03:30 EEST"
    assert format_time(again, "en", KYIV) == "25 Oct 2026, 03:30 EET"


def test_a_zone_without_a_short_name_is_its_offset() -> None:
    assert zone_name(SUMMER, "en", ZoneInfo("America/Sao_Paulo")) == "UTC-03"
    assert zone_name(SUMMER, "uk", ZoneInfo("Asia/Kathmandu")) == "UTC+0545"


@pytest.mark.parametrize(
    ("language", "past", "future"),
    [("en", "3 days ago", "in 3 days"), ("ja", "3 日前", "3 日後"), ("uk", "3 дні тому", "через 3 дні")],
)
def test_a_distance_in_time_says_its_direction(language: str, past: str, future: str) -> None:
    present = datetime.now(UTC)
    assert format_time(present - timedelta(days=3, minutes=5), language, KYIV, "relative") == past
    assert format_time(present + timedelta(days=3, minutes=5), language, KYIV, "relative") == future


@pytest.mark.parametrize(
    ("text", "english", "japanese", "ukrainian"),
    [
        ("2026", "2026", "2026年", "2026"),
        ("2026-05", "May 2026", "2026年5月", "трав. 2026 р."),
        ("2026-05-29", "29 May 2026", "2026年5月29日", "29 трав. 2026 р."),
        ("2026-12", "Dec 2026", "2026年12月", "груд. 2026 р."),
    ],
)
def test_a_date_is_as_exact_as_it_is_known(text: str, english: str, japanese: str, ukrainian: str) -> None:
    shown = [spaced(format_partial_date(text, language)) for language in LANGUAGES]
    assert shown == [english, japanese, ukrainian]


def test_no_text_for_translation_hides_inside_an_f_string() -> None:
    """The extraction does not look there, so such a text would stay English."""
    hidden = re.compile(r"""\bf(["'])(?:(?!\1).)*\{[^{}]*\bt\(["']""")
    root = Path(__file__).parents[2] / "bot"
    found = [
        f"{path.relative_to(root)}:{number}"
        for path in root.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if hidden.search(line)
    ]
    assert found == []
