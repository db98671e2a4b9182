"""The bot as a program whose clock goes ahead of the machine's: run by tests/system/test_shutdown.py.

``python -m tests.system.running CONFIG SECONDS`` is ``kakehashi run`` with no sources read and the clock SECONDS ahead:
what leases and windows wait for has passed then.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import timedelta
from pathlib import Path

from bot import logs
from bot.app import App, utc_now
from bot.run import run_app


async def main(config: Path, ahead: timedelta) -> None:
    await run_app(await App.create(config, now=lambda: utc_now() + ahead), ingest=False)


if __name__ == "__main__":
    logs.configure(level=logging.INFO)
    asyncio.run(main(Path(sys.argv[1]), timedelta(seconds=float(sys.argv[2]))))
