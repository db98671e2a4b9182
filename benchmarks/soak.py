"""A soak: the real bot as a program, 2,000 feeds polled every 5 minutes, 50 commands a second, measured from outside.

``python -m benchmarks soak [--minutes 30]``; a machine that is busy otherwise takes less: ``--feeds 200 --rate 5``.
Commands come through the local chat's HTTP interface and, a tenth of
them, through Slack (the double of ``tests/fakes`` in a process of its own, by socket). Memory is the resident set of
the bot, sampled; its slope is that of the regression line after the warm-up, told with what it may be wrong by. What
its workers hold beside it is told, too, and not judged: each ends after a while without work or after so many
documents or questions, and comes back with the next, so their sum sways by many times the limit and cannot rise for
long. The event loop's lag is read from the bot's own ``/metrics``. An error is an answer that is not 2xx, a reply that
speaks of a fault, a command that Slack saw unacknowledged, or a line of the log at level error. The exit status is 1
when a limit is missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import corpus
from benchmarks.machine import heading, percentile
from benchmarks.soakverdict import Limit, judged, lag_percentile, slope

FEEDS = 2_000
MINUTES = 30.0
COMMANDS = 50
"""A second."""
BY_SLACK = 0.1
"""Their share that comes through Slack."""
EVERY = "5m"
_SAMPLE = 5.0
_SCRAPE = 15.0
_CHANNELS = 20
_LAG = "kakehashi_event_loop_lag_seconds"
_LINES = {
    "/latest background 20": 8,
    "/latest n:5": 6,
    "/ask What is NSATU?": 2,
    "/ask How much money has Japan put into NATO's trust fund for Ukraine?": 2,
    "/ask Чи приєдналася Японія до PURL?": 1,
    "/ask 自衛官は何人、どこに派遣されますか。": 1,
    "/sections": 5,
    "/section challenges": 5,
    "/timeline assistance from:2025-01": 5,
    "/timeline actor:NSATU": 3,
    "/digest assistance 7d": 3,
    "/why {item}": 3,
    "/sources": 1,
    "/schedule": 3,
    "/help": 2,
    "/about": 2,
}
"""What members ask, by how often: one in nine is a question, which costs most."""


@dataclass
class Seen:
    """What the load saw. ``took`` are seconds of commands that were answered after the warm-up."""

    sent: int = 0
    took: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    """When (seconds), MB of the bot, MB of the bot and its workers."""
    waiting: int = 0
    """Commands that have not been answered yet."""
    warm: bool = False
    over: bool = False
    """What is cut off from now on stays unanswered."""


@dataclass(frozen=True, slots=True)
class Took:
    """What the soak was, and what the bot took after the warm-up: seconds of processor time, commands."""

    seconds: float
    warm_at: float
    feeds: int
    rate: float
    processor: float
    workers: float
    commands: int


def run() -> None:
    minutes, feeds_wanted, rate = _option("minutes", MINUTES), int(_option("feeds", FEEDS)), _option("rate", COMMANDS)
    heading(f"Soak: {minutes:g} minutes, {feeds_wanted:,} feeds every {EVERY}, {rate:g} commands a second")
    with (
        TemporaryDirectory() as name,
        _process("benchmarks.soakfeeds", "--feeds", str(feeds_wanted)) as feeds,
        _process("tests.fakes.slack.server", "--port", "0", "--channels", str(_CHANNELS)) as slack,
    ):
        limits = asyncio.run(_soak(Path(name), minutes * 60, feeds["addresses"], slack, rate))
    if not all(limit.kept for limit in limits):
        raise SystemExit(1)


def _option(name: str, default: float) -> float:
    return float(sys.argv[sys.argv.index(f"--{name}") + 1]) if f"--{name}" in sys.argv else default


@contextlib.contextmanager
def _process(module: str, *arguments: str) -> Iterator[dict[str, Any]]:
    """A program of ours beside the bot; its first line."""
    with subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(20)


# --- the bot -----------------------------------------------------------------------------------------------


def _configure(folder: Path, addresses: list[str], slack: dict[str, Any]) -> int:
    """The shipped configuration over these feeds, without limits on commands, on a free port; without search by
    meaning, which `make run` does not install and the development's set-up does."""
    shutil.copytree("config", folder / "config")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    path = folder / "config" / "bot.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "    port: 8765\n", f'    port: {port}\n  slack: {{base_url: "{slack["base_url"]}"}}\n'
    )
    path.write_text(
        text + "\nlimits: {member_commands: 0, channel_commands: 0}\nsearch: {semantic: off}\n", encoding="utf-8"
    )
    kinds = ("official", "wire", "national", "commentary")
    sources = "".join(
        f"  - {{id: feed-{n}, name: Feed {n}, url: '{url}', publisher: Feed {n}, family: feed-{n},"
        f" kind: {kinds[n % len(kinds)]}, language: en, every: {EVERY}, allow_private: true}}\n"
        for n, url in enumerate(addresses)
    )
    (folder / "config" / "stories" / corpus.STORY.name / "sources.yaml").write_text(
        f"sources:\n{sources}", encoding="utf-8"
    )
    return port


