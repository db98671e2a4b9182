"""Pictures from the process that draws: kept, drawn once, given up in time."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from digests.archive import Archive, media
from digests.charts import gallery as module
from digests.charts.draw import Drawing
from digests.charts.gallery import Gallery
from digests.charts.spec import Chart
from digests.errors import ChartError, ParseError
from digests.ingest.worker import Workers
from tests.conftest import StoppedClock
from tests.digests.charts.test_draw import CHART

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n picture").decode()


class Painter(Workers):
    """Draws nothing; says what it is told to say."""

    def __init__(self, answer: Callable[[], Drawing]) -> None:
        super().__init__(1)
        self.asked = 0
        self._answer = answer

    def run(self, *_: Any, **__: Any) -> Any:
        self.asked += 1
        return self._answer()


def painted() -> Drawing:
    return Drawing(PNG, 10, 10, "")


def late() -> Drawing:
    raise ParseError("reading it took longer than 12 s and was stopped")


async def test_a_real_process_draws_and_the_archive_keeps_the_picture(
    archive: Archive, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 90.0)
    gallery = Gallery(timeout=90)
    try:
        key = await gallery.key(archive, CHART, clock())
        async with archive.read() as connection:
            kept = await media.get(connection, key)
        assert kept is not None
        assert (kept.content_type, kept.content[:4]) == ("image/png", b"\x89PNG")
        assert len(kept.content) < 500_000
    finally:
        gallery.close()
    assert gallery._workers.alive == 0


async def test_a_chart_is_drawn_once(archive: Archive, clock: StoppedClock) -> None:
    painter = Painter(painted)
    gallery = Gallery(painter)
    keys = {await gallery.key(archive, CHART, clock()) for _ in range(3)}
    assert (len(keys), painter.asked) == (1, 1)


async def test_a_picture_that_retention_took_is_drawn_anew(archive: Archive, clock: StoppedClock) -> None:
    painter = Painter(painted)
    gallery = Gallery(painter)
    await gallery.key(archive, CHART, clock())
    async with archive.write() as connection:
        await media.prune(connection, before=clock() + timedelta(days=1))
    key = await gallery.key(archive, CHART, clock())
    async with archive.read() as connection:
        assert await media.get(connection, key) is not None
    assert painter.asked == 2


async def test_a_picture_that_is_shown_again_is_kept_from_then_on(archive: Archive, clock: StoppedClock) -> None:
    for gallery in (Gallery(Painter(painted)),) * 2 + (Gallery(Painter(painted)),):
        key = await gallery.key(archive, CHART, clock())
        clock.forward(days=10)
        async with archive.write() as connection:
            assert await media.prune(connection, before=clock() - timedelta(days=11)) == 0
        async with archive.read() as connection:
            assert await media.get(connection, key) is not None


async def test_a_process_that_is_too_slow_is_killed_and_told(archive: Archive, clock: StoppedClock) -> None:
    gallery = Gallery(timeout=0.01)
    with pytest.raises(ChartError, match="stopped"):
        await gallery.key(archive, CHART, clock())
    gallery.close()


@pytest.mark.parametrize("answer", [late, lambda: Drawing("no base64!", 1, 1, ""), lambda: Drawing("R0lG", 1, 1, "")])
async def test_what_is_no_picture_is_an_error(
    archive: Archive, clock: StoppedClock, answer: Callable[[], Drawing]
) -> None:
    with pytest.raises(ChartError):
        await Gallery(Painter(answer)).key(archive, CHART, clock())


async def test_nobody_waits_for_ever_behind_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    gallery = Gallery(Painter(painted))
    await gallery._turn.acquire()
    with pytest.raises(ChartError, match="waiting"):
        await gallery.picture(CHART)


async def test_a_chart_that_cannot_be_drawn_starts_no_process() -> None:
    painter = Painter(painted)
    with pytest.raises(ChartError):
        await Gallery(painter).picture(Chart(CHART.shape, "t", "m", (), (), "en"))
    assert painter.asked == 0
    await asyncio.sleep(0)
