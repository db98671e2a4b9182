"""A simulated year: does the archive stop growing once retention begins to take away what it lets in?

Day by day, by a clock in the benchmark's hand: items come through the update pipeline, some are edited, editions are
composed and posted, members ask through the dispatcher and get pages and share buttons, and retention runs as often as
in the running bot. Once with retention and once with periods so long that nothing ever goes. Pages that wait to be
filled again count.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import corpus
from benchmarks.machine import heading
from bot.app import RETENTION_EVERY, App
from bot.commands.base import Member
from digests.archive import figures
from digests.filing import Filer
from digests.ingest.update import Updater

DAYS = 365
ITEMS_A_DAY = 30
"""On the story and beside it: what some fifteen feeds bring."""
EDITED = 0.05
"""Share of a day's items that are edited the day after."""
RETENTION = "retention: {items: 60d, messages: 30d, editions: 60d}"
FOR_EVER = "retention: {items: 9000d, messages: 9000d, editions: 9000d}"
_FEEDS = 3
_HALF = timedelta(hours=12)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_MONTH = 30
_LEVEL = 1.15
"""By how much the mean of the last four months may be above that of four months after the first three. By then the
longest period is over; the index breathes, as its segments are merged now and then."""
_LINES = (
    "/ask What is NSATU?",
    "/latest n:5",
    "/digest assistance 7d",
    "/timeline assistance",
    "/sections",
    "/sources",
)


@dataclass(frozen=True, slots=True)
class Month:
    """At the end of it, in MB; ``items`` are those archived."""

    archive: float
    index: float
    free: float
    items: int


class _Clock:
    def __init__(self) -> None:
        self.present = _START

    def __call__(self) -> datetime:
        return self.present


def run() -> None:
    heading(f"Growth over a simulated year: {ITEMS_A_DAY} items a day, {RETENTION}")
    kept, free = (_year(text) for text in (RETENTION, FOR_EVER))
    print("month    with retention: archive, index, free, items      without: archive, index, items")
    for number, (ours, theirs) in enumerate(zip(kept, free, strict=True), start=1):
        print(
            f"{number:>5} {ours.archive:>12.1f} MB {ours.index:>6.1f} MB {ours.free:>6.1f} MB {ours.items:>7,}"
            f" {theirs.archive:>18.1f} MB {theirs.index:>6.1f} MB {theirs.items:>7,}"
        )
    archive, index = (_rise([size(month) for month in kept]) for size in (_archive_of, _index_of))
    print(f"months 9 to 12 against 4 to 7: archive × {archive:.2f}, index × {index:.2f} (limit {_LEVEL})")
    print(f"growth levels_off {'yes' if max(archive, index) <= _LEVEL else 'no'} archive_mb {kept[-1].archive:.1f} "
          f"index_mb {kept[-1].index:.1f} without_mb {free[-1].archive:.1f}")  # fmt: skip


def _archive_of(month: Month) -> float:
    return month.archive


def _index_of(month: Month) -> float:
    return month.index


def _rise(sizes: Sequence[float]) -> float:
    return sum(sizes[8:12]) / sum(sizes[3:7])


def _year(retention: str) -> list[Month]:
    began = time.perf_counter()
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree("config", folder / "config")
        path = folder / "config" / "bot.yaml"
        before, _, rest = path.read_text(encoding="utf-8").partition("retention:")
        after = rest.partition("\n\n")[2]
        text = f"{before}{retention}\nlimits: {{member_commands: 0, channel_commands: 0}}\n\n{after}"
        path.write_text(text.replace("port: 8765", "port: 0"), encoding="utf-8")
        months = asyncio.run(_live(folder))
    print(f"{retention}: the year took {time.perf_counter() - began:.0f} s", flush=True)
    return months


async def _live(folder: Path) -> list[Month]:
    clock = _Clock()
    app = await App.create(folder / "config", now=clock, archive=corpus.archive_url(folder))
    fetcher = corpus.FetchedAlready({})
    filer = await asyncio.to_thread(Filer, app.store.story)
    updater = Updater(app.archive, app.store.story, fetcher=fetcher, index=app.index, filer=filer)
    entries = iter(list(corpus.entries(DAYS * ITEMS_A_DAY, seed=11, until=_START)))
    rng = random.Random(5)
    months: list[Month] = []
    edited: list[corpus.MadeEntry] = []
    try:
        for day in range(1, DAYS + 1):
            today = [
                replace(next(entries), published=_START + timedelta(days=day - rng.random()))
                for _ in range(ITEMS_A_DAY)
            ]
            for half in (0, 1):
                until = _START + timedelta(days=day - 1) + (half + 1) * _HALF
                arrived = [one for one in today if until - _HALF < one.published <= until]
                clock.present = until
                await _read(updater, fetcher, arrived + (edited if half == 0 else []), until)
                await app.desk.catch_up()
                while await app.worker.work_once():
                    pass
                await app.corrections.run_once()
                await _ask(app, _LINES[(2 * day + half) % len(_LINES)])
                for _ in range(_HALF // RETENTION_EVERY):
                    await app._enforce_retention()
            edited = [
                replace(one, body=one.body + "<p>This report was updated.</p>")
                for one in today
                if rng.random() < EDITED
            ]
            if day % _MONTH == 0 and len(months) < 12:
                months.append(await _sizes(app))
                print(f"  month {len(months)}: {months[-1].archive:.1f} MB, {months[-1].items:,} items", flush=True)
    finally:
        await app.close()
    return months


async def _read(updater: Updater, fetcher: corpus.FetchedAlready, made: list[corpus.MadeEntry], now: datetime) -> None:
    """Each feed holds what it has now; entries that were read before are known."""
    for number in range(_FEEDS):
        name = f"feed-{number}"
        own = [one for one in made if _home(one) == number]
        fetcher.bodies[f"https://news.example/{name}.xml"] = corpus.rss(own, name)
        if own:
            update = await updater.update_source(corpus.source(name), now)
            assert update.error is None, update


def _home(entry: corpus.MadeEntry) -> int:
    return int(entry.key.rsplit(":", 1)[1]) % _FEEDS


async def _ask(app: App, line: str) -> None:
    """The answer becomes a message of the local chat, and can be shared."""
    member = Member("web", "local", "newsroom", "local", admin=True, language="en", zone="Europe/Kyiv")
    adapter = app.adapters["web"]
    answer = await app.dispatcher.invoke_text(line, member)
    answer = await app.dispatcher.offer_sharing(answer, member)
    await adapter.post("newsroom", answer, private_to="local")  # type: ignore[attr-defined]


async def _sizes(app: App) -> Month:
    size = await app.archive.read_at_once(figures.size)
    async with app.archive.read() as connection:
        items = (await connection.exec_driver_sql("SELECT count(*) FROM items")).scalar_one()
    return Month(size.archive / 1e6, (size.index or 0) / 1e6, size.free / 1e6, int(items))
