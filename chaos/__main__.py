"""``python -m chaos``: see CONTRIBUTING.md, `make chaos`. The last line is the verdict."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bot.failpoints import POINTS
from chaos.events import EVENTS
from chaos.torment import Torment


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeats a run's plot; default: by chance")
    parser.add_argument("--kills", type=int, default=200, help="kill -9 at so many random points")
    parser.add_argument("--editions", type=int, default=580, help="about so many are due")
    parser.add_argument("--events", default=",".join(EVENTS), help="which of the planned events happen")
    parser.add_argument("--points", default=",".join(POINTS), help="crash points to die at, once in each week")
    parser.add_argument("--keep", type=Path, help="a new folder for archive, logs and configuration; kept")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1, 1_000_000)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    # The fakes' server tells of every request that a killed bot left half-done.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    began = time.monotonic()
    events = {name: EVENTS[name] for name in given.events.split(",") if name}
    torment = Torment(folder, seed, given.kills, given.editions, _say, events)
    torment.points = tuple(name for name in given.points.split(",") if name)
    _say(f"seed {seed}: {given.editions} editions, {given.kills} kills, events: {', '.join(events)}")
    verdict = asyncio.run(torment.run())
    deaths = f"{torment.killed} kills, {sum(torment.hit.values())} deaths at {len(torment.hit)} crash points"
    _say(f"{time.monotonic() - began:.0f} s, {torment.steps} steps, {deaths}, {torment.bot.starts} starts")
    _say("weather: " + ", ".join(f"{name} {count}" for name, count in sorted(torment.weather.seen.items())))
    _say(f"folded as documented: {verdict.folded}")
    for reason, count in verdict.reasons.most_common():
        _say(f"uncertain {count}: {reason}")
    for fault in verdict.faults[:40]:
        _say(f"NOT WELL: {fault}")
    if verdict.is_good and given.keep is None:
        shutil.rmtree(folder)
    else:
        _say(f"archive and logs: {folder}")
    _say(verdict.line(seed))
    return 0 if verdict.is_good else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
