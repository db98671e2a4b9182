"""The plot: two clock changes, and everything that can go wrong in between."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import failpoints
from chaos.events import Events, quiet_moment
from chaos.model import Expectation
from chaos.process import PATIENCE, Bot, command
from chaos.reading import Key
from chaos.steering import Steering
from chaos.verdict import Verdict, judge, judge_alarms, parse_ledger
from chaos.weather import Weather
from chaos.world import World

AUTUMN, SPRING = datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)
"""Clocks in Kyiv are set back, and set forward; New York's follow within the autumn's week."""
RATE = 60.0
"""Seconds of the world's time in a second while something is being posted."""
LEASE = "6"
"""Seconds of real time without a beat after which another instance takes over (30 outside of here)."""
EDITIONS_A_DAY = 37
STEPS_A_DAY = 36
_POINTS = tuple(failpoints.POINTS)


@dataclass
class Torment(Events):
    """One run: a week around each of the ``changes`` of the clocks. ``events`` names what happens once in each, and how
    far into it."""

    folder: Path
    seed: int
    kills: int
    editions: int
    say: Callable[[str], None]
    events: dict[str, float] = field(default_factory=dict)
    points: tuple[str, ...] = _POINTS
    changes: tuple[datetime, ...] = (AUTUMN, SPRING)
    faults: list[str] = field(default_factory=list)
    hit: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    restored: list[float] = field(default_factory=list)
    _bots: list[Bot] = field(default_factory=list)

    async def run(self) -> Verdict:
        self.rng = random.Random(self.seed)
        self.steering = Steering(self.folder / "steering")
        span = timedelta(days=self.editions / len(self.changes) / EDITIONS_A_DAY)
        starts = [change - min(span / 2, timedelta(hours=12)) for change in self.changes]
        self.steering.set_time(starts[0], rate=RATE)
        async with World(self.folder, self.steering, self.rng) as self.world:
            self.expected = Expectation((*self.world.plans, self.world.unread))
            self.weather = Weather(self.world, self.rng)
            self.bot = self.new_bot("bot.log")
            self.waiting: set[Key] = set()
            try:
                for number, start in enumerate(starts, start=1):
                    await self._window(number, start, span)
                return await self._verdict()
            finally:
                await self._end_all()

    def new_bot(self, log: str) -> Bot:
        environment = {**self.world.environment, "CHAOS_LEASE": LEASE}
        bot = Bot(self.folder / "steering", self.world.config, self.folder / log, environment)
        self._bots.append(bot)
        return bot

    async def _end_all(self) -> None:
        for bot in self._bots:
            if bot.alive:
                bot.thaw()
                await bot.kill()

    # --- a window ------------------------------------------------------------------------------------------

    async def _window(self, number: int, start: datetime, span: timedelta) -> None:
        steps = max(2, round(span / timedelta(days=1) * STEPS_A_DAY))
        share, rest = divmod(self.kills, len(self.changes))
        planned = Counter(self.rng.choices(range(1, steps), k=share + (rest if number == 1 else 0)))
        events = sorted((start + share * span, name) for name, share in self.events.items())
        todo = list(self.points)
        self.rng.shuffle(todo)
        self._go_to(start)
        self.expected.counts_from = start
        self.world.print_news(start, 8)
        self._run_at(1.0)
        await self.bot.start()
        await self._see(await_welcome=number == 1)
        end, step = start + span, 0
        while self.steering.world() < end:
            step += 1
            self.steps += 1
            if todo and not self.steering.armed:
                self._arm(todo.pop())
            if events and self.steering.world() >= events[0][0]:
                _, name = events.pop(0)
                await getattr(self, f"_event_{name}")()
            await self._step(kills=planned.pop(step, 0))
            if step % max(1, steps // 12) == 0:
                self._progress(number, step, steps)
        # Outages and jumps took the time of some steps; what was to happen in them happens now.
        for _, name in events:
            await getattr(self, f"_event_{name}")()
        for kills in planned.values():
            await self._step(kills=kills)
        for point in (*todo, *self._armed()):
            await self._hit_in_the_end(point)
        self.steering.arm(0, 0)
        await self._settle()
        drained = await self.bot.stop()
        if drained > 10.0:
            self.faults.append(f"the shutdown took {drained:.1f} s")

    def _progress(self, number: int, step: int, steps: int) -> None:
        deaths = f"{self.killed} killed, {sum(self.hit.values())} died at crash points"
        self.say(f"week {number}, {step}/{steps}: {self.steering.world():%Y-%m-%d %H:%M} UTC, {deaths}")

    @property
    def killed(self) -> int:
        return self.bot.kills

    def _go_to(self, moment: datetime) -> None:
        if moment > self.steering.world():
            self.steering.set_time(moment)

    async def _see(self, *, await_welcome: bool = False) -> None:
        """The bot has been started: it looks, and the model does."""
        if await_welcome and not await self.bot.ready():
            await self._revive()
        self._look()
        await self._settle()

    def _run_at(self, rate: float) -> None:
        if rate != self._rate:
            self._rate = rate
            self.steering.set_rate(rate)

    _rate = RATE

    def _look(self) -> None:
        found = self.expected.look(self.steering.bot_now())
        self.waiting.update(key for key in found if key[0] != self.world.unread.id)

    async def _step(self, *, kills: int = 0) -> None:
        """On to the next edition: news, weather, perhaps deaths, until it stands everywhere."""
        self._advance()
        self.weather.stir()
        await self._settle(kills=kills)

    def _advance(self) -> None:
        due = self.expected.next_due() - timedelta(seconds=self.steering.skew)
        self.world.print_news(self.steering.world(), self.rng.choice((0, 4, 8, 12)))
        self._go_to(due + timedelta(seconds=self.rng.uniform(0.2, 20)))
        self._look()

    async def _settle(self, *, kills: int = 0, patience: float = PATIENCE, only: str = "") -> None:
        """Until all that is due stands everywhere (at ``only`` one platform), with so many deaths on the way."""
        began = time.monotonic()
        deaths = sorted(self.rng.uniform(0.0, 1.2) for _ in range(min(kills, 1))) + sorted(
            self.rng.uniform(0.3, 4.0) for _ in range(kills - 1)
        )
        while True:
            passed = time.monotonic() - began
            if not self.bot.alive:
                await self._revive()
            # Who died at a crash point just now is not killed by chance as well: that waits for the next process.
            elif deaths and passed >= deaths[0]:
                deaths.pop(0)
                await self.bot.kill()
                await self._revive()
            # While it starts, time hardly passes: on a busy machine it would start for hours.
            self._run_at(RATE if self.bot.has_begun() else 1.0)
            self._look()
            there = self._arrived(only)
            if there and not deaths and self.bot.has_begun():
                return
            if passed > patience:
                for key, channel in self._missing(only):
                    self.faults.append(f"late: {key[0]} of {key[1]:%Y-%m-%d %H:%M} is not at {channel}")
                self.waiting.clear()
                return
            await asyncio.sleep(0.08)

    def _missing(self, only: str) -> list[tuple[Key, str]]:
        channels = [channel for channel in self.world.reader.channels if channel.startswith(only)]
        return [
            (key, channel) for key in self.waiting for channel in channels if not self.world.reader.has(channel, key)
        ]

    def _arrived(self, only: str) -> bool:
        if self._missing(only):
            return False
        if not only:
            self.waiting.clear()
        return True

    async def _revive(self) -> None:
        """Start it again; what killed it may have been a crash point."""
        if self.bot.alive:
            return
        if self.bot._process is not None and self.bot._process.returncode is not None:
            self._count_death()
        await self.bot.start()

    # --- crash points --------------------------------------------------------------------------------------

    _at = ""

    def _arm(self, point: str, count: int | None = None) -> None:
        self._at = point
        self.steering.arm(_POINTS.index(point) + 1, self.rng.choice((1, 1, 2, 5)) if count is None else count)
        self._provoke(point)

    def _provoke(self, point: str) -> None:
        """Make happen what the point needs."""
        if point in ("delivery.found", "delivery.asking"):
            self.world.slack.fail_next("chat.postMessage", drop=True)
            self.world.discord.fail_next("POST", "/channels/*/threads", drop=True)
        elif point == "delivery.refused":
            self.world.slack.fail_next("chat.postMessage", status=429, retry_after=2)

    def _armed(self) -> tuple[str, ...]:
        return (self._at,) if self.steering.armed else ()

    def _count_death(self) -> None:
        if self._at and not self.steering.armed:
            self.hit[self._at] += 1
            self._at = ""

    async def _hit_in_the_end(self, point: str) -> None:
        """A point that the way did not lead past."""
        for _ in range(4):
            self._arm(point, 1)
            if point == "alarm.writing":
                await self._event_down()
            elif point == "charge.taken":
                await self.bot.stop()
                await self._settle()
            elif point == "backup.made":
                for _ in range(5):
                    await self._step()
            else:
                await self._step()
            if not self.steering.armed:
                await self._settle()
                self._count_death()
                return
        self.steering.arm(0, 0)

    # --- the end -------------------------------------------------------------------------------------------

    async def _verdict(self) -> Verdict:
        # What comes late must come before it is counted.
        self._go_to(quiet_moment(self.steering.world() + timedelta(minutes=20)))
        await self.bot.start()
        await self._see()
        await self._until(self._ledger_rests, 20.0)
        await self.bot.stop()
        states = ("--state", "uncertain", "--state", "dead", "--state", "pending", "--state", "leased")
        arguments = ("deliveries", *states, "--json", "--limit", "100000")
        status, said = await command(self.world.config, *arguments, environment=self.world.environment)
        rows = parse_ledger(said) if status == 0 else []
        if status != 0:
            self.faults.append(f"kakehashi deliveries failed: {said[-300:]}")
        verdict = judge(self.expected, self.world.reader, rows)
        ops = [(post.at, post.text) for edition in self.world.reader.editions("slack:COPS") for post in edition.posts]
        judge_alarms(ops, self.restored, verdict)
        verdict.faults += self.faults
        verdict.faults += [f"refused by the schema: {error}" for error in self.world.slack.violations[:3]]
        verdict.faults += [f"refused by the schema: {error}" for error in self.world.discord.violations[:3]]
        missed = [point for point in self.points if not self.hit[point]]
        if missed:
            verdict.faults.append(f"never died at {', '.join(missed)}")
        return verdict

    def _ledger_rests(self) -> bool:
        with closing(sqlite3.connect(self.world.archive)) as connection:
            query = "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'leased')"
            (waiting,) = connection.execute(query).fetchone()
        return not waiting
