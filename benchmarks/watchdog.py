"""How long the event loop is held: a ticker that measures by how much it comes late."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

TICK = 0.005


class Watchdog:
    """``async with Watchdog() as dog: …``; then ``dog.lags`` holds each tick's lag in seconds."""

    def __init__(self) -> None:
        self.lags: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def worst_ms(self) -> float:
        return max(self.lags, default=0.0) * 1000

    async def _run(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK)
            self.lags.append(time.perf_counter() - before - TICK)
