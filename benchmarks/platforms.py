"""Slack and Discord under load: a whole bot on loopback against the doubles of ``tests/fakes`` in their own processes.

Acknowledgements: 200 members run a command at the same moment. Fan-out: an edition goes to 1,000 channels, as fast as
the platform's rate limits allow and without going over them; five times, as flushes to the disk take now 1 ms, now 10.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks import corpus
from benchmarks.machine import heading, percentile
from benchmarks.watchdog import Watchdog
from bot.app import App
from bot.run import settle_memory
from digests.archive import deliveries
from digests.model import DeliveryState

CHANNELS = 1_000
COMMANDS = 200
ITEMS = 10_000
EDITIONS = 5
_QUESTION = "How much money has Japan put into NATO's trust fund for Ukraine?"
_LONGEST_FAN_OUT = 300.0


@dataclass(frozen=True, slots=True)
class Double:
    """A platform's double in a process of its own. ``control`` is the address of its control page."""

    platform: str
    control: str
    options: dict[str, Any]
    secrets: dict[str, str]
    channels: list[str]
    asking: dict[str, Any]
    """How its control page is told to ask."""

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.control}/stats", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    async def commands(self, body: dict[str, Any]) -> list[float]:
        """Milliseconds to the acknowledgement of each command."""
        return await asyncio.to_thread(self._commands, body)

    def _commands(self, body: dict[str, Any]) -> list[float]:
        request = urllib.request.Request(
            f"{self.control}/commands", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert not found.get("unanswered"), f"{found['unanswered']} commands were not acknowledged within 3 s"
        return [float(delay) for delay in found["delays_ms"]]


def run() -> None:
    only = [name for name in sys.argv[1:] if name in ("slack", "discord")]
    for name, double in (("Slack", _slack), ("Discord", _discord)):
        if only and name.lower() not in only:
            continue
        heading(f"{name}: {COMMANDS} commands at once, and one edition to {CHANNELS:,} channels")
        with double() as platform, TemporaryDirectory() as folder:
            asyncio.run(_measure(platform, Path(folder)))


# --- the doubles -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _served(module: str) -> Iterator[dict[str, Any]]:
    """The double in its own process; what its first line says about it."""
    command = [sys.executable, "-m", module, "--port", "0", "--channels", str(CHANNELS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def _discord() -> Iterator[Double]:
    with _served("tests.fakes.discord.server") as world:
        yield Double(
            "discord",
            world["base_url"].split("/api/")[0] + "/_control",
            {"base_url": world["base_url"], "gateway": world["gateway_url"], "shards": 1},
            {"DISCORD_TOKEN": world["token"]},
            world["channels"][:CHANNELS],
            {"command": "ask", "options": {"question": _QUESTION}},
        )


@contextlib.contextmanager
def _slack() -> Iterator[Double]:
    with _served("tests.fakes.slack.server") as world:
        yield Double(
            "slack",
            world["base_url"].split("/api")[0] + "/_control",
            {"base_url": world["base_url"]},
            {"SLACK_BOT_TOKEN": world["bot_token"], "SLACK_APP_TOKEN": world["app_token"]},
            world["channels"][:CHANNELS],
            {"text": f"ask {_QUESTION}"},
        )


# --- the bot -----------------------------------------------------------------------------------------------


async def _measure(platform: Double, folder: Path) -> None:
    async with _running(platform, folder) as app:
        await _acknowledgements(platform)
        rates = [await _fan_out(platform, app, folder, turn) for turn in range(EDITIONS)]
    print(f"fan-out, the middle of {EDITIONS} editions: {_share(platform, statistics.median(rates))}")


@contextlib.asynccontextmanager
async def _running(platform: Double, folder: Path) -> AsyncIterator[App]:
    shutil.copytree("config", folder / "config")
    _configure(folder, platform, destinations=[])
    await asyncio.to_thread(corpus.fill, folder, ITEMS)
    os.environ |= platform.secrets
    app = await App.create(folder / "config", archive=corpus.archive_url(folder))
    try:
        await app.start(ingest=False)
        settle_memory()
        yield app
    finally:
        await app.close()


def _configure(folder: Path, platform: Double, destinations: list[str], turn: int = 0) -> None:
    path = folder / "config" / "bot.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["platforms"] = {platform.platform: platform.options}
    settings["admins"] = []
    settings["digests"] = [
        {
            "id": f"fan-out-{turn}",
            "name": {"en": "NATO's support for Ukraine"},
            "sections": ["background"],
            "destinations": [f"{platform.platform}:{channel}" for channel in destinations],
            "schedule": "daily 18:00",
            "length": "short",
        }
    ][: bool(destinations)]
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


async def _acknowledgements(platform: Double) -> None:
    body = {"count": COMMANDS, **platform.asking}
    await platform.commands({**body, "count": 5})
    await asyncio.sleep(2)
    before = platform.stats()["answers"]
    began = time.perf_counter()
    delays = await platform.commands(body)
    async with asyncio.timeout(60):
        while platform.stats()["answers"] < before + COMMANDS:
            await asyncio.sleep(0.1)
    print(
        f"acknowledged: p50 {percentile(delays, 0.5):.0f} ms, p99 {percentile(delays, 0.99):.0f} ms (limit 500 ms); "
        f"all {COMMANDS} answered after {time.perf_counter() - began:.1f} s",
        flush=True,
    )


async def _fan_out(platform: Double, app: App, folder: Path, turn: int) -> float:
    """A digest with a thousand destinations appears in bot.yaml: its welcome edition goes to all of them.

    Returns messages a second, as the platform saw them.
    """
    before = platform.stats()
    _configure(folder, platform, platform.channels, turn)
    async with Watchdog() as dog:
        began = time.perf_counter()
        await app.reload()
        await _settled(app)
        took = time.perf_counter() - began
    after = platform.stats()
    arrived = after["message_posts"][len(before["message_posts"]) :]
    sent, span = len(arrived), arrived[-1] - arrived[0]
    print(
        f"fan-out: {sent:,} messages in {span:.1f} s at the platform ({took:.1f} s with composing), "
        f"{(sent - 1) / span:.1f} a second",
        flush=True,
    )
    over = after["rate_limited"] - before["rate_limited"]
    print(
        f"refused for going over a limit: {over} (limit 0); event loop held {dog.worst_ms:.1f} ms at most", flush=True
    )
    return float((sent - 1) / span)


def _share(platform: Double, rate: float) -> str:
    """What a rate is of what the platform allows; both count messages a second."""
    if platform.platform == "discord":
        return f"{rate:.1f} a second, {rate / 50:.1%} of the 50 requests a second that Discord allows (limit 95 %)"
    allowed = len(platform.channels)
    return f"{rate:.0f} a second, {rate / allowed:.1%} of Slack's one a second and channel (limit 95 %)"


async def _settled(app: App) -> None:
    async with asyncio.timeout(_LONGEST_FAN_OUT):
        while True:
            await asyncio.sleep(0.2)
            async with app.archive.read() as connection:
                counts = await deliveries.counts(connection)
            if counts[DeliveryState.SENT] and not counts[DeliveryState.PENDING] and not counts[DeliveryState.LEASED]:
                assert not counts[DeliveryState.DEAD], "some deliveries were given up"
                return
