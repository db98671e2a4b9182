"""A publisher on loopback for whole-system tests: one RSS feed whose entries a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web


@dataclass(frozen=True)
class Entry:
    key: str
    title: str
    body: str
    published: datetime | None = None
    link: str | None = None


@dataclass
class Newsstand:
    """``entries`` by feed name; ``broken`` feeds answer 500; ``hits`` counts requests, ``unchanged`` the 304s."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    hits: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    address: str = ""
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{name}.xml", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.hits[name] = self.hits.get(name, 0) + 1
        if name in self.broken:
            return web.Response(status=500, text="out of paper")
        body = rss(self.entries.get(name, []))
        etag = f'"{hash(body)}"'
        if request.headers.get("If-None-Match") == etag:
            self.unchanged += 1
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body.encode(), content_type="application/rss+xml", headers={"ETag": etag})


def rss(entries: list[Entry]) -> str:
    items = "".join(_item(entry) for entry in entries)
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'


def _item(entry: Entry) -> str:
    date = f"<pubDate>{format_datetime(entry.published)}</pubDate>" if entry.published else ""
    link = entry.link or f"https://news.example/{entry.key}"
    return (
        f"<item><guid isPermaLink='false'>{entry.key}</guid><title>{escape(entry.title)}</title>"
        f"<link>{escape(link)}</link>{date}<description>{escape(entry.body)}</description></item>"
    )
