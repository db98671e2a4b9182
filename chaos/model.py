"""What has to be posted, computed without the bot: from the schedules, and from when the bot could look.

The rule is the README's: a time that spring skips comes right after the gap, one that autumn repeats comes once; of
several missed editions the newest is posted when it is younger than the catch-up window, and says how many earlier ones
it covers. Nothing here is taken from the bot's code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """A digest of the torment. ``times`` are local times of day; empty: at every full hour."""

    id: str
    name: str
    schedule: str
    """As it stands in bot.yaml."""
    zone: str
    times: tuple[tuple[int, int], ...]
    catch_up: timedelta
    destinations: tuple[str, ...]

    def due(self, after: datetime, until: datetime) -> list[datetime]:
        """Its times with ``after < time <= until``, in UTC."""
        return list(_due(self.times, self.zone, after, until))

    def next_after(self, moment: datetime) -> datetime:
        return next(iter(_due(self.times, self.zone, moment, moment + 3 * _DAY)))

    def last_before(self, moment: datetime) -> datetime:
        """The last time before ``moment``."""
        return list(_due(self.times, self.zone, moment - 3 * _DAY, moment - timedelta(seconds=1)))[-1]


def _due(times: Sequence[tuple[int, int]], zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    if not times:
        moment = after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        while moment <= until:
            yield moment
            moment += timedelta(hours=1)
        return
    local = ZoneInfo(zone)
    day = (after.astimezone(local) - _DAY).date()
    while datetime(day.year, day.month, day.day, tzinfo=UTC) - _DAY <= until:
        for hour, minute in times:
            moment = _moment(day.year, day.month, day.day, hour, minute, zone)
            if after < moment <= until:
                yield moment
        day += _DAY


@lru_cache(100_000)
def _moment(year: int, month: int, day: int, hour: int, minute: int, zone: str) -> datetime:
    """The first moment at which clocks in ``zone`` show this time; where none does, the end of the gap."""
    local = ZoneInfo(zone)
    wall = datetime(year, month, day, hour, minute)  # noqa: DTZ001 - a wall clock's time
    first = wall.replace(tzinfo=local, fold=0).astimezone(UTC)
    if first.astimezone(local).replace(tzinfo=None) == wall:
        return first
    # In the gap: walk from before it, minute by minute, to the first moment whose wall clock is past the time.
    moment = wall.replace(tzinfo=local, fold=1).astimezone(UTC) - timedelta(hours=3)
    while moment.astimezone(local).replace(tzinfo=None) < wall:
        moment += timedelta(minutes=1)
    return moment


@dataclass
class Expectation:
    """Which editions have to be posted, and how many earlier ones each covers."""

    plans: Sequence[Plan]
    last: dict[str, datetime] = field(default_factory=dict)
    posted: dict[tuple[str, datetime], int | None] = field(default_factory=dict)
    """(digest, time) → missed. None: nobody can say, since a backup was put back."""
    counts_from: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """Times before this that fold are not counted: months between two weeks are not part of the torment."""
    looked: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    due: int = 0
    folded: int = 0

    def look(self, now: datetime) -> list[tuple[str, datetime]]:
        """The bot looks at the ``now`` of its own clock; returns the editions that it has to post."""
        found = []
        self.looked = now
        for plan in self.plans:
            if plan.id not in self.last:
                # A welcome; it is known by the time that comes after it.
                key = (plan.id, plan.last_before(plan.next_after(now)))
                self.last[plan.id] = now
                self.posted[key] = 0
                self.due += 1
                found.append(key)
                continue
            missed = plan.due(self.last[plan.id], now)
            if not missed:
                continue
            newest = missed[-1]
            if now - newest > plan.catch_up:
                continue
            key = (plan.id, newest)
            self.last[plan.id] = newest
            if key in self.posted:
                continue  # Posted before the archive was lost.
            fresh = [time for time in missed if (plan.id, time) not in self.posted]
            folding = sum(1 for time in fresh if self.counts_from <= time < newest)
            self.due += folding + 1
            self.folded += folding
            self.posted[key] = len(missed) - 1 if len(fresh) == len(missed) else None
            found.append(key)
        return found

    def restored(self, last: Mapping[str, datetime], waiting: Iterable[tuple[str, datetime]]) -> None:
        """A backup was put back, in which these are the newest editions; what waits may cover more now."""
        self.posted.update(dict.fromkeys(waiting, None))
        self.last.update({plan.id: last[plan.id] for plan in self.plans if plan.id in last})

    def next_due(self) -> datetime:
        """When the bot, by its own clock, has something to do next."""
        return min(plan.next_after(max(self.last[plan.id], self.looked)) for plan in self.plans)
