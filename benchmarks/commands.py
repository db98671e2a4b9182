"""How fast commands answer from an archive of 100,000 items, and how long the event loop is ever held."""

from __future__ import annotations

import asyncio
import gc
import shutil
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import corpus
from benchmarks.machine import heading, percentile
from benchmarks.watchdog import Watchdog
from bot.app import App
from bot.commands.base import Member

ITEMS = 100_000
ROUNDS = 25
_LINES = (
    "/ask What is NSATU?",
    "/ask How much money has Japan put into NATO's trust fund for Ukraine?",
    "/ask 自衛官は何人、どこに派遣されますか。",
    "/ask Чи приєдналася Японія до PURL?",
    "/ask Which port did the committee discuss on Thursday?",
    "/digest assistance 7d",
    "/digest period:30d",
    "/latest background 20",
    "/latest n:5",
    "/sections",
    "/section challenges",
    "/timeline assistance from:2025-01",
    "/timeline actor:NSATU",
    "/timeline export:csv",
    "/sources",
    "/why {item}",
    "/schedule",
    "/help",
    "/about",
    "/admin status",
    "/admin preview morning",
)


def run(items: int = ITEMS) -> None:
    heading(f"Commands on an archive of {items:,} items")
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree("config", folder / "config")
        corpus.without_extras(folder)
        corpus.fill(folder, items)
        with (folder / "config" / "bot.yaml").open("a", encoding="utf-8") as settings:
            settings.write("limits: {member_commands: 0, channel_commands: 0}\n")
        asyncio.run(_measure(folder, items))


async def _measure(folder: Path, items: int) -> None:
    app = await App.create(folder / "config", archive=corpus.archive_url(folder))
    took: dict[str, list[float]] = defaultdict(list)
    member = Member("web", "local", "digest", "local", admin=True, language="en", zone="Europe/Kyiv")
    try:
        await app.desk.catch_up()
        for line in _LINES:
            await app.dispatcher.invoke_text(line.format(item=items // 2), member)
        # As the running bot does: what was built at start does not need to be looked through again and again.
        gc.collect()
        gc.freeze()
        async with Watchdog() as dog:
            for number in range(ROUNDS):
                for line in _LINES:
                    began = time.perf_counter()
                    answer = await app.dispatcher.invoke_text(line.format(item=items // 2 + number), member)
                    took[line].append(time.perf_counter() - began)
                    assert answer.blocks
    finally:
        await app.close()
    _print(took, dog)


def _print(took: dict[str, list[float]], dog: Watchdog) -> None:
    for line, times in sorted(took.items(), key=lambda pair: -percentile(pair[1], 0.95)):
        print(f"p50 {percentile(times, 0.5) * 1000:6.1f} ms  p95 {percentile(times, 0.95) * 1000:6.1f} ms  {line}")
    every = [time for times in took.values() for time in times]
    print(f"all commands: p95 {percentile(every, 0.95) * 1000:.1f} ms (limit 150 ms)")
    slowest = max(percentile(times, 0.95) for times in took.values())
    print(f"slowest command: p95 {slowest * 1000:.1f} ms (limit 150 ms)")
    print(f"event loop: held {dog.worst_ms:.1f} ms at most (limit 50 ms), {len(dog.lags):,} ticks")
