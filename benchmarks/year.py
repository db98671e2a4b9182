"""A simulated year in the life of the real bot, by a clock in the benchmark's hand.

Four times a day feeds are read through the update pipeline (new items, copies of them, edited ones), then the app's
bells ring for all that writes to the archive: due editions, corrections, alarms, retention. Members ask, compare,
draw a chart, subscribe and unsubscribe through the dispatcher. Once a month the bot is started anew. Every post goes
through the ledger into the local chat, which lies in the archive itself. Backups are left out: they are copies beside
the archive, ``backup.keep`` of them.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from benchmarks import corpus
from bot.app import App
from bot.clock import Ring
from bot.commands.base import Member
from bot.schedule import Schedule
from digests.archive import deliveries, figures
from digests.archive.tables import metadata
from digests.filing import Filer
from digests.ingest.update import Updater
from digests.model import DeliveryState

DAYS, MONTH = 365, 30
COPIED, EDITED = 0.1, 0.05
"""Shares of a day's items: those that another feed has, too, and those that are edited the day after."""
_START = datetime(2026, 1, 1, tzinfo=UTC)
_STEP = timedelta(hours=6)
_STEPS = timedelta(days=1) // _STEP
_FEEDS = 4
_MEMBERS = 3
_PATIENCE = 60.0
_BELLS = ("due editions", "corrections", "retention")
_WEEKLY = ("/ask What is NSATU?", "/trend assistance 30d", "/compare NSATU CAP")
_LINES = (
    "/latest n:5",
    "/digest assistance 7d",
    "/timeline assistance",
    "/sources",
    "/settings language:ja",
)


@dataclass(frozen=True, slots=True)
class Month:
    """At the end of it: megabytes, and rows by table."""

    archive: float
    """The file, pages that wait to be filled again included."""
    index: float
    free: float
    log: float
    """What the write-ahead log takes beside the archive."""
    rows: Mapping[str, int]


async def live(folder: Path, *, days: int, items: int, retention: str, seen: Callable[[Month], None]) -> None:
    """A year of ``days`` with ``items`` a day in ``folder``; ``seen`` is told of each month as it ends."""
    await asyncio.to_thread(_configure, folder, retention)
    feeds = _Feeds(days, items)
    clock, day = _Clock(), 0
    while day < days:
        async with _running(folder, clock) as bot:
            for _ in range(min(MONTH, days - day)):
                await bot.day(day, feeds)
                day += 1
            seen(await bot.month())


def _configure(folder: Path, retention: str) -> None:
    shutil.copytree("config", folder / "config")
    path = folder / "config" / "bot.yaml"
    before, _, rest = path.read_text(encoding="utf-8").partition("retention:")
    after = rest.partition("backup:")[2].partition("\n\n")[2]
    text = (
        f"{before}retention: {retention}\nlimits: {{member_commands: 0, channel_commands: 0}}\n"
        f"backup: {{enabled: false}}\nops: web:ops\n\n{after}"
    )
    path.write_text(text.replace("port: 8765", "port: 0"), encoding="utf-8")
    corpus.without_extras(folder)


class _Clock:
    def __init__(self) -> None:
        self.present = _START

    def __call__(self) -> datetime:
        return self.present


class _Bells:
    """The app's bells, all rung when the benchmark says so: rings that come late, or together, change nothing."""

    def __init__(self) -> None:
        self._rings: dict[str, Ring] = {}

    alive = True

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    def every(self, interval: timedelta, ring_id: str, ring: Ring, *, soon: bool = False) -> None:
        self._rings[ring_id] = ring

    def set_schedules(self, rings: Mapping[str, tuple[Schedule, Ring]]) -> None:
        """Nothing: "due editions" looks for the same."""

    async def ring(self, *names: str) -> None:
        for name in names:
            await self._rings[name]()