@contextlib.asynccontextmanager
async def _bot(folder: Path, slack: dict[str, Any]) -> AsyncIterator[psutil.Process]:
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "run"],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(Path.cwd()),
                "SLACK_BOT_TOKEN": slack["bot_token"],
                "SLACK_APP_TOKEN": slack["app_token"],
            },
            stdout=subprocess.DEVNULL,
            stderr=out,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, 30)
        except subprocess.TimeoutExpired:
            process.kill()


async def _soak(folder: Path, seconds: float, addresses: list[str], slack: dict[str, Any], rate: float) -> list[Limit]:
    port = _configure(folder, addresses, slack)
    seen = Seen()
    warm_up = min(600.0, seconds / 3)  # two rounds of all feeds
    async with _bot(folder, slack) as bot:
        timeout = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(limit=100)
        base = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(base, timeout=timeout, connector=connector) as http:
            await _until_ready(http, bot)
            began = time.monotonic()
            control = slack["base_url"].split("/api")[0] + "/_control"
            work = [
                asyncio.create_task(_ask(http, rate * (1 - BY_SLACK), len(addresses), seen)),
                asyncio.create_task(_ask_by_slack(http, control, max(1, round(rate * BY_SLACK)), seen)),
                asyncio.create_task(_sample(bot, seen)),
                asyncio.create_task(_look_on(base)),
                asyncio.create_task(_scrape(base)),
            ]
            await asyncio.sleep(warm_up)
            before, spent, sent = await _lags(http), bot.cpu_times(), seen.sent
            seen.warm = True
            await _wait(began + seconds, seen, bot)
            after, at_end = await _lags(http), bot.cpu_times()
            took = Took(
                seconds=seconds,
                warm_at=began + warm_up,
                feeds=len(addresses),
                rate=rate,
                processor=at_end.user + at_end.system - spent.user - spent.system,
                workers=_of_workers(at_end) - _of_workers(spent),
                commands=seen.sent - sent,
            )
            seen.over = True
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            figures = await _text(http)
    return _report(seen, _between(before, after), folder / "log", figures, took)


def _of_workers(times: Any) -> float:
    """Processor time of workers that have ended."""
    return float(times.children_user + times.children_system)


async def _until_ready(http: aiohttp.ClientSession, bot: psutil.Process) -> None:
    for _ in range(600):
        with contextlib.suppress(aiohttp.ClientError):
            async with http.get("/healthz/ready") as answer:
                if answer.status == 200:
                    return
        if bot.status() == psutil.STATUS_ZOMBIE:
            raise SystemExit("the bot has died; run it by hand to see why")
        await asyncio.sleep(0.1)
    raise SystemExit("the bot does not become ready")


async def _wait(end: float, seen: Seen, bot: psutil.Process) -> None:
    """Wait, and say every minute how it goes."""
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(60.0, left))
        memory = seen.memory[-1][1] if seen.memory else 0.0
        print(
            f"{seen.sent:,} commands, {sum(seen.errors.values())} errors, {memory:.1f} MB, "
            f"processor {bot.cpu_percent():.0f} %",
            flush=True,
        )


# --- load --------------------------------------------------------------------------------------------------


async def _ask(http: aiohttp.ClientSession, rate: float, items: int, seen: Seen) -> None:
    """So many commands a second whatever comes back: a slow bot gets no pause."""
    rng = random.Random(1)
    lines, weights = list(_LINES), list(_LINES.values())
    asked: set[asyncio.Task[None]] = set()
    began = time.monotonic()
    try:
        for number in range(10**9):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            line = rng.choices(lines, weights)[0].format(item=rng.randint(1, items))
            task = asyncio.create_task(_say(http, line, seen))
            asked.add(task)
            task.add_done_callback(asked.discard)
    finally:
        for task in asked:
            task.cancel()


async def _say(http: aiohttp.ClientSession, line: str, seen: Seen) -> None:
    body = {"line": line, "channel": "newsroom", "language": "en", "zone": "Europe/Kyiv"}
    seen.sent += 1
    seen.waiting += 1
    began = time.perf_counter()
    try:
        async with http.post("/api/say", json=body) as answer:
            if answer.status != 200:
                seen.errors[f"status {answer.status}"] += 1
                return
            card = (await answer.json())["message"]
            if card["kind"] == "error" and (seen.warm or "/why" not in line):  # not all items are there yet
                seen.errors[f"{line}: {card['summary']}"] += 1
    except (aiohttp.ClientError, TimeoutError) as error:
        seen.errors[type(error).__name__] += 1
    else:
        if seen.warm:
            seen.took.append(time.perf_counter() - began)
    finally:
        if not seen.over:
            seen.waiting -= 1


