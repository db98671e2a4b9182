"""Coverage over time: what is counted where."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.archive import Archive
from digests.coverage import MOST_BINS, Step, Topic, Trend, bins, trend
from digests.mentions import subject_of
from digests.model import SourceKind
from digests.story import Story, load_story
from tests.fakes.shelf import put_event, put_item

TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"
ALL = Topic()
UTC_ZONE = ZoneInfo("UTC")
MAY, JULY = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def story() -> Story:
    return load_story(TINY)


async def counted(
    archive: Archive, story: Story, topic: Topic = ALL, start: datetime = MAY, end: datetime = JULY,
    zone: ZoneInfo = UTC_ZONE,
) -> Trend:  # fmt: skip
    return await archive.read_at_once(lambda c: trend(c, story, topic, start=start, end=end, zone=zone))


@given(
    start=st.integers(946_684_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    length=st.timedeltas(timedelta(hours=1), timedelta(days=3660)),
    zone=st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Kyiv", "America/New_York"]),
)
def test_bins_follow_each_other_and_hold_the_whole_period(start: datetime, length: timedelta, zone: str) -> None:
    step, edges = bins(start, start + length, ZoneInfo(zone))
    assert all(low < high for low, high in pairwise(edges))
    assert edges[0] <= start.astimezone(ZoneInfo(zone)).date()
    assert edges[-1] > (start + length - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    assert len(edges) <= MOST_BINS + 1
    if step is Step.WEEK:
        assert {day.weekday() for day in edges} == {0}
    if step is Step.MONTH:
        assert {day.day for day in edges} == {1}


def test_short_periods_are_told_by_day_longer_ones_by_week_and_month() -> None:
    steps = [bins(MAY, MAY + timedelta(days=days), UTC_ZONE)[0] for days in (1, 31, 32, 186, 187)]
    assert steps == [Step.DAY, Step.DAY, Step.WEEK, Step.WEEK, Step.MONTH]


async def test_reports_and_developments_are_counted_by_section(either_archive: Archive, story: Story) -> None:
    event = await put_event(either_archive)
    for day in (4, 5, 12):
        when = datetime(2026, 5, day, 12, tzinfo=UTC)
        await put_item(either_archive, sections=["building"], published_at=when, event_id=event, family=f"f{day}")
    await put_item(either_archive, sections=["building", "money"], published_at=datetime(2026, 5, 5, tzinfo=UTC))
    await put_item(either_archive, sections=["building"], published_at=JULY)
    gone = await put_item(either_archive, published_at=datetime(2026, 5, 6, tzinfo=UTC))
    assert gone
    found = await counted(either_archive, story)
    building, money = found.lines
    assert (building.key, money.key) == ("building", "money")
    assert (sum(building.reports), building.total_events, sum(money.reports)) == (4, 2, 1)
    at = found.edges.index(date(2026, 5, 4))
    assert (building.reports[at], building.events[at]) == (3, 2)
    assert found.publishers == 4


async def test_one_section_one_kind_one_subject(archive: Archive, story: Story) -> None:
    when = datetime(2026, 5, 5, tzinfo=UTC)
    await put_item(archive, sections=["building"], published_at=when, text="The ferry stops.")
    await put_item(archive, sections=["money"], published_at=when, kind=SourceKind.OFFICIAL, text="渡し船は止まる。")
    totals = {}
    for name, topic in {
        "section": Topic(section="money"),
        "kind": Topic(kind=SourceKind.OFFICIAL),
        "subject": Topic(subject=subject_of("ferry", story.glossary)),
        "nobody": Topic(subject=subject_of("nobody", story.glossary)),
    }.items():
        (line,) = (await counted(archive, story, topic)).lines
        totals[name] = sum(line.reports)
    assert totals == {"section": 1, "kind": 1, "subject": 2, "nobody": 0}


async def test_a_day_is_the_readers_day(archive: Archive, story: Story) -> None:
    await put_item(archive, sections=["money"], published_at=datetime(2026, 5, 4, 16, tzinfo=UTC))
    start, end = datetime(2026, 5, 3, 15, tzinfo=UTC), datetime(2026, 5, 6, 15, tzinfo=UTC)
    found = await counted(archive, story, Topic(section="money"), start, end, ZoneInfo("Asia/Tokyo"))
    assert dict(zip(found.edges, found.lines[0].reports, strict=False)) == {
        date(2026, 5, 4): 0, date(2026, 5, 5): 1, date(2026, 5, 6): 0,
    }  # fmt: skip


async def test_facts_stand_beside_reports_and_loose_dates_are_told(archive: Archive, story: Story) -> None:
    year = await counted(
        archive, story, Topic(section="building"), datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    )
    counts = dict(zip(year.edges, year.lines[0].facts, strict=False))
    assert counts[date(2025, 3, 1)] == 1
    assert counts[date(2025, 9, 1)] == 1
    month = await counted(
        archive, story, Topic(section="building"), datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 9, 20, tzinfo=UTC)
    )
    assert (sum(month.lines[0].facts), month.undated) == (0, 1)
    assert month.empty


@given(hours=st.lists(st.integers(0, 61 * 24 - 1), max_size=30))
def test_nothing_is_lost_between_bins(hours: list[int]) -> None:
    _, edges = bins(MAY, JULY, UTC_ZONE)
    days = [(MAY + timedelta(hours=hour)).date() for hour in hours]
    assert sum(sum(low <= day < high for low, high in pairwise(edges)) for day in days) == len(days)
