"""The publishers of the soak: a process of its own that serves many feeds on loopback.

``python -m benchmarks.soakfeeds --feeds 2000`` prints one line of JSON, ``{"addresses": […]}``. Feeds are spread over
loopback addresses, because the bot asks one host once a second at most. Each feed has a validator; a few of them have a
new or an edited entry at every poll.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from aiohttp import web

from benchmarks import corpus

ENTRIES = 8
"""Of a feed; the oldest goes when a new one comes."""
WORDS = 60
NEWS = 0.003
"""Share of polls that find a new entry: 2,000 feeds then bring some 70 items an hour, as many as leave the ten days in
which items are grouped (16,000 items in 240 hours). With more the event index would rightly grow."""
EDITS = 0.02
"""Share of polls that find an entry edited."""
_A_HOST = 8
_BETWEEN = 60.0
"""Seconds between two changes of one feed: who asks twice for one answer gets it."""


@dataclass(slots=True)
class Feed:
    """``entries``: key, title, body and time of each, newest last."""

    entries: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    made: int = 0
    version: int = 0
    changed_at: float = 0.0


class Publishers:
    """All feeds, and how they change."""

    def __init__(self, count: int, seed: int) -> None:
        self._rng = random.Random(seed)
        self._writers = [corpus.Writer(language, self._rng) for language in ("en", "ja", "uk")]
        self._general = corpus.Writer("en", self._rng, corpus._general_texts())
        self._feeds = [Feed() for _ in range(count)]
        now = datetime.now(UTC)
        for feed in self._feeds:
            for _ in range(ENTRIES):
                self._add(feed, now - timedelta(days=10) * self._rng.random())

    def body(self, number: int) -> tuple[bytes, str]:
        """The feed as it is now, and its validator; it may change a little first."""
        feed = self._feeds[number]
        now = time.monotonic()
        if now - feed.changed_at > _BETWEEN:
            feed.changed_at = now
            luck = self._rng.random()
            if luck < NEWS:
                self._add(feed, datetime.now(UTC))
            elif luck < NEWS + EDITS:
                key, title, _, at = feed.entries[-1]
                feed.entries[-1] = (key, title, self._words(), at)
                feed.version += 1
        return self._written(number, feed), f'"{number}-{feed.version}"'

    def _add(self, feed: Feed, at: datetime) -> None:
        title = self._rng.choice(self._writers).text(9)
        feed.entries = [*feed.entries, (f"e{feed.made}", title, self._words(), at)][-ENTRIES:]
        feed.made += 1
        feed.version += 1

    def _words(self) -> str:
        writer = self._general if self._rng.random() < 0.5 else self._rng.choice(self._writers)
        return writer.text(WORDS if writer._joint else WORDS * 3)

    def _written(self, number: int, feed: Feed) -> bytes:
        made = [
            corpus.MadeEntry(f"urn:soak:{number}:{key}", title, escape(body), "en", at)
            for key, title, body, at in feed.entries
        ]
        return corpus.rss(made, f"soak{number}")


async def serve(count: int, seed: int) -> None:
    """Serve until asked to stop."""
    publishers = await asyncio.to_thread(Publishers, count, seed)

    async def answer(request: web.Request) -> web.Response:
        body, etag = publishers.body(int(request.match_info["number"]))
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type="application/rss+xml", headers={"ETag": etag})

    app = web.Application()
    app.add_routes([web.get(r"/{number:\d+}.xml", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    hosts = [f"127.7.{part // 250}.{part % 250 + 1}" for part in range((count + _A_HOST - 1) // _A_HOST)]
    sockets = []
    for host in hosts:
        bound = socket.socket()
        bound.bind((host, 0))
        sockets.append(bound)
        await web.SockSite(runner, bound).start()
    addresses = [f"http://{hosts[n // _A_HOST]}:{sockets[n // _A_HOST].getsockname()[1]}/{n}.xml" for n in range(count)]
    sys.stdout.write(json.dumps({"addresses": addresses}) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(serve(given.feeds, given.seed))
