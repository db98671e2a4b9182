"""Dates as feeds write them, and what to believe of them.

Understood: RFC 822 with numeric, named and odd zones, ISO 8601 in its usual shapes, Japanese dates with Western
years and with era names, and a few others that feeds were seen to use. Where the zone is missing, UTC is taken.
Numeric dates of which day and month cannot be told apart (03/04/2026) are not understood rather than guessed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from digests.model import Dating

FUTURE_TOLERANCE = timedelta(hours=1)
"""How far a publication date may lie ahead: clocks differ, and some sources state when an embargo ends."""
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web there were no feeds: an earlier date is an error of the source."""
_LONGEST = 100

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january січ січня янв января ene enero janv janvier",
            "feb february лют лютого фев февраля febrero fév février",
            "mar march бер березня мар марта marzo mars",
            "apr april кві квітня апр апреля abril avr avril",
            "may тра травня май мая mayo mai",
            "jun june чер червня июн июня junio juin",
            "jul july лип липня июл июля julio juil juillet",
            "aug august сер серпня авг августа agosto août",
            "sep sept september вер вересня сен сентября septiembre septembre",
            "oct october жов жовтня окт октября octubre octobre okt",
            "nov november лис листопада ноя ноября noviembre novembre",
            "dec december гру грудня дек декабря diciembre déc décembre dez",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "mez": 60, "met": 60, "cest": 120,
    "mesz": 120, "mest": 120, "eet": 120, "eest": 180, "msk": 180, "trt": 180, "ist": 330, "hkt": 480, "sgt": 480,
    "awst": 480, "jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780, "est": -300, "edt": -240,
    "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "akst": -540, "akdt": -480,
    "hst": -600,
}  # fmt: skip
"""Minutes east of UTC. CST and IST are the North American and Indian ones (RFC 822 knows only the former)."""
_FARTHEST = 14 * 60
"""Minutes: no zone is farther from UTC; what is stated beyond is ignored."""
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}
"""The year before each era's first."""

