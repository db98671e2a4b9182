"""Pictures of charts: drawn by a process that can be killed, kept in the archive, drawn once."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import OrderedDict
from datetime import datetime
from hashlib import sha256

import structlog

from digests.archive import Archive, media
from digests.charts.draw import Drawing, draw
from digests.charts.spec import Chart, check
from digests.errors import ChartError, ParseError
from digests.ingest.worker import Workers

log = structlog.get_logger()

DRAW_TIMEOUT = 20.0
"""Seconds for one picture, the start of the process with matplotlib included (0.6 s on an idle machine)."""
PATIENCE = 24.0
"""Seconds that a picture waits for others before it and is drawn; a command may take 30."""
IDLE_SECONDS = 30.0
"""A process that had nothing to draw for so long ends: it holds 70 MB."""
_REMEMBERED = 256
_PNG = b"\x89PNG\r\n\x1a\n"


class Gallery:
    """Draws charts and knows those that it has drawn. One process, started on first use."""

    def __init__(self, workers: Workers | None = None, *, timeout: float = DRAW_TIMEOUT) -> None:
        self._workers = workers or Workers(1, idle_seconds=IDLE_SECONDS)
        self._timeout = timeout
        self._turn = asyncio.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    async def key(self, archive: Archive, chart: Chart, now: datetime) -> str:
        """The archive's key of the chart's picture, drawn and archived if need be. Raises :class:`ChartError`."""
        mark = sha256(chart.encoded()).hexdigest()
        if (known := self._known.get(mark)) is not None:
            self._known.move_to_end(mark)
            async with archive.write() as connection:
                if await media.renew(connection, known, now=now):
                    return known
        picture = await self.picture(chart)
        async with archive.write() as connection:
            key = await media.put(connection, picture, content_type="image/png", now=now)
        self._known[mark] = key
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return key

    async def picture(self, chart: Chart) -> bytes:
        """The chart as PNG. Raises :class:`ChartError` when it cannot be drawn or not in time."""
        check(chart)
        try:
            # One at a time, so that waiting pictures hold no threads.
            async with asyncio.timeout(PATIENCE), self._turn:
                drawing = await asyncio.to_thread(self._drawn, chart.encoded())
        except TimeoutError as error:
            raise ChartError("too many charts are waiting to be drawn") from error
        if drawing.missing:
            log.warning("chart.glyphs-missing", characters=[f"U+{ord(char):04X}" for char in drawing.missing])
        return _decoded(drawing.png)

    def _drawn(self, payload: bytes) -> Drawing:
        try:
            return self._workers.run(draw, payload, Drawing, timeout=self._timeout)
        except ParseError as error:
            raise ChartError(f"the chart was not drawn: {error}") from error

    def close(self) -> None:
        """End the process. A later chart starts a new one."""
        self._workers.close()


def _decoded(text: str) -> bytes:
    try:
        picture = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ChartError("the process that draws gave no picture") from error
    if not picture.startswith(_PNG):
        raise ChartError("the process that draws gave no picture")
    return picture