async def _ask_by_slack(http: aiohttp.ClientSession, control: str, each: int, seen: Seen) -> None:
    lines = list(_LINES)
    for number in range(10**9):
        text = lines[number % len(lines)].removeprefix("/").format(item=1 + number % 50)
        body = {"count": each, "text": text}
        seen.sent += each
        began = time.monotonic()
        try:
            async with http.post(f"{control}/commands", json=body) as answer:
                if missing := (await answer.json())["unanswered"]:
                    seen.errors["Slack: not acknowledged"] += missing
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.errors[f"Slack: {type(error).__name__}"] += 1
        await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))


async def _look_on(base: str) -> None:
    """Two open pages, as members have them."""

    async def page() -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(base, timeout=timeout) as http, http.get("/api/events") as answer:
            async for _ in answer.content.iter_any():
                pass

    await asyncio.gather(page(), page())


async def _scrape(base: str) -> None:
    """Prometheus, from the beginning: what the first scrape needs must not look as if memory rose after the warm-up."""
    async with aiohttp.ClientSession(base, timeout=aiohttp.ClientTimeout(total=30)) as http:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await _text(http)
            await asyncio.sleep(_SCRAPE)


# --- measuring ---------------------------------------------------------------------------------------------


async def _sample(bot: psutil.Process, seen: Seen) -> None:
    while True:
        with contextlib.suppress(psutil.NoSuchProcess):
            own = bot.memory_info().rss / 1e6
            workers = sum(one.memory_info().rss for one in bot.children(recursive=True)) / 1e6
            seen.memory.append((time.monotonic(), own, own + workers))
        await asyncio.sleep(_SAMPLE)


async def _text(http: aiohttp.ClientSession) -> str:
    async with http.get("/metrics") as answer:
        answer.raise_for_status()
        return await answer.text()


async def _lags(http: aiohttp.ClientSession) -> dict[float, float]:
    """How many ticks of the event loop came at most so late (seconds)."""
    families = text_string_to_metric_families(await _text(http))
    samples = [sample for family in families for sample in family.samples if sample.name == f"{_LAG}_bucket"]
    return {float(sample.labels["le"]): sample.value for sample in samples}


def _between(before: dict[float, float], after: dict[float, float]) -> dict[float, float]:
    return {bound: after[bound] - before[bound] for bound in after}


def _faults(log: Path, seen: Seen) -> Counter[str]:
    """Lines of the log by event, at level warning; those above count as errors."""
    warnings: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            seen.errors["a line of the log that is no JSON"] += 1
            continue
        if entry["level"] in ("error", "critical"):
            cause = str(entry.get("exception", "")).splitlines()[-1:]
            seen.errors[f"log: {entry['event']} {' '.join(cause)}"[:200]] += 1
        elif entry["level"] == "warning":
            warnings[entry["event"]] += 1
    return warnings


def _report(seen: Seen, lags: dict[float, float], log: Path, figures: str, took: Took) -> list[Limit]:
    warnings = _faults(log, seen)
    settled = [sample for sample in seen.memory if sample[0] >= took.warm_at]
    own, whole = ([(at, memory[which]) for at, *memory in settled] for which in (0, 1))
    p99 = lag_percentile(lags, 0.99)
    rise = slope(own)
    reads = [line for line in figures.splitlines() if line.startswith("kakehashi_source_reads_total")]
    print("\n".join(reads))
    if seen.took:
        print(
            f"commands: p50 {percentile(seen.took, 0.5) * 1000:.1f} ms, p95 {percentile(seen.took, 0.95) * 1000:.1f} ms"
        )
    if took.commands:
        print(
            f"processor time of the bot: {took.processor:.1f} s for {took.commands:,} commands and all polls meanwhile,"
            f" {1000 * took.processor / took.commands:.1f} ms a command; its workers {took.workers:.1f} s"
        )
    print(
        f"event loop: p50 {lag_percentile(lags, 0.5) * 1000:.1f} ms, p99.9 {lag_percentile(lags, 0.999) * 1000:.1f} ms"
    )
    if settled:
        most = max(memory for _, memory in whole)
        print(f"memory of the bot after the warm-up: {own[0][1]:.1f} MB, at the end {own[-1][1]:.1f} MB")
        print(f"memory with its workers, which end and begin: {slope(whole)}, at most {most:.1f} MB")
    for kind, found in (("error", seen.errors), ("warning", warnings)):
        for what, number in found.most_common(8):
            print(f"{kind}: {number} × {what}")
    errors = sum(seen.errors.values())
    limits = judged(errors=errors, waiting=seen.waiting, rate=took.rate, lag_p99=p99, rise=rise)
    print("\n".join(map(str, limits)))
    print(
        f"soak minutes {took.seconds / 60:g} commands {seen.sent} feeds {took.feeds} errors {errors} "
        f"lag_p99_ms {p99 * 1000:.1f} slope_mb_h {rise.rise:.2f} "
        f"{'all limits kept' if all(limit.kept for limit in limits) else 'a limit was missed'}"
    )
    return limits
