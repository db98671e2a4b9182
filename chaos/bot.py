"""The entry point of the bot that is tormented: ``python -m chaos.bot STEERING CONFIG``.

It composes the same app as ``kakehashi run``, and differs from it in three things that the driver steers: what time it
is, where the process dies, and how large the database may grow (``CHAOS_PAGES``: pages, 0 without a limit).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot import failpoints, instance, logs
from bot.app import App
from bot.run import run_app
from chaos.bells import SteeredBells
from chaos.steering import Steering
from digests.errors import KakehashiError
from digests.ingest.fetch import FetchLimits

POINTS = {name: number for number, name in enumerate(failpoints.POINTS, start=1)}


def limit_pages(most: int) -> None:
    """Let the database report a full disk when it has ``most`` pages."""

    @event.listens_for(Engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={most}")
        cursor.close()


def arm(steering: Steering) -> None:
    def hook(name: str) -> None:
        if steering.pass_point(POINTS[name]):
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.arm(hook)


async def run(steering: Steering, config: Path) -> None:
    bells = SteeredBells(steering.bot_now)
    app = await App.create(config, now=steering.bot_now, clock=bells, limits=FetchLimits(spacing=0.0))
    bells.on_tick = app.worker.wake
    await run_app(app)


def main() -> int:
    steering, config = Steering(Path(sys.argv[1])), Path(sys.argv[2])
    logs.configure(json_lines=True)
    instance.LEASE = float(os.environ.get("CHAOS_LEASE", instance.LEASE))
    if pages := int(os.environ.get("CHAOS_PAGES", "0")):
        limit_pages(pages)
    arm(steering)
    try:
        asyncio.run(run(steering, config))
    except KakehashiError as error:
        sys.stderr.write(f"kakehashi: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
