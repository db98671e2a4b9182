"""When editions are due: pure arithmetic over schedules, zones and both clock changes.

A schedule is a five-field cron expression or a short form that becomes one (``weekdays 08:00``). It is read in its
zone's wall-clock time; every result is in UTC. A time that the spring change skips happens right after the gap; a
time that the autumn change repeats happens once, the first time (cronsim follows Debian's cron here).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_SETS = {"daily": "*", "weekdays": "1-5", "weekends": "6,0"}
_SHORT = re.compile(r"(?P<days>[a-z]+(?:\s*,\s*[a-z]+)*)\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})")
_MONTHLY = re.compile(r"monthly\s+(?P<day>\d{1,2})\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})")
_FORMS = 'a cron line such as "0 8 * * 1-5", or "weekdays 08:00", "daily 18:30", "mon,thu 09:00", "hourly"'


@dataclass(frozen=True, slots=True)
class Schedule:
    """A recurring wall-clock time. ``text`` is what the admin wrote, ``expression`` the cron line behind it."""

    text: str
    expression: str
    zone: ZoneInfo

    def next_after(self, moment: datetime) -> datetime:
        """The first due time strictly after ``moment``, in UTC."""
        return next(self._from(moment))

    def due(self, after: datetime, until: datetime, *, limit: int = 10_000) -> list[datetime]:
        """Due times with ``after < time <= until``, oldest first, at most ``limit`` of them."""
        times = []
        for time in islice(self._from(after), limit):
            if time > until:
                break
            times.append(time)
        return times

    def _from(self, moment: datetime) -> Iterator[datetime]:
        previous = moment.astimezone(UTC)
        for local in CronSim(self.expression, moment.astimezone(self.zone)):
            time = local.astimezone(UTC)
            # Around a clock change one instant must not come out twice, nor time run backwards.
            if time > previous:
                previous = time
                yield time


def parse_schedule(text: str, zone: ZoneInfo) -> Schedule:
    """Read a schedule. Raises ValueError with a plain message that names the forms that are right."""
    cleaned = " ".join(text.lower().split())
    expression = _short_form(cleaned) or cleaned
    try:
        schedule = Schedule(text, expression, zone)
        schedule.next_after(datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"{text!r} is not a schedule; write {_FORMS}") from error
    return schedule


def _short_form(text: str) -> str | None:
    if text == "hourly":
        return "0 * * * *"
    if monthly := _MONTHLY.fullmatch(text):
        return f"{_clock(monthly)} {int(monthly['day'])} * *"
    match = _SHORT.fullmatch(text)
    if match is None:
        return None
    return f"{_clock(match)} * * {_days(match['days'])}"


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        raise ValueError(f"{match['hour']}:{match['minute']} is not a time of day; write 00:00 to 23:59")
    return f"{minute} {hour}"


def _days(words: str) -> str:
    if words in _DAY_SETS:
        return _DAY_SETS[words]
    numbers = []
    for word in re.split(r"\s*,\s*", words):
        if word[:3] not in _DAYS:
            raise ValueError(f"{word!r} is not a day; write daily, weekdays, weekends or days such as mon,thu")
        numbers.append(str((_DAYS.index(word[:3]) + 1) % 7))
    return ",".join(numbers)
