"""From the command to a page that answers, and the memory of the running bot, on an archive of 10,000 items."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks import corpus
from benchmarks.machine import heading

ITEMS = 10_000
RUNS = 3
_ASKED = ("/ask What is NSATU?", "/latest background 20", "/timeline assistance", "/digest assistance 30d", "/sources")


def run() -> None:
    heading(f"Start and memory ({ITEMS:,} archived items, the shipped story)")
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree("config", folder / "config")
        corpus.without_extras(folder)
        first = _measure(folder, "first start, empty archive")
        corpus.fill(folder, ITEMS)
        starts = [first] + [_measure(folder, f"start {number + 1}") for number in range(RUNS)]
    print(f"slowest start {max(start for start, _ in starts):.2f} s (limit 4 s)")
    print(f"largest resident memory {max(memory for _, memory in starts):.0f} MB (limit 200 MB)")


def _measure(folder: Path, name: str) -> tuple[float, float]:
    """Seconds to the first answered command; MB resident after some commands, children counted."""
    with _running(folder) as (process, port, began):
        _wait_for(f"http://127.0.0.1:{port}/api/state")
        page = time.perf_counter() - began
        _say(port, "/sections")
        answered = time.perf_counter() - began
        for line in _ASKED * 3:
            _say(port, line)
        time.sleep(2)
        whole = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        memory = sum(one.memory_info().rss for one in whole) / 1e6
    print(f"{name}: page {page:.2f} s, first command answered {answered:.2f} s, resident {memory:.0f} MB", flush=True)
    return answered, memory


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "config" / "bot.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("port: 8765", f"port: {port}"), encoding="utf-8")
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "run", "--no-ingest"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, port, began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        settings.write_text(text, encoding="utf-8")


def _wait_for(url: str, limit: float = 30.0) -> None:
    end = time.perf_counter() + limit
    while time.perf_counter() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                answer.read()
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise SystemExit(f"{url} does not answer")


def _say(port: int, line: str) -> None:
    body = json.dumps({"line": line, "channel": "digest", "language": "en"}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/say", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
