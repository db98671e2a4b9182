"""Ingest: bytes of feeds already fetched → parsed, cleaned, filed, grouped, archived, indexed.

Beside it the library ``reader`` updates the same feeds with its search index enabled, in the same run and in turn with
ours, so that a machine whose speed drifts is fair to both. It files and groups nothing.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import corpus
from benchmarks.machine import heading
from digests.archive import Archive
from digests.ingest.update import Updater

ITEMS = 1_500
ROUNDS = 3
GROWTH = (1_000, 10_000, 30_000, 100_000)
_PROBE = 500


def run() -> None:
    heading(f"Ingest of new items ({ROUNDS} rounds of {ITEMS:,} items of about {corpus.WORDS} words, 25 a feed)")
    # Both sides load what they need before the clock runs.
    _ours(corpus.feeds(50, seed=99))
    _readers(corpus.feeds(50, seed=99))
    ratios = []
    for number in range(ROUNDS):
        bodies = corpus.feeds(ITEMS, seed=number + 1)
        ours, theirs = _ours(bodies), _readers(bodies)
        ratios.append(ours / theirs)
        print(f"round {number + 1}: Kakehashi {ours:.0f} items/s, reader {theirs:.0f} items/s", flush=True)
    print(f"ratio Kakehashi / reader: {statistics.median(ratios):.2f} (limit 1, aim 2)")
    unchanged()
    growth()


def _ours(bodies: dict[str, bytes]) -> float:
    with TemporaryDirectory() as name:
        return asyncio.run(_update(Path(name), bodies))


async def _update(folder: Path, bodies: dict[str, bytes]) -> float:
    """New items a second."""
    archive = await Archive.open(corpus.archive_url(folder))
    try:
        work = await corpus.updater(archive, corpus.FetchedAlready(bodies))
        # The event index is built when it is first needed; a running bot has it.
        await work.warm_up(datetime.now(UTC))
        return await _timed(work, bodies)
    finally:
        await archive.close()


async def _timed(work: Updater, bodies: dict[str, bytes]) -> float:
    """Feeds are read as many at a time as the running bot reads."""
    began = time.perf_counter()
    new = 0
    for batch in corpus.batches(list(bodies)):
        now = datetime.now(UTC)
        for result in await asyncio.gather(*(work.update_source(corpus.source(name), now) for name in batch)):
            assert result.error is None, result.error
            new += result.new
    assert new, "nothing was new"
    return new / (time.perf_counter() - began)


def _readers(bodies: dict[str, bytes]) -> float:
    """New items a second of ``reader``, search index included."""
    from reader import make_reader

    with TemporaryDirectory() as name:
        folder = Path(name)
        for feed, body in bodies.items():
            (folder / f"{feed}.xml").write_bytes(body)
        reader = make_reader(str(folder / "reader.sqlite"), feed_root=str(folder))
        reader.enable_search()
        for feed in bodies:
            reader.add_feed(f"{feed}.xml")
        began = time.perf_counter()
        reader.update_feeds()
        reader.update_search()
        took = time.perf_counter() - began
        new = reader.get_entry_counts().total
        reader.close()
    assert new == sum(body.count(b"<item>") for body in bodies.values())
    return float(new / took)


def unchanged() -> None:
    heading("Feeds that hardly change (100 feeds of 25 items)")
    bodies = corpus.feeds(2_500, seed=7)
    with TemporaryDirectory() as name:
        asyncio.run(_unchanged(Path(name), bodies))


async def _unchanged(folder: Path, bodies: dict[str, bytes]) -> None:
    archive = await Archive.open(corpus.archive_url(folder))
    try:
        fetcher = corpus.FetchedAlready(bodies)
        work = await corpus.updater(archive, fetcher)
        names = list(bodies)

        async def pass_over(name: str, prepare: Callable[[str], None]) -> None:
            for feed in names:
                prepare(feed)
            began = time.perf_counter()
            brought = [await work.update_source(corpus.source(feed), datetime.now(UTC)) for feed in names]
            took = (time.perf_counter() - began) / len(names) * 1000
            changes = sum(result.new + result.revised for result in brought)
            print(f"{name}: {took:.2f} ms a feed, {changes} changed items", flush=True)

        def with_one_more(feed: str) -> None:
            extra = corpus.rss(list(corpus.entries(1, seed=hash(feed) % 10_000 + 100)), "extra")
            item = extra[extra.index(b"<item>") : extra.index(b"</channel>")]
            key = f"https://news.example/{feed}.xml"
            fetcher.bodies[key] = fetcher.bodies[key].replace(b"</channel>", item + b"</channel>")

        await pass_over("first time (all new)", lambda feed: None)
        await pass_over("the same bytes", lambda feed: None)
        await pass_over("one new item", with_one_more)
    finally:
        await archive.close()


def growth() -> None:
    heading(f"Cost of {_PROBE} new items as the archive grows")
    with TemporaryDirectory() as name:
        folder = Path(name)
        filled = 0
        for step, size in enumerate(GROWTH):
            corpus.fill(folder, size - filled, seed=1_000 + step)
            filled = size
            rate = asyncio.run(_update(folder, corpus.feeds(_PROBE, seed=2_000 + step)))
            print(f"{size:>7,} archived items: {1000 / rate:.2f} ms an item ({rate:.0f} items/s)", flush=True)
            filled += _PROBE
