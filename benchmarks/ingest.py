"""Ingest: bytes of feeds already fetched → parsed, cleaned, filed, grouped, archived, indexed.

Beside it the library ``reader`` updates the same feeds with its search index enabled, in the same run and in turn with
ours, so that a machine whose speed drifts is fair to both. It files and groups nothing. Processor time is printed
beside the rate: it depends less on what else the machine does.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import corpus
from benchmarks.machine import heading
from benchmarks.watchdog import Watchdog
from digests.archive import Archive
from digests.ingest.update import SourceUpdate, Updater

ITEMS = 1_000
ROUNDS = 5
GROWTH = (1_000, 3_000, 10_000)
FULL_GROWTH = (1_000, 10_000, 30_000, 100_000)
"""With ``--full``; filling an archive with 100,000 items takes some minutes."""
_PROBE = 500


@dataclass(frozen=True, slots=True)
class Run:
    """What bringing in ``items`` new ones took; ``held_ms``: how long the event loop was held at most."""

    items: int
    seconds: float
    cpu_seconds: float
    held_ms: float = 0.0

    @property
    def rate(self) -> float:
        return self.items / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time of an item."""
        return 1000 * self.cpu_seconds / self.items

    def __str__(self) -> str:
        return f"{self.rate:.0f} items/s ({self.cpu_ms:.2f} ms of processor time each)"


def run() -> None:
    heading(f"Ingest of new items ({ROUNDS} rounds of {ITEMS:,} items of about {corpus.WORDS} words, 25 a feed)")
    # Both sides load what they need before the clock runs.
    _ours(corpus.feeds(100, seed=99))
    _readers(corpus.feeds(100, seed=99))
    rounds = [_round(number) for number in range(1, ROUNDS + 1)]
    ratio = statistics.median(ours.rate / theirs.rate for ours, theirs in rounds)
    spent = statistics.median(theirs.cpu_ms / ours.cpu_ms for ours, theirs in rounds)
    print(f"ratio Kakehashi / reader: {ratio:.2f} (limit 1, aim 2); by processor time {spent:.2f}")
    print(f"event loop held {max(ours.held_ms for ours, _ in rounds):.1f} ms at most (limit 50 ms)")
    unchanged()
    growth(FULL_GROWTH if "--full" in sys.argv else GROWTH)


def _round(number: int) -> tuple[Run, Run]:
    bodies = corpus.feeds(ITEMS, seed=number)
    ours, theirs = _ours(bodies), _readers(bodies)
    print(f"round {number}: Kakehashi {ours}, reader {theirs}", flush=True)
    return ours, theirs


# --- the two sides -----------------------------------------------------------------------------------------


def _ours(bodies: dict[str, bytes]) -> Run:
    with TemporaryDirectory() as name:
        return asyncio.run(_update(Path(name), bodies))


async def _update(folder: Path, bodies: dict[str, bytes]) -> Run:
    archive = await Archive.open(corpus.archive_url(folder))
    try:
        work = await corpus.updater(archive, corpus.FetchedAlready(bodies))
        # The event index is built when it is first needed; a running bot has it.
        await work.warm_up(datetime.now(UTC))
        _settle_memory()
        async with Watchdog() as dog:
            began, cpu = time.perf_counter(), time.process_time()
            new = sum(result.new for result in await _read_all(work, list(bodies)))
            took, spent = time.perf_counter() - began, time.process_time() - cpu
    finally:
        await archive.close()
    assert new == _entries(bodies), f"{new} of {_entries(bodies)} were new"
    return Run(new, took, spent, dog.worst_ms)


async def _read_all(work: Updater, names: list[str]) -> list[SourceUpdate]:
    """Feeds are read as many at a time as the running bot reads."""
    results: list[SourceUpdate] = []
    for batch in corpus.batches(names):
        now = datetime.now(UTC)
        results += await asyncio.gather(*(work.update_source(corpus.source(name), now) for name in batch))
    assert not any(result.error for result in results), results
    return results


def _readers(bodies: dict[str, bytes]) -> Run:
    """``reader`` over the same bytes, read from files, its search index included."""
    from reader import make_reader

    with TemporaryDirectory() as name:
        folder = Path(name)
        for feed, body in bodies.items():
            (folder / f"{feed}.xml").write_bytes(body)
        reader = make_reader(str(folder / "reader.sqlite"), feed_root=str(folder))
        reader.enable_search()
        for feed in bodies:
            reader.add_feed(f"{feed}.xml")
        _settle_memory()
        began, cpu = time.perf_counter(), time.process_time()
        reader.update_feeds()
        reader.update_search()
        took, spent = time.perf_counter() - began, time.process_time() - cpu
        new = reader.get_entry_counts().total
        reader.close()
    assert new == _entries(bodies)
    return Run(_entries(bodies), took, spent)


def _settle_memory() -> None:
    """As in the running bot: what was made before (here the made-up texts) is not looked through while it works."""
    gc.collect()
    gc.freeze()


def _entries(bodies: dict[str, bytes]) -> int:
    return sum(body.count(b"<item>") for body in bodies.values())


# --- feeds that hardly change, archives that grow ------------------------------------------------------------


def unchanged() -> None:
    heading("Feeds that hardly change (100 feeds of 25 items)")
    with TemporaryDirectory() as name:
        asyncio.run(_unchanged(Path(name), corpus.feeds(2_500, seed=7)))


async def _unchanged(folder: Path, bodies: dict[str, bytes]) -> None:
    archive = await Archive.open(corpus.archive_url(folder))
    try:
        fetcher = corpus.FetchedAlready(bodies)
        work = await corpus.updater(archive, fetcher)
        await work.warm_up(datetime.now(UTC))

        async def pass_over(title: str, change: Callable[[int, str], None]) -> None:
            for number, feed in enumerate(bodies):
                change(number, feed)
            began, cpu = time.perf_counter(), time.process_time()
            results = await _read_all(work, list(bodies))
            took = (time.perf_counter() - began) / len(bodies) * 1000
            spent = (time.process_time() - cpu) / len(bodies) * 1000
            changes = sum(result.new + result.revised for result in results)
            print(f"{title}: {took:.2f} ms a feed ({spent:.2f} ms of processor time), {changes} changed items")

        def with_one_more(number: int, feed: str) -> None:
            extra = corpus.rss(list(corpus.entries(1, seed=100_000 + number)), "extra")
            item = extra[extra.index(b"<item>") : extra.index(b"</channel>")]
            address = f"https://news.example/{feed}.xml"
            fetcher.bodies[address] = fetcher.bodies[address].replace(b"</channel>", item + b"</channel>")

        await pass_over("first time, all new", lambda number, feed: None)
        await pass_over("the same bytes", lambda number, feed: None)
        await pass_over("one new item", with_one_more)
    finally:
        await archive.close()


def growth(sizes: tuple[int, ...]) -> None:
    heading(f"Cost of {_PROBE} new items as the archive grows")
    with TemporaryDirectory() as name:
        folder = Path(name)
        filled = 0
        for step, size in enumerate(sizes):
            corpus.fill(folder, size - filled, seed=1_000 + step)
            brought = asyncio.run(_update(folder, corpus.feeds(_PROBE, seed=2_000 + step)))
            filled = size + _PROBE
            print(f"{size:>7,} archived items: {1000 / brought.rate:.2f} ms an item: {brought}", flush=True)