class _Feeds:
    """What the feeds hold, step by step."""

    def __init__(self, days: int, items: int) -> None:
        self._rng = random.Random(5)
        own = round(items / (1 + COPIED))
        self._made: Iterator[corpus.MadeEntry] = corpus.entries(days * (own + 1), seed=11, until=_START)
        self._a_step = own / _STEPS
        self._owed = 0.0
        self._yesterday: list[tuple[int, corpus.MadeEntry]] = []
        self._today: list[tuple[int, corpus.MadeEntry]] = []

    def step(self, until: datetime) -> dict[int, list[corpus.MadeEntry]]:
        """What each feed holds that is new or edited; published within the step before ``until``."""
        self._owed += self._a_step
        count, self._owed = int(self._owed), self._owed % 1
        found: dict[int, list[corpus.MadeEntry]] = {number: [] for number in range(_FEEDS)}
        for entry in itertools.islice(self._made, count):
            fresh = replace(entry, published=until - _STEP * self._rng.random())
            home = self._rng.randrange(_FEEDS)
            self._put(found, home, fresh)
            if self._rng.random() < COPIED:
                self._put(found, (home + 1) % _FEEDS, fresh)
        for home, entry in self._yesterday:
            if self._rng.random() < EDITED / _STEPS:
                added = f"<p>This report was updated: {self._rng.randrange(10_000)} places.</p>"
                found[home].append(replace(entry, body=entry.body + added))
        return found

    def _put(self, found: dict[int, list[corpus.MadeEntry]], home: int, entry: corpus.MadeEntry) -> None:
        found[home].append(entry)
        self._today.append((home, entry))

    def over(self) -> None:
        """The day is over."""
        self._yesterday, self._today = self._today, []


class _Bot:
    def __init__(self, folder: Path, app: App, bells: _Bells, clock: _Clock, filer: Filer) -> None:
        self._folder = folder
        self._app = app
        self._bells = bells
        self._clock = clock
        self._fetcher = corpus.FetchedAlready({})
        self._updater = Updater(app.archive, app.store.story, fetcher=self._fetcher, index=app.index, filer=filer)

    async def day(self, number: int, feeds: _Feeds) -> None:
        for step in range(_STEPS):
            self._clock.present = _START + timedelta(days=number) + (step + 1) * _STEP
            for feed, made in feeds.step(self._clock.present).items():
                await self._read(feed, made)
            turn = number * _STEPS + step
            await self._ask(_LINES[turn % len(_LINES)], _member("local"))
            await self._bells.ring(*_BELLS)
            await self._rests()
        feeds.over()
        await self._members(number)
        await self._bells.ring("due editions", "alarms")
        await self._rests()

    async def _members(self, number: int) -> None:
        """One ends a subscription and begins another each day; what takes long is asked once a week."""
        one = _member(f"member-{number % _MEMBERS}")
        section = self._app.store.story.sections[number // _MEMBERS % len(self._app.store.story.sections)].id
        await self._ask("/unsubscribe", one)
        await self._ask(f"/subscribe {section} 08:00", one)
        for line in _WEEKLY if number % 7 == 0 else ():
            await self._ask(line, one)

    async def _read(self, feed: int, made: list[corpus.MadeEntry]) -> None:
        if not made:
            return
        name = f"feed-{feed}"
        self._fetcher.bodies[f"https://news.example/{name}.xml"] = corpus.rss(made, name)
        update = await self._updater.update_source(corpus.source(name), self._clock.present)
        assert update.error is None, update

    async def _ask(self, line: str, member: Member) -> None:
        """The answer becomes a message of the local chat, and can be shared."""
        answer = await self._app.dispatcher.invoke_text(line, member)
        answer = await self._app.dispatcher.offer_sharing(answer, member)
        await self._app.adapters["web"].post("newsroom", answer, private_to=member.user)  # type: ignore[attr-defined]

    async def _rests(self) -> None:
        """Wait until everything that is due has been sent."""
        async with asyncio.timeout(_PATIENCE):
            while await self._open():
                self._app.worker.wake()
                await asyncio.sleep(0.02)

    async def _open(self) -> int:
        async with self._app.archive.read() as connection:
            counts = await deliveries.counts(connection)
        return counts[DeliveryState.PENDING] + counts[DeliveryState.LEASED]

    async def month(self) -> Month:
        size = await self._app.archive.read_at_once(figures.size)
        rows: dict[str, int] = {}
        async with self._app.archive.read() as connection:
            for name, table in metadata.tables.items():
                rows[name] = int(await connection.scalar(select(func.count()).select_from(table)) or 0)
        log = self._folder / "var" / "kakehashi.sqlite3-wal"
        taken = await asyncio.to_thread(lambda: log.stat().st_size if log.exists() else 0)
        return Month(size.archive / 1e6, (size.index or 0) / 1e6, size.free / 1e6, taken / 1e6, rows)


def _member(user: str) -> Member:
    return Member("web", "local", "newsroom", user, admin=user == "local", language="en", zone="Europe/Kyiv")


@asynccontextmanager
async def _running(folder: Path, clock: _Clock) -> AsyncIterator[_Bot]:
    bells = _Bells()
    app = await App.create(folder / "config", now=clock, archive=corpus.archive_url(folder), clock=bells)
    try:
        await app.start(ingest=False)
        filer = await asyncio.to_thread(Filer, app.store.story)
        yield _Bot(folder, app, bells, clock, filer)
    finally:
        await app.close()
