"""A simulated year: does the archive stop growing once retention begins to take away what it lets in?

``python -m benchmarks growth [--days 365] [--items 200] [--keep-all]``. The year itself is :mod:`benchmarks.year`'s.
The verdict compares the last months with the first in which retention had long been at work: the file, the index, the
write-ahead log, and the rows of every table by itself, so that a table that retention forgets is named however small it
still is. The exit status is 1 when anything grows. ``--keep-all`` lives the same year with periods so long that nothing
goes: the verdict is no then.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from benchmarks import year
from benchmarks.machine import heading
from benchmarks.year import Month

ITEMS_A_DAY = 200
RETENTION = "{items: 60d, messages: 30d, editions: 60d}"
FOR_EVER = "{items: 9000d, messages: 9000d, editions: 9000d}"
_FIRST_STEADY = 3
"""Months until the longest period is over, and a month for what waits for a night's retention."""
_SPAN = 5
_LEAST_MONTHS = _FIRST_STEADY + 2 * _SPAN
_LEVEL = 1.05
"""By how much the mean of the last months may be above that of the first steady ones; of 18,000 items as many come and
go by chance as one in a hundred."""
_BREATH = 1.15
"""The same for files: pages wait to be filled again."""
_LOG = 34.0
"""Megabytes to which SQLite cuts the write-ahead log back (``journal_size_limit``); a smaller one says nothing."""
_FEW = 6
"""Rows by which any table may differ: what happens to lie in its last week."""
_SHOWN = ("items", "passages", "events", "editions", "deliveries", "filings", "local_messages", "views", "instances")


def run() -> None:
    """Live the year and print it; SystemExit when something grows."""
    items, days = int(_option("items", ITEMS_A_DAY)), int(_option("days", year.DAYS))
    if days <= (_LEAST_MONTHS - 1) * year.MONTH:
        raise SystemExit(f"a year is needed to tell: --days {year.DAYS} at least")
    retention = FOR_EVER if "--keep-all" in sys.argv else RETENTION
    heading(f"Growth over {days} simulated days: {items} items a day, retention {retention}")
    began, used = time.perf_counter(), time.process_time()
    months = _live(days, items, retention)
    print(f"it took {time.perf_counter() - began:.0f} s, {time.process_time() - used:.0f} s of the processor")
    grown = growing(months)
    for line in grown:
        print(f"grows: {line}")
    last = months[-1]
    print(
        f"growth levels_off {'no' if grown else 'yes'} archive_mb {last.archive:.1f} index_mb {last.index:.1f} "
        f"log_mb {last.log:.1f} items {last.rows['items']}"
    )
    if grown:
        raise SystemExit(1)


def growing(months: Sequence[Month]) -> list[str]:
    """What grows although retention has long been at work, in words; empty when nothing does. Raises ValueError when
    the months are too few to tell."""
    if len(months) < _LEAST_MONTHS:
        raise ValueError(f"{_LEAST_MONTHS} months at least are needed to tell, not {len(months)}")
    found = []
    files = (("the archive's file", _archive, 0.0), ("the index", _index, 0.0), ("the write-ahead log", _log, _LOG))
    for name, size, free in files:
        early, late = (fmean(map(size, span)) for span in _spans(months))
        if late > max(early * _BREATH, free):
            found.append(f"{name}, from {early:.1f} to {late:.1f} MB")
    for table in sorted(months[-1].rows):
        early, late = (fmean(month.rows[table] for month in span) for span in _spans(months))
        if late > early * _LEVEL + _FEW:
            found.append(f"table {table}, from {early:,.0f} to {late:,.0f} rows")
    return found


def _spans(months: Sequence[Month]) -> tuple[Sequence[Month], Sequence[Month]]:
    """The first steady months and the last ones."""
    return months[_FIRST_STEADY : _FIRST_STEADY + _SPAN], months[-_SPAN:]


def _archive(month: Month) -> float:
    return month.archive


def _index(month: Month) -> float:
    return month.index


def _log(month: Month) -> float:
    return month.log


def _live(days: int, items: int, retention: str) -> list[Month]:
    months: list[Month] = []
    print("month archive   free  index    log MB" + "".join(f"{name:>15}" for name in _SHOWN) + "  rows", flush=True)

    def seen(month: Month) -> None:
        months.append(month)
        rows = "".join(f"{month.rows[name]:>15,}" for name in _SHOWN)
        sizes = f"{month.archive:>8.1f}{month.free:>7.1f}{month.index:>7.1f}{month.log:>7.1f}   "
        print(f"{len(months):>5}{sizes}{rows}", flush=True)

    with TemporaryDirectory() as name:
        asyncio.run(year.live(Path(name), days=days, items=items, retention=retention, seen=seen))
    return months


def _option(name: str, default: float) -> float:
    return float(sys.argv[sys.argv.index(f"--{name}") + 1]) if f"--{name}" in sys.argv else default
