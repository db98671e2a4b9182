"""A web server on loopback that serves feeds as told: validators, redirects, delays, compression, broken answers.

>>> async with FeedServer() as server:
...     server.put("/feed.xml", rss(Entry("1", "A title")), etag='"v1"')
...     await fetcher.fetch(FetchRequest(server.url("/feed.xml"), allow_private=True))

With an ``etag`` or ``last_modified`` a conditional request that matches is answered with 304.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Self

from aiohttp import web

_COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@dataclass(frozen=True)
class Reply:
    """One answer. ``chunks`` are sent ``pause`` seconds apart; ``delay`` comes before the first byte."""

    body: bytes = b""
    status: int = 200
    content_type: str | None = "application/rss+xml; charset=utf-8"
    etag: str | None = None
    last_modified: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    compress: str | None = None
    """``gzip`` or ``deflate``: compress the body and say so."""
    chunks: Sequence[bytes] | None = None
    endless: bytes | None = None
    """Sent over and over, until the client hangs up."""
    pause: float = 0.0
    delay: float = 0.0
    cut: bool = False
    """Break the connection off in the middle of the body."""
    length: int | None = None
    """Claim this Content-Length, send the body, and say no more."""


@dataclass(frozen=True)
class Seen:
    """A request as the server saw it."""

    path: str
    headers: Mapping[str, str]


class FeedServer:
    """``put`` answers on paths, read ``requests`` afterwards. Unknown paths get 404."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.at_once = 0
        """How many requests were being answered at the same moment, at most."""
        self.sent = 0
        """Bytes of endless bodies that went out."""
        self._answering = 0
        self._replies: dict[str, list[Reply]] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{rest:.*}", self._handle)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self._port}{path}"

    def put(self, path: str, body: bytes = b"", **reply: object) -> None:
        """Answer ``path`` with this from now on; see :class:`Reply` for the options."""
        self.answer(path, Reply(body, **reply))  # type: ignore[arg-type]

    def answer(self, path: str, *replies: Reply) -> None:
        """Answer ``path`` with these, one request after another; the last one stays."""
        self._replies[path] = list(replies)

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.put(path, status=status, headers={"Location": to})

    def seen(self, path: str) -> list[Seen]:
        return [request for request in self.requests if request.path == path]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(Seen(request.path_qs, dict(request.headers)))
        self._answering += 1
        self.at_once = max(self.at_once, self._answering)
        try:
            return await self._answer(request)
        finally:
            self._answering -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        replies = self._replies.get(request.path_qs) or self._replies.get(request.path)
        if not replies:
            return web.Response(status=404, text="not here")
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if _matches(request, reply):
            return web.Response(status=304, headers=_headers(reply))
        if reply.chunks is not None or reply.endless is not None or reply.cut or reply.length is not None:
            return await self._stream(request, reply)
        body = _COMPRESS[reply.compress](reply.body) if reply.compress else reply.body
        return web.Response(status=reply.status, body=body, headers=_headers(reply))

    async def _stream(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status, headers=_headers(reply))
        if reply.cut or reply.length is not None:
            response.content_length = reply.length or len(reply.body) + 1_000
        await response.prepare(request)
        try:
            await response.write(reply.body)
            for chunk in reply.chunks or ():
                await response.write(chunk)
                await asyncio.sleep(reply.pause)
            while reply.endless is not None:
                await response.write(reply.endless)
                self.sent += len(reply.endless)
                await asyncio.sleep(reply.pause)
        except ConnectionError:
            return response
        if (reply.cut or reply.length is not None) and request.transport is not None:
            request.transport.close()
        return response


def _headers(reply: Reply) -> dict[str, str]:
    headers = dict(reply.headers)
    if reply.content_type:
        headers.setdefault("Content-Type", reply.content_type)
    if reply.etag:
        headers["ETag"] = reply.etag
    if reply.last_modified:
        headers["Last-Modified"] = reply.last_modified
    if reply.compress:
        headers["Content-Encoding"] = reply.compress
    return headers


def _matches(request: web.Request, reply: Reply) -> bool:
    if reply.etag and request.headers.get("If-None-Match"):
        return request.headers["If-None-Match"] == reply.etag
    return bool(reply.last_modified) and request.headers.get("If-Modified-Since") == reply.last_modified


@dataclass(frozen=True)
class Entry:
    """An entry for :func:`rss`; ``published`` goes into the feed as it stands."""

    id: str
    title: str
    body: str = ""
    link: str | None = None
    published: str | None = "Mon, 01 Jun 2026 06:00:00 GMT"


def rss(*entries: Entry, title: str = "A feed", language: str = "en") -> bytes:
    """An RSS 2.0 feed in UTF-8."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{escape(entry.id)}</guid><title>{escape(entry.title)}</title>"
        f"<link>{escape(entry.link or f'https://publisher.example/{entry.id}')}</link>"
        + (f"<pubDate>{escape(entry.published)}</pubDate>" if entry.published else "")
        + f"<description>{escape(entry.body)}</description></item>\n"
        for entry in entries
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>{escape(title)}</title>'
        f"<language>{language}</language>\n{items}</channel></rss>"
    ).encode()
