"""Texts and times in the reader's language: gettext catalogues (``bot/locale/<language>.po``) and CLDR formats.

English source texts are the message ids. ``t = translator("uk")``; ``t("Sections")``;
``t("Since {date}", date=…)``; ``t.n("{n} source", "{n} sources", n)`` chooses the plural by the language's rule.
Texts declared before a language is known are marked with :func:`N_`.
"""

from __future__ import annotations

import gettext
import io
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

from digests.model import LANGUAGES

LANGUAGE_NAMES = {"en": "English", "ja": "日本語", "uk": "Українська"}
_LOCALES = {"en": "en_GB", "ja": "ja_JP", "uk": "uk_UA"}
_DATE_FORMATS: dict[str, Literal["medium", "long"]] = {"en": "medium", "ja": "long", "uk": "medium"}
"""Japanese newspapers write 2026年6月30日, which CLDR calls long."""
_DAY_AND_CLOCK = {"en": ", ", "ja": " ", "uk": ", "}


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a text for the catalogues without translating it yet."""
    return text


def supported(language: str | None) -> str:
    """The closest language that has a catalogue: ``uk-UA`` -> ``uk``; English when there is none."""
    code = (language or "en").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else "en"


class Translator:
    """Callable that translates and fills in; ``language`` is the catalogue's."""

    def __init__(self, language: str) -> None:
        self.language = supported(language)
        self._catalogue = _catalogue(self.language)

    def __call__(self, text: str, /, **values: Any) -> str:
        translated = self._catalogue.gettext(text)
        return translated.format(**values) if values else translated

    def n(self, one: str, many: str, n: int, /, **values: Any) -> str:
        """The plural form for ``n``; the text may hold ``{n}``."""
        return self._catalogue.ngettext(one, many, n).format(n=n, **values)


@lru_cache
def translator(language: str) -> Translator:
    return Translator(language)


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    source = files("bot").joinpath("locale", f"{language}.po")
    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def format_time(
    at: datetime,
    language: str,
    zone: ZoneInfo,
    style: Literal["date", "time", "datetime", "relative"] = "datetime",
) -> str:
    """A moment as the language writes it, in ``zone``, the zone named unless only the date is shown."""
    from babel import dates

    locale = _LOCALES[supported(language)]
    local = at.astimezone(zone)
    if style == "date":
        return dates.format_date(local.date(), format=_DATE_FORMATS[supported(language)], locale=locale)
    if style == "relative":
        delta: timedelta = at - datetime.now(at.tzinfo)
        return dates.format_timedelta(delta, add_direction=True, locale=locale)
    clock = f"{dates.format_time(local, format='HH:mm', locale=locale)} {zone_name(at, language, zone)}"
    if style == "time":
        return clock
    day = dates.format_date(local.date(), format=_DATE_FORMATS[supported(language)], locale=locale)
    return f"{day}{_DAY_AND_CLOCK[supported(language)]}{clock}"


def zone_name(at: datetime, language: str, zone: ZoneInfo) -> str:
    """The zone's short name at that moment: ``JST``, ``EET``, else its offset."""
    name = at.astimezone(zone).tzname() or zone.key
    return f"UTC{name}" if name[:1] in "+-" else name


@lru_cache(4_096)
def format_partial_date(text: str, language: str) -> str:
    """A date of year, month or day precision (``2026``, ``2026-05``, ``2026-05-29``) as the language writes it."""
    from babel import dates

    locale = _LOCALES[supported(language)]
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 3:
        return dates.format_date(date(*parts), format=_DATE_FORMATS[supported(language)], locale=locale)
    first = date(parts[0], parts[1] if len(parts) == 2 else 1, 1)
    skeleton = "yMMM" if len(parts) == 2 else "y"
    return str(dates.format_skeleton(skeleton, datetime(first.year, first.month, 1), locale=locale))  # noqa: DTZ001


def format_day(day: date, language: str) -> str:
    """A day without its year, short: ``29 May``, ``5月29日``, ``29 трав.``"""
    from babel import dates

    at = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day has no zone
    return str(dates.format_skeleton("MMMd", at, locale=_LOCALES[supported(language)]))


def format_number(value: float, language: str, most: int = 4, least: int = 0) -> str:
    """A number as the language writes it, with ``least`` to ``most`` decimals."""
    from babel import numbers

    decimals = "0" * least + "#" * (most - least)
    pattern = f"#,##0.{decimals}" if decimals else "#,##0"
    return str(numbers.format_decimal(value, format=pattern, locale=_LOCALES[supported(language)]))


def format_size(size: int, language: str) -> str:
    """Bytes as the language writes kilobytes or megabytes of 1,000: ``91 kB``, ``1,4 МБ``; at least one kilobyte."""
    from babel import units

    locale = _LOCALES[supported(language)]
    if size < 999_500:
        return str(units.format_unit(max(1, round(size / 1000)), "digital-kilobyte", length="short", locale=locale))
    return str(units.format_unit(round(size / 1_000_000, 1), "digital-megabyte", length="short", locale=locale))