_TIME = r"(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\.?(?![a-z]))?"
_TAIL = r"(?P<zone>.*)"
_ISO = re.compile(
    r"(?P<y>\d{4})-?(?P<mo>\d{2})-?(?P<d>\d{2})(?:[t_ ]*(?P<h>\d{2}):?(?P<mi>\d{2})(?::?(?P<s>\d{2})(?:[.,]\d+)?)?"
    r"(?P<half>(?!))?)?(?!\d)" + _TAIL, re.IGNORECASE,
)  # fmt: skip
_DAY_FIRST = re.compile(
    rf"(?:[^\W\d]+\.?,?\s*)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s.-]+(?:de )?(?P<name>[^\W\d]{{3,12}})[.,]?[\s-]*"
    rf"(?P<y>\d{{4}}|\d{{2}})(?!\d)(?:\s*р\.?|\s*г\.?)?[,\s]*(?:(?:at|о|в)\s+)?(?:{_TIME})?{_TAIL}", re.IGNORECASE,
)  # fmt: skip
_MONTH_FIRST = re.compile(
    rf"(?:(?:sun|mon|tue|wed|thu|fri|sat)\w*\.?,?\s+)?(?P<name>[^\W\d]{{3,12}})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"(?:(?:,\s*|\s+)(?P<y>\d{{4}})(?!\d)(?:,|\s+at|\s+-)?\s*(?:{_TIME})?{_TAIL}"
    rf"|\s+(?P<h2>\d{{2}}):(?P<mi2>\d{{2}}):(?P<s2>\d{{2}})\s+(?P<zone2>\D*)\s*(?P<y2>\d{{4}}))", re.IGNORECASE,
)  # fmt: skip
_JAPANESE = re.compile(
    r"(?:(?P<era>令和|平成|昭和)\s*(?P<ey>\d{1,2}|元)|(?P<y>\d{4}))\s*年\s*(?P<mo>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*日"
    r"\s*(?:[(（]?[月火水木金土日][)）]?(?:曜日?)?)?\s*(?P<half>午前|午後)?\s*"
    r"(?:(?P<h>\d{1,2})\s*(?::|時)\s*(?:(?P<mi>\d{1,2})\s*分?)?\s*(?::?(?P<s>\d{2})\s*秒?)?)?" + _TAIL
)
_NUMBERS = re.compile(
    rf"(?P<y>\d{{4}})[/.](?P<mo>\d{{1,2}})[/.](?P<d>\d{{1,2}})(?:[,\sT]+(?:{_TIME}))?{_TAIL}", re.IGNORECASE
)
_DOTTED = re.compile(
    rf"(?P<d>\d{{1,2}})\.(?P<mo>\d{{1,2}})\.(?P<y>\d{{4}})(?!\d)(?:[,\s]+(?:{_TIME}))?{_TAIL}", re.IGNORECASE
)
_SLASHED = re.compile(
    rf"(?P<a>\d{{1,2}})[/-](?P<b>\d{{1,2}})[/-](?P<y>\d{{4}})(?!\d)(?:[,\s]+(?:{_TIME}))?{_TAIL}", re.IGNORECASE
)
_SHAPES = (_DAY_FIRST, _ISO, _MONTH_FIRST, _JAPANESE, _NUMBERS, _DOTTED, _SLASHED)
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?(?!\d)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_FULL_RFC = re.compile(
    r"(?:[A-Za-z]{3}, )?(\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:(GMT|UTC|Z)|([+-])(\d\d)(\d\d))"
)


def settle_date(published: datetime | None, updated: datetime | None, now: datetime) -> tuple[datetime, Dating]:
    """The date to archive an item under, and where it comes from. All times are aware.

    ``published`` counts, else ``updated``. A date more than an hour after ``now`` or before 1990 cannot be; then, as
    without any date, ``now`` (the time of fetching) stands. What the right date would have been is not guessed.
    """
    stated = published or updated
    if stated is None:
        return now, Dating.MISSING
    if stated > now + FUTURE_TOLERANCE or stated < OLDEST:
        return now, Dating.CORRECTED
    return stated, Dating.STATED


def parse_date(text: str) -> datetime | None:
    """The moment (in UTC) that ``text`` states, or None when it states none that is understood."""
    if (found := _FULL_RFC.fullmatch(text)) and (moment := _from_rfc(found)):
        return moment
    if text[10:11] == "T" and (moment := _from_iso(text)):
        return moment
    text = " ".join(unicodedata.normalize("NFKC", text[: 2 * _LONGEST]).split())[:_LONGEST]
    for shape in _SHAPES:
        if (found := shape.match(text)) and (moment := _from_parts(found.groupdict())):
            return moment
    return None


def _from_rfc(found: re.Match[str]) -> datetime | None:
    """The common case, four times as fast as the general one; None when the general way has to be taken."""
    day, name, year, hour, minute, second, _, sign, zone_hours, zone_minutes = found.groups()
    month = _MONTHS.get(name.lower())
    east = 0
    if sign:
        east = (int(zone_hours) * 60 + int(zone_minutes)) * (-1 if sign == "-" else 1)
    if abs(east) > _FARTHEST:
        return None
    return _moment(int(year), month, int(day), int(hour), int(minute), int(second), east)


def _from_iso(text: str) -> datetime | None:
    """The other common case; None when the general way has to be taken."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _from_parts(parts: dict[str, str | None]) -> datetime | None:
    for name in ("h", "mi", "s", "zone", "y"):
        parts[name] = parts.get(name) or parts.get(f"{name}2")
    day, month = _day_and_month(parts)
    zone = parts["zone"] or ""
    return _moment(
        _year(parts), month, day, _hour(parts), int(parts["mi"] or 0), int(parts["s"] or 0), _minutes_east(zone)
    )


def _day_and_month(parts: dict[str, str | None]) -> tuple[int, int | None]:
    if (name := parts.get("name")) is not None:
        name = name.lower()
        return int(parts["d"] or 0), _MONTHS.get(name) or _MONTHS.get(name[:3])
    if (first := parts.get("a")) is not None:
        a, b = int(first), int(parts.get("b") or 0)
        if a > 12 or a == b:
            return a, b
        return b, a if b > 12 else None
    return int(parts["d"] or 0), int(parts["mo"] or 0)


def _year(parts: dict[str, str | None]) -> int:
    if era := parts.get("era"):
        stated = parts["ey"] or ""
        return _ERAS[era] + (1 if stated == "元" else int(stated))
    text = parts["y"] or "0"
    year = int(text)
    if len(text) == 2:  # RFC 2822, 4.3
        year += 2000 if year < 50 else 1900
    return year


def _hour(parts: dict[str, str | None]) -> int:
    hour = int(parts["h"] or 0)
    half = (parts.get("half") or "").lower()
    if half.startswith(("a", "午前")) and hour == 12:
        return 0
    return hour + 12 if half.startswith(("p", "午後")) and hour < 12 else hour


def _minutes_east(zone: str) -> int:
    """Minutes east of UTC that the rest of a date names; 0 when it names none that is known."""
    if found := _OFFSET.search(zone):
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        return (-minutes if found[1] == "-" else minutes) if minutes <= _FARTHEST else 0
    if "日本時間" in zone:
        return _ZONES["jst"]
    return next((_ZONES[word] for word in map(str.lower, _WORD.findall(zone)) if word in _ZONES), 0)


def _moment(year: int, month: int | None, day: int, hour: int, minute: int, second: int, east: int) -> datetime | None:
    """Build the moment; 24:00 and leap seconds are allowed for, impossible dates give None."""
    if month is None or hour > 24 or second > 60:
        return None
    further = timedelta(days=hour // 24) + timedelta(seconds=second // 60)
    try:
        local = datetime(year, month, day, hour % 24, minute, min(second, 59), tzinfo=timezone(timedelta(minutes=east)))
        return (local + further).astimezone(UTC)
    except ValueError:
        return None
    except OverflowError:  # the last or first day of the calendar: certainly wrong, but stated
        return datetime(year, month, day, tzinfo=UTC)
