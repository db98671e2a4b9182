"""Field types that every file admins edit shares: texts, ids, languages, durations, links, times and zones.

Their messages are written for admins: what is wrong, and in ``cure`` what would be right.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from digests.model import LANGUAGES, Localized

_DURATION = re.compile(r"([0-9]{1,5})\s*(s|m|h|d|w)")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_PARTIAL_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


def wrong(what: str, cure: str, *, at: str = "") -> PydanticCustomError:
    """A validator's refusal in plain words; becomes a :class:`~digests.errors.Problem` with its place.

    ``at`` names the key within the refused value that is to blame.
    """
    return PydanticCustomError("wrong", "{what}", {"what": what, "cure": cure, "at": at})


class Strictly(BaseModel):
    """Base of the models of files: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _text(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        raise wrong(f"{_shown(value)} is not text here", f'Put it in quotes: "{_shown(value)}".')
    return value


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), BeforeValidator(_text)]
"""Text that is there; numbers and booleans are asked to be quoted."""

_ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"


def _identifier(value: str) -> str:
    if re.fullmatch(_ID_PATTERN, value) is None:
        better = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:40]
        cure = "Use small Latin letters, digits and hyphens, at most 40" + (f", such as {better!r}." if better else ".")
        raise wrong(f"{value!r} is not an id", cure)
    return value


Id = Annotated[
    Text,
    AfterValidator(_identifier),
    WithJsonSchema({"type": "string", "pattern": _ID_PATTERN, "description": "Small letters, digits, hyphens."}),
]

Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]


class Texts(Strictly):
    """One text in several languages; English is always needed, the story's other languages too."""

    en: Text = Field(description="English.")
    ja: Text | None = Field(None, description="Japanese.")
    uk: Text | None = Field(None, description="Ukrainian.")

    def localized(self) -> Localized:
        return Localized({code: text for code in LANGUAGES if (text := getattr(self, code))})


def _language(value: str) -> str:
    if re.fullmatch(r"[a-z]{2}", value) is None:
        raise wrong(f"{value!r} is not a language code", "Use two small letters (ISO 639-1), such as en, ja or uk.")
    return value


Language = Annotated[Text, AfterValidator(_language), WithJsonSchema({"type": "string", "pattern": "^[a-z]{2}$"})]
"""Any language that an item may be in, ISO 639-1."""


def parse_duration(value: str) -> timedelta:
    """``30m``, ``6h``, ``2d``, ``1w``, ``90s``. Raises ValueError."""
    match = _DURATION.fullmatch(value.strip().lower())
    if match is None or not int(match[1]):
        raise ValueError(f"{value!r} is not a duration")
    return int(match[1]) * _UNITS[match[2]]


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_duration(str(value))
    except ValueError as error:
        unit = "; a number alone has no unit" if isinstance(value, int) else ""
        raise wrong(f"{value!r} is not a duration{unit}", "Write a number and a unit: 30m, 6h, 2d or 1w.") from error


def format_duration(value: timedelta) -> str:
    """A duration as admins write it, in the largest unit that fits: ``6h``, ``400d``."""
    whole = next(unit for unit in reversed(_UNITS) if unit != "w" and not value % _UNITS[unit])
    return f"{value // _UNITS[whole]}{whole}"


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,5}\s*[smhdw]$", "examples": ["30m", "6h", "2d"]}),
]


def _link(value: str) -> str:
    try:
        parts = urlsplit(value)
        # Reading the port checks it.
        _ = parts.port
    except ValueError as error:
        raise wrong(f"{value!r} is not an address", "Write a full address that begins with https://.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise wrong(f"{value!r} is not an http(s) address", "Write a full address that begins with https://.")
    if parts.username or parts.password:
        raise wrong("the address carries a user name or password", "Remove what stands before the @.")
    return value


Link = Annotated[
    Text, AfterValidator(_link), WithJsonSchema({"type": "string", "format": "uri", "pattern": "^https?://"})
]


def _partial_date(value: Any) -> str:
    cure = 'Write "2026", "2026-05" or "2026-05-29", in quotes.'
    if not isinstance(value, str) or _PARTIAL_DATE.fullmatch(value) is None:
        raise wrong(f"{value!r} is not a date", cure)
    parts = [int(part) for part in value.split("-")] + [1, 1]
    try:
        date(parts[0], parts[1], parts[2])
    except ValueError as error:
        raise wrong(f"{value!r} is no day of the calendar", cure) from error
    return value


PartialDate = Annotated[
    str,
    PlainValidator(_partial_date),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$", "examples": ["2026-05-29"]}),
]
"""YYYY, YYYY-MM or YYYY-MM-DD, kept as text."""


def _day(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise wrong(f"{value!r} is not a day", "Write it as 2026-06-30.")


Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (KeyError, ValueError, OSError) as error:
        raise wrong(f"{value!r} is not a time zone", _zone_cure(value)) from error


def _zone_cure(value: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    names = {name.lower(): name for name in available_timezones()}
    wanted = value.lower().replace(" ", "_")
    close = names.get(wanted) or next((names[n] for n in get_close_matches(wanted, names, 1, 0.75)), None)
    by_city = next((name for low, name in sorted(names.items()) if low.rpartition("/")[2] == wanted), None)
    if found := by_city or close:
        return f"Did you mean {found}?"
    return "Write a name such as Europe/Kyiv, Asia/Tokyo or UTC."


Zone = Annotated[Text, AfterValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Kyiv", "UTC"]})]
"""An IANA time zone name."""
