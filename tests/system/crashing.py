"""A bot that is killed for real: run in a process of its own by tests/system/test_crash.py.

``program(config, time, point)`` starts the bot with its clock at ``time``, does what is due, and dies by SIGKILL at
``point``: ``composed`` (before the edition is written), ``written`` (before a row is leased), ``leased`` (before it is
sent), ``sent`` (before that is recorded), ``never``.
"""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import App
from bot.editions import EditionDesk
from digests.archive import deliveries
from digests.ingest.fetch import FetchLimits


def die(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, app: App) -> None:
    """Put the death where it belongs."""
    web = app.adapters["web"]
    send = web.send

    async def sent_then_dead(*arguments: Any, **named: Any) -> Any:
        await send(*arguments, **named)
        die()

    match point:
        case "composed":
            EditionDesk._rows = die  # type: ignore[method-assign]
        case "written":
            deliveries.lease = die
        case "leased":
            web.send = die  # type: ignore[method-assign]
        case "sent":
            web.send = sent_then_dead  # type: ignore[method-assign]


async def main(config: Path, time: datetime, point: str) -> None:
    app = await App.create(config, now=lambda: time, limits=FetchLimits(spacing=0.0))
    arm(point, app)
    assert await app.instance.try_to_take()
    for adapter in app.adapters.values():
        await adapter.start(app.dispatcher)
    await app.poll()
    await app.desk.catch_up()
    while await app.worker.work_once():
        pass
    await app.close()


def program(config: Path, time: datetime, point: str) -> None:
    asyncio.run(main(config, time, point))
