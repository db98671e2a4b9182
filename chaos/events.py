"""What happens once in each week of the torment: outages, wrong clocks, a full disk, a destroyed database …"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chaos.model import Expectation
from chaos.process import PATIENCE, Bot, command
from chaos.steering import Steering
from chaos.weather import Weather
from chaos.world import World

EVENTS: dict[str, float] = {
    "slack_away": 0.1,
    "clock_ahead": 0.2,
    "discord_away": 0.3,
    "down": 0.4,
    "disk_full": 0.5,
    "clock_behind": 0.6,
    "second": 0.7,
    "locked": 0.8,
    "corrupt": 0.9,
}
"""What happens once in each week, and how far into it."""


class Events:
    """The events of :class:`chaos.torment.Torment`, which has everything that they use."""

    rng: random.Random
    steering: Steering
    world: World
    weather: Weather
    expected: Expectation
    bot: Bot
    faults: list[str]
    waiting: set[tuple[str, datetime]]
    restored: list[float]

    def new_bot(self, log: str) -> Bot:
        raise NotImplementedError

    def _advance(self) -> None:
        raise NotImplementedError

    def _look(self) -> None:
        raise NotImplementedError

    def _count_death(self) -> None:
        raise NotImplementedError

    def _go_to(self, moment: datetime) -> None:
        raise NotImplementedError

    async def _see(self) -> None:
        raise NotImplementedError

    async def _step(self, *, kills: int = 0) -> None:
        raise NotImplementedError

    async def _settle(self, *, kills: int = 0, only: str = "") -> None:
        raise NotImplementedError

    async def _event_slack_away(self) -> None:
        await self._away("slack", "discord")

    async def _event_discord_away(self) -> None:
        await self._away("discord", "slack")

    async def _away(self, platform: str, other: str, hours: float = 3.0) -> None:
        """A platform is away for hours: what is due still comes to the other at once, and to this one later."""
        fake = self.world.slack if platform == "slack" else self.world.discord
        fake.away = self.rng.choice(("cut", "503"))
        end = self.steering.world() + timedelta(hours=hours)
        while self.expected.next_due() < end:
            self._advance()
            await self._settle(only=other)
        self._go_to(end)
        fake.away = None
        await self._settle()

    async def _event_down(self, hours: float = 5.0) -> None:
        """The bot does not run for hours."""
        await self.bot.stop()
        self._count_death()
        self._go_to(quiet_moment(self.steering.world() + timedelta(hours=hours)))
        await self.bot.start()
        await self._see()
        # Long enough for the alarm to see that it is over.
        await self._step()

    async def _event_clock_ahead(self) -> None:
        await self._skewed(7_200.0)

    async def _event_clock_behind(self) -> None:
        await self._skewed(-7_200.0)

    async def _skewed(self, seconds: float) -> None:
        """The machine's clock is set wrong by two hours, stays so for some editions, and is set right."""
        self._go_to(quiet_moment(self.steering.world()))
        self.weather.order("reply lost")
        self.steering.set_skew(seconds)
        self._look()
        await self._settle()
        for _ in range(3):
            await self._step(kills=1)
        self._go_to(quiet_moment(self.steering.world()))
        self.weather.order("reply lost")
        self.steering.set_skew(0.0)
        self._look()
        await self._settle()

    async def _event_disk_full(self) -> None:
        """The database cannot grow; the bot says so, and goes on when there is room."""
        await self.bot.stop()
        with closing(sqlite3.connect(self.world.archive)) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
        await self.bot.start(CHAOS_PAGES=str(pages + 1))
        # It may find the disk full before it has begun, or with the next news.
        await self._until(lambda: self.bot.has_begun() or self.bot.said("disk is full"), PATIENCE)
        self._advance()
        self.world.print_news(self.steering.world(), 30)
        await self._until(lambda: self.bot.said("disk is full"), PATIENCE)
        if not self.bot.said("Free some space"):
            self.faults.append("a full disk was not told plainly")
        await self.bot.kill()
        await self._settle()

    async def _begins(self) -> bool:
        try:
            return await self.bot.ready(patience=PATIENCE)
        except TimeoutError:
            return False

    async def _event_locked(self) -> None:
        """Another program holds the database."""
        await self._begins()
        with closing(sqlite3.connect(self.world.archive, isolation_level=None, timeout=20)) as other:
            other.execute("BEGIN IMMEDIATE")
            self._advance()
            await self._until(lambda: self.bot.said("is locked"), 18.0)
            other.execute("ROLLBACK")
        if not self.bot.said("another program is writing to it"):
            self.faults.append("a locked database was not told plainly")
        await self._settle()

    async def _event_corrupt(self) -> None:
        """The database file is destroyed; the bot names the cure, and the cure works."""
        await self._begins()
        backups = self.world.folder / "backups"
        if not await self._until(lambda: bool(list(backups.glob("kakehashi-*.sqlite3"))), PATIENCE):
            self.faults.append("the bot has made no backup")
            return
        await self.bot.kill()
        self._destroy(self.world.archive)
        self._advance()
        await self.bot.start()
        status = await self.bot.gone()
        if status != 1 or not self.bot.said("kakehashi restore"):
            self.faults.append(f"a destroyed database was not told plainly (status {status})")
        newest = max(backups.glob("kakehashi-*.sqlite3"))
        status, said = await command(self.world.config, "restore", "--yes", environment=self.world.environment)
        if status != 0 or newest.name not in said:
            self.faults.append(f"the backup was not put back: {said.strip()}")
        self.expected.restored(_newest_editions(self.world.archive), self.waiting)
        self.restored.append(self.steering.seconds())
        await self.bot.start()
        await self._see()

    def _destroy(self, path: Path) -> None:
        with path.open("r+b") as file:
            file.write(self.rng.randbytes(64 * 1024))
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)

    async def _event_second(self) -> None:
        """A second instance by mistake; then the first one is frozen, and wakes when the second has taken over."""
        await self._begins()
        second = self.new_bot("second.log")
        await second.start()
        if not await second.ready("instance.second", patience=PATIENCE):
            self.faults.append("the second instance did not say that it is one")
        for _ in range(2):
            await self._step()
        self._advance()
        await asyncio.sleep(self.rng.uniform(0.0, 0.3))
        first, self.bot = self.bot, second
        await self._freeze_between_writes(first)
        if not await second.ready("app.started", patience=PATIENCE):
            self.faults.append("the second instance did not take over")
        await self._settle()
        first.thaw()
        status = await first.gone()
        if status == 0 or not first.said("instance.lost"):
            self.faults.append(f"the frozen instance did not end by itself (status {status})")
        second.kills += first.kills
        second.starts += first.starts
        await self._step()

    async def _freeze_between_writes(self, bot: Bot) -> None:
        """Stop a process where it holds no lock of SQLite's: else nobody can write until it goes on, and the second has
        nothing to take over."""
        for _ in range(200):
            bot.freeze()
            if await asyncio.to_thread(_can_be_written, self.world.archive):
                return
            bot.thaw()
            await asyncio.sleep(0.02)
        self.faults.append("the first instance never let go of the archive")

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if condition():
                return True
            await asyncio.sleep(0.1)
        return False


def quiet_moment(moment: datetime) -> datetime:
    """The next moment from which nothing is due for some minutes."""
    minute = moment.minute % 30
    return moment if 3 <= minute <= 18 else moment + timedelta(minutes=(5 - minute) % 30)


def _can_be_written(archive: Path) -> bool:
    with closing(sqlite3.connect(archive, timeout=0.05, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        return True


def _newest_editions(archive: Path) -> dict[str, datetime]:
    """What the archive that was put back takes for the newest edition of each digest."""
    with closing(sqlite3.connect(archive)) as connection:
        rows = connection.execute("SELECT digest_id, max(scheduled_at) FROM editions GROUP BY digest_id").fetchall()
    return {digest: datetime.fromtimestamp(at / 1e6, UTC) for digest, at in rows}
