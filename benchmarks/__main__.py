"""``python -m benchmarks [start|ingest|index|commands|rendering|platforms [slack|discord]] [--full]``.

Every part, or the one that is named.
"""

from __future__ import annotations

import logging
import sys

from benchmarks import commands, index, ingest, platforms, rendering, start
from benchmarks.machine import describe
from bot import logs

PARTS = {
    "start": start.run,
    "ingest": ingest.run,
    "index": index.run,
    "commands": commands.run,
    "rendering": rendering.run,
    "platforms": platforms.run,
}


def main() -> None:
    wanted = [name for name in sys.argv[1:] if name not in ("--full", "slack", "discord")] or list(PARTS)
    for name in wanted:
        if name not in PARTS:
            raise SystemExit(f"no part {name!r}; there are: {', '.join(PARTS)}")
    print(f"Measured on: {describe()}")
    logs.configure(level=logging.ERROR)
    for name in wanted:
        PARTS[name]()


main()
