"""A short round of `make chaos`, and what its verdict rests on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.failpoints import POINTS
from bot.schedule import parse_schedule
from chaos.model import Expectation, Plan
from chaos.torment import AUTUMN, SPRING, Torment
from chaos.verdict import Verdict, judge_alarms
from chaos.world import _ODD

HOURS = timedelta(hours=6)
PLANS = (
    Plan("hourly", "Hourly", "hourly", "UTC", (), HOURS, ()),
    Plan("odd", "Odd", "30 " + ",".join(str(h) for h, _ in _ODD) + " * * *", "Europe/Kyiv", _ODD, HOURS, ()),
    Plan("night", "Night", "daily 01:30", "America/New_York", ((1, 30),), HOURS, ()),
)


@pytest.mark.timeout(300)
async def test_a_short_round_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The real process over both changes of the clock: killed once by chance, and in each by its crash point."""
    seed = 7
    torment = Torment(tmp_path, seed, kills=1, editions=4, say=lambda _: None, points=("delivery.accepted",))
    verdict = await torment.run()
    assert verdict.is_good, verdict.faults
    assert torment.bot.kills == 1
    assert torment.hit == {"delivery.accepted": 2}
    assert verdict.editions >= 8
    assert verdict.posts >= 6 * (verdict.editions - 2)
    assert verdict.line(seed).endswith(f"lost 0 doubled 0 uncertain 0 seed {seed}")


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
@settings(max_examples=30, deadline=None)
@given(hours=st.integers(-400, 400), minutes=st.integers(0, 59), change=st.sampled_from((AUTUMN, SPRING)))
def test_what_is_due_is_what_the_bot_takes_for_due(plan: Plan, hours: int, minutes: int, change: datetime) -> None:
    """Two computations that share no code, over the changes of both clocks."""
    start = change + timedelta(hours=hours, minutes=minutes)
    schedule = parse_schedule(plan.schedule, ZoneInfo(plan.zone))
    assert plan.due(start, start + timedelta(days=2)) == schedule.due(start, start + timedelta(days=2))


def test_the_newest_missed_edition_is_expected_and_the_older_ones_fold() -> None:
    expected = Expectation(PLANS[:1])
    start = datetime(2026, 10, 20, 7, 30, tzinfo=UTC)
    assert expected.look(start) == [("hourly", start.replace(hour=7, minute=0))], "the welcome"
    assert expected.look(start) == []
    late = start.replace(hour=12, minute=10)
    assert expected.look(late) == [("hourly", late.replace(minute=0))]
    assert expected.posted["hourly", late.replace(minute=0)] == 4
    assert (expected.due, expected.folded) == (6, 4)


def test_what_is_older_than_the_catch_up_window_waits_for_the_next() -> None:
    expected = Expectation(PLANS[2:])
    start = datetime(2026, 10, 20, 0, 0, tzinfo=UTC)
    expected.look(start)
    assert expected.look(start + timedelta(days=1, hours=20)) == []
    ((_, time),) = expected.look(start + timedelta(days=2, hours=6))
    assert expected.posted["night", time] == 2


def test_the_verdict_notices_an_alarm_that_is_told_twice() -> None:
    begun, ended = "Kakehashi needs attention\nHourly\n: nothing posted", "Well again\nHourly\n: is posted again"
    for texts, doubled in (([begun, ended, begun, ended], 0), ([begun, begun], 1), ([begun, ended, ended], 1)):
        verdict = Verdict()
        judge_alarms([(float(at), text) for at, text in enumerate(texts)], [], verdict)
        assert verdict.doubled == doubled


def test_the_bot_passes_every_named_point_and_no_other() -> None:
    sources = [path.read_text() for path in (Path(__file__).parents[2] / "bot").rglob("*.py")]
    assert {name for source in sources for name in re.findall(r'passing\("([a-z.]+)"\)', source)} == set(POINTS)
