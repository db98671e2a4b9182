"""The log of a whole run as a program writes it: every line JSON, with the ids that tell what it is about."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar

ROOT = Path(__file__).parents[2]


async def run(config: Path, *, until: str, limit: float = 60.0) -> tuple[int, list[dict[str, Any]]]:
    """Run the bot until a line with this event has come; the exit status and the lines."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.cli", "--config", str(config), "run"),
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    lines: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(limit):
            async for line in process.stderr:
                lines.append(json.loads(line))
                if until and lines[-1]["event"] == until:
                    until = ""
                    process.send_signal(signal.SIGTERM)
            return await process.wait(), lines
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_every_line_of_a_run_is_json_and_carries_its_ids(config: Path, newsstand: Newsstand) -> None:
    newsstand.entries["town-hall"] = [pillar()]
    newsstand.broken.add("agency")
    path = config / "bot.yaml"
    # A platform that is away and one channel that nobody serves: deliveries that are sent, and some that are not.
    path.write_text(
        path.read_text().replace("  web: {port: 0}\n", "  web: {port: 0}\n  slack: {enabled: false}\n")
        .replace('["web:news"]', '["web:news", "slack:T1:C1"]')
    )  # fmt: skip
    status, lines = await run(config, until="source.failed")
    assert status == 0
    (run_id,) = {line["run"] for line in lines}
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(line) for line in lines))
    named = {line["event"] for line in lines}
    assert {"config.loaded", "edition.written", "delivery.sent", "delivery.retry", "app.started"} <= named
    for line in lines:
        if line["event"] == "edition.written":
            assert line["digest"] == "morning"
            assert line["edition"] == 1
        if line["event"].startswith("delivery."):
            assert line["edition"] == 1
            assert len(line["delivery"]) == 20
            assert line["destination"] in ("web:local:news", "slack:T1:C1")
        if line["event"].startswith("source."):
            assert line["source"] in ("town-hall", "courier", "agency")
    assert "pillar" not in json.dumps(lines), "no words of an article"
    _, again = await run(config, until="app.started")
    assert {line["run"] for line in again} != {run_id}


async def test_a_run_that_cannot_begin_says_so_in_json_too(config: Path) -> None:
    (config / "bot.yaml").write_text("story: tiny\nlanguage: xx\n")
    status, lines = await run(config, until="")
    assert status == 1
    assert lines[-1]["event"] == "app.cannot-run"
    assert "bot.yaml:2" in lines[-1]["problems"][0]
