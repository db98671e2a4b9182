"""When editions are due, over both clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.schedule import parse_schedule

KYIV = ZoneInfo("Europe/Kyiv")
NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_weekdays_skip_the_weekend() -> None:
    schedule = parse_schedule("weekdays 08:00", TOKYO)
    friday = at("2026-11-20T00:00")
    assert schedule.next_after(friday) == at("2026-11-22T23:00")  # Monday 08:00 in Tokyo


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("daily 18:30", "30 18 * * *"),
        ("Mon, Thu 09:05", "5 9 * * 1,4"),
        ("weekends 10:00", "0 10 * * 6,0"),
        ("sunday 7:00", "0 7 * * 0"),
        ("hourly", "0 * * * *"),
        ("monthly 1 09:00", "0 9 1 * *"),
        ("*/15 8-18 * * 1-5", "*/15 8-18 * * 1-5"),
    ],
)
def test_short_forms_become_cron_lines(text: str, expression: str) -> None:
    assert parse_schedule(text, KYIV).expression == expression


@pytest.mark.parametrize("text", ["", "weekdays 25:00", "someday 08:00", "8 o'clock", "61 * * * *", "0 0 31 2 *"])
def test_a_wrong_schedule_is_refused_with_a_plain_message(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|not"):
        parse_schedule(text, KYIV)


@pytest.mark.parametrize("zone", [KYIV, NEW_YORK])
@pytest.mark.parametrize("clock", ["02:30", "03:30", "01:30", "08:00", "00:00"])
def test_a_daily_edition_comes_once_a_day_all_year(zone: ZoneInfo, clock: str) -> None:
    schedule = parse_schedule(f"daily {clock}", zone)
    due = schedule.due(at("2026-01-01T12:00"), at("2027-01-01T12:00"))
    days = [time.astimezone(zone).date() for time in due]
    assert len(days) == 365
    assert len(set(days)) == 365


@pytest.mark.parametrize(
    ("zone", "clock", "expected"),
    [
        # Kyiv: 03:00 -> 04:00 on 29 March 2026; New York: 02:00 -> 03:00 on 8 March 2026.
        (KYIV, "daily 03:30", "2026-03-29T01:00"),
        (NEW_YORK, "daily 02:30", "2026-03-08T07:00"),
    ],
)
def test_a_time_that_spring_skips_comes_right_after_the_gap(zone: ZoneInfo, clock: str, expected: str) -> None:
    schedule = parse_schedule(clock, zone)
    moment = at(expected)
    assert schedule.due(moment - timedelta(hours=12), moment + timedelta(hours=12)) == [moment]


@pytest.mark.parametrize(
    ("zone", "clock", "expected"),
    [
        # Kyiv: 04:00 -> 03:00 on 25 October 2026; New York: 02:00 -> 01:00 on 1 November 2026.
        (KYIV, "daily 03:30", "2026-10-25T00:30"),
        (NEW_YORK, "daily 01:30", "2026-11-01T05:30"),
    ],
)
def test_a_time_that_autumn_repeats_comes_once(zone: ZoneInfo, clock: str, expected: str) -> None:
    schedule = parse_schedule(clock, zone)
    moment = at(expected)
    assert schedule.due(moment - timedelta(hours=12), moment + timedelta(hours=12)) == [moment]


@settings(max_examples=60)
@given(
    zone=st.sampled_from([KYIV, NEW_YORK, TOKYO, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Santiago")]),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    days=st.integers(1, 40),
)
def test_due_times_do_not_hang_on_where_one_starts_to_look(
    zone: ZoneInfo, hour: int, minute: int, start: datetime, days: int
) -> None:
    schedule = parse_schedule(f"daily {hour:02}:{minute:02}", zone)
    begin = start.replace(tzinfo=UTC)
    end = begin + timedelta(days=days)
    whole = schedule.due(begin, end)
    assert whole == sorted(set(whole))
    assert abs(len(whole) - days) <= 1
    middle = begin + (end - begin) / 2
    assert schedule.due(begin, middle) + schedule.due(middle, end) == whole
    if whole:
        assert schedule.next_after(begin) == whole[0]
