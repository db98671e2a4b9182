"""Dates as feeds write them, and which of them are believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.ingest.dates import OLDEST, parse_date, settle_date
from digests.model import Dating

FIRST, LAST = datetime(1970, 1, 1), datetime(2099, 1, 1)  # noqa: DTZ001 - wall-clock times, as in a feed
NOW = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)

READ = {
    "Fri, 29 May 2026 10:00:00 GMT": "2026-05-29 10:00",
    "Fri, 29 May 2026 10:00:00 +0900": "2026-05-29 01:00",
    "29 May 2026 10:00:00 -0430": "2026-05-29 14:30",
    "Mon, 29 May 2026 10:00 JST": "2026-05-29 01:00",
    "Fri, 29 May 2026 10:00:00 EST": "2026-05-29 15:00",
    "Fri, 29 May 2026 10:00:00 EEST": "2026-05-29 07:00",
    "Fri, 29 May 2026 10:00:00 MSK": "2026-05-29 07:00",
    "Fri, 29 May 2026 10:00:00 GMT+9": "2026-05-29 01:00",
    "Fri, 29 May 2026 10:00:00 UTC+03:00": "2026-05-29 07:00",
    "Fri, 29 May 2026 10:00:00 Z": "2026-05-29 10:00",
    "Fri, 29 May 2026 10:00:00": "2026-05-29 10:00",
    "Fri,29 May 2026 10:00:00 XYZ": "2026-05-29 10:00",
    "Fri, 29 May 26 10:00:00 GMT": "2026-05-29 10:00",
    "29-May-2026 10:00": "2026-05-29 10:00",
    "Friday, 29 May, 2026": "2026-05-29 00:00",
    "2026-05-29": "2026-05-29 00:00",
    "20260529": "2026-05-29 00:00",
    "2026-05-29T10:00Z": "2026-05-29 10:00",
    "2026-05-29T10:00:00.123456789+09:00": "2026-05-29 01:00",
    "2026-05-29T10:00:00+0900": "2026-05-29 01:00",
    "2026-05-29T10:00:00-09": "2026-05-29 19:00",
    "2026-05-29t10:00:00z": "2026-05-29 10:00",
    "2026-05-29 10:00:00": "2026-05-29 10:00",
    "2026-05-29 10:00:00 +0300": "2026-05-29 07:00",
    "20260529T100000Z": "2026-05-29 10:00",
    "2026-05-29T24:00:00Z": "2026-05-30 00:00",
    "2026-06-30T23:59:60Z": "2026-07-01 00:00",
    "2026/05/29 10:00": "2026-05-29 10:00",
    "2026.5.29": "2026-05-29 00:00",
    "2026年5月29日": "2026-05-29 00:00",
    "2026年05月29日（金）14時30分": "2026-05-29 14:30",
    "２０２６年５月２９日　１４：３０": "2026-05-29 14:30",
    "2026年5月29日 午後3時5分 JST": "2026-05-29 06:05",
    "2026年5月29日 午前12時": "2026-05-29 00:00",
    "令和8年5月29日": "2026-05-29 00:00",
    "令和元年5月29日": "2019-05-29 00:00",
    "平成31年4月30日": "2019-04-30 00:00",
    "May 29, 2026": "2026-05-29 00:00",
    "May 29, 2026 2:30 PM EDT": "2026-05-29 18:30",
    "Fri May 29 10:00:00 2026": "2026-05-29 10:00",
    "Fri May 29 10:00:00 UTC 2026": "2026-05-29 10:00",
    "29.05.2026 10:00": "2026-05-29 10:00",
    "29 травня 2026, 10:00": "2026-05-29 10:00",
    "29 мая 2026 г. 10:00": "2026-05-29 10:00",
    "29/05/2026": "2026-05-29 00:00",
    "05/29/2026": "2026-05-29 00:00",
    "  Fri, 29 May 2026\n 10:00:00 GMT ": "2026-05-29 10:00",
    "1 Jan 1900 00:00:00 GMT": "1900-01-01 00:00",
    "9999-12-31T23:59:59-12:00": "9999-12-31 00:00",
}


@pytest.mark.parametrize(("text", "expected"), READ.items(), ids=READ)
def test_dates_are_read_as_written(text: str, expected: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert found.tzinfo == UTC
    assert found.strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "yesterday", "2026", "03/04/2026", "2026-13-01", "2026-02-30", "32 May 2026", "29 Foo 2026",
     "2026-05-29T99:00:00Z", "0000-00-00 00:00:00", "¯\\_(ツ)_/¯", "1" * 5_000, "9" * 8, "令和99999年1月1日"],
)  # fmt: skip
def test_what_is_no_date_gives_none(text: str) -> None:
    assert parse_date(text) is None


@given(st.text(max_size=120))
def test_no_text_makes_reading_fail(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.tzinfo == UTC


@given(st.datetimes(FIRST, LAST), st.integers(-14 * 60, 14 * 60))
def test_zones_are_taken_into_account(moment: datetime, east: int) -> None:
    moment = moment.replace(microsecond=0)
    sign = "-" if east < 0 else "+"
    zone = f"{sign}{abs(east) // 60:02}{abs(east) % 60:02}"
    expected = (moment - timedelta(minutes=east)).replace(tzinfo=UTC)
    assert parse_date(moment.strftime("%d %b %Y %H:%M:%S ") + zone) == expected
    assert parse_date(moment.isoformat() + zone) == expected


def test_a_stated_date_is_taken() -> None:
    published, updated = NOW - timedelta(days=2), NOW - timedelta(days=1)
    assert settle_date(published, updated, NOW) == (published, Dating.STATED)


def test_the_date_of_an_update_stands_in_for_a_missing_one() -> None:
    updated = NOW - timedelta(days=1)
    assert settle_date(None, updated, NOW) == (updated, Dating.STATED)


def test_without_a_date_the_time_of_fetching_stands() -> None:
    assert settle_date(None, None, NOW) == (NOW, Dating.MISSING)


@pytest.mark.parametrize(
    "stated", [NOW + timedelta(hours=1, seconds=1), datetime(9999, 1, 1, tzinfo=UTC), OLDEST - timedelta(seconds=1)]
)
def test_a_date_that_cannot_be_is_corrected_and_marked(stated: datetime) -> None:
    assert settle_date(stated, None, NOW) == (NOW, Dating.CORRECTED)


@pytest.mark.parametrize("stated", [NOW + timedelta(hours=1), OLDEST])
def test_the_limits_themselves_are_believed(stated: datetime) -> None:
    assert settle_date(stated, None, NOW) == (stated, Dating.STATED)
