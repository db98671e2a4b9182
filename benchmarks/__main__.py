"""Every part but the soak, or those that are named:
``python -m benchmarks [start|ingest|index|commands|rendering|platforms [slack|discord]] [--full]``,
``python -m benchmarks growth [--days 365] [--items 200] [--keep-all]``,
``python -m benchmarks soak [--minutes 30] [--feeds 2000] [--rate 50]``.
"""

from __future__ import annotations

import logging
import sys

from benchmarks import commands, growth, index, ingest, platforms, rendering, soak, start
from benchmarks.machine import describe
from bot import logs

PARTS = {
    "start": start.run,
    "ingest": ingest.run,
    "index": index.run,
    "commands": commands.run,
    "rendering": rendering.run,
    "platforms": platforms.run,
    "growth": growth.run,
}
BY_NAME_ONLY = {"soak": soak.run}
"""Takes half an hour."""
_OPTIONS = ("--full", "--minutes", "--feeds", "--rate", "--days", "--items", "--keep-all", "slack", "discord")


def main() -> None:
    given = [name for name in sys.argv[1:] if name not in _OPTIONS and not name.replace(".", "").isdecimal()]
    wanted = given or list(PARTS)
    parts = PARTS | BY_NAME_ONLY
    for name in wanted:
        if name not in parts:
            raise SystemExit(f"no part {name!r}; there are: {', '.join(parts)}")
    print(f"Measured on: {describe()}")
    logs.configure(level=logging.ERROR)
    for name in wanted:
        parts[name]()


main()
